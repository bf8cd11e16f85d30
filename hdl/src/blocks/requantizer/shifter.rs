//! The shift of the product and its rounding. The shift goes by halving steps, and each step keeps only bits that can
//! still matter.

use super::bits::{GATED, any, complemented, gathered, groups};
use super::partial::with_carry;
use super::rounding::Rounding;
use crate::exact::{Int, Kernel, Range, Rank};

/// The rounding of one product.
#[derive(Debug, Clone, Copy)]
pub(super) struct Rounded<'k> {
    row: Rounding,
    /// whether the product is below 0
    pub negative: Int<'k>,
}

impl<'k> Rounded<'k> {
    /// The value to be shifted, and the state of its rounding.
    pub(super) fn new(row: Rounding, p: Int<'k>) -> (Int<'k>, Rounded<'k>) {
        let rounding = Rounded { row, negative: p.is_negative() };
        match rounding.flipped() {
            Some(flipped) if p.range().is_signed() => {
                let width = p.range().width() - 1;
                (complemented(p.bits(0, width), flipped).named("magnitude"), rounding)
            }
            _ => (p, rounding),
        }
    }

    /// Whether the value that is shifted is the complement of the product, for the rules that are symmetric about 0.
    fn flipped(self) -> Option<Int<'k>> {
        self.row.symmetric.then_some(self.negative)
    }

    /// The rounding bit, which is added together with the zero point.
    fn carry(self, v: &Shifted<'k>) -> Int<'k> {
        let up = self.row.up.rounds(v.low, v.guard, v.missed);
        self.flipped().map_or(up, |flipped| up ^ flipped)
    }

    pub(super) fn pass(self, rank: Rank<'k>) -> Rounded<'k> {
        Rounded { negative: rank.pass("negative", self.negative), ..self }
    }
}

/// A value on its way through the shifter.
///
/// Whether it has left its bounds, and whether bits below the guard missed, depends on many bits. These bits are
/// gathered a few at a time, and put together behind the next rank, because both answers are needed only at the end.
#[derive(Debug, Clone, Copy)]
pub(super) struct Shifted<'k> {
    /// the bits that can still matter, right unless `beyond`
    low: Int<'k>,
    /// where any is 1, a bit above them differs from the sign
    pub beyond: Int<'k>,
    /// the bit that was shifted out last
    guard: Int<'k>,
    /// where any is 1, the bits below the guard are not as the rule asks
    missed: Option<Int<'k>>,
}

impl<'k> Shifted<'k> {
    pub(super) fn new(k: &'k Kernel, v: Int<'k>, rounding: Rounded<'k>) -> Shifted<'k> {
        let (guard, missed) = rounding.row.up.start(v, rounding.negative);
        Shifted { low: v, beyond: k.lit(0), guard, missed }
    }

    /// The value behind a rank.
    pub(super) fn pass(self, rank: Rank<'k>) -> Shifted<'k> {
        Shifted {
            low: rank.pass("low", self.low),
            beyond: any(rank.pass("beyond", self.beyond)),
            guard: rank.pass("guard", self.guard),
            missed: self.missed.map(|missed| any(rank.pass("missed", missed))),
        }
    }

    /// Shifts right by `2^bit` where bit `bit` of `places` is 1. Then the bits above `keep` bits and the shifts still
    /// to come are dropped, because they can only say that the value is out of bounds.
    pub(super) fn shift(self, places: Int<'k>, bit: u32, rounding: Rounded<'k>, keep: u32) -> Shifted<'k> {
        let (by, shifts) = (1 << bit, places.bit(bit));
        let kept = keep + by - 1;
        let low = shifts.mux(self.low >> by, self.low).named(format!("low_{by}"));
        let misses = rounding.row.up.misses(shifts, self.guard, self.low, by);
        Shifted {
            low: kept_bits_of(low, kept),
            beyond: gathered(low.lit(0), std::iter::once(self.beyond).chain(beyond(self.low, shifts, by, kept))),
            guard: rounding.row.up.guard(shifts, self.low.bit(by - 1), self.guard).named(format!("guard_{by}")),
            missed: self.missed.map(|missed| gathered(missed, std::iter::once(missed).chain(misses))),
        }
    }

    /// The scaled value, once nothing more is shifted.
    pub(super) fn rounded(self, rounding: Rounded<'k>) -> Scaled<'k> {
        let floor = match rounding.flipped() {
            Some(flipped) if !self.low.range().is_signed() => {
                flipped.as_signed().concat(complemented(self.low, flipped), self.low.range().width())
            }
            _ => self.low,
        };
        let carry = rounding.carry(&self).named("carry");
        Scaled { floor: floor.named("floor"), beyond: self.beyond, carry, negative: rounding.negative }
    }
}

/// The low `bits` bits of `v`, and a sign.
fn kept_bits_of(v: Int<'_>, bits: u32) -> Int<'_> {
    let all = if v.range().is_signed() { Range::signed(bits + 1) } else { Range::unsigned(bits) };
    if all.covers(v.range()) { v } else { v.wrap(all) }
}

/// Bits that differ from the sign of `v` and lie above its low `kept` bits, after a shift by `by` if `shifts` is 1.
fn beyond<'k>(v: Int<'k>, shifts: Int<'k>, by: u32, kept: u32) -> Vec<Int<'k>> {
    let width = v.range().width() - u32::from(v.range().is_signed());
    let window = |lo: u32, hi: u32| match (hi > lo, v.range().is_signed()) {
        (false, _) => v.lit(0),
        (true, false) => v.bits(lo, hi - lo),
        (true, true) => complemented(v.bits(lo, hi - lo), v.is_negative()),
    };
    // The bits above the kept bits of both values, and the bits that only the unshifted value has there.
    let both = window((kept + by).min(width), width);
    let unshifted = window(kept.min(width), (kept + by).min(width));
    let above = groups(both, GATED + 1, &format!("above_{by}"), |bits| bits);
    let name = format!("left_{by}");
    // A bit of the first shift depends on a bit of the product and the sign. So no gate fits into a LUT beside three of
    // them.
    let unshifted = match by {
        32 => gathered(v.lit(0), groups(unshifted, GATED, &format!("high_{by}"), |bits| bits)),
        _ => unshifted,
    };
    above.into_iter().chain(groups(unshifted, GATED, &name, |bits| bits & !shifts)).collect()
}

/// A scaled value: `floor + carry`, unless it is `beyond`, that is, out of bounds on the side of its sign.
#[derive(Debug, Clone, Copy)]
pub(super) struct Scaled<'k> {
    /// the value rounded down; if it was complemented, it is complemented again
    floor: Int<'k>,
    carry: Int<'k>,
    /// where any is 1, the value is beyond what `floor` holds
    pub beyond: Int<'k>,
    /// the product is below 0
    pub negative: Int<'k>,
}

impl<'k> Scaled<'k> {
    /// The value behind a rank.
    pub(super) fn pass(self, rank: Rank<'k>) -> Scaled<'k> {
        Scaled {
            floor: rank.pass("floor", self.floor),
            carry: rank.pass("carry", self.carry),
            beyond: any(rank.pass("beyond", self.beyond)),
            negative: rank.pass("negative", self.negative),
        }
    }

    /// Adds the zero point.
    pub(super) fn offset(self, zero_point: Int<'k>) -> Int<'k> {
        with_carry(self.floor, zero_point, self.carry).named("z")
    }
}
