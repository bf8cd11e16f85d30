//! A slow oracle in exact rationals, written from the definitions of the rules.

use num_bigint::BigInt;
use num_rational::BigRational;
use num_traits::{Signed, Zero};
use qrtl_golden::{Bounds, FixedMultiplier, MultiplierWidth, Requantization, Rule};

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

/// The rule's reference defines a result: the accumulator is one that it can hold. So is the accumulator shifted left,
/// where the reference does that first; of the others, the result is an `i32`.
pub fn accepted(rule: Rule, acc: i64, factor: FixedMultiplier) -> bool {
    let result_fits = || fits(&BigRational::from_integer(scaled(rule, acc, factor).0), 32);
    match rule {
        Rule::TfliteDouble | Rule::HalfUpTwice => fits(&shifted_left(acc, factor), 32),
        Rule::Truncate | Rule::Single | Rule::ShiftAway | Rule::HalfEven => fits(&integer(acc), 32) && result_fits(),
        Rule::Reduced16 => fits(&integer(acc), 48) && result_fits(),
    }
}

fn fits(x: &BigRational, bits: i32) -> bool {
    *x >= -power(bits - 1) && *x < power(bits - 1)
}

fn shifted_left(acc: i64, factor: FixedMultiplier) -> BigRational {
    integer(acc) * power(factor.shift().max(0))
}

/// `acc * multiplier * 2^(shift - (B-1))`, rounded; and whether the last rounding met a tie.
pub fn scaled(rule: Rule, acc: i64, factor: FixedMultiplier) -> (BigInt, bool) {
    let (x, m, shift) = (integer(acc), integer(factor.multiplier()), factor.shift());
    let fraction = &m * power(1 - factor.width().bits() as i32);
    let exact = &x * &fraction * power(shift);
    // The first of two roundings sees what the left shift makes, the second what is left to shift right.
    let high = || nearest(&(&x * power(shift.max(0)) * &fraction), Ties::Up).0;
    let (value, tie) = match rule {
        Rule::Truncate => (exact.floor(), false),
        Rule::Single => nearest(&exact, Ties::Up),
        Rule::ShiftAway => nearest(&exact, Ties::Away),
        Rule::HalfEven => nearest(&exact, Ties::Even),
        Rule::TfliteDouble => nearest(&(high() * power(shift.min(0))), Ties::Away),
        Rule::HalfUpTwice => nearest(&(high() * power(shift.min(0))), Ties::Up),
        Rule::Reduced16 => {
            let reduced = nearest(&(m * power(-16)), Ties::Up).0.min(integer(32767));
            nearest(&(x * reduced * power(shift - 15)), Ties::Up)
        }
    };
    (value.to_integer(), tie)
}

/// What of a rule's cases were refused, were answered, and were ties; and what was answered although the accumulator,
/// shifted left, would not be an `i32`.
#[derive(Debug, Default)]
pub struct Count {
    pub refused: usize,
    pub answered: usize,
    pub ties: usize,
    pub beyond: usize,
}

/// One case: golden refuses where it has to and nowhere else, and otherwise agrees with the oracle.
pub fn check(rule: Rule, width: MultiplierWidth, case: Case, output: (i64, Bounds), count: &mut Count) {
    let (zero_point, bounds) = output;
    let factor = FixedMultiplier::new(width, case.multiplier, case.shift.into()).unwrap();
    let r = Requantization::new(rule, factor, zero_point, bounds).unwrap();
    let got = qrtl_golden::numerics::requantizer::requantize(case.acc, &r);
    if !accepted(rule, case.acc, factor) {
        assert!(r.check_accumulator(case.acc).is_err(), "{rule}, {case:?}: check_accumulator accepts");
        assert!(got.is_err(), "{rule}, {case:?}: got {got:?}, expected an error");
        count.refused += 1;
        return;
    }
    let (exact, tie) = scaled(rule, case.acc, factor);
    let expected = quantized(&exact, zero_point, bounds);
    assert_eq!(got, Ok(expected), "{rule}, {case:?}, zero point {zero_point}, {bounds:?}");
    count.answered += 1;
    count.ties += usize::from(tie);
    count.beyond += usize::from(!fits(&shifted_left(case.acc, factor), 32));
}
