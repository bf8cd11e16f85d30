//! `gen multiplier`, as users see it.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::process::{Command, Output};

fn multiplier(args: &str) -> Output {
    Command::new(env!("CARGO_BIN_EXE_gen")).arg("multiplier").args(args.split(' ')).output().unwrap()
}

#[track_caller]
fn prints(args: &str, expected: &str) {
    let output = multiplier(args);
    assert_eq!(String::from_utf8(output.stdout).unwrap(), expected);
    assert!(output.status.success() && output.stderr.is_empty());
}

#[test]
fn a_factor_at_every_width() {
    prints(
        "0.2",
        "M = 0.2 = 2^-2 * 0.8 (n = 2, M0 = 0.8)
 8 bits: round(2^7 * M0) = 102 = 01100110, shift -2
         relative error -3.906e-3
         results against 32 bits, by tflite_double: int8 up to 1 (accumulator -32), int16 up to 256 (accumulator -326432)
         without normalization: round(2^7 * M) = 26 = 00011010
16 bits: round(2^15 * M0) = 26214 = 0110011001100110, shift -2
         relative error -1.526e-5
         results against 32 bits, by tflite_double: int8 equal, int16 up to 1 (accumulator -8192)
         without normalization: round(2^15 * M) = 6554 = 0001100110011010
32 bits: round(2^31 * M0) = 1717986918 = 01100110011001100110011001100110, shift -2
         relative error -2.328e-10
         without normalization: round(2^31 * M) = 429496730 = 00011001100110011001100110011010
",
    );
}

#[test]
fn two_that_coincide() {
    prints(
        "0.064453125 --bits 8 --versus 0.0625",
        "M = 0.064453125 = 2^-3 * 0.515625 (n = 3, M0 = 0.515625)
 8 bits: round(2^7 * M0) = 66 = 01000010, shift -3
         relative error 0.000e0
         results against 32 bits, by tflite_double: int8 equal, int16 equal
         without normalization: round(2^7 * M) = 8 = 00001000
M = 0.0625 = 2^-3 * 0.5 (n = 3, M0 = 0.5)
 8 bits: round(2^7 * M0) = 64 = 01000000, shift -3
         relative error 0.000e0
         results against 32 bits, by tflite_double: int8 equal, int16 equal
         without normalization: round(2^7 * M) = 8 = 00001000
 8 bits: without normalization 8 and 8 coincide; normalized 66 (shift -3) and 64 (shift -3) differ
",
    );
}

#[test]
fn integers_that_do_not_fit() {
    prints(
        "0.999 --bits 8 --versus 3",
        "M = 0.999 = 2^0 * 0.999 (n = 0, M0 = 0.999)
 8 bits: round(2^7 * M0) = 64 = 01000000, shift 1 (halved, as it does not fit)
         relative error 1.001e-3
         results against 32 bits, by tflite_double: int8 equal, int16 up to 66 (accumulator -65500)
         without normalization: round(2^7 * M) = does not fit
M = 3 = 2^2 * 0.75 (n = -2, M0 = 0.75)
 8 bits: round(2^7 * M0) = 96 = 01100000, shift 2
         relative error 0.000e0
         results against 32 bits, by tflite_double: int8 equal, int16 equal
         without normalization: round(2^7 * M) = does not fit
 8 bits: without normalization does not fit; normalized 64 (shift 1) and 96 (shift 2) differ
",
    );
}

#[test]
fn bad_input_gets_one_line() {
    for (args, expected) in [
        ("-1", "error: real: -1.0 is not finite and at least 0\n"),
        ("nan", "error: real: NaN is not finite and at least 0\n"),
        ("inf", "error: real: inf is not finite and at least 0\n"),
        ("0", "error: real: 0.0 is not at least 2^-32 once rounded to a multiplier\n"),
        ("2e9", "error: real: 2000000000.0 is not below 2^30 once rounded to a multiplier\n"),
        ("0.2 --bits 9", "error: bits: 9 is none of 8, 16, 32\n"),
        ("0.2 --versus -3", "error: versus: real: -3.0 is not finite and at least 0\n"),
    ] {
        let output = multiplier(args);
        assert_eq!(String::from_utf8(output.stderr).unwrap(), expected, "{args}");
        assert!(output.status.code() == Some(2) && output.stdout.is_empty(), "{args}");
    }
    let output = multiplier("two");
    let text = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.code() == Some(2) && text.contains("invalid value 'two' for '<REAL>'"), "{text}");
}
