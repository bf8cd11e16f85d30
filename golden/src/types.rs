//! Parameters, validated once: what has one of these types is within its contract.

use std::fmt;
use std::ops::RangeInclusive;
use std::str::FromStr;

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

    /// `v` lies within.
    pub fn contains(self, v: i128) -> bool {
        (self.min.into()..=self.max.into()).contains(&v)
    }
}

/// How a product by a multiplier is rounded. The names are those of `docs/numerics.md`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Rule {
    /// the bits below the result are dropped
    Truncate,
    /// once, to nearest, ties up
    Single,
    /// twice: to nearest, ties up; then by the right shift, ties away from zero
    TfliteDouble,
    /// twice: to nearest, ties up; then by the right shift, ties up again
    HalfUpTwice,
    /// once, to nearest, ties up, with a multiplier reduced to 16 bits
    #[serde(rename = "reduced_16")]
    Reduced16,
    /// once, to nearest, ties away from zero
    ShiftAway,
}

impl Rule {
    /// All of them.
    pub const ALL: [Rule; 6] =
        [Rule::Truncate, Rule::Single, Rule::TfliteDouble, Rule::HalfUpTwice, Rule::Reduced16, Rule::ShiftAway];

    /// Its name in requests and configurations.
    pub const fn name(self) -> &'static str {
        match self {
            Rule::Truncate => "truncate",
            Rule::Single => "single",
            Rule::TfliteDouble => "tflite_double",
            Rule::HalfUpTwice => "half_up_twice",
            Rule::Reduced16 => "reduced_16",
            Rule::ShiftAway => "shift_away",
        }
    }

    /// Who computes exactly this.
    pub const fn reference(self) -> &'static str {
        match self {
            Rule::Truncate => "fixed-point product with its low bits dropped (floor)",
            Rule::Single => "TFLite and CMSIS-NN with single rounding, TOSA SINGLE_ROUND, FBGEMM fixed point",
            Rule::TfliteDouble => "gemmlowp, TFLite and TFLM default, CMSIS-NN default, TOSA DOUBLE_ROUND",
            Rule::HalfUpTwice => "ruy's x86 kernels, TFLite's NEON helper",
            Rule::Reduced16 => "TFLite and TFLM int16x8, CMSIS-NN s64",
            Rule::ShiftAway => "NVDLA converters",
        }
    }

    /// Shifts for which it is defined.
    pub const fn shift_range(self) -> RangeInclusive<i32> {
        match self {
            Rule::Reduced16 => -31..=7,
            _ => -31..=30,
        }
    }

    /// Accumulators for which it is defined.
    pub const fn accumulator(self) -> Bounds {
        match self {
            Rule::Reduced16 => Bounds::INT48,
            _ => Bounds::INT32,
        }
    }
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for Rule {
    type Err = String;
    fn from_str(s: &str) -> Result<Rule, String> {
        let all = || Rule::ALL.map(Rule::name).join(", ");
        Rule::ALL.into_iter().find(|r| r.name() == s).ok_or_else(|| format!("rule: {s} is none of {}", all()))
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
    /// All of them.
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
    type Error = String;
    fn try_from(bits: u32) -> Result<MultiplierWidth, String> {
        let found = MultiplierWidth::ALL.into_iter().find(|w| w.bits() == bits);
        found.ok_or_else(|| format!("bits: {bits} is none of 8, 16, 32"))
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
    /// Rounding rule, factor, output zero point (any `i32`), and clamp.
    ///
    /// # Errors
    /// If the rule is not defined for the shift or the width of the multiplier, or the zero point is no `i32`.
    pub fn new(rule: Rule, scale: Scale, zero_point: i64, output: Bounds) -> Result<Requantization, Error> {
        let shifts = rule.shift_range();
        within("shift", scale.shift.into(), (*shifts.start()).into()..=(*shifts.end()).into())?;
        within("zero_point", zero_point, Bounds::INT32.min..=Bounds::INT32.max)?;
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

    /// The reference defines the result for `acc`: neither it nor its left shift overflows.
    ///
    /// Every build of TFLite that was tried wraps there; C leaves it undefined, so nobody may rely on it.
    ///
    /// # Errors
    /// If it does not.
    pub fn check_accumulator(&self, acc: i64) -> Result<(), Error> {
        let Bounds { min, max } = self.rule.accumulator();
        // int16x8 shifts only after the product, in 64 bits.
        let left = if self.rule == Rule::Reduced16 { 0 } else { self.scale.left() };
        if self.rule.accumulator().contains(i128::from(acc) << left) {
            Ok(())
        } else {
            Err(Error::Accumulator { acc, left, min, max, rule: self.rule })
        }
    }
}
