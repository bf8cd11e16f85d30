//! A memory of the engine: one write port, one read port, and registers on the way to and from it.

use rust_hdl::prelude::*;

use crate::describe_logic;
use crate::exact::{Clk, Describe, Header, Int, Kernel, Maybe, Port, Ram, Range, Stage};
use crate::targets::ecp5::Ebr;
use crate::targets::ice40::SbSpram256ka;
use crate::targets::{self, Device, Target};

/// A memory of `words` words of `width` bits. The word at `address` appears in `word` [`LATENCY`] clock edges after a
/// clock with `read`. A word that is written can be read from the next clock on; a word that is read while it is written
/// is undefined. Where the memory has [one port](Memory::has_one_port), no word may be read in a clock in which any is
/// written.
///
/// The first ranks carry addresses and enables across the device: one rank for all cells, then a copy for each group of
/// cells. The last rank is the output register of a block memory.
#[derive(LogicBlock)]
pub struct Memory {
    /// clock
    pub clk: Clk,
    /// a word is written
    pub write: Port<In>,
    /// where it is written
    pub write_address: Port<In>,
    /// the word that is written
    pub write_word: Port<In>,
    /// a word is read
    pub read: Port<In>,
    /// the address of the word that is read
    pub address: Port<In>,
    /// the word that is read
    pub word: Port<Out>,
    first: Stage,
    second: Stage,
    copies: Stage,
    inferred: Maybe<Ram>,
    ebr: Vec<Ebr>,
    spram: Vec<SbSpram256ka>,
    output: Stage,
    _words: usize,
}

/// Clock edges from an address to its word.
pub const LATENCY: usize = 4;

/// Number of cells that one copy of an address drives. With 16, memories of ECP5-85 pass 200 MHz.
const GROUP: usize = 16;

/// Bits of a block memory of iCE40.
const RAM40_BITS: usize = 4_096;

/// What a memory is made of.
enum Cells {
    /// a memory that synthesis infers
    Inferred,
    /// numbers of bits of [`Ebr`]
    Ebr(Vec<u32>),
    /// number of [`SbSpram256ka`]
    Spram(usize),
}

impl Cells {
    /// `apart`: the owner keeps reads and writes apart if the memory has one port.
    fn new(target: Target, words: usize, width: u32, apart: bool) -> Cells {
        match target.traits().memory {
            targets::Memory::Ebr => match Ebr::widest(words) {
                // Words of more cells would need a multiplexer.
                None => Cells::Inferred,
                Some(widest) => {
                    let cells = width.div_ceil(widest);
                    let bits = width.div_ceil(cells);
                    Cells::Ebr((0..width).step_by(bits as usize).map(|low| bits.min(width - low)).collect())
                }
            },
            targets::Memory::Spram => {
                let fits = words * width as usize <= Device::Up5k.capacity().ram as usize * RAM40_BITS;
                let bits = SbSpram256ka::WORD.width();
                let spram = apart && !fits && words <= SbSpram256ka::WORDS && width.is_multiple_of(bits);
                if spram { Cells::Spram((width / bits) as usize) } else { Cells::Inferred }
            }
            targets::Memory::Inferred => Cells::Inferred,
        }
    }
}

/// A write and a read, on their way.
struct Access<'k> {
    write: Int<'k>,
    write_address: Int<'k>,
    write_word: Int<'k>,
    read: Int<'k>,
    address: Int<'k>,
}

impl Memory {
    /// A memory of `words` words, a power of two, of `width` bits, in cells of `target`.
    pub fn new(target: Target, words: usize, width: u32) -> Memory {
        Memory::of(Cells::new(target, words, width, false), words, width)
    }

    /// The same for an owner that never reads in a clock in which it writes, if the memory has one port.
    pub fn apart(target: Target, words: usize, width: u32) -> Memory {
        Memory::of(Cells::new(target, words, width, true), words, width)
    }

    fn of(cells: Cells, words: usize, width: u32) -> Memory {
        let address = Range::new(0, words as i128 - 1);
        let word = Range::unsigned(width);
        let (ebr, spram) = match &cells {
            Cells::Inferred => (vec![], vec![]),
            Cells::Ebr(bits) => (bits.iter().map(|&bits| Ebr::new(words, bits)).collect(), vec![]),
            Cells::Spram(count) => (vec![], (0..*count).map(|_| SbSpram256ka::new(words)).collect()),
        };
        Memory {
            clk: Clk::new(),
            write: Port::bit("a word is written"),
            write_address: Port::new(address, "where"),
            write_word: Port::new(word, "the word written"),
            read: Port::bit("a word is read"),
            address: Port::new(address, "where"),
            word: Port::new(word, "the word read"),
            first: Stage::new(true),
            second: Stage::new(true),
            copies: Stage::kept(),
            inferred: Maybe::when(matches!(cells, Cells::Inferred), || Ram::new(words, word)),
            ebr,
            spram,
            output: Stage::new(true),
            _words: words,
        }
    }

    /// Whether reads and writes share a port.
    pub fn has_one_port(&self) -> bool {
        !self.spram.is_empty()
    }

    fn in_ram<'k>(&'k self, k: &'k Kernel, ram: &'k Ram, first: &Access<'k>) -> Int<'k> {
        let second = k.stage(&self.second, 1);
        let to = second.pass("write_address", first.write_address);
        let write = (second.pass("write", first.write), to, second.pass("write_word", first.write_word));
        let word = k.ram(ram, write, (second.pass("read", first.read), second.pass("address", first.address)));
        k.stage(&self.output, 1).pass("word", word)
    }

    /// The output rank lies within the cells.
    fn in_ebr<'k>(&'k self, k: &'k Kernel, first: &Access<'k>) -> Vec<Int<'k>> {
        let copies = k.stage(&self.copies, 1);
        // Each memory has a copy of the word that is written, too: one for all memories would lie far from most.
        let word = copies.pass("write_word", first.write_word);
        let (mut low, mut parts) = (0, Vec::new());
        for (group, cells) in self.ebr.chunks(GROUP).enumerate() {
            let copy = |name: &str, value| copies.pass(&format!("{name}_{group}"), value);
            let (write, to) = (copy("write", first.write), copy("write_address", first.write_address));
            let (read, from) = (copy("read", first.read), copy("address", first.address));
            for cell in cells {
                let bits = cell.word.range().width();
                k.pass_clock(&self.clk, &cell.clk);
                k.drive(&cell.write, write);
                k.drive(&cell.write_address, to);
                k.drive(&cell.write_word, word.bits(low, bits));
                k.drive(&cell.read, read);
                k.drive(&cell.address, from);
                parts.push(k.read(&cell.word));
                low += bits;
            }
        }
        parts
    }

    fn in_spram<'k>(&'k self, k: &'k Kernel, first: &Access<'k>) -> Vec<Int<'k>> {
        let (second, output) = (k.stage(&self.second, 1), k.stage(&self.output, 1));
        let select = second.pass("select", first.write | first.read);
        let write = second.pass("write", first.write);
        let address = second.pass("address", first.write.mux(first.write_address, first.address));
        let word = second.pass("write_word", first.write_word);
        let (bits, mut parts) = (SbSpram256ka::WORD.width(), Vec::new());
        for (i, cell) in self.spram.iter().enumerate() {
            k.pass_clock(&self.clk, &cell.clk);
            k.drive(&cell.select, select);
            k.drive(&cell.write, write);
            k.drive(&cell.address, address);
            k.drive(&cell.write_word, word.bits(i as u32 * bits, bits));
            parts.push(output.pass(&format!("word_{i}"), k.read(&cell.word)));
        }
        parts
    }
}

/// The parts of a word side by side, the lowest first.
fn joined<'k>(parts: &[Int<'k>]) -> Int<'k> {
    let mut low = parts[0].range().width();
    let join = |word: Int<'k>, part: &Int<'k>| {
        let joined = part.concat(word, low);
        low += part.range().width();
        joined
    };
    parts[1..].iter().fold(parts[0], join)
}

describe_logic!(Memory);

impl Describe for Memory {
    fn header(&self) -> Header {
        let (words, width) = (self._words, self.word.range().width());
        Header::new(format!("memory_{words}x{width}"), format!("A memory of {words} words of {width} bits."))
            .fact("latency", format!("{LATENCY} cycles"))
    }

    fn describe(&self, k: &Kernel) {
        k.clock(&self.clk);
        let first = k.stage(&self.first, 1);
        let access = Access {
            write: first.pass("write", k.read(&self.write)),
            write_address: first.pass("write_address", k.read(&self.write_address)),
            write_word: first.pass("write_word", k.read(&self.write_word)),
            read: first.pass("read", k.read(&self.read)),
            address: first.pass("address", k.read(&self.address)),
        };
        let word = match self.inferred.get() {
            Some(ram) => self.in_ram(k, ram, &access),
            None if self.has_one_port() => joined(&self.in_spram(k, &access)),
            None => joined(&self.in_ebr(k, &access)),
        };
        k.drive(&self.word, word);
    }
}
