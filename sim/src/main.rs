//! `sim`: the emitted Verilog against golden.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Error, Result};
use clap::builder::{FalseyValueParser, PossibleValuesParser};
use clap::{Args, Parser, Subcommand};
use qrtl_gen::explore::Explore;
use qrtl_gen::spec::Spec;
use qrtl_golden::request::{Request, answer_lines};
use qrtl_hdl::targets::Device;
use qrtl_sim::checks::{self, Check};
use qrtl_sim::digits::{self, Images, MLP, MLP_PER_TENSOR};
use qrtl_sim::run::Run;
use qrtl_sim::soak::{self, Soak};
use qrtl_sim::suite::{self, Settings};
use qrtl_sim::workspace::Workspace;
use qrtl_sim::{mutations, netlist, qor, rtl, speed, synth, utilization};

/// Runs emitted Verilog in Verilator and compares it with golden, bit for bit.
#[derive(Parser)]
#[command(name = "sim", version)]
struct Cli {
    /// directory of the checkout: models, tools and build/ are below it
    #[arg(long, value_name = "DIR", default_value = ".", global = true)]
    root: PathBuf,
    #[command(subcommand)]
    verb: Verb,
}

/// What vectors are drawn from.
#[derive(Args)]
struct Seed {
    /// seed of the vectors
    #[arg(long, default_value_t = 1, env = "QRTL_SEED")]
    seed: u64,
}

/// How blocks are simulated.
#[derive(Args)]
struct Simulated {
    #[command(flatten)]
    seed: Seed,
    /// write traces to build/
    #[arg(long, env = "WAVES", value_parser = FalseyValueParser::new())]
    waves: bool,
}

#[derive(Subcommand)]
enum Verb {
    /// every block in its default configuration, and the digits MLP
    Quick(Simulated),
    /// every configuration of every block, the netlists, both digits models
    Verify(Simulated),
    /// every configuration of one block
    Block {
        /// word for the block
        #[arg(value_parser = PossibleValuesParser::new(Spec::WORDS))]
        name: String,
        #[command(flatten)]
        how: Simulated,
    },
    /// digits models against TFLM: the MLP layer by layer, and all six through the engine
    Digits,
    /// netlists of Yosys
    Netlist(Seed),
    /// bugs put into emitted Verilog, each of which the shipped vectors must find; prints a table
    Mutations {
        /// only bugs of this block
        #[arg(value_parser = PossibleValuesParser::new(Spec::WORDS))]
        block: Option<String>,
    },
    /// hours of random blocks, networks and models, to the first difference; writes build/soak/
    Soak(Soak),
    /// LUTs, flip-flops and multipliers of the emitted blocks in build/ for three targets, by Yosys, before placement
    Synth,
    /// area and clock by Yosys and nextpnr; prints a table, and writes it to docs/ if no block is named
    Qor {
        /// only blocks whose names begin so
        blocks: Vec<String>,
        /// directory of qor.md, qor.csv and qor.svg; docs if no block is named
        #[arg(long)]
        to: Option<PathBuf>,
        #[command(flatten)]
        seed: Seed,
        /// in place of them, blocks that files describe (TOML); a block is named after its file
        #[arg(long, value_name = "FILE.toml", num_args = 1.., requires = "device", conflicts_with_all = ["blocks", "to"])]
        config: Vec<PathBuf>,
        /// where these blocks are measured
        #[arg(long, value_enum, requires = "config")]
        device: Option<Device>,
        /// file to write their figures to
        #[arg(long, value_name = "FILE", requires = "config")]
        csv: Option<PathBuf>,
    },
    /// gen explore, and then the fastest blocks that it found placed and routed
    Explore {
        #[command(flatten)]
        sweep: Explore,
        /// how many
        #[arg(long, value_name = "N", default_value_t = 3)]
        measure: usize,
    },
    /// how well the GEMM block uses its array, by counters of the Verilated block, which the schedule has to equal
    Utilization {
        /// directory of utilization.md; docs by default
        #[arg(long)]
        to: Option<PathBuf>,
    },
    /// builds a 16 x 16 array and simulates it; prints cycles a second, and seconds of CPU for the build
    Speed(Seed),
    /// answers JSON requests, one a line, from the hardware
    Rtl,
    /// runs a .tflite file over inputs through the Verilated engine
    Run(Box<Run>),
}

impl From<Simulated> for Settings {
    fn from(how: Simulated) -> Settings {
        Settings { seed: how.seed.seed, waves: how.waves }
    }
}

fn checked(result: Result<()>) -> ExitCode {
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// Bad input.
fn refused(error: &Error) -> ExitCode {
    eprintln!("error: {error:#}");
    ExitCode::from(2)
}

fn main() -> ExitCode {
    let Cli { root, verb } = Cli::parse();
    match Workspace::new(&root) {
        Ok(workspace) => run(&workspace, verb),
        Err(error) => refused(&error),
    }
}

fn run(workspace: &Workspace, verb: Verb) -> ExitCode {
    match verb {
        Verb::Quick(how) => checked(checks::run(&quick(workspace, how.into()))),
        Verb::Verify(how) => checked(checks::run(&all(workspace, how.into()))),
        Verb::Block { name, how } => checked(checks::run(&suite::all(workspace, Some(&name), how.into()))),
        Verb::Digits => checked(checks::run(&all_digits(workspace))),
        Verb::Netlist(Seed { seed }) => checked(checks::run(&netlist::checks(workspace, seed))),
        Verb::Mutations { block } => checked(mutations::run(workspace, block.as_deref())),
        Verb::Soak(how) => checked(soak::run(workspace, &how)),
        Verb::Synth => checked(synth::run(workspace)),
        Verb::Qor { config, device: Some(device), csv, .. } => described(workspace, &config, device, csv.as_deref()),
        Verb::Qor { blocks, to, seed, .. } => {
            let to = to.or_else(|| blocks.is_empty().then(|| workspace.docs()));
            checked(qor::run(workspace, &blocks, to.as_deref(), seed.seed))
        }
        Verb::Speed(Seed { seed }) => checked(speed::run(workspace, seed)),
        Verb::Explore { sweep, measure } => explore(workspace, &sweep, measure),
        Verb::Utilization { to } => checked(utilization::run(workspace, &to.unwrap_or_else(|| workspace.docs()))),
        Verb::Run(run) => run.run(workspace).map_or_else(|error| refused(&error), |()| ExitCode::SUCCESS),
        Verb::Rtl => rtl(workspace).unwrap_or_else(|error| refused(&error)),
    }
}

/// Images of a digits network that `make sim` runs, and of those that `make verify` does not run with all.
const QUICK_IMAGES: usize = 50;

/// What everybody runs: a minute at most.
fn quick(workspace: &Workspace, how: Settings) -> Vec<Check<'_>> {
    let mut all = suite::defaults(workspace, how);
    all.extend(digits::checks(workspace, &[MLP]));
    all.extend(digits::through_the_engine(workspace, &["rescnn"], Images::First(QUICK_IMAGES)));
    all
}

/// All that there is.
fn all(workspace: &Workspace, how: Settings) -> Vec<Check<'_>> {
    let mut all = suite::all(workspace, None, how);
    all.extend(netlist::checks(workspace, how.seed));
    all.extend(all_digits(workspace));
    all
}

fn all_digits(workspace: &Workspace) -> Vec<Check<'_>> {
    let mut all = digits::checks(workspace, &[MLP, MLP_PER_TENSOR]);
    all.extend(digits::through_the_engine(workspace, &["mlp", "rescnn"], Images::All));
    let others = ["cnn", "mlp_per_tensor", "cnn_per_tensor", "rescnn_per_tensor"];
    all.extend(digits::through_the_engine(workspace, &others, Images::First(QUICK_IMAGES)));
    all
}

/// An error of the files is bad input, one of the tools is not.
fn described(workspace: &Workspace, files: &[PathBuf], device: Device, csv: Option<&Path>) -> ExitCode {
    match qor::subjects::described(files, device) {
        Ok(subjects) => checked(qor::run_described(workspace, &subjects, csv)),
        Err(error) => refused(&error),
    }
}

fn explore(workspace: &Workspace, sweep: &Explore, measure: usize) -> ExitCode {
    let sweep = || {
        let found = sweep.run()?;
        print!("{}", found.text);
        let fastest = found.front.into_iter().take(measure);
        fastest.map(|(name, spec)| qor::subjects::single(&name, spec, found.device)).collect::<Result<Vec<_>>>()
    };
    match sweep() {
        Ok(subjects) => checked(qor::run_described(workspace, &subjects, None)),
        Err(error) => refused(&error),
    }
}

fn rtl(workspace: &Workspace) -> Result<ExitCode> {
    let mut hardware = rtl::Hardware::new(workspace);
    let answer = |r: &Request| hardware.answer(r).map_err(|e| format!("{e:#}"));
    let failed = answer_lines(std::io::stdin().lock(), std::io::stdout().lock(), answer)?;
    Ok(if failed { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}
