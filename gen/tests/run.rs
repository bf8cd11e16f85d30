//! `gen run` on models with several inputs and outputs, and on models that keep state.

use std::path::Path;
use std::process::{Command, Output};

use qrtl_golden::import::npy::{Array, npz::Archive};

fn case(file: &str) -> String {
    format!("{}/../golden/tests/cases/{file}", env!("CARGO_MANIFEST_DIR"))
}

fn run(dir: &Path, args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_gen")).current_dir(dir).arg("run").args(args).output().expect("gen starts")
}

#[track_caller]
fn refused(output: &Output, expected: &str) {
    let text = String::from_utf8_lossy(&output.stderr);
    assert_eq!((text.lines().count(), output.status.code()), (1, Some(2)), "{text}");
    assert!(text.ends_with(&format!("{expected}\n")), "{text}");
}

fn array(path: &str) -> Array<i8> {
    Array::read(path).expect("a case")
}

/// In the order of the model, by names, or both; the outputs are in one archive.
#[test]
fn several_inputs_and_outputs() {
    let dir = tempfile::tempdir().unwrap();
    let model = case("several_ends.tflite");
    let [a, b, c] = ["input", "input_1", "input_2"].map(|end| case(&format!("several_ends.{end}.npy")));
    let (first, last) = (format!("t0={a}"), format!("t2={c}"));
    for files in [[&a, &b, &c], [&last, &a, &b], [&b, &first, &last]] {
        let [x, y, z] = files.map(String::as_str);
        let output = run(dir.path(), &[&model, "--input", x, "--input", y, "--input", z, "-o", "y.npz"]);
        assert!(output.status.success(), "{output:?}");
        let archive = Archive::read(dir.path().join("y.npz")).unwrap();
        for (i, name) in archive.names().enumerate() {
            let number = if i == 0 { String::new() } else { format!("_{i}") };
            let expected = array(&case(&format!("several_ends.tflm{number}.npy")));
            assert_eq!(archive.array::<i8>(name).unwrap(), expected, "{name}");
        }
        assert_eq!(archive.names().count(), 3);
    }
    let three = ["--input", &a, "--input", &b, "--input", &c];
    refused(
        &run(dir.path(), &[&[model.as_str()], &three[..], &["-o", "y.npy"]].concat()),
        "several_ends.tflite: out: the model has 3 outputs, which an .npz file holds by their names",
    );
    refused(
        &run(dir.path(), &[&[model.as_str()], &three[..4]].concat()),
        "input: 2 files are given, the model takes 3: t0 (INT8 [1, 2, 4, 4]), t1 (INT8 [1, 2, 4, 4]), \
         t2 (INT8 [1, 2, 4, 4])",
    );
    refused(
        &run(dir.path(), &[&[model.as_str()], &three[..], &["--input", &first]].concat()),
        "input: 4 files are given, the model takes 3: t0 (INT8 [1, 2, 4, 4]), t1 (INT8 [1, 2, 4, 4]), \
         t2 (INT8 [1, 2, 4, 4])",
    );
    refused(
        &run(dir.path(), &[&model, "--input", &first, "--input", &first, "--input", &b]),
        "input: t0 is given twice",
    );
    let mut short = array(&c);
    (short.shape[0], short.data) = (1, short.data[..32].to_vec());
    short.write(dir.path().join("short.npy")).unwrap();
    let output = run(dir.path(), &[&model, "--input", &a, "--input", &b, "--input", "short.npy"]);
    refused(&output, &format!("short.npy: 1 inputs, and {a} has 6"));
}

/// State is kept from frame to frame, or begins anew for each of them.
#[test]
fn frames_of_a_stream() {
    let dir = tempfile::tempdir().unwrap();
    let (model, input) = (case("streaming_wake_word.tflite"), case("streaming_wake_word.input.npy"));
    let output = |more: &[&str]| {
        let output = run(dir.path(), &[&[&*model, "--input", &*input, "-o", "y.npy"], more].concat());
        assert!(output.status.success(), "{output:?}");
        let array: Array<u8> = Array::read(dir.path().join("y.npy")).unwrap();
        (array.data, String::from_utf8(output.stdout).unwrap())
    };
    let (stream, text) = output(&[]);
    assert!(text.contains("state: 3 variables, which are kept from each input to the next\n"), "{text}");
    let recorded: Array<u8> = Array::read(case("streaming_wake_word.tflm.npy")).unwrap();
    assert_eq!((stream.len(), &stream), (64, &recorded.data));
    let (apart, text) = output(&["--independent"]);
    assert!(text.contains("state: 3 variables, which begin anew for each input\n"), "{text}");
    assert_eq!(apart[0], stream[0]);
    assert_ne!(apart, stream);
}
