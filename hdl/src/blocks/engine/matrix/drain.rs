//! The order in which the sums of a tile leave the array, and the parameters that each of them needs.

use rust_hdl::prelude::*;

use crate::blocks::engine::EngineConfig;
use crate::blocks::engine::instruction::{self, InstructionPorts, Kept};
use crate::describe_logic;
use crate::exact::{Clk, Describe, Header, Int, Kernel, Maybe, Port, Range, Reg};

/// The columns of a tile leave in groups, and of each group all rows, row 0 first. Each step takes as many clocks as a
/// requantizer needs for a sum. The last tile of a block may have fewer words than the array has columns for.
///
/// The drain runs ahead of the sums by the clocks that parameters need to come out of their memory.
#[derive(LogicBlock)]
pub struct Drain {
    /// clock
    pub clk: Clk,
    /// reset: nothing drains
    pub rst_n: Port<In>,
    /// the instruction
    pub instruction: InstructionPorts,
    /// the instruction has been shown
    pub start: Port<In>,
    /// a tile drains from the next clock on
    pub begin: Port<In>,
    /// the tile is the last of its block
    pub last_tile: Port<In>,
    /// the block is the last of the step
    pub last_block: Port<In>,
    /// the first clock of a step
    pub step: Port<Out>,
    /// the step is for row 0
    pub first_row: Port<Out>,
    /// the step is in the last block
    pub in_last_block: Port<Out>,
    /// the step is the last of its block
    pub ends_block: Port<Out>,
    /// the last clock of a step
    pub moves: Maybe<Port<Out>>,
    /// entry of the parameters of the step
    pub entry: Port<Out>,
    kept: Kept,
    active: Reg,
    place: Reg,
    words_left: Maybe<Reg>,
    of_last_tile: Reg,
    of_last_block: Reg,
    at: Reg,
    pace: Maybe<Reg>,
    _rows: usize,
}

impl Drain {
    /// The drain of the engine that `config` describes.
    pub fn new(config: &EngineConfig) -> Drain {
        let words = config.cols / config.lanes;
        let entry = Range::addresses(config.channels / config.requantizers);
        let last_words = (instruction::LAST_WORDS, Range::new(0, words as i128));
        // Where a step brings its parameters, they begin at 0.
        let parameters = Some((instruction::PARAMETERS, entry)).filter(|_| config.resident);
        let kept: Vec<_> = parameters.into_iter().chain(Some(last_words).filter(|_| words > 1)).collect();
        let flag = || Reg::control(0..=1, 0);
        Drain {
            clk: Clk::new(),
            rst_n: Port::bit("synchronous reset, active low"),
            instruction: InstructionPorts::default(),
            start: Port::bit("the instruction has been shown"),
            begin: Port::bit("a tile drains from the next clock on"),
            last_tile: Port::bit("the tile is the last of its block"),
            last_block: Port::bit("the block is the last of the step"),
            step: Port::bit("the first clock of a step"),
            first_row: Port::bit("the step is for row 0"),
            in_last_block: Port::bit("the step is in the last block"),
            ends_block: Port::bit("the step is the last of its block"),
            moves: Maybe::when(config.passes > 1, || Port::bit("the last clock of a step")),
            entry: Port::new(entry, "entry of the parameters of the step"),
            kept: Kept::new(config.target, &kept),
            active: flag(),
            place: Reg::new(0..=config.places() as i128 - 1),
            words_left: Maybe::when(words > 1, || Reg::new(0..=words as i128 - 1)),
            of_last_tile: Reg::new(0..=1),
            of_last_block: Reg::new(0..=1),
            at: Reg::new(entry),
            pace: Maybe::when(config.passes > 1, || Reg::new(0..=config.passes as i128 - 1)),
            _rows: config.rows,
        }
    }

    /// Whether this is the first, and whether it is the last clock of a step.
    fn phases<'k>(&self, k: &'k Kernel) -> [Int<'k>; 2] {
        let active = k.read(&self.active);
        let Some(pace) = self.pace.get() else { return [active; 2] };
        let (clock, begin) = (k.read(pace), k.read(&self.begin));
        k.register_when(pace, begin | active, begin.mux(0, (clock + 1).wrap(clock.range())));
        [active & clock.equals(0), active & clock.equals(clock.range().hi())]
    }

    /// Counts the words of a tile. Returns whether this word is the last.
    fn words<'k>(&self, k: &'k Kernel, begin: Int<'k>, ends_word: Int<'k>) -> Int<'k> {
        let Some(reg) = self.words_left.get() else { return k.lit(1) };
        let (left, all) = (k.read(reg), reg.range());
        let in_last_tile = (self.kept.read(k, instruction::LAST_WORDS) - 1).wrap(all);
        let words = k.read(&self.last_tile).mux(in_last_tile, all.hi());
        k.register_when(reg, begin | ends_word, begin.mux(words, (left - 1).wrap(all)));
        left.equals(0)
    }
}

describe_logic!(Drain);

impl Describe for Drain {
    fn header(&self) -> Header {
        Header::new("matrix_drain", "The order in which sums leave the array: columns in groups, and of each all rows.")
            .fact("steps for a word", self.place.range().hi() + 1)
    }

    fn describe(&self, k: &Kernel) {
        k.clock(&self.clk);
        k.reset(&self.rst_n);
        self.kept.describe(k, &self.instruction);
        let [step, moves] = self.phases(k);
        let [begin, of_last_tile] = [k.read(&self.begin), k.read(&self.of_last_tile)];
        let (place, entry) = (k.read(&self.place), k.read(&self.at));
        let row = place.bits(0, self._rows.ilog2());
        let ends_word = place.equals(place.range().hi()).named("ends_word");
        let last_word = self.words(k, begin, moves & ends_word);
        let ends_tile = (ends_word & last_word).named("ends_tile");
        let ends_block = (ends_tile & of_last_tile).named("ends_block_now");

        k.register(&self.active, begin | (k.read(&self.active) & !(moves & ends_tile)));
        k.register_when(&self.place, begin | moves, begin.mux(0, (place + 1).wrap(place.range())));
        k.register_when(&self.of_last_tile, begin, k.read(&self.last_tile));
        k.register_when(&self.of_last_block, begin, k.read(&self.last_block));
        let (start, first_entry) = (k.read(&self.start), self.kept.read_or_0(k, instruction::PARAMETERS));
        let next_entry = (start | ends_block).mux(first_entry, (entry + 1).wrap(entry.range()));
        let ends_group = moves & row.equals(self._rows as i128 - 1);
        k.register_when(&self.at, start | ends_group, next_entry);

        k.drive(&self.step, step);
        k.drive(&self.first_row, row.equals(0));
        k.drive(&self.in_last_block, k.read(&self.of_last_block));
        k.drive(&self.ends_block, ends_block);
        if let Some(port) = self.moves.get() {
            k.drive(port, moves);
        }
        k.drive(&self.entry, entry);
    }
}
