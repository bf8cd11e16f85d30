//! `x * m`, cut so that each product fits the multipliers of a device and each addition a clock.
//!
//! With both operands cut at bit `c`, `x = xh * 2^c + xl` and `m = mh * 2^c + ml`,
//!
//! ```text
//! x * m = (xh*mh * 2^2c + xl*ml) + (xh*ml + xl*mh) * 2^c
//!          outer: no adder          middle
//! ```

use super::Requantizer;
use super::chain::Chain;
use super::datapath::{Output, nudge};
use super::passes::Passes;
use crate::cells::{FACTOR, Mult18x18d, Target};
use crate::exact::{Clk, Int, Kernel, Range, Rank};

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
    cut: u32,
    exact: Range,
}

impl<'k> Partial<'k> {
    /// The products, each by `multiply`, which is given its name; those that are always 0 are not asked for.
    pub(super) fn new(
        target: Target,
        [x, m]: [Int<'k>; 2],
        mut multiply: impl FnMut(&str, Int<'k>, Int<'k>) -> Int<'k>,
    ) -> Partial<'k> {
        let cut = cut(target);
        let parts = |v: Int<'k>| if fits(target, v.range()) { [v.lit(0), v] } else { [v >> cut, v.bits(0, cut)] };
        let ([x_high, x_low], [m_high, m_low]) = (parts(x), parts(m));
        let mut product = |name, a: Int<'k>, b: Int<'k>| {
            if [a, b].iter().any(|v| v.range() == Range::constant(0)) { a.lit(0) } else { multiply(name, a, b) }
        };
        Partial {
            high: product("high", x_high, m_high),
            middle: [product("middle_0", x_high, m_low), product("middle_1", x_low, m_high)],
            low: product("low", x_low, m_low),
            cut,
            exact: (x * m).range(),
        }
    }

    /// The two parts that one addition puts together.
    fn outer(self) -> Int<'k> {
        if self.high.range() == Range::constant(0) { self.low } else { self.high.concat(self.low, 2 * self.cut) }
    }

    /// Their sum: the middle through one rank, the whole through another.
    pub(super) fn sum(self, [middle, product]: [Rank<'k>; 2]) -> Int<'k> {
        let outer = middle.pass("outer", self.outer());
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
    pub(super) fn sum_in_three(self, [middle, join, product]: [Rank<'k>; 3]) -> Int<'k> {
        let (cut, low) = (self.cut, |v: Int<'k>| v.bits(0, self.cut));
        let outer = middle.pass("outer", self.outer());
        let [inner_0, inner_1] = self.middle.map(|v| middle.pass("middle_high", v >> cut));
        let inner_low = middle.pass("middle_low", low(self.middle[0]) + low(self.middle[1]));

        let inner_high = join.pass("middle_high", with_carry(inner_0, inner_1, inner_low >> cut));
        let joined = join.pass("joined", low(outer >> cut) + low(inner_low));
        let outer_high = join.pass("outer_high", outer >> (2 * cut));
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
            let p = self.in_chain(k, chain, advance, [x, m, nudge(self._config.rule, x, s)]);
            return (join.pass("product", p), beside.0, beside.1);
        }
        let target = self._config.target;
        let parts = if self.part.is_empty() {
            let (x, m) = (biased.pass("x", x), biased.pass("multiplier", m));
            if self.partial.latency() == 0 {
                return (product.pass("product", (x * m).named("product")), beside.0, beside.1);
            }
            Partial::new(target, [x, m], |name, a, b| partial.pass(name, multiply.pass(name, a * b)))
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
