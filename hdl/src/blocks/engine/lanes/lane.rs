//! One lane: a sum, or a maximum, and a place to hold it while it drains.

use rust_hdl::prelude::*;

use super::timing::{INT8, PRODUCT_RANKS};
use crate::blocks::delay::{open, through};
use crate::blocks::engine::config::{EngineConfig, TABLE_VALUE};
use crate::describe_logic;
use crate::exact::{BIT, Clk, Describe, Header, Int, Kernel, Maybe, Port, Range, Reg, Stage};

/// `acc = acc + v`, where `v` is a product or the entry of a table. An item begins with its first value instead of a sum.
/// The sum is complete one clock before it goes directly from the accumulator to the drain register, so that the adder has
/// no other reader than the accumulator.
///
/// A maximum is decided while the multiplier works: the accumulator takes the value of each tap that is greater than all
/// taps of its item before.
///
/// In a clock without a value the accumulator adds 0. An enable of its own would be a 33rd input of eight cells of iCE40,
/// which have room for 32, and so break the carry chain of the adder.
///
/// The controls have a last rank in the lane.
#[derive(LogicBlock)]
pub struct Lane {
    /// clock
    pub clk: Clk,
    /// tap, at the multiplier; the least byte in a clock without a tap
    pub tap: Port<In>,
    /// it is the first of its item
    pub begin: Port<In>,
    /// product of tap and weight, or the sum of the products of a clock
    pub product: Port<In>,
    /// entry of the table for the tap
    pub entry: Maybe<Port<In>>,
    /// the value is the entry
    pub table: Maybe<Port<In>>,
    /// the product or entry of the next clock is a value
    pub take: Port<In>,
    /// this value is the first of its item
    pub restart: Port<In>,
    /// the accumulator takes the greatest value of an item
    pub maximum: Port<In>,
    /// the drain register takes a sum
    pub step: Port<In>,
    /// the sum is the lane's own
    pub load: Maybe<Port<In>>,
    /// sum of the lane behind
    pub behind: Maybe<Port<In>>,
    /// sum held
    pub held: Port<Out>,
    inverse: Reg,
    leads: Vec<Stage>,
    value: Stage,
    takes: Reg,
    restarts: [Reg; 2],
    acc: Reg,
    steps: Reg,
    loads: Maybe<Reg>,
    drained: Reg,
}

impl Lane {
    /// Lane `index` of the engine that `config` describes. The last lanes have none behind them.
    pub fn new(config: &EngineConfig, index: usize) -> Lane {
        let (acc, flag) = (config.lane_sum(), || Reg::new(BIT));
        let copy = || flag().kept_if(config.target.traits().copies);
        let has_behind = index + config.lane_requantizers < config.lanes;
        Lane {
            clk: Clk::new(),
            tap: Port::new(INT8, "tap, or the least byte in a clock without a tap"),
            begin: Port::bit("it is the first of its item"),
            product: Port::new(config.lane_product(), "product of tap and weight"),
            entry: Maybe::when(config.tables, || Port::new(TABLE_VALUE, "entry of the table")),
            table: Maybe::when(config.tables, || Port::bit("the value is the entry")),
            take: Port::bit("there is a value in the next clock"),
            restart: Port::bit("it is the first of its item"),
            maximum: Port::bit("the accumulator takes the greatest value of an item"),
            step: Port::bit("the drain register takes a sum"),
            load: Maybe::when(has_behind, || Port::bit("the sum is the lane's own")),
            behind: Maybe::when(has_behind, || Port::new(acc, "sum of the lane behind")),
            held: Port::new(acc, "sum held"),
            inverse: Reg::new(INT8),
            leads: (0..PRODUCT_RANKS - 1).map(|_| Stage::new(true)).collect(),
            value: Stage::new(true),
            takes: flag(),
            restarts: [flag(), copy()],
            acc: Reg::new(acc),
            // Each lane has copies, because the sums of all lanes are many loads.
            steps: copy(),
            loads: Maybe::when(has_behind, copy),
            drained: Reg::new(acc),
        }
    }

    /// The value of the clock before, or 0, and whether it goes to the accumulator without a sum.
    fn value<'k>(&'k self, k: &'k Kernel) -> [Int<'k>; 2] {
        let maximum = k.read(&self.maximum);
        let take = k.read(&self.take) & (!maximum | self.leads(k));
        k.register(&self.takes, take);
        k.register(&self.restarts[0], take & (k.read(&self.restart) | maximum));
        k.register(&self.restarts[1], k.read(&self.restarts[0]));
        let product = k.read(&self.product);
        let selected = match (self.table.get(), self.entry.get()) {
            (Some(table), Some(entry)) => k.read(table).mux(k.read(entry), product),
            _ => product,
        };
        let value = k.stage(&self.value, 1).pass("value", k.read(&self.takes).mux(selected, 0));
        [value, k.read(&self.restarts[1])]
    }

    /// Whether the value of the next clock is greater than all values of its item before.
    fn leads<'k>(&'k self, k: &'k Kernel) -> Int<'k> {
        // `tap > greatest` as `tap + (-1 - greatest) >= 0`: the register holds the second term, which is the inverse of its
        // byte, and the sign of a sum is ready sooner than a comparison.
        let (tap, inverse) = (k.read(&self.tap), k.read(&self.inverse));
        let leads = (k.read(&self.begin) | !(tap + inverse).named("excess").is_negative()).named("greater");
        let bits = INT8.width();
        let inverted = (tap.bits(0, bits) ^ k.lit(Range::unsigned(bits).hi())).as_signed();
        k.register(&self.inverse, leads.mux(inverted, inverse));
        through(&open(k, &self.leads), "leads", leads)
    }
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
        let [value, restart] = self.value(k);
        k.register(&self.steps, k.read(&self.step));
        let acc = k.read(&self.acc);
        let sum = (acc + value).bounded(acc.range(), "a sum has at most as many values as an item has taps");
        k.register(&self.acc, restart.mux(value, sum));
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
