//! JSON lines with a real factor: one or one for each channel, and an error where a rule was given what another takes.

use qrtl_golden::request::Request;

use crate::ask::{gives, refuses};

/// A request of `requantize` to int8, by what is given.
fn requantize(rule: &str, acc: &str, factor: &str) -> String {
    format!(r#"{{"op":"requantize","rule":"{rule}","acc":{acc},{factor},"zero_point":1,"min":-128,"max":127}}"#)
}

/// A layer of two inputs and two outputs; its sums are 8, -16 and 6, -2.
fn layer(rule: &str, factor: &str) -> String {
    let input = r#"{"shape":[2,2],"data":[1,2,3,4],"zero_point":1}"#;
    let weights = r#"{"shape":[2,2],"data":[1,-2,3,4]}"#;
    let output = r#"{"zero_point":-1,"min":-128,"max":127}"#;
    format!(
        r#"{{"op":"fully_connected","rule":"{rule}","input":{input},"weights":{weights},"bias":[10,-20],{factor},"output":{output}}}"#
    )
}

/// Half of an odd number tells three of the four apart; a quarter of a small one the last.
#[test]
fn rules() {
    let half = r#""real_multiplier":0.5"#;
    for (rule, of_1, of_minus_1) in
        [("f64_away", 2, 0), ("f32_even", 1, 1), ("qnnpack_q31", 2, 1), ("xnnpack_rndnu", 2, 1)]
    {
        gives(&requantize(rule, "1", half), &format!(r#"{{"out":{of_1}}}"#));
        gives(&requantize(rule, "-1", half), &format!(r#"{{"out":{of_minus_1}}}"#));
    }
    let quarter = r#""real_multiplier":0.25"#;
    for (rule, out) in [("f64_away", 1), ("f32_even", 1), ("qnnpack_q31", 2), ("xnnpack_rndnu", 1)] {
        gives(&requantize(rule, "1", quarter), &format!(r#"{{"out":{out}}}"#));
    }
    gives(&requantize("f64_away", "63", r#""real_multiplier":2"#), r#"{"out":127}"#);
    gives(&requantize("f64_away", "9007199254740993", r#""real_multiplier":1e-15"#), r#"{"out":10}"#);
    gives(r#"{"op":"requantize","rule":"f32_even","acc":3,"real_multiplier":0.5,"min":0,"max":9}"#, r#"{"out":2}"#);
}

#[test]
fn fully_connected() {
    let one = r#""real_multiplier":[0.25]"#;
    gives(&layer("f64_away", one), r#"{"shape":[2,2],"data":[1,-5,1,-2]}"#);
    gives(&layer("f32_even", one), r#"{"shape":[2,2],"data":[1,-5,1,-1]}"#);
    gives(&layer("f32_even", r#""real_multiplier":[0.25,1]"#), r#"{"shape":[2,2],"data":[1,-17,1,-3]}"#);
    gives(&layer("xnnpack_rndnu", one), r#"{"shape":[2,2],"data":[1,-5,1,-1]}"#);
    gives(&layer("qnnpack_q31", one), r#"{"shape":[2,2],"data":[1,-5,1,-2]}"#);
}

/// The wrong pair, half of it, both, or none.
#[test]
fn what_a_rule_takes() {
    let fixed = "request: rule: single takes multiplier and shift, and no real_multiplier";
    let real = "request: rule: f32_even takes real_multiplier, and neither multiplier nor shift";
    let [m, s, r] = [r#""multiplier":1073741824"#, r#""shift":0"#, r#""real_multiplier":0.5"#];
    let both = format!("{m},{s}");
    let all = format!("{m},{s},{r}");
    for wrong in [r, m, s, &all, r#""zero_point":0"#] {
        // The last stands for nothing at all, once the duplicate is gone.
        let line = requantize("single", "1", wrong).replace(r#""zero_point":0,"#, "");
        refuses(&line, fixed);
    }
    for wrong in [&both, m, s, &all, &format!("{r},{s}")] {
        refuses(&requantize("f32_even", "1", wrong), real);
    }
    let lists = r#""multiplier":[1073741824],"shift":[0]"#;
    refuses(&layer("f32_even", lists), real);
    refuses(&layer("single", r#""real_multiplier":[0.5]"#), fixed);
    refuses(&layer("single", r#""multiplier":[1]"#), fixed);
    refuses(
        &requantize("f32_even", "1", r#""real_multiplier":[0.5]"#),
        "request: invalid type: sequence, expected f64",
    );
    refuses(&requantize("f32_even", "1", r#""real_multiplier":null"#), "request: invalid type: null, expected f64");
    let null = format!(r#"{r},"shift":null"#);
    refuses(&requantize("f32_even", "1", &null), "request: invalid type: null, expected i64");
    refuses(
        &layer("f32_even", r#""real_multiplier":0.5"#),
        "request: invalid type: floating point `0.5`, expected a sequence",
    );
}

#[test]
fn out_of_range() {
    let factor = |rule: &str, f: &str| requantize(rule, "1", &format!(r#""real_multiplier":{f}"#));
    refuses(&factor("f64_away", "0"), "real_multiplier: 0.0 is not finite and positive, as f64_away needs");
    refuses(
        &factor("qnnpack_q31", "0.99999999999"),
        "real_multiplier: 0.99999999999 is not at least 2^-32 and below 1 as a float, as qnnpack_q31 needs",
    );
    refuses(&factor("f64_away", "1e999"), "request: number out of range");
    refuses(
        &requantize("f32_even", "2147483648", r#""real_multiplier":0.5"#),
        "acc: 2147483648 is not one of 32 bits, where f32_even is defined at real_multiplier 0.5",
    );
    refuses(
        &requantize("f64_away", "2147483647", r#""real_multiplier":1.5"#),
        "acc: 2147483647 is not one whose product is rounded to 32 bits, where f64_away is defined at real_multiplier 1.5",
    );
    refuses(
        &layer("f32_even", r#""real_multiplier":[0.5,0.5,0.5]"#),
        "real_multiplier: shape [3], expected [1] or [2]",
    );
    refuses(&layer("f32_even", r#""real_multiplier":[]"#), "real_multiplier: shape [0], expected [1] or [2]");
    refuses(
        &layer("f64_away", r#""real_multiplier":[1e9]"#),
        "element [0, 0]: acc: 8 is not one whose product is rounded to 32 bits, where f64_away is defined at \
         real_multiplier 1000000000.0",
    );
}

/// What hardware asks of a request first is an error for these rules.
#[test]
fn no_hardware() {
    for rule in ["f64_away", "f32_even", "qnnpack_q31", "xnnpack_rndnu"] {
        let expected = format!("rule: {rule} is no hardware; ask `gen golden`");
        match Request::parse(&requantize(rule, "1", r#""real_multiplier":0.5"#)).unwrap() {
            Request::Requantize(r) => assert_eq!(r.requantization().unwrap_err().to_string(), expected),
            other => panic!("{other:?}"),
        }
        match Request::parse(&layer(rule, r#""real_multiplier":[0.5]"#)).unwrap() {
            Request::FullyConnected(r) => assert_eq!(r.validate().unwrap_err().to_string(), expected),
            other => panic!("{other:?}"),
        }
    }
}
