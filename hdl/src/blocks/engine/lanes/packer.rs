//! Makes words of results, and says where they go.

use rust_hdl::prelude::*;

use super::drain::ENDS;
use super::timing::INT8;
use crate::blocks::engine::config::EngineConfig;
use crate::blocks::engine::instruction::{self, InstructionPorts, Kept, Kind};
use crate::describe_logic;
use crate::exact::{BIT, Bus, Clk, Describe, Header, Int, Kernel, Port, Range, Reg, Stage};

/// The results of an item come in steps, lane 0 first, and make a word. In a step of kind `lanes` it goes to the activation
/// memory, in a step of kind `fused` to the block buffer. The packer counts groups, rows and halves itself: an item is one
/// group further than the item before, or the first group of the next pixel.
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
    /// there are results
    pub valid: Port<In>,
    /// the results
    pub y: Bus<In>,
    /// they are the last of their item
    pub last: Port<In>,
    /// with the last results: the item is the last of its pixel, of its block, of the step
    pub ends: Bus<In>,
    /// a word for the block buffer
    pub fill: Port<Out>,
    /// half of the block buffer for the word
    pub fill_half: Port<Out>,
    /// row of the block buffer for the word
    pub fill_row: Port<Out>,
    /// number of the word in its row
    pub fill_at: Port<Out>,
    /// it is the last word of its block
    pub fill_end: Port<Out>,
    /// a word for the activation memory
    pub write: Port<Out>,
    /// its address
    pub write_address: Port<Out>,
    /// the word
    pub word: Port<Out>,
    /// it is the last word of the step
    pub done: Port<Out>,
    kept: Kept,
    places: Vec<Stage>,
    complete: Reg,
    fills: Reg,
    fills_end: Reg,
    writes: Reg,
    finished: Reg,
    begins: Reg,
    pixel_ends: Reg,
    group: Reg,
    row: Reg,
    half: Reg,
    at: Reg,
    next_pixel: Reg,
}

impl Packer {
    /// The packer of the engine that `config` describes.
    pub fn new(config: &EngineConfig) -> Packer {
        let address = config.activation_address();
        let group = Range::new(0, config.buffer_words() as i128 - 1);
        let row = Range::new(0, config.rows as i128 - 1);
        let flag = || Reg::control(BIT, 0);
        Packer {
            clk: Clk::new(),
            rst_n: Port::bit("synchronous reset, active low"),
            instruction: InstructionPorts::default(),
            start: Port::bit("the instruction has been shown"),
            valid: Port::bit("there are results"),
            y: Bus::new(config.lane_requantizers, INT8, "results of neighbouring lanes"),
            last: Port::bit("they are the last of their item"),
            ends: Bus::new(ENDS, BIT, "last item of its pixel, of its block, of the step"),
            fill: Port::bit("a word for the block buffer"),
            fill_half: Port::bit("half of the block buffer"),
            fill_row: Port::new(row, "row of the block buffer"),
            fill_at: Port::new(group, "number of the word in its row"),
            fill_end: Port::bit("a word for the block buffer, the last of its block"),
            write: Port::bit("a word for the activation memory"),
            write_address: Port::new(address, "its address"),
            word: Port::new(config.word(), "the word"),
            done: Port::bit("a word for the activation memory, the last of the step"),
            kept: Kept::new(
                config.target,
                &[
                    (instruction::KIND, instruction::KIND.range()),
                    (instruction::OUT, address),
                    (instruction::OUT_PITCH, address),
                ],
            ),
            places: (0..config.lane_steps()).map(|_| Stage::new(true)).collect(),
            complete: flag(),
            fills: flag(),
            fills_end: flag(),
            writes: flag(),
            finished: flag(),
            begins: flag(),
            pixel_ends: Reg::new(BIT),
            group: Reg::new(group),
            row: Reg::new(row),
            half: Reg::new(BIT),
            at: Reg::new(address),
            next_pixel: Reg::new(address),
        }
    }

    /// The word: new results enter above the results that are there.
    fn pack(&self, k: &Kernel, valid: Int<'_>) {
        let bits = INT8.width();
        let results = (0..self.y.lanes()).map(|q| k.lane(&self.y, q).bits(0, bits));
        let mut group = results.rev().reduce(|upper, byte| upper.concat(byte, bits)).expect("there is a requantizer");
        let mut word: Option<Int<'_>> = None;
        for place in &self.places {
            group = k.stage(place, valid).pass("results", group);
            word = Some(word.map_or(group, |word| word.concat(group, bits * self.y.lanes() as u32)));
        }
        k.drive(&self.word, word.expect("there is a step"));
    }

    /// What becomes of the word in the next clock.
    fn announce(&self, k: &Kernel) {
        let kind = self.kept.read(k, instruction::KIND);
        let complete = k.read(&self.valid) & k.read(&self.last);
        let [pixel, block, step] = std::array::from_fn(|i| k.lane(&self.ends, i));
        let fills = (complete & kind.equals(Kind::Fused as i128)).named("fills_next");
        let writes = (complete & kind.equals(Kind::Lanes as i128)).named("writes_next");
        for (reg, next) in [
            (&self.complete, complete),
            (&self.fills, fills),
            (&self.fills_end, fills & block),
            (&self.writes, writes),
            (&self.finished, writes & step),
            (&self.pixel_ends, pixel),
        ] {
            k.register(reg, next);
        }
        for (to, reg) in [
            (&self.fill, &self.fills),
            (&self.fill_end, &self.fills_end),
            (&self.write, &self.writes),
            (&self.done, &self.finished),
        ] {
            k.drive(to, k.read(reg));
        }
    }

    /// Where the word goes. The counters move on behind it. A step begins like a pixel, one clock after its start, so that
    /// only one selection stands behind an addition. A block has as many pixels as rows, which are a power of two, so that
    /// the row begins again by itself.
    fn count(&self, k: &Kernel) {
        let (start, begins, complete) = (k.read(&self.start), k.read(&self.begins), k.read(&self.complete));
        k.register(&self.begins, start);
        let again = (begins | k.read(&self.pixel_ends)).named("again");
        let (item, pixel) = (begins | complete, begins | (complete & again));
        let next = |reg: &Reg| (k.read(reg) + 1).wrap(reg.range());
        let [out, pitch] = [instruction::OUT, instruction::OUT_PITCH].map(|field| self.kept.read(k, field));
        let next_pixel = k.read(&self.next_pixel);
        k.register_when(&self.at, item, again.mux(next_pixel, next(&self.at)));
        let further = (next_pixel + pitch).wrap(next_pixel.range());
        k.register_when(&self.next_pixel, start | pixel, start.mux(out, further));
        k.register_when(&self.group, item, again.mux(0, next(&self.group)));
        k.register_when(&self.row, pixel, begins.mux(0, next(&self.row)));
        k.register(&self.half, !start & (k.read(&self.half) ^ k.read(&self.fills_end)));
        k.drive(&self.fill_half, k.read(&self.half));
        k.drive(&self.fill_row, k.read(&self.row));
        k.drive(&self.fill_at, k.read(&self.group));
        k.drive(&self.write_address, k.read(&self.at));
    }
}

describe_logic!(Packer);

impl Describe for Packer {
    fn header(&self) -> Header {
        let (lanes, bits) = (self.y.lanes(), self.word.range().width());
        Header::new(format!("lane_packer_{lanes}"), format!("Words of {bits} bits from {lanes} results at a time."))
            .fact("latency", "1 cycle from the last results of a word")
    }

    fn describe(&self, k: &Kernel) {
        k.clock(&self.clk);
        k.reset(&self.rst_n);
        self.kept.describe(k, &self.instruction);
        self.pack(k, k.read(&self.valid));
        self.announce(k);
        self.count(k);
    }
}
