//! Parameters: their names in text, what they refuse and the words of it, and the limits that no wrapping may hide.

use std::collections::BTreeSet;

use qrtl_golden::gemm::{Matrix, Operand, fully_connected, gemm};
use qrtl_golden::numerics::fixed_point_multiplier::{signed, unsigned};
use qrtl_golden::numerics::multiplier::quantize_multiplier;
use qrtl_golden::request::{answer, answer_line};
use qrtl_golden::{
    Bounds, Error, FixedMultiplier, MultiplierWidth, RealRequantization, RealRule, Requantization, Rule,
};

const W8: MultiplierWidth = MultiplierWidth::W8;
const W32: MultiplierWidth = MultiplierWidth::W32;

#[track_caller]
fn says<T: std::fmt::Debug>(result: Result<T, Error>, text: &str) {
    assert_eq!(result.unwrap_err().to_string(), text);
}

fn half() -> Requantization {
    Requantization::new(Rule::Single, FixedMultiplier::new(W32, 1 << 30, 0).unwrap(), 0, Bounds::INT8).unwrap()
}

/// One name of a rule in Rust, JSON and on the command line; a reference of its own for each.
#[test]
fn names_of_rules() {
    let names = Rule::ALL.map(|rule| rule.to_string());
    assert_eq!(
        names,
        ["truncate", "single", "tflite_double", "half_up_twice", "reduced_16", "shift_away", "half_even"]
    );
    for rule in Rule::ALL {
        assert_eq!(rule.to_string().parse(), Ok(rule));
        assert_eq!(serde_json::to_value(rule).unwrap(), rule.name());
        assert_eq!(serde_json::from_value::<Rule>(rule.name().into()).unwrap(), rule);
    }
    assert_eq!(Rule::ALL.map(Rule::reference).iter().collect::<BTreeSet<_>>().len(), Rule::ALL.len());
    says(
        "Single".parse::<Rule>(),
        "rule: Single is none of truncate, single, tflite_double, half_up_twice, reduced_16, shift_away, half_even",
    );
}

/// The same of rules with a real factor; and no name is one of both kinds.
#[test]
fn names_of_real_rules() {
    let names = RealRule::ALL.map(|rule| rule.to_string());
    assert_eq!(names, ["f64_away", "f32_even", "qnnpack_q31", "xnnpack_rndnu"]);
    for rule in RealRule::ALL {
        assert_eq!(rule.to_string().parse(), Ok(rule));
        assert_eq!(serde_json::to_value(rule).unwrap(), rule.name());
        assert_eq!(serde_json::from_value::<RealRule>(rule.name().into()).unwrap(), rule);
        assert!(rule.name().parse::<Rule>().is_err());
    }
    let references = Rule::ALL.map(Rule::reference).into_iter().chain(RealRule::ALL.map(RealRule::reference));
    assert_eq!(references.collect::<BTreeSet<_>>().len(), Rule::ALL.len() + RealRule::ALL.len());
    says("single".parse::<RealRule>(), "rule: single is none of f64_away, f32_even, qnnpack_q31, xnnpack_rndnu");
}

/// Factors at the ends of their ranges, as the `float` that they become; and clamps that are no floats.
#[test]
fn real_parameters() {
    use RealRule::{F32Even, F64Away, QnnpackQ31, XnnpackRndnu};
    let new = |rule, factor| RealRequantization::new(rule, factor, 0, Bounds::INT8);
    let least = 2.0f64.powi(-32);
    for (rule, below) in [(QnnpackQ31, 1.0f64), (XnnpackRndnu, 256.0)] {
        assert!(new(rule, least).is_ok() && new(rule, f64::from((below as f32).next_down())).is_ok(), "{rule}");
        // What rounds to the least does; so does what rounds to the first that is too great.
        assert!(new(rule, least.next_down()).is_ok() && new(rule, below.next_down()).is_err(), "{rule}");
        assert!(new(rule, f64::from((least as f32).next_down())).is_err() && new(rule, below).is_err(), "{rule}");
    }
    assert_eq!(new(F32Even, 0.1).unwrap().factor(), f64::from(0.1f32));
    assert_eq!(new(F64Away, 0.1).unwrap().factor(), 0.1);
    assert!(new(F64Away, f64::MAX).is_ok() && new(F64Away, f64::from_bits(1)).is_ok());
    says(new(F64Away, 0.0), "real_multiplier: 0.0 is not finite and positive, as f64_away needs");
    says(new(F64Away, f64::NAN), "real_multiplier: NaN is not finite and positive, as f64_away needs");
    says(new(F32Even, 1e-46), "real_multiplier: 1e-46 is not finite and positive as a float, as f32_even needs");
    says(new(F32Even, 1e39), "real_multiplier: 1e39 is not finite and positive as a float, as f32_even needs");
    says(
        new(QnnpackQ31, 1.0),
        "real_multiplier: 1.0 is not at least 2^-32 and below 1 as a float, as qnnpack_q31 needs",
    );
    says(
        new(XnnpackRndnu, 256.0),
        "real_multiplier: 256.0 is not at least 2^-32 and below 256 as a float, as xnnpack_rndnu needs",
    );
    let output = |rule, zero_point, output| RealRequantization::new(rule, 0.5, zero_point, output);
    says(
        output(F32Even, 0, Bounds::INT32),
        "max: less the zero point it is 2147483647, which is no float, and f32_even clamps floats",
    );
    says(
        output(F32Even, 1 << 24, Bounds::new(-1, 0).unwrap()),
        "min: less the zero point it is -16777217, which is no float, and f32_even clamps floats",
    );
    assert!(output(F32Even, 1 << 24, Bounds::new(0, 2).unwrap()).is_ok());
    says(output(F64Away, 1 << 31, Bounds::INT8), "zero_point: 2147483648 is outside -2147483648..=2147483647");
}

/// The width of a multiplier is a number in text.
#[test]
fn widths() {
    for width in MultiplierWidth::ALL {
        assert_eq!(serde_json::to_value(width).unwrap(), width.bits());
        assert_eq!(serde_json::from_value::<MultiplierWidth>(width.bits().into()).unwrap(), width);
    }
    assert_eq!(MultiplierWidth::ALL.map(MultiplierWidth::max), [127, 32_767, i64::from(i32::MAX)]);
    says(MultiplierWidth::try_from(24), "bits: 24 is none of 8, 16, 32");
}

#[test]
fn words() {
    says(Bounds::new(3, 2), "min: 3 is greater than max, 2");
    says(FixedMultiplier::new(W8, 128, 0), "multiplier: 128 is outside 0..=127");
    says(FixedMultiplier::new(W32, 1, 40), "shift: 40 is outside -31..=30");
    let factor = |width, shift| FixedMultiplier::new(width, 1, shift).unwrap();
    let new = |rule, factor, zero_point, output| Requantization::new(rule, factor, zero_point, output);
    says(new(Rule::Reduced16, factor(W32, 8), 0, Bounds::INT8), "shift: 8 is outside -31..=7");
    says(
        new(Rule::Reduced16, factor(W8, 0), 0, Bounds::INT8),
        "multiplier width: reduced_16 is defined for 32 bits, got 8",
    );
    says(
        new(Rule::Single, factor(W32, 0), 1 << 31, Bounds::INT8),
        "zero_point: 2147483648 is outside -2147483648..=2147483647",
    );
    says(
        new(Rule::Single, factor(W32, 0), 0, Bounds::signed(48)),
        "min: -140737488355328 is outside -2147483648..=2147483647",
    );
    says(quantize_multiplier(f64::NAN, W32), "real: NaN is not finite and at least 0");
    // Below 2^30 as it stands: it is the multiplier that reaches it.
    says(
        quantize_multiplier(1_073_741_823.75, W32),
        "real: 1073741823.75 is not below 2^30 once rounded to a multiplier",
    );
    says(unsigned(256, 0, W8), "a: 256 is outside 0..=255");
    says(signed(1 << 31, 0, W32, Rule::Single), "acc: 2147483648 is outside -2147483648..=2147483647");
    says(signed(0, 0, W32, Rule::ShiftAway), "rule: shift_away is none of truncate, single");
    says(Matrix::new("a", 2, 3, vec![0; 5]), "a: shape [2, 3], expected that of its 5 elements, at least one");
}

/// The accumulators that a left shift leaves: one bit fewer for each, where the accumulator is shifted; where the product
/// is, as many as have a result.
#[test]
fn accumulators() {
    let of = |rule, multiplier, shift| {
        let factor = FixedMultiplier::new(W32, multiplier, shift).unwrap();
        Requantization::new(rule, factor, 0, Bounds::INT8).unwrap().accumulator()
    };
    let bounds = |min, max| Bounds::new(min, max).unwrap();
    assert_eq!(of(Rule::TfliteDouble, 1, -31), Bounds::INT32);
    assert_eq!(of(Rule::TfliteDouble, 1, 24), Bounds::INT8);
    assert_eq!(of(Rule::TfliteDouble, 1, 30), bounds(-2, 1));
    // x / 2^7 and, with a multiplier of all ones, x (2^24 - 2^-7): 128 of them are 2^31 - 1.
    assert_eq!(of(Rule::Single, 1, 24), Bounds::INT32);
    assert_eq!(of(Rule::Single, (1 << 31) - 1, 24), bounds(-128, 128));
    assert_eq!(of(Rule::Reduced16, 1, 7), Bounds::signed(48));
    // x 16384 / 2^15 is an i32; a half is added before the floor.
    assert_eq!(of(Rule::Reduced16, 1 << 30, 0), bounds(-(1 << 32) - 1, (1 << 32) - 2));
}

/// Terms beyond 64 bits are summed exactly. The first two would leave a sum that fits, had each been cut to 64 bits.
#[test]
fn sums_beyond_64_bits() {
    let (least, most) = (i32::MIN, i32::MAX);
    let a = Matrix::new("a", 1, 2, vec![most, least]).unwrap();
    let b = Matrix::new("b", 2, 1, vec![most, most]).unwrap();
    let product = |za| {
        let (a, b) = (Operand { matrix: &a, zero_point: za }, Operand { matrix: &b, zero_point: least });
        gemm(a, b, &[0], &[half()])
    };
    says(
        product(least),
        "element [0, 0]: acc: 18446744065119617025 is outside -2147483648..=2147483647, where single is defined at multiplier 1073741824, shift 0",
    );
    // 2^32 - 1 times (2^31 - 1) and times -2^31: the large parts cancel.
    says(
        product(0),
        "element [0, 0]: acc: -4294967295 is outside -2147483648..=2147483647, where single is defined at multiplier 1073741824, shift 0",
    );
}

/// Shapes are checked by the operator too, not only by its requests; and an element beyond a row is not one of the next.
#[test]
fn shapes() {
    let matrix = Matrix::new("a", 2, 3, vec![1, 2, 3, 4, 5, 6]).unwrap();
    let x = Operand { matrix: &matrix, zero_point: 0 };
    says(gemm(x, x, &[0; 3], &[half()]), "b: shape [2, 3], expected [3, n], as a is [2, 3]");
    says(fully_connected(x, x, &[0; 3], &[half()]), "bias: shape [3], expected [2]");
    says(fully_connected(x, x, &[0; 2], &[half(); 3]), "multiplier: shape [3], expected [1] or [2]");
    says(fully_connected(x, x, &[0; 2], &[] as &[Requantization]), "multiplier: shape [0], expected [1] or [2]");
    assert_eq!(matrix.transposed().data(), [1, 4, 2, 5, 3, 6]);
    assert_eq!(matrix.at(1, 2), 6);
    assert!(std::panic::catch_unwind(|| matrix.at(0, 3)).is_err());
}

/// 5,000 numbers on either side may ask for 25 million.
#[test]
fn answers_are_limited() {
    let tensor = |n: usize| serde_json::json!({"shape": [n, 1], "data": vec![0; n]});
    let line = serde_json::json!({
        "op": "fully_connected", "rule": "single", "input": tensor(5000), "weights": tensor(5000),
        "multiplier": [1], "shift": [0], "output": {"min": 0, "max": 0},
    });
    let (text, error) = answer_line(&line.to_string(), |request| answer(request).map_err(|e| e.to_string()));
    assert!(error);
    assert_eq!(text, r#"{"error":"output: shape [5000, 5000], expected at most 16777216 elements"}"#);
}

/// A real number is the f64 nearest to its text. The first is a tie of its multiplier, written out, which a reader that
/// rounds twice takes for the f64 below; the second is that f64.
#[test]
fn real_numbers_are_read_exactly() {
    for (real, multiplier) in
        [("0.99581224215216934680938720703125", 2_138_490_507), ("0.9958122421521692", 2_138_490_506)]
    {
        let line = format!(r#"{{"op":"quantize_multiplier","real":{real},"bits":32}}"#);
        let expected = (format!(r#"{{"multiplier":{multiplier},"shift":0}}"#), false);
        assert_eq!(answer_line(&line, |request| answer(request).map_err(|e| e.to_string())), expected);
    }
}
