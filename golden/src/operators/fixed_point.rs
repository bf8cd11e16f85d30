//! gemmlowp's exponential, logistic and hyperbolic tangent of fixed-point numbers.
//!
//! Reals are fixed-point `i32` with `f` fraction bits, written `Q(31-f)`: gemmlowp's `FixedPoint<int32_t, 31-f>`, whose
//! product is [`saturating_rounding_doubling_high_mul`](crate::numerics::gemmlowp::saturating_rounding_doubling_high_mul).
//! Constants and steps are gemmlowp's (16e8662c, `fixedpoint.h`).

use crate::numerics::gemmlowp::{rounding_divide_by_pot, saturating_rounding_doubling_high_mul as product};

/// Integer bits of the argument of [`logistic`] and [`tanh`].
pub(super) const ARGUMENT_BITS: u32 = 4;

/// 1 as `Q2`.
const ONE: i32 = 1 << 29;

/// `exp(a)` for `a` of at most 0, from `Q4` or `Q5` to `Q0`: a polynomial for `a` modulo 1/4, times `exp(-2^i)` for each
/// higher bit.
pub(super) fn exp_on_negative_values(a: i32, integer_bits: u32) -> i32 {
    /// `exp(-1/4)`, `exp(-1/2)`, `exp(-1)`, ... `exp(-16)` as `Q0`.
    const FACTORS: [i32; 7] = [1_672_461_947, 1_302_514_674, 790_015_084, 290_630_308, 39_332_535, 720_401, 242];
    let quarter = 1 << (31 - integer_bits - 2);
    if a == 0 {
        return i32::MAX;
    }
    let small = (a & (quarter - 1)) - quarter;
    // In -1/4..0: the way to Q0 cannot saturate.
    let mut result = exp_of_a_quarter(small << integer_bits);
    let remainder = small - a;
    // One factor for each bit of the argument from 1/4 on.
    for (i, factor) in FACTORS[..integer_bits as usize + 2].iter().enumerate() {
        if remainder & (quarter << i) != 0 {
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

/// `1 / (1 + a)`, `Q0` in 0..1 to `Q0`.
pub(super) fn one_over_one_plus_x(a: i32) -> i32 {
    // Half of 2 / (1 + a), by name, in Q1; then Q1 to Q0.
    saturating_shift(two_over_one_plus_x(a), 1)
}

/// `(1 - a) / (1 + a)`, `Q0` in 0..1 to `Q0`.
fn one_minus_x_over_one_plus_x(a: i32) -> i32 {
    saturating_shift(two_over_one_plus_x(a) - ONE, 2)
}

/// `2 / (1 + a)`, `Q0` in 0..1 to `Q2`: three steps of Newton's division.
fn two_over_one_plus_x(a: i32) -> i32 {
    const C48_OVER_17: i32 = 1_515_870_810;
    const MINUS_C32_OVER_17: i32 = -1_010_580_540;
    // Half the sum, ties away from zero; it is positive.
    let half = ((i64::from(a) + i64::from(i32::MAX) + 1) / 2) as i32;
    let mut x = C48_OVER_17 + product(half, MINUS_C32_OVER_17);
    for _ in 0..3 {
        let rest = ONE - product(half, x);
        // Q4 to Q2.
        x += saturating_shift(product(x, rest), 2);
    }
    x
}

/// `1 / (1 + exp(-a))`, `Q4` to `Q0`.
pub(super) fn logistic(a: i32) -> i32 {
    let of_magnitude = one_over_one_plus_x(exp_on_negative_values(-a.abs(), ARGUMENT_BITS));
    match a {
        0 => 1 << 30,
        ..0 => i32::MAX - of_magnitude,
        1.. => of_magnitude,
    }
}

/// `tanh(a)`, `Q4` to `Q0`.
pub(super) fn tanh(a: i32) -> i32 {
    // Twice a number of Q4 is the same integer as Q5.
    let of_magnitude = one_minus_x_over_one_plus_x(exp_on_negative_values(-a.abs(), ARGUMENT_BITS + 1));
    match a {
        0 => 0,
        ..0 => -of_magnitude,
        1.. => of_magnitude,
    }
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
