//! From an accumulator to a quantized value: one function per rounding rule.
//!
//! All products are exact. `m` has `B - 1` fraction bits, `l` and `r` are the left and right part of the shift, and
//! `k = B - 1 - shift`. The accumulator is within its contract ([`Requantization::check_accumulator`]).

use crate::round::{away, floor, up};
use crate::{Error, Requantization, Rule, Scale};

/// `clamp(requant(acc) + zero_point, min, max)`; the addition is exact.
///
/// # Errors
/// If the reference does not define the result for `acc`.
pub fn requantize(acc: i64, r: &Requantization) -> Result<i64, Error> {
    r.check_accumulator(acc)?;
    let x = i128::from(acc);
    let scaled = match r.rule() {
        Rule::Truncate => truncate(x, r.scale()),
        Rule::Single => single(x, r.scale()),
        Rule::TfliteDouble => tflite_double(x, r.scale()),
        Rule::HalfUpTwice => half_up_twice(x, r.scale()),
        Rule::Reduced16 => reduced_16(x, r.scale()),
        Rule::ShiftAway => shift_away(x, r.scale()),
    };
    let y = scaled + i128::from(r.zero_point());
    // Within i64 again: the clamp bounds are.
    Ok(y.clamp(r.output().min().into(), r.output().max().into()) as i64)
}

/// `x * m` at the scale of `2^-k`, `k >= 0`: a left shift beyond the fraction bits is part of the product.
fn product(x: i128, s: Scale) -> (i128, u32) {
    let k = s.width().bits() as i32 - 1 - s.shift();
    let p = x * i128::from(s.multiplier());
    if k >= 0 { (p, k.unsigned_abs()) } else { (p << k.unsigned_abs(), 0) }
}

/// `floor(x m / 2^k)`: the lab's Figure 4, keep the bits and drop the rest.
pub fn truncate(x: i128, s: Scale) -> i128 {
    let (p, k) = product(x, s);
    floor(p, k)
}

/// `up(x m, k)`: TFLite with `TFLITE_SINGLE_ROUNDING` (tflite-micro 90b983c2, `common.cc`), TOSA `apply_scale_32` without
/// `double_round`.
pub fn single(x: i128, s: Scale) -> i128 {
    let (p, k) = product(x, s);
    up(p, k)
}

/// `away(SRDHM(x 2^l, m), r)`: gemmlowp 16e8662c `fixedpoint.h`, as TFLite's `MultiplyByQuantizedMultiplier` calls it.
pub fn tflite_double(x: i128, s: Scale) -> i128 {
    let high = rounding_doubling_high_mul(x << s.left(), s);
    away(high, s.right())
}

/// `up(SRDHM(x 2^l, m), r)`: ruy 2af88863 on x86; NEON's `vqrdmulh` and `vrshl`.
pub fn half_up_twice(x: i128, s: Scale) -> i128 {
    let high = rounding_doubling_high_mul(x << s.left(), s);
    up(high, s.right())
}

/// `up(x m', 15 - shift)`, `m'` being `m` rounded to 16 bits with a ceiling: TFLite's int64 overload
/// (tflite-micro 90b983c2, `common.cc`).
pub fn reduced_16(x: i128, s: Scale) -> i128 {
    let m = s.multiplier();
    let reduced = if m < 0x7fff_0000 { (m + (1 << 15)) >> 16 } else { 0x7fff };
    up(x * i128::from(reduced), (15 - s.shift()).unsigned_abs())
}

/// `away(x m, k)`: NVDLA 8e06b1b9, `IntShiftRight` with `AC_RND_INF`.
pub fn shift_away(x: i128, s: Scale) -> i128 {
    let (p, k) = product(x, s);
    away(p, k)
}

/// gemmlowp's `SaturatingRoundingDoublingHighMul(x, m)` for a multiplier `m >= 0` of `B` bits. Its saturation concerns
/// `x = m = INT32_MIN` alone, which such a multiplier cannot be.
///
/// gemmlowp nudges by `2^30` or `1 - 2^30` and divides toward zero; that is `up`: ties go toward plus infinity.
fn rounding_doubling_high_mul(x: i128, s: Scale) -> i128 {
    up(x * i128::from(s.multiplier()), s.width().bits() - 1)
}
