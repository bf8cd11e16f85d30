//! The requantizer against exact rationals: multipliers of 8 and 16 bits, and of 8 bits exhaustively for small ones.

use qrtl_golden::{Bounds, MultiplierWidth, Rule};

use crate::cases::{Case, corners, ordinary, second_tie, tie};
use crate::rules::{Count, check};
use crate::seeded::seeded;

/// Answered cases of each rule and width.
const CASES: usize = 100_000;

/// All that have narrow multipliers: `reduced_16` narrows one of 32 bits itself.
const RULES: [Rule; 5] = [Rule::Truncate, Rule::Single, Rule::TfliteDouble, Rule::HalfUpTwice, Rule::ShiftAway];

fn run(rule: Rule, width: MultiplierWidth) {
    let mut random = seeded(2026);
    let mut at_corners = Count::default();
    for case in corners(rule, width) {
        check(rule, width, case, (0, Bounds::INT32), &mut at_corners);
    }
    let mut count = Count::default();
    while count.answered < CASES {
        let case = match count.answered % 4 {
            0 | 1 => ordinary(rule, width, &mut random),
            2 => tie(rule, width, &mut random),
            _ => second_tie(width, &mut random),
        };
        let output = random.pick(&[(0, Bounds::INT32), (0, Bounds::INT32), (-3, Bounds::INT8), (128, Bounds::UINT8)]);
        check(rule, width, case, output, &mut count);
    }
    println!("{rule}, {} bits: corners {at_corners:?}, random {count:?}", width.bits());
    assert!(at_corners.answered > 20_000 && at_corners.refused > 100, "{rule}: {at_corners:?}");
    assert!(count.refused < CASES / 10, "{rule}: {count:?}");
    assert!(rule == Rule::Truncate || count.ties > CASES / 5, "{rule}: {count:?}");
}

#[test]
fn bits_8() {
    for rule in RULES {
        run(rule, MultiplierWidth::W8);
    }
}

#[test]
fn bits_16() {
    for rule in RULES {
        run(rule, MultiplierWidth::W16);
    }
}

fn exhaustive(rule: Rule) {
    let mut count = Count::default();
    for shift in -4..=4 {
        for multiplier in 0..=127 {
            for acc in -300..=300 {
                check(rule, MultiplierWidth::W8, Case { acc, multiplier, shift }, (0, Bounds::INT32), &mut count);
            }
        }
    }
    assert_eq!((count.answered, count.refused), (9 * 128 * 601, 0), "{rule}");
}

#[test]
fn exhaustive_truncate() {
    exhaustive(Rule::Truncate);
}

#[test]
fn exhaustive_single() {
    exhaustive(Rule::Single);
}

#[test]
fn exhaustive_tflite_double() {
    exhaustive(Rule::TfliteDouble);
}

#[test]
fn exhaustive_half_up_twice() {
    exhaustive(Rule::HalfUpTwice);
}

#[test]
fn exhaustive_shift_away() {
    exhaustive(Rule::ShiftAway);
}
