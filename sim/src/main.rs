//! `sim`: the emitted Verilog against golden.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Error, Result};
use clap::builder::PossibleValuesParser;
use clap::{Parser, Subcommand};
use qrtl_gen::explore::{Estimate, Explore};
use qrtl_gen::spec::Spec;
use qrtl_golden::request::{Request, answer_lines};
use qrtl_hdl::targets::Device;
use qrtl_sim::{digits, mutations, netlist, qor, rtl, speed, suite, utilization};

/// Runs emitted Verilog in Verilator and compares it with golden, bit for bit.
#[derive(Parser)]
#[command(name = "sim", version)]
struct Cli {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Subcommand)]
enum Verb {
    /// every block's vectors, the netlists, the digits models
    All {
        /// seed of the vectors
        #[arg(long, default_value_t = 1, env = "QRTL_SEED")]
        seed: u64,
    },
    /// the configurations of one block
    Block {
        /// word for the block
        #[arg(value_parser = PossibleValuesParser::new(Spec::WORDS))]
        name: String,
        /// seed of the vectors
        #[arg(long, default_value_t = 1, env = "QRTL_SEED")]
        seed: u64,
    },
    /// the digits models
    Digits {
        /// directory of the models
        #[arg(long, default_value = "models/digits")]
        models: PathBuf,
    },
    /// netlists of Yosys
    Netlist {
        /// seed of the vectors
        #[arg(long, default_value_t = 1, env = "QRTL_SEED")]
        seed: u64,
    },
    /// bugs put into emitted Verilog, each of which the shipped vectors must find; prints a table
    Mutations,
    /// area and clock by Yosys and nextpnr; prints a table, and writes it to docs/ if no block is named
    Qor {
        /// only blocks whose names begin so
        blocks: Vec<String>,
        /// where qor.md, qor.csv and qor.svg go; docs if no block is named
        #[arg(long)]
        to: Option<PathBuf>,
        /// seed of the vectors for the baselines
        #[arg(long, default_value_t = 1, env = "QRTL_SEED")]
        seed: u64,
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
    /// gen explore, and then the fastest arrays that it found placed and routed
    Explore {
        #[command(flatten)]
        sweep: Explore,
        /// how many
        #[arg(long, value_name = "N", default_value_t = 3)]
        measure: usize,
    },
    /// how well the GEMM block uses its array, by counters of the Verilated block, which the schedule has to equal
    Utilization {
        /// directory of utilization.md
        #[arg(long, default_value = "docs")]
        to: PathBuf,
        /// directory of the models
        #[arg(long, default_value = "models/digits")]
        models: PathBuf,
    },
    /// builds a 16 x 16 array and simulates it; prints cycles a second, and seconds of CPU for the build
    Speed {
        /// seed of the vectors
        #[arg(long, default_value_t = 1, env = "QRTL_SEED")]
        seed: u64,
    },
    /// answers JSON requests, one a line, from the hardware
    Rtl,
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
    match Cli::parse().verb {
        Verb::All { seed } => checked(all(seed)),
        Verb::Block { name, seed } => block(&name, seed),
        Verb::Digits { models } => checked(digits::run(&models)),
        Verb::Netlist { seed } => checked(netlist::run(seed)),
        Verb::Mutations => checked(mutations::run()),
        Verb::Qor { config, device: Some(device), csv, .. } => described(&config, device, csv.as_deref()),
        Verb::Qor { blocks, to, seed, .. } => {
            let to = to.or_else(|| blocks.is_empty().then(|| PathBuf::from("docs")));
            checked(qor::run(&blocks, to.as_deref(), seed))
        }
        Verb::Speed { seed } => checked(speed::run(seed)),
        Verb::Explore { sweep, measure } => explore(&sweep, measure),
        Verb::Utilization { to, models } => checked(utilization::run(&models, &to)),
        Verb::Rtl => rtl().unwrap_or_else(|error| refused(&error)),
    }
}

/// An error of the files is bad input, one of the tools is not.
fn described(files: &[PathBuf], device: Device, csv: Option<&Path>) -> ExitCode {
    match qor::subjects::described(files, device.into()) {
        Ok(subjects) => checked(qor::run_described(&subjects, csv)),
        Err(error) => refused(&error),
    }
}

fn explore(sweep: &Explore, measure: usize) -> ExitCode {
    let sweep = || {
        let found = sweep.run()?;
        print!("{}", found.text);
        let single =
            |e: &Estimate| qor::subjects::single(&e.array.name(), Spec::Gemm(e.spec.clone()), found.device.into());
        found.front.iter().take(measure).map(single).collect::<Result<Vec<_>>>()
    };
    match sweep() {
        Ok(subjects) => checked(qor::run_described(&subjects, None)),
        Err(error) => refused(&error),
    }
}

fn all(seed: u64) -> Result<()> {
    // A fault in one part must not hide those of the others.
    let parts = [suite::run(&suite::jobs(), seed), netlist::run(seed), digits::run("models/digits".as_ref())];
    let failed: Vec<String> = parts.into_iter().filter_map(|r| r.err()).map(|e| format!("{e:#}")).collect();
    if failed.is_empty() { Ok(()) } else { Err(anyhow::anyhow!("{}", failed.join("\n"))) }
}

fn block(name: &str, seed: u64) -> ExitCode {
    let jobs: Vec<_> = suite::jobs().into_iter().filter(|j| j.block == name).collect();
    checked(suite::run(&jobs, seed))
}

fn rtl() -> Result<ExitCode> {
    let mut hardware = rtl::Hardware::default();
    let answer = |r: &Request| hardware.answer(r).map_err(|e| format!("{e:#}"));
    let failed = answer_lines(std::io::stdin().lock(), std::io::stdout().lock(), answer)?;
    Ok(if failed { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}
