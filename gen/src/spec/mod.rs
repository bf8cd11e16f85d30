//! The blocks as users describe them, on the command line or in a file, and how they become hardware.

mod fixed_point_multiplier;
mod gemm;
mod parameter;
mod requantizer;
mod saturator;

use anyhow::{Result, anyhow};
use clap::Subcommand;
use qrtl_hdl::exact::{Design, Role, elaborate};
use qrtl_hdl::interface::{BenchPort, Interface, Stream};
use rust_hdl::prelude::Block;
use serde::{Deserialize, Serialize};

pub use fixed_point_multiplier::FixedPointMultiplierSpec;
pub use gemm::{DimensionSpec, GemmSpec, OperandType, StrategySpec, ZeroPointSpec};
pub use parameter::Parameter;
pub use requantizer::{OutputSpec, RequantizerSpec};
pub use saturator::{FormSpec, SaturatorSpec};

/// A block and its parameters.
#[derive(Debug, Clone, PartialEq, Subcommand, Serialize, Deserialize)]
#[serde(tag = "block", rename_all = "snake_case")]
#[command(rename_all = "snake_case")]
pub enum Spec {
    /// y = min(max(x, min), max)
    Saturator(SaturatorSpec),
    /// fixed-point products: the lab's Figure 4, and accumulator by multiplier
    FixedPointMultiplier(FixedPointMultiplierSpec),
    /// y = clamp(requant(acc + bias, multiplier, shift) + zero_point, min, max)
    Requantizer(RequantizerSpec),
    /// quantized matrix multiplication with its requantizers
    Gemm(GemmSpec),
}

/// A block ready to be printed.
pub struct Built {
    /// checked netlist
    pub design: Design,
    /// how a bench talks to it
    pub interface: Interface,
}

/// What a table of blocks shows.
pub struct Summary {
    /// parameters in a few words
    pub parameters: String,
    /// clock edges from a beat to its result
    pub latency: String,
    /// results or products per clock
    pub throughput: String,
}

impl Spec {
    /// The word for the block.
    pub fn block(&self) -> &'static str {
        match self {
            Spec::Saturator(_) => "saturator",
            Spec::FixedPointMultiplier(_) => "fixed_point_multiplier",
            Spec::Requantizer(_) => "requantizer",
            Spec::Gemm(_) => "gemm",
        }
    }

    /// Elaborates the block as a module called `name`.
    ///
    /// # Errors
    /// If a parameter is out of range: what, the limit, what it got.
    pub fn build(&self, name: &str) -> Result<Built> {
        match self {
            Spec::Saturator(s) => s.build(name),
            Spec::FixedPointMultiplier(s) => s.build(name),
            Spec::Requantizer(s) => s.build(name),
            Spec::Gemm(s) => s.build(name),
        }
    }

    /// What a table shows of it.
    pub fn summary(&self) -> Summary {
        match self {
            Spec::Saturator(s) => s.summary(),
            Spec::FixedPointMultiplier(s) => s.summary(),
            Spec::Requantizer(s) => s.summary(),
            Spec::Gemm(s) => s.summary(),
        }
    }
}

/// Port names of a stream, valid and ready first where they exist.
pub(crate) struct StreamPorts<'a> {
    pub valid: Option<&'a str>,
    pub ready: Option<&'a str>,
    pub payload: Vec<&'a str>,
}

/// Elaborates a block and finds its bench ports; inputs in neither stream are settings.
pub(crate) fn built(block: &dyn Block, name: &str, input: StreamPorts<'_>, output: StreamPorts<'_>) -> Result<Built> {
    let design = elaborate(block, name).map_err(|faults| anyhow!("{faults}"))?;
    let ports = &design.top().ports;
    let bench_port = |name: &str| {
        let info = ports.iter().find(|(n, _)| n == name).map(|(_, info)| info)?;
        let lane_width = info.range.width() as usize;
        let width = lane_width * info.lanes.unwrap_or(1);
        Some(BenchPort { name: name.to_owned(), width, lane_width, signed: info.range.is_signed() })
    };
    let stream = |s: &StreamPorts<'_>| Stream {
        valid: s.valid.map(str::to_owned),
        ready: s.ready.map(str::to_owned),
        payload: s.payload.iter().filter_map(|n| bench_port(n)).collect(),
    };
    let in_stream = |n: &str| {
        let of = |s: &StreamPorts<'_>| s.valid == Some(n) || s.ready == Some(n) || s.payload.contains(&n);
        of(&input) || of(&output)
    };
    let is_setting = |n: &str, role| role == Role::Input && n != "rst_n" && !in_stream(n);
    let settings = ports.iter().filter(|(n, i)| is_setting(n, i.role)).filter_map(|(n, _)| bench_port(n)).collect();
    let interface = Interface {
        module: name.to_owned(),
        clocked: ports.iter().any(|(_, i)| i.role == Role::Clock),
        settings,
        input: stream(&input),
        output: stream(&output),
    };
    Ok(Built { design, interface })
}

/// `v` if it lies in `min..=max`.
pub(crate) fn check(what: &str, v: i64, min: i64, max: i64) -> Result<i64> {
    if (min..=max).contains(&v) { Ok(v) } else { Err(anyhow!("{what}: {v} is outside {min}..={max}")) }
}
