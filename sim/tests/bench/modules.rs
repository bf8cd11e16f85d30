//! Small modules whose faults are known, and how a script is run through them.

use std::fs;
use std::process::Command;

use qrtl_hdl::interface::{BenchPort, Interface, Stream};
use qrtl_hdl::verilog::File;
use qrtl_sim::simulation::Simulation;
use qrtl_sim::verilator::Build;
use qrtl_sim::workspace::Workspace;

pub const STAGE: &str = include_str!("stage.v");
pub const SUM: &str = include_str!("sum.v");
pub const WIDE: &str = include_str!("wide.v");

pub fn port(name: &str, width: usize, lane_width: usize, signed: bool) -> BenchPort {
    BenchPort { name: name.to_owned(), width, lane_width, signed }
}

fn stream(handshake: Option<&str>, payload: Vec<BenchPort>) -> Stream {
    let of = |what| handshake.map(|side| format!("{side}_{what}"));
    Stream { valid: of("valid"), ready: of("ready"), payload }
}

/// The ports of [`STAGE`].
pub fn stage_ports() -> Interface {
    Interface {
        module: "stage".to_owned(),
        clocked: true,
        settings: vec![port("fault", 3, 3, false), port("offset", 8, 8, true)],
        input: stream(Some("in"), vec![port("x", 8, 8, true)]),
        output: stream(Some("out"), vec![port("y", 8, 8, true)]),
        interval: 1,
        patience: 100_000,
    }
}

/// The ports of [`SUM`].
pub fn sum_ports() -> Interface {
    let operands = vec![port("a", 4, 4, true), port("b", 4, 4, true)];
    combinational("sum", vec![port("carry", 1, 1, false)], operands, vec![port("y", 5, 5, true)])
}

pub fn combinational(
    module: &str,
    settings: Vec<BenchPort>,
    input: Vec<BenchPort>,
    output: Vec<BenchPort>,
) -> Interface {
    let module = module.to_owned();
    let (input, output) = (stream(None, input), stream(None, output));
    Interface { module, clocked: false, settings, input, output, interval: 1, patience: 100_000 }
}

pub fn stage() -> Simulation {
    built(STAGE, &stage_ports(), Build::default()).unwrap()
}

pub fn built(text: &str, interface: &Interface, how: Build) -> anyhow::Result<Simulation> {
    let file = File::new(&interface.module, text.to_owned());
    Simulation::build(Workspace::compiled_in()?, interface, &[file], how)
}

pub struct Ran {
    pub status: Option<i32>,
    pub out: String,
    pub err: String,
}

/// Runs commands through a bench; with `expected`, compares.
pub fn run(simulation: &Simulation, commands: &str, expected: Option<&str>, options: &[&str]) -> Ran {
    let dir = tempfile::tempdir().unwrap();
    let mut command = Command::new(simulation.program());
    fs::write(dir.path().join("in.txt"), commands).unwrap();
    command.arg("--vectors").arg(dir.path().join("in.txt"));
    if let Some(expected) = expected {
        fs::write(dir.path().join("expected.txt"), expected).unwrap();
        command.arg("--expect").arg(dir.path().join("expected.txt"));
    }
    let output = command.args(options).output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    Ran { status: output.status.code(), out: text(output.stdout), err: text(output.stderr) }
}
