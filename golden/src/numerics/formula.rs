//! The formula of each rounding rule: from an accumulator to its scaled value, exactly.
//!
//! `m` is the multiplier, with `B - 1` fraction bits, `l` and `r` are the left and right part of the shift, and
//! `k = B - 1 - shift`. All products are exact. The accumulator `x` has as many bits as the rule's accumulator. Where the
//! rule shifts it left first, the shifted accumulator has no more bits either.

use super::gemmlowp::{rounding_divide_by_pot, saturating_rounding_doubling_high_mul};
use super::round::{away, even, floor, up};
use super::types::{FixedMultiplier, MultiplierWidth};

/// `x m` and `k`, where `k >= 0`: a left shift beyond the fraction bits becomes part of the product.
fn product(x: i64, s: FixedMultiplier) -> (i128, u32) {
    let k = s.width().bits() as i32 - 1 - s.shift();
    let p = i128::from(x) * i128::from(s.multiplier());
    if k >= 0 { (p, k.unsigned_abs()) } else { (p << k.unsigned_abs(), 0) }
}

/// `floor(x m / 2^k)`: the lab's Figure 4 keeps the upper bits and drops the low bits. In two's complement the result
/// is the floor, not C's truncation toward zero.
pub(super) fn truncate(x: i64, s: FixedMultiplier) -> i128 {
    let (p, k) = product(x, s);
    floor(p, k)
}

/// `up(x m, k)`: TFLite with `TFLITE_SINGLE_ROUNDING` (tflite-micro 90b983c2, `common.cc`), TOSA `apply_scale_32` without
/// `double_round`.
pub(super) fn single(x: i64, s: FixedMultiplier) -> i128 {
    let (p, k) = product(x, s);
    up(p, k)
}

/// `away(SRDHM(x 2^l, m), r)`: gemmlowp 16e8662c `fixedpoint.h`, as TFLite's `MultiplyByQuantizedMultiplier` calls it
/// (tflite-micro 90b983c2, `common.cc`).
pub(super) fn tflite_double(x: i64, s: FixedMultiplier) -> i128 {
    rounding_divide_by_pot(high_mul(x, s), s.right()).into()
}

/// `up(SRDHM(x 2^l, m), r)`: ruy 2af88863 on x86; NEON's `vqrdmulh` and `vrshl`.
pub(super) fn half_up_twice(x: i64, s: FixedMultiplier) -> i128 {
    up(high_mul(x, s).into(), s.right())
}

/// `up(x m', 15 - shift)`, where `m'` is `m` rounded to 16 bits with a ceiling: TFLite's int64 overload (tflite-micro
/// 90b983c2, `common.cc`).
pub(super) fn reduced_16(x: i64, s: FixedMultiplier) -> i128 {
    up(i128::from(x) * i128::from(s.reduced()), (15 - s.shift()).unsigned_abs())
}

/// `away(x m, k)`: NVDLA 8e06b1b9, `IntShiftRight` with `AC_RND_INF`.
pub(super) fn shift_away(x: i64, s: FixedMultiplier) -> i128 {
    let (p, k) = product(x, s);
    away(p, k)
}

/// `even(x m, k)`: the RISC-V vector extension 1.0, whose `vwmul` forms the product and whose `vnclip` shifts it in the
/// rounding mode `rne`; by a power of two, Gemmini be2e9f26, `>>` in `Arithmetic.scala`.
pub(super) fn half_even(x: i64, s: FixedMultiplier) -> i128 {
    let (p, k) = product(x, s);
    even(p, k)
}

/// `SRDHM(x 2^l, m)`, as gemmlowp computes it for `B = 32`, and the same rounding by `B - 1` bits for narrower
/// multipliers.
fn high_mul(x: i64, s: FixedMultiplier) -> i32 {
    // The contract of the rule keeps the first within i32, the type of the scale the second, and m < 2^(B-1) the
    // narrower product.
    let (shifted, m) = ((x << s.left()) as i32, s.multiplier() as i32);
    match s.width() {
        MultiplierWidth::W32 => saturating_rounding_doubling_high_mul(shifted, m),
        narrow => up(i128::from(shifted) * i128::from(m), narrow.bits() - 1) as i32,
    }
}
