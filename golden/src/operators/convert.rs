//! Between real and quantized values, and between two quantizations.

use super::groups::in_whole_group;
use super::{Array, Operand};
use crate::numerics::requantizer::Requantize;
use crate::numerics::round::up;
use crate::numerics::types::within;
use crate::{Bounds, Error};

/// How a real value is divided by the scale and rounded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum QuantizeRounding {
    /// `rha(x / s)` in `f32`: TFLite's reference kernels and TFLM (tflite-micro 90b983c2, `reference/quantize.h`)
    Away,
    /// `rne(x (1/s))` in `f32`, saturated: XNNPACK, PyTorch
    Reciprocal,
    /// `rne(x / s)` in `f32`, saturated: ONNX Runtime
    Even,
    /// LiteRT's own kernels on x86 (LiteRT f6745779, `optimized_ops.h`): whole groups of 8 elements as with
    /// `Reciprocal`, and the elements left over `rha(x / s)` in `f64`
    LitertBuiltin,
}

/// Scale, zero point, clamp and rounding of a quantized value.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Quantizer {
    /// finite and above 0
    pub scale: f32,
    /// added after rounding
    pub zero_point: i32,
    /// least and greatest value
    pub bounds: Bounds,
    /// rounding of the division
    pub rounding: QuantizeRounding,
}

/// `clamp(round(x / scale) + zero_point)`.
///
/// # Errors
/// If the scale is not finite and positive, or an element is not a number; and, but for the roundings that saturate,
/// if the rounded quotient or its sum with the zero point is beyond `i32`, which C leaves undefined. The error names the
/// element.
pub fn quantize(input: &Array<f32>, q: &Quantizer) -> Result<Array, Error> {
    if !(q.scale.is_finite() && q.scale > 0.0) {
        return Err(Error::Real { limit: "finite and above 0", got: q.scale.into() });
    }
    let elements = input.data().len();
    input.try_map_at(|place, &x| {
        if x.is_nan() {
            return Err(Error::Real { limit: "a number", got: x.into() });
        }
        let by_reciprocal = || f64::from((x * (1.0 / q.scale)).round_ties_even());
        let steps = match q.rounding {
            QuantizeRounding::Away => f64::from((x / q.scale).round()),
            QuantizeRounding::Reciprocal => by_reciprocal(),
            QuantizeRounding::Even => f64::from((x / q.scale).round_ties_even()),
            QuantizeRounding::LitertBuiltin if in_whole_group(place, elements, 8) => by_reciprocal(),
            QuantizeRounding::LitertBuiltin => (f64::from(x) / f64::from(q.scale)).round(),
        };
        // The cast saturates, and so does the sum.
        let y = (steps as i64).saturating_add(q.zero_point.into());
        if !matches!(q.rounding, QuantizeRounding::Reciprocal | QuantizeRounding::Even) {
            for v in [steps as i64, y] {
                within("quotient, in steps of the scale", v, Bounds::INT32.min()..=Bounds::INT32.max())?;
            }
        }
        // Bounds of an output are i32.
        Ok(y.clamp(q.bounds.min(), q.bounds.max()) as i32)
    })
}

/// How a quantized value becomes an `f32`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DequantizeRounding {
    /// `s (q - z)`, rounded once: TFLite's reference kernels, TFLM (tflite-micro 90b983c2, `reference/dequantize.h`),
    /// XNNPACK
    Once,
    /// LiteRT's own kernels on x86 (LiteRT f6745779, `optimized_ops.h`): in whole groups of 8 elements `q s + (-z) s`,
    /// the products and the sum rounded to an `f32` each; the elements left over as with `Once`
    LitertBuiltin,
}

/// `scale (q - zero_point)`. The difference is exact, and becomes an `f32` before the product.
pub fn dequantize(input: Operand<'_>, scale: f32, rounding: DequantizeRounding) -> Result<Array<f32>, Error> {
    let (elements, z) = (input.array.data().len(), input.zero_point);
    input.array.try_map_at(|place, &q| {
        Ok(match rounding {
            DequantizeRounding::LitertBuiltin if in_whole_group(place, elements, 8) => {
                q as f32 * scale + -(z as f32) * scale
            }
            _ => scale * (i64::from(q) - i64::from(z)) as f32,
        })
    })
}

/// `requantize(x - zx)`: TFLite's `QUANTIZE` of integers, from one quantization to another.
///
/// # Errors
/// If a difference has no quantized value; the error names the element.
pub fn requantize(input: Operand<'_>, scale: &impl Requantize) -> Result<Array, Error> {
    input.array.try_map(|&x| scale.requantize_sum(i128::from(x) - i128::from(input.zero_point)))
}

/// [`requantize`] of LiteRT's own kernels on x86 (LiteRT f6745779, `optimized_ops.h`): `group` requantizes whole groups
/// of 16 elements, and `rest` the elements left over.
///
/// # Errors
/// The errors of [`requantize`].
pub fn litert_requantize(input: Operand<'_>, group: &impl Requantize, rest: &impl Requantize) -> Result<Array, Error> {
    let elements = input.array.data().len();
    input.array.try_map_at(|place, &x| {
        let difference = i128::from(x) - i128::from(input.zero_point);
        match in_whole_group(place, elements, 16) {
            true => group.requantize_sum(difference),
            false => rest.requantize_sum(difference),
        }
    })
}

/// XNNPACK's own way between two quantizations of one type (XNNPACK 75db3c09, `qs8-vcvt`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct XnnpackConvert {
    multiplier: i64,
    zero_point: i32,
    bounds: Bounds,
}

impl XnnpackConvert {
    /// From the scales of input and output: the multiplier is `rne(256 (si / so))`, in `f32`.
    ///
    /// # Errors
    /// If the ratio is outside `2^-8..=2^7`, where XNNPACK has no such conversion.
    pub fn new([input, output]: [f32; 2], zero_point: i32, bounds: Bounds) -> Result<XnnpackConvert, Error> {
        let ratio = input / output;
        if !(1.0 / 256.0..=128.0).contains(&ratio) {
            return Err(Error::Real { limit: "a ratio of scales in 2^-8..=2^7", got: ratio.into() });
        }
        Ok(XnnpackConvert { multiplier: (256.0 * ratio).round_ties_even() as i64, zero_point, bounds })
    }
}

/// `up((x - zx) m, 8) + zo`, clamped.
pub fn xnnpack_convert(input: Operand<'_>, convert: &XnnpackConvert) -> Result<Array, Error> {
    let XnnpackConvert { multiplier, zero_point, bounds } = *convert;
    input.array.try_map(|&x| {
        let difference = i128::from(x) - i128::from(input.zero_point);
        let y = up(difference * i128::from(multiplier), 8) + i128::from(zero_point);
        // Bounds of an output are i32.
        Ok(y.clamp(bounds.min().into(), bounds.max().into()) as i32)
    })
}
