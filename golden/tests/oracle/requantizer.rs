//! The requantizer against exact rationals: every rule with multipliers of 32 bits. `QRTL_SEED=7` sets the seed.

use std::thread::scope;

use qrtl_golden::{Bounds, Contract, FixedMultiplier, MultiplierWidth, Requantization, Rule};

use crate::cases::{Case, any_output, corners, ordinary, second_tie, tie};
use crate::rules::{Count, accepted, check};
use crate::seeded::seeded;

const W32: MultiplierWidth = MultiplierWidth::W32;
/// Answered cases of each rule in every run of the tests.
const FEW: usize = 20_000;
/// Answered cases of each rule where time does not matter.
const MANY: usize = 100_000;

/// Everything an `i32` clamp lets through, so that the clamp hides nothing.
const OPEN: (i64, Bounds) = (0, Bounds::INT32);

fn run(rule: Rule, cases: usize) {
    let mut random = seeded(2026);
    let mut at_corners = Count::default();
    for case in corners(rule, W32) {
        check(rule, W32, case, OPEN, &mut at_corners);
    }
    let mut count = Count::default();
    for n in 0.. {
        let case = match n % 4 {
            0 | 1 => ordinary(rule, W32, &mut random),
            2 => tie(rule, W32, &mut random),
            _ => second_tie(W32, &mut random),
        };
        let output = if n % 8 < 4 { OPEN } else { any_output(&mut random) };
        check(rule, W32, case, output, &mut count);
        if count.answered == cases {
            break;
        }
    }
    println!("{rule}: corners {at_corners:?}, random {count:?}");
    assert!(at_corners.answered > 20_000 && at_corners.refused > 100, "{rule}: {at_corners:?}");
    assert!(count.refused < cases / 10, "{rule}: {count:?}");
    // A quarter of the cases is made to be a tie of each kind.
    let ties = if rule == Rule::Truncate { 0 } else { cases / 5 };
    assert!(count.ties >= ties, "{rule}: {count:?}");
    let beyond = [at_corners.beyond, count.beyond];
    match rule.contract() {
        Contract::Result => assert!(beyond[0] > 5000 && beyond[1] > cases / 100, "{rule}: {beyond:?}"),
        Contract::ShiftedAccumulator => assert_eq!(beyond, [0, 0], "{rule}"),
    }
}

fn every(cases: usize) {
    scope(|threads| {
        for rule in Rule::ALL {
            threads.spawn(move || run(rule, cases));
        }
    });
}

#[test]
fn every_rule() {
    every(FEW);
}

#[test]
#[ignore = "takes seconds: `make test` runs it"]
fn every_rule_at_length() {
    every(MANY);
}

/// Small accumulators are where rules differ most: all of them, at the shifts of layers.
#[test]
fn small_accumulators() {
    let multipliers = [1 << 30, (1 << 30) + 1, 3 << 29, (1 << 31) - 1];
    for rule in Rule::ALL {
        let mut count = Count::default();
        for shift in -6..=4 {
            for multiplier in multipliers {
                for acc in -300..=300 {
                    check(rule, W32, Case { acc, multiplier, shift }, OPEN, &mut count);
                }
            }
        }
        assert_eq!((count.answered, count.refused), (11 * 4 * 601, 0), "{rule}");
    }
}

/// Of the rules that shift left first: the last accumulator on either side whose left shift fits, and the first whose does
/// not.
#[test]
fn accumulators_that_overflow() {
    for rule in [Rule::TfliteDouble, Rule::HalfUpTwice] {
        for shift in rule.shift_range() {
            let factor = FixedMultiplier::new(W32, 1 << 30, shift.into()).unwrap();
            let r = Requantization::new(rule, factor, 0, Bounds::INT32).unwrap();
            let limit = (1i64 << 31) >> shift.max(0);
            let accepts = |acc: i64| r.check_accumulator(acc).is_ok();
            assert!(accepts(-limit) && accepts(limit - 1), "{rule}, shift {shift}");
            assert!(!accepts(-limit - 1) && !accepts(limit), "{rule}, shift {shift}");
            assert!(!accepts(i64::MIN) && !accepts(i64::MAX), "{rule}, shift {shift}");
        }
    }
}

/// Of all rules, the oracle says where the contract ends.
#[test]
fn results_that_overflow() {
    let mut random = seeded(2026);
    for rule in Rule::ALL {
        let mut narrower = 0;
        for shift in rule.shift_range() {
            for _ in 0..200 {
                let m = random.magnitude(31);
                let factor = FixedMultiplier::new(W32, m, shift.into()).unwrap();
                let r = Requantization::new(rule, factor, 0, Bounds::INT32).unwrap();
                let (min, max) = (r.accumulator().min(), r.accumulator().max());
                narrower += usize::from(r.accumulator() != rule.accumulator());
                for acc in [min - 1, min, max, max + 1] {
                    let expected = accepted(rule, acc, factor);
                    let case = || format!("{rule}, multiplier {m}, shift {shift}, acc {acc}");
                    assert_eq!(r.check_accumulator(acc).is_ok(), expected, "{}", case());
                    assert_eq!(expected, (min..=max).contains(&acc), "{}", case());
                }
            }
        }
        assert!(narrower > 1000, "{rule}: {narrower}");
    }
}

/// What `Requantization` refuses: shifts beyond the rule's, a zero point that is no `i32`, narrow multipliers of
/// `reduced_16`.
#[test]
fn parameters() {
    for (m, shift) in [(-1, 0), (1 << 31, 0), (1, -32), (1, 31), (i64::MIN, 0), (1, i64::MAX)] {
        assert!(FixedMultiplier::new(W32, m, shift).is_err(), "{m}, {shift}");
    }
    let new = |rule, width, shift, zero| {
        Requantization::new(rule, FixedMultiplier::new(width, 1, shift).unwrap(), zero, Bounds::INT8).is_ok()
    };
    assert!(new(Rule::Reduced16, W32, 7, 0) && !new(Rule::Reduced16, W32, 8, 0));
    for rule in Rule::ALL {
        assert!(new(rule, W32, 0, i32::MIN.into()) && new(rule, W32, 0, i32::MAX.into()));
        assert!(!new(rule, W32, 0, i64::from(i32::MIN) - 1) && !new(rule, W32, 0, i64::from(i32::MAX) + 1));
        for narrow in [MultiplierWidth::W8, MultiplierWidth::W16] {
            assert_eq!(new(rule, narrow, 0, 0), rule != Rule::Reduced16, "{rule}");
        }
    }
}
