//! The logarithm of a softmax in integers, as TensorFlow Lite Micro computes it from int8 to int8.
//!
//! Reals are fixed-point `i32` with `f` fraction bits, written `Q(31-f)`. The steps are TFLite's (tflite-micro 90b983c2,
//! `reference/log_softmax.h`, `common.h`, `quantization_util.cc`).

use super::Array;
use super::fixed_point::logarithm;
use super::softmax::{DIFFERENCE_BITS, SUM_BITS, SoftmaxParameters};
use crate::numerics::gemmlowp::{rounding_divide_by_pot, saturating_rounding_doubling_high_mul as product};
use crate::numerics::multiplier::quantize_multiplier;
use crate::numerics::types::within;
use crate::{Error, FixedMultiplier, MultiplierWidth};

/// Integer bits of an output, `Q4` of 8 bits: its scale is 1/16.
const OUTPUT_BITS: u32 = 4;

/// The output for a probability of 1.
const ZERO_POINT: i32 = 127;

/// The parameters by which differences of inputs become logarithms.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LogSoftmaxParameters {
    /// from a difference to `Q5`
    exponents: SoftmaxParameters,
    /// from `Q5` to a difference
    inverse: FixedMultiplier,
}

impl LogSoftmaxParameters {
    /// For inputs of this scale.
    ///
    /// # Errors
    /// If the scale is so small that the reference aborts.
    pub fn new(scale: f32) -> Result<LogSoftmaxParameters, Error> {
        let exponents = SoftmaxParameters::new(1.0, scale)?;
        let (multiplier, left) = exponents.multiplier();
        let real = f64::from(1u32 << (31 - left)) / multiplier as f64;
        if real >= 1.0 {
            return Err(Error::Real { limit: "the inverse of scale * 2^26 below 1", got: real });
        }
        Ok(LogSoftmaxParameters { exponents, inverse: quantize_multiplier(real, MultiplierWidth::W32)? })
    }

    /// The greatest difference whose logarithm counts as -16. `log` is the logarithm of the sum as `Q5`.
    fn beyond(&self, log: i32) -> i64 {
        // The least number of Q5, beside which the logarithm still fits.
        let lowest = product(log.wrapping_add(i32::MIN), self.inverse.multiplier() as i32);
        let lowest = rounding_divide_by_pot(lowest, self.inverse.right());
        i64::from(lowest).max(self.exponents.least() - 1)
    }
}

/// TFLM's `LOG_SOFTMAX` along the last dimension, int8 to int8 of scale 1/16 and zero point 127.
///
/// # Errors
/// If an element is not int8, or a row is so long and even that its exponentials sum up to 4096, which is no `Q12`; the
/// error names the row.
pub fn log_softmax(input: &Array, parameters: &LogSoftmaxParameters) -> Result<Array, Error> {
    let depth = input.shape().last().copied().unwrap_or(1);
    let mut data = Vec::with_capacity(input.data().len());
    for (row, xs) in input.data().chunks_exact(depth).enumerate() {
        let ys = log_softmax_row(xs, parameters);
        data.extend(ys.map_err(|source| Error::At { index: vec![row], source: Box::new(source) })?);
    }
    Array::new("output", input.shape().to_vec(), data)
}

fn log_softmax_row(xs: &[i32], parameters: &LogSoftmaxParameters) -> Result<Vec<i32>, Error> {
    for &x in xs {
        within("input", x.into(), -128..=127)?;
    }
    let greatest = xs.iter().copied().max().unwrap_or(-128);
    let exponents = &parameters.exponents;
    // Q0 to Q12. The difference of two int8 fits.
    let exponential = |x: i32| rounding_divide_by_pot(exponents.exponential((greatest - x) as u8), SUM_BITS);
    let sum: i64 = xs.iter().map(|&x| i64::from(exponential(x))).sum();
    within("sum of exponentials, in 2^-19", sum, 1 << 19..=i32::MAX.into())?;
    let log = logarithm(sum as i32);
    let beyond = parameters.beyond(log);
    let output = |&x: &i32| {
        let difference = i64::from(x - greatest);
        let exponent = exponents.argument(difference).filter(|_| difference > beyond);
        exponent.map_or(-128, |exponent| {
            let y = rounding_divide_by_pot(exponent.wrapping_sub(log), 31 - DIFFERENCE_BITS - OUTPUT_BITS);
            (y + ZERO_POINT).clamp(-128, 127)
        })
    };
    Ok(xs.iter().map(output).collect())
}
