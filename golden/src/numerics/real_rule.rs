//! The rounding rules that multiply by a real number.

use crate::{Bounds, Error, words};

words! {
    /// How a product by a real factor is rounded: the factor is a `double` or `float` of the reference, not a multiplier
    /// with a shift. `docs/numerics.md` uses the same names.
    pub enum RealRule: "rule" {
        /// to a `double`, then to nearest, ties away from zero
        F64Away = "f64_away",
        /// accumulator and product to a `float`, then to nearest, ties to even
        F32Even = "f32_even",
        /// twice, by the 24 bits of a `float` factor: to nearest, ties up; then by the right shift, ties away from zero
        QnnpackQ31 = "qnnpack_q31",
        /// once, by the 24 bits of a `float` factor: to nearest, ties up
        XnnpackRndnu = "xnnpack_rndnu",
    }
}

/// The float of the reference that holds the factor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Float {
    /// `double`
    F64,
    /// `float`
    F32,
}

/// What golden knows of a rule.
struct Row {
    /// who computes exactly this
    reference: &'static str,
    /// bits of an accumulator, sign included
    accumulator: u32,
    factor: Float,
    /// least factor for which the rule is defined, above 0
    least: f64,
    /// the rule is defined for factors below
    below: f64,
    /// both limits in words
    limits: &'static str,
    /// the clamp comes before the rounding, between floats; else the rounded product has to be an `i32`
    clamps_floats: bool,
}

impl RealRule {
    const fn row(self) -> Row {
        // Below 2^-32 the reference has no bits left to shift.
        const LEAST: f64 = 1.0 / (1u64 << 32) as f64;
        match self {
            RealRule::F64Away => Row {
                reference: "LiteRT and tf.lite, reference kernel of FULLY_CONNECTED",
                // Sums of 16-bit activations have 64 bits.
                accumulator: 64,
                factor: Float::F64,
                least: f64::from_bits(1),
                below: f64::INFINITY,
                limits: "finite and positive",
                clamps_floats: false,
            },
            RealRule::F32Even => Row {
                reference: "XNNPACK, ONNX Runtime, FBGEMM, PyTorch's own QNNPACK, Gemmini",
                accumulator: 32,
                factor: Float::F32,
                least: f64::from_bits(1),
                below: f64::INFINITY,
                limits: "finite and positive as a float",
                clamps_floats: true,
            },
            RealRule::QnnpackQ31 => Row {
                reference: "QNNPACK as first published, q31",
                accumulator: 32,
                factor: Float::F32,
                least: LEAST,
                below: 1.0,
                limits: "at least 2^-32 and below 1 as a float",
                clamps_floats: false,
            },
            RealRule::XnnpackRndnu => Row {
                reference: "XNNPACK's ARM kernels, rndnu",
                accumulator: 32,
                factor: Float::F32,
                least: LEAST,
                below: 256.0,
                limits: "at least 2^-32 and below 256 as a float",
                clamps_floats: false,
            },
        }
    }

    /// Who computes exactly this.
    pub const fn reference(self) -> &'static str {
        self.row().reference
    }

    /// Bits of an accumulator, sign included.
    pub(super) const fn accumulator_bits(self) -> u32 {
        self.row().accumulator
    }

    /// Accumulators that the rule's reference can hold.
    pub const fn accumulator(self) -> Bounds {
        Bounds::signed(self.accumulator_bits())
    }

    /// Whether the clamp comes before the rounding, between floats. Otherwise the rounded product has to be an `i32`.
    pub(super) const fn clamps_floats(self) -> bool {
        self.row().clamps_floats
    }

    /// The factor as the reference holds it: `float` but for `f64_away`.
    ///
    /// # Errors
    /// If the rule is not defined for the factor.
    pub(super) fn factor(self, real: f64) -> Result<f64, Error> {
        let row = self.row();
        let held = match row.factor {
            Float::F64 => real,
            Float::F32 => (real as f32).into(),
        };
        // A NaN lies in no range.
        let defined = (row.least..row.below).contains(&held);
        defined.then_some(held).ok_or(Error::Factor { rule: self.name(), limit: row.limits, got: real })
    }
}
