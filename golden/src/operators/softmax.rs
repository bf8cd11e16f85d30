//! Softmax in integers, as TensorFlow Lite Micro computes it from int8 to int8.
//!
//! Reals are fixed-point `i32` with `f` fraction bits, written `Q(31-f)`. The steps are TFLite's (tflite-micro 90b983c2,
//! `reference/softmax.h`, `quantization_util.cc`).

use super::Array;
use super::fixed_point::{exp_on_negative_values, one_over_one_plus_x};
use crate::numerics::gemmlowp::{rounding_divide_by_pot, saturating_rounding_doubling_high_mul as product};
use crate::numerics::multiplier::quantize_multiplier;
use crate::numerics::types::within;
use crate::{Error, FixedMultiplier, MultiplierWidth};

/// Integer bits of a scaled difference, `Q5`, and of the sum of exponentials, `Q12`.
pub(super) const DIFFERENCE_BITS: u32 = 5;
pub(super) const SUM_BITS: u32 = 12;

/// The parameters by which a difference of inputs becomes the argument of the exponential.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SoftmaxParameters {
    /// `None` if every difference but 0 has an exponential that counts as 0
    scale: Option<FixedMultiplier>,
    least: i64,
    /// the factor, which the reference caps
    capped: i64,
}

impl SoftmaxParameters {
    /// For `softmax(beta * scale * q)`: the factor `beta scale 2^26` as multiplier and left shift, and the least
    /// difference from the maximum whose exponential does not count as 0. The reference caps the factor at `2^31 - 1`;
    /// from `2^30` on the least difference is 0.
    ///
    /// # Errors
    /// If the factor is not a number above 1, as the reference demands.
    pub fn new(beta: f32, scale: f32) -> Result<SoftmaxParameters, Error> {
        let real = f64::from(beta) * f64::from(scale) * f64::from(1u32 << (31 - DIFFERENCE_BITS));
        if real.is_nan() || real <= 1.0 {
            return Err(Error::Real { limit: "beta * scale * 2^26 above 1", got: real });
        }
        // The conversion fails for a factor that rounds to 2^30 or more.
        let scale = quantize_multiplier(real, MultiplierWidth::W32).ok();
        let radius = scale.map_or(0, |scale| (31i64 << (31 - DIFFERENCE_BITS)) >> scale.left());
        let capped = real.min(f64::from(i32::MAX)).round() as i64;
        Ok(SoftmaxParameters { scale, least: -radius, capped })
    }

    /// `exp(-beta * scale * below)` as `Q0`, for an input that lies `below` the greatest one of its row; 0 where it counts
    /// as 0.
    pub fn exponential(&self, below: u8) -> i32 {
        self.argument(-i64::from(below)).map_or(0, |a| exp_on_negative_values(a, DIFFERENCE_BITS))
    }

    /// The least difference whose exponential does not count as 0.
    pub(super) fn least(&self) -> i64 {
        self.least
    }

    /// The multiplier and the left shift of the reference.
    pub(super) fn multiplier(&self) -> (i64, u32) {
        self.scale.map_or((self.capped, 31), |scale| (scale.multiplier(), scale.left()))
    }

    /// The difference from the maximum as `Q5`; `None` where its exponential counts as 0.
    pub(super) fn argument(&self, difference: i64) -> Option<i32> {
        // The result is within i32, because the least difference is derived from this limit.
        let scaled = |s: FixedMultiplier| product((difference << s.left()) as i32, s.multiplier() as i32);
        (difference >= self.least).then(|| self.scale.map_or(0, scaled))
    }
}

/// TFLM's `SOFTMAX` along the last dimension, int8 to int8 of scale 1/256 and zero point -128.
///
/// # Errors
/// If an element is not int8, or a row is so long and even that its exponentials sum up to 512, where the reference
/// aborts; the error names the row.
pub fn softmax(input: &Array, parameters: &SoftmaxParameters) -> Result<Array, Error> {
    by_rows(input, |below| parameters.exponential(below))
}

/// [`softmax`] with its exponentials in a table: entry `below` is [`SoftmaxParameters::exponential`] of `below`.
///
/// # Errors
/// The errors of [`softmax`]; if an exponential is negative.
pub fn softmax_by_table(input: &Array, exponentials: &[i32; 256]) -> Result<Array, Error> {
    exponentials.iter().try_for_each(|&e| within("exponential", e.into(), 0..=i32::MAX.into()).map(drop))?;
    by_rows(input, |below| exponentials[usize::from(below)])
}

fn by_rows(input: &Array, exponential: impl Fn(u8) -> i32) -> Result<Array, Error> {
    let depth = input.shape().last().copied().unwrap_or(1);
    let mut data = Vec::with_capacity(input.data().len());
    for (row, xs) in input.data().chunks_exact(depth).enumerate() {
        let ys = softmax_row(xs, &exponential);
        data.extend(ys.map_err(|source| Error::At { index: vec![row], source: Box::new(source) })?);
    }
    Array::new("output", input.shape().to_vec(), data)
}

fn softmax_row(xs: &[i32], exponential: impl Fn(u8) -> i32) -> Result<Vec<i32>, Error> {
    for &x in xs {
        within("input", x.into(), -128..=127)?;
    }
    let greatest = xs.iter().copied().max().unwrap_or(-128);
    // The difference of two int8 fits.
    let exponentials: Vec<i32> = xs.iter().map(|&x| exponential((greatest - x) as u8)).collect();
    // Q0 to Q12.
    let sum: i64 = exponentials.iter().map(|&e| i64::from(rounding_divide_by_pot(e, SUM_BITS))).sum();
    // The exponent below is at most 31 up to here.
    within("sum of exponentials, in 2^-19", sum, 1 << 19..=(1 << 28) - 1)?;
    let headroom = (sum as u32).leading_zeros();
    // The sum, normalized to 1..2, less 1.
    let fraction = ((sum as u32) << headroom) ^ (1 << 31);
    let reciprocal = one_over_one_plus_x(fraction as i32);
    let exponent = SUM_BITS - headroom + 31 - 8;
    let output = |&e: &i32| (rounding_divide_by_pot(product(reciprocal, e), exponent) - 128).clamp(-128, 127);
    Ok(exponentials.iter().map(output).collect())
}
