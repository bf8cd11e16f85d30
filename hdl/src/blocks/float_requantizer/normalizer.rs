//! An accumulator as a float: its significand, and how far it was shifted.
//!
//! A shift that is exact would have as many levels as the shift of a product has, each as wide as the accumulator. So the
//! accumulator is shifted by multiples of [`STEP`] places only. Its leading bit comes to one of [`STEP`] places, and the
//! leading bit of the product to one of `STEP + 1`. Where a float ends follows from the leading bit, for a few bits alone.

use super::FloatRequantizer;
use super::config::{FloatRequantizerConfig, LOW, ROUNDED, SIGNIFICAND, SIGNIFICANDS, STEP, WIDEST};
use crate::blocks::requantizer::datapath::Output;
use crate::exact::{Int, Kernel, Rank};

/// Bits of a float32 below its exponent.
const FRACTION: u32 = SIGNIFICAND - 1;

/// Steps of the widest accumulator.
const STEPS: usize = ((WIDEST - 1) / STEP) as usize;

/// What makes a product, and what is needed behind it.
pub(super) struct Normalized<'k> {
    /// the accumulator, shifted left, and rounded if a float does not hold it
    pub significand: Int<'k>,
    /// significand of the scale, the hidden bit included
    pub scale: Int<'k>,
    /// places by which the product is shifted right; none if negative
    pub places: Int<'k>,
    pub output: Output<'k>,
}

impl<'k> Normalized<'k> {
    fn pass(self, rank: Rank<'k>) -> Normalized<'k> {
        Normalized {
            significand: rank.pass("significand", self.significand),
            scale: rank.pass("scale", self.scale),
            places: rank.pass("places", self.places),
            output: self.output.pass(rank),
        }
    }
}

impl FloatRequantizer {
    /// The significands, and the places by which their product is shifted right.
    pub(super) fn normalized<'k>(&'k self, k: &'k Kernel, advance: Int<'k>, output: Output<'k>) -> Normalized<'k> {
        let c = &self._config;
        let [first, coarse, fine] = [&self.rooms, &self.coarse, &self.fine].map(|s| k.stage(s, advance));
        let (x, scale) = (k.read(&self.acc), k.read(&self.scale));
        let rooms = rooms(c, x).map(|room| first.pass("room", room));
        let (x, scale, output) = (first.pass("x", x), first.pass("scale", scale), output.pass(first));
        let (by_16, rooms) = coarse_shift(rooms);
        let x = coarse.pass("x", shift(c, x, by_16, 16));
        // Without a rank behind the rooms, a clock has no time for more than the shift by 16 places.
        let [by_8, by_4] = match first.latency() {
            0 => fine_shifts(rooms.map(|room| coarse.pass("room", room))),
            _ => fine_shifts(rooms).map(|shifts| coarse.pass("shifts", shifts)),
        };
        let (by_16, scale) = (coarse.pass("shifts", by_16), coarse.pass("scale", scale));
        let steps = by_16.concat(by_8, 1).concat(by_4, 1);
        let normalized = Normalized {
            significand: shift(c, shift(c, x, by_8, 8), by_4, 4),
            scale: scale.bits(0, FRACTION),
            places: (c.places(k, steps) - (scale >> FRACTION)).named("right"),
            output: output.pass(coarse),
        };
        let normalized = normalized.pass(fine);
        let n = if c.is_exact() { normalized } else { self.as_float(k, advance, normalized) };
        let scale = k.lit(1).concat(n.scale, FRACTION).bounded(SIGNIFICANDS, "the hidden bit is 1");
        Normalized { scale, ..n }
    }

    /// The same with an accumulator that was rounded to a float.
    fn as_float<'k>(&'k self, k: &'k Kernel, advance: Int<'k>, n: Normalized<'k>) -> Normalized<'k> {
        let [up, sum] = [&self.up, &self.sum].map(|s| k.stage(s, advance));
        let [kept, one] = rounding(n.significand << (WIDEST - self._config.acc_width));
        let significand = rounded([up.pass("kept", kept), up.pass("up", one)]);
        // Both parts of the sum wait in the first rank, and not the accumulator.
        let beside = Normalized { significand: k.lit(0), ..n }.pass(up);
        Normalized { significand, ..beside }.pass(sum)
    }
}

/// Where the accumulator has no more than its sign in a group of neighbouring bits, so that it has room for a further step.
fn rooms<'k>(c: &FloatRequantizerConfig, acc: Int<'k>) -> [Int<'k>; STEPS] {
    std::array::from_fn(|group| {
        let above = STEP * (group as u32 + 1);
        match c.acc_width.checked_sub(above + 1) {
            Some(lowest) => same(acc.bits(lowest, STEP + 1), STEP + 1).named(format!("room_{above}")),
            None => acc.lit(0),
        }
    })
}

/// Whether a shift by 16 places is needed, and the first three rooms behind it. The accumulator is shifted by as many steps
/// as there is room for without a gap.
fn coarse_shift(rooms: [Int<'_>; STEPS]) -> (Int<'_>, [Int<'_>; 3]) {
    let [room_4, room_8, room_12, room_16, room_20, room_24, room_28] = rooms;
    let by_16 = (room_4 & room_8 & room_12 & room_16).named("shifts_16");
    let rooms = [(room_20, room_4), (room_24, room_8), (room_28, room_12)];
    (by_16, rooms.map(|(behind, before)| by_16.mux(behind, before)))
}

/// Whether a shift by 8 places is needed, and one by 4.
fn fine_shifts([first, second, third]: [Int<'_>; 3]) -> [Int<'_>; 2] {
    let by_8 = (first & second).named("shifts_8");
    [by_8, by_8.mux(third, first).named("shifts_4")]
}

/// `x`, shifted left by `places` if `shifts` is 1.
fn shift<'k>(c: &FloatRequantizerConfig, x: Int<'k>, shifts: Int<'k>, places: u32) -> Int<'k> {
    if shifts.range().singleton() == Some(0) {
        return x;
    }
    shifts.mux((x << places).wrap(c.acc()), x).named(format!("x_{places}"))
}

/// 1 where all of the `width` bits are equal.
fn same(bits: Int<'_>, width: u32) -> Int<'_> {
    bits.equals(0) | bits.equals((1 << width) - 1)
}

/// What is added up to round `x` to 24 bits from its leading bit on, to nearest, ties to even: the bits that are kept, and
/// a 1 at the last of them if they are rounded up. Both are without the lowest [`LOW`] bits, which are 0 then.
fn rounding(x: Int<'_>) -> [Int<'_>; 2] {
    // The leading bit is the bit below the sign or one of the next three.
    let keeps: [Int; STEP as usize] = std::array::from_fn(|i| match i as u32 + 1 {
        1 => x.lit(1),
        upper => same(x.bits(WIDEST - upper, upper), upper).named(format!("keeps_{}", LOW + STEP - upper)),
    });
    let (mut kept, mut up) = (x >> (LOW + STEP - 1), x.lit(0));
    for (i, &keeps_last) in keeps.iter().enumerate() {
        let last = LOW + STEP - 1 - i as u32;
        let is_last = keeps.get(i + 1).map_or(keeps_last, |&further| keeps_last & !further);
        let above_tie = x.bit(last) | !x.bits(0, last - 1).equals(0);
        up = up.concat((is_last & x.bit(last - 1) & above_tie).named(format!("up_{last}")), 1);
        if i > 0 {
            kept = kept.concat(keeps_last & x.bit(last), 1);
        }
    }
    [kept, up]
}

/// The sum. Its sign is known before.
fn rounded([kept, up]: [Int<'_>; 2]) -> Int<'_> {
    let bits = WIDEST - LOW;
    let sum = kept.is_negative().as_signed().concat((kept + up).bits(0, bits), bits);
    sum.bounded(ROUNDED, "a 1 is added behind 23 bits and the sign").named("significand")
}
