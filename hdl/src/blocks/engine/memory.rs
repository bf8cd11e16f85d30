//! A memory of the engine: one write port, one read port, and registers on the way to and from it.

use rust_hdl::prelude::*;

use crate::describe_logic;
use crate::exact::{Clk, Describe, Header, Kernel, Port, Ram, Range, Stage};

/// A memory of `words` words of `width` bits. The word at `address` appears in `word` [`LATENCY`] clock edges after a
/// clock with `read`. A word that is written can be read from the next clock on.
///
/// The first ranks carry addresses and enables across the device. The last rank is the output register of a block
/// memory.
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
    ranks: [Stage; 2],
    words: Ram,
    output: Stage,
}

/// Clock edges from an address to its word.
pub const LATENCY: usize = 4;

impl Memory {
    /// A memory of `words` words, a power of two, of `width` bits.
    pub fn new(words: usize, width: u32) -> Memory {
        let address = Range::new(0, words as i128 - 1);
        Memory {
            clk: Clk::new(),
            write: Port::bit("a word is written"),
            write_address: Port::new(address, "where"),
            write_word: Port::new(Range::unsigned(width), "the word written"),
            read: Port::bit("a word is read"),
            address: Port::new(address, "where"),
            word: Port::new(Range::unsigned(width), "the word read"),
            ranks: [Stage::new(true), Stage::new(true)],
            words: Ram::new(words, Range::unsigned(width)),
            output: Stage::new(true),
        }
    }
}

describe_logic!(Memory);

impl Describe for Memory {
    fn header(&self) -> Header {
        let (words, width) = (self.words.depth(), self.word.range().width());
        Header::new(format!("memory_{words}x{width}"), format!("A memory of {words} words of {width} bits."))
            .fact("latency", format!("{LATENCY} cycles"))
    }

    fn describe(&self, k: &Kernel) {
        k.clock(&self.clk);
        let names = ["write", "write_address", "write_word", "read", "address"];
        let ports = [&self.write, &self.write_address, &self.write_word, &self.read, &self.address];
        let mut values = ports.map(|port| k.read(port));
        for stage in &self.ranks {
            let rank = k.stage(stage, 1);
            for (name, value) in names.into_iter().zip(&mut values) {
                *value = rank.pass(name, *value);
            }
        }
        let [write, write_address, write_word, read, address] = values;
        let word = k.ram(&self.words, (write, write_address, write_word), (read, address));
        k.drive(&self.word, k.stage(&self.output, 1).pass("word", word));
    }
}
