//! Functions of one int8 as tables.
//!
//! An int8 has 256 values, so a table says everything about such a function. The runtime's own formula makes each entry
//! once. Then [`lookup`](super::lookup) applies the table. The entry of `x` stands at place `x + 128`.

use std::convert::Infallible;

use super::fixed_point::{ARGUMENT_BITS, logistic, tanh};
use crate::numerics::gemmlowp::rounding_divide_by_pot;
use crate::numerics::multiplier::quantize_multiplier;
use crate::numerics::requantizer::Requantize;
use crate::{Bounds, Error, MultiplierWidth, Requantization, Rule};

/// The output of each int8, from -128 on.
pub type Table = [i8; 256];

/// The table of a function whose outputs are int8.
pub(super) fn tabulate<E>(f: impl Fn(i32) -> Result<i32, E>) -> Result<Table, E> {
    let mut entries = [0; 256];
    for (entry, x) in entries.iter_mut().zip(-128..) {
        *entry = f(x)? as i8;
    }
    Ok(entries)
}

/// TFLM's `LOGISTIC` of an input of this scale and zero point, to scale 1/256 and zero point -128 (tflite-micro
/// 90b983c2, `micro/kernels/logistic_common.cc`, `reference/integer_ops/logistic.h`).
///
/// # Errors
/// If the scale is not in `2^-28..2^35`, where C leaves the shift of the radius undefined.
pub fn logistic_table(scale: f32, zero_point: i32) -> Result<Table, Error> {
    saturating_function(scale, zero_point, |argument| rounding_divide_by_pot(logistic(argument), 31 - 8) - 128)
}

/// TFLM's `TANH` of an input of this scale and zero point, to scale 1/128 and zero point 0 (tflite-micro 90b983c2,
/// `micro/kernels/tanh.cc`, `reference/integer_ops/tanh.h`).
///
/// # Errors
/// The errors of [`logistic_table`].
pub fn tanh_table(scale: f32, zero_point: i32) -> Result<Table, Error> {
    saturating_function(scale, zero_point, |argument| rounding_divide_by_pot(tanh(argument), 31 - 7))
}

/// The table of `f` of `scale (x - zero_point)` as `Q4`. Outside a radius around the zero point, the output is a bound of
/// int8. The radius is 15, divided by the power of two above the scale and rounded down (tflite-micro 90b983c2,
/// `quantization_util.cc`, `CalculateInputRadius`); from scale 8 on it is 0.
fn saturating_function(scale: f32, zero_point: i32, f: impl Fn(i32) -> i32) -> Result<Table, Error> {
    const FRACTION: u32 = 31 - ARGUMENT_BITS;
    const LARGEST: i64 = (1 << ARGUMENT_BITS) - 1;
    let (least, limit) = (1.0 / f64::from(1u32 << 28), (1u64 << 35) as f64);
    if !(least..limit).contains(&f64::from(scale)) {
        return Err(Error::Real { limit: "a scale in 2^-28..2^35", got: scale.into() });
    }
    // The conversion fails for a factor that rounds to 2^30 or more, by which the radius is 0.
    let factor = quantize_multiplier(f64::from(scale) * f64::from(1u32 << FRACTION), MultiplierWidth::W32).ok();
    let radius = factor.map_or(0, |factor| (LARGEST << FRACTION) >> factor.left());
    let to_argument = factor.map(|factor| Requantization::new(Rule::TfliteDouble, factor, 0, Bounds::INT32));
    let to_argument = to_argument.transpose()?;
    tabulate(|x| {
        let difference = i64::from(x) - i64::from(zero_point);
        match to_argument {
            Some(to_argument) if difference.abs() < radius => {
                Ok(f(to_argument.requantize_sum(difference.into())?).clamp(-128, 127))
            }
            // The lower bound comes first, which shows at the zero point where the radius is 0.
            _ => Ok(if difference <= -radius { -128 } else { 127 }),
        }
    })
}

/// `RELU` by itself, and LiteRT's `RELU6`: `requantize(x - zx)` by the factor `sx / sy`, and the clamp `bounds`
/// (tflite-micro 90b983c2, `micro/kernels/activations_common.cc`; LiteRT f6745779, `kernels/activations.cc`).
///
/// # Errors
/// If the factor has no multiplier, or an `x` leaves the contract of `tflite_double`.
pub fn relu_table(factor: f64, zero_points: [i32; 2], bounds: Bounds) -> Result<Table, Error> {
    let factor = quantize_multiplier(factor, MultiplierWidth::W32)?;
    let requantization = Requantization::new(Rule::TfliteDouble, factor, zero_points[1].into(), bounds)?;
    tabulate(|x| requantization.requantize_sum(i128::from(x) - i128::from(zero_points[0])))
}

/// `LEAKY_RELU`: `requantize(x - zx)` by the second factor, `sx / sy`, or below the zero point by the first,
/// `sx alpha / sy`, both in `f32` (tflite-micro 90b983c2, `micro/kernels/leaky_relu.cc`, `reference/leaky_relu.h`). A
/// negative factor is its magnitude, and the product is negated.
///
/// # Errors
/// If a factor has no multiplier, or an `x` leaves the contract of `tflite_double`.
pub fn leaky_relu_table(factors: [f32; 2], zero_points: [i32; 2]) -> Result<Table, Error> {
    let [below, above] = factors.map(|factor| {
        let magnitude = quantize_multiplier(factor.abs().into(), MultiplierWidth::W32)?;
        Requantization::new(Rule::TfliteDouble, magnitude, 0, Bounds::INT32)
    });
    let (below, above) = (below?, above?);
    tabulate(|x| {
        let d = i128::from(x) - i128::from(zero_points[0]);
        let product = match d >= 0 {
            true => above.requantize_sum(d)?,
            false if factors[0] < 0.0 => -below.requantize_sum(d)?,
            false => below.requantize_sum(d)?,
        };
        Ok((i64::from(product) + i64::from(zero_points[1])).clamp(-128, 127) as i32)
    })
}

/// `ABS`: `requantize(abs(x - zx))` by the factor `sx / sy`; equal scales do without one (tflite-micro 90b983c2,
/// `micro/kernels/elementwise.cc`; LiteRT f6745779, `kernels/elementwise.cc`).
///
/// # Errors
/// If the factor has no multiplier, or an `x` leaves the contract of `tflite_double`.
pub fn abs_table(factor: f64, zero_points: [i32; 2]) -> Result<Table, Error> {
    let rounded = quantize_multiplier(factor, MultiplierWidth::W32)?;
    let rounded = Requantization::new(Rule::TfliteDouble, rounded, 0, Bounds::INT32)?;
    tabulate(|x| {
        let size = (x - zero_points[0]).abs();
        let size = if factor == 1.0 { size } else { rounded.requantize_sum(size.into())? };
        Ok(size.saturating_add(zero_points[1]).clamp(-128, 127))
    })
}

/// LiteRT's `NEG`: each integer is negated in 8 bits, whatever scale and zero point are, and -128 stays what it is.
pub fn neg_table() -> Table {
    let Ok(table) = tabulate::<Infallible>(|x| Ok((x as i8).wrapping_neg().into()));
    table
}

/// TFLM's `RELU6` by itself: the clamp of `x` to what 0 and 6 are at the scale of the input, whatever the scale of the
/// output is (tflite-micro 90b983c2, `micro/kernels/activations.h`).
pub fn clamp_table(bounds: Bounds) -> Table {
    let clamp = |x: i32| i64::from(x).clamp(bounds.min(), bounds.max()) as i32;
    let Ok(table) = tabulate::<Infallible>(|x| Ok(clamp(x)));
    table
}

/// XNNPACK's product of a tensor with itself, which it computes as a square by a table: in `f32` from scale to scale, with
/// the zero point added before rounding, ties to even. A product of two tensors is rounded before the zero point is
/// added.
pub fn xnnpack_square_table([input, output]: [f32; 2], zero_points: [i32; 2], bounds: Bounds) -> Table {
    let reciprocal = 1.0 / output;
    let square = |x: i32| {
        let real = (x - zero_points[0]) as f32 * input;
        let y = (real * real * reciprocal + zero_points[1] as f32).round_ties_even();
        y.clamp(bounds.min() as f32, bounds.max() as f32) as i32
    };
    let Ok(table) = tabulate::<Infallible>(|x| Ok(square(x)));
    table
}
