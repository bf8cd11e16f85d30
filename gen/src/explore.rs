//! `gen explore`: finds the engines that suit a model on a device, or with `--per-layer` the arrays that suit its layers.
//! Clocks are exact: the compiler counts the clocks of an engine, and [`crate::schedule`] the clocks of an array.

mod area;
mod arrays;
mod device;
mod engines;
mod estimate;
mod jobs;
mod search;

use std::path::PathBuf;

use anyhow::Result;
use clap::{Args, value_parser};
use qrtl_hdl::targets::{Device, Target};

use crate::model::MAX_BATCH;
use crate::run::format::AnyRuntime;
use crate::spec::Spec;

pub use area::{MODEL_ERROR, area};
pub use device::Parts;
pub use estimate::{Array, Estimate, front, pareto};
pub use search::{Engine, Search};

/// The arguments of `gen explore`.
#[derive(Args)]
pub struct Explore {
    /// model file (.tflite or .onnx): a network for an engine; with --per-layer (.tflite) its fully connected layers and
    /// convolutions, one after the other on one GEMM block
    #[arg(required_unless_present = "m", conflicts_with_all = ["m", "n", "k"])]
    model: Option<PathBuf>,
    /// GEMM blocks in place of engines
    #[arg(long)]
    per_layer: bool,
    /// last operator that is computed, by its index or by a name that no other has
    #[arg(long, value_name = "OPERATOR", conflicts_with = "per_layer")]
    until: Option<String>,
    /// runtime whose bits the engine gives, as for gen model
    #[arg(long, conflicts_with = "per_layer")]
    runtime: Option<AnyRuntime>,
    /// keep channels that have the same value for every input
    #[arg(long, conflicts_with = "per_layer")]
    keep_constant: bool,
    /// inputs of the model in one product
    #[arg(long, default_value_t = 1, requires = "per_layer", value_parser = value_parser!(u32).range(1..=MAX_BATCH as i64))]
    batch: u32,
    /// in place of a model, one product: rows of C
    #[arg(long, requires = "n", requires = "k", requires = "per_layer", conflicts_with = "batch")]
    m: Option<usize>,
    /// columns of C
    #[arg(long, requires = "m")]
    n: Option<usize>,
    /// terms of a sum
    #[arg(long, requires = "m")]
    k: Option<usize>,
    /// device that the block has to fit
    #[arg(long, value_enum)]
    device: Device,
    /// rows of processing elements to try; if left out, all that may be of use
    #[arg(long, value_delimiter = ',')]
    rows: Vec<usize>,
    /// columns of processing elements to try; if left out, all that may be of use
    #[arg(long, value_delimiter = ',')]
    cols: Vec<usize>,
    /// lanes of an engine to try; if left out, as many as the device's engine has
    #[arg(long, value_delimiter = ',', conflicts_with = "per_layer")]
    lanes: Vec<usize>,
    /// register ranks of the requantizers to try; if left out, the depths that were measured
    #[arg(long, value_delimiter = ',', requires = "per_layer")]
    pipeline: Vec<usize>,
    /// targets whose cells to try; if left out, all whose parts were measured on the device
    #[arg(long, value_enum, value_delimiter = ',', requires = "per_layer")]
    target: Vec<Target>,
    /// file to write: every block that fits, with its estimates
    #[arg(long, value_name = "FILE")]
    csv: Option<PathBuf>,
    /// directory to write: a description (TOML) of every array that fits, and a Makefile that emits and measures each as a
    /// job of its own
    #[arg(short = 'o', long, value_name = "DIR", requires = "per_layer")]
    out: Option<PathBuf>,
}

/// The result of a sweep.
pub struct Found {
    /// the device
    pub device: Device,
    /// names and descriptions of the blocks that fit, and of which no other is both as fast and as small; the fastest
    /// first
    pub front: Vec<(String, Spec)>,
    /// the table of them
    pub text: String,
}

impl Explore {
    /// Sweeps, and writes the files that the flags ask for.
    ///
    /// # Errors
    /// If the model cannot be read, a number is out of range, no block fits, or a file cannot be written.
    pub fn run(&self) -> Result<Found> {
        if self.per_layer { self.arrays() } else { self.engines() }
    }
}
