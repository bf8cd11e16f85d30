//! The smallest inputs at which rounding rules disagree: the rows of the survey that concern golden's rules, and its
//! other discriminators.

use qrtl_golden::Rule::{self, HalfEven, HalfUpTwice, Reduced16, ShiftAway, Single, TfliteDouble, Truncate};
use qrtl_golden::numerics::multiplier::quantize_multiplier;
use qrtl_golden::numerics::requantizer::requantize;
use qrtl_golden::{Bounds, FixedMultiplier, MultiplierWidth, Requantization};

const HALF: i64 = 1 << 30;
const LAST: i64 = i32::MAX as i64;

fn value(rule: Rule, acc: i64, multiplier: i64, shift: i64) -> i64 {
    let factor = FixedMultiplier::new(MultiplierWidth::W32, multiplier, shift).unwrap();
    requantize(acc, &Requantization::new(rule, factor, 0, Bounds::INT32).unwrap()).unwrap()
}

/// Two rules, and accumulator, multiplier and shift at which they give different values.
type Row = (Rule, Rule, i64, i64, i64, i64, i64);

const ROWS: [Row; 21] = [
    (TfliteDouble, Single, 1, HALF, -1, 1, 0),
    (TfliteDouble, HalfUpTwice, -2, HALF, -1, -1, 0),
    (TfliteDouble, Reduced16, 1, HALF, -1, 1, 0),
    (TfliteDouble, ShiftAway, 1, HALF, -1, 1, 0),
    (TfliteDouble, Truncate, 1, HALF, 0, 1, 0),
    (Single, HalfUpTwice, 1, HALF, -1, 0, 1),
    (Single, Reduced16, -1, HALF + 1, 0, -1, 0),
    (Single, ShiftAway, -1, HALF, 0, 0, -1),
    (Single, Truncate, 1, HALF, 0, 1, 0),
    (HalfUpTwice, Reduced16, 1, HALF, -1, 1, 0),
    (HalfUpTwice, ShiftAway, 1, HALF, -1, 1, 0),
    (HalfUpTwice, Truncate, 1, HALF, 0, 1, 0),
    (Reduced16, ShiftAway, -1, HALF, 0, 0, -1),
    (Reduced16, Truncate, 1, HALF, 0, 1, 0),
    (ShiftAway, Truncate, 1, HALF, 0, 1, 0),
    (HalfEven, Single, 1, HALF, 0, 0, 1),
    (HalfEven, TfliteDouble, 1, HALF, 0, 0, 1),
    (HalfEven, HalfUpTwice, 1, HALF, 0, 0, 1),
    (HalfEven, Reduced16, 1, HALF, 0, 0, 1),
    (HalfEven, ShiftAway, 1, HALF, 0, 0, 1),
    (HalfEven, Truncate, 3, HALF, 0, 2, 1),
];

#[test]
fn every_pair() {
    for (a, b, acc, multiplier, shift, of_a, of_b) in ROWS {
        let got = (value(a, acc, multiplier, shift), value(b, acc, multiplier, shift));
        assert_eq!(got, (of_a, of_b), "{a} and {b}: {acc} * {multiplier}, shift {shift}");
    }
    for (n, a) in Rule::ALL.into_iter().enumerate() {
        for b in &Rule::ALL[n + 1..] {
            let row = ROWS.iter().filter(|r| [(r.0, r.1), (r.1, r.0)].contains(&(a, *b)));
            assert_eq!(row.count(), 1, "{a} and {b}");
        }
    }
}

/// The survey's row of `tflite_double` and `half_up_twice` is the smallest of a multiplier of `2^30`; one more bit tells
/// them apart at -1 already, as the first rounding makes it -1 and the second finds a half.
#[test]
fn up_and_away_at_minus_one() {
    assert_eq!([TfliteDouble, HalfUpTwice].map(|rule| value(rule, -1, HALF, -1)), [0, 0]);
    assert_eq!([TfliteDouble, HalfUpTwice].map(|rule| value(rule, -1, HALF + 1, -1)), [-1, 0]);
}

fn all(acc: i64, multiplier: i64, shift: i64) -> [i64; 7] {
    [Truncate, Single, TfliteDouble, HalfUpTwice, Reduced16, ShiftAway, HalfEven]
        .map(|r| value(r, acc, multiplier, shift))
}

/// A factor of a quarter, with two roundings at the same place.
#[test]
fn quarter() {
    assert_eq!(all(1, HALF, -1), [0, 0, 1, 1, 0, 0, 0]);
    assert_eq!(all(-2, HALF, -1), [-1, 0, -1, 0, 0, -1, 0]);
}

/// A factor of a half: ties of the only rounding.
#[test]
fn half() {
    assert_eq!(all(1, HALF, 0), [0, 1, 1, 1, 1, 1, 0]);
    assert_eq!(all(-1, HALF, 0), [-1, 0, 0, 0, 0, -1, 0]);
    // The even neighbour is above in one case and below in the other.
    assert_eq!([3, 5, -3, -5].map(|acc| value(HalfEven, acc, HALF, 0)), [2, 2, -2, -2]);
}

/// Beyond the 24 bits of a `float`, whose rules give 8388608; and the multiplier that 24 bits round up to a quarter.
#[test]
fn not_floating_point() {
    let up = 8_388_609;
    assert_eq!(all(16_777_217, HALF, 0), [8_388_608, up, up, up, up, up, 8_388_608]);
    assert_eq!(value(HalfEven, 16_777_219, HALF, 0), 8_388_610);
    assert_eq!(all(1, LAST, -2), [0; 7]);
}

/// A bit that a multiplier of 16 bits has lost.
#[test]
fn lost_bit() {
    assert_eq!(all(-1, HALF + 1, 0), [-1, -1, -1, -1, 0, -1, -1]);
}

/// The zero point is added after rounding: 0.5 becomes 1, then 2; and -0.5 away from zero -1, then 0. Added before, it
/// would make 0.5 of -0.5, and 1 of that.
#[test]
fn zero_point_outside() {
    let factor = FixedMultiplier::new(MultiplierWidth::W32, HALF, 0).unwrap();
    let with = |rule, acc| requantize(acc, &Requantization::new(rule, factor, 1, Bounds::INT8).unwrap()).unwrap();
    assert_eq!([with(Single, 1), with(TfliteDouble, 1), with(ShiftAway, 1)], [2; 3]);
    assert_eq!([with(Single, -1), with(ShiftAway, -1)], [1, 0]);
    assert_eq!([with(HalfEven, 1), with(HalfEven, -1)], [1; 2]);
}

/// Ties of the multiplier itself go away from zero; TFLite's emulated floats would give `2^30`.
#[test]
fn multiplier_ties() {
    let real = 0.5 + 2.0f64.powi(-32);
    assert_eq!(quantize_multiplier(real, MultiplierWidth::W32).unwrap().multiplier(), HALF + 1);
    assert_eq!(quantize_multiplier(0.503_906_25, MultiplierWidth::W8).unwrap().multiplier(), 65);
}
