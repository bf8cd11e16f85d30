//! An emitted directory checks itself with Verilator alone, and tells of a bug.

use std::fs;
use std::path::Path;
use std::process::Command;

use qrtl_gen::blocks::engine::holding;
use qrtl_gen::emit::Package;
use qrtl_gen::spec::Spec;
use qrtl_hdl::blocks::saturator::SaturatorConfig;
use qrtl_sim::suite::holding_engines;
use qrtl_sim::tools::run;
use qrtl_sim::workspace::Workspace;

fn make(dir: &Path, goal: &str) -> anyhow::Result<String> {
    let verilator = Workspace::compiled_in()?.tool("verilator");
    run(Command::new("make").current_dir(dir).arg(goal).arg(format!("VERILATOR={}", verilator.display())))
}

#[test]
fn make_sim_in_an_emitted_directory() {
    let spec = Spec::Saturator(SaturatorConfig { registered: true, ..SaturatorConfig::default() });
    let package = Package::new("saturator", spec, "a test").unwrap();
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path().join("saturator");
    package.write(&dir, &package.vectors().unwrap()).unwrap();
    let text = make(&dir, "sim").unwrap();
    assert_eq!(text.matches(" vectors, 0 mismatches").count(), 2, "{text}");
    let path = dir.join("rtl/saturator.v");
    let verilog = fs::read_to_string(&path).unwrap();
    let wrong = verilog.replace("8'd255", "8'd254");
    assert_ne!(verilog, wrong);
    fs::write(path, wrong).unwrap();
    let error = make(&dir, "sim").unwrap_err().to_string();
    assert!(error.contains("got fe, expected ff"), "{error}");
}

/// The words of its memories stand in files, which `make sim` finds. With other words, other values come.
#[test]
fn make_sim_of_an_engine_that_holds_a_model() {
    let (config, _) = holding_engines().swap_remove(0);
    let (package, script) = holding(&config, 1).unwrap();
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path().join("engine");
    package.write(&dir, &script).unwrap();
    let text = make(&dir, "sim").unwrap();
    assert_eq!(text.matches(" vectors, 0 mismatches").count(), 2, "{text}");
    for entry in fs::read_dir(dir.join("rtl")).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|extension| extension == "hex") {
            let words = fs::read_to_string(&path).unwrap();
            fs::write(path, words.replace('1', "3")).unwrap();
        }
    }
    assert!(make(&dir, "sim").is_err());
}
