//! From an accumulator to a quantized value: one function per rounding rule.
//!
//! `m` is the multiplier, with `B - 1` fraction bits, `l` and `r` are the left and right part of the shift, and
//! `k = B - 1 - shift`. All products are exact. The accumulator `x` is within its contract
//! ([`Requantization::check_accumulator`]), so no step leaves the type that the reference computes it in.

mod add_and_shift;

pub use add_and_shift::AddAndShift;

use crate::gemmlowp::{rounding_divide_by_pot, saturating_rounding_doubling_high_mul};
use crate::round::{away, floor, up};
use crate::{Error, MultiplierWidth, Requantization, Rule, Scale};

/// Turns a sum of products into a quantized value, for all operators that sum. An implementation holds a rule with its
/// factor: a multiplier and a shift ([`Requantization`]), or a real factor.
pub trait Requantize {
    /// The quantized value for a sum of any size.
    ///
    /// # Errors
    /// If the reference does not define the value.
    fn requantize_sum(&self, acc: i128) -> Result<i32, Error>;

    /// The same as one addition and one shift, where that is possible.
    fn add_and_shift(&self) -> Option<AddAndShift> {
        None
    }
}

impl Requantize for Requantization {
    fn requantize_sum(&self, acc: i128) -> Result<i32, Error> {
        self.check_sum(acc)?;
        // Both conversions fit: the accumulator was checked, and the output of a requantization lies within i32.
        Ok(requantize(acc as i64, self)? as i32)
    }

    fn add_and_shift(&self) -> Option<AddAndShift> {
        AddAndShift::new(self)
    }
}

/// `clamp(requant(acc) + zero_point, min, max)`; the addition is exact.
///
/// # Errors
/// If the reference does not define the result for `acc`.
pub fn requantize(acc: i64, r: &Requantization) -> Result<i64, Error> {
    r.check_accumulator(acc)?;
    let scaled = match r.rule() {
        Rule::Truncate => truncate(acc, r.scale()),
        Rule::Single => single(acc, r.scale()),
        Rule::TfliteDouble => tflite_double(acc, r.scale()),
        Rule::HalfUpTwice => half_up_twice(acc, r.scale()),
        Rule::Reduced16 => reduced_16(acc, r.scale()),
        Rule::ShiftAway => shift_away(acc, r.scale()),
    };
    let y = scaled + i128::from(r.zero_point());
    // The result is within i64 again, because the bounds of the clamp are.
    Ok(y.clamp(r.output().min().into(), r.output().max().into()) as i64)
}

/// `x m` and `k`, where `k >= 0`: a left shift beyond the fraction bits becomes part of the product.
fn product(x: i64, s: Scale) -> (i128, u32) {
    let k = s.width().bits() as i32 - 1 - s.shift();
    let p = i128::from(x) * i128::from(s.multiplier());
    if k >= 0 { (p, k.unsigned_abs()) } else { (p << k.unsigned_abs(), 0) }
}

/// `floor(x m / 2^k)`: the lab's Figure 4 keeps the upper bits and drops the low bits. In two's complement the result
/// is the floor, not C's truncation toward zero.
fn truncate(x: i64, s: Scale) -> i128 {
    let (p, k) = product(x, s);
    floor(p, k)
}

/// `up(x m, k)`: TFLite with `TFLITE_SINGLE_ROUNDING` (tflite-micro 90b983c2, `common.cc`), TOSA `apply_scale_32` without
/// `double_round`.
fn single(x: i64, s: Scale) -> i128 {
    let (p, k) = product(x, s);
    up(p, k)
}

/// `away(SRDHM(x 2^l, m), r)`: gemmlowp 16e8662c `fixedpoint.h`, as TFLite's `MultiplyByQuantizedMultiplier` calls it
/// (tflite-micro 90b983c2, `common.cc`).
fn tflite_double(x: i64, s: Scale) -> i128 {
    rounding_divide_by_pot(high_mul(x, s), s.right()).into()
}

/// `up(SRDHM(x 2^l, m), r)`: ruy 2af88863 on x86; NEON's `vqrdmulh` and `vrshl`.
fn half_up_twice(x: i64, s: Scale) -> i128 {
    up(high_mul(x, s).into(), s.right())
}

/// `up(x m', 15 - shift)`, where `m'` is `m` rounded to 16 bits with a ceiling: TFLite's int64 overload (tflite-micro
/// 90b983c2, `common.cc`).
fn reduced_16(x: i64, s: Scale) -> i128 {
    up(i128::from(x) * i128::from(s.reduced()), (15 - s.shift()).unsigned_abs())
}

/// `away(x m, k)`: NVDLA 8e06b1b9, `IntShiftRight` with `AC_RND_INF`.
fn shift_away(x: i64, s: Scale) -> i128 {
    let (p, k) = product(x, s);
    away(p, k)
}

/// `SRDHM(x 2^l, m)`, as gemmlowp computes it for `B = 32`, and the same rounding by `B - 1` bits for narrower
/// multipliers.
fn high_mul(x: i64, s: Scale) -> i32 {
    // The contract of the accumulator keeps the first within i32, the type of the scale the second, and m < 2^(B-1) the
    // narrower product.
    let (shifted, m) = ((x << s.left()) as i32, s.multiplier() as i32);
    match s.width() {
        MultiplierWidth::W32 => saturating_rounding_doubling_high_mul(shifted, m),
        narrow => up(i128::from(shifted) * i128::from(m), narrow.bits() - 1) as i32,
    }
}
