//! The blocks as users describe them, on the command line or in a file, and how they become hardware.

mod fixed_point_multiplier;
mod gemm;
mod parameter;
mod requantizer;
mod saturator;
mod target;

use anyhow::{Context, Result, anyhow, bail, ensure};
use clap::{Subcommand, ValueEnum};
use qrtl_golden::MultiplierWidth;
use qrtl_hdl::exact::{Design, Role, elaborate};
use qrtl_hdl::interface::{BenchPort, Interface, Stream};
use rust_hdl::prelude::Block;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

pub use fixed_point_multiplier::FixedPointMultiplierSpec;
pub use gemm::{DimensionSpec, ForwardingSpec, GemmSpec, OperandType, StrategySpec, ZeroPointSpec};
pub use parameter::Parameter;
pub use requantizer::{OutputSpec, RequantizerSpec};
pub use saturator::{FormSpec, SaturatorSpec};
pub use target::TargetSpec;

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

    /// Reads a description in TOML. It says `block = "…"`, unless `block` says it already.
    ///
    /// # Errors
    /// The place and what is wrong there: no TOML, another block, an unknown key, a value of the wrong type.
    pub fn from_toml(text: &str, block: Option<&str>) -> Result<Spec> {
        #[derive(Deserialize)]
        struct Head {
            block: Option<toml::Spanned<String>>,
        }
        let own = parse::<Head>(text)?.block;
        // The line is blanked, not removed: errors then still name the right place.
        let rest = own.as_ref().map_or(text.to_owned(), |own| blank_line(text, own.span().start));
        let own = own.as_ref().map(|b| b.get_ref().as_str());
        if let (Some(own), Some(wanted)) = (own, block) {
            ensure!(own == wanted, "describes the block {own}, not {wanted}");
        }
        Ok(match own.or(block).context("block: missing; `gen list` shows the blocks")? {
            "saturator" => Spec::Saturator(parse(&rest)?),
            "fixed_point_multiplier" => Spec::FixedPointMultiplier(parse(&rest)?),
            "requantizer" => Spec::Requantizer(parse(&rest)?),
            "gemm" => Spec::Gemm(parse(&rest)?),
            other => bail!("block: {other} is none of saturator, fixed_point_multiplier, requantizer, gemm"),
        })
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
        interval: 1,
    };
    Ok(Built { design, interface })
}

fn parse<T: DeserializeOwned>(text: &str) -> Result<T> {
    toml::from_str(text).map_err(|e| anyhow!("{}", e.to_string().trim_end()))
}

/// `text` with blanks in place of the line in which byte `at` stands.
fn blank_line(text: &str, at: usize) -> String {
    let start = text[..at].rfind('\n').map_or(0, |i| i + 1);
    let end = text[at..].find('\n').map_or(text.len(), |i| at + i);
    format!("{}{}{}", &text[..start], " ".repeat(end - start), &text[end..])
}

/// A choice as the command line spells it.
pub(crate) fn word(choice: impl ValueEnum) -> String {
    choice.to_possible_value().map_or(String::new(), |v| v.get_name().to_owned())
}

/// A multiplier's width from its number of bits.
pub(crate) fn multiplier_width(bits: u32) -> Result<MultiplierWidth> {
    MultiplierWidth::try_from(bits).map_err(|_| anyhow!("multiplier_width: {bits} is none of 8, 16, 32"))
}

/// `v` if it lies in `min..=max`.
pub(crate) fn check(what: &str, v: i64, min: i64, max: i64) -> Result<i64> {
    if (min..=max).contains(&v) { Ok(v) } else { Err(anyhow!("{what}: {v} is outside {min}..={max}")) }
}
