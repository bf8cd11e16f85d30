//! The requantizer against exact rationals: multipliers of 8 and 16 bits, and of 8 bits exhaustively for small ones.

use std::thread::scope;

use qrtl_golden::{Bounds, MultiplierWidth, Rule};

use crate::cases::{Case, corners, ordinary, second_tie, tie};
use crate::rules::{Count, check};
use crate::seeded::seeded;

/// Answered cases of each rule and width.
const CASES: usize = 100_000;

/// Every rule with every width but 32 bits for which it is defined.
fn narrow() -> impl Iterator<Item = (Rule, MultiplierWidth)> {
    let widths = |rule: Rule| rule.widths().iter().map(move |&width| (rule, width));
    Rule::ALL.into_iter().flat_map(widths).filter(|(_, width)| *width != MultiplierWidth::W32)
}

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
#[ignore = "takes seconds: `make test` runs it"]
fn every_rule() {
    assert!(narrow().count() >= 10);
    scope(|threads| {
        for (rule, width) in narrow() {
            threads.spawn(move || run(rule, width));
        }
    });
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
#[ignore = "takes seconds: `make test` runs it"]
fn small_accumulators() {
    scope(|threads| {
        for (rule, width) in narrow() {
            if width == MultiplierWidth::W8 {
                threads.spawn(move || exhaustive(rule));
            }
        }
    });
}
