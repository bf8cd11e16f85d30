//! What `gen` writes, and that it writes nothing where it must not.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use support::files;

fn generate(dir: &Path, args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_gen")).current_dir(dir).args(args).output().unwrap()
}

#[test]
fn the_catalogue_twice() {
    let dir = tempfile::tempdir().unwrap();
    let first = generate(dir.path(), &[]);
    assert!(first.status.success(), "{first:?}");
    let once = files(dir.path());
    let second = generate(dir.path(), &[]);
    assert_eq!(first.stdout, second.stdout);
    assert_eq!(once, files(dir.path()));

    let table = String::from_utf8(first.stdout).unwrap();
    let blocks = [
        "saturator",
        "fixed_point_multiplier",
        "lookup",
        "softmax",
        "add",
        "average_pool",
        "max_pool",
        "requantizer",
        "float_requantizer",
        "gemm",
        "gemm_axis",
        "engine",
    ];
    let rows: Vec<&str> = table.lines().skip(1).filter_map(|l| l.split_whitespace().next()).collect();
    assert_eq!(rows, blocks);
    for block in blocks {
        assert!(once.contains_key(&Path::new("build").join(block).join(format!("rtl/{block}.v"))), "{block}");
    }
    let here = dir.path().to_str().unwrap();
    for (path, bytes) in &once {
        let text = String::from_utf8_lossy(bytes);
        assert!(!text.contains(here) && !text.contains("/work") && !text.contains("/home"), "{}", path.display());
        if path.extension().is_some_and(|e| e == "v") && path.parent().is_some_and(|p| p.ends_with("rtl")) {
            let modules: Vec<&str> = text.lines().filter_map(|l| l.strip_prefix("module ")).collect();
            let name = path.file_stem().unwrap().to_str().unwrap();
            assert_eq!(modules, [format!("{name} (")], "{}", path.display());
            assert!(text.starts_with(&format!("// {name}: ")), "{}", path.display());
        }
    }
}

#[track_caller]
fn refuses(dir: &Path, args: &[&str], error: &str) {
    let before = files(dir);
    let output = generate(dir, args);
    let text = String::from_utf8(output.stderr).unwrap();
    assert_eq!((text.lines().next(), output.status.code()), (Some(error), Some(2)), "{args:?}");
    assert!(output.stdout.is_empty() && !text.contains("panicked"), "{args:?}");
    assert_eq!(before, files(dir), "{args:?}");
}

#[test]
fn places_that_it_does_not_touch() {
    let dir = tempfile::tempdir().unwrap();
    let at = dir.path();
    fs::write(at.join("file"), "text").unwrap();
    fs::create_dir(at.join("foreign")).unwrap();
    fs::write(at.join("foreign/notes"), "text").unwrap();
    let foreign = "error: foreign: exists, and was not written by qrtl";
    refuses(at, &["emit", "saturator", "-o", "foreign"], foreign);
    refuses(at, &["emit", "saturator", "-o", "file"], "error: file: exists, and was not written by qrtl");
    let below = "error: file: cannot create: File exists (os error 17)";
    refuses(at, &["emit", "saturator", "-o", "file/out"], below);
    let name =
        |n: &str| format!("error: name: {n:?} is no identifier of up to 128 letters, digits and _ (and no keyword)");
    for bad in ["module", "logic", "a/b", "../a", "", "1a"] {
        refuses(at, &["emit", "saturator", "-o", "out", "--name", bad], &name(bad));
    }
}

/// A manifest of somebody else does not make a directory ours.
#[test]
fn a_foreign_manifest() {
    let dir = tempfile::tempdir().unwrap();
    fs::create_dir(dir.path().join("app")).unwrap();
    fs::write(dir.path().join("app/manifest.json"), r#"{"name":"my web app"}"#).unwrap();
    let before = files(dir.path());
    refuses(dir.path(), &["emit", "saturator", "-o", "app"], "error: app: exists, and was not written by qrtl");
    assert_eq!(files(dir.path()), before);
}

/// The top would stand beside a module of the same name.
#[test]
fn a_name_that_is_taken_inside() {
    let dir = tempfile::tempdir().unwrap();
    let args = ["emit", "requantizer", "--target", "ice40", "--name", "SB_MAC16", "-o", "d"];
    refuses(dir.path(), &args, "error: name: SB_MAC16 is the name of a module inside the block");
}

#[test]
fn another_block_takes_the_place_of_one() {
    let dir = tempfile::tempdir().unwrap();
    for args in [&["requantizer", "--target", "ice40"][..], &["requantizer"], &["saturator"]] {
        let output = generate(dir.path(), &[&["emit"], args, &["-o", "out"]].concat());
        assert!(output.status.success(), "{output:?}");
    }
    let left: Vec<PathBuf> = files(&dir.path().join("out")).into_keys().collect();
    assert!(left.contains(&PathBuf::from("saturator_inst.v")), "{left:?}");
    assert!(left.iter().all(|path| !path.to_string_lossy().contains("requantizer")), "{left:?}");
}

#[test]
fn models_that_it_cannot_take() {
    let dir = tempfile::tempdir().unwrap();
    let models = Path::new(env!("CARGO_MANIFEST_DIR")).join("../models/digits");
    let whole = fs::read(models.join("mlp_int8.tflite")).unwrap();
    fs::write(dir.path().join("cut.tflite"), &whole[..1000]).unwrap();
    fs::write(dir.path().join("foreign.tflite"), "no model at all").unwrap();
    fs::copy(models.join("cnn_int8.tflite"), dir.path().join("cnn.tflite")).unwrap();
    for (file, error) in [
        ("cnn.tflite", "error: cnn.tflite: operator 0 is CONV_2D: only FULLY_CONNECTED is supported"),
        (
            "foreign.tflite",
            "error: foreign.tflite: not a TensorFlow Lite model: bytes 4 to 7 must be \"TFL3\", got \"odel\"",
        ),
        (
            "cut.tflite",
            "error: cut.tflite: damaged TensorFlow Lite file of 1000 bytes: Range [5004, 5008) is out of bounds., while \
             verifying table field `operator_codes` at position 52",
        ),
    ] {
        refuses(dir.path(), &["model", file, "--per-layer", "-o", "out"], error);
    }
}

#[test]
fn arrays_that_are_too_large() {
    let dir = tempfile::tempdir().unwrap();
    for side in ["rows", "cols"] {
        for n in ["0", "257", "100000"] {
            let error = format!("error: gemm: {side}: {n} is outside 1..=256");
            refuses(dir.path(), &["emit", "gemm", &format!("--{side}"), n, "-o", "out"], &error);
        }
    }
}
