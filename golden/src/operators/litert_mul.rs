//! LiteRT's own product on x86: a vector kernel that is 16 bits wide at the end.

use super::broadcast::zip_at;
use super::elementwise::difference;
use super::groups::{Walk, in_whole_group, walk};
use super::{Array, Operand};
use crate::numerics::requantizer::Requantize;
use crate::{Bounds, Error, FixedMultiplier, Requantization, Rule};

/// Elements that the vector kernels take at once.
const GROUP: usize = 16;

/// The factor of LiteRT's own `MUL`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LitertMul {
    /// to a number of steps, without zero point and clamp
    steps: Requantization,
    /// to an output, as in TFLite's reference
    output: Requantization,
}

impl LitertMul {
    /// The factor `sa sb / so`, the zero point of the output, and its clamp.
    ///
    /// # Errors
    /// The errors of [`Requantization::new`].
    pub fn new(factor: FixedMultiplier, zero_point: i64, bounds: Bounds) -> Result<LitertMul, Error> {
        Ok(LitertMul {
            steps: Requantization::new(Rule::TfliteDouble, factor, 0, Bounds::INT32)?,
            output: Requantization::new(Rule::TfliteDouble, factor, zero_point, bounds)?,
        })
    }

    /// The number of steps is saturated to 16 bits. Its sum with the zero point keeps the low 16 bits before the clamp.
    fn narrow_output(&self, product: i128) -> Result<i32, Error> {
        let bounds = self.output.output();
        let steps = self.steps.requantize_sum(product)?.clamp(i16::MIN.into(), i16::MAX.into()) as i16;
        let y = steps.wrapping_add(self.output.zero_point() as i16);
        // Bounds of an output are i32.
        Ok(i64::from(y).clamp(bounds.min(), bounds.max()) as i32)
    }
}

/// `MUL` of int8 of LiteRT's own kernels on x86 (LiteRT f6745779, `optimized/integer_ops/mul.h`): [`mul`](super::mul)
/// by `tflite_double`. In whole groups of 16 elements of a run, the last step has only 16 bits, so that a product far
/// above the greatest output can become the least.
///
/// # Errors
/// The errors of [`mul`](super::mul).
pub fn litert_mul(a: Operand<'_>, b: Operand<'_>, parameters: &LitertMul) -> Result<Array, Error> {
    let walk = walk(a.array.shape(), b.array.shape());
    zip_at(a.array, b.array, |flat, x, y| {
        let product = i128::from(difference(x, a.zero_point)) * i128::from(difference(y, b.zero_point));
        match walk {
            Walk::Pairs { run } | Walk::OneWithMany { run } if in_whole_group(flat % run, run, GROUP) => {
                parameters.narrow_output(product)
            }
            _ => parameters.output.requantize_sum(product),
        }
    })
}
