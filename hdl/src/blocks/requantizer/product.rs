//! The product of a requantizer: at once, by one multiplier or several, in a chain of multipliers, or in passes.

use super::Requantizer;
use super::datapath::Output;
use super::partial::{Operands, Partial};
use super::passes::Passes;
use super::rounding::Rounding;
use crate::exact::{Int, Kernel};
use crate::targets::Place;
use crate::targets::ecp5::next_cell;
use crate::targets::ice40::chain::Chain;

impl Requantizer {
    /// `x * m`, plus the nudge of the first rounding if a chain of multipliers adds it. The product is made by one
    /// multiplier, or is cut into products if a register rank stands behind them. Shift and output parameters, which
    /// are needed later, are returned behind as many ranks as the product.
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
        let places = [Place::Operands, Place::Multiply, Place::Partial, Place::Middle, Place::Join, Place::Product];
        let ranks = places.map(|place| k.stage(&self.stages[place], advance));
        let [biased, multiply, partial, middle, join, product] = ranks;
        let beside = ranks.iter().fold((s, output), |(s, o), rank| (rank.pass("shift", s), o.pass(*rank)));

        if let Some(chain) = self.chain.get() {
            let p = self.in_chain(k, chain, advance, [x, m, Rounding::of(self._config.rule).nudge_of(x, s)]);
            return (join.pass("product", p), beside.0, beside.1);
        }
        let traits = self._config.target.traits();
        let parts = if self.part.is_empty() {
            let operands = Operands { x, m, ranks: 0 }.behind(biased).behind(multiply);
            if partial.latency() == 0 || traits.products([x.range(), m.range()]) == Some(1) {
                let Operands { x, m, .. } = operands.behind(partial).behind(middle).behind(join);
                return (product.pass("product", (x * m).named("product")), beside.0, beside.1);
            }
            let late = operands.behind(middle);
            // This rank moves only with a beat. A rank with an enable of its own becomes the register at the output of
            // a multiplier of iCE40, whose value comes sooner than the value of a register inside.
            let rank = |ranks| if ranks == 0 { partial } else { partial.when(self.flow.passed(k, ranks)) };
            let multiply = |name: &str, a, b, ranks| rank(ranks).pass(name, a * b);
            Partial::of_later(traits, operands, [late.behind(join), late], multiply)
        } else {
            let mut cells = self.part.iter();
            Partial::new(traits, [x, m], |_, a, b| next_cell(&mut cells).multiply(k, &self.clk, advance, [a, b]))
        };
        let p = match join.latency() {
            0 => parts.sum([middle, product]),
            _ => parts.sum_in_three([middle, join, product]),
        };
        (p, beside.0, beside.1)
    }

    /// The whole product by chained multipliers, whose registers are all ranks of the product.
    fn in_chain<'k>(
        &'k self,
        k: &'k Kernel,
        chain: &'k Chain,
        advance: Int<'k>,
        [x, m, nudge]: [Int<'k>; 3],
    ) -> Int<'k> {
        k.pass_clock(&self.clk, &chain.clk);
        k.drive(&chain.x, x);
        k.drive(&chain.m, m);
        if let Some(enable) = chain.enable.get() {
            k.drive(enable, advance);
        }
        if let Some(port) = chain.nudge.get() {
            k.drive(port, nudge);
        }
        k.read(&chain.p)
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
