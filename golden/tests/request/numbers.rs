//! JSON lines: the design's examples, layers per tensor and per channel, and an error in its place for all that is wrong.

use qrtl_golden::Rule;

use crate::ask::{damaged, gives, refuses};

/// A request of `requantize` with this in it.
fn requantize(rule: &str, acc: &str, rest: &str) -> String {
    format!(r#"{{"op":"requantize","rule":"{rule}","acc":{acc},{rest}}}"#)
}

const QUARTER: &str = r#""multiplier":1073741824,"shift":-1,"zero_point":0,"min":-128,"max":127"#;

#[test]
fn examples_of_the_design() {
    gives(r#"{"op":"quantize_multiplier","real":0.2,"bits":32}"#, r#"{"multiplier":1717986918,"shift":-2}"#);
    gives(r#"{"op":"quantize_multiplier","real":0,"bits":8}"#, r#"{"multiplier":0,"shift":0}"#);
    gives(&requantize("tflite_double", "1", QUARTER), r#"{"out":1}"#);
    gives(&requantize("single", "1", QUARTER), r#"{"out":0}"#);
    for (rule, out) in [("truncate", -1), ("half_up_twice", 0), ("reduced_16", 0), ("shift_away", -1), ("half_even", 0)]
    {
        gives(&requantize(rule, "-2", QUARTER), &format!(r#"{{"out":{out}}}"#));
    }
    gives(&requantize("single", "9", r#""multiplier":1073741824,"shift":1,"min":0,"max":8"#), r#"{"out":8}"#);
    gives(r#"{"op":"saturate","x":300,"min":-128,"max":127}"#, r#"{"out":127}"#);
    gives(r#"{"max":127,"x":-300,"min":-128,"op":"saturate"}"#, r#"{"out":-128}"#);
}

/// A layer of two inputs and two outputs with this in it.
fn layer(weights: &str, rest: &str, scale: &str) -> String {
    let input = r#"{"shape":[2,2],"data":[1,2,3,4],"zero_point":1}"#;
    let output = r#""output":{"zero_point":-1,"min":-128,"max":127}"#;
    format!(
        r#"{{"op":"fully_connected","rule":"tflite_double","input":{input},"weights":{weights},{rest}{scale},{output}}}"#
    )
}

const WEIGHTS: &str = r#"{"shape":[2,2],"data":[1,-2,3,4]}"#;
const BIAS: &str = r#""bias":[10,-20],"#;

/// Sums: `[0,1]` gives -2 + 10 and 4 - 20; `[2,3]` gives -4 + 10 and 18 - 20.
#[test]
fn fully_connected() {
    let per_tensor = r#""multiplier":[1073741824],"shift":[0]"#;
    gives(&layer(WEIGHTS, BIAS, per_tensor), r#"{"shape":[2,2],"data":[3,-9,2,-2]}"#);
    let per_channel = r#""multiplier":[1073741824,1073741824],"shift":[0,3]"#;
    gives(&layer(WEIGHTS, BIAS, per_channel), r#"{"shape":[2,2],"data":[3,-65,2,-9]}"#);
    gives(&layer(WEIGHTS, "", r#""multiplier":[1073741824],"shift":[1]"#), r#"{"shape":[2,2],"data":[-3,3,-5,17]}"#);
    let one = r#"{"shape":[1,2],"data":[1,-2],"zero_point":-1}"#;
    gives(&layer(one, "", r#""multiplier":[1073741824],"shift":[1]"#), r#"{"shape":[2,1],"data":[-2,0]}"#);
}

/// Text that is no request.
#[test]
fn malformed() {
    refuses("", "request: EOF while parsing a value");
    refuses("{", "request: EOF while parsing an object");
    refuses("[]", "request: invalid type: sequence, expected an object");
    refuses(r#"["saturate",300,-128,127]"#, "request: invalid type: sequence, expected an object");
    refuses("null", "request: invalid type: null, expected an object");
    refuses("{}", "request: missing field `op`");
    refuses(
        r#"{"op":"divide"}"#,
        "request: unknown variant `divide`, expected one of `quantize_multiplier`, `requantize`, `saturate`, \
         `fully_connected`, `conv2d`, `depthwise_conv2d`, `add`, `sub`, `mul`, `average_pool`, `max_pool`, `quantize`, \
         `dequantize`",
    );
    refuses(
        r#"{"op":"saturate","x":1,"min":0,"max":2,"mix":3}"#,
        "request: unknown field `mix`, expected one of `x`, `min`, `max`",
    );
    refuses(r#"{"op":"saturate","x":1,"min":0}"#, "request: missing field `max`");
    refuses(r#"{"op":"saturate","x":"1","min":0,"max":2}"#, r#"request: invalid type: string "1", expected i64"#);
    refuses(
        r#"{"op":"saturate","x":9223372036854775808,"min":0,"max":2}"#,
        "request: invalid value: integer `9223372036854775808`, expected i64",
    );
    refuses(&requantize("single", "1.5", QUARTER), "request: invalid type: floating point `1.5`, expected i64");
    refuses(&requantize("single", "null", QUARTER), "request: invalid type: null, expected i64");
    refuses(
        &requantize("tflite", "1", QUARTER),
        &format!(
            "request: rule: tflite is none of {}, f64_away, f32_even, qnnpack_q31, xnnpack_rndnu",
            Rule::ALL.map(Rule::name).join(", ")
        ),
    );
    refuses(r#"{"op":"saturate","x":1,"x":2,"min":0,"max":2}"#, "request: duplicate field `x`");
    refuses(r#"{"op":"saturate","x":1,"min":0,"max":2} {}"#, "request: trailing characters");
    refuses(
        &layer(r#"{"shape":[2,2],"data":[1,-2,3,4],"zero":1}"#, "", r#""multiplier":[1],"shift":[0]"#),
        "request: unknown field `zero`, expected one of `shape`, `data`, `zero_point`",
    );
    refuses(
        &layer(r#"{"shape":[-2,2],"data":[1]}"#, "", r#""multiplier":[1],"shift":[0]"#),
        "request: invalid value: integer `-2`, expected usize",
    );
    refuses(
        &layer(r#"{"shape":[1,2],"data":[1,2147483648]}"#, "", r#""multiplier":[1],"shift":[0]"#),
        "request: invalid value: integer `2147483648`, expected i32",
    );
}

/// Only two rules shift the accumulator itself to the left. For the others a product that fits has a result, however far
/// the accumulator alone would be shifted.
#[test]
fn accumulators_that_fit_only_as_products() {
    let third = r#""multiplier":3,"shift":1,"zero_point":0,"min":-128,"max":127"#;
    for rule in ["single", "truncate", "shift_away", "half_even"] {
        gives(&requantize(rule, "-2147483647", third), r#"{"out":-6}"#);
    }
    for rule in ["tflite_double", "half_up_twice"] {
        refuses(
            &requantize(rule, "-2147483647", third),
            &format!(
                "acc: -2147483647 is outside -1073741824..=1073741823, where {rule} is defined at multiplier 3, shift 1"
            ),
        );
    }
    // 2^30 (2^31 - 1) / 2^30 is the greatest i32.
    let double = r#""multiplier":2147483647,"shift":1,"min":-2147483648,"max":2147483647"#;
    gives(&requantize("single", "1073741824", double), r#"{"out":2147483647}"#);
    refuses(
        &requantize("single", "1073741825", double),
        "acc: 1073741825 is outside -1073741824..=1073741824, where single is defined at multiplier 2147483647, shift 1",
    );
}

/// Parameters out of range, and accumulators that the rule does not hold.
#[test]
fn out_of_range() {
    let scale =
        |m: &str, s: &str, rest: &str| requantize("single", "1", &format!(r#""multiplier":{m},"shift":{s},{rest}"#));
    let int8 = r#""min":-128,"max":127"#;
    refuses(&scale("-1", "0", int8), "multiplier: -1 is outside 0..=2147483647");
    refuses(&scale("2147483648", "0", int8), "multiplier: 2147483648 is outside 0..=2147483647");
    refuses(&scale("1", "31", int8), "shift: 31 is outside -31..=30");
    refuses(&scale("1", "-32", int8), "shift: -32 is outside -31..=30");
    refuses(&scale("1", "0", r#""min":1,"max":0"#), "min: 1 is greater than max, 0");
    refuses(&scale("1", "0", r#""min":-2147483649,"max":0"#), "min: -2147483649 is outside -2147483648..=2147483647");
    refuses(&scale("1", "0", r#""min":0,"max":2147483648"#), "max: 2147483648 is outside -2147483648..=2147483647");
    refuses(
        &scale("1", "0", r#""min":0,"max":1,"zero_point":2147483648"#),
        "zero_point: 2147483648 is outside -2147483648..=2147483647",
    );
    refuses(r#"{"op":"saturate","x":1,"min":3,"max":2}"#, "min: 3 is greater than max, 2");
    let left = r#""multiplier":1,"shift":8,"min":0,"max":1"#;
    refuses(&requantize("reduced_16", "1", left), "shift: 8 is outside -31..=7");
    refuses(
        &requantize("tflite_double", "8388608", left),
        "acc: 8388608 is outside -8388608..=8388607, where tflite_double is defined at multiplier 1, shift 8",
    );
    refuses(
        &requantize("truncate", "2147483648", QUARTER),
        "acc: 2147483648 is outside -2147483648..=2147483647, where truncate is defined at multiplier 1073741824, shift -1",
    );
    refuses(
        &requantize("single", "-9223372036854775808", left),
        "acc: -9223372036854775808 is outside -2147483648..=2147483647, where single is defined at multiplier 1, shift 8",
    );
    refuses(
        &requantize("reduced_16", "140737488355328", QUARTER),
        "acc: 140737488355328 is outside -8589934594..=8589934589, where reduced_16 is defined at multiplier 1073741824, shift -1",
    );
    let small = r#""multiplier":1073741824,"shift":-31,"min":-128,"max":127"#;
    refuses(
        &requantize("reduced_16", "-140737488355329", small),
        "acc: -140737488355329 is outside -140737488355328..=140737488355327, where reduced_16 is defined at multiplier 1073741824, shift -31",
    );
    gives(&requantize("reduced_16", "-140737488355328", small), r#"{"out":-128}"#);
}

#[test]
fn real_factors() {
    let real = |r: &str, bits: &str| format!(r#"{{"op":"quantize_multiplier","real":{r},"bits":{bits}}}"#);
    refuses(&real("0.2", "7"), "request: bits: 7 is none of 8, 16, 32");
    refuses(&real("0.2", "-8"), "request: invalid value: integer `-8`, expected u32");
    refuses(&real("0.2", "32.0"), "request: invalid type: floating point `32.0`, expected u32");
    refuses(&real("-0.5", "32"), "real: -0.5 is not finite and at least 0");
    refuses(&real("1e300", "32"), "real: 1e300 is not below 2^30 once rounded to a multiplier");
    refuses(&real("1073741824", "32"), "real: 1073741824.0 is not below 2^30 once rounded to a multiplier");
    // JSON has no such numbers.
    refuses(&real("1e999", "32"), "request: number out of range");
    refuses(&real("NaN", "32"), "request: expected value");
    refuses(&real("\"NaN\"", "32"), r#"request: invalid type: string "NaN", expected f64"#);
}

#[test]
fn shapes() {
    let (per_tensor, bias) = (r#""multiplier":[1],"shift":[0]"#, BIAS);
    let weights = |shape: &str| format!(r#"{{"shape":{shape},"data":[1,2,3,4]}}"#);
    refuses(
        &layer(&weights("[2,3]"), bias, per_tensor),
        "weights: shape [2, 3], expected that of its 4 elements, at least one",
    );
    refuses(&layer(&weights("[4,1]"), "", per_tensor), "weights: shape [4, 1], expected [n, 2], as the input");
    refuses(&layer(&weights("[4]"), "", per_tensor), "weights: shape [4], expected two sizes");
    refuses(&layer(&weights("[1,2,2]"), "", per_tensor), "weights: shape [1, 2, 2], expected two sizes");
    refuses(&layer(&weights("[]"), "", per_tensor), "weights: shape [], expected two sizes");
    refuses(
        &layer(r#"{"shape":[0,2],"data":[]}"#, "", per_tensor),
        "weights: shape [0, 2], expected that of its 0 elements, at least one",
    );
    // Sizes whose product is beyond 64 bits, and one that wraps to 4.
    refuses(
        &layer(&weights("[18446744073709551615,18446744073709551615]"), "", per_tensor),
        "weights: shape [18446744073709551615, 18446744073709551615], expected that of its 4 elements, at least one",
    );
    refuses(
        &layer(&weights("[9223372036854775810,2]"), "", per_tensor),
        "weights: shape [9223372036854775810, 2], expected that of its 4 elements, at least one",
    );
    refuses(
        &layer(&weights("[18446744073709551616,1]"), "", per_tensor),
        "request: invalid type: floating point `1.8446744073709552e+19`, expected usize",
    );
    refuses(&layer(WEIGHTS, r#""bias":[1],"#, per_tensor), "bias: shape [1], expected [2]");
    refuses(
        &layer(WEIGHTS, r#""bias":[1,2147483648],"#, per_tensor),
        "request: invalid value: integer `2147483648`, expected i32",
    );
    refuses(
        &layer(WEIGHTS, bias, r#""multiplier":[1,1,1],"shift":[0,0,0]"#),
        "multiplier: shape [3], expected [1] or [2]",
    );
    refuses(
        &layer(WEIGHTS, bias, r#""multiplier":[1,1],"shift":[0]"#),
        "shift: shape [1], expected [2], as multiplier",
    );
    refuses(&layer(WEIGHTS, bias, r#""multiplier":[],"shift":[]"#), "multiplier: shape [0], expected [1] or [2]");
    // A sum that leaves the accumulator names its element.
    let huge = r#"{"shape":[2,2],"data":[0,0,2147483647,2147483647]}"#;
    refuses(
        &layer(huge, "", per_tensor),
        "element [1, 1]: acc: 10737418235 is outside -2147483648..=2147483647, where tflite_double is defined at multiplier 1, shift 0",
    );
}

/// The stream goes on: whatever a line is cut down to or holds in one place, the answer is one line of JSON.
#[test]
fn never_a_panic() {
    let per_channel = r#""multiplier":[1073741824,1073741824],"shift":[0,3]"#;
    let valid = [requantize("tflite_double", "1", QUARTER), layer(WEIGHTS, BIAS, per_channel)];
    let values = ["-1", "0", "1e99", "9223372036854775807", "-9223372036854775808", "null", "[]", "{}", "\"\""];
    let errors = damaged(&valid, &values);
    assert!(errors > 500, "{errors}");
}
