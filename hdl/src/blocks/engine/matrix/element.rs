//! An element of the array: a product, a sum, and a register in which a finished sum drains.

use rust_hdl::prelude::*;

use super::timing::INT8;
use crate::blocks::delay::through;
use crate::blocks::engine::EngineConfig;
use crate::blocks::gemm::product_in_luts;
use crate::describe_logic;
use crate::exact::{Clk, Describe, Header, Int, Kernel, Maybe, Port, Reg, Stage};
use crate::targets::Multiplier;
use crate::targets::ecp5::{Mult18x18d, Registers};

/// `sum = sum + a * b`, or `a * b` where a sum begins. A sum is complete for one clock, and the drain register takes it in
/// this clock.
///
/// The sum runs on in clocks without a beat, and has no meaning then. A sum of the terms that the configuration allows does
/// not overflow. Only one register stands behind the adder, so that the adder and the register share a place in the
/// device.
#[derive(LogicBlock)]
pub struct Element {
    /// clock
    pub clk: Clk,
    /// activation
    pub a: Maybe<Port<In>>,
    /// weight
    pub b: Maybe<Port<In>>,
    /// their product, if it is made outside the element
    pub p: Maybe<Port<In>>,
    /// a sum begins with the next clock's product
    pub first: Port<In>,
    /// the sum is complete in the next clock
    pub load: Port<In>,
    /// the drain register takes a sum in the next clock; without this port it takes one in every clock
    pub moves: Maybe<Port<In>>,
    /// sum of the element behind
    pub drain_in: Port<In>,
    /// sum held
    pub drain_out: Port<Out>,
    multiplier: Maybe<Mult18x18d>,
    before: [Stage; 3],
    product: Stage,
    control: Stage,
    sum: Reg,
    drained: Reg,
    _in_luts: bool,
}

impl Element {
    /// Element `index` of the array that `config` describes, counted row by row.
    pub fn new(config: &EngineConfig, index: usize) -> Element {
        let sum = config.element_sum();
        let in_luts = index >= config.dsp_elements();
        let made_by = |form| !in_luts && config.target.traits().multiplier == form;
        let (given, cell) = (made_by(Multiplier::SbMac16), made_by(Multiplier::Mult18x18d));
        // A cell has its ranks inside.
        let before = if given || cell { 0 } else { config.multiply_ranks() - 1 };
        let all = Registers { input: true, pipeline: true, output: true };
        Element {
            clk: Clk::new(),
            a: Maybe::when(!given, || Port::new(INT8, "activation")),
            b: Maybe::when(!given, || Port::new(INT8, "weight")),
            p: Maybe::when(given, || Port::new(INT8 * INT8, "their product")),
            first: Port::bit("a sum begins with the next clock's product"),
            load: Port::bit("the sum is complete in the next clock"),
            moves: Maybe::when(config.passes > 1, || Port::bit("the drain register takes a sum in the next clock")),
            drain_in: Port::new(sum, "sum of the element behind"),
            drain_out: Port::new(sum, "sum held"),
            multiplier: Maybe::when(cell, || Mult18x18d::new(all, false)),
            before: [0, 1, 2].map(|rank| Stage::new(rank < before)),
            product: Stage::new(!given),
            control: Stage::kept_if(config.target.traits().copies),
            sum: Reg::new(sum),
            drained: Reg::new(sum),
            _in_luts: in_luts,
        }
    }

    /// The product, behind all its ranks.
    fn multiply<'k>(&'k self, k: &'k Kernel) -> Int<'k> {
        if let Some(p) = self.p.get() {
            return k.read(p);
        }
        let [a, b] = [&self.a, &self.b].map(|port| port.get().map_or(k.lit(0), |port| k.read(port)));
        let ranks = self.before.each_ref().map(|stage| k.stage(stage, 1));
        let product = match self.multiplier.get() {
            Some(cell) => cell.multiply(k, &self.clk, k.lit(1), [a, b]),
            None if self._in_luts => product_in_luts(a, b, ranks),
            // Only one rank stands behind a product that is left to synthesis, for the reason in `requantizer/product.rs`.
            None => through(&ranks, "a", a) * through(&ranks, "b", b),
        };
        k.stage(&self.product, 1).pass("product", product.named("product"))
    }
}

describe_logic!(Element);

impl Describe for Element {
    fn header(&self) -> Header {
        let width = self.sum.range().width();
        let form = if self._in_luts { "_luts" } else { "" };
        Header::new(format!("element_{width}{form}"), "sum = sum + a * b, one product a clock; finished sums drain.")
            .fact("sum", self.sum.range())
    }

    fn describe(&self, k: &Kernel) {
        k.clock(&self.clk);
        let control = k.stage(&self.control, 1);
        let [first, load] =
            [("first", &self.first), ("load", &self.load)].map(|(name, p)| control.pass(name, k.read(p)));
        let moves = self.moves.get().map_or(k.lit(1), |port| control.pass("moves", k.read(port)));
        let (product, sum) = (self.multiply(k), k.read(&self.sum));
        k.register(&self.sum, first.mux(product, (sum + product).wrap(sum.range())));
        k.register_when(&self.drained, moves, load.mux(sum, k.read(&self.drain_in)));
        k.drive(&self.drain_out, k.read(&self.drained));
    }
}
