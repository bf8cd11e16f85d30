//! JSON lines of convolutions, and of small lines that ask for much: worked values, and an error in its place for all that is
//! wrong.

use crate::ask::{damaged, gives, refuses};

/// A factor of 1: what is summed comes out.
const ONE: &str = r#""multiplier":[1073741824],"shift":[1]"#;
const HALF: &str = r#""multiplier":[1073741824],"shift":[0]"#;
const INT8: &str = r#""output":{"min":-128,"max":127}"#;

/// A convolution of an image of 3 x 3, 1 to 9, by these weights and the rest.
fn conv(op: &str, weights: &str, rest: &str) -> String {
    let input = r#"{"shape":[1,3,3,1],"data":[1,2,3,4,5,6,7,8,9]}"#;
    format!(r#"{{"op":"{op}","rule":"tflite_double","input":{input},"weights":{weights},{rest},{INT8}}}"#)
}

/// Upper left and lower right of a window of 2 x 2, the latter tenfold.
const CORNERS: &str = r#"{"shape":[1,2,2,1],"data":[1,0,0,10]}"#;

#[test]
fn convolutions_of_one_channel() {
    for op in ["conv2d", "depthwise_conv2d"] {
        gives(&conv(op, CORNERS, ONE), r#"{"shape":[1,2,2,1],"data":[51,62,84,95]}"#);
        let bias = format!(r#""bias":[-51],"stride":[1,2],{ONE}"#);
        gives(&conv(op, CORNERS, &bias), r#"{"shape":[1,2,1,1],"data":[0,33]}"#);
        let dilated = format!(r#""dilation":[2,1],{ONE}"#);
        gives(&conv(op, CORNERS, &dilated), r#"{"shape":[1,1,2,1],"data":[81,92]}"#);
        // A row above, two columns at the right: what lies outside is no term.
        let padded = format!(r#""padding":[1,0,0,2],"stride":[2,3],{ONE}"#);
        gives(&conv(op, CORNERS, &padded), r#"{"shape":[1,2,2,1],"data":[20,0,84,0]}"#);
        // A row below, two columns at the left.
        let padded = format!(r#""padding":[0,1,2,0],{ONE}"#);
        gives(&conv(op, CORNERS, &padded), r#"{"shape":[1,3,4,1],"data":[0,40,51,62,0,70,84,95,0,0,7,8]}"#);
        // 51 / 2 and 95 / 2 are ties.
        gives(&conv(op, CORNERS, HALF), r#"{"shape":[1,2,2,1],"data":[26,31,42,48]}"#);
        let truncated = conv(op, CORNERS, HALF).replace("tflite_double", "truncate");
        gives(&truncated, r#"{"shape":[1,2,2,1],"data":[25,31,42,47]}"#);
        let even = conv(op, CORNERS, r#""real_multiplier":[0.5]"#).replace("tflite_double", "f32_even");
        gives(&even, r#"{"shape":[1,2,2,1],"data":[26,31,42,48]}"#);
    }
}

/// Two channels in two groups, three outputs each; and the same as a depthwise convolution.
#[test]
fn groups_are_depthwise_with_a_multiplier() {
    let input = r#""input":{"shape":[1,1,2,2],"data":[11,21,12,22],"zero_point":10}"#;
    let rest = r#""bias":[0,1,2,3,4,5],"multiplier":[1073741824,1073741824,1073741824,1073741824,1073741824,1073741824],"shift":[1,2,1,1,1,0],"output":{"zero_point":-1,"min":-128,"max":127}"#;
    let weights = "[1,2,3,4,5,6]";
    let expected = r#"{"shape":[1,1,2,6],"data":[0,5,4,46,58,35,1,9,7,50,63,38]}"#;
    gives(
        &format!(
            r#"{{"op":"conv2d","rule":"single",{input},"weights":{{"shape":[6,1,1,1],"data":{weights}}},"groups":2,{rest}}}"#
        ),
        expected,
    );
    gives(
        &format!(
            r#"{{"op":"depthwise_conv2d","rule":"single",{input},"weights":{{"shape":[1,1,1,6],"data":{weights}}},"depth_multiplier":3,{rest}}}"#
        ),
        expected,
    );
}

#[test]
fn what_convolutions_refuse() {
    let weights = |shape: &str| format!(r#"{{"shape":{shape},"data":[1,0,0,10]}}"#);
    let with = |rest: &str| conv("conv2d", CORNERS, &format!("{rest},{ONE}"));
    let depthwise = |rest: &str| conv("depthwise_conv2d", CORNERS, &format!("{rest},{ONE}"));
    refuses(
        &conv("conv2d", &weights("[1,1,2,2]"), ONE),
        "weights: shape [1, 1, 2, 2], expected [n * 1, height, width, c] with c * 1 = 1 channels of the input",
    );
    refuses(
        &conv("conv2d", &weights("[2,2]"), ONE),
        "weights: shape [2, 2], expected [outputs, height, width, channels / groups]",
    );
    refuses(
        &conv("depthwise_conv2d", &weights("[2,1,2,1]"), ONE),
        "weights: shape [2, 1, 2, 1], expected [1, height, width, 1 * 1]",
    );
    refuses(&depthwise(r#""depth_multiplier":2"#), "weights: shape [1, 2, 2, 1], expected [1, height, width, 1 * 2]");
    refuses(
        &depthwise(r#""depth_multiplier":18446744073709551615"#),
        "weights: shape [1, 2, 2, 1], expected [1, height, width, 1 * 18446744073709551615]",
    );
    refuses(
        &conv("depthwise_conv2d", &weights("[4]"), ONE),
        "weights: shape [4], expected [1, height, width, channels * depth_multiplier]",
    );
    refuses(&with(r#""groups":0"#), "groups: 0 is outside 1..=1");
    refuses(&with(r#""groups":18446744073709551615"#), "groups: 9223372036854775807 is outside 1..=1");
    refuses(&with(r#""depth_multiplier":1"#), "request: depth_multiplier: conv2d takes groups in its place");
    refuses(&depthwise(r#""groups":1"#), "request: groups: depthwise_conv2d takes depth_multiplier in its place");
    refuses(&with(r#""bias":[1,2]"#), "bias: shape [2], expected [1]");
    refuses(&with(r#""stride":[0,1]"#), "stride: 0 is outside 1..=65536");
    refuses(&with(r#""dilation":[1,65537]"#), "dilation: 65537 is outside 1..=65536");
    refuses(&with(r#""padding":[0,0,65537,0]"#), "padding: 65537 is outside 0..=65536");
    refuses(&with(r#""dilation":[1,3]"#), "window: shape [4], expected at most [3], the padded input");
    refuses(&with(r#""stride":[1]"#), "request: invalid length 1, expected an array of length 2");
    refuses(&with(r#""stride":[1,2,3]"#), "request: invalid length 3, expected 2 elements in sequence");
    refuses(&with(r#""padding":[1,1]"#), "request: invalid length 2, expected an array of length 4");
    refuses(&with(r#""stride":null"#), "request: invalid type: null, expected an array of length 2");
    refuses(
        &with(r#""pad":[0,0,0,0]"#),
        "request: unknown field `pad`, expected one of `rule`, `input`, `weights`, `bias`, `multiplier`, `shift`, \
         `real_multiplier`, `stride`, `dilation`, `padding`, `groups`, `depth_multiplier`, `output`",
    );
    refuses(
        &conv("conv2d", CORNERS, r#""multiplier":[1,1],"shift":[0,0]"#),
        "multiplier: shape [2], expected [1] or [1]",
    );
    refuses(
        &conv("conv2d", CORNERS, r#""multiplier":[1],"shift":[0,0]"#),
        "shift: shape [2], expected [1], as multiplier",
    );
    refuses(
        &conv("conv2d", CORNERS, r#""real_multiplier":[0.5]"#),
        "request: rule: tflite_double takes multiplier and shift, and no real_multiplier",
    );
    refuses(
        &conv("conv2d", CORNERS, r#""multiplier":[1073741824],"shift":[30]"#),
        "element [0, 0, 0, 0]: acc: 51 is outside -2..=1, where tflite_double is defined at multiplier 1073741824, shift 30",
    );
    refuses(
        &with(r#""groups":1"#).replace("[1,3,3,1]", "[3,3]"),
        "input: shape [3, 3], expected [batch, height, width, channels]",
    );
    refuses(
        &with(r#""groups":1"#).replace("[1,3,3,1]", "[1,3,3,2]"),
        "input: shape [1, 3, 3, 2], expected that of its 9 elements, at least one",
    );
    refuses(r#"{"op":"conv2d","rule":"single"}"#, "request: missing field `input`");
}

/// A line of a few characters asks for 2^34 outputs, or for as many terms.
#[test]
fn small_lines_that_ask_for_much() {
    let padded = format!(r#""padding":[65536,65536,65536,65536],{ONE}"#);
    refuses(
        &conv("conv2d", CORNERS, &padded),
        "output: shape [1, 131074, 131074, 1], expected at most 16777216 elements",
    );
    let pool = |filter: &str| {
        format!(
            r#"{{"op":"average_pool","input":{{"shape":[1,1,1,1],"data":[1]}},"filter":{filter},"padding":[65536,65536,65536,65536],{INT8}}}"#
        )
    };
    refuses(&pool("[131073,131073]"), "terms to sum: 17180131329 is outside 0..=4294967296");
    refuses(&pool("[1,1]"), "output: shape [1, 131073, 131073, 1], expected at most 16777216 elements");
    let refused = "window: shape [18446744073709551615], expected at most [131073], the padded input";
    refuses(&pool("[18446744073709551615,18446744073709551615]"), refused);
    let side = |shape: &str| format!(r#"{{"shape":{shape},"data":{:?}}}"#, vec![1; 5000]);
    let mul = format!(
        r#"{{"op":"mul","input1":{},"input2":{},"multiplier":1073741824,"shift":0,{INT8}}}"#,
        side("[5000,1]"),
        side("[5000]")
    );
    refuses(&mul, "output: shape [5000, 5000], expected at most 16777216 elements");
    let ones = format!(r#"{{"shape":{:?},"data":[1]}}"#, [1; 17]);
    refuses(
        &format!(r#"{{"op":"dequantize","input":{ones},"scale":1}}"#),
        "input: shape [1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1], expected at most 16 sizes",
    );
    // 4000 x 4000 outputs of 4000 terms.
    let matrix = format!(r#"{{"shape":[300,4000],"data":{:?}}}"#, vec![1; 300 * 4000]);
    let large = format!(r#"{{"shape":[4000,4000],"data":{:?}}}"#, vec![1; 4000 * 4000]);
    refuses(
        &format!(r#"{{"op":"fully_connected","rule":"single","input":{matrix},"weights":{large},{HALF},{INT8}}}"#),
        "terms to sum: 4800000000 is outside 0..=4294967296",
    );
}

/// Whatever a line is cut down to or holds in one place, the answer is one line of JSON, and soon.
#[test]
fn never_a_panic() {
    let lines = [
        conv("conv2d", CORNERS, &format!(r#""bias":[1],"stride":[1,2],"padding":[1,0,0,2],"groups":1,{ONE}"#)),
        conv("depthwise_conv2d", CORNERS, &format!(r#""dilation":[2,1],"depth_multiplier":1,{HALF}"#)),
    ];
    let values = ["-1", "0", "3", "60000", "1e39", "18446744073709551615", "-9223372036854775808", "null", "[]", "{}"];
    let errors = damaged(&lines, &values);
    assert!(errors > 1000, "{errors}");
}
