//! `gen run`: runs a model over a batch of inputs, in the integers of a named runtime.

pub mod format;
mod inputs;
mod outputs;

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use clap::Args;
use qrtl_golden::graph::Graph;
use qrtl_golden::import::npy::npz::Archive;
use qrtl_golden::import::tflite::Model;

use crate::emit::{check_ours, file_word, write_directory, write_file};
use format::{AnyModel, AnyRuntime, Loaded};
use outputs::{Outputs, names};

pub use inputs::read_inputs;

/// Flags of `gen run`.
#[derive(Args)]
pub struct Run {
    /// model file (.tflite or .onnx, of 8 bits)
    model: PathBuf,
    /// inputs (.npy): int8, uint8, int16 or float32, as the model takes; [N, ...], one or more batches. A model with several inputs
    /// takes as many files, in its own order or as NAME=FILE
    #[arg(long, value_name = "[NAME=]X.npy", required = true)]
    input: Vec<String>,
    /// of a model that keeps state: begin anew for every batch, in place of running them as one stream
    #[arg(long)]
    independent: bool,
    /// runtime in whose integers the model is run: of .tflite files tflm (if left out), litert_reference, litert_builtin or
    /// xnnpack; of .onnx files onnxruntime (if left out) or onnxruntime_avx2
    #[arg(long, alias = "rule")]
    runtime: Option<AnyRuntime>,
    /// of an .onnx file the integers before the last DequantizeLinear, in place of the model's own outputs
    #[arg(long)]
    integers: bool,
    /// last operator that is run, by its index or by a name that no other has; its output is the output of the run, and
    /// operators behind it need not be supported
    #[arg(long, value_name = "OPERATOR")]
    until: Option<String>,
    /// outputs, [N, ...]: a .npy file, or an .npz file of all outputs by their names
    #[arg(short = 'o', long, value_name = "Y.npy")]
    out: Option<PathBuf>,
    /// directory for the output of every operator
    #[arg(long, value_name = "DIR")]
    layers: Option<PathBuf>,
}

/// The report of a run, for people.
pub struct Report {
    batches: usize,
    macs: u64,
    time: Duration,
    runtime: AnyRuntime,
    notes: Vec<String>,
}

impl std::fmt::Display for Report {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Report { batches, macs, time, runtime, notes } = self;
        notes.iter().try_for_each(|note| writeln!(f, "{note}"))?;
        let seconds = time.as_secs_f64();
        let (all, speed) = (macs * *batches as u64, (macs * *batches as u64) as f64 / seconds.max(1e-9) / 1e6);
        write!(f, "{runtime}: {batches} inputs of {macs} MAC, {all} MAC in {seconds:.3} s, {speed:.0} MMAC/s")
    }
}

impl Run {
    /// Runs the model over all inputs and writes what was asked for.
    ///
    /// # Errors
    /// If a file cannot be read or written, the model is not supported, or the inputs are not the model's.
    pub fn run(&self) -> Result<Report> {
        let shown = || self.model.display().to_string();
        if let Some(dir) = &self.layers {
            // This is checked before minutes are spent and before anything is written.
            check_ours(dir)?;
            let inside = self.out.as_ref().is_some_and(|out| out.starts_with(dir));
            ensure!(!inside, "out: lies within {}, which is written as a whole", dir.display());
        }
        let loaded = AnyModel::read(&self.model)?.load(self.runtime, self.until.as_deref(), self.integers);
        let Loaded { graph, runtime, mut notes } = loaded.with_context(shown)?;
        let archive = self.archived(&graph).with_context(shown)?;
        let inputs = inputs::read_all(&self.input, &graph)?;
        let start = Instant::now();
        let mut layers: Vec<Outputs> =
            graph.steps.iter().map(|step| Outputs::of(&graph.tensors[step.output])).collect::<Result<_>>()?;
        let mut state = graph.start();
        for input in &inputs {
            if self.independent {
                state = graph.start();
            }
            for (outputs, value) in layers.iter_mut().zip(&graph.run_on(input, &mut state).with_context(shown)?) {
                outputs.push(value);
            }
        }
        let time = start.elapsed();
        if let Some(dir) = &self.layers {
            write_layers(dir, &self.model, runtime, &graph, &layers, inputs.len())?;
        }
        if let Some(out) = &self.out {
            write_outputs(out, archive, &graph, &layers, inputs.len())?;
        }
        notes.extend(self.of_state(&graph));
        Ok(Report { batches: inputs.len(), macs: graph.macs(), time, runtime, notes })
    }
}

impl Run {
    /// Whether the outputs go into one archive.
    fn archived(&self, graph: &Graph) -> Result<bool> {
        let Some(out) = &self.out else { return Ok(false) };
        let archive = out.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("npz"));
        let count = graph.outputs.len();
        ensure!(archive || count == 1, "out: the model has {count} outputs, which an .npz file holds by their names");
        Ok(archive)
    }

    /// What is to be said of variables.
    fn of_state(&self, graph: &Graph) -> Option<String> {
        let count = graph.variables.len();
        let kept = if self.independent { "begin anew for each input" } else { "are kept from each input to the next" };
        (count > 0).then(|| format!("state: {count} variables, which {kept}"))
    }
}

fn write_outputs(to: &Path, archive: bool, graph: &Graph, layers: &[Outputs], n: usize) -> Result<()> {
    let outputs = graph.outputs.iter().map(|&output| graph.writer(output).map(|step| &layers[step]));
    let outputs: Vec<&Outputs> = outputs.collect::<Option<_>>().context("no operator writes an output")?;
    if !archive {
        return write_file(to, |place| outputs[0].write(place, n));
    }
    let mut all = Archive::default();
    names(graph).iter().zip(outputs).try_for_each(|(name, output)| output.append(name, n, &mut all))?;
    let bytes = all.to_bytes()?;
    write_file(to, |place| Ok(fs::write(place, bytes)?))
}

/// The index of the operator with this index or name.
pub(crate) fn index_of(model: &Model, operator: &str) -> Result<usize> {
    let count = model.operators().len();
    if let Ok(index) = operator.parse() {
        ensure!(index < count, "until: {index} is no operator, there are {count}, from 0 on");
        return Ok(index);
    }
    let places = model.operators().iter().enumerate().filter(|(_, o)| &*o.name == operator).map(|(i, _)| i);
    match places.collect::<Vec<_>>()[..] {
        [index] => Ok(index),
        [] => bail!("until: no operator is {operator}"),
        ref many => bail!("until: {} operators are {operator}, give one of the indices {many:?}", many.len()),
    }
}

/// Writes `00_CONV_2D.npy` and so on, with a manifest.
fn write_layers(
    to: &Path,
    model: &Path,
    runtime: AnyRuntime,
    graph: &Graph,
    layers: &[Outputs],
    n: usize,
) -> Result<()> {
    write_directory(to, |dir| {
        let names: Vec<&str> = graph.steps.iter().map(|step| &*step.name).collect();
        for (index, (name, outputs)) in names.iter().zip(layers).enumerate() {
            outputs.write(&dir.join(format!("{index:02}_{name}.npy")), n)?;
        }
        let model = file_word(model);
        let manifest = serde_json::json!({"generator": crate::GENERATOR, "model": model,
            "runtime": runtime.name(), "inputs": n, "operators": names});
        fs::write(dir.join("manifest.json"), serde_json::to_string_pretty(&manifest)? + "\n")?;
        Ok(())
    })
}
