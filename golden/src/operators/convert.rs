//! Between real and quantized values, and between two quantizations.

use super::{Array, Operand};
use crate::requantizer::Requantize;
use crate::{Bounds, Error};

/// How a real value is divided by the scale and rounded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum QuantizeRounding {
    /// `rha(x / s)`: TFLite's reference kernels and TFLM (tflite-micro 90b983c2, `reference/quantize.h`)
    Away,
    /// `rne(x (1/s))`: LiteRT's optimized kernels, XNNPACK, PyTorch
    Reciprocal,
}

/// Scale, zero point and clamp of a quantized value, and the way to it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Quantizer {
    /// finite and above 0
    pub scale: f32,
    /// added after rounding
    pub zero_point: i32,
    /// least and greatest value
    pub bounds: Bounds,
    /// of the division
    pub rounding: QuantizeRounding,
}

/// `clamp(round(x / scale) + zero_point)`, in `f32`. Infinities saturate.
///
/// # Errors
/// If the scale is not finite and positive, or an element is not a number; the error names it.
pub fn quantize(input: &Array<f32>, q: &Quantizer) -> Result<Array, Error> {
    if !(q.scale.is_finite() && q.scale > 0.0) {
        return Err(Error::Real { limit: "finite and above 0", got: q.scale.into() });
    }
    input.try_map(|&x| {
        if x.is_nan() {
            return Err(Error::Real { limit: "a number", got: x.into() });
        }
        let steps = match q.rounding {
            QuantizeRounding::Away => (x / q.scale).round(),
            QuantizeRounding::Reciprocal => (x * (1.0 / q.scale)).round_ties_even(),
        };
        // The cast saturates, and the bounds of an output are i32.
        let y = (steps as i64).saturating_add(q.zero_point.into());
        Ok(y.clamp(q.bounds.min(), q.bounds.max()) as i32)
    })
}

/// `scale (q - zero_point)`: the difference is exact, and becomes an `f32` before the product (tflite-micro 90b983c2,
/// `reference/dequantize.h`).
pub fn dequantize(input: Operand<'_>, scale: f32) -> Result<Array<f32>, Error> {
    input.array.try_map(|&x| Ok(scale * (i64::from(x) - i64::from(input.zero_point)) as f32))
}

/// From one quantization to another, TFLite's `QUANTIZE` of integers: `requantize(x - zx)`.
///
/// # Errors
/// If a difference has no quantized value; the error names the element.
pub fn requantize(input: Operand<'_>, scale: &impl Requantize) -> Result<Array, Error> {
    input.array.try_map(|&x| scale.requantize_sum(i128::from(x) - i128::from(input.zero_point)))
}
