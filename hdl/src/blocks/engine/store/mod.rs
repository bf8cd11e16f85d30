//! The memories of the engine, behind one write port.

mod writes;

use rust_hdl::prelude::*;

use super::EngineConfig;
use super::banks::{Banks, READS};
use super::loader::Target;
use super::memory::{AHEAD, Approach, Memory};
use super::model::{Model, Share};
use super::write_queue::WriteQueue;
use crate::describe_logic;
use crate::exact::{Bus, Clk, Describe, Header, Int, Kernel, Maybe, Port, Range, Stage};
use crate::memory::WritePorts;
use crate::targets;

/// Activations, weights, weights of the lanes, and the program.
///
/// What the loader writes goes to the memory of its target. The weights lie in banks; a word of the stream is a slice of a
/// word of a bank. Slices come first, then banks, then words.
///
/// Where the memory of activations has one port, activations wait in a [`WriteQueue`] while others are read. The program
/// has to leave clocks in which none is read, so that no more wait than the queue holds.
///
/// With a model in the other memories, the loader writes activations alone.
#[derive(LogicBlock)]
pub struct Store {
    /// clock
    pub clk: Clk,
    /// the loader writes a word
    pub load: Port<In>,
    /// into which memory
    pub load_target: Maybe<Port<In>>,
    /// its address, in words of the stream
    pub load_address: Port<In>,
    /// the word
    pub load_word: Port<In>,
    /// a unit writes an activation
    pub write: Port<In>,
    /// its address
    pub write_address: Port<In>,
    /// the word
    pub write_word: Port<In>,
    /// an activation is read
    pub read: Port<In>,
    /// its address
    pub address: Port<In>,
    /// the word
    pub word: Port<Out>,
    /// words from an activation that is read to the next, where several are read in a clock
    pub distance: Maybe<Port<In>>,
    /// the words behind the first
    pub further_words: Maybe<Bus<Out>>,
    /// weights are read
    pub weights_read: Port<In>,
    /// their address in all banks
    pub weights_address: Port<In>,
    /// weights of all banks, column by column
    pub weights: Bus<Out>,
    /// how a step brings weights of the lanes
    pub of_step: Maybe<WritePorts>,
    /// weights of the lanes are read
    pub lane_weights_read: Port<In>,
    /// their address
    pub lane_weights_address: Port<In>,
    /// the word
    pub lane_weights: Port<Out>,
    /// the words behind it
    pub further_lane_weights: Maybe<Bus<Out>>,
    /// the program is read
    pub program_read: Port<In>,
    /// its address
    pub program_address: Port<In>,
    /// the word
    pub program: Port<Out>,
    activation_memory: Maybe<Memory>,
    activation_approach: Maybe<Approach>,
    activation_banks: Maybe<Banks>,
    activation_queue: Maybe<WriteQueue>,
    weight_memory: Vec<Memory>,
    lane_weight_memory: Maybe<Memory>,
    lane_weight_approach: Maybe<Approach>,
    lane_weight_banks: Maybe<Banks>,
    program_memory: Maybe<Memory>,
    selected: Stage,
    joined: Stage,
    until_port: Vec<Stage>,
    _banks: usize,
}

impl EngineConfig {
    /// Whether reads and writes of activations share a port, so that what is written waits in a [`WriteQueue`].
    pub fn activations_have_one_port(&self) -> bool {
        self.taps == 1 && Memory::would_have_one_port(self.target, self.activation_words(), self.word_bits())
    }
}

impl Store {
    /// The memories of an engine.
    ///
    /// # Errors
    /// If a memory has no room for what the model brings, or cannot hold it from the start.
    pub fn new(config: &EngineConfig, load_address: Range, model: Option<&Model>) -> Result<Store, String> {
        let (target, bits) = (config.target, config.word_bits());
        let range = |memory: &Memory| memory.address.range();
        let slices = config.cols / config.lanes;
        let memory = |share: Share, bits| match model {
            None => Ok(Memory::apart(target, share.words, bits)),
            Some(model) => model.memory(target, share, bits),
        };
        let parts = slices * config.banks();
        let share = |part| Share { target: Target::Weights, part, parts, words: config.bank_words() };
        let weights = (0..parts).map(|part| memory(share(part), bits)).collect::<Result<Vec<_>, _>>()?;
        let program =
            config.resident.then(|| memory(Share::all(Target::Program, config.program_words), 32)).transpose()?;
        let (one, several) = (config.taps == 1, config.taps > 1);
        let activations = config.activation_address();
        let lane_weights = Range::addresses(config.lane_weight_words());
        let approach = |memory: &Memory| Approach::new(target, memory);
        let activation_memory = one.then(|| Memory::apart(target, config.activation_words(), bits).near());
        let one_port = config.activations_have_one_port();
        let queue = || WriteQueue::new(activations, config.word());
        let of_lanes = Share::all(Target::LaneWeights, config.lane_weight_words());
        let lane_weight_memory = if one { Some(memory(of_lanes, bits)?.near()) } else { None };
        let lane_weight_banks = match model.filter(|_| several) {
            Some(model) => Some(Banks::holding(target, &model.words(of_lanes)?, bits)?),
            None => several.then(|| Banks::new(target, of_lanes.words, bits)),
        };
        let further = |what| Maybe::when(several, || Bus::new(READS - 1, config.word(), what));
        Ok(Store {
            clk: Clk::new(),
            load: Port::bit("the loader writes a word"),
            load_target: Maybe::when(model.is_none(), || Port::new(Range::unsigned(3), "into which memory")),
            load_address: Port::new(load_address, "its address, in words of the stream"),
            load_word: Port::new(config.word(), "the word"),
            write: Port::bit("a unit writes an activation"),
            write_address: Port::new(activations, "its address"),
            write_word: Port::new(config.word(), "the word"),
            read: Port::bit("an activation is read"),
            address: Port::new(activations, "its address"),
            word: Port::new(config.word(), "the word"),
            distance: Maybe::when(several, || Port::new(activations, "words to the next")),
            further_words: further("the words behind it"),
            weights_read: Port::bit("weights are read"),
            weights_address: Port::new(range(&weights[0]), "their address in all banks"),
            weights: Bus::new(config.banks() * config.cols, Range::signed(8), "weights of all banks, by columns"),
            of_step: Maybe::when(!config.resident, || {
                let docs = ["a step brings a word of the lanes' weights", "its address", "the word"];
                WritePorts::described(config.loaded_words(), config.word(), docs)
            }),
            lane_weights_read: Port::bit("weights of the lanes are read"),
            lane_weights_address: Port::new(lane_weights, "their address"),
            lane_weights: Port::new(config.word(), "the word"),
            further_lane_weights: further("the words behind it"),
            program_read: Port::bit("the program is read"),
            program_address: Port::new(config.program_range(), "its address"),
            program: Port::new(Range::unsigned(32), "the word"),
            activation_queue: Maybe::when(one_port, queue),
            activation_approach: activation_memory.as_ref().map(approach).into(),
            activation_memory: activation_memory.into(),
            activation_banks: Maybe::when(several, || Banks::new(target, config.activation_words(), bits)),
            weight_memory: weights,
            lane_weight_approach: lane_weight_memory.as_ref().map(approach).into(),
            lane_weight_memory: lane_weight_memory.into(),
            lane_weight_banks: lane_weight_banks.into(),
            program_memory: program.into(),
            // What an image holds goes through ranks before, and iCE40 has little room.
            selected: Stage::new(config.target != targets::Target::Ice40),
            joined: Stage::new(true),
            until_port: (0..AHEAD).map(|_| Stage::new(true)).collect(),
            _banks: config.banks(),
        })
    }

    /// What is read from the memories of which the engine may read several words in a clock.
    fn read_several(&self, k: &Kernel) {
        let (memory, banks) = (&self.activation_memory, &self.activation_banks);
        let (read, at) = (k.read(&self.read), k.read(&self.address));
        let distance = self.distance.get().map_or(k.lit(1), |port| k.read(port));
        let [read, at] = self.activation_approach.get().map_or([read, at], |approach| approach.pass(k, [read, at]));
        read_words(k, (memory, banks), [read, at, distance], (&self.word, &self.further_words));
        let (memory, banks) = (&self.lane_weight_memory, &self.lane_weight_banks);
        let (read, at) = (k.read(&self.lane_weights_read), k.read(&self.lane_weights_address));
        let [read, at] = self.lane_weight_approach.get().map_or([read, at], |approach| approach.pass(k, [read, at]));
        read_words(k, (memory, banks), [read, at, k.lit(1)], (&self.lane_weights, &self.further_lane_weights));
    }
}

/// The first word goes to a port, and the words behind it to a bus.
fn read_words<'k>(
    k: &'k Kernel,
    (memory, banks): (&Maybe<Memory>, &Maybe<Banks>),
    [read, at, distance]: [Int<'k>; 3],
    (word, further): (&Port<Out>, &Maybe<Bus<Out>>),
) {
    if let Some(memory) = memory.get() {
        k.drive(&memory.read, read);
        k.drive(&memory.address, at);
        k.drive(word, k.read(&memory.word));
    }
    if let (Some(banks), Some(further)) = (banks.get(), further.get()) {
        k.drive(&banks.read, read);
        k.drive(&banks.address, at);
        k.drive(&banks.distance, distance);
        k.drive(word, k.lane(&banks.word, 0));
        (1..READS).for_each(|n| k.drive_lane(further, n - 1, k.lane(&banks.word, n)));
    }
}

describe_logic!(Store);

impl Describe for Store {
    fn header(&self) -> Header {
        Header::new("store", "The memories of the engine, behind one write port.").fact("banks of weights", self._banks)
    }

    fn describe(&self, k: &Kernel) {
        k.clock(&self.clk);
        let several = [&self.activation_memory, &self.lane_weight_memory].into_iter().filter_map(Maybe::get);
        for memory in self.weight_memory.iter().chain(self.program_memory.get()).chain(several) {
            k.pass_clock(&self.clk, &memory.clk);
        }
        for banks in [&self.activation_banks, &self.lane_weight_banks].into_iter().filter_map(Maybe::get) {
            k.pass_clock(&self.clk, &banks.clk);
        }
        let mut activations = k.read(&self.load);
        if let Some(target) = self.load_target.get() {
            let target = k.read(target);
            self.load(k, activations, target);
            activations = activations & target.equals(Target::Activations as i128);
        }
        let (program_read, program_at) = (k.read(&self.program_read), k.read(&self.program_address));
        for memory in &self.weight_memory {
            let (read, at) = (k.read(&self.weights_read), k.read(&self.weights_address));
            let (read, at) = match self.program_memory.get() {
                Some(_) => (read, at),
                // A program is read between steps, and weights within them.
                None => (read | program_read, program_read.mux(program_at, at)),
            };
            k.drive(&memory.read, read);
            k.drive(&memory.address, at);
        }

        self.write_activations(k, activations);
        self.read_several(k);
        if let Some(memory) = self.program_memory.get() {
            k.drive(&memory.read, program_read);
            k.drive(&memory.address, program_at);
        }
        k.drive(&self.program, k.read(&self.program_memory.get().unwrap_or(&self.weight_memory[0]).word));
        let lanes = self.weights.lanes() / self.weight_memory.len();
        for (m, memory) in self.weight_memory.iter().enumerate() {
            let word = k.read(&memory.word);
            for l in 0..lanes {
                k.drive_lane(&self.weights, m * lanes + l, word.bits(8 * l as u32, 8).as_signed());
            }
        }
    }
}
