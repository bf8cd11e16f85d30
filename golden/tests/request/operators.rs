//! JSON lines of sums, products, pools and conversions: worked values, and an error in its place for all that is wrong.

use qrtl_golden::Rule;
use qrtl_golden::request::Request;

use crate::ask::{damaged, gives, refuses};

const INT8: &str = r#""output":{"min":-128,"max":127}"#;

/// A sum of two tensors of the same scale; with 2^20 and three factors of 1/2, 1/2 and 2^-20 * 2.
fn sum(op: &str, a: &str, b: &str, rest: &str) -> String {
    format!(
        r#"{{"op":"{op}","input1":{a},"input2":{b},"input1_multiplier":1073741824,"input1_shift":0,"input2_multiplier":1073741824,"input2_shift":0,"output_multiplier":1073741824,{rest}}}"#
    )
}

const A: &str = r#"{"shape":[2,2],"data":[-3,4,5,127],"zero_point":1}"#;
const B: &str = r#"{"shape":[2],"data":[-2,-20],"zero_point":-1}"#;

/// a - 1 is -4, 3, 4, 126; b + 1 is -1, -19 for either row. The output has twice the scale: halves are ties.
#[test]
fn sums_and_differences() {
    let halves = format!(r#""left_shift":20,"output_shift":-19,{INT8}"#);
    gives(&sum("add", A, B, &halves), r#"{"shape":[2,2],"data":[-3,-8,2,54]}"#);
    gives(&sum("sub", A, B, &halves), r#"{"shape":[2,2],"data":[-2,11,3,73]}"#);
    // -2.5 goes to -3, and by the single rule to -2.
    let single = format!(r#""rule":"single",{halves}"#);
    gives(&sum("add", A, B, &single), r#"{"shape":[2,2],"data":[-2,-8,2,54]}"#);
    // 20 is the left shift where none is given; the same scale, then.
    let whole = r#""output_shift":-18,"output":{"zero_point":10,"min":-5,"max":100}"#;
    gives(&sum("add", A, B, whole), r#"{"shape":[2,2],"data":[5,-5,13,100]}"#);
    let of_16_bits = format!(r#""left_shift":15,"output_shift":-13,{INT8}"#);
    gives(&sum("add", A, B, &of_16_bits), r#"{"shape":[2,2],"data":[-5,-16,3,107]}"#);
}

#[test]
fn what_sums_refuse() {
    let with = |rest: &str| sum("add", A, B, &format!("{rest},{INT8}"));
    let good = r#""output_shift":-19"#;
    refuses(&with(r#""output_shift":1"#), "output_shift: 1 is outside -31..=0");
    refuses(&with(r#""output_shift":-32"#), "output_shift: -32 is outside -31..=0");
    let twice = with(good).replace(r#""input1_shift":0"#, r#""input1_shift":1"#);
    refuses(&twice, "input1_shift: 1 is outside -31..=0");
    let negative = with(good).replace(r#""input2_multiplier":1073741824"#, r#""input2_multiplier":-1"#);
    refuses(&negative, "input2_multiplier: -1 is outside 0..=2147483647");
    refuses(&with(r#""left_shift":31,"output_shift":-19"#), "left_shift: 31 is outside 0..=30");
    refuses(&with(r#""left_shift":-1,"output_shift":-19"#), "left_shift: -1 is outside 0..=30");
    refuses(
        &with(r#""shift":-19"#),
        "request: unknown field `shift`, expected one of `rule`, `input1`, `input2`, `left_shift`, \
         `input1_multiplier`, `input1_shift`, `input2_multiplier`, `input2_shift`, `output_multiplier`, `output_shift`, `output`",
    );
    refuses(&with(r#""left_shift":20"#), "request: missing field `output_shift`");
    refuses(
        &with(r#""rule":"f32_even","output_shift":-19"#),
        &format!("request: rule: f32_even is none of {}", Rule::ALL.map(Rule::name).join(", ")),
    );
    let three = r#"{"shape":[3],"data":[1,2,3]}"#;
    let rest = format!("{good},{INT8}");
    refuses(&sum("sub", A, three, &rest), "input2: shape [3], expected [2, 2], or sizes of 1");
    refuses(
        &sum("sub", three, r#"{"shape":[2],"data":[1]}"#, &rest),
        "input2: shape [2], expected that of its 1 elements, at least one",
    );
    refuses(
        &sum("add", A, r#"{"shape":[1],"data":[2048]}"#, &rest),
        "element [0, 0]: acc: 2147483648 is outside -2147483648..=2147483647, where tflite_double is defined at \
         multiplier 1073741824, shift 0",
    );
    refuses(&sum("add", A, B, &format!(r#"{good},"output":{{"min":3,"max":2}}"#)), "min: 3 is greater than max, 2");
    refuses(
        &sum("add", A, B, &format!(r#"{good},"output":{{"min":3,"max":2147483648}}"#)),
        "max: 2147483648 is outside -2147483648..=2147483647",
    );
}

/// A product of A and B with this in it.
fn product(rest: &str) -> String {
    format!(r#"{{"op":"mul","input1":{A},"input2":{B},{rest},{INT8}}}"#)
}

/// 4, -57, -4, -2394.
#[test]
fn products() {
    gives(&product(r#""multiplier":1073741824,"shift":0"#), r#"{"shape":[2,2],"data":[2,-28,-2,-128]}"#);
    gives(
        &product(r#""rule":"shift_away","multiplier":1073741824,"shift":-3"#),
        r#"{"shape":[2,2],"data":[0,-4,0,-128]}"#,
    );
    gives(&product(r#""rule":"f32_even","real_multiplier":0.125"#), r#"{"shape":[2,2],"data":[0,-7,0,-128]}"#);
    gives(&product(r#""rule":"f64_away","real_multiplier":0.125"#), r#"{"shape":[2,2],"data":[1,-7,-1,-128]}"#);
    refuses(&product(r#""multiplier":[1],"shift":[0]"#), "request: invalid type: sequence, expected i64");
    refuses(
        &product(r#""real_multiplier":0.5"#),
        "request: rule: tflite_double takes multiplier and shift, and no real_multiplier",
    );
    refuses(&product(r#""multiplier":1,"shift":31"#), "shift: 31 is outside -31..=30");
    refuses(
        &product(r#""multiplier":1073741824,"shift":20"#),
        "element [1, 1]: acc: -2394 is outside -2048..=2047, where tflite_double is defined at multiplier 1073741824, shift 20",
    );
    refuses(
        &product(r#""multiplier":1,"shift":0,"left_shift":0"#),
        "request: unknown field `left_shift`, expected one of `rule`, `input1`, `input2`, `multiplier`, `shift`, \
         `real_multiplier`, `output`",
    );
}

/// A pool of an image of 2 x 3 with this in it.
fn pool(op: &str, rest: &str) -> String {
    format!(
        r#"{{"op":"{op}","input":{{"shape":[1,2,3,1],"data":[-1,-2,-3,4,5,-7],"zero_point":3}},{rest},"output":{{"min":-3,"max":4}}}}"#
    )
}

/// Means of 2: -1.5, -2.5, 4.5, -1, and ties go away from zero.
#[test]
fn pools() {
    let pair = r#""filter":[1,2]"#;
    gives(&pool("average_pool", pair), r#"{"shape":[1,2,2,1],"data":[-2,-3,4,-1]}"#);
    gives(&pool("max_pool", pair), r#"{"shape":[1,2,2,1],"data":[-1,-2,4,4]}"#);
    // Only those in the image are counted: -1 alone, and 4, 5, -7 in pairs.
    let padded = r#""filter":[2,2],"stride":[2,2],"padding":[1,1,1,0]"#;
    gives(&pool("average_pool", padded), r#"{"shape":[1,2,2,1],"data":[-1,-3,4,-1]}"#);
    gives(&pool("max_pool", padded), r#"{"shape":[1,2,2,1],"data":[-1,-2,4,4]}"#);
    refuses(&pool("max_pool", r#""filter":[0,1]"#), "filter: shape [0, 1], expected at least [1, 1]");
    refuses(&pool("max_pool", r#""filter":[1,4]"#), "window: shape [4], expected at most [3], the padded input");
    refuses(
        &pool("average_pool", r#""filter":[1,1],"padding":[1,0,0,0]"#),
        "element [0, 0, 0, 0]: filter: shape [1, 1], expected a window that meets the image",
    );
    refuses(
        &pool("max_pool", r#""filter":[1,1],"dilation":[1,1]"#),
        "request: unknown field `dilation`, expected one of `input`, `filter`, `stride`, `padding`, `output`",
    );
    refuses(
        &pool("max_pool", pair).replace(r#"{"min""#, r#"{"zero_point":0,"min""#),
        "request: unknown field `zero_point`, expected `min` or `max`",
    );
    refuses(
        &pool("max_pool", pair).replace("[1,2,3,1]", "[2,3]"),
        "input: shape [2, 3], expected [batch, height, width, channels]",
    );
    refuses(&pool("max_pool", pair).replace(r#""max":4"#, r#""max":-4"#), "min: -3 is greater than max, -4");
    refuses(r#"{"op":"average_pool"}"#, "request: missing field `input`");
}

/// Reals to int8 with this in it.
fn quantize(real: &str, scale: &str, rounding: &str) -> String {
    format!(
        r#"{{"op":"quantize","real":{real},"scale":{scale},"zero_point":1,"min":-128,"max":127,"rounding":"{rounding}"}}"#
    )
}

/// Ties of 0.5, 1.5, -0.5, -2.5 steps.
#[test]
fn reals_to_integers() {
    let ties = "[0.25,0.75,-0.25,-1.25,1e9,-1e39]";
    gives(&quantize(ties, "0.5", "half_even"), r#"{"shape":[6],"data":[1,3,1,-1,127,-128]}"#);
    gives(&quantize(ties, "0.5", "half_away"), r#"{"shape":[6],"data":[2,3,0,-2,127,-128]}"#);
    gives(&quantize(ties, "0.5", "reciprocal_half_even"), r#"{"shape":[6],"data":[1,3,1,-1,127,-128]}"#);
    // 3.5 steps of 41, whose reciprocal is rounded down.
    let steps = "[143.5,-143.5]";
    gives(&quantize(steps, "41", "half_even"), r#"{"shape":[2],"data":[5,-3]}"#);
    gives(&quantize(steps, "41", "reciprocal_half_even"), r#"{"shape":[2],"data":[4,-2]}"#);
}

#[test]
fn what_quantize_refuses() {
    let ties = "[1.5]";
    refuses(&quantize("[]", "0.5", "half_even"), "real: shape [0], expected at least one element");
    refuses(&quantize(ties, "0", "half_even"), "scale: 0.0 is not a normal float32 above 0");
    refuses(&quantize(ties, "-1", "half_even"), "scale: -1.0 is not a normal float32 above 0");
    refuses(&quantize(ties, "1e-40", "half_even"), "scale: 9.99994610111476e-41 is not a normal float32 above 0");
    refuses(&quantize(ties, "1e39", "half_even"), "scale: inf is not a normal float32 above 0");
    refuses(
        &quantize(ties, "1", "even"),
        "request: rounding: even is none of half_even, half_away, reciprocal_half_even",
    );
    refuses(&quantize("[null]", "1", "half_even"), "request: invalid type: null, expected f32");
    refuses(&quantize("1.5", "1", "half_even"), "request: invalid type: floating point `1.5`, expected a sequence");
    let narrow = quantize(ties, "1", "half_even").replace(r#""max":127"#, r#""max":0"#);
    refuses(&narrow, "zero_point: 1 is outside -128..=0");
    let wide = quantize(ties, "1", "half_even").replace(r#""max":127"#, r#""max":2147483648"#);
    refuses(&wide, "max: 2147483648 is outside -2147483648..=2147483647");
    let missing = quantize(ties, "1", "half_even").replace(r#","rounding":"half_even""#, "");
    refuses(&missing, "request: missing field `rounding`");
    let more = quantize(ties, "1", "half_even").replace(r#""real""#, r#""x":0,"real""#);
    refuses(
        &more,
        "request: unknown field `x`, expected one of `real`, `scale`, `zero_point`, `min`, `max`, `rounding`",
    );
}

#[test]
fn integers_to_reals() {
    let ask = |zero: &str, scale: &str| {
        format!(
            r#"{{"op":"dequantize","input":{{"shape":[2,2],"data":[-128,0,1,127],"zero_point":{zero}}},"scale":{scale}}}"#
        )
    };
    gives(&ask("1", "0.5"), r#"{"shape":[2,2],"data":[-64.5,-0.5,0.0,63.0]}"#);
    // 0.1 is rounded to float32, whose exact value is given.
    gives(
        &ask("0", "0.1"),
        r#"{"shape":[2,2],"data":[-12.800000190734863,0.0,0.10000000149011612,12.699999809265137]}"#,
    );
    refuses(&ask("0", "0"), "scale: 0.0 is not a normal float32 above 0");
    refuses(&ask("0", "3e38"), "output: element 0 is -inf, not a finite float32");
    refuses(&ask("2147483648", "1"), "request: invalid value: integer `2147483648`, expected i32");
    refuses(&ask("0", "1,\"min\":0"), "request: unknown field `min`, expected `input` or `scale`");
}

/// A layer of one element.
fn layer(op: &str, shape: &str) -> String {
    let tensor = format!(r#"{{"shape":{shape},"data":[1]}}"#);
    format!(
        r#"{{"op":"{op}","rule":"single","input":{tensor},"weights":{tensor},"multiplier":[1],"shift":[0],{INT8}}}"#
    )
}

/// The name that an error of the hardware gives.
#[test]
fn names_of_operators() {
    let lines = [
        layer("fully_connected", "[1,1]"),
        layer("conv2d", "[1,1,1,1]"),
        layer("depthwise_conv2d", "[1,1,1,1]"),
        sum("add", A, B, &format!(r#""output_shift":0,{INT8}"#)),
        sum("sub", A, B, &format!(r#""output_shift":0,{INT8}"#)),
        product(r#""multiplier":1,"shift":0"#),
        pool("average_pool", r#""filter":[1,1]"#),
        pool("max_pool", r#""filter":[1,1]"#),
        quantize("[1]", "1", "half_away"),
        r#"{"op":"dequantize","input":{"shape":[1],"data":[1]},"scale":1}"#.to_owned(),
        r#"{"op":"saturate","x":1,"min":0,"max":2}"#.to_owned(),
        r#"{"op":"quantize_multiplier","real":1,"bits":8}"#.to_owned(),
    ];
    for line in lines {
        let op = Request::parse(&line).unwrap().op();
        assert!(line.starts_with(&format!(r#"{{"op":"{op}""#)), "{line}");
    }
}

/// Whatever a line is cut down to or holds in one place, the answer is one line of JSON, and soon.
#[test]
fn never_a_panic() {
    let lines = [
        sum("sub", A, B, &format!(r#""left_shift":20,"output_shift":-19,{INT8}"#)),
        product(r#""rule":"f64_away","real_multiplier":0.125"#),
        pool("average_pool", r#""filter":[2,2],"stride":[2,2],"padding":[1,1,1,0]"#),
        quantize("[1.5,-2]", "0.5", "half_away"),
    ];
    let values = ["-1", "0", "3", "60000", "1e39", "18446744073709551615", "-9223372036854775808", "null", "[]", "{}"];
    let errors = damaged(&lines, &values);
    assert!(errors > 1000, "{errors}");
}
