//! The square of a difference.

use super::broadcast::zip;
use super::elementwise::difference;
use super::{Array, Operand};
use crate::numerics::multiplier::quantize_multiplier;
use crate::numerics::requantizer::Requantize;
use crate::{Bounds, Error, MultiplierWidth, Requantization, Rule};

/// The left shift of operands before they are brought to a common scale.
const LEFT_SHIFT: u32 = 7;

/// How `SQUARED_DIFFERENCE` brings its operands to a common scale, and the square of their difference to the scale of the
/// output.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SquaredDifference {
    operands: [Requantization; 2],
    output: Requantization,
}

impl SquaredDifference {
    /// From the scales of both operands and the output: with `twice = 2 max(sa, sb)` the factors are `sa / twice`,
    /// `sb / twice` and `twice^2 / (2^14 so)`, in `f64` (tflite-micro 90b983c2, `micro/kernels/squared_difference.cc`).
    ///
    /// # Errors
    /// If a factor has no multiplier.
    pub fn new(scales: [f32; 3], zero_point: i64, bounds: Bounds) -> Result<SquaredDifference, Error> {
        let [a, b, output] = scales.map(f64::from);
        let twice = 2.0 * a.max(b);
        let rounded = |factor, zero_point, bounds| {
            let factor = quantize_multiplier(factor, MultiplierWidth::W32)?;
            Requantization::new(Rule::TfliteDouble, factor, zero_point, bounds)
        };
        let operand = |scale: f64| rounded(scale / twice, 0, Bounds::INT32);
        let square = twice * twice / (f64::from(1 << (2 * LEFT_SHIFT)) * output);
        Ok(SquaredDifference { operands: [operand(a)?, operand(b)?], output: rounded(square, zero_point, bounds)? })
    }
}

/// TFLite's `SQUARED_DIFFERENCE` of int8: `requantize((rescale(a - za) - rescale(b - zb))^2)`. Shapes are equal, or repeat
/// where a size is 1.
///
/// # Errors
/// If shapes disagree, or a value leaves the contract of `tflite_double`; the error names the element.
pub fn squared_difference(a: Operand<'_>, b: Operand<'_>, parameters: &SquaredDifference) -> Result<Array, Error> {
    let [of_a, of_b] = parameters.operands;
    let term = |x, zero_point, factor: Requantization| {
        factor.requantize_sum(i128::from(difference(x, zero_point)) << LEFT_SHIFT).map(i128::from)
    };
    zip(a.array, b.array, |x, y| {
        let root = term(x, a.zero_point, of_a)? - term(y, b.zero_point, of_b)?;
        parameters.output.requantize_sum(root * root)
    })
}
