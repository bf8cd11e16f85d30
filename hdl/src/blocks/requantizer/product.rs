//! The product of a requantizer: at once, by one multiplier or several, in a chain of multipliers, or in passes.

use super::Requantizer;
use super::datapath::Output;
use super::partial::{Operands, Partial};
use super::passes::Passes;
use super::rounding::Rounding;
use crate::exact::{Clk, Int, Kernel, Rank};
use crate::stream::PipelineStream;
use crate::targets::ecp5::{Mult18x18d, next_cell};
use crate::targets::ice40::chain::Chain;
use crate::targets::{Place, Traits};

/// What makes a product at once, with the ranks within it.
pub(in crate::blocks) struct AtOnce<'k> {
    pub traits: &'k Traits,
    pub clk: &'k Clk,
    pub advance: Int<'k>,
    /// the stream of the block, and its ranks before the product
    pub flow: (&'k PipelineStream, usize),
    /// the multipliers of iCE40 that put the product together, if they do
    pub chain: Option<&'k Chain>,
    /// the multipliers of ECP5, if it is made of them
    pub cells: &'k [Mult18x18d],
    /// the ranks at [`AtOnce::PLACES`]
    pub ranks: [Rank<'k>; 6],
}

impl<'k> AtOnce<'k> {
    /// The places within a product, in the order of the data path.
    pub const PLACES: [Place; 6] =
        [Place::Operands, Place::Multiply, Place::Partial, Place::Middle, Place::Join, Place::Product];

    /// `x * m`, plus the nudge if a chain of multipliers adds it. The product is made by one multiplier, or is cut into
    /// products if a register rank stands behind them.
    pub fn product(&self, k: &'k Kernel, [x, m]: [Int<'k>; 2], nudge: impl FnOnce() -> Int<'k>) -> Int<'k> {
        let [biased, multiply, partial, middle, join, product] = self.ranks;
        if let Some(chain) = self.chain {
            return join.pass("product", self.in_chain(k, chain, [x, m], nudge()));
        }
        let traits = self.traits;
        let parts = if self.cells.is_empty() {
            let operands = Operands { x, m, ranks: 0 }.behind(biased).behind(multiply);
            if partial.latency() == 0 || traits.products([x.range(), m.range()]) == Some(1) {
                let Operands { x, m, .. } = operands.behind(partial).behind(middle).behind(join);
                return product.pass("product", (x * m).named("product"));
            }
            let late = operands.behind(middle);
            // This rank moves only with a beat. A rank with an enable of its own becomes the register at the output of
            // a multiplier of iCE40, whose value comes sooner than the value of a register inside.
            let (flow, before) = self.flow;
            let rank = |ranks| if before + ranks == 0 { partial } else { partial.when(flow.passed(k, before + ranks)) };
            let multiply = |name: &str, a, b, ranks| rank(ranks).pass(name, a * b);
            Partial::of_later(traits, operands, [late.behind(join), late], multiply)
        } else {
            let mut cells = self.cells.iter();
            Partial::new(traits, [x, m], |_, a, b| next_cell(&mut cells).multiply(k, self.clk, self.advance, [a, b]))
        };
        match join.latency() {
            0 => parts.sum([middle, product]),
            _ => parts.sum_in_three([middle, join, product]),
        }
    }

    /// The whole product by chained multipliers, whose registers are all ranks of the product.
    fn in_chain(&self, k: &'k Kernel, chain: &'k Chain, [x, m]: [Int<'k>; 2], nudge: Int<'k>) -> Int<'k> {
        k.pass_clock(self.clk, &chain.clk);
        k.drive(&chain.x, x);
        k.drive(&chain.m, m);
        if let Some(enable) = chain.enable.get() {
            k.drive(enable, self.advance);
        }
        if let Some(port) = chain.nudge.get() {
            k.drive(port, nudge);
        }
        k.read(&chain.p)
    }
}

impl Requantizer {
    /// `x * m`, plus the nudge of the first rounding if a chain of multipliers adds it. Shift and output parameters,
    /// which are needed later, are returned behind as many ranks as the product.
    pub(super) fn product<'k>(
        &'k self,
        k: &'k Kernel,
        advance: Int<'k>,
        [x, m]: [Int<'k>; 2],
        s: Int<'k>,
        output: Output<'k>,
    ) -> (Int<'k>, Int<'k>, Output<'k>) {
        if let Some(passes) = self.passes.get() {
            return self.in_passes(k, passes, advance, [x, m], s, output);
        }
        let ranks = AtOnce::PLACES.map(|place| k.stage(&self.stages[place], advance));
        let beside = ranks.iter().fold((s, output), |(s, o), rank| (rank.pass("shift", s), o.pass(*rank)));
        let at_once = AtOnce {
            traits: self._config.target.traits(),
            clk: &self.clk,
            advance,
            flow: (&self.flow, 0),
            chain: self.chain.get(),
            cells: &self.part,
            ranks,
        };
        let p = at_once.product(k, [x, m], || Rounding::of(self._config.rule).nudge_of(x, s));
        (p, beside.0, beside.1)
    }

    /// The whole product in passes. The operands and the parameters that are needed later wait in one rank until the
    /// last pass enters. The parameters then wait in further ranks, until the product is complete.
    fn in_passes<'k>(
        &'k self,
        k: &'k Kernel,
        passes: &'k Passes,
        advance: Int<'k>,
        [x, m]: [Int<'k>; 2],
        s: Int<'k>,
        output: Output<'k>,
    ) -> (Int<'k>, Int<'k>, Output<'k>) {
        let (flow, count) = (&self.flow, self._config.passes);
        let operands = k.stage(&self.stages[Place::Operands], advance & flow.begins(k));
        k.pass_clock(&self.clk, &passes.clk);
        k.drive(&passes.x, operands.pass("x", x));
        k.drive(&passes.m, operands.pass("multiplier", m));
        if let Some(enable) = passes.enable.get() {
            k.drive(enable, advance);
        }
        passes.control(k, |pass| flow.passed(k, pass));

        let beside = (operands.pass("shift", s), output.pass(operands));
        let held = self.held.iter().zip(1..).fold(beside, |(s, output), (stage, times)| {
            let rank = k.stage(stage, advance & flow.passed(k, times * count));
            (rank.pass("shift", s), output.pass(rank))
        });
        (k.read(&passes.p), held.0, held.1)
    }
}
