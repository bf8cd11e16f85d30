//! `sim qor`: measures area and clock of every block by Yosys and nextpnr, beside Verilog for the same function that
//! was written by hand.
//!
//! A block is synthesized alone and then placed between flip-flops ([`harness`]), so that its area is its own and its
//! clock is given by paths from register to register.

use std::fs;
use std::path::Path;
use std::time::Instant;

use anyhow::{Context, Result, ensure};
use qrtl_gen::progress::Progress;
use rayon::prelude::*;

pub mod cells;
pub mod columns;
pub mod device;
pub mod floorplan;
pub mod flow;
pub mod harness;
pub mod mac16;
pub mod place;
pub mod plot;
pub mod report;
pub mod row;
pub mod source;
pub mod subjects;
pub mod timing;
pub mod tools;

use crate::simulation::Simulation;
use crate::verilator::Build;
use crate::workspace::Workspace;
use device::Target;
use flow::Measured;
use place::Placed;
use row::Row;
use subjects::Subject;
use tools::Tools;

/// Vectors for each baseline.
const VECTORS: usize = 20_000;

/// Measures the blocks whose names begin with one of `names` (all, if there is none), prints the table, and writes
/// `qor.md`, `qor.csv` and `qor.svg` to `to`, if it is given.
///
/// A block that does not fit its device gets a row that says so.
///
/// # Errors
/// If a tool is missing, Yosys does not accept the Verilog, or a baseline computes something else than golden.
pub fn run(workspace: &Workspace, names: &[String], to: Option<&Path>, seed: u64) -> Result<()> {
    let tools = Tools::find(workspace)?;
    tools.versions.iter().for_each(|v| println!("{v}"));
    let mut subjects = subjects::subjects(&workspace.baselines())?;
    for name in names {
        ensure!(subjects.iter().any(|s| s.name.starts_with(name)), "{name}: no block has a name that begins so");
    }
    subjects.retain(|s| names.is_empty() || names.iter().any(|n| s.name.starts_with(n)));
    subjects.iter().filter(|s| s.is_by_hand()).try_for_each(|s| exact(workspace, s, seed))?;
    let rows = measure_all(&tools, &subjects)?;
    print!("{}", report::text(&rows));
    if let Some(to) = to {
        report::write(names, &rows, &tools.versions, to)?;
        plot::write(&rows, &to.join("qor.svg"))?;
        println!("written: {0}/qor.md, {0}/qor.csv, {0}/qor.svg", to.display());
    }
    Ok(())
}

/// Measures blocks without a baseline, prints the table, and writes it to the file `csv`, if one is given.
///
/// # Errors
/// The errors are the same as in [`run`].
pub fn run_described(workspace: &Workspace, subjects: &[Subject], csv: Option<&Path>) -> Result<()> {
    let rows = measure_all(&Tools::find(workspace)?, subjects)?;
    print!("{}", report::text(&rows));
    let Some(path) = csv else { return Ok(()) };
    fs::write(path, report::csv(&rows)).with_context(|| format!("{}: cannot write", path.display()))
}

/// Simulates a baseline: its area and clock mean something only if it computes the same function.
fn exact(workspace: &Workspace, subject: &Subject, seed: u64) -> Result<()> {
    let script = subject.spec.script(&subject.interface, seed, VECTORS)?;
    let simulation = Simulation::build(workspace, &subject.interface, &subject.files, Build::default())?;
    let (outcome, words) = simulation.compare(&script, seed)?;
    println!("{}: {} vectors, {} mismatches", subject.name, outcome.vectors, outcome.mismatches);
    ensure!(outcome.mismatches == 0, "{}: {} results differ from golden's\n{words}", subject.name, outcome.mismatches);
    Ok(())
}

/// Measures every block on every target, as many at once as there are cores. Rows are in the order of the subjects.
fn measure_all<'s>(tools: &Tools, subjects: &'s [Subject]) -> Result<Vec<Row<'s>>> {
    // Subjects are ordered from small to large. The large ones start first, so that short work is left for the end.
    let jobs: Vec<(&Subject, Target)> =
        subjects.iter().flat_map(|s| s.targets.iter().map(move |t| (s, *t))).rev().collect();
    let progress = Progress::new(jobs.len());
    let run = |&(s, target): &(&Subject, Target)| {
        let begin = Instant::now();
        let outcome = flow::measure(tools, s, target);
        let end = match &outcome {
            Ok(Measured { placed: Placed::Refused(why), .. }) => format!(", not placed: {why}"),
            Ok(_) => String::new(),
            Err(_) => ", FAILED".to_owned(),
        };
        progress.step(|| format!("{} on {}: {:.0} s{end}", s.name, target.name(), begin.elapsed().as_secs_f64()));
        outcome
    };
    let outcomes: Vec<Result<Measured>> = jobs.par_iter().with_max_len(1).map(run).collect();
    let failed: Vec<String> = outcomes.iter().filter_map(|o| o.as_ref().err()).map(|e| format!("{e:#}")).collect();
    ensure!(failed.is_empty(), "{}", failed.join("\n"));
    let row = |((subject, target), outcome): ((&'s Subject, Target), Result<Measured>)| {
        Ok(Row { subject, target, measured: outcome? })
    };
    jobs.into_iter().zip(outcomes).map(row).rev().collect()
}
