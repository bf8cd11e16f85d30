//! The loader: what comes through the input stream goes to the memories.

mod beats;
mod states;

use rust_hdl::prelude::*;

use super::EngineConfig;
use super::crc::Crc;
use super::model::Model;
use super::outlet::STATUS;
use crate::describe_logic;
use crate::exact::{BIT, Clk, Describe, Header, Int, Kernel, Maybe, Port, Range, Reg, Stage};
use crate::targets;
use states::State;

/// Where a section of an image goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Target {
    /// activation memory
    Activations = 0,
    /// weights of the array
    Weights = 1,
    /// weights and tables of the lanes
    LaneWeights = 2,
    /// parameters of the array's requantizers
    Parameters = 3,
    /// parameters of the lanes' requantizers
    LaneParameters = 4,
    /// program
    Program = 5,
    /// word address and number of words of the input
    Model = 6,
    /// no section: the CRC follows
    End = 7,
}

/// The answer to a packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// it was accepted
    Ok = 0,
    /// an input, but no model is loaded
    NoModel = 1,
    /// not an image
    NoImage = 2,
    /// an image for another configuration
    OtherConfiguration = 3,
    /// an image that is cut or damaged
    Damaged = 4,
    /// an input of another length than the model's
    WrongLength = 5,
    /// an image, but the model is in the memories for good
    HoldsModel = 6,
}

/// A packet with `dest` 0 is an input, and starts the program when its last word has come. A packet with `dest` 1 is an image:
/// magic word, fingerprint of the configuration, sections, end, CRC; a word of the stream each. A section is target and
/// address (bits 28.. and 0..28), number of words, words. A packet that is refused is read to its end and answered by a
/// status. A refused image leaves no model.
///
/// Where the memories hold a model from the start, there is nothing to load: the loader knows its input, refuses every
/// image, and writes to the activation memory alone.
#[derive(LogicBlock)]
pub struct Loader {
    /// clock
    pub clk: Clk,
    /// reset: no model
    pub rst_n: Port<In>,
    /// a beat is offered
    pub in_valid: Port<In>,
    /// it is taken
    pub in_ready: Port<Out>,
    /// the word
    pub in_word: Port<In>,
    /// it is the last of its packet
    pub in_last: Port<In>,
    /// 0: input; 1: image
    pub in_dest: Port<In>,
    /// the memory that takes a word, by its target
    pub write: Port<Out>,
    /// the memory, where there are others than the memory of activations
    pub write_target: Maybe<Port<Out>>,
    /// the address of the word, in words of the stream
    pub write_address: Port<Out>,
    /// the word
    pub write_word: Port<Out>,
    /// the input is complete
    pub go: Port<Out>,
    /// the program is at its end
    pub ends: Port<In>,
    /// the outlet has room
    pub room: Port<In>,
    /// a packet is answered
    pub answer: Port<Out>,
    /// the answer
    pub answer_status: Port<Out>,
    held: Reg,
    received: Stage,
    check: Maybe<Crc>,
    crc_fits: Maybe<Reg>,
    state: Vec<Maybe<Reg>>,
    loaded: Maybe<Reg>,
    input_address: Maybe<Reg>,
    input_words: Maybe<Reg>,
    target: Maybe<Reg>,
    address: Reg,
    left: Reg,
    one_left: Reg,
    one_input: Maybe<Reg>,
    two_inputs: Maybe<Reg>,
    outcome: Reg,
    written: Stage,
    goes: Reg,
    _fingerprint: i128,
    /// word address and number of words of the input of a model that is there from the start
    _input: Option<[i128; 2]>,
    _crc: i128,
    _waits: bool,
}

/// Values of an address, in words of the stream.
fn addresses(config: &EngineConfig) -> Range {
    let resident = [config.lane_weight_bytes, 8 * config.channels, 8 * config.lane_channels]
        .into_iter()
        .chain([config.lanes * config.program_words])
        .filter(|_| config.resident);
    let most = [config.activation_bytes, config.weight_bytes].into_iter().chain(resident).max();
    Range::addresses(most.unwrap_or(0) / config.lanes)
}

impl Loader {
    /// The loader of an engine, which holds a model from the start or loads images.
    pub fn new(config: &EngineConfig, model: Option<&Model>) -> Loader {
        let flag = || Reg::control(BIT, 0);
        let loads = model.is_none();
        let input = model.map(|model| model.input().map(|value| value as i128));
        let address = if loads { addresses(config) } else { config.activation_address() };
        let count = Range::new(0, 2 * address.hi() + 1);
        Loader {
            clk: Clk::new(),
            rst_n: Port::bit("synchronous reset, active low"),
            in_valid: Port::bit("a beat is offered"),
            in_ready: Port::bit("it is taken"),
            in_word: Port::new(config.word(), "the word"),
            in_last: Port::bit("it is the last of its packet"),
            in_dest: Port::bit("0: input; 1: image"),
            write: Port::bit("a word is written"),
            write_target: Maybe::when(loads, || Port::new(Range::unsigned(3), "the memory")),
            write_address: Port::new(address, "its address"),
            write_word: Port::new(config.word(), "the word"),
            go: Port::bit("the input is complete"),
            ends: Port::bit("the program is at its end"),
            room: Port::bit("the outlet has room"),
            answer: Port::bit("a packet is answered"),
            answer_status: Port::new(STATUS, "the answer"),
            held: flag(),
            received: Stage::new(true),
            check: Maybe::when(loads, || Crc::new(config)),
            crc_fits: Maybe::when(loads, || Reg::new(BIT)),
            state: State::ALL
                .map(|s| Maybe::when(loads || !s.loads(), || Reg::control(BIT, (s == State::First).into())))
                .into(),
            loaded: Maybe::when(loads, flag),
            input_address: Maybe::when(loads, || Reg::new(config.activation_address())),
            input_words: Maybe::when(loads, || Reg::new(count)),
            target: Maybe::when(loads, || Reg::new(Range::unsigned(3))),
            address: Reg::new(address),
            left: Reg::new(count),
            one_left: Reg::new(BIT),
            one_input: Maybe::when(loads, || Reg::new(BIT)),
            two_inputs: Maybe::when(loads, || Reg::new(BIT)),
            outcome: Reg::new(STATUS),
            // iCE40 has few flip-flops that have no LUT before them.
            written: Stage::new(config.target != targets::Target::Ice40),
            goes: flag(),
            _fingerprint: config.fingerprint().into(),
            _input: input,
            _crc: config.crc_of_all().into(),
            _waits: config.crc_is_slow(),
        }
    }

    fn loads_images(&self) -> bool {
        self._input.is_none()
    }

    /// 1 in a state, if the loader has it.
    fn is<'k>(&self, k: &'k Kernel, state: State) -> Int<'k> {
        self.state[state as usize].get().map_or(k.lit(0), |reg| k.read(reg))
    }

    /// 1 where there is a model.
    fn has_model<'k>(&self, k: &'k Kernel) -> Int<'k> {
        self.loaded.get().map_or(k.lit(1), |reg| k.read(reg))
    }

    /// Word address and number of words of the input.
    fn input<'k>(&self, k: &'k Kernel) -> [Int<'k>; 2] {
        match (self._input, self.input_address.get(), self.input_words.get()) {
            (Some(input), ..) => input.map(|value| k.lit(value)),
            (None, Some(address), Some(words)) => [k.read(address), k.read(words)],
            _ => unreachable!("a model is loaded if it is not there"),
        }
    }

    /// Whether the input has one word, and whether it has two.
    fn one_or_two<'k>(&self, k: &'k Kernel) -> [Int<'k>; 2] {
        let words = self.input(k)[1];
        let numbers = [(&self.one_input, 1), (&self.two_inputs, 2)];
        numbers.map(|(reg, number)| reg.get().map_or(words.equals(number), |reg| k.read(reg)))
    }
}

describe_logic!(Loader);

impl Describe for Loader {
    fn header(&self) -> Header {
        match self._input {
            None => Header::new("loader", "Inputs and images from the stream to the memories.")
                .fact("fingerprint", format!("0x{:08x}", self._fingerprint)),
            Some([address, words]) => Header::new("loader", "Inputs from the stream to the memory of activations.")
                .fact("input", format!("{words} words from {address} on")),
        }
    }

    fn describe(&self, k: &Kernel) {
        k.clock(&self.clk);
        k.reset(&self.rst_n);
        let is = |state| self.is(k, state);
        let busy = self.check.get().filter(|_| self._waits).map_or(k.lit(0), |check| k.read(&check.busy));
        let ready = !(is(State::Settle) | is(State::Compare) | is(State::Answer) | is(State::Run) | busy);
        k.drive(&self.in_ready, ready);
        // A beat is held for a clock, so that what it says has been found out when it is acted upon. A beat that is held when
        // the packet before it has ended waits until this is answered.
        let held = k.read(&self.held);
        k.register(&self.held, ready.mux(k.read(&self.in_valid), held));
        // Where a way or a place asks for a state that takes beats, it need not ask for all of `ready`.
        let beat = if self._waits { held & !busy } else { held };
        let (word, found) = self.findings(k, ready);
        let ways = self.ways(k, beat, &found);
        for (state, reg) in self.state.iter().enumerate() {
            let Some(reg) = reg.get() else { continue };
            let into = ways.iter().filter(|way| way.1 as usize == state).map(|way| is(way.0) & way.2);
            let out_of = ways.iter().filter(|way| way.0 as usize == state).map(|way| way.2);
            let into = into.fold(k.lit(0), |a, b| a | b);
            let leaves = out_of.fold(k.lit(0), |a, b| a | b);
            k.register(reg, into | (k.read(reg) & !leaves));
        }
        // A status is decided on where a state is left. What it would be is found out in each clock of the state, whether there
        // is a beat or not. At most one way is taken, so that each bit of the status is an or.
        let would = self.ways(k, k.lit(1), &found);
        let bit = |bit: u32| {
            let ways = would.iter().filter(|way| way.3.is_some_and(|status| status as u32 >> bit & 1 == 1));
            ways.fold(k.lit(0), |a, way| a | (is(way.0) & way.2))
        };
        let status = (1..STATUS.width()).fold(bit(0), |low, n| bit(n).concat(low, n));
        k.register_when(&self.outcome, !(is(State::Skip) | is(State::Answer)), status);
        if let Some((loaded, fits)) = self.loaded.get().zip(self.crc_fits.get()) {
            let accepted = is(State::Compare) & k.read(fits);
            k.register(loaded, accepted | (k.read(loaded) & !(beat & is(State::Fingerprint))));
        }
        let of_input = is(State::Input) | (is(State::First) & self.has_model(k) & !found.image);
        k.register(&self.goes, beat & found.last & found.ends_input & of_input);
        k.drive(&self.go, k.read(&self.goes));
        k.drive(&self.answer, is(State::Answer) & k.read(&self.room));
        k.drive(&self.answer_status, k.read(&self.outcome));

        let of_image = [State::Fingerprint, State::Section, State::Count, State::Word, State::Crc].map(is);
        let of_image = of_image.into_iter().fold(is(State::First) & found.image, |a, b| a | b).named("of_image");
        self.crc(k, beat & of_image, word);
        self.place(k, beat, word, found.image);
    }
}
