//! The steps of the rules against exact rationals: rounding by a power of two, and gemmlowp's two functions.

use num_traits::ToPrimitive;
use qrtl_golden::numerics::gemmlowp::{rounding_divide_by_pot, saturating_rounding_doubling_high_mul};
use qrtl_golden::numerics::round::{away, even, floor, up};
use qrtl_random::Random;

use crate::exact::{integer, power};
use crate::rules::{Ties, nearest};
use crate::seeded::seeded;

const CASES: usize = 100_000;

fn exact(q: &num_rational::BigRational, ties: Ties) -> i64 {
    nearest(q, ties).0.to_integer().to_i64().unwrap()
}

/// The survey's table of ties: -2.5, -1.5, -0.5, 0.5, 1.5, 2.5.
#[test]
fn ties() {
    let halves = [-5, -3, -1, 1, 3, 5];
    assert_eq!(halves.map(|p| up(p, 1)), [-2, -1, 0, 1, 2, 3]);
    assert_eq!(halves.map(|p| away(p, 1)), [-3, -2, -1, 1, 2, 3]);
    assert_eq!(halves.map(|p| even(p, 1)), [-2, -2, 0, 0, 2, 2]);
    assert_eq!(halves.map(|p| floor(p, 1)), [-3, -2, -1, 0, 1, 2]);
    assert_eq!(halves.map(|p| [up(p, 0), away(p, 0), even(p, 0), floor(p, 0)]), halves.map(|p| [p; 4]));
}

#[test]
fn powers_of_two() {
    let mut random = seeded(2026);
    for n in 0..CASES {
        let k = random.between(0, 62) as u32;
        let p = match n % 3 {
            0 => random.between(i64::MIN / 2, i64::MAX / 2),
            1 => random.magnitude(62) * random.sign(),
            // An odd multiple of half the divisor.
            _ => ((random.magnitude(61 - i64::from(k.clamp(1, 61))) | 1) << k.max(1) >> 1) * random.sign(),
        };
        let q = integer(p) * power(-(k as i32));
        let nearest = [Ties::Up, Ties::Away, Ties::Even].map(|ties| i128::from(exact(&q, ties)));
        let wide = i128::from(p);
        assert_eq!(floor(wide, k).to_string(), q.floor().to_string(), "{p} / 2^{k}");
        assert_eq!([up(wide, k), away(wide, k), even(wide, k)], nearest, "{p} / 2^{k}");
    }
}

fn any(random: &mut Random) -> i32 {
    let corners = [i32::MIN, i32::MIN + 1, i32::MAX, -1, 0, 1, 1 << 30, -(1 << 30), (1 << 30) + 1];
    match random.bits() % 4 {
        0 => random.pick(&corners),
        1 => (random.magnitude(31) * random.sign()) as i32,
        _ => random.bits() as i32,
    }
}

#[test]
fn doubling_high_mul() {
    let mut random = seeded(2026);
    for _ in 0..CASES {
        let (a, b) = (any(&mut random), any(&mut random));
        let product = integer(a.into()) * integer(b.into()) * power(-31);
        let expected = exact(&product, Ties::Up).min(i32::MAX.into());
        assert_eq!(i64::from(saturating_rounding_doubling_high_mul(a, b)), expected, "{a} * {b}");
    }
    // Both signs of a tie go up, whatever texts say; and the only product that does not fit.
    assert_eq!([1, -1].map(|a| saturating_rounding_doubling_high_mul(a, 1 << 30)), [1, 0]);
    assert_eq!(saturating_rounding_doubling_high_mul(i32::MIN, i32::MIN), i32::MAX);
}

#[test]
fn divide_by_power_of_two() {
    let mut random = seeded(2026);
    for n in 0..CASES {
        let exponent = random.between(0, 31) as u32;
        let x = if n % 2 == 0 { any(&mut random) } else { any(&mut random) >> exponent.max(1) << exponent.max(1) >> 1 };
        let expected = exact(&(integer(x.into()) * power(-(exponent as i32))), Ties::Away);
        assert_eq!(i64::from(rounding_divide_by_pot(x, exponent)), expected, "{x} / 2^{exponent}");
    }
    assert_eq!([i32::MIN, 1 << 30, -(1 << 30)].map(|x| rounding_divide_by_pot(x, 31)), [-1, 1, -1]);
}
