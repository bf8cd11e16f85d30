//! `quantize_multiplier` of each build against the exact rational that a `f64` is, and the values that the builds gave.

use num_bigint::BigInt;
use num_rational::BigRational;
use num_traits::{One, ToPrimitive, Zero};
use qrtl_golden::numerics::multiplier::{Build, quantize_multiplier, quantize_multiplier_as};
use qrtl_golden::{Error, MultiplierWidth};

use crate::exact::{integer, power};
use crate::real_rules::exponent;
use crate::rules::{Ties, nearest};
use crate::seeded::seeded;

const W8: MultiplierWidth = MultiplierWidth::W8;
const W16: MultiplierWidth = MultiplierWidth::W16;
const W32: MultiplierWidth = MultiplierWidth::W32;

/// Multiplier and shift; none where the left shift would be too far.
fn oracle(build: Build, real: f64, width: MultiplierWidth) -> Option<(i64, i32)> {
    let bits = width.bits() as i32 - 1;
    let exact = BigRational::from_float(real).unwrap();
    if exact.is_zero() {
        return Some((0, 0));
    }
    let mut shift = exponent(&exact);
    let ties = if build == Build::EmulatedFloat { Ties::Down } else { Ties::Away };
    let mut multiplier = nearest(&(exact * power(bits - shift)), ties).0;
    if multiplier == power(bits) {
        (multiplier, shift) = (power(bits - 1), shift + 1);
    }
    match shift {
        ..-31 => Some((0, 0)),
        -31..=30 => Some((multiplier.to_integer().to_i64().unwrap(), shift)),
        _ if build == Build::SingleRounding => Some(((1 << bits) - 1, 30)),
        _ => None,
    }
}

/// All builds agree with their oracle; whether the default one has a multiplier, and whether all have the same.
fn check(real: f64, width: MultiplierWidth) -> (bool, bool) {
    let answers = Build::ALL.map(|build| {
        let got = quantize_multiplier_as(build, real, width);
        match oracle(build, real, width) {
            Some(expected) => {
                let got = got.unwrap_or_else(|e| panic!("{build:?}, {real:e}, {width:?}: {e}"));
                assert_eq!((got.multiplier(), got.shift()), expected, "{build:?}, {real:e}, {width:?}");
                assert_eq!(got.width(), width);
                Some(got)
            }
            None => {
                assert!(matches!(got, Err(Error::Real { .. })), "{build:?}, {real:e}, {width:?}: {got:?}");
                None
            }
        }
    });
    assert_eq!(quantize_multiplier(real, width).ok(), answers[0], "{real:e}, {width:?}");
    (answers[0].is_some(), answers.iter().all(|a| *a == answers[0]))
}

/// All bit patterns, factors of layers, and factors exactly between two multipliers with their neighbours.
#[test]
fn random() {
    let mut random = seeded(2026);
    for width in MultiplierWidth::ALL {
        let one = 1i64 << (width.bits() - 1);
        let (mut answered, mut differ) = (0, 0);
        for n in 0..140_000 {
            let real = match n % 4 {
                0 => f64::from_bits(random.bits() >> 1),
                1 => random.between(1, 1 << 53) as f64 * 2.0f64.powi(random.between(-90, -20) as i32),
                2 => (random.between(one / 2, one - 1) as f64 + 0.5) * 2.0f64.powi(random.between(-64, 0) as i32),
                _ => {
                    let between = (random.between(one / 2, one - 1) as f64 + 0.5) * 2.0f64.powi(-31);
                    f64::from_bits(between.to_bits().wrapping_add(random.pick(&[1, u64::MAX])))
                }
            };
            if real.is_finite() {
                let (answers, same) = check(real, width);
                answered += usize::from(answers);
                differ += usize::from(!same);
            }
        }
        println!("{width:?}: {answered} answered, {differ} differ between builds");
        assert!(answered > 100_000 && differ > 20_000, "{width:?}: {answered}, {differ}");
    }
}

/// Powers of two, their neighbours, and what rounds up to them.
#[test]
fn powers_of_two() {
    for width in MultiplierWidth::ALL {
        for e in -1074..=1023 {
            // Subnormals included, which `powi` does not reach everywhere.
            let bits = if e < -1022 { 1u64 << (e + 1074) } else { ((e + 1023) as u64) << 52 };
            for real in [bits - 1, bits, bits + 1].map(f64::from_bits) {
                check(real, width);
            }
        }
        for e in -40..=31 {
            for below in [1, width.bits() as i32 - 1, width.bits() as i32, width.bits() as i32 + 1, 50] {
                check((1.0 - 2.0f64.powi(-below)) * 2.0f64.powi(e), width);
            }
        }
    }
}

/// Section 3 of the survey: what three builds of TFLite gave.
#[test]
fn special_values() {
    let two = |e: i32| 2.0f64.powi(e);
    let rows = [
        (0.0, W32, (0, 0)),
        (-0.0, W32, (0, 0)),
        (1.0, W32, (1 << 30, 1)),
        (0.5, W32, (1 << 30, 0)),
        (1.0 - two(-32), W32, (1 << 30, 1)),
        (1.0 - two(-31), W32, (i64::from(i32::MAX), 0)),
        (two(-32), W32, (1 << 30, -31)),
        (two(-33), W32, (0, 0)),
        (0.5 + two(-32), W32, ((1 << 30) + 1, 0)),
        (0.2, W32, (1_717_986_918, -2)),
        (0.503_906_25, W8, (65, 0)),
        (1.0 / 3.0, W8, (85, -1)),
        (1.0 / 3.0, W16, (21_845, -1)),
        (1.0 - two(-8), W8, (64, 1)),
        (1.0 - two(-16), W16, (1 << 14, 1)),
        (f64::MIN_POSITIVE, W32, (0, 0)),
        (f64::from_bits(1), W32, (0, 0)),
        (two(30) - 1.0, W32, (2_147_483_646, 30)),
    ];
    for (real, width, expected) in rows {
        let got = quantize_multiplier(real, width).map(|s| (s.multiplier(), s.shift()));
        assert_eq!(got, Ok(expected), "{real:e}, {width:?}");
    }
    // The greatest that has a shift of 30 once rounded: one that rounds up to 2^30 has none.
    for (real, width) in [(two(30), W32), (two(31), W8), (two(30) - 0.25, W32), (two(30) - two(20), W8)] {
        assert!(matches!(quantize_multiplier(real, width), Err(Error::Real { .. })), "{real:e}");
    }
    for real in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, -1.0, -f64::MIN_POSITIVE, f64::MAX] {
        assert!(matches!(quantize_multiplier(real, W32), Err(Error::Real { .. })), "{real:e}");
    }
}

/// Section 3 of the survey: where the builds part.
#[test]
fn builds() {
    let two = |e: i32| 2.0f64.powi(e);
    let last = i64::from(i32::MAX);
    let rows = [
        (0.5 + two(-32), [Some(((1 << 30) + 1, 0)), Some(((1 << 30) + 1, 0)), Some((1 << 30, 0))]),
        (1.0 - two(-32), [Some((1 << 30, 1)), Some((1 << 30, 1)), Some((last, 0))]),
        // One bit more than half goes up in all of them.
        (0.5 + two(-32) + two(-53), [Some(((1 << 30) + 1, 0)); 3]),
        (two(30), [None, Some((last, 30)), None]),
        (two(31), [None, Some((last, 30)), None]),
        (f64::MAX, [None, Some((last, 30)), None]),
        (two(30) - 1.0, [Some((last - 1, 30)); 3]),
        (two(-33), [Some((0, 0)); 3]),
        (0.0, [Some((0, 0)); 3]),
    ];
    for (real, expected) in rows {
        let got = Build::ALL.map(|build| quantize_multiplier_as(build, real, W32).ok());
        assert_eq!(got.map(|s| s.map(|s| (s.multiplier(), s.shift()))), expected, "{real:e}");
    }
    for real in [f64::NAN, f64::INFINITY, -1.0] {
        assert!(Build::ALL.iter().all(|&build| quantize_multiplier_as(build, real, W32).is_err()), "{real:e}");
    }
}

/// FBGEMM 71d6f8b2, `ChooseRequantizationMultiplier` with 32 bits: multiplier and right shift.
fn fbgemm(mut real: f32) -> (i64, i32) {
    let mut right = 31;
    while real < 0.5 {
        (real, right) = (real * 2.0, right + 1);
    }
    while real > 1.0 {
        (real, right) = (real / 2.0, right - 1);
    }
    // nearbyint; 24 bits leave it nothing to round.
    let multiplier = (f64::from(real) * 2.0f64.powi(31)).round_ties_even() as i64;
    if multiplier == 1 << 31 { (1 << 30, right - 1) } else { (multiplier, right) }
}

/// Of a `float`, FBGEMM makes the multiplier that every build of TFLite does: there are no ties.
#[test]
fn fbgemm_agrees() {
    let mut random = seeded(2026);
    for n in 0..100_000 {
        let significand = if n % 64 == 0 { 1 << 23 } else { random.between(1 << 23, (1 << 24) - 1) };
        let real = (significand as f64 * 2.0f64.powi(random.between(-55, 6) as i32)) as f32;
        let (multiplier, right) = fbgemm(real);
        for build in Build::ALL {
            let factor = quantize_multiplier_as(build, real.into(), W32).unwrap();
            assert_eq!((factor.multiplier(), 31 - factor.shift()), (multiplier, right), "{build:?}, {real:e}");
        }
    }
}

/// The relative error of the factor is at most `2^-(B-1)`, and the multiplier is normalized.
#[test]
fn relative_error() {
    let mut random = seeded(2026);
    for width in MultiplierWidth::ALL {
        let bits = width.bits() as i32 - 1;
        for _ in 0..20_000 {
            let real = random.between(1 << 52, 1 << 53) as f64 * 2.0f64.powi(random.between(-80, -30) as i32);
            let factor = quantize_multiplier(real, width).unwrap();
            assert!(factor.multiplier() >= 1 << (bits - 1), "{real:e}: {factor:?}");
            let made = integer(factor.multiplier()) * power(factor.shift() - bits);
            let ratio = made / BigRational::from_float(real).unwrap() - BigRational::one();
            let most = BigRational::new(BigInt::from(1), BigInt::from(1) << bits);
            assert!(ratio <= most && ratio >= -most, "{real:e}: {factor:?}");
        }
    }
}
