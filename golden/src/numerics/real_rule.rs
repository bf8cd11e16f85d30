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

impl RealRule {
    /// Who computes exactly this.
    pub const fn reference(self) -> &'static str {
        match self {
            RealRule::F64Away => "LiteRT and tf.lite, reference kernel of FULLY_CONNECTED",
            RealRule::F32Even => "XNNPACK, ONNX Runtime, FBGEMM, PyTorch's own QNNPACK, Gemmini",
            RealRule::QnnpackQ31 => "QNNPACK as first published, q31",
            RealRule::XnnpackRndnu => "XNNPACK's ARM kernels, rndnu",
        }
    }

    /// Accumulators for which the rule is defined. `f64_away` takes 64 bits, because 16-bit activations are summed in
    /// 64 bits.
    pub const fn accumulator(self) -> Bounds {
        match self {
            RealRule::F64Away => Bounds::INT64,
            _ => Bounds::INT32,
        }
    }

    /// The factor as the reference holds it: `float` but for `f64_away`.
    ///
    /// # Errors
    /// If the rule is not defined for the factor.
    pub(crate) fn factor(self, real: f64) -> Result<f64, Error> {
        let held = match self {
            RealRule::F64Away => real,
            _ => (real as f32).into(),
        };
        let below = match self {
            RealRule::F64Away | RealRule::F32Even => f64::INFINITY,
            RealRule::QnnpackQ31 => 1.0,
            RealRule::XnnpackRndnu => 256.0,
        };
        let least = match self {
            RealRule::F64Away | RealRule::F32Even => f64::from_bits(1),
            RealRule::QnnpackQ31 | RealRule::XnnpackRndnu => LEAST,
        };
        // A NaN lies in no range.
        if (least..below).contains(&held) { Ok(held) } else { Err(self.refuse(real)) }
    }

    fn refuse(self, got: f64) -> Error {
        let limit = match self {
            RealRule::F64Away => "finite and positive",
            RealRule::F32Even => "finite and positive as a float",
            RealRule::QnnpackQ31 => "at least 2^-32 and below 1 as a float",
            RealRule::XnnpackRndnu => "at least 2^-32 and below 256 as a float",
        };
        Error::Factor { rule: self.name(), limit, got }
    }
}

/// `2^-32`: below it there are no bits left to shift.
const LEAST: f64 = 1.0 / (1u64 << 32) as f64;
