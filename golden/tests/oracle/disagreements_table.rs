//! Every row of the survey's table of the smallest inputs at which two ways to round disagree, word for word; both outputs
//! of each are checked. The ways that golden has no rule for are written out here.

use std::collections::BTreeSet;

use num_traits::ToPrimitive;
use qrtl_golden::numerics::requantizer::requantize;
use qrtl_golden::{Bounds, FixedMultiplier, MultiplierWidth, RealRequantization, RealRule, Requantization, Rule};

use crate::exact::{integer, power};
use crate::real_rules::requantize_real;
use crate::seeded::seeded;

/// | mode A | mode B | acc | multiplier | shift | real | A | B |
const TABLE: &str = "\
| TFLITE_DOUBLE | SINGLE | 1 | 1073741824 (0x40000000) | -1 | 0.25 | 1 | 0 |
| TFLITE_DOUBLE | RUY_NEON | -2 | 1073741824 (0x40000000) | -1 | -0.5 | -1 | 0 |
| TFLITE_DOUBLE | I64_RED16 | 1 | 1073741824 (0x40000000) | -1 | 0.25 | 1 | 0 |
| TFLITE_DOUBLE | EXACT_HALF_AWAY | 1 | 1073741824 (0x40000000) | -1 | 0.25 | 1 | 0 |
| TFLITE_DOUBLE | EXACT_HALF_EVEN | 1 | 1073741824 (0x40000000) | 0 | 0.5 | 1 | 0 |
| TFLITE_DOUBLE | F32_RNE | 1 | 1073741824 (0x40000000) | 0 | 0.5 | 1 | 0 |
| TFLITE_DOUBLE | QNNPACK_Q31 | 1 | 2147483647 (0x7fffffff) | -2 | 0.2499999999 | 0 | 1 |
| TFLITE_DOUBLE | XNN_RNDNU | 1 | 1073741824 (0x40000000) | -1 | 0.25 | 1 | 0 |
| TFLITE_DOUBLE | TRUNC | 1 | 1073741824 (0x40000000) | 0 | 0.5 | 1 | 0 |
| TFLITE_DOUBLE | FLOOR | 1 | 1073741824 (0x40000000) | 0 | 0.5 | 1 | 0 |
| SINGLE | RUY_NEON | 1 | 1073741824 (0x40000000) | -1 | 0.25 | 0 | 1 |
| SINGLE | TOSA_DOUBLE | 1 | 1073741824 (0x40000000) | -1 | 0.25 | 0 | 1 |
| SINGLE | I64_RED16 | -1 | 1073741825 (0x40000001) | 0 | -0.5000000005 | -1 | 0 |
| SINGLE | EXACT_HALF_AWAY | -1 | 1073741824 (0x40000000) | 0 | -0.5 | 0 | -1 |
| SINGLE | EXACT_HALF_EVEN | 1 | 1073741824 (0x40000000) | 0 | 0.5 | 1 | 0 |
| SINGLE | F32_RNE | 1 | 1073741824 (0x40000000) | 0 | 0.5 | 1 | 0 |
| SINGLE | QNNPACK_Q31 | 1 | 1073741824 (0x40000000) | -1 | 0.25 | 0 | 1 |
| SINGLE | XNN_RNDNU | 1 | 2147483647 (0x7fffffff) | -1 | 0.4999999998 | 0 | 1 |
| SINGLE | TRUNC | 1 | 1073741824 (0x40000000) | 0 | 0.5 | 1 | 0 |
| SINGLE | FLOOR | 1 | 1073741824 (0x40000000) | 0 | 0.5 | 1 | 0 |
| RUY_NEON | TOSA_DOUBLE | -2 | 1073741824 (0x40000000) | -1 | -0.5 | 0 | -1 |
| RUY_NEON | I64_RED16 | 1 | 1073741824 (0x40000000) | -1 | 0.25 | 1 | 0 |
| RUY_NEON | EXACT_HALF_AWAY | 1 | 1073741824 (0x40000000) | -1 | 0.25 | 1 | 0 |
| RUY_NEON | EXACT_HALF_EVEN | 1 | 1073741824 (0x40000000) | 0 | 0.5 | 1 | 0 |
| RUY_NEON | F32_RNE | 1 | 1073741824 (0x40000000) | 0 | 0.5 | 1 | 0 |
| RUY_NEON | QNNPACK_Q31 | -2 | 1073741824 (0x40000000) | -1 | -0.5 | 0 | -1 |
| RUY_NEON | XNN_RNDNU | 1 | 1073741824 (0x40000000) | -1 | 0.25 | 1 | 0 |
| RUY_NEON | TRUNC | 1 | 1073741824 (0x40000000) | 0 | 0.5 | 1 | 0 |
| RUY_NEON | FLOOR | 1 | 1073741824 (0x40000000) | 0 | 0.5 | 1 | 0 |
| TOSA_DOUBLE | I64_RED16 | 1 | 1073741824 (0x40000000) | -1 | 0.25 | 1 | 0 |
| TOSA_DOUBLE | EXACT_HALF_AWAY | 1 | 1073741824 (0x40000000) | -1 | 0.25 | 1 | 0 |
| TOSA_DOUBLE | EXACT_HALF_EVEN | 1 | 1073741824 (0x40000000) | 0 | 0.5 | 1 | 0 |
| TOSA_DOUBLE | F32_RNE | 1 | 1073741824 (0x40000000) | 0 | 0.5 | 1 | 0 |
| TOSA_DOUBLE | QNNPACK_Q31 | 1 | 2147483647 (0x7fffffff) | -2 | 0.2499999999 | 0 | 1 |
| TOSA_DOUBLE | XNN_RNDNU | 1 | 1073741824 (0x40000000) | -1 | 0.25 | 1 | 0 |
| TOSA_DOUBLE | TRUNC | 1 | 1073741824 (0x40000000) | 0 | 0.5 | 1 | 0 |
| TOSA_DOUBLE | FLOOR | 1 | 1073741824 (0x40000000) | 0 | 0.5 | 1 | 0 |
| I64_RED16 | EXACT_HALF_AWAY | -1 | 1073741824 (0x40000000) | 0 | -0.5 | 0 | -1 |
| I64_RED16 | EXACT_HALF_EVEN | 1 | 1073741824 (0x40000000) | 0 | 0.5 | 1 | 0 |
| I64_RED16 | F32_RNE | 1 | 1073741824 (0x40000000) | 0 | 0.5 | 1 | 0 |
| I64_RED16 | QNNPACK_Q31 | 1 | 1073741824 (0x40000000) | -1 | 0.25 | 0 | 1 |
| I64_RED16 | XNN_RNDNU | 1 | 2147483647 (0x7fffffff) | -1 | 0.4999999998 | 0 | 1 |
| I64_RED16 | TRUNC | 1 | 1073741824 (0x40000000) | 0 | 0.5 | 1 | 0 |
| I64_RED16 | FLOOR | 1 | 1073741824 (0x40000000) | 0 | 0.5 | 1 | 0 |
| EXACT_HALF_AWAY | EXACT_HALF_EVEN | 1 | 1073741824 (0x40000000) | 0 | 0.5 | 1 | 0 |
| EXACT_HALF_AWAY | F32_RNE | 1 | 1073741824 (0x40000000) | 0 | 0.5 | 1 | 0 |
| EXACT_HALF_AWAY | QNNPACK_Q31 | 1 | 1073741824 (0x40000000) | -1 | 0.25 | 0 | 1 |
| EXACT_HALF_AWAY | XNN_RNDNU | -1 | 1073741824 (0x40000000) | 0 | -0.5 | -1 | 0 |
| EXACT_HALF_AWAY | TRUNC | 1 | 1073741824 (0x40000000) | 0 | 0.5 | 1 | 0 |
| EXACT_HALF_AWAY | FLOOR | 1 | 1073741824 (0x40000000) | 0 | 0.5 | 1 | 0 |
| EXACT_HALF_EVEN | F32_RNE | 1 | 1073741825 (0x40000001) | 0 | 0.5000000005 | 1 | 0 |
| EXACT_HALF_EVEN | QNNPACK_Q31 | 1 | 1073741824 (0x40000000) | 0 | 0.5 | 0 | 1 |
| EXACT_HALF_EVEN | XNN_RNDNU | 1 | 1073741824 (0x40000000) | 0 | 0.5 | 0 | 1 |
| EXACT_HALF_EVEN | TRUNC | 3 | 1073741824 (0x40000000) | 0 | 1.5 | 2 | 1 |
| EXACT_HALF_EVEN | FLOOR | -1 | 1073741824 (0x40000000) | 0 | -0.5 | 0 | -1 |
| F32_RNE | QNNPACK_Q31 | 1 | 1073741824 (0x40000000) | 0 | 0.5 | 0 | 1 |
| F32_RNE | XNN_RNDNU | 1 | 1073741824 (0x40000000) | 0 | 0.5 | 0 | 1 |
| F32_RNE | TRUNC | 3 | 1073741824 (0x40000000) | 0 | 1.5 | 2 | 1 |
| F32_RNE | FLOOR | -1 | 1073741824 (0x40000000) | 0 | -0.5 | 0 | -1 |
| QNNPACK_Q31 | XNN_RNDNU | 1 | 1073741824 (0x40000000) | -1 | 0.25 | 1 | 0 |
| QNNPACK_Q31 | TRUNC | 1 | 1073741824 (0x40000000) | 0 | 0.5 | 1 | 0 |
| QNNPACK_Q31 | FLOOR | 1 | 1073741824 (0x40000000) | 0 | 0.5 | 1 | 0 |
| XNN_RNDNU | TRUNC | 1 | 1073741824 (0x40000000) | 0 | 0.5 | 1 | 0 |
| XNN_RNDNU | FLOOR | 1 | 1073741824 (0x40000000) | 0 | 0.5 | 1 | 0 |
| TRUNC | FLOOR | -1 | 1073741824 (0x40000000) | 0 | -0.5 | 0 | -1 |
";

const MODES: [&str; 12] = [
    "TFLITE_DOUBLE",
    "SINGLE",
    "RUY_NEON",
    "TOSA_DOUBLE",
    "I64_RED16",
    "EXACT_HALF_AWAY",
    "EXACT_HALF_EVEN",
    "F32_RNE",
    "QNNPACK_Q31",
    "XNN_RNDNU",
    "TRUNC",
    "FLOOR",
];

fn fixed(rule: Rule, acc: i64, multiplier: i64, shift: i64) -> i64 {
    let factor = FixedMultiplier::new(MultiplierWidth::W32, multiplier, shift).unwrap();
    requantize(acc, &Requantization::new(rule, factor, 0, Bounds::INT32).unwrap()).unwrap()
}

/// By the multiplier's factor, which becomes a float.
fn real(rule: RealRule, acc: i64, multiplier: i64, shift: i64) -> i64 {
    let factor = multiplier as f64 * 2.0f64.powi(shift as i32 - 31);
    requantize_real(acc, &RealRequantization::new(rule, factor, 0, Bounds::INT16).unwrap()).unwrap()
}

/// `apply_scale_32` with `double_round`, as TOSA's specification writes it.
fn tosa_double(acc: i64, multiplier: i64, shift: i64) -> i64 {
    let k = 31 - shift;
    assert!((2..=62).contains(&k) && multiplier >= 0 && (-(1 << (k - 1))..1 << (k - 1)).contains(&acc));
    let mut round = 1i64 << (k - 1);
    if k > 31 {
        round += if acc >= 0 { 1 << 30 } else { -(1 << 30) };
    }
    (acc * multiplier + round) >> k
}

fn value(mode: &str, acc: i64, multiplier: i64, shift: i64) -> i64 {
    let exact = || integer(acc) * integer(multiplier) * power(shift as i32 - 31);
    match mode {
        "TFLITE_DOUBLE" => fixed(Rule::TfliteDouble, acc, multiplier, shift),
        "SINGLE" => fixed(Rule::Single, acc, multiplier, shift),
        "RUY_NEON" => fixed(Rule::HalfUpTwice, acc, multiplier, shift),
        "TOSA_DOUBLE" => tosa_double(acc, multiplier, shift),
        "I64_RED16" => fixed(Rule::Reduced16, acc, multiplier, shift),
        "EXACT_HALF_AWAY" => fixed(Rule::ShiftAway, acc, multiplier, shift),
        "EXACT_HALF_EVEN" => fixed(Rule::HalfEven, acc, multiplier, shift),
        "F32_RNE" => real(RealRule::F32Even, acc, multiplier, shift),
        "QNNPACK_Q31" => real(RealRule::QnnpackQ31, acc, multiplier, shift),
        "XNN_RNDNU" => real(RealRule::XnnpackRndnu, acc, multiplier, shift),
        "TRUNC" => exact().trunc().to_integer().to_i64().unwrap(),
        "FLOOR" => fixed(Rule::Truncate, acc, multiplier, shift),
        _ => panic!("{mode}"),
    }
}

/// Both outputs of every row, its real product, and one row for each pair of modes but the one that has none.
#[test]
fn every_row() {
    let mut pairs = BTreeSet::new();
    for row in TABLE.lines() {
        let cells: Vec<&str> = row.trim_matches(['|', ' ']).split(" | ").collect();
        let &[a, b, acc, multiplier, shift, product, of_a, of_b] = &cells[..] else { panic!("{row}") };
        let (decimal, hex) = multiplier.strip_suffix(')').unwrap().split_once(" (0x").unwrap();
        let multiplier: i64 = decimal.parse().unwrap();
        assert_eq!(Ok(multiplier), i64::from_str_radix(hex, 16), "{row}");
        let (acc, shift): (i64, i64) = (acc.parse().unwrap(), shift.parse().unwrap());
        let exact = acc as f64 * multiplier as f64 * 2.0f64.powi(shift as i32 - 31);
        assert!((exact - product.parse::<f64>().unwrap()).abs() < 1e-10, "{row}");
        let got = [a, b].map(|mode| value(mode, acc, multiplier, shift).to_string());
        assert_eq!(got, [of_a, of_b], "{row}");
        assert_ne!(of_a, of_b, "{row}");
        pairs.insert([a, b]);
    }
    let all = (0..12).flat_map(|a| (a + 1..12).map(move |b| [MODES[a], MODES[b]]));
    let missing: Vec<_> = all.filter(|pair| !pairs.contains(pair)).collect();
    assert_eq!((TABLE.lines().count(), pairs.len(), missing), (65, 65, vec![["TFLITE_DOUBLE", "TOSA_DOUBLE"]]));
}

/// The pair without a row: no smaller input than these tells TOSA's formula from gemmlowp's two steps.
#[test]
fn the_pair_that_never_disagrees() {
    let mut random = seeded(2026);
    let mut compared = 0;
    for _ in 0..100_000 {
        let (shift, multiplier) = (random.between(-31, 0), random.between(0, (1 << 31) - 1));
        let acc = random.magnitude(30 - shift.max(0)) * random.sign();
        assert_eq!(
            value("TFLITE_DOUBLE", acc, multiplier, shift),
            value("TOSA_DOUBLE", acc, multiplier, shift),
            "{acc}, {multiplier}, {shift}"
        );
        compared += 1;
    }
    assert_eq!(compared, 100_000);
}

/// The survey's other discriminators, one of a line each: accumulator, multiplier, shift, and what each mode gives.
const LINES: [(i64, i64, i64, &str); 7] = [
    (1, 1 << 30, -1, "TFLITE_DOUBLE 1, SINGLE 0"),
    (-2, 1 << 30, -1, "TFLITE_DOUBLE -1, RUY_NEON 0, SINGLE 0, EXACT_HALF_EVEN 0, F32_RNE 0, EXACT_HALF_AWAY -1"),
    (-1, 1 << 30, 0, "TFLITE_DOUBLE 0, SINGLE 0, EXACT_HALF_AWAY -1, EXACT_HALF_EVEN 0, F32_RNE 0, FLOOR -1"),
    (1, 1 << 30, 0, "TFLITE_DOUBLE 1, EXACT_HALF_EVEN 0, F32_RNE 0"),
    (-1, (1 << 30) + 1, 0, "SINGLE -1, I64_RED16 0"),
    (1, 0x7fff_ffff, -2, "TFLITE_DOUBLE 0, QNNPACK_Q31 1"),
    // The float that this last factor becomes is a quarter, and Q31's answer that of a quarter.
    (1, 1 << 30, -1, "TFLITE_DOUBLE 1, QNNPACK_Q31 1"),
];

#[test]
fn one_line_discriminators() {
    let mut checked = 0;
    for (acc, multiplier, shift, modes) in LINES {
        for (mode, expected) in modes.split(", ").map(|m| m.split_once(' ').unwrap()) {
            let got = value(mode, acc, multiplier, shift).to_string();
            assert_eq!(got, expected, "{mode}: {acc} * {multiplier}, shift {shift}");
            checked += 1;
        }
    }
    assert_eq!(checked, 23);
}

/// Discriminators of wider outputs: the bits of an accumulator that a `float` loses, and zero points, which are added
/// after rounding.
#[test]
fn floats_and_zero_points() {
    let open = Bounds::new(i64::from(i32::MIN), (1 << 31) - 128).unwrap();
    let real = |rule, acc, zero_point, output| {
        requantize_real(acc, &RealRequantization::new(rule, 0.5, zero_point, output).unwrap()).unwrap()
    };
    // 2^24 + 1: 8388608.5 exactly.
    assert_eq!(fixed(Rule::TfliteDouble, 16_777_217, 1 << 30, 0), 8_388_609);
    assert_eq!(real(RealRule::F32Even, 16_777_217, 0, open), 8_388_608);
    assert_eq!(real(RealRule::F64Away, 16_777_217, 0, open), 8_388_609);
    // 0.5 becomes 0, then 1. The evaluator of ONNX would round 1.5 to 2.
    assert_eq!(real(RealRule::F32Even, 1, 1, Bounds::INT8), 1);
    assert_eq!((0.5f32 + 1.0).round_ties_even(), 2.0);
    assert_eq!(real(RealRule::F64Away, 1, 1, Bounds::INT8), 2);
}
