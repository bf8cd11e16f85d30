//! The block buffer: the activations of a block, a row for each pixel, in two halves.

use rust_hdl::prelude::*;

use super::timing::INT8;
use crate::blocks::delay::{open, through};
use crate::blocks::engine::EngineConfig;
use crate::blocks::engine::memory::{Approach, LATENCY, Memory};
use crate::describe_logic;
use crate::exact::{Bus, Clk, Describe, Header, Kernel, Port, Range, Reg, Stage};

/// A word of each row is read at once, and its bytes leave one a clock, byte 0 first. While one half is read the other
/// is filled.
#[derive(LogicBlock)]
pub struct Buffer {
    /// clock
    pub clk: Clk,
    /// a word is written
    pub fill: Port<In>,
    /// into which half
    pub fill_half: Port<In>,
    /// into which row
    pub fill_row: Port<In>,
    /// its index in the half
    pub fill_at: Port<In>,
    /// the word
    pub fill_word: Port<In>,
    /// a word of each row is read
    pub fetch: Port<In>,
    /// address of this word
    pub fetch_address: Port<In>,
    /// a byte of each row
    pub bytes: Bus<Out>,
    approach: Approach,
    memory: Vec<Memory>,
    until_weights: Vec<Stage>,
    until_word: Vec<Stage>,
    arrives: Stage,
    row: Vec<Reg>,
}

impl Buffer {
    /// The block buffer of the engine that `config` describes.
    pub fn new(config: &EngineConfig) -> Buffer {
        let words = config.buffer_words();
        let stages = |n| (0..n).map(|_| Stage::new(true)).collect();
        let memory: Vec<_> =
            (0..config.rows).map(|_| Memory::new(config.target, 2 * words, config.word_bits()).near()).collect();
        Buffer {
            clk: Clk::new(),
            fill: Port::bit("a word is written"),
            fill_half: Port::bit("into which half"),
            fill_row: Port::new(0..=config.rows as i128 - 1, "into which row"),
            fill_at: Port::new(0..=words as i128 - 1, "its index in the half"),
            fill_word: Port::new(config.word(), "the word"),
            fetch: Port::bit("a word of each row is read"),
            fetch_address: Port::new(config.buffer_address(), "address of this word"),
            bytes: Bus::new(config.rows, INT8, "a byte of each row"),
            approach: Approach::new(config.target, &memory[0]),
            memory,
            until_weights: stages(config.weight_ranks() - 1),
            until_word: stages(LATENCY - 1),
            // Each row has a copy, because a word of a row is a load of its own.
            arrives: Stage::kept_if(config.target.traits().copies),
            row: (0..config.rows).map(|_| Reg::new(config.word())).collect(),
        }
    }

    fn latency(&self) -> usize {
        self.until_weights.len() + LATENCY + 1
    }
}

describe_logic!(Buffer);

impl Describe for Buffer {
    fn header(&self) -> Header {
        let bits = self.fetch_address.range().width();
        let words = Range::unsigned(bits).hi() + 1;
        Header::new("block_buffer", "The activations of a block, in two halves. Each row gives a byte a clock.")
            .fact("rows", self.bytes.lanes())
            .fact("words of a row", words)
            .fact("latency", format!("{} cycles", self.latency()))
    }

    fn describe(&self, k: &Kernel) {
        k.clock(&self.clk);
        let [fill, row, word] = [&self.fill, &self.fill_row, &self.fill_word].map(|port| k.read(port));
        let at = k.read(&self.fill_half).concat(k.read(&self.fill_at), self.fill_at.range().width());
        let ranks = open(k, &self.until_weights);
        let fetch = through(&ranks, "fetch", k.read(&self.fetch));
        let address = through(&ranks, "address", k.read(&self.fetch_address));
        let (before, copies) = (through(&open(k, &self.until_word), "arrives", fetch), k.stage(&self.arrives, 1));
        let [fetch, address] = self.approach.pass(k, [fetch, address]);
        for (r, memory) in self.memory.iter().enumerate() {
            k.pass_clock(&self.clk, &memory.clk);
            memory.write.drive(k, [fill & row.equals(r as i128), at, word]);
            k.drive(&memory.read, fetch);
            k.drive(&memory.address, address);
            let bytes = k.read(&self.row[r]);
            k.register(&self.row[r], copies.pass("arrives", before).mux(k.read(&memory.word), bytes >> 8));
            k.drive_lane(&self.bytes, r, bytes.bits(0, 8).as_signed());
        }
    }
}
