//! `sim rtl`: the hardware answers JSON lines as golden does, errors in their places.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use qrtl_golden::Rule;
use qrtl_golden::request::{answer, answer_line};

/// Standard output and exit status of `sim rtl`.
fn rtl(input: &str) -> (String, Option<i32>) {
    let mut child = Command::new(env!("CARGO_BIN_EXE_sim"))
        .arg("rtl")
        .current_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join(".."))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    // All requests are fewer bytes than a pipe holds, so that neither side waits for the other.
    assert!(input.len() < 1 << 16);
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    (String::from_utf8(output.stdout).unwrap(), output.status.code())
}

/// Every line of the hardware is golden's; gives how many are errors.
#[track_caller]
fn agrees(requests: &[String]) -> usize {
    let (text, status) = rtl(&(requests.join("\n") + "\n"));
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines.len(), requests.len(), "{text}");
    let mut errors = 0;
    for (request, line) in requests.iter().zip(lines) {
        let (expected, failed) = answer_line(request, |r| answer(r).map_err(|e| e.to_string()));
        assert_eq!(line, expected, "{request}");
        errors += usize::from(failed);
    }
    assert_eq!(status, Some(i32::from(errors > 0)));
    errors
}

fn requantize(rule: &str, acc: i64, shift: i64, output: [i64; 3]) -> String {
    let [zero_point, min, max] = output;
    format!(
        r#"{{"op":"requantize","rule":"{rule}","acc":{acc},"multiplier":1073741824,"shift":{shift},"zero_point":{zero_point},"min":{min},"max":{max}}}"#
    )
}

#[test]
fn requantize_and_saturate() {
    let mut requests = Vec::new();
    for rule in ["tflite_double", "single"] {
        for acc in [0, 1, -1, 2, -2, 3, 1000, -1000, 2147483647, -2147483648] {
            requests.push(requantize(rule, acc, -1, [0, -128, 127]));
            requests.push(requantize(rule, acc, -7, [3, 0, 255]));
        }
    }
    for (min, max) in [(-128, 127), (0, 255), (5, 5), (i64::MIN, i64::MAX)] {
        for x in [0, -1, 300, -300, i64::MAX, i64::MIN] {
            requests.push(format!(r#"{{"op":"saturate","x":{x},"min":{min},"max":{max}}}"#));
        }
    }
    for rule in Rule::ALL {
        for acc in [0, 1, -1, 3, -3, 70_001, -70_001] {
            requests.push(requantize(rule.name(), acc, -1, [-5, -32768, 32767]));
            requests.push(requantize(rule.name(), acc, -9, [128, 0, 255]));
        }
    }
    requests.push(requantize("reduced_16", 1 << 40, -25, [0, -32768, 32767]));
    assert_eq!(agrees(&requests), 0);
}

#[test]
fn errors_in_their_places() {
    let good = requantize("tflite_double", 1, -1, [0, -128, 127]);
    let requests = [
        good.clone(),
        "no JSON".to_owned(),
        r#"{"op":"divide"}"#.to_owned(),
        r#"{"op":"saturate","x":1,"min":3,"max":2}"#.to_owned(),
        requantize("single", 1, 31, [0, -128, 127]),
        requantize("tflite_double", 2147483648, 0, [0, -128, 127]),
        requantize("reduced_16", 1 << 40, 0, [0, -128, 127]),
        // The bias and one more: the sum leaves its type, whatever the hardware would make of it.
        one("single", 1, 1, 2147483647, 0),
        good,
    ];
    assert_eq!(agrees(&requests), 7);
}

/// What golden answers and the hardware has not.
#[test]
fn no_hardware() {
    let tensor = r#"{"shape":[1,1,1,1],"data":[1]}"#;
    let output = r#""output":{"min":0,"max":9}"#;
    let weighted = format!(r#""input":{tensor},"weights":{tensor},"multiplier":[1],"shift":[0],{output}"#);
    let requests = [
        format!(r#"{{"op":"conv2d","rule":"single",{weighted}}}"#),
        format!(r#"{{"op":"depthwise_conv2d","rule":"single",{weighted}}}"#),
        format!(r#"{{"op":"max_pool","input":{tensor},"filter":[1,1],{output}}}"#),
        r#"{"op":"requantize","rule":"f32_even","acc":1,"real_multiplier":0.5,"min":0,"max":9}"#.to_owned(),
    ];
    let (text, status) = rtl(&(requests.join("\n") + "\n"));
    let expected = ["op: conv2d", "op: depthwise_conv2d", "op: max_pool", "rule: f32_even"]
        .map(|what| format!("{{\"error\":\"{what} is no hardware; ask `gen golden`\"}}\n"));
    assert_eq!((text, status), (expected.concat(), Some(1)));
}

/// One product.
fn one(rule: &str, x: i32, w: i32, bias: i32, shift: i32) -> String {
    let matrix = |v: i32| format!(r#"{{"shape":[1,1],"data":[{v}]}}"#);
    format!(
        r#"{{"op":"fully_connected","rule":"{rule}","input":{},"weights":{},"bias":[{bias}],"multiplier":[1073741824],"shift":[{shift}],"output":{{"min":-128,"max":127}}}}"#,
        matrix(x),
        matrix(w)
    )
}

/// A layer of n outputs and k inputs for m rows; its data are small numbers that follow from their position.
fn layer([m, n, k]: [usize; 3], zero_points: [i32; 2], least: i32, per_channel: bool) -> String {
    let data = |count: usize, step: i32| (0..count as i32).map(|i| (i * step) % 128 + least).collect::<Vec<_>>();
    let scales = if per_channel { n } else { 1 };
    let shifts: Vec<i32> = (0..scales as i32).map(|c| -4 - c % 3).collect();
    let bias: Vec<i32> = (0..n as i32).map(|c| 100 * c - 150).collect();
    format!(
        r#"{{"op":"fully_connected","rule":"tflite_double","input":{{"shape":[{m},{k}],"data":{:?},"zero_point":{}}},"weights":{{"shape":[{n},{k}],"data":{:?},"zero_point":{}}},"bias":{bias:?},"multiplier":{:?},"shift":{shifts:?},"output":{{"zero_point":-3,"min":-128,"max":127}}}}"#,
        data(m * k, 37),
        zero_points[0],
        data(n * k, 53),
        zero_points[1],
        vec![1518500250; scales],
    )
}

#[test]
fn fully_connected() {
    let mut requests = Vec::new();
    for shape in [[1, 1, 1], [2, 3, 5], [5, 4, 4], [3, 9, 17]] {
        for zero_points in [[0, 0], [7, 0], [7, 11]] {
            for per_channel in [false, true] {
                requests.push(layer(shape, zero_points, -64, per_channel));
                requests.push(layer(shape, zero_points, 100, per_channel));
            }
        }
    }
    // 256 such products would leave the accumulator; one does not.
    requests.push(one("single", 1000, 1000, 0, -19));
    requests.push(one("reduced_16", -30_000, 100, 7, -14));
    assert_eq!(agrees(&requests), 0);
}
