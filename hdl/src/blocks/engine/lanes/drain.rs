//! The order in which the sums of an item leave the lanes, and the parameters that each of them needs.

use rust_hdl::prelude::*;

use super::timing::STEP;
use crate::blocks::delay::delays;
use crate::blocks::engine::config::EngineConfig;
use crate::blocks::engine::instruction::{self, InstructionPorts, Kept};
use crate::describe_logic;
use crate::exact::{BIT, Bus, Clk, Describe, Header, Kernel, Port, Reg, Stage};

/// The ends that the last tap of an item may mark: of its pixel, of its block and of the step.
pub(super) const ENDS: usize = 3;

/// The lanes of an item leave in steps, as many in a step as there are requantizers, lane 0 first. A step is one clock, and
/// a step follows another as many clocks later as a requantizer needs for a sum. The steps of an item begin two clocks
/// after its last tap, ahead of the sums, so that the parameters have the time to come out of their memory.
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
    /// last tap of an item
    pub item: Port<In>,
    /// it is the last tap of its pixel, of its block, of the step
    pub ends: Bus<In>,
    /// a step
    pub step: Port<Out>,
    /// it is the first of its item
    pub first: Port<Out>,
    /// it is the last of its item
    pub last: Port<Out>,
    /// the item is the last of its pixel, of its block, of the step
    pub item_ends: Bus<Out>,
    /// entry of the parameters of the step
    pub entry: Port<Out>,
    kept: Kept,
    comes: Reg,
    line: Vec<Reg>,
    coming: Stage,
    draining: Stage,
    at: Reg,
    _passes: usize,
}

impl Drain {
    /// The drain of the engine that `config` describes.
    pub fn new(config: &EngineConfig) -> Drain {
        let entry = config.lane_entries();
        let kept = [
            (instruction::LANE_PARAMETERS, entry),
            (instruction::PARAMETERS_ADVANCE, instruction::PARAMETERS_ADVANCE.range()),
        ];
        let flag = || Reg::control(BIT, 0);
        Drain {
            clk: Clk::new(),
            rst_n: Port::bit("synchronous reset, active low"),
            instruction: InstructionPorts::default(),
            start: Port::bit("the instruction has been shown"),
            item: Port::bit("last tap of an item"),
            ends: Bus::new(ENDS, BIT, "last tap of its pixel, of its block, of the step"),
            step: Port::bit("a step"),
            first: Port::bit("the first of its item"),
            last: Port::bit("the last of its item"),
            item_ends: Bus::new(ENDS, BIT, "last item of its pixel, of its block, of the step"),
            entry: Port::new(entry, "entry of the parameters of the step"),
            // Where a step brings its parameters, they begin at 0.
            kept: Kept::new(config.target, if config.resident { &kept } else { &kept[1..] }),
            comes: flag(),
            line: (0..=config.lanes_item() - config.passes).map(|_| flag()).collect(),
            coming: Stage::new(true),
            draining: Stage::new(true),
            at: Reg::new(entry),
            _passes: config.passes,
        }
    }
}

describe_logic!(Drain);

impl Describe for Drain {
    fn header(&self) -> Header {
        let steps = (self.line.len() - 1) / self._passes + 1;
        Header::new(format!("lane_drain_{steps}"), "The order in which the sums of an item leave the lanes.")
            .fact("steps", format!("{steps}, the first {STEP} cycles after the last tap"))
            .fact("interval", format!("{} cycles", self._passes))
    }

    fn describe(&self, k: &Kernel) {
        k.clock(&self.clk);
        k.reset(&self.rst_n);
        self.kept.describe(k, &self.instruction);
        k.register(&self.comes, k.read(&self.item));
        let comes = k.read(&self.comes);
        let line = delays(k, &self.line, comes);
        let steps = line.iter().step_by(self._passes).copied();
        let step = steps.reduce(|a, b| a | b).unwrap_or(comes).named("stepping");
        let last = line[line.len() - 1];

        let (coming, draining) = (k.stage(&self.coming, 1), k.stage(&self.draining, comes));
        let ends: [_; ENDS] = std::array::from_fn(|i| {
            let name = format!("ends_{i}");
            let end = draining.pass(&name, coming.pass(&name, k.lane(&self.ends, i)));
            k.drive_lane(&self.item_ends, i, end);
            end
        });
        let (start, first, at) =
            (k.read(&self.start), self.kept.read_or_0(k, instruction::LANE_PARAMETERS), k.read(&self.at));
        let advance = self.kept.read(k, instruction::PARAMETERS_ADVANCE);
        let again = start | (last & (ends[0] | !advance));
        k.register_when(&self.at, start | step, again.mux(first, (at + 1).wrap(at.range())));

        k.drive(&self.step, step);
        k.drive(&self.first, line[0]);
        k.drive(&self.last, last);
        k.drive(&self.entry, at);
    }
}
