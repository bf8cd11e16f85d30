//! `M = 2^-n * M0`: the lab's figures, and exactly what is lost without.

use MultiplierWidth::{W8, W16, W32};
use num_rational::BigRational;
use qrtl_golden::quantization::normalization::{normalize, unnormalized};
use qrtl_golden::{Error, MultiplierWidth};

use crate::exact::{integer, power};
use crate::seeded::seeded;

#[track_caller]
fn says<T: std::fmt::Debug>(result: Result<T, Error>, text: &str) {
    assert_eq!(result.unwrap_err().to_string(), text);
}

/// M0, n, multiplier, shift.
fn of(real: f64, width: MultiplierWidth) -> (f64, i32, i64, i32) {
    let n = normalize(real, width).unwrap();
    (n.fraction, n.n, n.factor.multiplier(), n.factor.shift())
}

#[test]
fn the_labs_figures() {
    assert_eq!(of(0.2, W8), (0.8, 2, 102, -2));
    assert_eq!(of(0.2, W16), (0.8, 2, 26_214, -2));
    assert_eq!(of(0.2, W32), (0.8, 2, 1_717_986_918, -2));
    assert_eq!([W8, W16, W32].map(|w| unnormalized(0.2, w)), [Ok(26), Ok(6_554), Ok(429_496_730)]);
    // 8.25 and 8; with M0 = 0.515625 and 0.5 they are 66 and 64.
    assert_eq!([0.064453125, 0.0625].map(|m| unnormalized(m, W8)), [Ok(8), Ok(8)]);
    assert_eq!([0.064453125, 0.0625].map(|m| of(m, W8)), [(0.515625, 3, 66, -3), (0.5, 3, 64, -3)]);
    assert_eq!([0.064453125, 0.0625].map(|m| unnormalized(m, W16)), [Ok(2_112), Ok(2_048)]);
}

/// Ties go away from zero; a fraction that rounds to one is halved; a third in 8, 16 and 32 bits.
#[test]
fn by_hand() {
    assert_eq!(of(0.50390625, W8), (0.50390625, 0, 65, 0));
    assert_eq!(of(0.999, W8), (0.999, 0, 64, 1));
    assert_eq!(of(1.0, W32), (0.5, -1, 1 << 30, 1));
    assert_eq!(of(3.0, W8), (0.75, -2, 96, 2));
    assert_eq!(of(2f64.powi(-32), W8), (0.5, 31, 64, -31));
    let error = |w| normalize(1.0 / 3.0, w).unwrap().relative_error().abs();
    assert!((error(W8) - 3.9e-3).abs() < 1e-5 && (error(W16) - 1.5e-5).abs() < 1e-6 && error(W32) < 2f64.powi(-31));
    assert_eq!(normalize(0.75, W8).unwrap().relative_error(), 0.0);
    assert_eq!(unnormalized(0.0, W8), Ok(0));
    assert_eq!(unnormalized(0.01171875, W8), Ok(2)); // 1.5
}

#[test]
fn words() {
    says(normalize(0.0, W8), "real: 0.0 is not at least 2^-32 once rounded to a multiplier");
    says(
        normalize(2f64.powi(-33), W32),
        "real: 1.1641532182693481e-10 is not at least 2^-32 once rounded to a multiplier",
    );
    says(normalize(-0.5, W8), "real: -0.5 is not finite and at least 0");
    says(normalize(f64::INFINITY, W8), "real: inf is not finite and at least 0");
    says(normalize(1_073_741_824.0, W8), "real: 1073741824.0 is not below 2^30 once rounded to a multiplier");
    says(unnormalized(f64::NAN, W8), "real: NaN is not finite and at least 0");
    says(unnormalized(-0.1, W8), "real: -0.1 is not finite and at least 0");
    // 127.5 is the tie that no longer fits.
    assert_eq!(unnormalized(127.49 / 128.0, W8), Ok(127));
    let expected = "real: 0.99609375 is not below 1 once rounded to a multiplier that is not normalized";
    says(unnormalized(127.5 / 128.0, W8), expected);
    assert!(unnormalized(f64::MAX, W32).is_err());
}

/// Exactly: `M = 2^-n * M0`, and the integer is off by half at most, so that its relative error is at most 2^-(B-1).
/// Without normalization it is off by half as well, but of an integer that may be small.
#[test]
fn errors() {
    let mut random = seeded(2026);
    let exact = |x: f64| BigRational::from_float(x).unwrap();
    let mut lost = 0;
    for _ in 0..30_000 {
        let real =
            (1.0 + random.between(0, (1 << 40) - 1) as f64 / 2f64.powi(40)) * 2f64.powi(random.between(-31, 28) as i32);
        let width = random.pick(&MultiplierWidth::ALL);
        let n = normalize(real, width).unwrap();
        assert!((0.5..1.0).contains(&n.fraction));
        assert_eq!(exact(n.fraction) * power(-n.n), exact(real));
        assert_eq!(n.real(), real);
        let steps = 1 - width.bits() as i32;
        let represented = integer(n.factor.multiplier()) * power(steps + n.factor.shift());
        assert_eq!(exact(n.represented()), represented);
        let error = |of: &BigRational| {
            let error = (of - exact(real)) / exact(real);
            if error < integer(0) { -error } else { error }
        };
        assert!(error(&represented) <= power(steps), "{real}, {width:?}");
        assert!((n.relative_error().abs() - n.relative_error().abs().min(2f64.powi(steps))).abs() < 1e-16);
        if let Ok(plain) = unnormalized(real, width) {
            let off = integer(plain) - exact(real) * power(-steps);
            assert!(off >= -power(-1) && off <= power(-1), "{real}, {width:?}: {plain}");
            lost += usize::from(error(&(integer(plain) * power(steps))) > power(steps));
        }
    }
    assert!(lost > 1_000, "normalization makes a difference {lost} times");
}
