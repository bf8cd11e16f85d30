//! A memory of the engine: one write port, one read port, and registers on the way to and from it.

mod access;
mod approach;
mod sections;

use rust_hdl::prelude::*;

use crate::describe_logic;
use crate::exact::{Clk, Describe, Header, Kernel, Maybe, Port, Ram, Range, Stage};
use crate::memory::WritePorts;
use crate::targets::Target;
use crate::targets::ecp5::Ebr;
use crate::targets::ice40::SbSpram256ka;
use access::{Access, joined};
pub use approach::Approach;
use sections::{Cells, Section};

/// A memory of `words` words of `width` bits. The word at `address` appears in `word` [`LATENCY`] clock edges after a
/// clock with `read`. A word that is written can be read from the next clock on; a word that is read while it is written
/// is undefined. Where the memory has [one port](Memory::has_one_port), no word may be written [`AHEAD`] clocks behind one
/// in which any is read.
///
/// On iCE40, whose cells have one flip-flop for each LUT, the ranks stand where the fewest bits are: before the cells, and
/// not where words are written. A word that is written [`OVERTAKEN`] clocks behind a read, or less, is undefined for this
/// read.
///
/// The first ranks carry addresses and enables across the device: one rank for all cells, then a copy for each group of
/// cells. The last rank is the output register of a block memory.
///
/// In block memories of ECP5 it may have sections: first as many words as the deepest cells hold, behind them the rest in
/// cells of fewer and wider words. A section is chosen before the copies, where it costs no rank, and its word at the very
/// end.
#[derive(LogicBlock)]
pub struct Memory {
    /// clock
    pub clk: Clk,
    /// how a word is written, unless the memory is [only read](Memory::holding)
    pub write: Maybe<WritePorts>,
    /// a word is read
    pub read: Port<In>,
    /// the address of the word that is read
    pub address: Port<In>,
    /// the word that is read
    pub word: Port<Out>,
    first: Stage,
    second: Stage,
    third: Stage,
    copies: Stage,
    inferred: Maybe<Ram>,
    ebr: Vec<Ebr>,
    spram: Vec<SbSpram256ka>,
    output: Stage,
    until_word: Vec<Stage>,
    choices: Stage,
    _sections: Vec<Section>,
    _words: usize,
    _in_luts: bool,
    _writes_directly: bool,
}

/// Clock edges from an address to its word.
pub const LATENCY: usize = 4;

/// Greatest number of clocks by which a word that is written can overtake a word that is read.
pub const OVERTAKEN: usize = 3;

/// Clock edges by which what is written comes to the only port of a memory ahead of what is read.
pub const AHEAD: usize = OVERTAKEN - 1;

impl Memory {
    /// A memory of `words` words of `width` bits, in cells of `target`.
    pub fn new(target: Target, words: usize, width: u32) -> Memory {
        Memory::of(target, Cells::new(target, words, width, false), words, width, None)
    }

    /// The same for an owner that never reads in a clock in which it writes, if the memory has one port.
    pub fn apart(target: Target, words: usize, width: u32) -> Memory {
        Memory::of(target, Cells::new(target, words, width, true), words, width, None)
    }

    /// A memory that holds these words from the start, and is only read.
    ///
    /// # Errors
    /// If it would be of cells that hold nothing from the start.
    pub fn holding(target: Target, contents: &[i128], width: u32) -> Result<Memory, String> {
        let words = contents.len();
        let cells = Cells::new(target, words, width, true);
        if let Cells::Spram(_) = cells {
            return Err(format!(
                "{words} words of {width} bits take SPRAM of UP5K, which holds nothing from the start"
            ));
        }
        Ok(Memory::of(target, cells, words, width, Some(contents)))
    }

    fn of(target: Target, cells: Cells, words: usize, width: u32, contents: Option<&[i128]>) -> Memory {
        let ice40 = target == Target::Ice40;
        let (address, word) = (Range::addresses(words), Range::unsigned(width));
        let in_luts = matches!(cells, Cells::Inferred { in_luts: true });
        let (mut inferred, mut ebr, mut parts, mut spram) = (None, vec![], vec![], vec![]);
        match cells {
            Cells::Inferred { in_luts } => {
                let written = || Ram::new(words, word).apart();
                let ram = contents.map_or_else(written, |held| Ram::holding(held.to_vec(), word));
                inferred = Some(ram.in_luts(in_luts));
            }
            Cells::Ebr(sections) => {
                let mut from = 0;
                for words in sections {
                    let bits = sections::cells(words, width);
                    parts.push(Section { cells: bits.len(), place: [from, words] });
                    let mut low = 0;
                    for bits in bits {
                        ebr.push(match contents {
                            None => Ebr::new(words, bits),
                            Some(contents) => Ebr::holding(slice(contents, [from, words], low, bits), bits),
                        });
                        low += bits;
                    }
                    from += words;
                }
            }
            Cells::Spram(count) => spram = (0..count).map(|_| SbSpram256ka::new(words.next_power_of_two())).collect(),
        }
        Memory {
            clk: Clk::new(),
            write: Maybe::when(contents.is_none(), || WritePorts::new(address, word)),
            read: Port::bit("a word is read"),
            address: Port::new(address, "where"),
            word: Port::new(word, "the word read"),
            first: Stage::new(true),
            second: Stage::new(true),
            third: Stage::new(ice40),
            copies: Stage::kept_if(target.traits().copies),
            inferred: Maybe::from(inferred),
            ebr,
            spram,
            output: Stage::new(!ice40),
            until_word: (0..2).map(|_| Stage::new(true)).collect(),
            choices: Stage::kept_if(target.traits().copies),
            _sections: parts,
            _words: words,
            _in_luts: in_luts,
            _writes_directly: ice40,
        }
    }

    /// The same without ranks for what is read, where an [`Approach`] takes their place.
    pub fn near(self) -> Memory {
        if !self._writes_directly {
            return self;
        }
        let [first, second, third] = [false, self.has_one_port(), false].map(Stage::new);
        Memory { first, second, third, ..self }
    }

    /// Whether reads and writes share a port.
    pub fn has_one_port(&self) -> bool {
        !self.spram.is_empty()
    }

    /// Whether reads and writes would share a port in [`Memory::apart`] of these parameters.
    pub fn would_have_one_port(target: Target, words: usize, width: u32) -> bool {
        matches!(Cells::new(target, words, width, true), Cells::Spram(_))
    }
}

/// The bits of a cell of these words: from the first one on so many words, and from `low` on so many bits of each. What is not
/// there is 0.
fn slice(contents: &[i128], [from, words]: [usize; 2], low: u32, bits: u32) -> Vec<i128> {
    let of_word = |word: &i128| Range::unsigned(bits).truncate(word >> low);
    let mut slice: Vec<i128> = contents.iter().skip(from).take(words).map(of_word).collect();
    slice.resize(words, 0);
    slice
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
        let written = |name: &str, port: &Port<In>| {
            let value = k.read(port);
            if self._writes_directly { value } else { first.pass(name, value) }
        };
        let write = self.write.get().map(|ports| {
            let enable = written("write", &ports.enable);
            [enable, written("write_address", &ports.address), written("write_word", &ports.word)]
        });
        let access = Access {
            write,
            read: first.pass("read", k.read(&self.read)),
            address: first.pass("address", k.read(&self.address)),
        };
        let word = match self.inferred.get() {
            Some(ram) => self.in_ram(k, ram, &access),
            None if self.has_one_port() => joined(&self.in_spram(k, &access)),
            None => self.in_ebr(k, &access),
        };
        k.drive(&self.word, word);
    }
}
