//! `docs/models.md` is what `gen models` says of the models of the repository, and the README has its first lines. Where a
//! change is meant, `make models` writes the document anew.

use std::fs;
use std::path::Path;
use std::process::Command;

const INTRODUCTION: &str = "# Which models run

Written by `make models`: what `gen models models golden/tests/cases` says of the models in the repository. Those in
`golden/tests/cases` are small, of one operator or few, with options of every kind; some are there to be refused.
`gen models DIRECTORY` says the same of other files; [models-of-others.md](models-of-others.md) has MLPerf Tiny and two examples
of TensorFlow Lite Micro. \"Golden runs it as\" names the runtimes whose bits it gives. The engine is the default one with 262,144
bytes of activations, with the rule of the first of these runtimes.

";

#[test]
fn the_table_of_models_is_what_the_command_says() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let mut command = Command::new(env!("CARGO_BIN_EXE_gen"));
    let output = command.current_dir(&root).args(["models", "models", "golden/tests/cases"]).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    let said = String::from_utf8(output.stdout).unwrap();
    let document = root.join("docs/models.md");
    let expected = format!("{INTRODUCTION}{said}");
    if std::env::var_os("QRTL_WRITE").is_some() {
        fs::write(&document, &expected).unwrap();
    }
    let there = fs::read_to_string(&document).unwrap_or_default();
    assert!(there == expected, "docs/models.md is not what `gen models` says: `make models` writes it anew");
    let readme = fs::read_to_string(root.join("README.md")).unwrap();
    for line in said.lines().take_while(|line| !line.is_empty()) {
        assert!(readme.contains(line), "README.md does not say: {line}");
    }
}
