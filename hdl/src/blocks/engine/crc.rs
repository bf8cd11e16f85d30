//! The CRC-32 of the words of an image.

use rust_hdl::prelude::*;

use super::EngineConfig;
use crate::describe_logic;
use crate::exact::{BIT, Clk, Describe, Header, Int, Kernel, Maybe, Port, Range, Reg, Stage};
use crate::targets::Target;

/// CRC-32 of bytes, as IEEE 802.3 has it.
pub fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(!0, |crc, &byte| crc_step(crc, byte.into(), 8))
}

/// The register of a CRC-32 behind the low `bits` of `data`.
fn crc_step(crc: u32, data: u64, bits: u32) -> u32 {
    (0..bits).fold(crc, |crc, i| {
        let odd = (crc ^ (data >> i) as u32) & 1 == 1;
        (crc >> 1) ^ if odd { 0xedb8_8320 } else { 0 }
    })
}

/// CRC-32 as IEEE 802.3 has it, over all bytes of the words since `first`, the lowest byte of a word first. `crc` takes
/// account of a word [`LATENCY`] clock edges behind it: what a word flips is known a rank before the state is.
///
/// On iCE40, which has few LUTs, it takes two bits a clock. No word may come while it is `busy`.
#[derive(LogicBlock)]
pub struct Crc {
    /// clock
    pub clk: Clk,
    /// a word comes
    pub valid: Port<In>,
    /// the next word is the first
    pub first: Port<In>,
    /// the word
    pub word: Port<In>,
    /// `crc` does not take account of the last word yet
    pub busy: Port<Out>,
    /// CRC of all words so far
    pub crc: Port<Out>,
    word_flips: Stage,
    state: Vec<Reg>,
    rest: Maybe<Reg>,
    left: Maybe<Reg>,
    takes: Maybe<Reg>,
}

/// Clock edges from a word to the CRC that takes account of it, where a word comes in each clock.
pub const LATENCY: usize = 2;

/// Bits that it takes in a clock, where it does not take a word.
const FEW: u32 = 2;

impl Crc {
    /// The CRC of an engine's images.
    pub fn new(config: &EngineConfig) -> Crc {
        let slow = config.crc_is_slow();
        let steps = config.word_bits() / FEW;
        Crc {
            clk: Clk::new(),
            valid: Port::bit("a word comes"),
            first: Port::bit("the next word is the first"),
            word: Port::new(config.word(), "the word"),
            busy: Port::bit("the last word is not taken account of yet"),
            crc: Port::new(Range::unsigned(32), "CRC of all words so far"),
            word_flips: Stage::new(true),
            state: (0..32).map(|_| Reg::new(0..=1)).collect(),
            rest: Maybe::when(slow, || Reg::new(config.word())),
            left: Maybe::when(slow, || Reg::new(Range::unsigned(steps.ilog2() + 1))),
            takes: Maybe::when(slow, || Reg::new(BIT)),
        }
    }
}

impl EngineConfig {
    /// Whether the words of an image have to wait for the CRC.
    pub(super) fn crc_is_slow(&self) -> bool {
        self.target == Target::Ice40
    }

    /// The CRC of everything up to and with a CRC, whatever this is.
    pub(super) fn crc_of_all(&self) -> u32 {
        let mut bytes = crc32(&[]).to_le_bytes().to_vec();
        bytes.resize(self.lanes, 0);
        crc32(&bytes)
    }
}

/// The bits of `data`, each with a mask of the bits of the state that it flips. A CRC is linear: each bit of the next state
/// is the parity of the bits that flip it.
fn of_data<'k>(data: Int<'k>) -> Vec<(Int<'k>, u32)> {
    let bits = data.range().width();
    (0..bits).map(|i| (data.bit(i), crc_step(0, 1 << i, bits))).collect()
}

/// The bits of the state, each with a mask of the bits that it flips in the state `bits` bits later.
fn of_state<'k>(state: impl Iterator<Item = Int<'k>>, bits: u32) -> Vec<(Int<'k>, u32)> {
    state.enumerate().map(|(i, bit)| (bit, crc_step(1 << i, 0, bits))).collect()
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
        let pace = if self.rest.get().is_some() { format!("{FEW} bits") } else { "a word".to_owned() };
        Header::new("crc32", format!("CRC-32 of the words of an image, {pace} a clock."))
    }

    fn describe(&self, k: &Kernel) {
        k.clock(&self.clk);
        match (self.rest.get(), self.left.get(), self.takes.get()) {
            (Some(rest), Some(left), Some(takes)) => self.by_few_bits(k, [rest, left, takes]),
            _ => self.by_words(k),
        }
        let crc = self.state.iter().rev().map(|reg| !k.read(reg)).reduce(|high, low| high.concat(low, 1));
        k.drive(&self.crc, crc.expect("there are 32 bits"));
    }
}

impl Crc {
    fn by_words(&self, k: &Kernel) {
        let rank = k.stage(&self.word_flips, 1);
        let (valid, first) = (rank.pass("valid", k.read(&self.valid)), rank.pass("first", k.read(&self.first)));
        k.drive(&self.busy, valid);
        let word = of_data(k.read(&self.word));
        let state = of_state(self.state.iter().map(|reg| first.mux(1, k.read(reg))), word.len() as u32);
        for (i, reg) in self.state.iter().enumerate() {
            let by_word = rank.pass("flips", flipping(k, &word, i));
            k.register_when(reg, valid, flipping(k, &state, i) ^ by_word);
        }
    }

    fn by_few_bits(&self, k: &Kernel, [rest, left, taking]: [&Reg; 3]) {
        let (valid, word) = (k.read(&self.valid), k.read(&self.word));
        // The loader waits for it in each of its ways. So it is a register, and not found out from the number.
        let takes = k.read(taking);
        k.register(taking, valid | (takes & !k.read(left).equals(1)));
        // Whether a word comes is known late. So it is taken in each clock that may bring one.
        let fewer = (k.read(left) - 1).wrap(left.range());
        k.register(left, takes.mux(fewer, i128::from(word.range().width() / FEW)));
        k.register(rest, takes.mux(k.read(rest) >> FEW, word));
        k.drive(&self.busy, takes);
        // It stands at its begin from the end of a packet until the first word has come.
        let begin = (k.read(&self.first) & !takes).named("begin");
        let bits = of_data(k.read(rest).bits(0, FEW));
        let state = of_state(self.state.iter().map(|reg| k.read(reg)), FEW);
        for (i, reg) in self.state.iter().enumerate() {
            let next = flipping(k, &state, i) ^ flipping(k, &bits, i);
            k.register_when(reg, begin | takes, begin.mux(1, next));
        }
    }
}
