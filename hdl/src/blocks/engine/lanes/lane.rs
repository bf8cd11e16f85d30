//! One lane: a sum, or a maximum, and a place to hold it while it drains.

use rust_hdl::prelude::*;

use super::timing::INT8;
use crate::blocks::engine::config::{EngineConfig, TABLE_VALUE};
use crate::describe_logic;
use crate::exact::{BIT, Clk, Describe, Header, Int, Kernel, Maybe, Port, Reg, Stage};

/// `acc = acc + v`, where `v` is a product or the entry of a table. An item begins with its first value instead of a sum,
/// and a maximum with each greater value. The sum is complete one clock before it goes directly from the accumulator to the
/// drain register, so that the adder has no other reader than the accumulator.
///
/// The controls have a last rank in the lane.
#[derive(LogicBlock)]
pub struct Lane {
    /// clock
    pub clk: Clk,
    /// product of tap and weight
    pub product: Port<In>,
    /// entry of the table for the tap
    pub entry: Maybe<Port<In>>,
    /// the value is the entry
    pub table: Maybe<Port<In>>,
    /// the product or entry of this clock is a value
    pub take: Port<In>,
    /// the accumulator takes the value instead of a sum
    pub restart: Port<In>,
    /// the accumulator takes the value only if the value is greater
    pub greater: Port<In>,
    /// the drain register takes a sum
    pub step: Port<In>,
    /// the sum is the lane's own
    pub load: Maybe<Port<In>>,
    /// sum of the lane behind
    pub behind: Maybe<Port<In>>,
    /// sum held
    pub held: Port<Out>,
    value: Stage,
    takes: Reg,
    restarts: Reg,
    if_greater: Reg,
    acc: Reg,
    steps: Reg,
    loads: Maybe<Reg>,
    drained: Reg,
}

impl Lane {
    /// Lane `index` of the engine that `config` describes. The last lanes have none behind them.
    pub fn new(config: &EngineConfig, index: usize) -> Lane {
        let (acc, flag) = (config.lane_sum(), || Reg::new(BIT));
        let has_behind = index + config.lane_requantizers < config.lanes;
        Lane {
            clk: Clk::new(),
            product: Port::new(INT8 * INT8, "product of tap and weight"),
            entry: Maybe::when(config.tables, || Port::new(TABLE_VALUE, "entry of the table")),
            table: Maybe::when(config.tables, || Port::bit("the value is the entry")),
            take: Port::bit("there is a value"),
            restart: Port::bit("the accumulator takes the value itself"),
            greater: Port::bit("it takes a greater value only"),
            step: Port::bit("the drain register takes a sum"),
            load: Maybe::when(has_behind, || Port::bit("the sum is the lane's own")),
            behind: Maybe::when(has_behind, || Port::new(acc, "sum of the lane behind")),
            held: Port::new(acc, "sum held"),
            value: Stage::new(true),
            takes: flag(),
            restarts: flag(),
            if_greater: flag(),
            acc: Reg::new(acc),
            steps: flag(),
            loads: Maybe::when(has_behind, flag),
            drained: Reg::new(acc),
        }
    }

    /// The value of the clock before.
    fn value<'k>(&'k self, k: &'k Kernel) -> Int<'k> {
        let product = k.read(&self.product);
        let selected = match (self.table.get(), self.entry.get()) {
            (Some(table), Some(entry)) => k.read(table).mux(k.read(entry), product),
            _ => product,
        };
        k.stage(&self.value, 1).pass("value", selected)
    }
}

/// The low byte of a value that a byte holds.
fn byte(v: Int<'_>) -> Int<'_> {
    v.bits(0, INT8.width()).as_signed()
}

describe_logic!(Lane);

impl Describe for Lane {
    fn header(&self) -> Header {
        let width = self.acc.range().width();
        Header::new(format!("lane_acc{width}"), "acc = acc + v, or the greatest v, one value per clock.")
            .line("A complete sum moves to a register of its own, from which it drains.")
            .fact("v", if self.entry.get().is_some() { "a product, or the entry of a table" } else { "a product" })
            .fact("acc", self.acc.range())
    }

    fn describe(&self, k: &Kernel) {
        k.clock(&self.clk);
        let value = self.value(k);
        for (reg, port) in [
            (&self.takes, &self.take),
            (&self.restarts, &self.restart),
            (&self.if_greater, &self.greater),
            (&self.steps, &self.step),
        ] {
            k.register(reg, k.read(port));
        }
        let acc = k.read(&self.acc);
        let sum = (acc + value).bounded(acc.range(), "a sum has at most as many values as an item has taps");
        // The values of a maximum are bytes, and so is the greatest of them.
        let greater = byte(acc).lt(byte(value));
        let takes = (k.read(&self.takes) & (!k.read(&self.if_greater) | greater)).named("accumulate");
        k.register_when(&self.acc, takes, k.read(&self.restarts).mux(value, sum));
        let next = match (self.load.get(), self.behind.get(), self.loads.get()) {
            (Some(load), Some(behind), Some(loads)) => {
                k.register(loads, k.read(load));
                k.read(loads).mux(acc, k.read(behind))
            }
            _ => acc,
        };
        k.register_when(&self.drained, k.read(&self.steps), next);
        k.drive(&self.held, k.read(&self.drained));
    }
}
