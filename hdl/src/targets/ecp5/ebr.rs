//! The block memory of ECP5 with the register at its output.

use rust_hdl::prelude::*;

use super::initial::parameters;
use crate::describe_logic;
use crate::exact::{Cell, Clk, Describe, Header, Kernel, Maybe, Port, Ram, Range, Stage};
use crate::memory::WritePorts;

/// An embedded block RAM. Where `read` is 1, the word at `address` appears in `word` two clock edges later. A word that
/// is read while it is written is undefined.
///
/// Yosys infers the memory, but not the register at its output. Without this register the word comes 5.8 ns after the
/// clock edge. Lattice, "ECP5 and ECP5-5G Memory Usage Guide", FPGA-TN-02204: `DP16KD`, true dual-port RAM, and
/// `PDPW16KD`, pseudo dual-port RAM.
#[derive(LogicBlock)]
pub struct Ebr {
    /// clock
    pub clk: Clk,
    /// how a word is written, unless the memory is [only read](Ebr::holding)
    pub write: Maybe<WritePorts>,
    /// a word is read
    pub read: Port<In>,
    /// the address of the word that is read
    pub address: Port<In>,
    /// the word read
    pub word: Port<Out>,
    words: Ram,
    output: Stage,
    _contents: Option<Vec<i128>>,
}

/// A shape of the memory: numbers of words, bits of a word, and bits of an address that choose within the widest word.
type Shape = (usize, u32, usize);

/// The shapes, and the shape that only `PDPW16KD` has as the last.
const SHAPES: [Shape; 6] = [(16_384, 1, 0), (8_192, 2, 1), (4_096, 4, 2), (2_048, 9, 3), (1_024, 18, 4), WIDEST];

const WIDEST: Shape = (512, 36, 5);

/// Bits of a memory, without those that only words of nine bits and more have.
pub const BITS: usize = 16_384;

/// Bits of an address.
const ADDRESS_BITS: usize = 14;

/// The shape with the widest words that has `words` words.
fn shape(words: usize) -> Option<Shape> {
    SHAPES.into_iter().rev().find(|&(most, ..)| words <= most)
}

impl Ebr {
    /// Greatest number of words.
    pub const WORDS: usize = SHAPES[0].0;

    /// Greatest number of bits of a word where there are `words` words. `None` if there is no memory of so many words.
    pub fn widest(words: usize) -> Option<u32> {
        shape(words).map(|(_, bits, _)| bits)
    }

    /// Least number of memories that hold `words` words of `bits` bits together.
    pub fn count(words: usize, bits: u32) -> usize {
        let count = |(most, width, _): Shape| words.div_ceil(most) * bits.div_ceil(width) as usize;
        SHAPES.map(count).into_iter().min().unwrap_or(0)
    }

    /// A memory of `words` words of `bits` bits.
    ///
    /// # Panics
    /// If the words are more, or wider, than [`Ebr::widest`] says.
    pub fn new(words: usize, bits: u32) -> Ebr {
        Ebr::of(words, bits, None)
    }

    /// A memory that holds these words of `bits` bits from the start, and is only read.
    ///
    /// # Panics
    /// As [`Ebr::new`].
    pub fn holding(contents: Vec<i128>, bits: u32) -> Ebr {
        Ebr::of(contents.len(), bits, Some(contents))
    }

    fn of(words: usize, bits: u32, contents: Option<Vec<i128>>) -> Ebr {
        assert!(Ebr::widest(words).is_some_and(|most| bits <= most), "{words} words of {bits} bits fit no EBR");
        let address = Range::new(0, words as i128 - 1);
        let word = Range::unsigned(bits);
        Ebr {
            clk: Clk::new(),
            write: Maybe::when(contents.is_none(), || {
                WritePorts::described(address, word, ["a word is written", "which", "the word written"])
            }),
            read: Port::bit("a word is read"),
            address: Port::new(address, "which"),
            word: Port::new(word, "the word read, two clock edges later"),
            words: match &contents {
                None => Ram::new(words, word),
                Some(contents) => Ram::holding(contents.clone(), word),
            },
            output: Stage::new(true),
            _contents: contents,
        }
    }

    fn cell(&self) -> Cell {
        let Some(shape) = shape(self.words.depth()) else { unreachable!("the constructor has found a shape") };
        if shape == WIDEST { self.pdpw16kd(shape) } else { self.dp16kd(shape) }
    }

    fn dp16kd(&self, (_, width, within): Shape) -> Cell {
        let mut pins = Pins(vec![]);
        pins.ties(&[("CLKA", "clk"), ("CEA", self.writes()), ("OCEA", HIGH), ("WEA", HIGH), ("RSTA", LOW)]);
        pins.ties(&[("CLKB", "clk"), ("CEB", "read"), ("OCEB", HIGH), ("WEB", LOW), ("RSTB", LOW)]);
        pins.ties(&["CSA0", "CSA1", "CSA2", "CSB0", "CSB1", "CSB2"].map(|pin| (pin, LOW)));
        // The two bytes of the widest word have an enable each.
        let bytes = if width == 18 { 2 } else { 0 };
        pins.address("ADA", within, bytes, ADDRESS_BITS, "write_address", self.write_bits(|ports| &ports.address));
        pins.address("ADB", within, 0, ADDRESS_BITS, "address", self.address.range().width());
        pins.word("DIA", 18, "write_word", self.write_bits(|ports| &ports.word));
        let open = pins.outputs("DOB", 18, 0, "word", self.bits());
        let parameters = self.parameters(["DATA_WIDTH_A", "DATA_WIDTH_B", "REGMODE_B"], width);
        Cell { name: "DP16KD", model: include_str!("DP16KD.v"), parameters, pins: pins.0, open }
    }

    fn pdpw16kd(&self, (_, width, within): Shape) -> Cell {
        let mut pins = Pins(vec![]);
        pins.ties(&[
            ("CLKW", "clk"),
            ("CEW", self.writes()),
            ("CLKR", "clk"),
            ("CER", "read"),
            ("OCER", HIGH),
            ("RST", LOW),
        ]);
        pins.ties(&["CSW0", "CSW1", "CSW2", "CSR0", "CSR1", "CSR2"].map(|pin| (pin, LOW)));
        pins.ties(&["BE0", "BE1", "BE2", "BE3"].map(|pin| (pin, HIGH)));
        pins.address("ADW", 0, 0, ADDRESS_BITS - within, "write_address", self.write_bits(|ports| &ports.address));
        pins.address("ADR", within, 0, ADDRESS_BITS, "address", self.address.range().width());
        pins.word("DI", width, "write_word", self.write_bits(|ports| &ports.word));
        // The lower half of a word comes out of the upper pins.
        let open = pins.outputs("DO", width, width / 2, "word", self.bits());
        let parameters = self.parameters(["DATA_WIDTH_W", "DATA_WIDTH_R", "REGMODE"], width);
        Cell { name: "PDPW16KD", model: include_str!("PDPW16KD.v"), parameters, pins: pins.0, open }
    }

    /// Width of both ports, the register at the output, and what the memory holds from the start.
    fn parameters(&self, [writes, reads, register]: [&'static str; 3], width: u32) -> Vec<(&'static str, String)> {
        let shape = [(writes, width.to_string()), (reads, width.to_string()), (register, OUTREG.to_owned())];
        let contents = self._contents.as_ref().map(|contents| parameters(contents, width));
        shape.into_iter().chain(contents.into_iter().flatten()).collect()
    }

    /// What says that a word is written.
    fn writes(&self) -> &'static str {
        if self.write.get().is_some() { "write" } else { LOW }
    }

    /// Bits of a port through which words are written.
    fn write_bits(&self, port: impl Fn(&WritePorts) -> &Port<In>) -> u32 {
        self.write.get().map_or(0, |ports| port(ports).range().width())
    }

    fn bits(&self) -> u32 {
        self.word.range().width()
    }
}

const HIGH: &str = "1'b1";
const LOW: &str = "1'b0";

/// The register at the output is in use.
const OUTREG: &str = "\"OUTREG\"";

/// Bit `i` of a port of `width` bits.
fn bit(port: &str, i: usize, width: u32) -> String {
    if width == 1 { port.to_owned() } else { format!("{port}[{i}]") }
}

/// Pins of a cell, and what is connected to them.
struct Pins(Vec<(String, String)>);

impl Pins {
    fn ties(&mut self, pins: &[(&str, &str)]) {
        self.0.extend(pins.iter().map(|(pin, to)| ((*pin).to_owned(), (*to).to_owned())));
    }

    /// The `width` bits of an address are connected from pin `from` on. Of the other pins the first `high` ones are 1.
    fn address(&mut self, pins: &str, from: usize, high: usize, count: usize, port: &str, width: u32) {
        self.0.extend((0..count).map(|i| {
            let to = match i.checked_sub(from) {
                Some(i) if i < width as usize => bit(port, i, width),
                _ => (if i < high { HIGH } else { LOW }).to_owned(),
            };
            (format!("{pins}{i}"), to)
        }));
    }

    /// The bits of a word that goes in. The other pins are 0.
    fn word(&mut self, pins: &str, count: u32, port: &str, width: u32) {
        let to = |i: u32| if i < width { bit(port, i as usize, width) } else { LOW.to_owned() };
        self.0.extend((0..count).map(|i| (format!("{pins}{i}"), to(i))));
    }

    /// The bits of a word that comes out, the lowest at pin `first`, and at pin 0 what follows the last pin. Gives the
    /// other pins.
    fn outputs(&mut self, pins: &str, count: u32, first: u32, port: &str, width: u32) -> Vec<String> {
        let pin = |i: u32| format!("{pins}{}", (first + i) % count);
        self.0.extend((0..width).map(|i| (pin(i), bit(port, i as usize, width))));
        (width..count).map(pin).collect()
    }
}

describe_logic!(Ebr);

impl Describe for Ebr {
    fn header(&self) -> Header {
        let (words, bits) = (self.words.depth(), self.bits());
        let unit = if bits == 1 { "bit" } else { "bits" };
        Header::new(
            format!("ebr_{words}x{bits}"),
            format!("{words} words of {bits} {unit}, in a block memory of ECP5."),
        )
        .fact("latency", "2 cycles")
        .cell(self.cell())
    }

    fn describe(&self, k: &Kernel) {
        k.clock(&self.clk);
        let read = (k.read(&self.read), k.read(&self.address));
        let word = match self.write.get().map(|ports| ports.read(k)) {
            Some([enable, to, word]) => k.ram(&self.words, (enable, to, word), read),
            None => k.read_ram(&self.words, read),
        };
        k.drive(&self.word, k.stage(&self.output, 1).pass("word", word));
    }
}
