//! The pack in `conformance/` is what `gen conformance` writes, every answer is one, and wrong rounding is found by it.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::HashSet;
use std::fs;
use std::path::{Path, PathBuf};

use qrtl_gen::conformance;
use qrtl_golden::request::{answer, answer_line};
use qrtl_golden::{RealRule, Rule};
use serde_json::Value;

fn pack() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../conformance")
}

/// Files of a directory and of the directories in it, with their contents.
fn contents(dir: &Path) -> Vec<(String, Vec<u8>)> {
    let mut files = Vec::new();
    for sub in ["", "requests", "expected"] {
        for entry in fs::read_dir(dir.join(sub)).unwrap() {
            let path = entry.unwrap().path();
            if path.is_file() {
                files.push((path.strip_prefix(dir).unwrap().display().to_string(), fs::read(path).unwrap()));
            }
        }
    }
    files.sort();
    files
}

/// Lines of requests and their answers.
fn lines(name: &str) -> Vec<(Value, Value)> {
    let read = |part: &str| fs::read_to_string(pack().join(part).join(format!("{name}.jsonl"))).unwrap();
    let parsed = |text: &str| -> Vec<Value> { text.lines().map(|l| serde_json::from_str(l).unwrap()).collect() };
    let (requests, answers) = (parsed(&read("requests")), parsed(&read("expected")));
    assert_eq!(requests.len(), answers.len(), "{name}");
    requests.into_iter().zip(answers).collect()
}

fn golden(request: &Value) -> Value {
    let (text, _) = answer_line(&request.to_string(), |r| answer(r).map_err(|e| e.to_string()));
    serde_json::from_str(&text).unwrap()
}

#[test]
fn the_same_bytes_as_committed() {
    let dir = tempfile::tempdir().unwrap();
    let made = dir.path().join("pack");
    conformance::write(&made).unwrap();
    // Once more, in the place of what is there.
    conformance::write(&made).unwrap();
    let (made, committed) = (contents(&made), contents(&pack()));
    let names = |files: &[(String, Vec<u8>)]| files.iter().map(|(name, _)| name.clone()).collect::<Vec<_>>();
    assert_eq!(names(&made), names(&committed));
    for ((name, made), (_, committed)) in made.iter().zip(&committed) {
        assert!(made == committed, "{name} differs: cargo run --release --bin gen -- conformance -o conformance");
    }
    // A file of requests and a file of answers for each rule and each of 12 other groups, a manifest and a README.
    assert_eq!(made.len(), 2 * (Rule::ALL.len() + RealRule::ALL.len() + 12) + 2);
    let bytes: usize = made.iter().map(|(_, bytes)| bytes.len()).sum();
    assert!(bytes < 1_500_000, "{bytes}");
    fs::write(dir.path().join("precious"), "").unwrap();
    assert!(conformance::write(dir.path()).is_err() && dir.path().join("precious").exists());
}

/// Every file has its lines, none of them twice or refused, and results seldom end at the clamp.
#[test]
fn every_answer_is_one() {
    for (name, bytes) in contents(&pack()).iter().filter(|(name, _)| name.starts_with("requests")) {
        let text = std::str::from_utf8(bytes).unwrap();
        let unique: HashSet<&str> = text.lines().collect();
        let name = name.trim_start_matches("requests/").trim_end_matches(".jsonl");
        let lines = lines(name);
        assert!(lines.len() >= 60, "{name}");
        assert_eq!(unique.len(), lines.len(), "{name}");
        for (request, expected) in &lines {
            assert!(expected.get("error").is_none() && golden(request) == *expected, "{request}: {expected}");
        }
        let (clamped, all) = clamped(&lines);
        assert!(2 * clamped <= all, "{name}: {clamped} of {all} are at the clamp");
    }
}

/// Numbers of the answers that are the least or greatest possible, and of all.
fn clamped(lines: &[(Value, Value)]) -> (usize, usize) {
    let (mut at, mut all) = (0, 0);
    for (request, expected) in lines.iter().filter(|(request, _)| request["op"] != "saturate") {
        let output = if request.get("min").is_some() { request } else { &request["output"] };
        let (min, max) = (&output["min"], &output["max"]);
        let one = [expected["out"].clone()];
        let values = expected["data"].as_array().map_or(&one[..], |data| data);
        all += values.len();
        at += values.iter().filter(|v| !min.is_null() && (*v == min || *v == max)).count();
    }
    (at, all)
}

/// `numerator / 2^bits` is half an odd number.
fn is_tie(numerator: i128, bits: i64) -> bool {
    bits > 0 && numerator.rem_euclid(1 << bits) == 1 << (bits - 1)
}

/// A real factor as `significand 2^-bits`.
fn parts(factor: f64) -> (i128, i64) {
    let bits = 1074.min(52 - ((factor.to_bits() >> 52) as i64 - 1023));
    ((factor * 2f64.powi(bits as i32)) as i128, bits)
}

/// The exact product of a request is a tie.
fn product_is_tie(request: &Value) -> bool {
    let acc: i128 = request["acc"].as_i64().unwrap().into();
    match request["real_multiplier"].as_f64() {
        Some(factor) => {
            let (significand, bits) = parts(factor);
            bits < 120 && is_tie(acc * significand, bits)
        }
        None => {
            let [multiplier, shift] = ["multiplier", "shift"].map(|key| request[key].as_i64().unwrap());
            is_tie(acc * i128::from(multiplier), 31 - shift)
        }
    }
}

/// At least one line in five is an exact tie, above zero and below, and does not end at the clamp.
#[test]
fn ties_of_single_numbers() {
    for name in Rule::ALL.map(Rule::name).into_iter().chain(RealRule::ALL.map(RealRule::name)) {
        let lines = lines(&format!("requantize_{name}"));
        let ties: Vec<&(Value, Value)> = lines.iter().filter(|(request, _)| product_is_tie(request)).collect();
        let inside = |(request, expected): &(Value, Value)| {
            expected["out"] != request["min"] && expected["out"] != request["max"]
        };
        let of_sign = |negative| {
            let all = ties.iter().filter(|line| (line.0["acc"].as_i64().unwrap() < 0) == negative);
            all.filter(|line| inside(line)).count()
        };
        let (above, below) = (of_sign(false), of_sign(true));
        println!("{name}: {} ties, {above} above and {below} below 0 inside the clamp", ties.len());
        assert!(ties.len() >= 80 && above >= 20 && below >= 20, "{name}: {} {above} {below}", ties.len());
    }
}

/// An implementation that rounds by another rule gets some answers wrong, whichever two rules those are.
#[test]
fn every_wrong_rule_is_found() {
    let pairs = |names: &[&'static str]| {
        for right in names {
            let lines = lines(&format!("requantize_{right}"));
            for wrong in names.iter().filter(|wrong| *wrong != right) {
                let differs = |(request, expected): &(Value, Value)| {
                    let mut request = request.clone();
                    request["rule"] = (*wrong).into();
                    let got = golden(&request);
                    got.get("error").is_none() && got != *expected
                };
                let count = lines.iter().filter(|line| differs(line)).count();
                println!("{wrong} in place of {right}: {count} of {} differ", lines.len());
                assert!(count >= 5, "{wrong} in place of {right}: {count}");
            }
        }
    };
    pairs(&Rule::ALL.map(Rule::name));
    pairs(&RealRule::ALL.map(RealRule::name));
}

/// The same of the operators, by the rules that differ most; and of the three roundings of `quantize`.
#[test]
fn wrong_rounding_of_operators_is_found() {
    let wrong = |op: &str, key: &str, right: &str, wrong: &str| {
        let lines = lines(op);
        let asked: Vec<&(Value, Value)> = lines.iter().filter(|(request, _)| request[key] == right).collect();
        let differs = |(request, expected): &&&(Value, Value)| {
            let mut request = request.clone();
            request[key] = wrong.into();
            golden(&request) != *expected
        };
        let count = asked.iter().filter(differs).count();
        println!("{op}: {wrong} in place of {right}: {count} of {} differ", asked.len());
        assert!(asked.len() >= 6 && count > 0, "{op}: {wrong} in place of {right}: {count} of {}", asked.len());
    };
    for op in ["fully_connected", "conv2d", "depthwise_conv2d", "mul"] {
        for [right, other] in [
            ["tflite_double", "truncate"],
            ["single", "truncate"],
            ["shift_away", "truncate"],
            ["tflite_double", "single"],
            ["f64_away", "f32_even"],
            ["f32_even", "f64_away"],
        ] {
            wrong(op, "rule", right, other);
        }
    }
    for op in ["add", "sub"] {
        wrong(op, "rule", "tflite_double", "single");
        wrong(op, "rule", "single", "tflite_double");
    }
    for right in ["half_even", "half_away", "reciprocal_half_even"] {
        for other in ["half_even", "half_away", "reciprocal_half_even"] {
            if right != other {
                wrong("quantize", "rounding", right, other);
            }
        }
    }
}

/// Means that are ties, of windows without padding over whole images.
#[test]
fn ties_of_pools() {
    let mut ties = 0;
    for (request, _) in lines("average_pool") {
        let sizes = |v: &Value| v.as_array().unwrap().iter().map(|n| n.as_u64().unwrap() as usize).collect::<Vec<_>>();
        let (shape, filter) = (sizes(&request["input"]["shape"]), sizes(&request["filter"]));
        if request.get("padding").is_some() {
            continue;
        }
        let data = request["input"]["data"].as_array().unwrap();
        let at = |y: usize, x: usize| data[(y * shape[2] + x) * shape[3]].as_i64().unwrap();
        for (y, x) in (0..=shape[1] - filter[0]).flat_map(|y| (0..=shape[2] - filter[1]).map(move |x| (y, x))) {
            let sum: i64 = (0..filter[0]).flat_map(|r| (0..filter[1]).map(move |c| at(y + r, x + c))).sum();
            let count = (filter[0] * filter[1]) as i64;
            ties += usize::from(2 * sum.rem_euclid(count) == count);
        }
    }
    assert!(ties >= 10, "{ties}");
}
