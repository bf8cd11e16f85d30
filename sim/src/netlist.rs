//! What Yosys makes of a block, simulated with the vectors of the block itself.

use std::fs;
use std::process::Command;

use anyhow::{Result, anyhow, bail, ensure};
use qrtl_gen::emit::Package;
use qrtl_gen::spec::Spec;
use qrtl_hdl::blocks::gemm::GemmConfig;
use qrtl_hdl::blocks::requantizer::RequantizerConfig;
use qrtl_hdl::parameter::{Dimension, ZeroPoint};
use qrtl_hdl::targets::Target;
use qrtl_hdl::verilog::File;

use crate::suite::check_files;
use crate::verilator::{Build, staging, tool};

/// Vectors for each netlist.
const VECTORS: usize = 20_000;

/// What a block is synthesized for.
#[derive(Clone, Copy)]
enum Synthesis {
    /// gates
    Generic,
    /// cells of a device, given Yosys' pass for it and the models of its cells
    Device { pass: &'static str, cells: &'static str },
}

const ECP5: Synthesis = Synthesis::Device { pass: "synth_ecp5", cells: "+/ecp5/cells_sim.v" };

/// Yosys has a model of SB_MAC16: the netlist is simulated with that, not with ours.
const ICE40: Synthesis = Synthesis::Device { pass: "synth_ice40", cells: "+/ice40/cells_sim.v" };

/// The same, with multipliers made of products.
const ICE40_INFERRED: Synthesis = Synthesis::Device { pass: "synth_ice40 -dsp", cells: "+/ice40/cells_sim.v" };

/// What Yosys warns of where it has made a multiplier whose result it then takes from elsewhere: 0.70 does so with two ranks
/// of registers behind a product (`synth_ice40 -dsp`). An error, to us.
pub const LOST: &str = "Driver-driver conflict";

/// Synthesizes a requantizer for each target and a 2 x 2 GEMM for gates and for iCE40, there with two products in a
/// multiplier, and runs their netlists.
///
/// # Errors
/// If a result differs, or Yosys is missing or fails.
pub fn run(seed: u64) -> Result<()> {
    let up_to = |n| Dimension::UpTo(n);
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
    for (name, spec, synthesis) in [
        ("requantizer", Spec::Requantizer(requantizer), Synthesis::Generic),
        ("requantizer on ECP5", Spec::Requantizer(on_ecp5), ECP5),
        ("requantizer on iCE40", Spec::Requantizer(on_ice40), ICE40),
        ("requantizer that synthesis makes multipliers of iCE40 of", Spec::Requantizer(inferred), ICE40_INFERRED),
        ("requantizer in 4 passes on iCE40", Spec::Requantizer(in_passes), ICE40),
        ("gemm 2 x 2", Spec::Gemm(gemm), Synthesis::Generic),
        ("gemm 2 x 2 on iCE40", Spec::Gemm(pairs), ICE40),
    ] {
        let package = Package::new(spec.block(), spec, "sim")?;
        let script = package.spec.script(&package.built.interface, seed, VECTORS)?;
        eprintln!("netlist of {name}: synthesis");
        let files = package.models.iter().cloned().chain([synthesize(&package, synthesis)?]).collect::<Vec<_>>();
        let how = Build { netlist: true, ..Build::default() };
        let outcome = check_files(&package, &files, &script, seed, how)?;
        println!("netlist of {name}: {} vectors, {} mismatches", outcome.vectors, outcome.mismatches);
        ensure!(outcome.mismatches == 0, "netlist of {name}: {} results differ", outcome.mismatches);
    }
    Ok(())
}

/// The module after synthesis, as Verilog: of gates and flip-flops, or of what the models of a device's cells say.
fn synthesize(package: &Package, synthesis: Synthesis) -> Result<File> {
    let dir = staging()?;
    let mut reads = String::new();
    for file in &package.files {
        fs::write(dir.path().join(format!("{}.v", file.name)), &file.text)?;
        reads += &format!("read_verilog {}.v; ", file.name);
    }
    let top = &package.name;
    let commands = match synthesis {
        Synthesis::Generic => {
            format!("{reads} hierarchy -check -top {top}; synth -flatten -top {top}; check -assert; ")
        }
        // A cell that qrtl instantiates itself keeps its name, and its model is ours, if Yosys has none. Models are read
        // when they are asked for: the large memory of iCE40 alone would take half a minute.
        Synthesis::Device { pass, cells } => format!(
            "{reads} {pass} -top {top}; write_verilog -noattr mapped.v; design -reset; read_verilog -defer {cells}; \
             read_verilog mapped.v; hierarchy -top {top}; proc; flatten; opt_clean; "
        ),
    };
    let output = Command::new(tool("yosys"))
        .current_dir(dir.path())
        .args(["-q", "-e", LOST, "-p", &(commands + "write_verilog -noattr netlist.v")])
        .output()
        .map_err(|e| anyhow!("yosys: {e}; install it with `make setup` or `apt-get install yosys`"))?;
    if !output.status.success() {
        bail!("yosys fails on {top}: {}", String::from_utf8_lossy(&output.stderr));
    }
    Ok(File { name: top.clone(), text: fs::read_to_string(dir.path().join("netlist.v"))? })
}
