//! The same oracle for rules with a real factor: IEEE 754's rounding in rationals, and factors to try.

use num_bigint::BigInt;
use num_rational::BigRational;
use num_traits::{Signed, ToPrimitive, Zero};
use qrtl_golden::numerics::requantizer::Requantize;
use qrtl_golden::{Bounds, Error, RealRequantization, RealRule};
use qrtl_random::Random;

use crate::exact::{integer, power, quantized};
use crate::rules::{Ties, nearest};

/// The bits of a significand and the exponent of the least subnormal. There is no greatest number: what lies beyond is an
/// error or clamped, and an infinity is too.
#[derive(Clone, Copy)]
pub struct Format(i32, i32);

pub const F32: Format = Format(24, -149);
pub const F64: Format = Format(53, -1074);

/// The exponent that brings `q > 0` to 0.5..1, found from the sizes of numerator and denominator.
pub fn exponent(q: &BigRational) -> i32 {
    let mut e = q.numer().bits() as i32 - q.denom().bits() as i32;
    while &power(e) <= q {
        e += 1;
    }
    while &power(e - 1) > q {
        e -= 1;
    }
    e
}

/// The nearest number of the format, ties to even.
pub fn float(q: &BigRational, Format(bits, least): Format) -> BigRational {
    if q.is_zero() {
        return q.clone();
    }
    let unit = (exponent(&q.abs()) - bits).max(least);
    nearest(&(q * power(-unit)), Ties::Even).0 * power(unit)
}

/// The factor as the rule holds it, if the rule is defined for it.
pub fn held(rule: RealRule, factor: f64) -> Option<BigRational> {
    let exact = BigRational::from_float(factor)?;
    let (factor, below) = match rule {
        RealRule::F64Away => (exact, 1024),
        RealRule::F32Even => (float(&exact, F32), 128),
        RealRule::QnnpackQ31 => (float(&exact, F32), 0),
        RealRule::XnnpackRndnu => (float(&exact, F32), 8),
    };
    let least = matches!(rule, RealRule::QnnpackQ31 | RealRule::XnnpackRndnu).then(|| power(-32));
    (factor.is_positive() && factor < power(below) && least.is_none_or(|l| factor >= l)).then_some(factor)
}

/// The product, rounded as the rule does; and whether the last rounding met a tie.
pub fn scaled(rule: RealRule, acc: i64, factor: &BigRational) -> (BigInt, bool) {
    let x = integer(acc);
    let (value, tie) = match rule {
        RealRule::F64Away => nearest(&float(&(float(&x, F64) * factor), F64), Ties::Away),
        RealRule::F32Even => nearest(&float(&(float(&x, F32) * factor), F32), Ties::Even),
        RealRule::XnnpackRndnu => nearest(&(x * factor), Ties::Up),
        RealRule::QnnpackQ31 => {
            let e = exponent(factor);
            let high = nearest(&(x * factor * power(-e)), Ties::Up).0;
            nearest(&(high * power(e)), Ties::Away)
        }
    };
    (value.to_integer(), tie)
}

/// The type of the accumulator, and the type of the rounded product where no clamp comes first.
pub fn accepted(rule: RealRule, acc: i64, result: &BigInt) -> bool {
    let i32_holds = |v: &BigInt| v.to_i32().is_some();
    match rule {
        RealRule::F64Away => i32_holds(result),
        RealRule::F32Even | RealRule::QnnpackQ31 => i32_holds(&acc.into()),
        RealRule::XnnpackRndnu => i32_holds(&acc.into()) && i32_holds(result),
    }
}

/// What became of cases: factor or clamp refused, accumulator refused, answered; and of these, ties of the last
/// rounding, and the cases that one exact rounding would have answered otherwise.
#[derive(Debug, Default)]
pub struct RealCount {
    pub no_rule: usize,
    pub refused: usize,
    pub answered: usize,
    pub ties: usize,
    pub twice: usize,
}

/// Ties of one exact rounding.
fn ties(rule: RealRule) -> Ties {
    match rule {
        RealRule::F64Away | RealRule::QnnpackQ31 => Ties::Away,
        RealRule::F32Even => Ties::Even,
        RealRule::XnnpackRndnu => Ties::Up,
    }
}

/// golden's answer.
pub fn requantize_real(acc: i64, r: &RealRequantization) -> Result<i64, Error> {
    r.requantize_sum(acc.into()).map(i64::from)
}

/// One case: golden refuses where it has to and nowhere else, and otherwise agrees with the oracle.
pub fn check(rule: RealRule, (acc, factor): (i64, f64), output: (i64, Bounds), count: &mut RealCount) {
    let (zero_point, bounds) = output;
    let case = || format!("{rule}, {acc} * {factor:e}, zero point {zero_point}, {bounds:?}");
    let is_float = |end: i64| float(&integer(end - zero_point), F32) == integer(end - zero_point);
    let clamps = rule != RealRule::F32Even || is_float(bounds.min()) && is_float(bounds.max());
    let made = RealRequantization::new(rule, factor, zero_point, bounds);
    let Some(exact) = held(rule, factor).filter(|_| clamps) else {
        assert!(made.is_err(), "{}", case());
        count.no_rule += 1;
        return;
    };
    let made = made.unwrap_or_else(|e| panic!("{}: {e}", case()));
    assert_eq!(BigRational::from_float(made.factor()).as_ref(), Some(&exact), "{}", case());
    let got = requantize_real(acc, &made);
    let (result, tie) = scaled(rule, acc, &exact);
    if !accepted(rule, acc, &result) {
        assert!(got.is_err(), "{}: got {got:?}, expected an error", case());
        count.refused += 1;
        return;
    }
    assert_eq!(got, Ok(quantized(&result, zero_point, bounds)), "{}", case());
    count.answered += 1;
    count.ties += usize::from(tie);
    count.twice += usize::from(nearest(&(integer(acc) * exact), ties(rule)).0.to_integer() != result);
}

/// Bits of the accumulator, and of the factor.
fn bits(rule: RealRule) -> (i64, i64) {
    if rule == RealRule::F64Away { (63, 53) } else { (31, 24) }
}

/// Every corner of the accumulator with every power of two as factor, its neighbours, and what no rule takes.
pub fn corners(rule: RealRule) -> Vec<(i64, f64)> {
    let (top, significand) = bits(rule);
    let mut accs = vec![0, i64::MIN, i64::MAX, -(1 << 31) - 1, 1 << 31];
    for power in (0..top).map(|e| 1i64 << e) {
        accs.extend([power - 1, power, power + 1].into_iter().flat_map(|v| [v, -v]));
    }
    let mut factors = vec![0.0, -0.0, -1.0, f64::NAN, f64::INFINITY, f64::MAX, f64::from_bits(1), 1e-50, 1e39];
    factors.extend([f32::MAX, f32::MIN_POSITIVE, f32::from_bits(1)].map(f64::from));
    for e in -64..=10 {
        let p = 2.0f64.powi(e);
        let next = 2.0f64.powi(1 - significand as i32);
        factors.extend([p, p * (1.0 + next), p * (1.0 - next / 2.0), p * (1.0 - next / 8.0), p * 1.5]);
    }
    factors.iter().flat_map(|&f| accs.iter().map(move |&a| (a, f))).collect()
}

/// A random accumulator of any magnitude, and a factor that its rule mostly takes, of more bits than a float one time in
/// four.
pub fn ordinary(rule: RealRule, random: &mut Random) -> (i64, f64) {
    let (top, significand) = bits(rule);
    let significand = if random.bits().is_multiple_of(4) { 53 } else { significand };
    let e = random.between(-24, 0);
    let factor = random.between(1 << (significand - 1), (1 << significand) - 1) as f64;
    let acc = random.magnitude(top.min(31 - e).min(62)) * random.sign();
    (acc, factor * 2.0f64.powi((e - significand) as i32))
}

/// An accumulator and a factor whose product is half an odd number: odd numbers times powers of two.
pub fn tie(rule: RealRule, random: &mut Random) -> (i64, f64) {
    let (top, significand) = bits(rule);
    // As many bits together as a product may have, exact and rounded to an i32.
    let product = significand.min(31);
    let in_factor = random.between(1, product - 1);
    let in_acc = random.between(0, product - in_factor).min(30);
    let zeros = random.between(0, top.min(62) - 1 - in_acc);
    let mut odd = |bits: i64| random.between(0, (1 << bits) - 1) | 1;
    let (factor, acc) = (odd(in_factor), odd(in_acc) << zeros);
    (acc * random.sign(), factor as f64 * 2.0f64.powi(-(zeros as i32) - 1))
}

/// A factor that takes the accumulator as near to a tie as a factor can, or next to that.
pub fn near_tie(rule: RealRule, random: &mut Random) -> (i64, f64) {
    let acc = random.between(1 << 8, (1 << 31) - 1) >> random.between(0, 7);
    let whole = random.magnitude(if rule == RealRule::F64Away { 31 } else { 22 }).min(acc - 1);
    let factor = (whole as f64 + 0.5) / acc as f64;
    let step = random.between(-1, 1);
    let factor = match rule {
        RealRule::F64Away => f64::from_bits(factor.to_bits().wrapping_add_signed(step)),
        _ => f32::from_bits((factor as f32).to_bits().wrapping_add_signed(step as i32)).into(),
    };
    (acc * random.sign(), factor)
}

/// A high product that the right shift of `qnnpack_q31` finds exactly between two integers.
pub fn second_tie(random: &mut Random) -> (i64, f64) {
    let right = random.between(1, 30);
    let high = (random.between(0, (1 << (31 - right)) - 1) | 1) << (right - 1);
    let significand = random.between((1 << 23) + 1, (1 << 24) - 1);
    // Nearest to high / fraction; the product is then off by at most half.
    let acc = (high * (1 << 25) + significand) / (2 * significand);
    (acc * random.sign(), significand as f64 * 2.0f64.powi(-24 - right as i32))
}
