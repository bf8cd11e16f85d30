//! Bias and factor of the channels that the requantizers of a unit serve: a multiplier and a shift, or a float32.

use rust_hdl::prelude::*;

use super::config::{BIAS, EngineConfig};
use super::loader::Target;
use super::memory::{Approach, LATENCY, Memory};
use super::model::{Model, Share};
use super::rule::EngineRule;
use crate::blocks::float_requantizer::SCALE;
use crate::blocks::requantizer::Parameters;
use crate::describe_logic;
use crate::exact::{Bus, Clk, Describe, Header, Kernel, Maybe, Port, Range};
use crate::memory::WritePorts;

/// Bits of the parameters of a channel: the bias in the lowest, then the multiplier or the float32, then the shift.
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
    word_of([("bias", BIAS, bias), ("multiplier", MULTIPLIER, multiplier), ("shift", Range::signed(SHIFT_BITS), shift)])
}

/// The same word of a channel whose factor is a float32, given by its bits.
///
/// # Errors
/// If the bias does not fit its bits, or the float is negative or not finite.
pub fn float_parameter_word(bias: i64, scale: u32) -> Result<u64, String> {
    word_of([("bias", BIAS, bias), ("scale", SCALE, scale.into()), ("shift", Range::signed(SHIFT_BITS), 0)])
}

/// The values in the order of their bits, the lowest first.
fn word_of(places: [(&str, Range, i64); 3]) -> Result<u64, String> {
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
    /// how a word of the stream is written, whose address is its number; a memory that holds a model has no such ports
    pub write: Maybe<WritePorts>,
    /// entry that is read
    pub address: Port<In>,
    /// biases of the entry, one for each requantizer
    pub bias: Bus<Out>,
    /// multipliers of the entry, unless the rule is `f32_even`
    pub multiplier: Maybe<Bus<Out>>,
    /// shifts of the entry, unless the rule is `f32_even`
    pub shift: Maybe<Bus<Out>>,
    /// floats of the entry, by the rule `f32_even`
    pub scale: Maybe<Bus<Out>>,
    approach: Approach,
    part: Vec<Memory>,
    _entries: usize,
    _about: &'static str,
}

impl ParameterMemory {
    /// Clock edges from the address of an entry to its parameters.
    pub const LATENCY: usize = LATENCY;

    /// A memory for the parameters of `channels` channels, which `requantizers` requantizers share. The requantizers are a
    /// power of two, and there are at least two channels for each, and as many for all.
    pub fn new(config: &EngineConfig, channels: usize, requantizers: usize) -> ParameterMemory {
        let (words, parts) = (channels / requantizers, ParameterMemory::parts(config) * requantizers);
        let part = (0..parts).map(|_| Memory::new(config.target, words, config.word_bits())).collect();
        let docs = ["a word of the stream is written", "the number of the word", "the word"];
        let write = WritePorts::described(Range::addresses(words * parts), config.word(), docs);
        ParameterMemory::of(config, words, requantizers, part, Some(write))
    }

    /// A memory that holds the parameters that a model has for a target.
    ///
    /// # Errors
    /// If there are more than the memory has room for, or its cells hold nothing from the start.
    pub fn holding(
        config: &EngineConfig,
        (model, target): (&Model, Target),
        channels: usize,
        requantizers: usize,
    ) -> Result<ParameterMemory, String> {
        let (words, parts) = (channels / requantizers, ParameterMemory::parts(config) * requantizers);
        let share = |part| Share { target, part, parts, words };
        let part = (0..parts).map(|part| model.memory(config.target, share(part), config.word_bits()));
        let part = part.collect::<Result<_, _>>()?;
        Ok(ParameterMemory::of(config, words, requantizers, part, None))
    }

    /// Ports like those through which it is written. `place` describes the address.
    pub(super) fn write_ports(&self, place: &str) -> Maybe<WritePorts> {
        let docs = ["a word of parameters is written", place, "the word"];
        let like = |ports: &WritePorts| WritePorts::described(ports.address.range(), ports.word.range(), docs);
        self.write.get().map(like).into()
    }

    /// The parts of a factor, each with its name.
    pub(super) fn factor(&self) -> Vec<(&'static str, &Bus<Out>)> {
        let parts = [("multiplier", &self.multiplier), ("shift", &self.shift), ("scale", &self.scale)];
        parts.into_iter().filter_map(|(name, bus)| Some((name, bus.get()?))).collect()
    }

    /// Words of the stream that hold the parameters of a channel.
    fn parts(config: &EngineConfig) -> usize {
        (WORD_BITS / config.word_bits()) as usize
    }

    fn of(
        config: &EngineConfig,
        entries: usize,
        requantizers: usize,
        part: Vec<Memory>,
        write: Option<WritePorts>,
    ) -> ParameterMemory {
        let Parameters { multiplier, shift, .. } = config.requantizer(BIAS).port_ranges();
        let (fixed, float) = (config.rule != EngineRule::F32Even, config.rule == EngineRule::F32Even);
        ParameterMemory {
            clk: Clk::new(),
            write: write.into(),
            address: Port::new(Range::addresses(entries), "entry that is read"),
            bias: Bus::new(requantizers, BIAS, "biases of the entry"),
            multiplier: Maybe::when(fixed, || Bus::new(requantizers, multiplier, "multipliers of the entry")),
            shift: Maybe::when(fixed, || Bus::new(requantizers, shift, "shifts of the entry, left is positive")),
            scale: Maybe::when(float, || Bus::new(requantizers, SCALE, "floats of the entry, without sign bits")),
            approach: Approach::new(config.target, &part[0]),
            part: part.into_iter().map(Memory::near).collect(),
            _entries: entries,
            _about: match config.rule {
                EngineRule::TfliteDouble | EngineRule::Single => {
                    "Bias, multiplier and shift of the channels that requantizers serve."
                }
                EngineRule::F32Even => "Bias and float32 of the channels that requantizers serve.",
            },
        }
    }
}

describe_logic!(ParameterMemory);

impl Describe for ParameterMemory {
    fn header(&self) -> Header {
        let (entries, requantizers) = (self._entries, self.bias.lanes());
        let name = format!("parameter_memory_{entries}x{requantizers}");
        Header::new(name, self._about)
            .fact("entries", entries)
            .fact("requantizers", requantizers)
            .fact("latency", format!("{LATENCY} cycles"))
    }

    fn describe(&self, k: &Kernel) {
        k.clock(&self.clk);
        let parts = self.part.len() / self.bias.lanes();
        let write = self.write.get().map(|ports| ports.read(k));
        let [read, address] = self.approach.pass(k, [k.lit(1), k.read(&self.address)]);
        for (i, memory) in self.part.iter().enumerate() {
            k.pass_clock(&self.clk, &memory.clk);
            if let Some([write, to, word]) = write {
                let low = self.part.len().trailing_zeros();
                memory.write.drive(k, [write & to.bits(0, low).equals(i as i128), to >> low, word]);
            }
            k.drive(&memory.read, read);
            k.drive(&memory.address, address);
        }
        for (q, parts) in self.part.chunks(parts).enumerate() {
            let low = k.read(&parts[0].word);
            let word = parts[1..].iter().fold(low, |low, high| k.read(&high.word).concat(low, WORD_BITS / 2));
            k.drive_lane(&self.bias, q, word.bits(0, BIAS.width()).as_signed());
            let middle = word.bits(BIAS.width(), MULTIPLIER.width());
            if let (Some(multiplier), Some(to)) = (self.multiplier.get(), self.shift.get()) {
                k.drive_lane(multiplier, q, middle);
                let shift = word.bits(WORD_BITS - SHIFT_BITS, SHIFT_BITS).as_signed();
                k.drive_lane(to, q, shift.bounded(to.range(), "images hold shifts of the rule"));
            }
            if let Some(scale) = self.scale.get() {
                k.drive_lane(scale, q, middle.bounded(SCALE, "images hold finite floats"));
            }
        }
    }
}
