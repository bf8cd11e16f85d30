//! `x * m`, cut so that each product fits the multipliers of a device and each addition a clock.
//!
//! With both operands cut at bit `c`, `x = xh * 2^c + xl` and `m = mh * 2^c + ml`,
//!
//! ```text
//! x * m = (xh*mh * 2^2c + xl*ml) + (xh*ml + xl*mh) * 2^c
//!          outer: no adder          middle
//! ```

use crate::cells::{FACTOR, Target};
use crate::exact::{Int, Range, Rank};

/// Bits of the lower part of an operand that is cut: what an unsigned factor of the multipliers may have.
const fn cut(target: Target) -> u32 {
    match target {
        // 16 x 16 bits of iCE40, and what every other device has at least.
        Target::Generic | Target::Ice40 => 16,
        Target::Ecp5 => 17,
    }
}

/// An operand that need not be cut.
fn fits(target: Target, range: Range) -> bool {
    match target {
        Target::Generic | Target::Ice40 => range.width() <= cut(target),
        Target::Ecp5 => FACTOR.covers(range),
    }
}

/// Multiplier cells of ECP5 for operands of these ranges; none where they are left to synthesis.
pub(super) fn cells(target: Target, x: Range, m: Range) -> usize {
    // An operand of 48 bits is no sum of two factors.
    let wide = [x, m].iter().any(|r| r.width() > 2 * cut(target));
    let parts = |range: Range| if fits(target, range) { 1 } else { 2 };
    if target != Target::Ecp5 || wide { 0 } else { parts(x) * parts(m) }
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
        // The low bits need no adder.
        let sum = ((outer >> self.cut) + inner).concat(outer.bits(0, self.cut), self.cut);
        product.pass("product", self.checked(sum))
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
