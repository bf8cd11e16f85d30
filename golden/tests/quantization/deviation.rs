//! What a narrow multiplier costs, against every accumulator one by one, and against the bound that is stated.

use MultiplierWidth::{W8, W16, W32};
use qrtl_golden::numerics::requantizer::requantize;
use qrtl_golden::quantization::deviation::{Deviation, deviation};
use qrtl_golden::quantization::normalization::normalize;
use qrtl_golden::{Bounds, MultiplierWidth, Requantization, Rule};

use crate::seeded::seeded;

/// The rules with multipliers of every width.
fn rules() -> impl Iterator<Item = Rule> {
    Rule::ALL.into_iter().filter(|rule| rule.widths() == MultiplierWidth::ALL)
}

/// The same by trying every accumulator whose result can be within the type.
fn one_by_one(real: f64, width: MultiplierWidth, rule: Rule, output: Bounds) -> i64 {
    let reach = output.max() - output.min();
    let window = Bounds::new(-reach, reach).unwrap();
    let of = |width| Requantization::new(rule, normalize(real, width).unwrap().factor, 0, window).unwrap();
    let (narrow, wide) = (of(width), of(W32));
    let far = (1.1 * reach as f64 / real) as i64 + 2;
    let differ = |acc| (requantize(acc, &narrow).unwrap() - requantize(acc, &wide).unwrap()).abs();
    (-far..=far).map(differ).max().unwrap()
}

#[test]
fn every_accumulator() {
    for real in
        [0.2, 0.0037, 0.501, 0.9999, 1.7, 0.064453125, 0.504, 33.0, 0.0113, 0.0377, 0.071, 0.613, 0.00257, 0.3333]
    {
        for (width, rule) in [W8, W16, W32].into_iter().flat_map(|w| rules().map(move |r| (w, r))) {
            let found = deviation(real, width, rule, Bounds::INT8).unwrap();
            assert_eq!(found.steps, one_by_one(real, width, rule, Bounds::INT8), "{real} {width:?} {rule}");
        }
    }
    for rule in rules() {
        let found = deviation(0.31, W16, rule, Bounds::INT16).unwrap();
        assert_eq!(found.steps, one_by_one(0.31, W16, rule, Bounds::INT16), "{rule}");
    }
}

/// `ceil((w + 1/2) * 2^-(B-1))`, and 1 more for a second rounding.
fn bound(width: MultiplierWidth, rule: Rule, output: Bounds) -> i64 {
    let reach = (output.max() - output.min()) as f64;
    let once = ((reach + 0.5) / (width.max() + 1) as f64).ceil() as i64;
    once + i64::from(matches!(rule, Rule::TfliteDouble | Rule::HalfUpTwice))
}

/// Worst of int16: M0 just above one half, at a tie of the integer that goes down.
#[test]
fn sixteen_bits_of_output() {
    let steps = |real, width| deviation(real, width, Rule::Single, Bounds::INT16).unwrap().steps;
    assert_eq!([steps(0.503906249, W8), bound(W8, Rule::Single, Bounds::INT16)], [509, 512]);
    assert_eq!([steps(0.50001525, W16), bound(W16, Rule::Single, Bounds::INT16)], [2, 2]);
}

#[test]
fn within_the_bound() {
    let mut random = seeded(2026);
    let count = rules().count();
    let mut worst = [vec![0; count], vec![0; count]];
    for draw in 0..1_000 {
        // Half of them where the error of a multiplier is greatest: M0 just above one half, a tie of the integer.
        let width = [W8, W16][draw % 2];
        let one = (width.max() + 1) as f64;
        let m0 = match draw % 4 {
            0 | 1 => (one / 2.0 + 0.5 + (draw / 4 % 8) as f64) / one - [0.0, 1e-9][draw / 32 % 2],
            _ => 0.5 + random.bits() as f64 / u64::MAX as f64 / 2.0,
        };
        let real = m0 * 2f64.powi(-(draw as i32 % 22));
        for (i, rule) in rules().enumerate() {
            let Deviation { steps, .. } = deviation(real, width, rule, Bounds::UINT8).unwrap();
            assert!(steps <= bound(width, rule, Bounds::UINT8), "{real} {width:?} {rule}: {steps}");
            worst[draw % 2][i] = steps.max(worst[draw % 2][i]);
        }
    }
    // The bound of one rounding is met, and nothing here is beyond it with two.
    assert_eq!(worst, [vec![2; count], vec![1; count]]);
}
