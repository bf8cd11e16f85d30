//! Parameters, validated once: a value of one of these types is within its contract.

use std::ops::RangeInclusive;

use serde::{Deserialize, Serialize};

use crate::Error;

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

    /// `min..=max`
    ///
    /// # Errors
    /// If `min > max`.
    pub fn new(min: i64, max: i64) -> Result<Bounds, Error> {
        if min <= max { Ok(Bounds { min, max }) } else { Err(Error::EmptyBounds { min, max }) }
    }

    /// The integers of `bits` bits, sign included, 1 to 64 of them.
    pub const fn signed(bits: u32) -> Bounds {
        Bounds { min: i64::MIN >> (64 - bits), max: i64::MAX >> (64 - bits) }
    }

    /// The least value.
    pub const fn min(self) -> i64 {
        self.min
    }

    /// The greatest value.
    pub const fn max(self) -> i64 {
        self.max
    }

    /// The part around 0 whose values are `inside`. All other values of `self` must lie beyond this part, on either
    /// side.
    pub(super) fn around_zero(self, inside: impl Fn(i64) -> bool) -> Bounds {
        let farthest = |end: i64| {
            if inside(end) {
                return end;
            }
            let (mut within, mut beyond) = (0, end);
            while beyond.abs_diff(within) > 1 {
                let middle = within + (beyond - within) / 2;
                if inside(middle) { within = middle } else { beyond = middle }
            }
            within
        };
        Bounds { min: farthest(self.min), max: farthest(self.max) }
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
pub struct FixedMultiplier {
    width: MultiplierWidth,
    multiplier: i64,
    shift: i32,
}

impl FixedMultiplier {
    /// A multiplier of `0..2^(B-1)` and a shift of `-31..=30`, TFLite's sign: left is positive. The multiplier need not
    /// be normalized.
    ///
    /// # Errors
    /// If either is out of range.
    pub fn new(width: MultiplierWidth, multiplier: i64, shift: i64) -> Result<FixedMultiplier, Error> {
        within("multiplier", multiplier, 0..=width.max())?;
        let shift = within("shift", shift, -31..=30)?;
        Ok(FixedMultiplier { width, multiplier, shift: shift as i32 })
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
