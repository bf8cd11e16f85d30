//! Netlists of blocks by Yosys, simulated with the vectors of the blocks.

use std::fs;
use std::process::Command;

use anyhow::{Context, Result};
use qrtl_gen::blocks::engine::holding;
use qrtl_gen::emit::Package;
use qrtl_gen::script::Script;
use qrtl_gen::spec::Spec;
use qrtl_hdl::blocks::engine::EngineConfig;
use qrtl_hdl::blocks::gemm::GemmConfig;
use qrtl_hdl::blocks::requantizer::RequantizerConfig;
use qrtl_hdl::parameter::{Dimension, ZeroPoint};
use qrtl_hdl::targets::Target;
use qrtl_hdl::verilog::File;

use crate::checks::{Check, Done};
use crate::simulation::Simulation;
use crate::tools::run as run_tool;
use crate::verilator::Build;
use crate::workspace::Workspace;

/// Number of vectors for each netlist of arithmetic.
const VECTORS: usize = 20_000;

/// Number of networks for each netlist of an engine.
const NETWORKS: usize = 2;

/// The target of a synthesis.
#[derive(Clone, Copy)]
enum Synthesis {
    /// gates
    Generic,
    /// cells of a device, with Yosys' pass for the device and the models of its cells
    Device { pass: &'static str, cells: &'static str },
}

const ECP5: Synthesis = Synthesis::Device { pass: "synth_ecp5", cells: "+/ecp5/cells_sim.v" };

/// ECP5, where only memories that qrtl instantiates are block memories: Yosys has no model of those that it would infer.
const ECP5_OWN_MEMORIES: Synthesis = Synthesis::Device { pass: "synth_ecp5 -nobram", cells: "+/ecp5/cells_sim.v" };

/// iCE40. Yosys has a model of SB_MAC16, and the netlist is simulated with Yosys' model, not with ours.
const ICE40: Synthesis = Synthesis::Device { pass: "synth_ice40", cells: "+/ice40/cells_sim.v" };

/// iCE40, where Yosys maps products to multipliers.
const ICE40_INFERRED: Synthesis = Synthesis::Device { pass: "synth_ice40 -dsp", cells: "+/ice40/cells_sim.v" };

/// The warning of Yosys for a multiplier whose result has two drivers. Yosys 0.70 makes such a multiplier of a product
/// with two register ranks behind it (`synth_ice40 -dsp`). We take the warning as an error.
pub const LOST: &str = "Driver-driver conflict";

/// The comparisons: a requantizer for each target, and a 2 x 2 GEMM for gates and for iCE40, where a multiplier makes
/// two products.
pub fn checks(workspace: &Workspace, seed: u64) -> Vec<Check<'_>> {
    let up_to = Dimension::UpTo;
    let requantizer = RequantizerConfig::default();
    let gemm = GemmConfig { rows: 2, cols: 2, m: up_to(16), n: up_to(8), k: up_to(32), ..GemmConfig::default() };
    let on_ecp5 = RequantizerConfig { target: Target::Ecp5, pipeline: 12, ..requantizer.clone() };
    let on_ice40 = RequantizerConfig { target: Target::Ice40, pipeline: 11, ..requantizer.clone() };
    let inferred = RequantizerConfig { pipeline: 11, no_backpressure: true, ..requantizer.clone() };
    let in_passes = RequantizerConfig { passes: 4, ..on_ice40.clone() };
    let none = ZeroPoint::None;
    let pairs = GemmConfig {
        target: Target::Ice40,
        requantizers: Some(1),
        dsp_elements: Some(3),
        a_zero_point: none,
        b_zero_point: none,
        ..gemm.clone()
    };
    let check = |(name, spec, synthesis, vectors): (&str, Spec, Synthesis, usize)| Check {
        group: format!("netlist of {name}"),
        words: format!("{vectors} vectors"),
        again: format!("netlist --seed {seed}"),
        run: Box::new(move || run(workspace, &spec, synthesis, vectors, seed)),
    };
    [
        ("requantizer", Spec::Requantizer(requantizer), Synthesis::Generic),
        ("requantizer on ECP5", Spec::Requantizer(on_ecp5), ECP5),
        ("requantizer on iCE40", Spec::Requantizer(on_ice40), ICE40),
        ("requantizer that synthesis makes multipliers of iCE40 of", Spec::Requantizer(inferred), ICE40_INFERRED),
        ("requantizer in 4 passes on iCE40", Spec::Requantizer(in_passes), ICE40),
        ("gemm 2 x 2", Spec::Gemm(gemm), Synthesis::Generic),
        ("gemm 2 x 2 on iCE40", Spec::Gemm(pairs), ICE40),
    ]
    .map(|(name, spec, synthesis)| (name, spec, synthesis, VECTORS))
    .into_iter()
    .chain(engines())
    .map(check)
    .chain([holding_engine(workspace, seed)])
    .collect()
}

/// An engine on ECP5 whose memories hold a network from the start.
fn holding_engine(workspace: &Workspace, seed: u64) -> Check<'_> {
    Check {
        group: "netlist of engine 2 x 4 on ECP5 that holds a model".to_owned(),
        words: "1 network".to_owned(),
        again: format!("netlist --seed {seed}"),
        run: Box::new(move || {
            let (package, script) = holding(&EngineConfig { target: Target::Ecp5, ..small_engine() }, seed)?;
            compare(workspace, &package, &script, ECP5_OWN_MEMORIES, seed)
        }),
    }
}

/// An engine whose memories are small.
fn small_engine() -> EngineConfig {
    EngineConfig {
        rows: 2,
        cols: 4,
        lanes: 4,
        requantizers: 1,
        lane_requantizers: 1,
        activation_bytes: 4_096,
        weight_bytes: 4_096,
        lane_weight_bytes: 4_096,
        channels: 128,
        lane_channels: 128,
        program_words: 1_024,
        terms: 256,
        ..EngineConfig::default()
    }
}

/// Engines whose memories are small. Their images come through the stream.
fn engines() -> impl Iterator<Item = (&'static str, Spec, Synthesis, usize)> {
    let engine = small_engine();
    let on_ice40 = EngineConfig { target: Target::Ice40, split: false, softmax: false, ..engine.clone() };
    let on_ecp5 = EngineConfig { target: Target::Ecp5, ..engine };
    [
        ("engine 2 x 4 on ECP5", Spec::Engine(on_ecp5), ECP5_OWN_MEMORIES, NETWORKS),
        ("engine 2 x 4 on iCE40", Spec::Engine(on_ice40), ICE40, NETWORKS),
    ]
    .into_iter()
}

fn run(workspace: &Workspace, spec: &Spec, synthesis: Synthesis, vectors: usize, seed: u64) -> Result<Done> {
    let package = Package::new(spec.block(), spec.clone(), "sim")?;
    let script = spec.script(&package.built.interface, seed, vectors)?;
    compare(workspace, &package, &script, synthesis, seed)
}

/// Runs a script through the netlist of a package.
fn compare(workspace: &Workspace, package: &Package, script: &Script, synthesis: Synthesis, seed: u64) -> Result<Done> {
    let netlist = synthesize(workspace, package, synthesis)?;
    let files: Vec<File> = package.models.iter().cloned().chain([netlist]).collect();
    let how = Build { lenient: true, ..Build::default() };
    let simulation = Simulation::build(workspace, &package.built.interface, &files, how)?;
    let (outcome, mismatches) = simulation.compare(script, seed)?;
    Ok(Done { outcome, mismatches, remark: String::new() })
}

/// The module after synthesis, as Verilog of gates and flip-flops, or with models of the device's cells.
fn synthesize(workspace: &Workspace, package: &Package, synthesis: Synthesis) -> Result<File> {
    let dir = workspace.staging()?;
    let mut reads = String::new();
    for file in &package.files {
        file.write(dir.path())?;
        reads += &format!("read_verilog {}.v; ", file.name);
    }
    let top = &package.name;
    let commands = match synthesis {
        Synthesis::Generic => {
            format!("{reads} hierarchy -check -top {top}; synth -flatten -top {top}; check -assert; ")
        }
        // A cell that qrtl instantiates itself keeps its name, and has our model if Yosys has none. Only models that
        // the netlist needs are read, because the large memory of iCE40 alone would take half a minute.
        // What Yosys knows by its ports alone would hide our model.
        Synthesis::Device { pass, cells } => format!(
            "{reads} {pass} -top {top}; write_verilog -noattr mapped.v; design -reset; read_verilog -defer {cells}; \
             delete =A:blackbox; \
             read_verilog mapped.v; hierarchy -top {top}; proc; flatten; opt_clean; "
        ),
    };
    let mut yosys = Command::new(workspace.tool("yosys"));
    let commands = commands + "write_verilog -noattr netlist.v";
    run_tool(yosys.current_dir(dir.path()).args(["-q", "-e", LOST, "-p", &commands])).with_context(|| top.clone())?;
    Ok(File::new(top, fs::read_to_string(dir.path().join("netlist.v"))?))
}
