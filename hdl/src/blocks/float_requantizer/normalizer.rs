//! An accumulator as a float: its significand, and how far it was shifted.

use super::FloatRequantizer;
use super::config::{EXACT, SIGNIFICAND};
use crate::blocks::requantizer::datapath::Output;
use crate::exact::{Int, Kernel, Range, Rank};

/// Bits of a float32 below its exponent.
const FRACTION: u32 = SIGNIFICAND - 1;

/// An accumulator on its way, with what is needed behind the normalization.
pub(super) struct Normalized<'k> {
    /// the significand, at most 2^24 in magnitude if it was rounded; else the accumulator shifted to its upper end
    pub significand: Int<'k>,
    /// significand of the scale, the hidden bit included
    pub scale: Int<'k>,
    /// places by which the product is shifted right; none if negative
    pub places: Int<'k>,
    /// the accumulator is not 0
    pub nonzero: Int<'k>,
    pub output: Output<'k>,
}

impl<'k> Normalized<'k> {
    pub(super) fn pass(self, rank: Rank<'k>) -> Normalized<'k> {
        Normalized {
            significand: rank.pass("significand", self.significand),
            scale: rank.pass("scale", self.scale),
            places: rank.pass("places", self.places),
            nonzero: rank.pass("nonzero", self.nonzero),
            output: self.output.pass(rank),
        }
    }
}

/// 1 where the upper `level + 1` of `width` bits are equal, so that the value can be shifted by `level` places.
fn has_room<'k>(x: Int<'k>, width: u32, level: u32) -> Int<'k> {
    let upper = x >> (width - 1 - level);
    upper.equals(0) | upper.equals(-1)
}

impl FloatRequantizer {
    /// Shifts the accumulator left until its two upper bits differ, and rounds it to 24 bits if it has more. Whether a
    /// level shifts is found a level before, so that no clock compares and shifts.
    pub(super) fn normalized<'k>(&'k self, k: &'k Kernel, advance: Int<'k>, output: Output<'k>) -> Normalized<'k> {
        let c = &self._config;
        let (width, levels) = (c.acc_width, c.levels().collect::<Vec<_>>());
        let scale = k.read(&self.scale);
        let (exponent, fraction) = (scale >> FRACTION, scale.bits(0, FRACTION));
        let mut scale = k.lit(1).concat(fraction, FRACTION);
        // Of 32 bits, as many are not there as the accumulator has fewer.
        let most = i128::from(96 + c.output.range().width() + 32 - width);
        let mut places = (k.lit(most) - exponent).named("places");
        let (mut x, mut output) = (k.read(&self.acc), output);
        let mut shifts = has_room(x, width, levels[0]).named(format!("shifts_{}", levels[0]));
        let mut shifted = k.lit(0);
        for (i, (&level, stage)) in levels.iter().zip(&self.normalize).enumerate() {
            let moved = (x << level).wrap(Range::signed(width));
            let next = levels.get(i + 1).map_or(k.lit(0), |&next| {
                let [moved, x] = [moved, x].map(|x| has_room(x, width, next));
                shifts.mux(moved, x).named(format!("shifts_{next}"))
            });
            let rank = k.stage(stage, advance);
            x = rank.pass("x", shifts.mux(moved, x).named(format!("x_{level}")));
            shifted = rank.pass("shifted", shifted.concat(shifts, 1));
            shifts = rank.pass("shifts", next);
            (scale, places, output) = (rank.pass("scale", scale), rank.pass("places", places), output.pass(rank));
        }
        let nonzero = (x.bit(width - 1) ^ x.bit(width - 2)).named("nonzero");
        let places = (places + shifted).named("right");
        let normalized = Normalized { significand: x, scale, places, nonzero, output };
        if c.is_exact() {
            return normalized;
        }
        let significand = rounded(x, width - EXACT).named("significand");
        Normalized { significand, ..normalized }.pass(k.stage(&self.float, advance))
    }
}

/// `x / 2^low`, rounded to nearest, ties to even.
fn rounded(x: Int<'_>, low: u32) -> Int<'_> {
    let sticky = if low > 1 { !x.bits(0, low - 1).equals(0) } else { x.lit(0) };
    let up = x.bit(low - 1) & (x.bit(low) | sticky);
    (x >> low) + up
}
