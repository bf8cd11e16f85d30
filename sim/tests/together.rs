//! Any two outputs can be read together by one tool: a module that has the name of another has its text.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeMap;
#[cfg(feature = "tools")]
use std::{fs, path::Path, process::Command};

use qrtl_gen::blocks::suite;
use qrtl_gen::emit::Package;
use qrtl_hdl::verilog::File;
#[cfg(feature = "tools")]
use qrtl_sim::{tools, workspace::Workspace};

/// The tops of every configuration of the suite, each with a name of its own, and the texts of all modules, models of
/// cells apart.
fn all_files() -> (Vec<String>, [BTreeMap<String, String>; 2]) {
    let (mut tops, mut texts, mut models) = (Vec::new(), BTreeMap::new(), BTreeMap::new());
    for (i, (spec, _)) in suite().into_iter().enumerate() {
        let package = Package::new(&format!("top_{i}"), spec, "a test").unwrap();
        tops.push(package.name.clone());
        for (files, all) in [(&package.files, &mut texts), (&package.models, &mut models)] {
            for File { name, text, .. } in files {
                let known = all.entry(name.clone()).or_insert_with(|| text.clone());
                assert_eq!(known, text, "two texts of {name}, one of {}", package.name);
            }
        }
    }
    (tops, [texts, models])
}

#[test]
fn equal_names_have_equal_texts() {
    let (tops, [texts, models]) = all_files();
    let counts = (tops.len(), texts.len(), models.len());
    assert!(counts.0 >= 319 && counts.1 > counts.0 + 400 && counts.2 == 5, "{counts:?}");
}

/// One run of each tool over all files at once; none may say a word.
#[test]
#[cfg(feature = "tools")]
fn one_run_of_each_tool_reads_all_configurations() {
    let (tops, [texts, models]) = all_files();
    let dir = tempfile::tempdir().unwrap();
    for (name, text) in texts.iter().chain(&models) {
        fs::write(dir.path().join(format!("{name}.v")), text).unwrap();
    }
    let names: String = texts.keys().chain(models.keys()).map(|name| format!("{name}.v\n")).collect();
    fs::write(dir.path().join("all.f"), names).unwrap();
    // Synthesis has cells of its own.
    let reads: String = texts.keys().map(|name| format!("read_verilog {name}.v\n")).collect();
    let cells = "read_verilog -lib +/ecp5/cells_bb.v +/ecp5/cells_sim.v +/ice40/cells_sim.v\n";
    fs::write(dir.path().join("all.ys"), cells.to_owned() + &reads + "hierarchy -check\n").unwrap();

    silent(dir.path(), "verilator", &["--lint-only", "-Wall", "-Wno-MULTITOP", "-f", "all.f"]);
    silent(dir.path(), "yosys", &["-q", "all.ys"]);
    let roots = tops.iter().flat_map(|top| ["-s", top]);
    let icarus = ["-Wall", "-g2005", "-t", "null", "-c", "all.f"];
    silent(dir.path(), "iverilog", &icarus.into_iter().chain(roots).collect::<Vec<_>>());
}

#[cfg(feature = "tools")]
fn silent(dir: &Path, tool: &str, arguments: &[&str]) {
    let program = Workspace::compiled_in().unwrap().tool(tool);
    let text = tools::run(Command::new(program).current_dir(dir).args(arguments)).unwrap_or_else(|e| panic!("{e}"));
    assert!(text.trim().is_empty(), "{tool}: {}", &text[..text.len().min(2000)]);
}
