//! What Yosys makes of a block, simulated with the vectors of the block itself.

use std::fs;
use std::process::Command;

use anyhow::{Result, anyhow, bail, ensure};
use qrtl_gen::emit::Package;
use qrtl_gen::spec::{DimensionSpec, GemmSpec, RequantizerSpec, Spec};
use qrtl_gen::vectors::script;
use qrtl_hdl::blocks::gemm::Dimension;
use qrtl_hdl::verilog::File;

use crate::suite::check_files;
use crate::verilator::{Build, staging, tool};

/// Vectors for each netlist.
const VECTORS: usize = 20_000;

/// Synthesizes the requantizer and a 2 x 2 GEMM, and runs their netlists.
///
/// # Errors
/// If a result differs, or Yosys is missing or fails.
pub fn run(seed: u64) -> Result<()> {
    let up_to = |n| DimensionSpec(Dimension::UpTo(n));
    let gemm = GemmSpec { rows: 2, cols: 2, m: up_to(16), n: up_to(8), k: up_to(32), ..GemmSpec::default() };
    for (name, spec) in
        [("requantizer", Spec::Requantizer(RequantizerSpec::default())), ("gemm 2 x 2", Spec::Gemm(gemm))]
    {
        let package = Package::new(spec.block(), spec, "sim")?;
        let script = script(&package.spec, &package.built.interface, seed, VECTORS)?;
        eprintln!("netlist of {name}: synthesis");
        let netlist = synthesize(&package)?;
        let how = Build { netlist: true, ..Build::default() };
        let outcome = check_files(&package, &[netlist], &script, seed, how)?;
        println!("netlist of {name}: {} vectors, {} mismatches", outcome.vectors, outcome.mismatches);
        ensure!(outcome.mismatches == 0, "netlist of {name}: {} results differ", outcome.mismatches);
    }
    Ok(())
}

/// The module after `synth`, as Verilog of gates and flip-flops.
fn synthesize(package: &Package) -> Result<File> {
    let dir = staging()?;
    let mut reads = String::new();
    for file in &package.files {
        fs::write(dir.path().join(format!("{}.v", file.name)), &file.text)?;
        reads += &format!("read_verilog {}.v; ", file.name);
    }
    let top = &package.name;
    let commands =
        format!("{reads} hierarchy -check -top {top}; synth -flatten -top {top}; write_verilog -noattr netlist.v");
    let output = Command::new(tool("yosys"))
        .current_dir(dir.path())
        .args(["-q", "-p", &commands])
        .output()
        .map_err(|e| anyhow!("yosys: {e}; install it with `make setup` or `apt-get install yosys`"))?;
    if !output.status.success() {
        bail!("yosys fails on {top}: {}", String::from_utf8_lossy(&output.stderr));
    }
    Ok(File { name: top.clone(), text: fs::read_to_string(dir.path().join("netlist.v"))? })
}
