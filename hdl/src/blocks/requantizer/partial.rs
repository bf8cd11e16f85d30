//! `x * m`, cut so that each product fits the multipliers of a device and each addition fits into a clock.
//!
//! With both operands cut at bit `c`, `x = xh * 2^c + xl` and `m = mh * 2^c + ml`,
//!
//! ```text
//! x * m = (xh*mh * 2^2c + xl*ml) + (xh*ml + xl*mh) * 2^c
//!          outer: no adder          middle
//! ```
//!
//! A product that is left to synthesis has one rank directly behind it, never two. If it has to wait for other
//! products, its operands wait in ranks instead. With two ranks, `synth_ice40 -dsp` of Yosys 0.70 takes both into
//! SB_MAC16 and loses the product.

use crate::exact::{Int, Range, Rank};
use crate::targets::Traits;

/// The products of two operands that are cut.
#[derive(Debug, Clone, Copy)]
pub(super) struct Partial<'k> {
    high: Int<'k>,
    middle: [Int<'k>; 2],
    low: Int<'k>,
    /// the outer products come only when they are added, because their operands come later
    late: bool,
    cut: u32,
    exact: Range,
}

/// Operands, and the number of ranks before them.
#[derive(Debug, Clone, Copy)]
pub(super) struct Operands<'k> {
    pub x: Int<'k>,
    pub m: Int<'k>,
    pub ranks: usize,
}

impl<'k> Operands<'k> {
    /// The operands behind one more rank.
    pub(super) fn behind(self, rank: Rank<'k>) -> Operands<'k> {
        let (x, m) = (rank.pass("x", self.x), rank.pass("multiplier", self.m));
        Operands { x, m, ranks: self.ranks + rank.latency() }
    }
}

impl<'k> Partial<'k> {
    /// The products, each made by `multiply`. Products that are always 0 are not made.
    pub(super) fn new(
        traits: &Traits,
        [x, m]: [Int<'k>; 2],
        mut multiply: impl FnMut(&str, Int<'k>, Int<'k>) -> Int<'k>,
    ) -> Partial<'k> {
        let operands = Operands { x, m, ranks: 0 };
        let multiply = |name: &str, a, b, _| multiply(name, a, b);
        Partial { late: false, ..Partial::of_later(traits, operands, [operands; 2], multiply) }
    }

    /// The same, with later operands for the high and the low product. They come a rank later if the middle products
    /// are added within a rank of their own, and the operands of the high product come one further rank later if all
    /// are [`summed in three`](Partial::sum_in_three). `multiply` gets the name of a product, its factors, and the
    /// number of ranks before them.
    pub(super) fn of_later(
        traits: &Traits,
        of_middle: Operands<'k>,
        [of_high, of_low]: [Operands<'k>; 2],
        mut multiply: impl FnMut(&str, Int<'k>, Int<'k>, usize) -> Int<'k>,
    ) -> Partial<'k> {
        let cut = traits.cut;
        let high = |v: Int<'k>| if traits.takes(v.range()) { v.lit(0) } else { v >> cut };
        let low = |v: Int<'k>| if traits.takes(v.range()) { v } else { v.bits(0, cut) };
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

    /// The sum of all products. The sum of the middle products goes through one rank, and the whole sum through
    /// another.
    pub(super) fn sum(self, [middle, product]: [Rank<'k>; 2]) -> Int<'k> {
        let outer = if self.late { self.outer() } else { middle.pass("outer", self.outer()) };
        let inner = middle.pass("middle", self.middle[0] + self.middle[1]);
        product.pass("product", self.checked(self.added(outer, inner)))
    }

    /// The sum of all products within one clock.
    pub(super) fn joined(self) -> Int<'k> {
        let inner = self.middle[0] + self.middle[1];
        if inner.range() == Range::constant(0) { self.outer() } else { self.added(self.outer(), inner) }
    }

    /// The low bits need no adder.
    fn added(self, outer: Int<'k>, inner: Int<'k>) -> Int<'k> {
        ((outer >> self.cut) + inner).concat(outer.bits(0, self.cut), self.cut)
    }

    /// The sum of all products with registered carries, so that no addition is longer than the uppermost bits.
    pub(super) fn sum_in_three(self, [middle, join, product]: [Rank<'k>; 3]) -> Int<'k> {
        let (cut, low) = (self.cut, |v: Int<'k>| v.bits(0, self.cut));
        let outer = if self.late { self.low } else { middle.pass("outer", self.outer()) };
        let [inner_0, inner_1] = self.middle.map(|v| middle.pass("middle_high", v >> cut));
        let inner_low = middle.pass("middle_low", low(self.middle[0]) + low(self.middle[1]));

        let inner_high = join.pass("middle_high", with_carry(inner_0, inner_1, inner_low >> cut));
        let joined = join.pass("joined", low(outer >> cut) + low(inner_low));
        let rest = outer >> (2 * cut);
        // An operand that is not cut has its sign in the low product, and then there is no high product.
        let no_rest = rest.range() == Range::constant(0);
        let outer_high = if self.late && no_rest { self.high } else { join.pass("outer_high", rest) };
        let outer_low = join.pass("outer_low", low(outer));

        let high = with_carry(outer_high, inner_high, joined >> cut);
        let sum = high.concat(low(joined), cut).concat(outer_low, cut);
        product.pass("product", self.checked(sum))
    }

    fn checked(self, sum: Int<'k>) -> Int<'k> {
        sum.bounded(self.exact, "it is the product of the two operands").named("product")
    }
}

/// `a + b + carry` by one adder. A bit below the lowest bit brings in the carry.
pub(in crate::blocks) fn with_carry<'k>(a: Int<'k>, b: Int<'k>, carry: Int<'k>) -> Int<'k> {
    if carry.range() == Range::constant(0) { a + b } else { (a.concat(carry, 1) + b.concat(carry, 1)) >> 1 }
}
