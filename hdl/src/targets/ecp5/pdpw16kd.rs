//! The block memory of ECP5 with the register at its output.

use rust_hdl::prelude::*;

use crate::describe_logic;
use crate::exact::{Cell, Clk, Describe, Header, Kernel, Port, Ram, Range, Stage};

/// A memory of 512 words of 36 bits. Where `read` is 1, the word at `address` appears in `word` two clock edges later.
/// A word that is read while it is written is undefined.
///
/// Yosys infers the memory, but not the register at its output. Without this register the word comes 5.8 ns after the
/// clock edge. Lattice, "ECP5 and ECP5-5G Memory Usage Guide", FPGA-TN-02204: pseudo dual-port RAM.
#[derive(LogicBlock)]
pub struct Pdpw16kd {
    /// clock
    pub clk: Clk,
    /// a word is written
    pub write: Port<In>,
    /// the address of the word that is written
    pub write_address: Port<In>,
    /// the word written
    pub write_word: Port<In>,
    /// a word is read
    pub read: Port<In>,
    /// the address of the word that is read
    pub address: Port<In>,
    /// the word read
    pub word: Port<Out>,
    words: Ram,
    output: Stage,
}

/// Words of the memory.
pub const WORDS: usize = 512;

/// Values of a word.
pub const WORD: Range = Range::unsigned(36);

impl Default for Pdpw16kd {
    fn default() -> Pdpw16kd {
        let address = Range::new(0, WORDS as i128 - 1);
        Pdpw16kd {
            clk: Clk::new(),
            write: Port::bit("a word is written"),
            write_address: Port::new(address, "which"),
            write_word: Port::new(WORD, "the word written"),
            read: Port::bit("a word is read"),
            address: Port::new(address, "which"),
            word: Port::new(WORD, "the word read, two clock edges later"),
            words: Ram::new(WORDS, WORD),
            output: Stage::new(true),
        }
    }
}

impl Pdpw16kd {
    fn cell() -> Cell {
        let pin = |(pin, to): (&str, &str)| (pin.to_owned(), to.to_owned());
        let control = [("CLKW", "clk"), ("CEW", "write"), ("CLKR", "clk"), ("CER", "read"), ("OCER", "1'b1")];
        let levels = [
            ("RST", "1'b0"),
            ("CSW0", "1'b0"),
            ("CSW1", "1'b0"),
            ("CSW2", "1'b0"),
            ("CSR0", "1'b0"),
            ("CSR1", "1'b0"),
            ("CSR2", "1'b0"),
            ("BE0", "1'b1"),
            ("BE1", "1'b1"),
            ("BE2", "1'b1"),
            ("BE3", "1'b1"),
        ];
        // The low bits of ADR choose within a word of 36 bits.
        let within = (0..5).map(|i| (format!("ADR{i}"), "1'b0".to_owned()));
        let bits = |pins: &'static str, from: usize, port: &'static str, width: usize| {
            (0..width).map(move |i| (format!("{pins}{}", from + i), format!("{port}[{i}]")))
        };
        let pins = control.into_iter().chain(levels).map(pin);
        let pins = pins.chain(bits("ADW", 0, "write_address", 9)).chain(within).chain(bits("ADR", 5, "address", 9));
        let pins = pins.chain(bits("DI", 0, "write_word", 36)).chain(bits("DO", 0, "word", 36));
        let parameters = vec![
            ("DATA_WIDTH_W", "36".to_owned()),
            ("DATA_WIDTH_R", "36".to_owned()),
            ("REGMODE", "\"OUTREG\"".to_owned()),
        ];
        Cell { name: "PDPW16KD", model: include_str!("PDPW16KD.v"), parameters, pins: pins.collect() }
    }
}

describe_logic!(Pdpw16kd);

impl Describe for Pdpw16kd {
    fn header(&self) -> Header {
        Header::new("pdpw16kd_512x36", "A memory of 512 words of 36 bits, in a block memory of ECP5.")
            .fact("latency", "2 cycles")
            .cell(Pdpw16kd::cell())
    }

    fn describe(&self, k: &Kernel) {
        k.clock(&self.clk);
        let write = (k.read(&self.write), k.read(&self.write_address), k.read(&self.write_word));
        let word = k.ram(&self.words, write, (k.read(&self.read), k.read(&self.address)));
        k.drive(&self.word, k.stage(&self.output, 1).pass("word", word));
    }
}
