//! `sim speed`: how fast a 16 x 16 GEMM is simulated against golden, and what it takes to build it.

use std::fs;
use std::process::Command;
use std::time::Instant;

use anyhow::{Context, Result, ensure};
use qrtl_gen::emit::Package;
use qrtl_gen::spec::Spec;

use qrtl_hdl::blocks::gemm::GemmConfig;

use crate::cycles::number;
use crate::verilator::{build_anew, staging};

/// Results to compare: a million cycles, more or less.
const VECTORS: usize = 500_000;

/// Runs, of which the fastest counts: others share the machine.
const RUNS: usize = 5;

/// Clock ticks of the kernel in a second, as `/proc` counts them.
const TICKS: f64 = 100.0;

/// Builds the array from nothing, runs its vectors as `sim` does, and prints both figures.
///
/// # Errors
/// If it cannot be built or run, or a result differs.
pub fn run(seed: u64) -> Result<()> {
    let spec = Spec::Gemm(GemmConfig { rows: 16, cols: 16, ..GemmConfig::default() });
    let package = Package::new("gemm", spec.clone(), "sim speed")?;
    let interface = &package.built.interface;
    let staging = staging()?;
    let dir = staging.path().canonicalize()?;
    let (begin, before) = (Instant::now(), children()?);
    let executable = build_anew(&package.files, interface, &dir)?;
    println!("{}", spec.summary().parameters);
    println!("build: {:.1} s of CPU, {:.1} s", children()? - before, begin.elapsed().as_secs_f64());
    let script = spec.script(interface, seed, VECTORS)?;
    fs::write(dir.join("in.txt"), &script.input)?;
    fs::write(dir.join("expected.txt"), &script.expected)?;
    let arguments = ["--vectors", "in.txt", "--expect", "expected.txt", "--cycles", "--seed", "1"];
    let (mut fastest, mut cycles) = (f64::INFINITY, 0.0);
    for _ in 0..RUNS {
        let before = children()?;
        let output = Command::new(&executable).current_dir(&dir).args(arguments).output().context("the simulation")?;
        let text = String::from_utf8_lossy(&output.stderr).into_owned();
        ensure!(output.status.success(), "the simulation fails: {text}");
        cycles = number(&text, "cycles")? as f64;
        fastest = fastest.min(children()? - before);
    }
    let rate = cycles / fastest / 1e6;
    println!(
        "run: {} vectors, 0 mismatches, {cycles} cycles in {fastest:.2} s of CPU, {rate:.2} M cycles/s",
        script.vectors
    );
    Ok(())
}

/// Seconds of CPU that finished children of this process took.
fn children() -> Result<f64> {
    let stat =
        fs::read_to_string("/proc/self/stat").context("/proc/self/stat: CPU times come from there, on Linux alone")?;
    // Behind the name, which ends with the last parenthesis: state, 12 numbers, then the children's times.
    let after = stat.rsplit(')').next().unwrap_or_default();
    let ticks: Vec<f64> = after.split_whitespace().skip(13).take(2).filter_map(|t| t.parse().ok()).collect();
    ensure!(ticks.len() == 2, "/proc/self/stat: no times of children");
    Ok((ticks[0] + ticks[1]) / TICKS)
}
