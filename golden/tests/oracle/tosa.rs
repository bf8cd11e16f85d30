//! `tflite_double` is TOSA's `apply_scale_32` with `double_round`: one addition and one shift.

use qrtl_golden::numerics::requantizer::requantize;
use qrtl_golden::{Bounds, FixedMultiplier, MultiplierWidth, Requantization, Rule};

use crate::cases::{second_tie, tie};
use crate::seeded::seeded;

const CASES: usize = 1_000_000;

/// TOSA 1.0: `round = 2^(k-1)`, and `+- 2^30` more where the shift is greater than 31.
fn apply_scale_32(value: i64, multiplier: i64, k: u32) -> i64 {
    let mut round = 1i128 << (k - 1);
    if k > 31 {
        round += if value >= 0 { 1 << 30 } else { -(1 << 30) };
    }
    ((i128::from(value) * i128::from(multiplier) + round) >> k) as i64
}

#[test]
fn one_addition() {
    let mut random = seeded(2026);
    let mut beyond_31 = 0;
    let mut done = 0;
    while done < CASES {
        let rule = Rule::TfliteDouble;
        let (acc, multiplier, shift) = match done % 4 {
            0 => {
                let case = tie(rule, MultiplierWidth::W32, &mut random);
                (case.acc, case.multiplier, case.shift.min(29))
            }
            1 => {
                let case = second_tie(MultiplierWidth::W32, &mut random);
                (case.acc, case.multiplier, case.shift)
            }
            2 => (random.between(-4096, 4096), random.between(1 << 30, i32::MAX.into()), random.between(-12, 6) as i32),
            _ => {
                let shift = random.between(-31, 29) as i32;
                let range = 1i64 << (31 - shift.max(0));
                (random.between(-range, range - 1), random.between(0, i32::MAX.into()), shift)
            }
        };
        let factor = FixedMultiplier::new(MultiplierWidth::W32, multiplier, shift.into()).unwrap();
        let r = Requantization::new(rule, factor, 0, Bounds::INT32).unwrap();
        if r.check_accumulator(acc).is_err() {
            continue;
        }
        let k = (31 - shift).unsigned_abs();
        assert_eq!(requantize(acc, &r), Ok(apply_scale_32(acc, multiplier, k)), "{acc} * {multiplier}, shift {shift}");
        beyond_31 += usize::from(k > 31);
        done += 1;
    }
    println!("{beyond_31} of {done} with two roundings");
    assert!(beyond_31 > CASES / 2);
}

/// It is not the identity of half up twice, nor of one rounding: the sign of the `2^30` and the `2^30` matter.
#[test]
fn of_this_rule_alone() {
    let got = |rule, acc| {
        let factor = FixedMultiplier::new(MultiplierWidth::W32, 1 << 30, -1).unwrap();
        requantize(acc, &Requantization::new(rule, factor, 0, Bounds::INT32).unwrap()).unwrap()
    };
    assert_eq!([apply_scale_32(1, 1 << 30, 32), apply_scale_32(-2, 1 << 30, 32)], [1, -1]);
    assert_eq!([got(Rule::TfliteDouble, 1), got(Rule::TfliteDouble, -2)], [1, -1]);
    assert_eq!([got(Rule::HalfUpTwice, 1), got(Rule::HalfUpTwice, -2)], [1, 0]);
    assert_eq!([got(Rule::Single, 1), got(Rule::Single, -2)], [0, 0]);
}
