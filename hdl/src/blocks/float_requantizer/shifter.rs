//! The shift of the product, and its rounding.
//!
//! The reference rounds twice: the product to a float of 24 bits, then the float to an integer, both to nearest, ties to
//! even. Let `q` be the floor of the exact product `p`, `f1 f2 …` the bits of `p - q`, and `f_t` the first bit that a
//! float does not hold. The result is `q + 1` if
//!
//! ```text
//! q odd     f1 or  (f2 .. f(t-1) all 1   and  f_t)
//! q even    f1 and (f2 .. f(t-1) not all 0   or   f_t and any 1 below it)
//! ```
//!
//! and `q` otherwise. The rounding to 24 bits is monotone and keeps integers and halves, so it matters only where it makes
//! a tie. There the significand is even, so that both ends of the interval that becomes the tie belong to it. In two's
//! complement the words are the same for both signs.

use super::config::SIGNIFICAND;
use crate::blocks::requantizer::partial::with_carry;
use crate::exact::{Int, Rank};

/// Bit of the product below the last bit that a float holds, if its upper bit is the highest.
const GUARD: u32 = SIGNIFICAND - 1;

/// Bits of a product without its sign.
const PRODUCT: u32 = 2 * SIGNIFICAND;

/// A product on its way through the shifter.
#[derive(Clone, Copy)]
pub(super) struct Shifted<'k> {
    /// floor, and `f1` below it
    value: Int<'k>,
    /// a bit between `f1` and the low bits is 1
    any: Int<'k>,
    /// all bits between `f1` and the low bits are 1
    all: Int<'k>,
    low: Low<'k>,
}

/// The bits at and below the guard.
#[derive(Clone, Copy)]
struct Low<'k> {
    /// the highest bit of the product is its upper one
    lead: Int<'k>,
    guard: Int<'k>,
    next: Int<'k>,
    /// a bit below `next` is 1
    sticky: Int<'k>,
}

impl<'k> Shifted<'k> {
    /// `p` before it is shifted, for results of `width` bits.
    pub(super) fn new(p: Int<'k>, width: u32) -> Shifted<'k> {
        let dropped = PRODUCT - 2 - width;
        let middle = p.bits(GUARD + 1, dropped - GUARD - 1).named("middle");
        let low = Low {
            lead: (p.bit(PRODUCT - 1) ^ p.bit(PRODUCT)).named("lead"),
            guard: p.bit(GUARD),
            next: p.bit(GUARD - 1),
            sticky: (!p.bits(0, GUARD - 1).equals(0)).named("sticky"),
        };
        Shifted { value: (p >> dropped).named("value"), any: has_one(middle), all: has_no_zero(middle), low }
    }

    /// The value behind a rank.
    pub(super) fn pass(self, rank: Rank<'k>) -> Shifted<'k> {
        let Low { lead, guard, next, sticky } = self.low;
        Shifted {
            value: rank.pass("value", self.value),
            any: rank.pass("any", self.any),
            all: rank.pass("all", self.all),
            low: Low {
                lead: rank.pass("lead", lead),
                guard: rank.pass("guard", guard),
                next: rank.pass("next", next),
                sticky: rank.pass("sticky", sticky),
            },
        }
    }

    /// Shifts right by `2^bit` where bit `bit` of `places` is 1.
    pub(super) fn shift(self, places: Int<'k>, bit: u32) -> Shifted<'k> {
        let (by, shifts) = (1 << bit, places.bit(bit));
        let dropped = self.value.bits(0, by);
        // The lowest bit stays f1, so it is among the bits that are dropped.
        let value = shifts.mux(self.value >> by, self.value).named(format!("value_{by}"));
        let any = (self.any | (shifts & has_one(dropped))).named(format!("any_{by}"));
        let all = (self.all & (!shifts | has_no_zero(dropped))).named(format!("all_{by}"));
        Shifted { value, any, all, ..self }
    }

    /// Puts the low bits to the others.
    pub(super) fn settled(self) -> Settled<'k> {
        let Low { lead, guard, next, sticky } = self.low;
        let tail = lead.mux(guard & (next | sticky), guard | (next & sticky));
        let any = (self.any | tail).named("any");
        let all = (self.all & guard & (lead | next)).named("all");
        Settled { value: self.value, any, all }
    }
}

fn has_one(bits: Int<'_>) -> Int<'_> {
    !bits.equals(0)
}

fn has_no_zero(bits: Int<'_>) -> Int<'_> {
    let width = bits.range().width();
    bits.equals((1 << width) - 1)
}

/// A product of which the value has its last places.
#[derive(Clone, Copy)]
pub(super) struct Settled<'k> {
    value: Int<'k>,
    any: Int<'k>,
    all: Int<'k>,
}

impl<'k> Settled<'k> {
    /// The value behind a rank.
    pub(super) fn pass(self, rank: Rank<'k>) -> Settled<'k> {
        Settled {
            value: rank.pass("value", self.value),
            any: rank.pass("any", self.any),
            all: rank.pass("all", self.all),
        }
    }

    /// The product is below 0.
    pub(super) fn negative(&self) -> Int<'k> {
        self.value.is_negative()
    }

    /// The rounded product, plus the zero point.
    pub(super) fn offset(self, zero_point: Int<'k>) -> Int<'k> {
        let (floor, first) = (self.value >> 1, self.value.bit(0));
        let up = floor.bit(0).mux(first | self.all, first & self.any).named("up");
        with_carry(floor, zero_point, up).named("z")
    }
}
