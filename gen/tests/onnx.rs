//! `gen run`, `gen inspect` and `gen model` on ONNX models.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::path::Path;
use std::process::{Command, Output};

use qrtl_golden::import::npy::{Array, npz::Archive};

fn generate(dir: &Path, args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_gen")).current_dir(dir).args(args).output().unwrap()
}

fn onnx(file: &str) -> String {
    format!("{}/../models/onnx/{file}", env!("CARGO_MANIFEST_DIR"))
}

fn digits(file: &str) -> String {
    format!("{}/../models/digits/{file}", env!("CARGO_MANIFEST_DIR"))
}

/// The model's own outputs are the recorded integers by the scale that the manifest has.
#[test]
fn outputs_and_integers() {
    let dir = tempfile::tempdir().unwrap();
    let images = Array::<f32>::read(onnx("images_f32.npy")).unwrap();
    Array { shape: vec![200, 1, 8, 8], data: images.data }.write(dir.path().join("x.npy")).unwrap();
    let model = onnx("cnn_qdq_u8s8_pc.onnx");
    let run = |more: &[&str]| {
        let output = generate(dir.path(), &[&["run", &model, "--input", "x.npy", "-o", "y.npy"], more].concat());
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stdout).unwrap()
    };
    let recorded = Archive::read(onnx("cnn_qdq_u8s8_pc.npz")).unwrap();
    for (runtime, column) in [("onnxruntime", "exact"), ("onnxruntime_avx2", "all")] {
        let expected: Array<u8> = recorded.array(column).unwrap();
        run(&["--runtime", runtime, "--integers"]);
        assert_eq!(Array::<u8>::read(dir.path().join("y.npy")).unwrap(), expected);
        let text = run(&["--runtime", runtime]);
        // Scale and zero point of the manifest.
        let (scale, zero_point) = (f32::from_bits(0x3e8f_a8bb), 178.0);
        let reals = expected.data.iter().map(|&q| (f32::from(q) - zero_point) * scale).collect();
        let got = Array::<f32>::read(dir.path().join("y.npy")).unwrap();
        assert_eq!(got, Array { shape: expected.shape, data: reals });
        assert!(text.contains(&format!("\n{runtime}: 200 inputs of 25984 MAC")), "{text}");
    }
    let text = run(&[]);
    assert!(text.starts_with(
        "node 10 \"Conv_3\" (Conv): UINT8 by INT8, ONNX Runtime gives these bits on a CPU with VNNI, or "
    ));
    assert!(text.contains("session options of ONNX Runtime: session.x64quantprecision = 1\n"), "{text}");
}

/// An engine that rounds in float32, unless a flag says otherwise, and says what of a model's integers is less in it.
#[test]
fn an_engine() {
    let dir = tempfile::tempdir().unwrap();
    let output = generate(dir.path(), &["model", &onnx("rescnn_qdq_u8s8_pc.onnx"), "-o", "out"]);
    assert!(output.status.success(), "{output:?}");
    let report = std::fs::read_to_string(dir.path().join("out/model/report.txt")).unwrap();
    for line in ["the engine's input is INT8, 128 less than the model's UINT8", "on the host: 6 QuantizeLinear"] {
        assert!(report.lines().any(|got| got == line), "{report}");
    }
    let manifest = std::fs::read_to_string(dir.path().join("out/manifest.json")).unwrap();
    assert!(manifest.contains(r#""rule": "f32_even""#), "{manifest}");
}

/// The multiplier of a fully connected layer of LiteRT's reference kernels has 31 bits where it rounds once. Where that is
/// not needed, the engine is the default one.
#[test]
fn an_engine_for_the_factors_of_a_runtime() {
    let dir = tempfile::tempdir().unwrap();
    for (file, more, single) in [
        ("mlp_int8.tflite", vec!["--runtime", "litert_reference"], true),
        ("mlp_int8.tflite", vec![], false),
        ("cnn_int8.tflite", vec!["--runtime", "litert_reference"], false),
    ] {
        let output = generate(dir.path(), &[&["model", &digits(file), "-o", "out"], &more[..]].concat());
        assert!(output.status.success(), "{output:?}");
        let manifest = std::fs::read_to_string(dir.path().join("out/manifest.json")).unwrap();
        // The default is not written.
        assert_eq!(manifest.contains(r#""rule": "single""#), single, "{file} {more:?}: {manifest}");
        std::fs::remove_dir_all(dir.path().join("out")).unwrap();
    }
}

#[test]
fn what_the_engine_cannot_do_is_named() {
    let dir = tempfile::tempdir().unwrap();
    for (model, more, expected) in [
        ("cnn_qdq_u8s8_pc.onnx", vec![], "operator 19 (AveragePool): rounds floats as it sums: elements whose "),
        (
            "rescnn_qdq_u8s8_pc.onnx",
            vec!["--rule", "tflite_double"],
            "operator 8 (Conv): channel 1: rounds by f32_even: no factor of",
        ),
        (
            "rescnn_qdq_u8s8_pc.onnx",
            vec!["--runtime", "onnxruntime_avx2"],
            "operator 8 (Conv): is not supported by the engine",
        ),
        ("rescnn_qdq_u8s8_pc.onnx", vec!["--until", "3"], "until: for .tflite files"),
    ] {
        let (path, out) = (onnx(model), dir.path().join("out"));
        let output = generate(dir.path(), &[&["model", &path, "-o", "out"], &more[..]].concat());
        let text = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{text}");
        assert!(text.starts_with(&format!("error: {path}: {expected}")) && text.lines().count() == 1, "{text}");
        assert!(!out.exists());
    }
}

#[test]
fn a_runtime_of_the_other_format_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let (of_onnx, of_tflite) = (onnx("mlp_qdq_u8u8_pt.onnx"), digits("mlp_int8.tflite"));
    for (model, more, expected) in [
        (
            &of_onnx,
            ["--runtime", "tflm"],
            "runtime: tflm runs .tflite files, and this is an .onnx file, which is run by onnxruntime, onnxruntime_avx2",
        ),
        (
            &of_tflite,
            ["--runtime", "onnxruntime"],
            "runtime: onnxruntime runs .onnx files, and this is a .tflite file, which is run by tflm, litert_reference, \
             litert_builtin, xnnpack",
        ),
        (
            &of_onnx,
            ["--until", "3"],
            "until: for .tflite files; --integers leaves out the last DequantizeLinear of an .onnx file",
        ),
    ] {
        let output = generate(dir.path(), &[&["run", model, "--input", "x.npy"], &more[..]].concat());
        let text = String::from_utf8(output.stderr).unwrap();
        assert_eq!((text, output.status.code()), (format!("error: {model}: {expected}\n"), Some(2)));
    }
    let output = generate(dir.path(), &["run", &of_onnx, "--input", "x.npy", "--runtime", "tflite"]);
    let text = String::from_utf8(output.stderr).unwrap();
    assert!(
        text.contains("tflite is none of tflm, litert_reference, litert_builtin, xnnpack, onnxruntime, "),
        "{text}"
    );
}

#[test]
fn inspections() {
    let dir = tempfile::tempdir().unwrap();
    let inspect = |model: &str| {
        let output = generate(dir.path(), &["inspect", model]);
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stdout).unwrap()
    };
    let text = inspect(&onnx("cnn_qdq_s8s8_pt.onnx"));
    for expected in [
        "ONNX, opset 17",
        "inputs   \"input\" FLOAT [?, 1, 8, 8]\noutputs  \"output\"\n",
        "nodes    1 AveragePool, 3 Conv, 15 DequantizeLinear, 1 Flatten, 1 Gemm, 7 QuantizeLinear\n",
        "onnxruntime: runs; ",
        "onnxruntime_avx2: runs; ",
        "(Gemm): INT8 by INT8, ONNX Runtime gives these bits with session.qdqisint8allowed = 1\n",
        "session options of ONNX Runtime: session.qdqisint8allowed = 1\n",
    ] {
        assert!(text.contains(expected), "{expected}\n{text}");
    }
    let text = inspect(&onnx("cnn_float.onnx"));
    assert!(text.contains("onnxruntime: model: no node quantizes anything: it computes in floats\n"), "{text}");
    let text = inspect(&digits("cnn_int8.tflite"));
    for expected in [
        "TensorFlow Lite\n",
        "4      RESHAPE",
        "tflm: runs; the default engine computes all of it\n",
        "xnnpack: runs\n",
    ] {
        assert!(text.contains(expected), "{expected}\n{text}");
    }
}
