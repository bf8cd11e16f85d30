//! Every block in many configurations, each through Verilator with vectors from golden.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Instant;

use anyhow::{Context, Result, anyhow, bail};
use qrtl_gen::blocks::suite;
use qrtl_gen::emit::Package;
use qrtl_gen::script::Script;
use qrtl_gen::spec::Spec;

use crate::parallel;
use crate::verilator::{Build, build};

/// One configuration and how many vectors it gets.
#[derive(Debug, Clone)]
pub struct Job {
    /// block, as the report groups it
    pub block: &'static str,
    /// description
    pub spec: Spec,
    /// vectors, at least
    pub count: usize,
}

/// Everything that is simulated.
pub fn jobs() -> Vec<Job> {
    suite().into_iter().map(|(spec, count)| Job { block: spec.block(), spec, count }).collect()
}

/// What became of a job.
#[derive(Debug, Clone, Copy, Default)]
pub struct Outcome {
    /// results compared
    pub vectors: usize,
    /// of which wrong
    pub mismatches: usize,
}

/// Runs all jobs, as many at a time as there are cores; prints progress and a line for each block.
///
/// # Errors
/// If a result differs, or a module cannot be built or run: all such configurations are reported first.
pub fn run(jobs: &[Job], seed: u64) -> Result<()> {
    let begin = Instant::now();
    let words = |job: &Job, _: &_| format!("{}: {}", job.block, job.spec.summary().parameters);
    let done = parallel::each(jobs, |job| run_job(job, seed), words);
    let results: Vec<_> = jobs.iter().zip(done).map(|(job, (outcome, seconds))| (job, outcome, seconds)).collect();
    let mut blocks: Vec<&str> = jobs.iter().map(|j| j.block).collect();
    blocks.dedup();
    println!(
        "{:24} {:>14} {:>10} {:>10} {:>7} {:>8}",
        "block", "configurations", "vectors", "mismatches", "failed", "seconds"
    );
    for block in blocks {
        let of = results.iter().filter(|(j, ..)| j.block == block);
        let sum = of.clone().filter_map(|(_, o, _)| o.as_ref().ok()).fold(Outcome::default(), |a, b| Outcome {
            vectors: a.vectors + b.vectors,
            mismatches: a.mismatches + b.mismatches,
        });
        let seconds: f64 = of.clone().map(|(.., s)| s).sum();
        let failed = of.clone().filter(|(_, o, _)| !passed(o)).count();
        println!("{block:24} {:>14} {:>10} {:>10} {failed:>7} {seconds:>8.1}", of.count(), sum.vectors, sum.mismatches);
    }
    println!("seed {seed}, {:.0} s in all", begin.elapsed().as_secs_f64());
    let failed: Vec<String> = (results.iter())
        .filter_map(|(j, o, _)| match o {
            o if passed(o) => None,
            Ok(o) => Some(format!("{}: {} of {} results differ: {:?}", j.block, o.mismatches, o.vectors, j.spec)),
            Err(e) => Some(format!("{}: {e:#}: {:?}", j.block, j.spec)),
        })
        .collect();
    if failed.is_empty() {
        return Ok(());
    }
    let blocks: BTreeSet<&str> = results.iter().filter(|(_, o, _)| !passed(o)).map(|(j, ..)| j.block).collect();
    let again = |b: &str| format!("\nrepeat with: cargo run --release --bin sim -- block {b} --seed {seed}");
    Err(anyhow!("{}{}", failed.join("\n"), blocks.into_iter().map(again).collect::<String>()))
}

/// Every result came, and was right.
fn passed(outcome: &Result<Outcome>) -> bool {
    outcome.as_ref().is_ok_and(|o| o.mismatches == 0 && o.vectors > 0)
}

fn run_job(job: &Job, seed: u64) -> Result<Outcome> {
    let package = Package::new(job.spec.block(), job.spec.clone(), "sim")?;
    let script = job.spec.script(&package.built.interface, seed, job.count)?;
    check(&package, &script, seed, Build::default())
}

/// Builds a package and compares its results with a script's, without and with stalls.
///
/// # Errors
/// If it cannot be built or run.
pub fn check(package: &Package, script: &Script, seed: u64, how: Build) -> Result<Outcome> {
    check_files(package, &package.simulated(), script, seed, how)
}

/// [`check`] of other Verilog with the same ports.
///
/// # Errors
/// If it cannot be built or run.
pub fn check_files(
    package: &Package,
    files: &[qrtl_hdl::verilog::File],
    script: &Script,
    seed: u64,
    how: Build,
) -> Result<Outcome> {
    if script.vectors == 0 {
        bail!("no vectors");
    }
    let waves = std::env::var("WAVES").is_ok_and(|v| !v.is_empty() && v != "0");
    let executable = build(files, &package.built.interface, Build { trace: waves, ..how })?;
    let dir = tempfile::tempdir()?;
    fs::write(dir.path().join("in.txt"), &script.input)?;
    fs::write(dir.path().join("expected.txt"), &script.expected)?;
    let mut total = Outcome::default();
    let stalls: &[u32] = if package.built.interface.clocked { &[0, 30] } else { &[0] };
    for stall in stalls {
        let outcome = run_once(&executable, dir.path(), *stall, seed, waves.then_some(package.name.as_str()))?;
        total.vectors += outcome.vectors;
        total.mismatches += outcome.mismatches;
    }
    Ok(total)
}

fn run_once(executable: &Path, dir: &Path, stall: u32, seed: u64, waves: Option<&str>) -> Result<Outcome> {
    let mut command = Command::new(executable);
    command.arg("--vectors").arg(dir.join("in.txt")).arg("--expect").arg(dir.join("expected.txt"));
    command.args(["--stall", &stall.to_string(), "--seed", &seed.to_string()]);
    if let Some(name) = waves {
        command.args(["--trace", &format!("build/{name}_stall{stall}.vcd")]);
    }
    let output = command.output().with_context(|| executable.display().to_string())?;
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    if !err.is_empty() {
        eprint!("{}", explain(&err, dir));
    }
    let numbers: Vec<usize> = out.split_whitespace().filter_map(|w| w.parse().ok()).collect();
    match (output.status.code(), numbers.as_slice()) {
        (Some(0 | 1), &[vectors, mismatches]) if vectors > 0 => Ok(Outcome { vectors, mismatches }),
        _ => bail!("stall {stall}: {}", err.trim()),
    }
}

/// The bench's mismatches, each with the inputs that led to it.
fn explain(text: &str, dir: &Path) -> String {
    let input = fs::read_to_string(dir.join("in.txt")).unwrap_or_default();
    let beats: Vec<&str> = input.lines().filter(|l| l.starts_with('>')).collect();
    let line = |l: &str| {
        let index: Option<usize> = l.strip_prefix("vector ").and_then(|r| r.split(',').next()?.parse().ok());
        // One beat, one result: for a GEMM the beat is only near.
        let inputs = index.and_then(|i| beats.get(i)).map(|b| format!(" (beat {b})")).unwrap_or_default();
        format!("{l}{inputs}\n")
    };
    text.lines().map(line).collect()
}
