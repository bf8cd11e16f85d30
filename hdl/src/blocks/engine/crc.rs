//! The CRC-32 of the words of an image, a word a clock.

use rust_hdl::prelude::*;

use super::EngineConfig;
use super::config::crc_step;
use crate::describe_logic;
use crate::exact::{Clk, Describe, Header, Int, Kernel, Port, Range, Reg, Stage};

/// CRC-32 as IEEE 802.3 has it, over all bytes of the words since `first`, the lowest byte of a word first. `crc` takes
/// account of a word [`LATENCY`] clock edges behind it: what a word flips is known a rank before the state is.
#[derive(LogicBlock)]
pub struct Crc {
    /// clock
    pub clk: Clk,
    /// a word comes
    pub valid: Port<In>,
    /// it is the first
    pub first: Port<In>,
    /// the word
    pub word: Port<In>,
    /// CRC of all words so far
    pub crc: Port<Out>,
    word_flips: Stage,
    state: Vec<Reg>,
}

/// Clock edges from a word to the CRC that takes account of it.
pub const LATENCY: usize = 2;

impl Crc {
    /// The CRC of an engine's images.
    pub fn new(config: &EngineConfig) -> Crc {
        Crc {
            clk: Clk::new(),
            valid: Port::bit("a word comes"),
            first: Port::bit("it is the first"),
            word: Port::new(config.word(), "the word"),
            crc: Port::new(Range::unsigned(32), "CRC of all words so far"),
            word_flips: Stage::new(true),
            state: (0..32).map(|_| Reg::new(0..=1)).collect(),
        }
    }
}

/// The exclusive or of bits, as a balanced tree.
fn parity<'k>(k: &'k Kernel, bits: &[Int<'k>]) -> Int<'k> {
    match bits {
        [] => k.lit(0),
        [bit] => *bit,
        _ => {
            let (left, right) = bits.split_at(bits.len() / 2);
            parity(k, left) ^ parity(k, right)
        }
    }
}

/// The parity of the inputs that flip bit `i`, each with a mask of the bits that it flips.
fn flipping<'k>(k: &'k Kernel, inputs: &[(Int<'k>, u32)], i: usize) -> Int<'k> {
    let of: Vec<_> = inputs.iter().filter(|(_, flips)| flips >> i & 1 == 1).map(|&(bit, _)| bit).collect();
    parity(k, &of)
}

describe_logic!(Crc);

impl Describe for Crc {
    fn header(&self) -> Header {
        Header::new("crc32", "CRC-32 of the words of an image, a word a clock.")
    }

    fn describe(&self, k: &Kernel) {
        k.clock(&self.clk);
        let bits = self.word.range().width();
        let (valid, first, word) = (k.read(&self.valid), k.read(&self.first), k.read(&self.word));
        // A CRC is linear: each bit of the next state is the parity of the bits that flip it.
        let rank = k.stage(&self.word_flips, 1);
        let (valid, first) = (rank.pass("valid", valid), rank.pass("first", first));
        let word: Vec<_> = (0..bits).map(|i| (word.bit(i), crc_step(0, 1 << i, bits))).collect();
        let state = self.state.iter().map(|reg| first.mux(1, k.read(reg)));
        let state: Vec<_> = state.enumerate().map(|(i, bit)| (bit, crc_step(1 << i, 0, bits))).collect();
        for (i, reg) in self.state.iter().enumerate() {
            let by_word = rank.pass("flips", flipping(k, &word, i));
            k.register_when(reg, valid, flipping(k, &state, i) ^ by_word);
        }
        let crc = self.state.iter().rev().map(|reg| !k.read(reg)).reduce(|high, low| high.concat(low, 1));
        k.drive(&self.crc, crc.expect("there are 32 bits"));
    }
}
