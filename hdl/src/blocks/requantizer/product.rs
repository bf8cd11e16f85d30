//! `x * m`, cut so that each product fits the multipliers of a device and each addition a clock.
//!
//! With both operands cut at bit `c`, `x = xh * 2^c + xl` and `m = mh * 2^c + ml`,
//!
//! ```text
//! x * m = (xh*mh * 2^2c + xl*ml) + (xh*ml + xl*mh) * 2^c
//!          outer: no adder          middle
//! ```
//!
//! Products that are left to synthesis have one rank directly behind them, never two: what waits for others is waited for
//! in ranks of the operands. With two, `synth_ice40 -dsp` of Yosys 0.70 takes both into SB_MAC16 and loses the product.

use super::Requantizer;
use super::datapath::Output;
use super::passes::Passes;
use super::rounding::Rounding;
use crate::exact::{Clk, Int, Kernel, Range, Rank};
use crate::targets::Target;
use crate::targets::ecp5::{FACTOR, Mult18x18d};
use crate::targets::ice40::chain::Chain;

/// Bits of the lower part of an operand that is cut: what an unsigned factor of the multipliers may have.
pub(super) const fn cut(target: Target) -> u32 {
    match target {
        // 16 x 16 bits of iCE40, and what every other device has at least.
        Target::Generic | Target::Ice40 => 16,
        Target::Ecp5 => 17,
    }
}

/// An operand that need not be cut.
pub(super) fn fits(target: Target, range: Range) -> bool {
    match target {
        Target::Generic | Target::Ice40 => range.width() <= cut(target),
        Target::Ecp5 => FACTOR.covers(range),
    }
}

/// Products for operands of these ranges; `None` where one is no sum of two factors, as one of 48 bits.
pub(super) fn products(target: Target, operands: [Range; 2]) -> Option<usize> {
    let wide = operands.iter().any(|r| r.width() > 2 * cut(target));
    let parts = |range: Range| if fits(target, range) { 1 } else { 2 };
    (!wide).then(|| operands.map(parts).iter().product())
}

/// The products of two operands that are cut.
#[derive(Debug, Clone, Copy)]
pub(super) struct Partial<'k> {
    high: Int<'k>,
    middle: [Int<'k>; 2],
    low: Int<'k>,
    /// the outer ones come as late as they are added, because their operands do
    late: bool,
    cut: u32,
    exact: Range,
}

/// Operands, and behind how many ranks of the pipeline they are.
#[derive(Debug, Clone, Copy)]
struct Operands<'k> {
    x: Int<'k>,
    m: Int<'k>,
    ranks: usize,
}

impl<'k> Operands<'k> {
    fn behind(self, rank: Rank<'k>) -> Operands<'k> {
        let (x, m) = (rank.pass("x", self.x), rank.pass("multiplier", self.m));
        Operands { x, m, ranks: self.ranks + rank.latency() }
    }
}

impl<'k> Partial<'k> {
    /// The products, each by `multiply`; those that are always 0 are not asked for.
    pub(super) fn new(
        target: Target,
        [x, m]: [Int<'k>; 2],
        mut multiply: impl FnMut(&str, Int<'k>, Int<'k>) -> Int<'k>,
    ) -> Partial<'k> {
        let operands = Operands { x, m, ranks: 0 };
        let multiply = |name: &str, a, b, _| multiply(name, a, b);
        Partial { late: false, ..Partial::of_later(target, operands, [operands; 2], multiply) }
    }

    /// The same, of later operands the high and the low one: a rank later if the middle ones are added in one, and the high
    /// one a further rank if all are [`summed in three`](Partial::sum_in_three). `multiply` is given the name of a product,
    /// its factors, and behind how many ranks they are.
    fn of_later(
        target: Target,
        of_middle: Operands<'k>,
        [of_high, of_low]: [Operands<'k>; 2],
        mut multiply: impl FnMut(&str, Int<'k>, Int<'k>, usize) -> Int<'k>,
    ) -> Partial<'k> {
        let cut = cut(target);
        let high = |v: Int<'k>| if fits(target, v.range()) { v.lit(0) } else { v >> cut };
        let low = |v: Int<'k>| if fits(target, v.range()) { v } else { v.bits(0, cut) };
        let mut product = |name, a: Int<'k>, b: Int<'k>, ranks| {
            if [a, b].iter().any(|v| v.range() == Range::constant(0)) { a.lit(0) } else { multiply(name, a, b, ranks) }
        };
        let Operands { x, m, ranks } = of_middle;
        Partial {
            high: product("high", high(of_high.x), high(of_high.m), of_high.ranks),
            middle: [product("middle_0", high(x), low(m), ranks), product("middle_1", low(x), high(m), ranks)],
            low: product("low", low(of_low.x), low(of_low.m), of_low.ranks),
            late: true,
            cut,
            exact: (x * m).range(),
        }
    }

    /// The two parts that one addition puts together.
    fn outer(self) -> Int<'k> {
        if self.high.range() == Range::constant(0) { self.low } else { self.high.concat(self.low, 2 * self.cut) }
    }

    /// Their sum: the middle through one rank, the whole through another.
    fn sum(self, [middle, product]: [Rank<'k>; 2]) -> Int<'k> {
        let outer = if self.late { self.outer() } else { middle.pass("outer", self.outer()) };
        let inner = middle.pass("middle", self.middle[0] + self.middle[1]);
        product.pass("product", self.checked(self.added(outer, inner)))
    }

    /// Their sum within one clock.
    pub(super) fn joined(self) -> Int<'k> {
        let inner = self.middle[0] + self.middle[1];
        if inner.range() == Range::constant(0) { self.outer() } else { self.added(self.outer(), inner) }
    }

    /// The low bits need no adder.
    fn added(self, outer: Int<'k>, inner: Int<'k>) -> Int<'k> {
        ((outer >> self.cut) + inner).concat(outer.bits(0, self.cut), self.cut)
    }

    /// Their sum by carries that are registered: no addition is longer than the uppermost bits.
    fn sum_in_three(self, [middle, join, product]: [Rank<'k>; 3]) -> Int<'k> {
        let (cut, low) = (self.cut, |v: Int<'k>| v.bits(0, self.cut));
        let outer = if self.late { self.low } else { middle.pass("outer", self.outer()) };
        let [inner_0, inner_1] = self.middle.map(|v| middle.pass("middle_high", v >> cut));
        let inner_low = middle.pass("middle_low", low(self.middle[0]) + low(self.middle[1]));

        let inner_high = join.pass("middle_high", with_carry(inner_0, inner_1, inner_low >> cut));
        let joined = join.pass("joined", low(outer >> cut) + low(inner_low));
        let outer_high = if self.late { self.high } else { join.pass("outer_high", outer >> (2 * cut)) };
        let outer_low = join.pass("outer_low", low(outer));

        let high = with_carry(outer_high, inner_high, joined >> cut);
        let sum = high.concat(low(joined), cut).concat(outer_low, cut);
        product.pass("product", self.checked(sum))
    }

    fn checked(self, sum: Int<'k>) -> Int<'k> {
        sum.bounded(self.exact, "it is the product of the two operands").named("product")
    }
}

/// `a + b + carry` by one adder: a place below the lowest makes the carry.
pub(super) fn with_carry<'k>(a: Int<'k>, b: Int<'k>, carry: Int<'k>) -> Int<'k> {
    if carry.range() == Range::constant(0) { a + b } else { (a.concat(carry, 1) + b.concat(carry, 1)) >> 1 }
}

/// A product by a multiplier cell, with its registers.
pub(super) fn in_cell<'k>(
    k: &'k Kernel,
    clk: &Clk,
    cell: Option<&'k Mult18x18d>,
    enable: Int<'k>,
    [a, b]: [Int<'k>; 2],
) -> Int<'k> {
    let cell = cell.expect("the configuration counts the products");
    k.pass_clock(clk, &cell.clk);
    k.drive(&cell.a, a);
    k.drive(&cell.b, b);
    cell.enable.get().into_iter().for_each(|port| k.drive(port, enable));
    k.read(&cell.p).bounded((a * b).range(), "it is the product of the two factors")
}

impl Requantizer {
    /// `x * m`, and the nudge of the first rounding if a chain of multipliers adds it: by one multiplier, or cut into
    /// products where a rank of registers stands behind them. With it, behind as many ranks, what is needed later.
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
        let stages = [&self.biased, &self.multiply, &self.partial, &self.middle, &self.join, &self.product];
        let ranks = stages.map(|stage| k.stage(stage, advance));
        let [biased, multiply, partial, middle, join, product] = ranks;
        let beside = ranks.iter().fold((s, output), |(s, o), rank| (rank.pass("shift", s), o.pass(*rank)));

        if let Some(chain) = self.chain.get() {
            let p = self.in_chain(k, chain, advance, [x, m, Rounding::of(self._config.rule).nudge_of(x, s)]);
            return (join.pass("product", p), beside.0, beside.1);
        }
        let target = self._config.target;
        let parts = if self.part.is_empty() {
            let operands = Operands { x, m, ranks: 0 }.behind(biased).behind(multiply);
            if self.partial.latency() == 0 || products(target, [x.range(), m.range()]) == Some(1) {
                let Operands { x, m, .. } = operands.behind(partial).behind(middle).behind(join);
                return (product.pass("product", (x * m).named("product")), beside.0, beside.1);
            }
            let late = operands.behind(middle);
            // Only with a beat: a rank with an enable of its own is not one of those in a multiplier of iCE40 that its
            // operands share, but that at its output, which is sooner.
            let rank = |ranks| if ranks == 0 { partial } else { partial.when(self.flow.passed(k, ranks)) };
            let multiply = |name: &str, a, b, ranks| rank(ranks).pass(name, a * b);
            Partial::of_later(target, operands, [late.behind(join), late], multiply)
        } else {
            let mut cells = self.part.iter();
            Partial::new(target, [x, m], |_, a, b| in_cell(k, &self.clk, cells.next(), advance, [a, b]))
        };
        let p = match self.join.latency() {
            0 => parts.sum([middle, product]),
            _ => parts.sum_in_three([middle, join, product]),
        };
        (p, beside.0, beside.1)
    }

    /// The whole product by multipliers that are chained, whose registers are all ranks of the product.
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
        chain.enable.get().into_iter().for_each(|enable| k.drive(enable, advance));
        chain.nudge.get().into_iter().for_each(|port| k.drive(port, nudge));
        k.read(&chain.p)
    }

    /// The whole product in passes. The operands, and what is needed later, wait in one rank until the last pass enters, and
    /// what is needed later in as many behind it as the product takes.
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
        let operands = k.stage(&self.biased, advance & flow.begins(k));
        k.pass_clock(&self.clk, &passes.clk);
        k.drive(&passes.x, operands.pass("x", x));
        k.drive(&passes.m, operands.pass("multiplier", m));
        passes.enable.get().into_iter().for_each(|enable| k.drive(enable, advance));
        passes.control(k, |pass| flow.passed(k, pass));

        let beside = (operands.pass("shift", s), output.pass(operands));
        let held = self.held.iter().zip(1..).fold(beside, |(s, output), (stage, times)| {
            let rank = k.stage(stage, advance & flow.passed(k, times * count));
            (rank.pass("shift", s), output.pass(rank))
        });
        (k.read(&passes.p), held.0, held.1)
    }
}
