//! Parameters, validated once: a value of one of these types is within its contract.

use std::ops::RangeInclusive;

use serde::{Deserialize, Serialize};

use crate::{Error, Rule};

/// `v` if it lies in `range`, else an error that names it.
pub(crate) fn within(what: &'static str, v: i64, range: RangeInclusive<i64>) -> Result<i64, Error> {
    let (min, max) = (*range.start(), *range.end());
    if range.contains(&v) { Ok(v) } else { Err(Error::OutOfRange { what, min, max, got: v }) }
}

/// A non-empty interval `min..=max`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Bounds {
    min: i64,
    max: i64,
}

impl Bounds {
    /// -8..=7
    pub const INT4: Bounds = Bounds { min: -8, max: 7 };
    /// -128..=127
    pub const INT8: Bounds = Bounds { min: -128, max: 127 };
    /// 0..=255
    pub const UINT8: Bounds = Bounds { min: 0, max: 255 };
    /// -32768..=32767
    pub const INT16: Bounds = Bounds { min: i16::MIN as i64, max: i16::MAX as i64 };
    /// `i32`
    pub const INT32: Bounds = Bounds { min: i32::MIN as i64, max: i32::MAX as i64 };
    /// `i64`
    pub const INT64: Bounds = Bounds { min: i64::MIN, max: i64::MAX };
    /// the accumulator of `reduced_16`, -2^47..2^47
    pub const INT48: Bounds = Bounds { min: -(1 << 47), max: (1 << 47) - 1 };

    /// `min..=max`
    ///
    /// # Errors
    /// If `min > max`.
    pub fn new(min: i64, max: i64) -> Result<Bounds, Error> {
        if min <= max { Ok(Bounds { min, max }) } else { Err(Error::EmptyBounds { min, max }) }
    }

    /// The least value.
    pub const fn min(self) -> i64 {
        self.min
    }

    /// The greatest value.
    pub const fn max(self) -> i64 {
        self.max
    }

    /// Whether `v` lies within.
    pub fn contains(self, v: i128) -> bool {
        (self.min.into()..=self.max.into()).contains(&v)
    }
}

/// Width `B` of a fixed-point multiplier, sign included: it has `B - 1` fraction bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "u32", into = "u32")]
pub enum MultiplierWidth {
    /// 8 bits
    W8,
    /// 16 bits
    W16,
    /// 32 bits
    W32,
}

impl MultiplierWidth {
    /// All widths.
    pub const ALL: [MultiplierWidth; 3] = [MultiplierWidth::W8, MultiplierWidth::W16, MultiplierWidth::W32];

    /// `B`
    pub const fn bits(self) -> u32 {
        match self {
            MultiplierWidth::W8 => 8,
            MultiplierWidth::W16 => 16,
            MultiplierWidth::W32 => 32,
        }
    }

    /// `2^(B-1) - 1`, the greatest multiplier.
    pub const fn max(self) -> i64 {
        (1 << (self.bits() - 1)) - 1
    }
}

impl TryFrom<u32> for MultiplierWidth {
    type Error = Error;
    fn try_from(bits: u32) -> Result<MultiplierWidth, Error> {
        let unknown = || Error::unknown("bits", bits, &MultiplierWidth::ALL.map(MultiplierWidth::bits));
        MultiplierWidth::ALL.into_iter().find(|w| w.bits() == bits).ok_or_else(unknown)
    }
}

impl From<MultiplierWidth> for u32 {
    fn from(w: MultiplierWidth) -> u32 {
        w.bits()
    }
}

/// The real factor `multiplier * 2^(shift - (B-1))`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Scale {
    width: MultiplierWidth,
    multiplier: i64,
    shift: i32,
}

impl Scale {
    /// A multiplier of `0..2^(B-1)` and a shift of `-31..=30`, TFLite's sign: left is positive. The multiplier need not
    /// be normalized.
    ///
    /// # Errors
    /// If either is out of range.
    pub fn new(width: MultiplierWidth, multiplier: i64, shift: i64) -> Result<Scale, Error> {
        within("multiplier", multiplier, 0..=width.max())?;
        let shift = within("shift", shift, -31..=30)?;
        Ok(Scale { width, multiplier, shift: shift as i32 })
    }

    /// `B`
    pub const fn width(self) -> MultiplierWidth {
        self.width
    }

    /// The multiplier.
    pub const fn multiplier(self) -> i64 {
        self.multiplier
    }

    /// The shift.
    pub const fn shift(self) -> i32 {
        self.shift
    }

    /// `max(shift, 0)`
    pub const fn left(self) -> u32 {
        if self.shift > 0 { self.shift.unsigned_abs() } else { 0 }
    }

    /// `max(-shift, 0)`
    pub const fn right(self) -> u32 {
        if self.shift < 0 { self.shift.unsigned_abs() } else { 0 }
    }

    /// The factor of `reduced_16`: the multiplier rounded to 16 bits, ties up, with a ceiling.
    pub(crate) const fn reduced(self) -> i64 {
        if self.multiplier < 0x7fff_0000 { (self.multiplier + (1 << 15)) >> 16 } else { 0x7fff }
    }
}

/// Checks that zero point and bounds of an output are `i32`.
pub(crate) fn check_output(zero_point: i64, output: Bounds) -> Result<(), Error> {
    for (what, v) in [("zero_point", zero_point), ("min", output.min), ("max", output.max)] {
        within(what, v, Bounds::INT32.min..=Bounds::INT32.max)?;
    }
    Ok(())
}

/// Everything that turns an accumulator into a quantized value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Requantization {
    rule: Rule,
    scale: Scale,
    zero_point: i64,
    output: Bounds,
}

impl Requantization {
    /// Rounding rule, factor, output zero point and clamp; the last two are any `i32`.
    ///
    /// # Errors
    /// If the rule is not defined for the shift or the width of the multiplier, or zero point, least or greatest output
    /// is no `i32`.
    pub fn new(rule: Rule, scale: Scale, zero_point: i64, output: Bounds) -> Result<Requantization, Error> {
        let shifts = rule.shift_range();
        within("shift", scale.shift.into(), (*shifts.start()).into()..=(*shifts.end()).into())?;
        check_output(zero_point, output)?;
        if rule == Rule::Reduced16 && scale.width != MultiplierWidth::W32 {
            return Err(Error::Width { rule, bits: scale.width.bits() });
        }
        Ok(Requantization { rule, scale, zero_point, output })
    }

    /// Rounding rule.
    pub const fn rule(&self) -> Rule {
        self.rule
    }

    /// Real factor.
    pub const fn scale(&self) -> Scale {
        self.scale
    }

    /// Output zero point.
    pub const fn zero_point(&self) -> i64 {
        self.zero_point
    }

    /// Clamp.
    pub const fn output(&self) -> Bounds {
        self.output
    }

    /// Accumulators for which the reference defines the result: neither they nor their left shift overflows.
    /// `reduced_16` shifts only after the product, in 64 bits, and its result has to be an `i32`.
    pub fn accumulator(&self) -> Bounds {
        let Bounds { min, max } = self.rule.accumulator();
        match self.rule {
            Rule::Reduced16 => self.reduced_16_accumulator(),
            _ => Bounds { min: min >> self.scale.left(), max: max >> self.scale.left() },
        }
    }

    /// Where `-2^31 <= floor((x m' + 2^(k-1)) / 2^k) < 2^31`, `k = 15 - shift >= 8`, within 48 bits.
    fn reduced_16_accumulator(&self) -> Bounds {
        let (m, k) = (i128::from(self.scale.reduced()), 15 - self.scale.shift);
        let all = Bounds::INT48;
        if m == 0 {
            return all;
        }
        let (limit, half) = (1i128 << (31 + k), 1i128 << (k - 1));
        // Both fractions are at least as great as the limits of 48 bits or cut to them.
        let max = ((limit - half - 1) / m).min(all.max.into());
        let min = (-(limit + half) / m).max(all.min.into());
        Bounds { min: min as i64, max: max as i64 }
    }

    /// Checks that `acc` lies in [`accumulator`](Requantization::accumulator).
    ///
    /// Outside, every build of TFLite that was tried wraps, and nobody may rely on the wrapped value
    /// (`docs/numerics.md`).
    ///
    /// # Errors
    /// If `acc` lies outside.
    pub fn check_accumulator(&self, acc: i64) -> Result<(), Error> {
        self.check_sum(acc.into())
    }

    /// The same as [`check_accumulator`](Requantization::check_accumulator), for a sum of any size.
    pub(crate) fn check_sum(&self, acc: i128) -> Result<(), Error> {
        let Bounds { min, max } = self.accumulator();
        if self.accumulator().contains(acc) {
            return Ok(());
        }
        let Scale { multiplier, shift, .. } = self.scale;
        Err(Error::Accumulator { acc, min, max, rule: self.rule, multiplier, shift })
    }
}
