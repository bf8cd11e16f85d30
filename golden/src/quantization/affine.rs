//! From a real number to its integer, and back.

use super::Parameters;
use crate::{Error, words};

words! {
    /// How `x / scale` becomes an integer; float32 throughout.
    pub enum Rounding: "rounding" {
        /// `x / scale`, ties to even: ONNX `QuantizeLinear`, the lab's `torch.round`
        HalfEven = "half_even",
        /// `x / scale`, ties away from zero: `QUANTIZE` of TFLite's reference and of TFLM
        HalfAway = "half_away",
        /// `x * (1 / scale)`, ties to even: PyTorch (FBGEMM), XNNPACK. Rounds twice, and so differs where a tie is near
        ReciprocalHalfEven = "reciprocal_half_even",
    }
}

impl Rounding {
    /// `x / scale` as a float32 without fraction; infinite where it overflows.
    fn divide(self, x: f32, scale: f32) -> f32 {
        match self {
            Rounding::HalfEven => (x / scale).round_ties_even(),
            Rounding::HalfAway => (x / scale).round(),
            Rounding::ReciprocalHalfEven => (x * (1.0 / scale)).round_ties_even(),
        }
    }
}

/// `clamp(round(x / scale) + zero_point)`: the zero point is added after the rounding and exactly (ONNX, TFLite).
/// Infinities, and whatever is too large, become the least or greatest integer.
///
/// # Errors
/// If `x` is NaN, for which no framework defines a result.
pub fn quantize(x: f32, parameters: &Parameters, rounding: Rounding) -> Result<i32, Error> {
    if x.is_nan() {
        return Err(Error::Float { what: "x", limit: "a number".to_owned(), got: x.into() });
    }
    Ok(quantize_number(x, parameters, rounding))
}

/// [`quantize`] of a number that is known to be no NaN.
pub(super) fn quantize_number(x: f32, parameters: &Parameters, rounding: Rounding) -> i32 {
    // The cast saturates. The sum saturates too, where it would overflow.
    let steps = rounding.divide(x, parameters.scale()) as i64;
    let integers = parameters.integers();
    steps.saturating_add(parameters.zero_point().into()).clamp(integers.min(), integers.max()) as i32
}

/// `float32(q - zero_point) * scale`, the product rounded to float32 (ONNX). TFLite multiplies in float64 and rounds to
/// float32. The result is the same wherever `q - zero_point` has at most 24 bits, as with all integers of up to 16
/// bits.
pub fn dequantize(q: i32, parameters: &Parameters) -> f32 {
    (i64::from(q) - i64::from(parameters.zero_point())) as f32 * parameters.scale()
}
