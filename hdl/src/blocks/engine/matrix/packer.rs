//! Makes words of results, and writes them to the activation memory.

use rust_hdl::prelude::*;

use super::timing::INT8;
use crate::blocks::delay::through;
use crate::blocks::engine::EngineConfig;
use crate::blocks::engine::instruction::{self, InstructionPorts, Kept};
use crate::describe_logic;
use crate::exact::{Bus, Clk, Describe, Header, Int, Kernel, Maybe, Port, Range, Reg, Stage};

/// Results come in groups of neighbouring channels, and of each group all rows. A word holds the groups of one row, the
/// first in its low bytes. The groups before the last wait in a line.
///
/// Rows without a pixel are not written. In a split step only the last row is, because its sum is the sum of all rows.
#[derive(LogicBlock)]
pub struct Packer {
    /// clock
    pub clk: Clk,
    /// reset: no results come
    pub rst_n: Port<In>,
    /// the instruction
    pub instruction: InstructionPorts,
    /// the instruction has been shown
    pub start: Port<In>,
    /// only the last row is written
    pub split: Maybe<Port<In>>,
    /// there are results
    pub valid: Port<In>,
    /// the results
    pub y: Bus<In>,
    /// the results are of the last block
    pub last_block: Port<In>,
    /// the results are the last of their block
    pub ends_block: Port<In>,
    /// a word is written
    pub write: Port<Out>,
    /// where
    pub write_address: Port<Out>,
    /// the word
    pub write_word: Port<Out>,
    /// the step is complete with this clock's word
    pub done: Port<Out>,
    kept: Kept,
    place: Reg,
    line: Vec<Stage>,
    word: Stage,
    writes: Maybe<Reg>,
    complete: Maybe<Reg>,
    in_last_row: Maybe<Reg>,
    block_ends: Maybe<Reg>,
    finished: Maybe<Reg>,
    at: Reg,
    next_word: Reg,
    next_block: Reg,
    _rows: usize,
    _contiguous: bool,
}

impl Packer {
    /// The packer of the engine that `config` describes.
    pub fn new(config: &EngineConfig) -> Packer {
        let address = config.activation_address();
        let kept = [
            (instruction::LAST_ROWS, Range::new(0, config.rows as i128)),
            (instruction::OUT, address),
            (instruction::OUT_PITCH, address),
        ];
        let ranked = config.packer_ranks() > 0;
        // Addresses move on a clock behind a result, before the next word if there are passes.
        let late = ranked || config.passes > 1;
        let flag = |there| Maybe::when(there, || Reg::control(0..=1, 0));
        let mark = || Maybe::when(late, || Reg::new(0..=1));
        let line = config.rows * (config.groups_of_word() - 1);
        Packer {
            clk: Clk::new(),
            rst_n: Port::bit("synchronous reset, active low"),
            instruction: InstructionPorts::default(),
            start: Port::bit("the instruction has been shown"),
            split: Maybe::when(config.banks() > 1, || Port::bit("only the last row is written")),
            valid: Port::bit("there are results"),
            y: Bus::new(config.requantizers, INT8, "results of neighbouring channels"),
            last_block: Port::bit("they are of the last block"),
            ends_block: Port::bit("they are the last of their block"),
            write: Port::bit("a word is written"),
            write_address: Port::new(address, "where"),
            write_word: Port::new(config.word(), "the word"),
            done: Port::bit("the step is complete with this clock's word"),
            kept: Kept::new(config.target, &kept),
            place: Reg::control(0..=config.places() as i128 - 1, 0),
            line: (0..line).map(|_| Stage::new(true)).collect(),
            word: Stage::new(ranked),
            writes: flag(ranked),
            complete: flag(late),
            in_last_row: mark(),
            block_ends: mark(),
            finished: flag(ranked),
            at: Reg::new(address),
            next_word: Reg::new(address),
            next_block: Reg::new(address),
            _rows: config.rows,
            _contiguous: config.passes == 1,
        }
    }

    /// The word whose last group has come.
    fn packed<'k>(&'k self, k: &'k Kernel, valid: Int<'k>) -> Int<'k> {
        let lanes = self.y.lanes();
        let bytes = (0..lanes).map(|lane| k.lane(&self.y, lane).bits(0, 8));
        let group = bytes.rev().reduce(|upper, byte| upper.concat(byte, 8)).expect("there is a requantizer");
        // The results of a word come without a pause where a requantizer takes a sum in each clock.
        let moves = if self._contiguous { k.lit(1) } else { valid };
        let line: Vec<_> = self.line.iter().map(|stage| k.stage(stage, moves)).collect();
        let (mut word, mut waiting) = (group, group);
        for row in line.chunks(self._rows) {
            waiting = through(row, "group", waiting);
            word = word.concat(waiting, 8 * lanes as u32);
        }
        word
    }

    /// The addresses: row after row of a word, then the next word of the block, then the next block.
    fn addresses<'k>(&'k self, k: &'k Kernel, [complete, last_row, ends_block]: [Int<'k>; 3]) {
        let start = k.read(&self.start);
        let [out, pitch] = [instruction::OUT, instruction::OUT_PITCH].map(|field| self.kept.read(k, field));
        let (at, next_word, next_block) = (k.read(&self.at), k.read(&self.next_word), k.read(&self.next_block));
        let address = self.at.range();
        let first_row = ends_block.mux(next_block, next_word);
        let next = last_row.mux(first_row, (at + pitch).wrap(address));
        k.register_when(&self.at, start | complete, start.mux(out, next));
        let moves = (complete & last_row).named("moves");
        k.register_when(&self.next_word, start | moves, (start.mux(out, first_row) + 1).wrap(address));
        let block = pitch << self._rows.ilog2();
        let next = (start.mux(out, next_block) + block).wrap(address);
        k.register_when(&self.next_block, start | (moves & ends_block), next);
        k.drive(&self.write_address, at);
    }
}

/// The value behind a register, if there is one.
fn behind<'k>(k: &'k Kernel, register: &'k Maybe<Reg>, value: Int<'k>) -> Int<'k> {
    register.get().map_or(value, |register| {
        k.register(register, value);
        k.read(register)
    })
}

describe_logic!(Packer);

impl Describe for Packer {
    fn header(&self) -> Header {
        let (lanes, bits) = (self.y.lanes(), self.write_word.range().width());
        Header::new(format!("matrix_packer_{lanes}"), format!("Words of {bits} bits from {lanes} results a clock."))
            .fact("latency", format!("{} cycles from the last results of a word", self.word.latency()))
    }

    fn describe(&self, k: &Kernel) {
        k.clock(&self.clk);
        k.reset(&self.rst_n);
        self.kept.describe(k, &self.instruction);
        let [valid, last_block, ends_block] =
            [&self.valid, &self.last_block, &self.ends_block].map(|port| k.read(port));
        let (place, row_bits) = (k.read(&self.place), self._rows.ilog2());
        k.register_when(&self.place, valid, (place + 1).wrap(place.range()));
        let row = place.bits(0, row_bits);
        let last_row = row.equals(self._rows as i128 - 1);
        let complete = valid & (place >> row_bits).equals(place.range().hi() >> row_bits);
        let split = self.split.get().map_or(k.lit(0), |port| k.read(port));
        let has_pixel = !last_block | row.lt(self.kept.read(k, instruction::LAST_ROWS));
        k.drive(&self.write, behind(k, &self.writes, complete & split.mux(last_row, has_pixel)));
        k.drive(&self.done, behind(k, &self.finished, valid & ends_block & last_block));
        let complete = behind(k, &self.complete, complete);
        let last_row = behind(k, &self.in_last_row, last_row);
        let ends_block = behind(k, &self.block_ends, ends_block);
        let word = self.packed(k, valid);
        k.drive(&self.write_word, k.stage(&self.word, 1).pass("word", word));
        self.addresses(k, [complete, last_row, ends_block]);
    }
}
