//! From an accumulator to a quantized value by a real factor: one function per rounding rule.
//!
//! Runtimes compute all of these rules, and hardware computes `f32_even`, with integers. `f32` and `f64` are the binary32
//! and binary64 of IEEE 754. Each operation is rounded once to nearest, with ties to even, as Rust defines it on every
//! target.

use crate::numerics::requantizer::Requantize;
use crate::numerics::types::check_output;
use crate::{Bounds, Error, RealRule};

/// Everything that turns an accumulator into a quantized value by a real factor.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RealRequantization {
    rule: RealRule,
    factor: f64,
    zero_point: i64,
    output: Bounds,
}

impl RealRequantization {
    /// Rounding rule, factor, output zero point and clamp; the last two are any `i32`. All rules but `f64_away` hold
    /// the factor as a `float`, so it is rounded to one here.
    ///
    /// # Errors
    /// If the rule is not defined for the factor, or zero point, least or greatest output is no `i32`; and if the rule
    /// is `f32_even`, which clamps floats, and a bound is no `float`.
    pub fn new(rule: RealRule, factor: f64, zero_point: i64, output: Bounds) -> Result<RealRequantization, Error> {
        let factor = rule.factor(factor)?;
        check_output(zero_point, output)?;
        if rule.clamps_floats() {
            for (what, end) in [("min", output.min()), ("max", output.max())] {
                let less_zero = end - zero_point;
                if (less_zero as f32) as i64 != less_zero {
                    return Err(Error::NoFloat { what, less_zero });
                }
            }
        }
        Ok(RealRequantization { rule, factor, zero_point, output })
    }

    /// Rounding rule.
    pub const fn rule(&self) -> RealRule {
        self.rule
    }

    /// Real factor, rounded to what the rule multiplies by.
    pub const fn factor(&self) -> f64 {
        self.factor
    }

    /// Output zero point.
    pub const fn zero_point(&self) -> i64 {
        self.zero_point
    }

    /// Clamp.
    pub const fn output(&self) -> Bounds {
        self.output
    }

    /// The ends of the clamp before the zero point is added, which are floats.
    fn float_bounds(&self) -> [f32; 2] {
        [self.output.min(), self.output.max()].map(|end| (end - self.zero_point) as f32)
    }

    fn undefined(&self, acc: i128, limit: String) -> Error {
        Error::RealAccumulator { acc, limit, rule: self.rule.name(), factor: self.factor }
    }
}

impl Requantize for RealRequantization {
    fn requantize_sum(&self, acc: i128) -> Result<i32, Error> {
        if !self.rule.accumulator().contains(acc) {
            let bits = self.rule.accumulator_bits();
            return Err(self.undefined(acc, format!("one of {bits} bits")));
        }
        // Both conversions are exact: the accumulator was checked, and every rule but f64_away holds a float.
        let (x, float) = (acc as i64, self.factor as f32);
        let scaled = match self.rule {
            RealRule::F64Away => f64_away(x, self.factor),
            RealRule::F32Even => f32_even(x as i32, float, self.float_bounds()),
            RealRule::QnnpackQ31 => qnnpack_q31(x as i32, float),
            RealRule::XnnpackRndnu => xnnpack_rndnu(x as i32, float),
        };
        // A product that was clamped already may lie beyond i32 by the zero point.
        if !self.rule.clamps_floats() && !Bounds::INT32.contains(scaled.into()) {
            return Err(self.undefined(acc, "one whose product is rounded to 32 bits".to_owned()));
        }
        let y = scaled + self.zero_point;
        // The result is within i32, because the bounds are.
        Ok(y.clamp(self.output.min(), self.output.max()) as i32)
    }
}

/// `round(double(x) * M)`, with C's `round`: LiteRT 13eade63, `reference/integer_ops/fully_connected.h`, and tensorflow
/// 2.21.0. The conversion of a sum beyond 2^53 and the product are rounded to a `double` each.
///
/// C leaves the conversion to `int32_t` undefined for a number that does not fit. Here such a number ends at a bound of
/// `i64`, which does not fit either.
fn f64_away(x: i64, factor: f64) -> i64 {
    (x as f64 * factor).round() as i64
}

/// `lrintf(clamp(float(x) * S, min - z, max - z))`: XNNPACK 75db3c09 `fp32`; ONNX Runtime 06414ba6, mlas `quantize.cpp`;
/// FBGEMM 71d6f8b2 `Requantize`; PyTorch 013e7e3b, QNNPACK's header; Gemmini 8c3f9923, `ACC_SCALE` with a zero point of 0.
/// A product beyond the floats is an infinity, and ends at a bound as well.
fn f32_even(x: i32, factor: f32, [low, high]: [f32; 2]) -> i64 {
    (x as f32 * factor).clamp(low, high).round_ties_even() as i64
}

/// QNNPACK 7d2a4e99, `requantization.h`, `qnnp_q31_requantize`: the significand with 7 zeros behind it as multiplier, a
/// high product with ties up, and a right shift whose remainder is one less below zero. For a factor of `2^-32..1`.
///
/// gemmlowp takes the sign of the high product where this function takes the sign of `x`. The two signs differ only
/// where the product is 0, which has no remainder. So this function is `tflite_double` by a multiplier of 24 bits.
fn qnnpack_q31(x: i32, factor: f32) -> i64 {
    let (significand, exponent) = parts(factor);
    let (multiplier, shift) = (significand << 7, 126 - exponent);
    let high = (i64::from(x) * multiplier + (1 << 30)) >> 31;
    let mask = (1i64 << shift) - 1;
    let remainder = (high & mask) - i64::from(x < 0);
    let threshold = mask >> 1;
    (high >> shift) + i64::from(remainder > threshold)
}

/// `up(x s, 150 - e)` with the significand and exponent of a `float`: XNNPACK 75db3c09, `rndnu`. For a factor of
/// `2^-32..256`, where the shift is 16..=55.
fn xnnpack_rndnu(x: i32, factor: f32) -> i64 {
    let (significand, exponent) = parts(factor);
    let shift = 150 - exponent;
    // No overflow is possible: the product has 31 and 24 bits, and at most 2^54 is added.
    (i64::from(x) * significand + (1 << (shift - 1))) >> shift
}

/// The 24 bits of a normal `float`, the hidden one included, and its exponent field: `s * 2^(e - 150)`.
fn parts(factor: f32) -> (i64, u32) {
    let bits = factor.to_bits();
    (i64::from(bits & 0x7f_ffff | 0x80_0000), bits >> 23)
}
