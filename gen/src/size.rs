//! `gen size`: bytes of a model at each bit width and granularity.

use std::io::Write;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result, ensure};
use clap::Args;
use qrtl_gen::model::read_model;
use qrtl_golden::import::size::{layer_shapes, stored_size};
use qrtl_golden::quantization::Granularity;
use qrtl_golden::quantization::model_size::{ModelSize, Storage, bytes, size};

/// The arguments of `gen size`.
#[derive(Args)]
pub struct SizeCommand {
    /// model file (.tflite)
    #[arg(conflicts_with = "parameters")]
    model: Option<PathBuf>,
    /// in place of a file, a number of parameters
    #[arg(long, value_name = "N")]
    parameters: Option<u64>,
}

/// Widths of the table.
const BITS: [u32; 4] = [16, 8, 4, 2];

/// Number of weights that share a scale in a group.
const GROUP: NonZeroUsize = NonZeroUsize::new(32).unwrap();

impl SizeCommand {
    /// Prints a line for each width, and for a model a line for each granularity.
    ///
    /// # Errors
    /// If the file is no model, or has no layer with weights, or the number of parameters is out of range.
    pub fn run(self) -> Result<ExitCode> {
        let text = match (&self.model, self.parameters) {
            (_, Some(n)) => of_parameters(n)?,
            (Some(path), None) => of_model(path)?,
            (None, None) => anyhow::bail!("size: give a model file, or --parameters N"),
        };
        std::io::stdout().lock().write_all(text.as_bytes())?;
        Ok(ExitCode::SUCCESS)
    }
}

fn of_parameters(n: u64) -> Result<String> {
    let line = |name: &str, bits| Ok(format!("{name:8} {:>14} bytes\n", bytes(n, bits)?));
    let quantized = BITS.iter().map(|&bits| line(&format!("int{bits}"), bits));
    std::iter::once(line("float32", 32)).chain(quantized).collect()
}

fn of_model(path: &Path) -> Result<String> {
    let shown = path.display().to_string();
    let model = read_model(path)?;
    let layers = layer_shapes(&model);
    ensure!(!layers.is_empty(), "{shown}: no layer with weights");
    let row = |name: &str, s: ModelSize| {
        let ModelSize { weights, scales, zero_points, biases } = s;
        format!("{name:24} {weights:>9} {scales:>9} {zero_points:>11} {biases:>9} {:>9}\n", s.total())
    };
    let mut text = format!(
        "{:24} {:>9} {:>9} {:>11} {:>9} {:>9}\n",
        "bytes", "weights", "scales", "zero points", "biases", "total"
    );
    text += &row("as stored", stored_size(&model));
    text += &row("float32", size(&layers, Storage::Float32).context(shown.clone())?);
    for bits in BITS {
        for granularity in [Granularity::PerTensor, Granularity::PerChannel, Granularity::PerGroup(GROUP)] {
            let storage = Storage::Quantized { bits, granularity, symmetric: true };
            text += &row(&format!("int{bits}, {granularity}"), size(&layers, storage).context(shown.clone())?);
        }
    }
    Ok(text)
}
