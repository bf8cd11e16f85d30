//! What each rounding rule asks of the hardware: one row a rule, one answer to each question.
//!
//! With `x = acc + bias` and `p = x * m`, brought to a multiplier of 32 bits, every rule is one shift by `k = 31 - s`, and
//! nothing is added to `p`: the rounding is one bit `r`, which follows from the bits that are shifted out,
//!
//! ```text
//! scaled = floor(v / 2^k) + r        with the guard g = v[k-1], the bit that is shifted out last:
//!   Up::Never            r = 0
//!   Up::Half             r = g
//!   Up::HalfTwice        r = g or t        t: k > 31 and the bits v[k-2..=30] are all ones
//!   Up::HalfAway         r = g or t        t: p < 0 and the bits v[k-2..=0] are all ones
//! ```
//!
//! `v` is `p`, or, for a rule that is symmetric about 0, `not p` where `p < 0`. The result of such a rule is
//! `-(floor(v / 2^k) + r)` there, and `zero_point - floor(v / 2^k) - r` is `zero_point + not floor(v / 2^k) + (1 - r)`: an
//! adder with a carry in both cases. `docs/numerics.md` proves the identities.
//!
//! A product may come with a [nudge](Rounding::nudge) in it: half a unit of the first of two roundings. Then
//! `Up::HalfTwice` is `Up::Half`: `r` is bit `k-1` of `p` with the nudge.

use qrtl_golden::{MultiplierWidth, Rule};

use super::bits::{GATED, any, groups};
use crate::exact::{Int, Range};

/// The row of a rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Rounding {
    /// the multiplier that the product sees
    pub factor: Factor,
    /// a product below 0 is shifted as its complement, and what becomes of it is complemented again
    pub symmetric: bool,
    /// when the shifted value is rounded up
    pub up: Up,
}

/// Which multiplier the product sees.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Factor {
    /// the given one
    Given,
    /// the upper 16 bits of a given one of 32 bits, rounded half up, with a ceiling (TFLite int16x8)
    Upper16,
}

/// When a shifted value is rounded up. Each answer says what the shifter keeps of the bits that it shifts out: the guard,
/// and the *misses*, bits of which each 1 says that the bits below the guard are not as the rule asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Up {
    /// never
    Never,
    /// from half a unit on
    Half,
    /// from half a unit on, after a rounding of the same kind to multiples of 2^31
    HalfTwice,
    /// from half a unit on, but ties of what was complemented go the other way
    HalfAway,
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
        }
    }

    /// Half a unit of the first rounding at bit 16 of the product, for a rule that rounds twice: what a product needs added
    /// so that nothing but the guard rounds it.
    pub(super) fn nudge(self) -> Option<i128> {
        match self.up {
            Up::HalfTwice => Some(1 << 14),
            Up::Never | Up::Half | Up::HalfAway => None,
        }
    }

    /// The row for a product that has the [nudge](Rounding::nudge) in it.
    pub(super) fn nudged(self) -> Rounding {
        match self.up {
            Up::HalfTwice => Rounding { up: Up::Half, ..self },
            Up::Never | Up::Half | Up::HalfAway => self,
        }
    }

    /// What is added to the product `x * m` at bit 16 where it is shifted by `31 - s`, `s < 0`.
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

    /// Values of that multiplier, made of those of `given`.
    pub(super) fn range(self, given: Range) -> Range {
        match self {
            Factor::Given => given,
            Factor::Upper16 => Range::new(0, 0x7fff),
        }
    }

    /// The width that the given multiplier must have, if not each will do.
    pub(super) fn width(self) -> Option<MultiplierWidth> {
        match self {
            Factor::Given => None,
            Factor::Upper16 => Some(MultiplierWidth::W32),
        }
    }
}

impl Up {
    /// The guard, and the first miss, before anything was shifted out of `v`; no miss for a rule that asks for none.
    pub(super) fn start<'k>(self, v: Int<'k>, negative: Int<'k>) -> (Int<'k>, Option<Int<'k>>) {
        match self {
            Up::Never | Up::Half => (v.lit(0), None),
            // The miss of a shift by 32. Without that shift the guard is 0, which the next shift counts as a miss.
            Up::HalfTwice => (v.lit(0), Some(!v.bit(30))),
            // A guard of 1: below the first bit that is shifted out, all bits are ones.
            Up::HalfAway => (v.lit(1), Some(!negative)),
        }
    }

    /// The guard behind a shift by some places where `shifts` is 1; `last` is the bit that goes last.
    pub(super) fn guard<'k>(self, shifts: Int<'k>, last: Int<'k>, before: Int<'k>) -> Int<'k> {
        match self {
            Up::Never => before,
            Up::Half | Up::HalfTwice | Up::HalfAway => shifts.mux(last, before),
        }
    }

    /// The misses of a shift by `by` where `shifts` is 1: of the guard before it, and of the bits of `low` that it puts below
    /// the new guard.
    pub(super) fn misses<'k>(self, shifts: Int<'k>, guard: Int<'k>, low: Int<'k>, by: u32) -> Vec<Int<'k>> {
        match self {
            Up::Never | Up::Half => Vec::new(),
            // The miss of a shift by 32 is there from the start.
            Up::HalfTwice if by == 32 => Vec::new(),
            Up::HalfTwice | Up::HalfAway => zeros(shifts, guard, low, by),
        }
    }

    /// Whether the shifted value is rounded up.
    pub(super) fn rounds<'k>(self, guard: Int<'k>, missed: Option<Int<'k>>) -> Int<'k> {
        match (self, missed) {
            (Up::Never | Up::Half, _) | (_, None) => guard,
            (Up::HalfTwice | Up::HalfAway, Some(missed)) => guard | !any(missed),
        }
    }
}

/// Where a bit is 0 that should be 1: the guard, or one below the new guard.
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
