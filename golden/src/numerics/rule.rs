//! The rounding rules.

use std::ops::RangeInclusive;

use crate::{Bounds, words};

words! {
    /// How a product by a multiplier is rounded. `docs/numerics.md` uses the same names.
    pub enum Rule: "rule" {
        /// the bits below the result are dropped
        Truncate = "truncate",
        /// once, to nearest, ties up
        Single = "single",
        /// twice: to nearest, ties up; then by the right shift, ties away from zero
        TfliteDouble = "tflite_double",
        /// twice: to nearest, ties up; then by the right shift, ties up again
        HalfUpTwice = "half_up_twice",
        /// once, to nearest, ties up, with a multiplier reduced to 16 bits
        Reduced16 = "reduced_16",
        /// once, to nearest, ties away from zero
        ShiftAway = "shift_away",
    }
}

impl Rule {
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
