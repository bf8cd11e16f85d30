//! `gen quantize` and `gen study`, as users see them.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

const MODELS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../models/digits");

fn generate(args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_gen")).args(args).output().unwrap()
}

fn quantize(args: &str) -> Output {
    let mut all = vec!["quantize", "--models", MODELS];
    all.extend(args.split(' '));
    generate(&all)
}

#[track_caller]
fn prints(args: &str, expected: &str) {
    let output = quantize(args);
    assert_eq!(String::from_utf8(output.stdout).unwrap(), expected);
    assert!(output.status.success() && output.stderr.is_empty());
}

/// What `docs/quantization.md` shows.
#[test]
fn int8_per_channel() {
    prints(
        "cnn",
        "cnn: float logits within 1.7e-5 of TensorFlow's (1,797 images)
weights: 8 bits, per_channel, symmetric, min_max
activations: 8 bits, asymmetric, min_max of 300 training images
computed in integers, tflite_double
           recognized            bytes  (weights, biases, scales, zero points)
float32    350 of 360 = 97.22 %    8232  (8032, 200, 0, 0)
quantized  349 of 360 = 96.94 %    2408  (2008, 200, 200, 0)
accuracy -0.28 points, bytes x 0.293
",
    );
}

/// Zero points count as bytes; groups have no integers; entropy is of the activations.
#[test]
fn other_schemes() {
    prints(
        "mlp --bits 4 --activation-bits 7 --granularity per_group:16 --calibration entropy --symmetry asymmetric \
         --activation-symmetry symmetric",
        "mlp: float logits within 9.5e-6 of TensorFlow's (1,797 images)
weights: 4 bits, per_group_16, asymmetric, min_max
activations: 7 bits, symmetric, entropy of 300 training images
computed in floats rounded to the integers' grids
           recognized            bytes  (weights, biases, scales, zero points)
float32    348 of 360 = 96.67 %    9640  (9472, 168, 0, 0)
quantized  348 of 360 = 96.67 %    2018  (1184, 168, 592, 74)
accuracy +0.00 points, bytes x 0.209
",
    );
}

#[track_caller]
fn refused(output: &Output, expected: &str) {
    let text = String::from_utf8(output.stderr.clone()).unwrap();
    let first = text.lines().next().unwrap_or_default();
    assert_eq!(first, expected);
    assert!(output.status.code() == Some(2) && output.stdout.is_empty(), "{expected}");
}

#[test]
fn bad_flags_are_refused() {
    for (args, expected) in [
        ("vgg", "error: invalid value 'vgg' for '<MODEL>': model: vgg is none of mlp, cnn, rescnn"),
        ("mlp --bits 1", "error: invalid value '1' for '--bits <BITS>': 1 is not in 2..=8"),
        ("mlp --bits 9", "error: invalid value '9' for '--bits <BITS>': 9 is not in 2..=8"),
        (
            "mlp --activation-bits 16",
            "error: invalid value '16' for '--activation-bits <ACTIVATION_BITS>': 16 is not in 2..=8",
        ),
        (
            "mlp --granularity per_group:0",
            "error: invalid value 'per_group:0' for '--granularity <GRANULARITY>': expected per_tensor, per_channel or \
             per_group:N, N at least 1",
        ),
        (
            "mlp --calibration percentile:49",
            "error: invalid value 'percentile:49' for '--calibration <CALIBRATION>': expected min_max, percentile:P with P \
             in 50..=100, mse or entropy",
        ),
        (
            "mlp --calibration percentile:nan",
            "error: invalid value 'percentile:nan' for '--calibration <CALIBRATION>': expected min_max, percentile:P with P \
             in 50..=100, mse or entropy",
        ),
        (
            "mlp --symmetry odd",
            "error: invalid value 'odd' for '--symmetry <SYMMETRY>': expected symmetric or asymmetric",
        ),
    ] {
        refused(&quantize(args), expected);
    }
}

/// Of a directory: what is wrong with which file.
#[test]
fn bad_files_are_refused() {
    let dir = tempfile::tempdir().unwrap();
    let at = |file: &str| dir.path().join(file);
    let run = || generate(&["quantize", "mlp", "--models", &dir.path().display().to_string()]);
    let missing = format!("{}: No such file or directory (os error 2)", at("images_raw_0_16_all.npy").display());
    refused(&run(), &format!("error: images_raw_0_16_all.npy: {missing}"));
    for entry in fs::read_dir(MODELS).unwrap() {
        let from = entry.unwrap().path();
        fs::copy(&from, at(from.file_name().unwrap().to_str().unwrap())).unwrap();
    }
    assert!(run().status.success());

    let weights = Path::new(MODELS).join("mlp_float_weights.npz");
    let cut = &fs::read(&weights).unwrap()[..500];
    fs::write(at("mlp_float_weights.npz"), cut).unwrap();
    let expected =
        "error: mlp_float_weights.npz: not a .npz file that can be read: member at byte 0: the file ends within it";
    refused(&run(), expected);
    fs::copy(Path::new(MODELS).join("cnn_float_weights.npz"), at("mlp_float_weights.npz")).unwrap();
    let expected =
        "error: mlp_float_weights.npz: w0_sequential_3_conv2d_2_kernel: shape [3, 3, 1, 8], expected [64, 32]";
    refused(&run(), expected);
    fs::copy(&weights, at("mlp_float_weights.npz")).unwrap();

    fs::copy(Path::new(MODELS).join("cnn_float_logits_all.npy"), at("mlp_float_logits_all.npy")).unwrap();
    let expected =
        "error: mlp: a float logit is 3.5e1 from TensorFlow's, of other weights: rounding gives less than 1e-4";
    refused(&run(), expected);
    fs::copy(Path::new(MODELS).join("labels_all.npy"), at("test_indices.npy")).unwrap();
    refused(&run(), "error: test_indices.npy: elements are of type '|u1': expected '<i4'");
}

/// What the documents show is what comes out, byte by byte; progress goes to standard error.
#[test]
#[ignore = "takes seconds: `make test` runs it"]
fn the_study_of_the_documents() {
    let dir = tempfile::tempdir().unwrap();
    let out = dir.path().join("out");
    let output = generate(&["study", "-o", out.to_str().unwrap(), "--models", MODELS]);
    assert!(output.status.success(), "{output:?}");
    // A line a second, at most: on a fast machine there may be none.
    let progress = String::from_utf8(output.stderr).unwrap();
    assert!(progress.lines().all(|line| line.ends_with("/1008] configurations")), "{progress}");
    let document = |file: &str| fs::read_to_string(Path::new(MODELS).join("../../docs").join(file)).unwrap();
    let written = |file: &str| fs::read_to_string(out.join(file)).unwrap();
    let verdict = String::from_utf8(output.stdout).unwrap();
    assert!(document("quantization.md").contains(&verdict), "{verdict}");
    let markdown = written("study.md");
    let section = markdown.split("## ").nth(1).unwrap();
    let table: String = section.lines().filter(|l| l.starts_with('|')).map(|l| format!("{l}\n")).collect();
    assert!(document("quantization.md").contains(&table), "{table}");
    assert_eq!(written("granularity.svg"), document("img/study-granularity.svg"));
    assert_eq!(written("study.csv").lines().count(), 1 + 1008);
}

/// The directory is not touched, and nothing is computed for it.
#[test]
fn study_refuses_before_it_computes() {
    let dir = tempfile::tempdir().unwrap();
    let out = dir.path().join("out");
    fs::create_dir(&out).unwrap();
    fs::write(out.join("mine"), "").unwrap();
    let shown = out.display().to_string();
    let output = generate(&["study", "-o", &shown, "--models", MODELS]);
    refused(&output, &format!("error: {shown}: exists, and was not written by qrtl"));
    refused(&generate(&["study"]), "error: the following required arguments were not provided:");
}
