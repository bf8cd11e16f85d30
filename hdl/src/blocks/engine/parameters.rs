//! Bias, multiplier and shift of the channels that the requantizers of a unit serve.

use rust_hdl::prelude::*;

use super::config::{BIAS, EngineConfig};
use super::memory::{LATENCY, Memory};
use crate::blocks::requantizer::Parameters;
use crate::describe_logic;
use crate::exact::{Bus, Clk, Describe, Header, Kernel, Port, Range};

/// Bits of the parameters of a channel: the bias in the lowest, then the multiplier, then the shift.
const WORD_BITS: u32 = 64;

/// Values of a multiplier.
const MULTIPLIER: Range = Range::unsigned(31);

/// Bits of a shift. Not all of their values are shifts of the rounding rule.
const SHIFT_BITS: u32 = WORD_BITS - BIAS.width() - MULTIPLIER.width();

/// The parameters of a channel as the word that an image holds. Where a word of the stream has 32 bits, the word's low
/// half comes first.
///
/// # Errors
/// If a parameter does not fit its bits: the parameter, its range and its value.
pub fn parameter_word(bias: i64, multiplier: i64, shift: i64) -> Result<u64, String> {
    let places =
        [("bias", BIAS, bias), ("multiplier", MULTIPLIER, multiplier), ("shift", Range::signed(SHIFT_BITS), shift)];
    let mut word = 0;
    for (name, range, value) in places.into_iter().rev() {
        if !range.contains(value.into()) {
            return Err(format!("{name}: {value} is outside {range}"));
        }
        word = (word << range.width()) | Range::unsigned(range.width()).truncate(value.into()) as u64;
    }
    Ok(word)
}

/// The parameters of the requantizers of a unit. Entry `e` holds a channel for each requantizer: requantizer `q` serves
/// channel `e * requantizers + q`. The parameters of an entry appear [`ParameterMemory::LATENCY`] clock edges after its
/// address. Parameters of an entry that is written in these clocks are undefined.
///
/// The words of the stream that fill the memory are counted from 0. Where they have 64 bits, word `c` is
/// the [`parameter_word`] of channel `c`. Where they have 32 bits, words `2 c` and `2 c + 1` are its two halves.
#[derive(LogicBlock)]
pub struct ParameterMemory {
    /// clock
    pub clk: Clk,
    /// a word of the stream is written
    pub write: Port<In>,
    /// the number of the word
    pub write_address: Port<In>,
    /// the word
    pub write_word: Port<In>,
    /// entry that is read
    pub address: Port<In>,
    /// biases of the entry, one for each requantizer
    pub bias: Bus<Out>,
    /// multipliers of the entry
    pub multiplier: Bus<Out>,
    /// shifts of the entry
    pub shift: Bus<Out>,
    part: Vec<Memory>,
    _entries: usize,
}

impl ParameterMemory {
    /// Clock edges from the address of an entry to its parameters.
    pub const LATENCY: usize = LATENCY;

    /// A memory for the parameters of `channels` channels, which `requantizers` requantizers share. The requantizers are a
    /// power of two, and there are at least two channels for each, and as many for all.
    pub fn new(config: &EngineConfig, channels: usize, requantizers: usize) -> ParameterMemory {
        let (word, entries) = (config.word(), channels / requantizers);
        let Parameters { multiplier, shift, .. } = config.requantizer(BIAS).port_ranges();
        let parts = (WORD_BITS / word.width()) as usize;
        ParameterMemory {
            clk: Clk::new(),
            write: Port::bit("a word of the stream is written"),
            write_address: Port::new(Range::addresses(channels * parts), "the number of the word"),
            write_word: Port::new(word, "the word"),
            address: Port::new(Range::addresses(entries), "entry that is read"),
            bias: Bus::new(requantizers, BIAS, "biases of the entry"),
            multiplier: Bus::new(requantizers, multiplier, "multipliers of the entry"),
            shift: Bus::new(requantizers, shift, "shifts of the entry, left is positive"),
            part: (0..parts * requantizers).map(|_| Memory::new(config.target, entries, word.width())).collect(),
            _entries: entries,
        }
    }
}

describe_logic!(ParameterMemory);

impl Describe for ParameterMemory {
    fn header(&self) -> Header {
        let (entries, requantizers) = (self._entries, self.bias.lanes());
        let name = format!("parameter_memory_{entries}x{requantizers}");
        Header::new(name, "Bias, multiplier and shift of the channels that requantizers serve.")
            .fact("entries", entries)
            .fact("requantizers", requantizers)
            .fact("latency", format!("{LATENCY} cycles"))
    }

    fn describe(&self, k: &Kernel) {
        k.clock(&self.clk);
        let parts = self.part.len() / self.bias.lanes();
        let (to, low) = (k.read(&self.write_address), self.part.len().trailing_zeros());
        let entry = to >> low;
        for (i, memory) in self.part.iter().enumerate() {
            k.pass_clock(&self.clk, &memory.clk);
            k.drive(&memory.write, k.read(&self.write) & to.bits(0, low).equals(i as i128));
            k.drive(&memory.write_address, entry);
            k.drive(&memory.write_word, k.read(&self.write_word));
            k.drive(&memory.read, 1);
            k.drive(&memory.address, k.read(&self.address));
        }
        for (q, parts) in self.part.chunks(parts).enumerate() {
            let low = k.read(&parts[0].word);
            let word = parts[1..].iter().fold(low, |low, high| k.read(&high.word).concat(low, WORD_BITS / 2));
            k.drive_lane(&self.bias, q, word.bits(0, BIAS.width()).as_signed());
            k.drive_lane(&self.multiplier, q, word.bits(BIAS.width(), MULTIPLIER.width()));
            let shift = word.bits(WORD_BITS - SHIFT_BITS, SHIFT_BITS).as_signed();
            k.drive_lane(&self.shift, q, shift.bounded(self.shift.range(), "images hold shifts of the rule"));
        }
    }
}
