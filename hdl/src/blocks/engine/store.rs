//! The memories of the engine, behind one write port.

use rust_hdl::prelude::*;

use super::EngineConfig;
use super::loader::Target;
use super::memory::Memory;
use super::write_queue::WriteQueue;
use crate::describe_logic;
use crate::exact::{Bus, Clk, Describe, Header, Int, Kernel, Maybe, Port, Range, Stage};

/// Activations, weights, weights of the lanes, and the program.
///
/// What the loader writes goes to the memory of its target. The weights lie in banks; a word of the stream is a slice of a
/// word of a bank. Slices come first, then banks, then words.
///
/// Where the memory of activations has one port, activations wait in a [`WriteQueue`] while others are read.
#[derive(LogicBlock)]
pub struct Store {
    /// clock
    pub clk: Clk,
    /// the loader writes a word
    pub load: Port<In>,
    /// into which memory
    pub load_target: Port<In>,
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
    /// weights are read
    pub weights_read: Port<In>,
    /// their address in all banks
    pub weights_address: Port<In>,
    /// weights of all banks, column by column
    pub weights: Bus<Out>,
    /// weights of the lanes are read
    pub lane_weights_read: Port<In>,
    /// their address
    pub lane_weights_address: Port<In>,
    /// the word
    pub lane_weights: Port<Out>,
    /// the program is read
    pub program_read: Port<In>,
    /// its address
    pub program_address: Port<In>,
    /// the word
    pub program: Port<Out>,
    activation_memory: Memory,
    activation_queue: Maybe<WriteQueue>,
    weight_memory: Vec<Memory>,
    lane_weight_memory: Memory,
    program_memory: Memory,
    selected: Stage,
    joined: Stage,
    _banks: usize,
}

impl Store {
    /// The memories of an engine.
    pub fn new(config: &EngineConfig, load_address: Range) -> Store {
        let bits = config.word_bits();
        let range = |memory: &Memory| memory.address.range();
        let slices = config.cols / config.lanes;
        let memory = |words, bits| Memory::apart(config.target, words, bits);
        let activations = memory(config.activation_words(), bits);
        let weights: Vec<_> = (0..slices * config.banks()).map(|_| memory(config.bank_words(), bits)).collect();
        let lane_weights = memory(config.lane_weight_words(), bits);
        let program = memory(config.program_words, 32);
        let queue = || WriteQueue::new(range(&activations), config.word());
        Store {
            clk: Clk::new(),
            load: Port::bit("the loader writes a word"),
            load_target: Port::new(Range::unsigned(3), "into which memory"),
            load_address: Port::new(load_address, "its address, in words of the stream"),
            load_word: Port::new(config.word(), "the word"),
            write: Port::bit("a unit writes an activation"),
            write_address: Port::new(range(&activations), "its address"),
            write_word: Port::new(config.word(), "the word"),
            read: Port::bit("an activation is read"),
            address: Port::new(range(&activations), "its address"),
            word: Port::new(config.word(), "the word"),
            weights_read: Port::bit("weights are read"),
            weights_address: Port::new(range(&weights[0]), "their address in all banks"),
            weights: Bus::new(config.banks() * config.cols, Range::signed(8), "weights of all banks, by columns"),
            lane_weights_read: Port::bit("weights of the lanes are read"),
            lane_weights_address: Port::new(range(&lane_weights), "their address"),
            lane_weights: Port::new(config.word(), "the word"),
            program_read: Port::bit("the program is read"),
            program_address: Port::new(range(&program), "its address"),
            program: Port::new(Range::unsigned(32), "the word"),
            activation_queue: Maybe::when(activations.has_one_port(), queue),
            activation_memory: activations,
            weight_memory: weights,
            lane_weight_memory: lane_weights,
            program_memory: program,
            selected: Stage::new(true),
            joined: Stage::new(true),
            _banks: config.banks(),
        }
    }

    /// Activations from units and from the loader, which never write in the same clock.
    fn write_activations<'k>(&'k self, k: &'k Kernel, loads: Int<'k>) {
        let memory = &self.activation_memory;
        let write = k.read(&self.write);
        let loaded = k.read(&self.load_address).bits(0, memory.address.range().width());
        let address = write.mux(k.read(&self.write_address), loaded);
        let word = write.mux(k.read(&self.write_word), k.read(&self.load_word));
        let ports = [&memory.write, &memory.write_address, &memory.write_word];
        let values = [write | loads, address, word];
        if let Some(queue) = self.activation_queue.get() {
            k.pass_clock(&self.clk, &queue.clk);
            k.drive(&queue.taken, k.read(&self.read));
            for (port, value) in [&queue.put, &queue.put_address, &queue.put_word].into_iter().zip(values) {
                k.drive(port, value);
            }
            for (port, out) in ports.into_iter().zip([&queue.write, &queue.write_address, &queue.write_word]) {
                k.drive(port, k.read(out));
            }
        } else {
            let rank = k.stage(&self.joined, 1);
            for ((port, name), value) in ports.into_iter().zip(["write", "write_address", "write_word"]).zip(values) {
                k.drive(port, rank.pass(name, value));
            }
        }
    }

    /// A memory takes the word that is loaded where `takes` is 1.
    fn load<'k>(&self, k: &'k Kernel, memory: &Memory, takes: Int<'k>, address: Int<'k>, word: Int<'k>) {
        k.drive(&memory.write, takes);
        k.drive(&memory.write_address, address.bits(0, memory.address.range().width()));
        k.drive(&memory.write_word, word.bits(0, memory.word.range().width()));
    }
}

describe_logic!(Store);

impl Describe for Store {
    fn header(&self) -> Header {
        Header::new("store", "The memories of the engine, behind one write port.").fact("banks of weights", self._banks)
    }

    fn describe(&self, k: &Kernel) {
        k.clock(&self.clk);
        for memory in
            self.weight_memory.iter().chain([&self.activation_memory, &self.lane_weight_memory, &self.program_memory])
        {
            k.pass_clock(&self.clk, &memory.clk);
        }
        let (load, target) = (k.read(&self.load), k.read(&self.load_target));
        let (address, word) = (k.read(&self.load_address), k.read(&self.load_word));
        let rank = k.stage(&self.selected, 1);
        let to = |of: Target| load & target.equals(of as i128);
        let slot = address.bits(0, (self.weight_memory.len().ilog2()).max(1));
        let weights: Vec<_> = (0..self.weight_memory.len())
            .map(|m| {
                let its = if self.weight_memory.len() == 1 { k.lit(1) } else { slot.equals(m as i128) };
                rank.pass(&format!("to_weights_{m}"), to(Target::Weights) & its)
            })
            .collect();
        let lane_weights = rank.pass("to_lane_weights", to(Target::LaneWeights));
        let program = rank.pass("to_program", to(Target::Program));
        let activations = to(Target::Activations);
        let (address, word) = (rank.pass("address", address), rank.pass("word", word));
        for (memory, takes) in self.weight_memory.iter().zip(weights) {
            self.load(k, memory, takes, address.bits(self.weight_memory.len().ilog2(), 32), word);
            k.drive(&memory.read, k.read(&self.weights_read));
            k.drive(&memory.address, k.read(&self.weights_address));
        }
        self.load(k, &self.lane_weight_memory, lane_weights, address, word);
        self.load(k, &self.program_memory, program, address, word);

        self.write_activations(k, activations);
        for (memory, read, address, to) in [
            (&self.activation_memory, &self.read, &self.address, &self.word),
            (&self.lane_weight_memory, &self.lane_weights_read, &self.lane_weights_address, &self.lane_weights),
            (&self.program_memory, &self.program_read, &self.program_address, &self.program),
        ] {
            k.drive(&memory.read, k.read(read));
            k.drive(&memory.address, k.read(address));
            k.drive(to, k.read(&memory.word));
        }
        let lanes = self.weights.lanes() / self.weight_memory.len();
        for (m, memory) in self.weight_memory.iter().enumerate() {
            let word = k.read(&memory.word);
            for l in 0..lanes {
                k.drive_lane(&self.weights, m * lanes + l, word.bits(8 * l as u32, 8).as_signed());
            }
        }
    }
}
