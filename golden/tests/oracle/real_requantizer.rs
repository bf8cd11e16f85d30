//! The rules with a real factor against exact rationals, in which IEEE 754's roundings are done by the definition.
//! `QRTL_SEED=7` sets the seed.

use std::thread::scope;

use qrtl_golden::numerics::requantizer::{Requantize, requantize};
use qrtl_golden::{Bounds, FixedMultiplier, MultiplierWidth, RealRequantization, RealRule, Requantization, Rule};

use crate::cases::any_output;
use crate::real_rules::{RealCount, check, corners, near_tie, ordinary, requantize_real, second_tie, tie};
use crate::seeded::seeded;

/// Answered cases of each rule, corners not counted.
const CASES: usize = 120_000;

/// As far as a clamp may be from hiding something: the ends of an `i32`, or the floats nearest to them within.
fn open(rule: RealRule) -> (i64, Bounds) {
    let float = Bounds::new(i64::from(i32::MIN), (1 << 31) - 128).unwrap();
    (0, if rule == RealRule::F32Even { float } else { Bounds::INT32 })
}

/// How many of the answered cases have to be ties, and how many rounded twice to another value than once.
fn least(rule: RealRule) -> [usize; 2] {
    match rule {
        RealRule::F64Away => [30_000, 4_000],
        RealRule::F32Even | RealRule::QnnpackQ31 => [30_000, 5_000],
        RealRule::XnnpackRndnu => [20_000, 0],
    }
}

fn run(rule: RealRule) {
    let mut random = seeded(2026);
    let mut at_corners = RealCount::default();
    for case in corners(rule) {
        check(rule, case, open(rule), &mut at_corners);
    }
    let mut count = RealCount::default();
    for n in 0.. {
        let case = match n % 4 {
            0 => ordinary(rule, &mut random),
            1 => tie(rule, &mut random),
            2 => near_tie(rule, &mut random),
            _ if rule == RealRule::QnnpackQ31 => second_tie(&mut random),
            _ => ordinary(rule, &mut random),
        };
        let output = if n % 8 < 4 { open(rule) } else { any_output(&mut random) };
        check(rule, case, output, &mut count);
        if count.answered == CASES {
            break;
        }
    }
    println!("{rule}: corners {at_corners:?}, random {count:?}");
    assert!(at_corners.answered > 20_000 && at_corners.refused > 100, "{rule}: {at_corners:?}");
    assert!(at_corners.no_rule > 1000, "{rule}: {at_corners:?}");
    assert!(count.refused + count.no_rule < CASES / 5, "{rule}: {count:?}");
    let [ties, twice] = least(rule);
    assert!(count.ties >= ties && count.twice >= twice, "{rule}: {count:?}");
}

#[test]
fn every_rule() {
    scope(|threads| {
        for rule in RealRule::ALL {
            threads.spawn(move || run(rule));
        }
    });
}

/// What the source's sign test suggests and its values do not show: `qnnpack_q31` is `tflite_double` by 24 bits.
#[test]
fn q31_is_double_rounding_by_24_bits() {
    let mut random = seeded(2026);
    for _ in 0..100_000 {
        let (significand, right) = (random.between(1 << 23, (1 << 24) - 1), random.between(0, 31));
        let factor = significand as f64 * 2.0f64.powi(-24 - right as i32);
        let acc = random.magnitude(31) * random.sign();
        let fixed = FixedMultiplier::new(MultiplierWidth::W32, significand << 7, -right).unwrap();
        let double = Requantization::new(Rule::TfliteDouble, fixed, 0, Bounds::INT32).unwrap();
        let q31 = RealRequantization::new(RealRule::QnnpackQ31, factor, 0, Bounds::INT32).unwrap();
        assert_eq!(requantize_real(acc, &q31), requantize(acc, &double), "{acc}, {significand}, {right}");
    }
}

/// Sums of any size, the last accumulators that rules take, and the first that they do not.
#[test]
fn accumulators_that_overflow() {
    let refuses = |rule, factor, acc: i128| {
        RealRequantization::new(rule, factor, 0, Bounds::INT16).unwrap().requantize_sum(acc).is_err()
    };
    for rule in [RealRule::F32Even, RealRule::QnnpackQ31, RealRule::XnnpackRndnu] {
        assert!(!refuses(rule, 0.25, (1 << 31) - 1) && !refuses(rule, 0.25, -(1 << 31)), "{rule}");
        assert!(refuses(rule, 0.25, 1 << 31) && refuses(rule, 0.25, -(1 << 31) - 1), "{rule}");
        assert!(refuses(rule, 0.25, i128::MAX) && refuses(rule, 0.25, i128::MIN), "{rule}");
    }
    let small = 2.0f64.powi(-40);
    assert!(!refuses(RealRule::F64Away, small, i64::MAX.into()) && !refuses(RealRule::F64Away, small, i64::MIN.into()));
    assert!(refuses(RealRule::F64Away, small, 1 << 63) && refuses(RealRule::F64Away, small, -(1 << 63) - 1));
    // A result of 2^31 less a half is rounded to one that does not fit.
    for rule in [RealRule::F64Away, RealRule::XnnpackRndnu] {
        assert!(!refuses(rule, 1.5, 1_431_655_764) && refuses(rule, 1.5, 1_431_655_765), "{rule}");
        assert!(!refuses(rule, 2.0, -(1 << 30)) && refuses(rule, 2.0, -(1 << 30) - 1), "{rule}");
    }
    // Where the product is clamped as a float, it may be an infinity.
    let huge = RealRequantization::new(RealRule::F32Even, f32::MAX.into(), 3, Bounds::INT8).unwrap();
    assert_eq!([1 << 30, 0, -(1 << 30)].map(|acc| requantize_real(acc, &huge)), [Ok(127), Ok(3), Ok(-128)]);
}
