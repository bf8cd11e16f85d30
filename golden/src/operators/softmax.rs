//! Softmax in integers, as TensorFlow Lite Micro computes it from int8 to int8.
//!
//! Reals are fixed-point `i32` with `f` fraction bits, written `Q(31-f)`: gemmlowp's `FixedPoint<int32_t, 31-f>`, whose
//! product is [`saturating_rounding_doubling_high_mul`](crate::numerics::gemmlowp::saturating_rounding_doubling_high_mul).
//! Constants and steps are gemmlowp's (16e8662c, `fixedpoint.h`) and TFLite's (tflite-micro 90b983c2,
//! `reference/softmax.h`, `quantization_util.cc`).

use super::Array;
use crate::numerics::gemmlowp::{rounding_divide_by_pot, saturating_rounding_doubling_high_mul as product};
use crate::numerics::multiplier::quantize_multiplier;
use crate::numerics::types::within;
use crate::{Error, FixedMultiplier, MultiplierWidth};

/// Integer bits of a scaled difference, `Q5`, and of the sum of exponentials, `Q12`.
const DIFFERENCE_BITS: u32 = 5;
const SUM_BITS: u32 = 12;

/// The parameters by which a difference of inputs becomes the argument of the exponential.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SoftmaxParameters {
    /// `None` if every difference but 0 has an exponential that counts as 0
    scale: Option<FixedMultiplier>,
    least: i64,
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
        Ok(SoftmaxParameters { scale, least: -radius })
    }

    /// `exp(-beta * scale * below)` as `Q0`, for an input that lies `below` the greatest one of its row; 0 where it counts
    /// as 0.
    pub fn exponential(&self, below: u8) -> i32 {
        self.argument(-i64::from(below)).map_or(0, exp_on_negative_values)
    }

    /// The difference from the maximum as `Q5`; `None` where its exponential counts as 0.
    fn argument(&self, difference: i64) -> Option<i32> {
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
    let depth = input.shape().last().copied().unwrap_or(1);
    let mut data = Vec::with_capacity(input.data().len());
    for (row, xs) in input.data().chunks_exact(depth).enumerate() {
        let ys = softmax_row(xs, parameters);
        data.extend(ys.map_err(|source| Error::At { index: vec![row], source: Box::new(source) })?);
    }
    Array::new("output", input.shape().to_vec(), data)
}

fn softmax_row(xs: &[i32], parameters: &SoftmaxParameters) -> Result<Vec<i32>, Error> {
    for &x in xs {
        within("input", x.into(), -128..=127)?;
    }
    let greatest = xs.iter().copied().max().unwrap_or(-128);
    // The difference of two int8 fits.
    let exponentials: Vec<i32> = xs.iter().map(|&x| parameters.exponential((greatest - x) as u8)).collect();
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

/// `exp(a)` for `a` of at most 0, from `Q5` to `Q0`: a polynomial for `a` modulo 1/4, times `exp(-2^i)` for each higher
/// bit.
fn exp_on_negative_values(a: i32) -> i32 {
    const FRACTION: u32 = 31 - DIFFERENCE_BITS;
    const QUARTER: i32 = 1 << (FRACTION - 2);
    /// `exp(-1/4)`, `exp(-1/2)`, `exp(-1)`, ... `exp(-16)` as `Q0`.
    const FACTORS: [i32; 7] = [1_672_461_947, 1_302_514_674, 790_015_084, 290_630_308, 39_332_535, 720_401, 242];
    if a == 0 {
        return i32::MAX;
    }
    let small = (a & (QUARTER - 1)) - QUARTER;
    // In -1/4..0: Q5 to Q0 cannot saturate.
    let mut result = exp_of_a_quarter(small << DIFFERENCE_BITS);
    let remainder = small - a;
    for (i, factor) in FACTORS.iter().enumerate() {
        if remainder & (QUARTER << i) != 0 {
            result = product(result, *factor);
        }
    }
    result
}

/// `exp(a)` for `a` in -1/4..0, all `Q0`: Taylor's polynomial of degree 4 around -1/8.
fn exp_of_a_quarter(a: i32) -> i32 {
    const EXP_OF_MINUS_EIGHTH: i32 = 1_895_147_668;
    const THIRD: i32 = 715_827_883;
    let x = a + (1 << 28);
    let x2 = product(x, x);
    let (x3, x4) = (product(x2, x), product(x2, x2));
    let fourth = rounding_divide_by_pot(x4, 2);
    let higher = rounding_divide_by_pot(product(fourth + x3, THIRD) + x2, 1);
    EXP_OF_MINUS_EIGHTH + product(EXP_OF_MINUS_EIGHTH, x + higher)
}

/// `1 / (1 + a)`, `Q0` in 0..1 to `Q0`: three steps of Newton's division in `Q2`.
fn one_over_one_plus_x(a: i32) -> i32 {
    const C48_OVER_17: i32 = 1_515_870_810;
    const MINUS_C32_OVER_17: i32 = -1_010_580_540;
    const ONE: i32 = 1 << 29;
    // Half the sum, ties away from zero; it is positive.
    let half = ((i64::from(a) + i64::from(i32::MAX) + 1) / 2) as i32;
    let mut x = C48_OVER_17 + product(half, MINUS_C32_OVER_17);
    for _ in 0..3 {
        let rest = ONE - product(half, x);
        // Q4 to Q2.
        x += saturating_shift(product(x, rest), 2);
    }
    // Half of it, by name, in Q1; then Q1 to Q0.
    saturating_shift(x, 1)
}

/// gemmlowp's `SaturatingRoundingMultiplyByPOT` by `2^bits`.
fn saturating_shift(x: i32, bits: u32) -> i32 {
    let threshold = (1 << (31 - bits)) - 1;
    match x {
        x if x > threshold => i32::MAX,
        x if x < -threshold => i32::MIN,
        x => x << bits,
    }
}
