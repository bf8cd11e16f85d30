//! What each rounding rule asks of the hardware: a row for each rule, with one answer to each question.
//!
//! With `x = acc + bias` and `p = x * m`, brought to a multiplier of 32 bits, every rule is one shift by `k = 31 - s`.
//! Nothing is added to `p`. The rounding is one bit `r`, which follows from the bits that are shifted out:
//!
//! ```text
//! scaled = floor(v / 2^k) + r        with the guard g = v[k-1], the bit that is shifted out last:
//!   Up::Never            r = 0
//!   Up::Half             r = g
//!   Up::HalfTwice        r = g or t        t: k > 31 and the bits v[k-2..=30] are all ones
//!   Up::HalfAway         r = g or t        t: p < 0 and the bits v[k-2..=0] are all ones
//!   Up::HalfEven         r = g and (v[k] or not t)         t: the bits v[k-2..=0] are all zeros
//! ```
//!
//! `v` is `p`. For a rule that is symmetric about 0, `v` is `not p` where `p < 0`, and the result there is
//! `-(floor(v / 2^k) + r)`. Since `zero_point - floor(v / 2^k) - r` is `zero_point + not floor(v / 2^k) + (1 - r)`, an
//! adder with a carry suffices in both cases. `docs/numerics.md` proves the identities.
//!
//! A product may contain a [nudge](Rounding::nudge): half a unit of the first of two roundings. Then `Up::HalfTwice` is
//! the same as `Up::Half`: `r` is bit `k-1` of `p` with the nudge.

use qrtl_golden::{MultiplierWidth, Rule};

use super::bits::{GATED, any, groups};
use crate::exact::{Int, Range};

/// The row of a rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Rounding {
    /// the multiplier that the product sees
    pub factor: Factor,
    /// a product below 0 is shifted as its complement, and the shifted value is complemented again
    pub symmetric: bool,
    /// when the shifted value is rounded up
    pub up: Up,
}

/// The multiplier that the product sees.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Factor {
    /// the given multiplier
    Given,
    /// the upper 16 bits of a given multiplier of 32 bits, rounded half up, with a ceiling (TFLite int16x8)
    Upper16,
}

/// When a shifted value is rounded up. Each answer decides what the shifter keeps of the bits that it shifts out: the
/// guard and the *misses*. A miss of 1 says that the bits below the guard do not have the values that the rule asks
/// for. A rule that also asks for a bit that is kept, as ties to even ask for the lowest, gets it from the shifter as one
/// more argument of [`Up::rounds`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Up {
    /// never
    Never,
    /// from half a unit on
    Half,
    /// from half a unit on, after a rounding of the same kind to multiples of 2^31
    HalfTwice,
    /// from half a unit on, but ties of complemented values go the other way
    HalfAway,
    /// from half a unit on, but ties only where the value rounded down is odd
    HalfEven,
}

impl Rounding {
    /// The row of `rule`.
    pub(super) fn of(rule: Rule) -> Rounding {
        use Factor::{Given, Upper16};
        match rule {
            Rule::Truncate => Rounding { factor: Given, symmetric: false, up: Up::Never },
            Rule::Single => Rounding { factor: Given, symmetric: false, up: Up::Half },
            Rule::TfliteDouble => Rounding { factor: Given, symmetric: true, up: Up::HalfTwice },
            Rule::HalfUpTwice => Rounding { factor: Given, symmetric: false, up: Up::HalfTwice },
            Rule::Reduced16 => Rounding { factor: Upper16, symmetric: false, up: Up::Half },
            Rule::ShiftAway => Rounding { factor: Given, symmetric: true, up: Up::HalfAway },
            Rule::HalfEven => Rounding { factor: Given, symmetric: false, up: Up::HalfEven },
        }
    }

    /// Half a unit of the first rounding at bit 16 of the product, for a rule that rounds twice. If a product contains
    /// it, the guard alone rounds the product.
    pub(super) fn nudge(self) -> Option<i128> {
        match self.up {
            Up::HalfTwice => Some(1 << 14),
            Up::Never | Up::Half | Up::HalfAway | Up::HalfEven => None,
        }
    }

    /// The row for a product that has the [nudge](Rounding::nudge) in it.
    pub(super) fn nudged(self) -> Rounding {
        match self.up {
            Up::HalfTwice => Rounding { up: Up::Half, ..self },
            Up::Never | Up::Half | Up::HalfAway | Up::HalfEven => self,
        }
    }

    /// The nudge for `x * m` at bit 16, for a shift by `31 - s` with `s < 0`.
    pub(super) fn nudge_of<'k>(self, x: Int<'k>, s: Int<'k>) -> Int<'k> {
        let nudge = match (self.nudge(), self.symmetric) {
            (Some(half), true) => x.is_negative().mux(-half, half),
            (Some(half), false) => x.lit(half),
            (None, _) => x.lit(0),
        };
        s.is_negative().mux(nudge, 0)
    }
}

impl Factor {
    /// The multiplier for the product, and the left shift that brings the product to a multiplier of 32 bits.
    pub(super) fn of(self, width: MultiplierWidth, m: Int<'_>) -> (Int<'_>, u32) {
        match self {
            Factor::Given => (m, 32 - width.bits()),
            Factor::Upper16 => (((m + (1 << 15)) >> 16).clamp(self.range(m.range())), 16),
        }
    }

    /// Values of the multiplier that the product sees, for given multipliers in `given`.
    pub(super) fn range(self, given: Range) -> Range {
        match self {
            Factor::Given => given,
            Factor::Upper16 => Range::new(0, 0x7fff),
        }
    }

    /// The width that the given multiplier must have; `None` if any width will do.
    pub(super) fn width(self) -> Option<MultiplierWidth> {
        match self {
            Factor::Given => None,
            Factor::Upper16 => Some(MultiplierWidth::W32),
        }
    }
}

impl Up {
    /// The guard and the first miss before anything was shifted out of `v`. There is no miss for a rule that asks for
    /// none.
    pub(super) fn start<'k>(self, v: Int<'k>, negative: Int<'k>) -> (Int<'k>, Option<Int<'k>>) {
        match self {
            Up::Never | Up::Half => (v.lit(0), None),
            // This is the miss of a shift by 32. Without this shift the guard is 0, which the next shift counts as a
            // miss.
            Up::HalfTwice => (v.lit(0), Some(!v.bit(30))),
            // The guard starts as 1, as if all bits below the first bit that is shifted out were ones.
            Up::HalfAway => (v.lit(1), Some(!negative)),
            // Nothing was shifted out: there are only zeros.
            Up::HalfEven => (v.lit(0), Some(v.lit(0))),
        }
    }

    /// The guard behind a shift, if `shifts` is 1. `last` is the bit that is shifted out last.
    pub(super) fn guard<'k>(self, shifts: Int<'k>, last: Int<'k>, before: Int<'k>) -> Int<'k> {
        match self {
            Up::Never => before,
            Up::Half | Up::HalfTwice | Up::HalfAway | Up::HalfEven => shifts.mux(last, before),
        }
    }

    /// The misses of a shift by `by`, if `shifts` is 1: of the previous guard, and of the bits of `low` that come to
    /// lie below the new guard.
    pub(super) fn misses<'k>(self, shifts: Int<'k>, guard: Int<'k>, low: Int<'k>, by: u32) -> Vec<Int<'k>> {
        match self {
            Up::Never | Up::Half => Vec::new(),
            // The miss of a shift by 32 was counted at the start.
            Up::HalfTwice if by == 32 => Vec::new(),
            Up::HalfTwice | Up::HalfAway => zeros(shifts, guard, low, by),
            Up::HalfEven => ones(shifts, guard, low, by),
        }
    }

    /// Whether the shifted value `v` is rounded up.
    pub(super) fn rounds<'k>(self, v: Int<'k>, guard: Int<'k>, missed: Option<Int<'k>>) -> Int<'k> {
        match (self, missed) {
            (Up::Never | Up::Half, _) | (_, None) => guard,
            (Up::HalfTwice | Up::HalfAway, Some(missed)) => guard | !any(missed),
            (Up::HalfEven, Some(missed)) => guard & (any(missed) | v.bit(0)),
        }
    }
}

/// 1 where a bit is 0 that should be 1: the previous guard, or a bit below the new guard.
fn zeros<'k>(shifts: Int<'k>, guard: Int<'k>, low: Int<'k>, by: u32) -> Vec<Int<'k>> {
    let (bits, ones) = (low.bits(0, by - 1), Range::unsigned(by - 1).hi());
    if !bits.range().contains(ones) {
        return vec![shifts];
    }
    let inverted = (bits ^ low.lit(ones)).named(format!("inverted_{by}"));
    let zeros = groups(inverted, GATED, &format!("zero_{by}"), |zeros| shifts & zeros);
    let no_guard = (shifts & !guard).named(format!("no_guard_{by}"));
    std::iter::once(no_guard).chain(zeros).collect()
}

/// 1 where a bit is 1 that should be 0: the previous guard, or a bit below the new guard.
fn ones<'k>(shifts: Int<'k>, guard: Int<'k>, low: Int<'k>, by: u32) -> Vec<Int<'k>> {
    let ones = groups(low.bits(0, by - 1), GATED, &format!("one_{by}"), |ones| shifts & ones);
    std::iter::once((shifts & guard).named(format!("guard_below_{by}"))).chain(ones).collect()
}
