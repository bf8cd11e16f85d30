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

use super::config::{SIGNIFICAND, STEP};
use crate::blocks::requantizer::partial::with_carry;
use crate::exact::{Int, Range, Rank};

/// Places of the leading bit of a product.
const PLACES: u32 = STEP + 1;

/// Bits that the shifter drops at once.
const GROUP: u32 = 4;

/// A product on its way through the shifter.
#[derive(Clone, Copy)]
pub(super) struct Shifted<'k> {
    /// floor, and `f1` below it
    value: Int<'k>,
    /// bits of the value when it is shifted
    width: u32,
    /// a bit between `f1` and the low bits is 1
    any: Int<'k>,
    /// all bits between `f1` and the low bits are 1
    all: Int<'k>,
    low: Low<'k>,
}

/// The bits at and below the places of the guard, the bit below the last one that a float holds.
#[derive(Clone, Copy)]
struct Low<'k> {
    /// bits at the places of the guard
    bits: Int<'k>,
    /// a bit below them is 1
    sticky: Int<'k>,
    negative: Int<'k>,
    nonzero: Int<'k>,
    /// the leading bit is not at this place, and at none above, for all places but the lowest
    below: [Int<'k>; STEP as usize],
}

impl<'k> Low<'k> {
    /// Of a product whose sign is bit `sign`.
    fn new(p: Int<'k>, sign: u32) -> Low<'k> {
        let lowest = sign - SIGNIFICAND - PLACES;
        Low {
            bits: p.bits(lowest, PLACES),
            sticky: has_one(p.bits(0, lowest)).named("sticky"),
            negative: p.bit(sign),
            nonzero: has_one(p.bits(sign - PLACES, PLACES + 1)).named("nonzero"),
            below: std::array::from_fn(|i| {
                let (places, upper) = (i as u32 + 1, p.bits(sign - 1 - i as u32, i as u32 + 2));
                (upper.equals(0) | upper.equals((1 << (places + 1)) - 1)).named(format!("below_{places}"))
            }),
        }
    }

    fn pass(self, rank: Rank<'k>) -> Low<'k> {
        Low {
            bits: rank.pass("low", self.bits),
            sticky: rank.pass("sticky", self.sticky),
            negative: rank.pass("negative", self.negative),
            nonzero: rank.pass("nonzero", self.nonzero),
            below: self.below.map(|below| rank.pass("below", below)),
        }
    }

    /// Whether the bits down to the guard are not all 0 or the guard has a 1 below it, and whether they are all 1.
    fn tail(&self) -> (Int<'k>, Int<'k>) {
        let (mut any, mut all) = (self.sticky.lit(0), self.sticky.lit(1));
        // The guard is at the place before the first one that the leading bit is not below.
        let mut reaches = self.sticky.lit(1);
        for place in 0..PLACES {
            let bit = self.bits.bit(PLACES - 1 - place);
            let rest = self.bits.bits(0, PLACES - 1 - place);
            let under = if place + 1 < PLACES { has_one(rest) | self.sticky } else { self.sticky };
            let further = self.below.get(place as usize).copied().unwrap_or(self.sticky.lit(0));
            any = any | (bit & (further | (reaches & under)));
            all = all & (!reaches | bit);
            reaches = further;
        }
        (any.named("tail_any"), all.named("tail_all"))
    }
}

impl<'k> Shifted<'k> {
    /// `p` before it is shifted, for results of `width` bits. A product has `low` bits more than two significands.
    pub(super) fn new(p: Int<'k>, width: u32, low: u32) -> Shifted<'k> {
        let sign = 2 * SIGNIFICAND + low;
        let (dropped, guard) = (sign - PLACES - width, sign - SIGNIFICAND - 1);
        let middle = p.bits(guard + 1, dropped - guard - 1).named("middle");
        Shifted {
            value: (p >> dropped).named("value"),
            width: width + 2,
            any: has_one(middle),
            all: has_no_zero(middle),
            low: Low::new(p, sign),
        }
    }

    /// The value behind a rank.
    pub(super) fn pass(self, rank: Rank<'k>) -> Shifted<'k> {
        Shifted {
            value: rank.pass("value", self.value),
            any: rank.pass("any", self.any),
            all: rank.pass("all", self.all),
            low: self.low.pass(rank),
            ..self
        }
    }

    /// Shifts right by as many places as bit 2 of `places` and the bits above it count, which are groups of bits. `drops`
    /// are the [`dropped_groups`].
    pub(super) fn shift_groups(self, places: Int<'k>, drops: &[Int<'k>]) -> Shifted<'k> {
        let gathered = (0..).zip(drops).fold(self, |shifted, (group, &is_dropped)| {
            shifted.gathered(self.value.bits(GROUP * group, GROUP), is_dropped)
        });
        (2..places.range().width()).rev().fold(gathered, |v, bit| v.narrowed(places.bit(bit), 1 << bit))
    }

    /// Shifts right by 2 places and 1.
    pub(super) fn shift_bits(self, places: Int<'k>) -> Shifted<'k> {
        [2, 1].into_iter().fold(self, |v, by| {
            let shifts = places.bit(by >> 1);
            v.gathered(v.value.bits(0, by), shifts).narrowed(shifts, by)
        })
    }

    /// Gathers bits of the value if they are dropped. The lowest bit stays f1, so it is among the bits that are dropped.
    fn gathered(self, dropped: Int<'k>, is_dropped: Int<'k>) -> Shifted<'k> {
        let any = self.any | (is_dropped & has_one(dropped));
        let all = self.all & (!is_dropped | has_no_zero(dropped));
        Shifted { any: any.named("any"), all: all.named("all"), ..self }
    }

    /// Shifts the value by as many places if `shifts` is 1, and drops the upper bits that no later shift brings to the
    /// result. A value of which they are more than its sign is beyond the bounds.
    fn narrowed(self, shifts: Int<'k>, by: u32) -> Shifted<'k> {
        let kept = Range::signed(self.width + by - 1);
        let keep = |value: Int<'k>| if kept.covers(value.range()) { value } else { value.wrap(kept) };
        let value = shifts.mux(keep(self.value >> by), keep(self.value));
        Shifted { value: value.named(format!("value_{by}")), ..self }
    }

    /// The product is beyond the bounds on the side of its sign: it would have to be shifted left, or it is shifted right by
    /// fewer places than its leading bit is above the lowest one for it. `left` and `few` say that the places are negative,
    /// and that they are the two low bits `places`.
    pub(super) fn is_beyond(&self, [left, few]: [Int<'k>; 2], places: Int<'k>) -> Int<'k> {
        let [first, second, third, fourth] = self.low.below;
        let below = places.bit(1).mux(places.bit(0).mux(first, second), places.bit(0).mux(third, fourth));
        ((left & self.low.nonzero) | (few & !below)).named("beyond")
    }

    /// Puts the low bits to the others.
    pub(super) fn settled(self) -> Settled<'k> {
        let (any, all) = self.low.tail();
        let (any, all) = ((self.any | any).named("any"), (self.all & all).named("all"));
        Settled { value: self.value, negative: self.low.negative, any, all }
    }
}

/// For each group of [`GROUP`] bits whether it is dropped by a shift by as many places. So no level of the shift waits for
/// what the level before has put to the lower end.
pub(super) fn dropped_groups(places: Int<'_>) -> Vec<Int<'_>> {
    let groups = places >> GROUP.ilog2();
    (1..=groups.range().hi()).map(|group| groups.ge(group)).collect()
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
    /// the product is below 0
    pub negative: Int<'k>,
    any: Int<'k>,
    all: Int<'k>,
}

impl<'k> Settled<'k> {
    /// The value behind a rank.
    pub(super) fn pass(self, rank: Rank<'k>) -> Settled<'k> {
        Settled {
            value: rank.pass("value", self.value),
            negative: rank.pass("negative", self.negative),
            any: rank.pass("any", self.any),
            all: rank.pass("all", self.all),
        }
    }

    /// The rounded product, plus the zero point.
    pub(super) fn offset(self, zero_point: Int<'k>) -> Int<'k> {
        let (floor, first) = (self.value >> 1, self.value.bit(0));
        let up = floor.bit(0).mux(first | self.all, first & self.any).named("up");
        with_carry(floor, zero_point, up).named("z")
    }
}
