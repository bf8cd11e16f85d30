//! `gen size`, as users see it.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::process::{Command, Output};

fn size(args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_gen")).arg("size").args(args).output().unwrap()
}

fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

/// 50 MB of float32.
#[test]
fn a_number_of_parameters() {
    let output = size(&["--parameters", "12500000"]);
    assert_eq!(
        stdout(&output),
        "float32        50000000 bytes
int16          25000000 bytes
int8           12500000 bytes
int4            6250000 bytes
int2            3125000 bytes
"
    );
}

/// 64 x 32 and 32 x 10 weights, 42 biases; TFLite stores a zero point of 8 bytes for each of 42 + 42 scales.
#[test]
fn a_model() {
    let output = size(&[concat!(env!("CARGO_MANIFEST_DIR"), "/../models/digits/mlp_int8.tflite")]);
    let text = stdout(&output);
    let line = |name: &str| text.lines().find(|l| l.starts_with(name)).unwrap().to_owned();
    let numbers = |name: &str| line(name)[24..].split_whitespace().map(|n| n.parse().unwrap()).collect::<Vec<u64>>();
    assert_eq!(numbers("as stored"), [2368, 336, 672, 168, 3544]);
    assert_eq!(numbers("float32"), [9472, 0, 0, 168, 9640]);
    assert_eq!(numbers("int8, per_channel"), [2368, 168, 0, 168, 2704]);
    assert_eq!(numbers("int4, per_tensor"), [1184, 8, 0, 168, 1360]);
    assert_eq!(text.lines().count(), 3 + 4 * 3);
}

#[test]
fn bad_input() {
    for (args, expected) in [
        (vec!["none.tflite"], "error: cannot read none.tflite"),
        (vec!["--parameters", "144115188075855872"], "error: parameters: 144115188075855872 is outside 0..="),
        (vec![], "size: give a model file, or --parameters N"),
    ] {
        let output = size(&args);
        let text = String::from_utf8(output.stderr.clone()).unwrap();
        assert!(output.status.code() == Some(2) && text.contains(expected), "{args:?}: {text}");
    }
}
