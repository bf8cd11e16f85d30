//! Random descriptions, printed, linted by three tools without a word, and simulated against their evaluation in Rust:
//! 300 combinational blocks and 30 register trees.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

#[path = "../../golden/tests/support/seeded.rs"]
mod seeded;

use std::path::Path;
use std::process::Command;

use qrtl_gen::script::Script;
use qrtl_hdl::exact::{Design, FlatSim, elaborate};
use qrtl_hdl::interface::{BenchPort, Interface, Stream};
use qrtl_hdl::verilog::{File, Provenance, print};
use qrtl_random::Random;
use qrtl_sim::simulation::Simulation;
use qrtl_sim::tools::run;
use qrtl_sim::verilator::Build;
use qrtl_sim::workspace::Workspace;
use support::Forest;

#[test]
fn blocks_of_random_expressions() {
    let mut random = seeded::seeded(2026);
    for part in 0..5 {
        check(&format!("expressions_{part}"), 60, 0, 4000, &mut random);
    }
}

#[test]
fn trees_of_random_registers() {
    let mut random = seeded::seeded(2027);
    for part in 0..3 {
        check(&format!("trees_{part}"), 0, 10, 4000, &mut random);
    }
}

fn check(name: &str, blocks: usize, trees: usize, vectors: usize, random: &mut Random) {
    let workspace = Workspace::compiled_in().unwrap();
    let forest = Forest::draw(random, blocks, trees);
    let design = elaborate(&forest, name).unwrap_or_else(|faults| panic!("{faults}"));
    let files = print(&design, &Provenance { command: "a test".to_owned() });
    lint(workspace, name, &files);
    let interface = interface(&design, trees > 0);
    let mut script = Script::new(&interface);
    let mut flat = FlatSim::new(&design);
    if trees > 0 {
        flat.set("rst_n", 0);
        flat.set("in_valid", 0);
        (0..2).for_each(|_| flat.step().unwrap());
        flat.set("rst_n", 1);
        flat.set("in_valid", 1);
    }
    let mut expected = Vec::new();
    for _ in 0..vectors {
        let beat: Vec<i128> = forest.inputs().iter().map(|r| random.corner(r.lo(), r.hi())).collect();
        beat.iter().enumerate().for_each(|(i, v)| flat.set(&format!("x_{i}"), *v));
        script.beat(&beat);
        script.await_results(1);
        flat.settle();
        expected.push((0..forest.outputs()).map(|i| flat.get(&format!("y_{i}"))).collect::<Vec<_>>());
        flat.step().unwrap_or_else(|e| panic!("{e}"));
    }
    script.flush();
    let simulation = Simulation::build(workspace, &interface, &files, Build::default()).unwrap().zeroed();
    let got = simulation.converse().unwrap().run(&script).unwrap();
    assert_eq!(got.len(), vectors);
    for (i, (got, expected)) in got.iter().zip(&expected).enumerate() {
        assert_eq!(got, expected, "{name}, vector {i}");
    }
    println!("{name}: {} modules, {vectors} vectors, 0 mismatches", files.len());
}

fn interface(design: &Design, clocked: bool) -> Interface {
    let ports = |letter: &str| {
        let named = design.top().ports.iter().filter(|(n, _)| n.starts_with(letter));
        let port = |(n, i): &(String, qrtl_hdl::exact::AtomInfo)| {
            let width = i.range.width() as usize;
            BenchPort { name: n.clone(), width, lane_width: width, signed: i.range.is_signed() }
        };
        named.map(port).collect()
    };
    let valid = |name: &str| clocked.then(|| name.to_owned());
    Interface {
        module: design.name.clone(),
        clocked,
        settings: Vec::new(),
        input: Stream { valid: valid("in_valid"), ready: None, payload: ports("x_") },
        output: Stream { valid: valid("out_valid"), ready: None, payload: ports("y_") },
        interval: 1,
        patience: 100_000,
    }
}

/// Not a word from any of the three.
fn lint(workspace: &Workspace, name: &str, files: &[File]) {
    let dir = workspace.staging().unwrap();
    let paths: Vec<String> = files.iter().map(|f| format!("{}.v", f.name)).collect();
    files.iter().zip(&paths).for_each(|(f, p)| std::fs::write(dir.path().join(p), &f.text).unwrap());
    // Kept where a failure can be looked at.
    if let Ok(keep) = std::env::var("QRTL_KEEP") {
        std::fs::create_dir_all(&keep).unwrap();
        files.iter().zip(&paths).for_each(|(f, p)| std::fs::write(Path::new(&keep).join(p), &f.text).unwrap());
    }
    let silent = |tool: &str, args: &[&str]| {
        let text = run(Command::new(workspace.tool(tool)).current_dir(dir.path()).args(args));
        let text = text.unwrap_or_else(|e| panic!("{tool} on {name}: {e}"));
        assert!(!text.contains("arning") && !text.contains("rror"), "{tool} on {name}:\n{text}");
    };
    let paths: Vec<&str> = paths.iter().map(String::as_str).collect();
    silent("verilator", &[&["--lint-only", "-Wall", "--top-module", name], paths.as_slice()].concat());
    silent("iverilog", &[&["-g2005", "-Wall", "-o", "lint.vvp"], paths.as_slice()].concat());
    let read = format!("read_verilog {}; hierarchy -check -top {name}; proc; check -assert", paths.join(" "));
    silent("yosys", &["-q", "-p", &read]);
}
