//! gemmlowp's exponential, logistic and hyperbolic tangent of fixed-point numbers, and TFLite's logarithm.
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

/// `ln(z)` for `z` from 1 on, from `Q12` to `Q5`: TFLite's `log_x_for_x_greater_than_or_equal_to_1` (tflite-micro 90b983c2,
/// `common.h`).
///
/// `z` is `r * 2^e` with `r` around the fourth root of 1/2, so that `ln(r / root)` is a quotient of short polynomials. The
/// exponent is a half more or less than an integer, and of both the reference takes the lesser `r`.
pub(super) fn logarithm(z: i32) -> i32 {
    const LN_2: i32 = 1_488_522_236;
    const ROOT_OF_HALF: i32 = 1_518_500_250;
    const FOURTH_ROOT_OF_HALF: i32 = 1_805_811_301;
    const INTEGER_BITS: u32 = 12;
    /// integer bits of the exponent, and of the sum
    const WIDE: u32 = 6;
    const QUARTER: i32 = 1 << (31 - WIDE - 2);
    /// coefficients of the polynomials
    const NUMERATOR_CUBE: i32 = 117_049_297;
    const DENOMINATOR_CONSTANT: i32 = 1_057_819_769;
    const DENOMINATOR_LINEAR: i32 = 638_450_708;
    const DENOMINATOR_SQUARE: i32 = 127_690_142;
    let exponent = |headroom: u32| (INTEGER_BITS as i32 - headroom as i32) << (31 - WIDE);

    let headroom = z.leading_zeros();
    let r = saturating_shift(product(saturating_shift(z, headroom - 1), ROOT_OF_HALF), 1);
    let of_root = product(z, ROOT_OF_HALF).leading_zeros() - 1;
    let e = (exponent(headroom) + QUARTER).max(exponent(of_root) - QUARTER);
    let r = r.min(saturating_shift(z, of_root));

    // Half the sum, ties away from zero; it is positive.
    let p = ((i64::from(r) + i64::from(FOURTH_ROOT_OF_HALF) + 1) / 2) as i32;
    let q = 2 * (r - FOURTH_ROOT_OF_HALF);
    let square = product(q, q);
    let numerator = product(q, r) + product(product(q, square), NUMERATOR_CUBE);
    let denominator = product(p, DENOMINATOR_CONSTANT + q + product(DENOMINATOR_SQUARE, square));
    let denominator = denominator + product(DENOMINATOR_LINEAR, q);
    let quotient = product(rounding_divide_by_pot(numerator, WIDE), one_over_one_plus_x(denominator));
    saturating_shift(product(e, LN_2) + quotient, 1)
}

/// gemmlowp's `SaturatingRoundingMultiplyByPOT` by `2^bits`.
fn saturating_shift(x: i32, bits: u32) -> i32 {
    let threshold = i32::MAX >> bits;
    match x {
        x if x > threshold => i32::MAX,
        x if x < -threshold => i32::MIN,
        x => x << bits,
    }
}
