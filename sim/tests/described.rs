//! What `sim qor --config` and `sim explore` refuse, before any tool is called.

use std::fs;
use std::process::Command;

#[test]
fn bad_input_has_status_2() {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("good.toml"), "block = \"gemm\"\n").unwrap();
    fs::write(dir.path().join("key.toml"), "block = \"gemm\"\nrosw = 3\n").unwrap();
    fs::write(dir.path().join("2x2.toml"), "block = \"gemm\"\n").unwrap();
    for (args, expected) in [
        (vec!["qor", "--config", "good.toml"], "--device <DEVICE>"),
        (vec!["qor", "--device", "up5k"], "--config <FILE.toml>"),
        (vec!["qor", "gemm", "--config", "good.toml", "--device", "up5k"], "cannot be used with"),
        (vec!["qor", "--config", "none.toml", "--device", "up5k"], "none.toml: "),
        (vec!["qor", "--config", "good.toml", "key.toml", "--device", "up5k"], "key.toml: TOML parse error at line 2"),
        (vec!["qor", "--config", "2x2.toml", "--device", "up5k"], "2x2.toml: name: \"2x2\" is no identifier"),
        (
            vec!["explore", "--per-layer", "--m", "0", "--n", "1", "--k", "1", "--device", "up5k"],
            "m: 0 is no size of a matrix",
        ),
    ] {
        let output = Command::new(env!("CARGO_BIN_EXE_sim")).current_dir(dir.path()).args(&args).output().unwrap();
        let text = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{args:?}: {text}");
        assert!(text.starts_with("error: ") && text.contains(expected), "{args:?}: {text}");
    }
}
