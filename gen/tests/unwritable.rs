//! Places that cannot hold what is written: a disk that is full, and one that is read-only. Either gives one clear error
//! with exit status 2, and leaves what was there.

#![cfg(unix)]
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use support::{Files, files};

const MODEL: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../models/digits/rescnn_int8.tflite");
const MLP: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../models/digits/mlp_int8.tflite");
const INPUTS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../models/digits/rescnn_input_int8_all.npy");

/// Every command that writes, but for the place: what is written ends in it.
const WRITERS: [&[&str]; 6] = [
    &["emit", "saturator", "-o"],
    &["model", MODEL, "-o"],
    &["model", "--per-layer", MLP, "-o"],
    &["explore", MODEL, "--device", "ecp5-25", "--rows", "2", "--cols", "8", "--csv"],
    &["run", MODEL, "--input", INPUTS, "-o"],
    &["run", MODEL, "--input", INPUTS, "--layers"],
];

/// Runs `gen` in a shell that may do `before` first.
fn gen_behind(before: &str, dir: &Path, arguments: &[&str]) -> Output {
    let mut shell = Command::new("sh");
    shell.args(["-c", &format!("{before}; exec \"$0\" \"$@\""), env!("CARGO_BIN_EXE_gen")]);
    shell.args(arguments).current_dir(dir).output().unwrap()
}

/// One line that begins with `error:` and names the place, and status 2.
fn assert_refused(output: &Output, arguments: &[&str], place: &str) {
    let text = String::from_utf8_lossy(&output.stderr);
    let errors: Vec<&str> = text.lines().filter(|line| line.starts_with("error: ")).collect();
    let clear = errors.len() == 1 && errors[0].contains(place) && !text.contains("panicked");
    assert!(clear && output.status.code() == Some(2), "{arguments:?}: {:?}\n{text}", output.status);
}

#[test]
fn a_full_disk() {
    for writer in WRITERS {
        let arguments = [writer, &["place"]].concat();
        let (old, none) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let fits = gen_behind("true", old.path(), &arguments);
        assert!(fits.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&fits.stderr));
        let written = files(old.path());
        let largest = written.values().map(Vec::len).max().unwrap();
        for blocks in [0, 1, 8].into_iter().filter(|blocks| blocks * 512 < largest) {
            // No file may grow beyond the limit, and a write then fails as it does on a full disk.
            let full = format!("trap '' XFSZ; ulimit -f {blocks}");
            for (dir, before) in [(old.path(), &written), (none.path(), &Files::new())] {
                assert_refused(&gen_behind(&full, dir, &arguments), &arguments, "place");
                assert!(files(dir) == *before, "{arguments:?}: something else is there");
                assert_eq!(fs::read_dir(dir).unwrap().count(), usize::from(!before.is_empty()), "{arguments:?}");
            }
        }
    }
}

#[test]
fn a_disk_that_is_read_only() {
    // Nobody makes a file in /proc, not even root, for whom modes do not count.
    for writer in WRITERS {
        let arguments = [writer, &["/proc/qrtl/place"]].concat();
        let output = gen_behind("true", Path::new("/"), &arguments);
        assert_refused(&output, &arguments, "/proc/qrtl");
    }
}
