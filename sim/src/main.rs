//! `sim`: the emitted Verilog against golden.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Result;
use clap::{Parser, Subcommand};
use qrtl_golden::request::{Request, answer_lines};
use qrtl_sim::{digits, mutations, netlist, qor, rtl, speed, suite};

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
        /// saturator, fixed_point_multiplier, requantizer or gemm
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

fn main() -> ExitCode {
    let checked = |result: Result<()>| {
        result.map_or_else(
            |error| {
                eprintln!("error: {error:#}");
                ExitCode::FAILURE
            },
            |()| ExitCode::SUCCESS,
        )
    };
    match Cli::parse().verb {
        Verb::All { seed } => checked(all(seed)),
        Verb::Block { name, seed } => block(&name, seed),
        Verb::Digits { models } => checked(digits::run(&models)),
        Verb::Netlist { seed } => checked(netlist::run(seed)),
        Verb::Mutations => checked(mutations::run()),
        Verb::Qor { blocks, to, seed } => {
            let to = to.or_else(|| blocks.is_empty().then(|| PathBuf::from("docs")));
            checked(qor::run(&blocks, to.as_deref(), seed))
        }
        Verb::Speed { seed } => checked(speed::run(seed)),
        Verb::Rtl => rtl().unwrap_or_else(|error| {
            eprintln!("error: {error:#}");
            ExitCode::from(2)
        }),
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
    if jobs.is_empty() {
        eprintln!("error: block: {name} is none of saturator, fixed_point_multiplier, requantizer, gemm");
        return ExitCode::from(2);
    }
    match suite::run(&jobs, seed) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn rtl() -> Result<ExitCode> {
    let mut hardware = rtl::Hardware::default();
    let answer = |r: &Request| hardware.answer(r).map_err(|e| format!("{e:#}"));
    let failed = answer_lines(std::io::stdin().lock(), std::io::stdout().lock(), answer)?;
    Ok(if failed { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}
