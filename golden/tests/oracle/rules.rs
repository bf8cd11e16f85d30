//! A slow oracle in exact rationals, written from the definitions of the rules.

use num_bigint::BigInt;
use num_rational::BigRational;
use num_traits::{Signed, Zero};
use qrtl_golden::{Bounds, MultiplierWidth, Requantization, Rule, Scale};

use crate::cases::Case;
use crate::exact::{integer, power, quantized};

/// Where a number exactly between two integers goes.
#[derive(Clone, Copy, PartialEq)]
pub enum Ties {
    Up,
    Down,
    Away,
    Even,
}

/// The nearest integer, and whether two were.
pub fn nearest(q: &BigRational, ties: Ties) -> (BigRational, bool) {
    let (below, above) = (q.floor(), q.ceil());
    let (down, up) = (q - &below, &above - q);
    if down < up {
        return (below, false);
    }
    if up < down || below == above {
        return (above, false);
    }
    let chosen = match ties {
        Ties::Up => above,
        Ties::Down => below,
        Ties::Even if (below.to_integer() % 2u32).is_zero() => below,
        Ties::Even => above,
        Ties::Away if q.is_negative() => below,
        Ties::Away => above,
    };
    (chosen, true)
}

/// The accumulator, shifted left where the rule does so first, is one that the rule can hold; so is the result of
/// `reduced_16`.
pub fn accepted(rule: Rule, acc: i64, scale: Scale) -> bool {
    let fits = |x: &BigRational, bits: i32| *x >= -power(bits - 1) && *x < power(bits - 1);
    match rule {
        Rule::Reduced16 => {
            let result = BigRational::from_integer(scaled(rule, acc, scale).0);
            fits(&integer(acc), 48) && fits(&result, 32)
        }
        _ => fits(&(integer(acc) * power(scale.shift().max(0))), 32),
    }
}

/// `acc * multiplier * 2^(shift - (B-1))`, rounded; and whether the last rounding met a tie.
pub fn scaled(rule: Rule, acc: i64, scale: Scale) -> (BigInt, bool) {
    let (x, m, shift) = (integer(acc), integer(scale.multiplier()), scale.shift());
    let fraction = &m * power(1 - scale.width().bits() as i32);
    let exact = &x * &fraction * power(shift);
    // The first of two roundings sees what the left shift makes, the second what is left to shift right.
    let high = || nearest(&(&x * power(shift.max(0)) * &fraction), Ties::Up).0;
    let (value, tie) = match rule {
        Rule::Truncate => (exact.floor(), false),
        Rule::Single => nearest(&exact, Ties::Up),
        Rule::ShiftAway => nearest(&exact, Ties::Away),
        Rule::TfliteDouble => nearest(&(high() * power(shift.min(0))), Ties::Away),
        Rule::HalfUpTwice => nearest(&(high() * power(shift.min(0))), Ties::Up),
        Rule::Reduced16 => {
            let reduced = nearest(&(m * power(-16)), Ties::Up).0.min(integer(32767));
            nearest(&(x * reduced * power(shift - 15)), Ties::Up)
        }
    };
    (value.to_integer(), tie)
}

/// What of a rule's cases were refused, were answered, and were ties.
#[derive(Debug, Default)]
pub struct Count {
    pub refused: usize,
    pub answered: usize,
    pub ties: usize,
}

/// One case: golden refuses where it has to and nowhere else, and otherwise agrees with the oracle.
pub fn check(rule: Rule, width: MultiplierWidth, case: Case, output: (i64, Bounds), count: &mut Count) {
    let (zero_point, bounds) = output;
    let scale = Scale::new(width, case.multiplier, case.shift.into()).unwrap();
    let r = Requantization::new(rule, scale, zero_point, bounds).unwrap();
    let got = qrtl_golden::requantizer::requantize(case.acc, &r);
    if !accepted(rule, case.acc, scale) {
        assert!(r.check_accumulator(case.acc).is_err(), "{rule}, {case:?}: check_accumulator accepts");
        assert!(got.is_err(), "{rule}, {case:?}: got {got:?}, expected an error");
        count.refused += 1;
        return;
    }
    let (exact, tie) = scaled(rule, case.acc, scale);
    let expected = quantized(&exact, zero_point, bounds);
    assert_eq!(got, Ok(expected), "{rule}, {case:?}, zero point {zero_point}, {bounds:?}");
    count.answered += 1;
    count.ties += usize::from(tie);
}
