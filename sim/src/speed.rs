//! `sim speed`: measures how fast a 16 x 16 GEMM is simulated against golden, and the CPU time of its build.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Instant;

use anyhow::{Context, Result, bail, ensure};
use qrtl_gen::emit::Package;
use qrtl_gen::spec::Spec;
use qrtl_hdl::blocks::gemm::GemmConfig;

use crate::simulation::{Report, Run, Simulation};
use crate::tools;
use crate::verilator::Build;
use crate::workspace::Workspace;

/// Number of results to compare, which take about a million cycles.
const VECTORS: usize = 500_000;

/// Number of runs. The fastest counts, because others share the machine.
const RUNS: usize = 5;

/// Clock ticks of the kernel in a second, as `/proc` counts them.
const TICKS: f64 = 100.0;

/// Builds the array from nothing, as the Makefile of its directory does, runs its vectors as `sim` does, and prints both
/// figures.
///
/// # Errors
/// If it cannot be built or run, or a result differs.
pub fn run(workspace: &Workspace, seed: u64) -> Result<()> {
    let spec = Spec::Gemm(GemmConfig { rows: 16, cols: 16, ..GemmConfig::default() });
    let package = Package::new("gemm", spec.clone(), "sim speed")?;
    println!("{}", spec.summary().parameters);
    let staging = workspace.staging()?;
    build_emitted(&package, workspace, &staging.path().join("gemm"))?;
    let script = spec.script(&package.built.interface, seed, VECTORS)?;
    let simulation = Simulation::of(workspace, &package, Build::default())?;
    let trial = simulation.with(&script)?;
    let (mut fastest, mut clocks) = (f64::INFINITY, 0);
    for _ in 0..RUNS {
        let before = children()?;
        match trial.run(&Run { seed: 1, ..Run::default() })? {
            Report::Compared { outcome, cycles, .. } if outcome.passed() => clocks = cycles.all,
            Report::Compared { words, .. } | Report::Broken(words) => bail!("the simulation fails: {words}"),
        }
        fastest = fastest.min(children()? - before);
    }
    let rate = clocks as f64 / fastest / 1e6;
    let vectors = script.vectors;
    println!("run: {vectors} vectors, 0 mismatches, {clocks} cycles in {fastest:.2} s of CPU, {rate:.2} M cycles/s");
    Ok(())
}

/// Emits the package and builds its simulation there. Prints the CPU time of the build.
fn build_emitted(package: &Package, workspace: &Workspace, dir: &Path) -> Result<()> {
    package.write(dir, &package.vectors()?)?;
    let (begin, before) = (Instant::now(), children()?);
    let mut make = Command::new("make");
    make.current_dir(dir).arg("obj/Vdut").arg(format!("VERILATOR={}", workspace.tool("verilator").display()));
    tools::run(&mut make)?;
    println!("build: {:.1} s of CPU, {:.1} s", children()? - before, begin.elapsed().as_secs_f64());
    Ok(())
}

/// CPU time of the finished children of this process, in seconds.
fn children() -> Result<f64> {
    let stat =
        fs::read_to_string("/proc/self/stat").context("/proc/self/stat: CPU times come from there, on Linux alone")?;
    // Behind the name, which ends with the last parenthesis, stand the state, 12 numbers, and then the children's
    // times.
    let after = stat.rsplit(')').next().unwrap_or_default();
    let ticks: Vec<f64> = after.split_whitespace().skip(13).take(2).filter_map(|t| t.parse().ok()).collect();
    ensure!(ticks.len() == 2, "/proc/self/stat: no times of children");
    Ok((ticks[0] + ticks[1]) / TICKS)
}
