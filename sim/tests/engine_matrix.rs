//! The text of the engine's matrix unit, for each target: linted, and compared clock by clock with the evaluation of its
//! description in Rust, which `hdl/tests/engine_matrix.rs` holds to its definition.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "../../hdl/tests/engine_matrix/bench.rs"]
mod bench;
#[path = "../../golden/tests/support/seeded.rs"]
mod seeded;
#[path = "../../hdl/tests/engine_matrix/step.rs"]
mod step;

use std::fmt::Write;
use std::process::Command;

use bench::{Bench, Pauses};
use qrtl_gen::script::Script;
use qrtl_hdl::blocks::engine::EngineConfig;
use qrtl_hdl::blocks::engine::matrix::Matrix;
use qrtl_hdl::exact::{Design, Named, Role, elaborate};
use qrtl_hdl::interface::{BenchPort, Interface, Stream};
use qrtl_hdl::targets::{Target, models};
use qrtl_hdl::verilog::{File, Provenance, print};
use qrtl_sim::simulation::Simulation;
use qrtl_sim::tools::run;
use qrtl_sim::verilator::Build;
use qrtl_sim::workspace::Workspace;
use step::{Shape, Step};

#[test]
fn the_text_does_what_the_description_says() {
    let mut random = seeded::seeded(51);
    let sizes = EngineConfig {
        terms: 64,
        channels: 128,
        weight_bytes: 32_768,
        activation_bytes: 4096,
        ..EngineConfig::default()
    };
    let configs = [
        EngineConfig {
            rows: 2,
            cols: 4,
            lanes: 4,
            requantizers: 1,
            passes: 4,
            pipeline: 11,
            target: Target::Ice40,
            ..sizes.clone()
        },
        EngineConfig { cols: 8, pipeline: 12, target: Target::Ecp5, dsp_elements: Some(20), ..sizes.clone() },
        EngineConfig { cols: 8, lanes: 4, requantizers: 2, split: false, ..sizes },
    ];
    for config in configs {
        let mut bench = Bench::new(&config);
        bench.observe();
        for pauses in [Pauses::None, Pauses::UpTo(30), Pauses::None, Pauses::UpTo(30)] {
            let shape = Shape::draw(&mut random, &config);
            bench.run(&Step::draw(&mut random, &config, shape), &mut random, pauses);
        }
        let design = elaborate(&Matrix::new(&config).unwrap(), "matrix").unwrap();
        compare(&design, bench.observed());
    }
}

/// Compares what the text does in each clock.
fn compare(design: &Design, observed: &[[Vec<i128>; 2]]) {
    let workspace = Workspace::compiled_in().unwrap();
    let mut files = print(design, &Provenance { command: "a test".to_owned() });
    let interface = interface(design);
    files.extend(models(design));
    lint(workspace, design, &files);
    files.push(File::new(&interface.module, shell(design)));
    let mut script = Script::new(&interface);
    for [inputs, _] in observed {
        script.beat(inputs);
        script.await_results(1);
    }
    script.flush();
    let simulation = Simulation::build(workspace, &interface, &files, Build::default()).unwrap().zeroed();
    let got = simulation.converse().unwrap().run(&script).unwrap();
    assert_eq!(got.len(), observed.len());
    for (clock, (got, [_, expected])) in got.iter().zip(observed).enumerate() {
        assert_eq!(got, expected, "clock {clock} of {}", design.top().header.module);
    }
}

/// The ports of a role.
fn ports(design: &Design, role: Role) -> impl Iterator<Item = &Named> {
    design.top().ports.iter().filter(move |(name, info)| info.role == role && name != "rst_n")
}

/// The unit as a module that answers in each clock what its outputs are.
fn interface(design: &Design) -> Interface {
    let port = |(name, info): &Named| {
        let lane_width = info.range.width() as usize;
        let width = lane_width * info.lanes.unwrap_or(1);
        BenchPort { name: name.clone(), width, lane_width, signed: info.range.is_signed() }
    };
    let stream = |valid: &str, role| Stream {
        valid: Some(valid.to_owned()),
        ready: None,
        payload: ports(design, role).map(port).collect(),
    };
    Interface {
        module: "observed".to_owned(),
        clocked: true,
        settings: Vec::new(),
        input: stream("in_valid", Role::Input),
        output: stream("out_valid", Role::Output),
        interval: 1,
        patience: 1_000,
    }
}

/// A module around the unit, whose outputs are always valid.
fn shell(design: &Design) -> String {
    let mut text = "module observed (\n    input clk, input rst_n, input in_valid, output out_valid".to_owned();
    let mut pins = "    .clk(clk), .rst_n(rst_n)".to_owned();
    for (role, direction) in [(Role::Input, "input"), (Role::Output, "output")] {
        for (name, info) in ports(design, role) {
            let width = info.range.width() as usize * info.lanes.unwrap_or(1);
            let shape = if width > 1 { format!("[{}:0] ", width - 1) } else { String::new() };
            write!(text, ",\n    {direction} {shape}{name}").unwrap();
            write!(pins, ",\n    .{name}({name})").unwrap();
        }
    }
    format!("{text}\n);\nassign out_valid = in_valid;\n{} unit (\n{pins}\n);\nendmodule\n", design.name)
}

/// Not a word from the linter.
fn lint(workspace: &Workspace, design: &Design, files: &[File]) {
    let dir = workspace.staging().unwrap();
    let names: Vec<String> = files.iter().map(|f| format!("{}.v", f.name)).collect();
    files.iter().zip(&names).for_each(|(f, name)| std::fs::write(dir.path().join(name), &f.text).unwrap());
    let mut verilator = Command::new(workspace.tool("verilator"));
    verilator.current_dir(dir.path()).args(["--lint-only", "-Wall", "--top-module", &design.name]).args(&names);
    let said = run(&mut verilator).unwrap_or_else(|e| panic!("{e}"));
    assert!(!said.contains("arning") && !said.contains("rror"), "{said}");
}
