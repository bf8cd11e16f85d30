//! Names that would break out of the text in which they stand: emitted text holds no name but a checked identifier, and an
//! error is one short line.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

fn generate(dir: &Path, args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_gen")).current_dir(dir).args(args).output().unwrap()
}

/// What stands in each hostile name, and must stand in no file.
const MARK: &str = "hostile";

/// Ends of lines, strings and comments, directives, and names of files elsewhere.
fn hostile() -> Vec<String> {
    let pieces =
        ["\n", "\r\n", "\"", "'", "*/", "/*", "//", "`define x ", "\\", "\\\n", ";", "$finish", " ", "\t", "\u{2028}"];
    let mut names: Vec<String> = pieces.iter().map(|piece| format!("{MARK}{piece}{MARK}")).collect();
    names.extend([format!("{MARK}\u{e9}"), format!("1{MARK}"), MARK.repeat(1_500), "$(touch hostile)".to_owned()]);
    names
}

#[track_caller]
fn is_one_line(output: &Output) {
    let text = String::from_utf8(output.stderr.clone()).unwrap();
    assert_eq!(output.status.code(), Some(2), "{text}");
    assert!(text.starts_with("error: ") && text.lines().count() == 1 && text.len() < 1_000, "{text}");
    assert!(!text.trim_end().contains(char::is_control), "{text:?}");
}

/// All files below a directory.
fn files(dir: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path());
    entries.flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] }).collect()
}

#[track_caller]
fn are_free_of_the_mark(dir: &Path) {
    let all = files(dir);
    assert!(all.len() > 5, "{all:?}");
    for file in all {
        assert!(!file.to_string_lossy().contains(MARK), "{}", file.display());
        let bytes = fs::read(&file).unwrap();
        assert!(!bytes.windows(MARK.len()).any(|window| window == MARK.as_bytes()), "{}", file.display());
    }
}

#[test]
fn names_of_modules() {
    let dir = tempfile::tempdir().unwrap();
    let keywords = ["module", "endmodule", "always", "reg", "logic", "begin", "initial", "wire"];
    let all = hostile().into_iter().chain(keywords.map(str::to_owned)).chain([String::new(), "../x".to_owned()]);
    for name in all {
        is_one_line(&generate(dir.path(), &["emit", "saturator", &format!("--name={name}"), "-o", "out"]));
        assert!(!dir.path().join("out").exists(), "{name:?}");
    }
}

/// Files may have any name; what is made of them does not hold it.
#[test]
fn names_of_files() {
    let dir = tempfile::tempdir().unwrap();
    let model = Path::new(env!("CARGO_MANIFEST_DIR")).join("../models/digits/mlp_int8.tflite");
    let all = hostile().into_iter().map(|name| name.replace('/', "_")).filter(|name| name.len() < 200);
    // A plain word may be the name of a file in emitted text.
    for name in all.filter(|name| !name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')) {
        let at = |ending: &str| format!("{name}.{ending}");
        fs::write(dir.path().join(at("toml")), "block = \"saturator\"\n").unwrap();
        fs::copy(&model, dir.path().join(at("tflite"))).unwrap();
        for (out, args) in [
            ("block", vec!["emit", "--config", &at("toml"), "-o", "block"]),
            ("layers", vec!["model", &at("tflite"), "--per-layer", "-o", "layers"]),
            ("engine", vec!["model", &at("tflite"), "-o", "engine"]),
        ] {
            let output = generate(dir.path(), &args);
            assert!(output.status.success(), "{name:?}: {output:?}");
            are_free_of_the_mark(&dir.path().join(out));
        }
    }
}

/// The names of tensors in a model, of as many bytes as they have.
#[test]
fn names_of_tensors() {
    let dir = tempfile::tempdir().unwrap();
    let model = Path::new(env!("CARGO_MANIFEST_DIR")).join("../models/digits/mlp_int8.tflite");
    let mut bytes = fs::read(model).unwrap();
    let old: &[u8] = b"sequential";
    let places: Vec<usize> = (0..bytes.len() - old.len()).filter(|&at| bytes[at..].starts_with(old)).collect();
    assert!(places.len() > 2, "{places:?}");
    places.iter().for_each(|&at| bytes[at..at + old.len()].copy_from_slice(b"\n`hostile\""));
    fs::write(dir.path().join("model.tflite"), bytes).unwrap();
    let output = generate(dir.path(), &["model", "model.tflite", "-o", "engine"]);
    assert!(output.status.success(), "{output:?}");
    are_free_of_the_mark(&dir.path().join("engine"));
    let output = generate(dir.path(), &["model", "model.tflite", "--per-layer", "-o", "layers"]);
    assert!(output.status.success(), "{output:?}");
    // The manifest names the layers, as JSON; the blocks do not.
    for block in ["layer_0", "layer_1"] {
        are_free_of_the_mark(&dir.path().join("layers").join(block));
    }
    let manifest = fs::read_to_string(dir.path().join("layers/manifest.json")).unwrap();
    let manifest: serde_json::Value = serde_json::from_str(&manifest).unwrap();
    assert!(manifest["operators"][0].as_str().unwrap().contains("\n`hostile\""), "{manifest}");
}
