//! Hours of random blocks and networks against golden, and of random models in golden against the real runtimes. It stops
//! at the first difference, with the smallest case of it.

mod drawn;
mod report;
mod smallest;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, anyhow, bail, ensure};
use clap::Args;
use qrtl_gen::emit::Package;
use qrtl_gen::script::Script;
use qrtl_gen::spec::Spec;
use qrtl_random::Random;

use crate::simulation::{Outcome, Simulation};
use crate::verilator::Build;
use crate::workspace::Workspace;
use report::{Log, Round};

/// Vectors of a block, and networks of an engine, in a round.
const VECTORS: usize = 400_000;
const NETWORKS: usize = 20;

/// One of so many rounds compares golden with the runtimes, over so many models.
const ROUNDS_PER_FIDELITY: u64 = 60;
const MODELS: u64 = 1_500;

/// Flags of `sim soak`.
#[derive(Args)]
pub struct Soak {
    /// how long
    #[arg(long, value_parser = hours)]
    hours: Duration,
    /// seed of the first round; each further round has the next one
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

/// A duration of hours: `1`, `0.5`.
fn hours(text: &str) -> Result<Duration, String> {
    let hours = text.parse::<f64>().ok().filter(|hours| *hours > 0.0);
    let time = hours.and_then(|hours| Duration::try_from_secs_f64(hours * 3_600.0).ok());
    time.ok_or_else(|| "not a number of hours above 0".to_owned())
}

/// Runs rounds on all cores until the time is over, and writes `build/soak/`: a line for each round in `log.txt`, the sums in
/// `report.md`, and the smallest case of a difference in `smallest/`, an emitted directory.
///
/// # Errors
/// The first difference, or what could not be run. Nothing compared is an error too.
pub fn run(workspace: &Workspace, soak: &Soak) -> Result<()> {
    let place = workspace.emitted().join("soak");
    std::fs::create_dir_all(&place).with_context(|| format!("{}: cannot create", place.display()))?;
    // Thousands of programs, none of which comes again.
    let programs = workspace.staging()?;
    let workspace = &Workspace::new(workspace.root())?.building_in(programs.path());
    let begin = Instant::now();
    let log = Mutex::new(Log::new(&place, soak.seed)?);
    let (next, stop) = (AtomicU64::new(soak.seed), AtomicBool::new(false));
    let worker = || -> Result<()> {
        while begin.elapsed() < soak.hours && !stop.load(Ordering::Relaxed) {
            let seed = next.fetch_add(1, Ordering::Relaxed);
            let round = round(workspace, &place, seed).with_context(|| format!("seed {seed}"));
            stop.fetch_or(round.is_err(), Ordering::Relaxed);
            log.lock().unwrap_or_else(|e| e.into_inner()).add(seed, round?, begin.elapsed())?;
        }
        Ok(())
    };
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let ends: Vec<Result<()>> = std::thread::scope(|scope| {
        let workers: Vec<_> = (0..cores).map(|_| scope.spawn(worker)).collect();
        workers.into_iter().map(|w| w.join().unwrap_or_else(|_| Err(anyhow!("a worker panicked")))).collect()
    });
    ends.into_iter().collect::<Result<()>>()?;
    let log = log.into_inner().unwrap_or_else(|e| e.into_inner());
    print!("{}", log.text(begin.elapsed()));
    ensure!(log.compared() > 0, "nothing was compared");
    Ok(())
}

/// What a seed stands for.
fn round(workspace: &Workspace, place: &Path, seed: u64) -> Result<Round> {
    if seed.is_multiple_of(ROUNDS_PER_FIDELITY) {
        return fidelity(workspace, place, seed);
    }
    let spec = drawn::spec(&mut Random::new(seed));
    let count = if spec.block() == "engine" { NETWORKS } else { VECTORS };
    match compared(workspace, &spec, seed, count) {
        Ok((outcome, networks)) => Ok(Round::block(&spec, outcome, networks)),
        Err(error) => Err(smallest_case(workspace, place, seed, (spec, count), error)),
    }
}

/// Vectors of a block through its Verilog; the number of networks among them.
///
/// # Errors
/// If a result differs, or something cannot be built or run. A panic is an error too.
fn compared(workspace: &Workspace, spec: &Spec, seed: u64, count: usize) -> Result<(Outcome, usize)> {
    let run = || {
        let package = Package::new(spec.block(), spec.clone(), "sim soak")?;
        let script = spec.script(&package.built.interface, seed, count)?;
        let simulation = Simulation::of(workspace, &package, Build::default())?;
        let (outcome, words) = simulation.compare(&script, seed)?;
        simulation.remove()?;
        ensure!(outcome.passed(), "{} of {} results differ\n{words}", outcome.mismatches, outcome.vectors);
        Ok((outcome, script.networks))
    };
    catch_unwind(AssertUnwindSafe(run)).unwrap_or_else(|_| Err(anyhow!("a panic")))
}

/// Writes the smallest case that fails as this one does, and adds its place to the error.
fn smallest_case(
    workspace: &Workspace,
    place: &Path,
    seed: u64,
    case: (Spec, usize),
    error: anyhow::Error,
) -> anyhow::Error {
    let fails = |spec: &Spec, count| compared(workspace, spec, seed, count).is_err();
    let (spec, count) = smallest::smallest(case, fails);
    let to = place.join("smallest");
    let written = || -> Result<()> {
        let package = Package::new(spec.block(), spec.clone(), "sim soak")?;
        let script: Script = spec.script(&package.built.interface, seed, count)?;
        package.write(&to, &script)
    };
    match written() {
        Ok(()) => error.context(format!("{count} vectors of {spec:?}: `make -C {} sim` shows it", to.display())),
        Err(why) => error.context(format!("{count} vectors of {spec:?}, which cannot be written: {why:#}")),
    }
}

/// Golden against the real runtimes.
fn fidelity(workspace: &Workspace, place: &Path, seed: u64) -> Result<Round> {
    let python = workspace.fidelity_python();
    ensure!(python.exists(), "{} is missing; `scripts/setup.sh fidelity` installs it", python.display());
    let work: PathBuf = place.join("fidelity");
    let mut command = Command::new(&python);
    command.arg(workspace.root().join("scripts/fidelity")).arg("--work").arg(&work);
    command.arg("--gen").arg(std::env::current_exe()?.with_file_name("gen"));
    let output = command.args(["--models", &MODELS.to_string(), "--seed", &seed.to_string()]).output()?;
    let text = String::from_utf8_lossy(&output.stdout);
    if !output.status.success() {
        bail!("fidelity, {MODELS} models:\n{text}{}", String::from_utf8_lossy(&output.stderr));
    }
    let outputs =
        report::number_before(&text, " outputs").context("fidelity does not say how many outputs it compared")?;
    Ok(Round { name: "golden and the runtimes".to_owned(), drawn: String::new(), networks: MODELS, compared: outputs })
}
