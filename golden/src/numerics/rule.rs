//! The rounding rules: a row for each.

use std::ops::RangeInclusive;

use super::formula;
use super::types::{Bounds, FixedMultiplier, MultiplierWidth};
use crate::words;

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
        /// once, to nearest, ties to even
        HalfEven = "half_even",
    }
}

/// The accumulators of its type for which a rule is defined.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Contract {
    /// The reference shifts the accumulator left by `max(shift, 0)` before it multiplies. The shifted accumulator has to
    /// fit the type of the accumulator.
    ShiftedAccumulator,
    /// The reference multiplies the accumulator as it is, and shifts the product once. The result of the shift has to be
    /// an `i32`.
    Result,
}

/// The row of a rule.
struct Row {
    /// who computes exactly this
    reference: &'static str,
    /// shifts for which the rule is defined
    shifts: RangeInclusive<i32>,
    /// bits of an accumulator, sign included
    accumulator: u32,
    /// widths of the multiplier
    widths: &'static [MultiplierWidth],
    contract: Contract,
    /// from an accumulator within the contract to its scaled value
    scaled: fn(i64, FixedMultiplier) -> i128,
}

impl Rule {
    const fn row(self) -> Row {
        let any_width = &MultiplierWidth::ALL;
        match self {
            Rule::Truncate => Row {
                reference: "fixed-point product with its low bits dropped (floor)",
                shifts: -31..=30,
                accumulator: 32,
                widths: any_width,
                contract: Contract::Result,
                scaled: formula::truncate,
            },
            Rule::Single => Row {
                reference: "TFLite and CMSIS-NN with single rounding, TOSA SINGLE_ROUND, FBGEMM fixed point",
                shifts: -31..=30,
                accumulator: 32,
                widths: any_width,
                contract: Contract::Result,
                scaled: formula::single,
            },
            Rule::TfliteDouble => Row {
                reference: "gemmlowp, TFLite and TFLM default, CMSIS-NN default, TOSA DOUBLE_ROUND",
                shifts: -31..=30,
                accumulator: 32,
                widths: any_width,
                contract: Contract::ShiftedAccumulator,
                scaled: formula::tflite_double,
            },
            Rule::HalfUpTwice => Row {
                reference: "ruy's x86 kernels, TFLite's NEON helper",
                shifts: -31..=30,
                accumulator: 32,
                widths: any_width,
                contract: Contract::ShiftedAccumulator,
                scaled: formula::half_up_twice,
            },
            Rule::Reduced16 => Row {
                reference: "TFLite and TFLM int16x8, CMSIS-NN s64",
                shifts: -31..=7,
                accumulator: 48,
                // The rule reduces a multiplier of 32 bits itself.
                widths: &[MultiplierWidth::W32],
                contract: Contract::Result,
                scaled: formula::reduced_16,
            },
            Rule::ShiftAway => Row {
                reference: "NVDLA converters",
                shifts: -31..=30,
                accumulator: 32,
                widths: any_width,
                contract: Contract::Result,
                scaled: formula::shift_away,
            },
            Rule::HalfEven => Row {
                reference: "RISC-V vwmul and vnclip in mode rne; by powers of two Gemmini",
                shifts: -31..=30,
                accumulator: 32,
                widths: any_width,
                contract: Contract::Result,
                scaled: formula::half_even,
            },
        }
    }

    /// Who computes exactly this.
    pub const fn reference(self) -> &'static str {
        self.row().reference
    }

    /// Shifts for which the rule is defined.
    pub const fn shift_range(self) -> RangeInclusive<i32> {
        self.row().shifts
    }

    /// Bits of an accumulator, sign included.
    pub const fn accumulator_bits(self) -> u32 {
        self.row().accumulator
    }

    /// Accumulators that the rule's reference can hold. [`contract`](Rule::contract) says for which of them the rule is
    /// defined.
    pub const fn accumulator(self) -> Bounds {
        Bounds::signed(self.accumulator_bits())
    }

    /// Widths of the multiplier for which the rule is defined.
    pub const fn widths(self) -> &'static [MultiplierWidth] {
        self.row().widths
    }

    /// The accumulators for which the rule is defined.
    pub const fn contract(self) -> Contract {
        self.row().contract
    }

    /// The rounded product of an accumulator within the contract, before zero point and clamp.
    pub(super) fn scaled(self, acc: i64, factor: FixedMultiplier) -> i128 {
        (self.row().scaled)(acc, factor)
    }
}
