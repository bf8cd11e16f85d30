//! The rounding rules.

use std::fmt;
use std::ops::RangeInclusive;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::{Bounds, Error};

/// How a product by a multiplier is rounded. `docs/numerics.md` uses the same names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "&'static str")]
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
    Reduced16,
    /// once, to nearest, ties away from zero
    ShiftAway,
}

impl Rule {
    /// All rules.
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

    /// Shifts for which the rule is defined.
    pub const fn shift_range(self) -> RangeInclusive<i32> {
        match self {
            Rule::Reduced16 => -31..=7,
            _ => -31..=30,
        }
    }

    /// Accumulators for which the rule is defined.
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

impl TryFrom<String> for Rule {
    type Error = Error;
    fn try_from(s: String) -> Result<Rule, Error> {
        s.parse()
    }
}

impl From<Rule> for &'static str {
    fn from(rule: Rule) -> &'static str {
        rule.name()
    }
}

impl FromStr for Rule {
    type Err = Error;
    fn from_str(s: &str) -> Result<Rule, Error> {
        let unknown = || Error::unknown("rule", s, &Rule::ALL.map(Rule::name));
        Rule::ALL.into_iter().find(|r| r.name() == s).ok_or_else(unknown)
    }
}
