//! `quantize_multiplier` against the exact rational that a `f64` is, and the values that a TFLite build gave.

#![allow(clippy::unwrap_used)] // helpers of tests

mod support;

use num_bigint::BigInt;
use num_rational::BigRational;
use num_traits::{One, ToPrimitive, Zero};
use qrtl_golden::multiplier::quantize_multiplier;
use qrtl_golden::{Error, MultiplierWidth};
use support::{Random, Ties, integer, nearest, power};

const W8: MultiplierWidth = MultiplierWidth::W8;
const W16: MultiplierWidth = MultiplierWidth::W16;
const W32: MultiplierWidth = MultiplierWidth::W32;

/// The exponent that brings `real > 0` to 0.5..1, found from the sizes of numerator and denominator.
fn exponent(real: &BigRational) -> i32 {
    let mut e = real.numer().bits() as i32 - real.denom().bits() as i32;
    while &power(e) <= real {
        e += 1;
    }
    while &power(e - 1) > real {
        e -= 1;
    }
    e
}

/// Multiplier and shift; none where the left shift would be too far.
fn oracle(real: f64, width: MultiplierWidth) -> Option<(i64, i32)> {
    let bits = width.bits() as i32 - 1;
    let exact = BigRational::from_float(real).unwrap();
    if exact.is_zero() {
        return Some((0, 0));
    }
    let mut shift = exponent(&exact);
    let mut multiplier = nearest(&(exact * power(bits - shift)), Ties::Away).0;
    if multiplier == power(bits) {
        (multiplier, shift) = (power(bits - 1), shift + 1);
    }
    match shift {
        ..-31 => Some((0, 0)),
        -31..=30 => Some((multiplier.to_integer().to_i64().unwrap(), shift)),
        _ => None,
    }
}

fn check(real: f64, width: MultiplierWidth) -> bool {
    let got = quantize_multiplier(real, width);
    match oracle(real, width) {
        Some(expected) => {
            assert_eq!(got.clone().map(|s| (s.multiplier(), s.shift())), Ok(expected), "{real:e}, {width:?}");
            assert_eq!(got.unwrap().width(), width);
            true
        }
        None => {
            assert!(matches!(got, Err(Error::Real { .. })), "{real:e}, {width:?}: {got:?}");
            false
        }
    }
}

/// All bit patterns, factors of layers, and factors exactly between two multipliers with their neighbours.
#[test]
fn random() {
    let mut random = Random::seeded("quantize_multiplier");
    for width in MultiplierWidth::ALL {
        let one = 1i64 << (width.bits() - 1);
        let mut answered = 0;
        for n in 0..100_000 {
            let real = match n % 4 {
                0 => f64::from_bits(random.next() >> 1),
                1 => random.between(1, 1 << 53) as f64 * 2.0f64.powi(random.between(-90, -20) as i32),
                2 => (random.between(one / 2, one - 1) as f64 + 0.5) * 2.0f64.powi(random.between(-64, 0) as i32),
                _ => {
                    let between = (random.between(one / 2, one - 1) as f64 + 0.5) * 2.0f64.powi(-31);
                    f64::from_bits(between.to_bits().wrapping_add(random.pick(&[1, u64::MAX])))
                }
            };
            if real.is_finite() {
                answered += usize::from(check(real, width));
            }
        }
        println!("{width:?}: {answered} answered");
        assert!(answered > 80_000, "{width:?}: {answered}");
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

/// The relative error of the factor is at most `2^-(B-1)`, and the multiplier is normalized.
#[test]
fn relative_error() {
    let mut random = Random::seeded("relative error");
    for width in MultiplierWidth::ALL {
        let bits = width.bits() as i32 - 1;
        for _ in 0..20_000 {
            let real = random.between(1 << 52, 1 << 53) as f64 * 2.0f64.powi(random.between(-80, -30) as i32);
            let scale = quantize_multiplier(real, width).unwrap();
            assert!(scale.multiplier() >= 1 << (bits - 1), "{real:e}: {scale:?}");
            let made = integer(scale.multiplier()) * power(scale.shift() - bits);
            let ratio = made / BigRational::from_float(real).unwrap() - BigRational::one();
            let most = BigRational::new(BigInt::from(1), BigInt::from(1) << bits);
            assert!(ratio <= most && ratio >= -most, "{real:e}: {scale:?}");
        }
    }
}
