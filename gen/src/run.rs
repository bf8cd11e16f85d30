//! `gen run`: runs a model over a batch of inputs, in the integers of a named runtime.

pub mod format;

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use clap::Args;
use qrtl_golden::graph::{Element, Graph, Tensor, Value};
use qrtl_golden::import::npy;
use qrtl_golden::import::tflite::Model;
use qrtl_golden::operators::Array;

use crate::emit::{check_ours, write_directory, write_file};
use format::{AnyModel, AnyRuntime, Loaded};

/// Flags of `gen run`.
#[derive(Args)]
pub struct Run {
    /// model file (.tflite or .onnx, of 8 bits)
    model: PathBuf,
    /// inputs (.npy): int8, uint8 or float32, as the model takes; [N, ...], one or more batches
    #[arg(long, value_name = "X.npy")]
    input: PathBuf,
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
    /// outputs (.npy), [N, ...]
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
        let Loaded { graph, runtime, notes } = loaded.with_context(shown)?;
        let output = graph.output_step().context("no operator writes the output").with_context(shown)?;
        let input = &graph.tensors[graph.input];
        let inputs = read_inputs(&self.input, input).with_context(|| self.input.display().to_string())?;
        let start = Instant::now();
        let mut layers: Vec<Outputs> =
            graph.steps.iter().map(|step| Outputs::of(&graph.tensors[step.output])).collect::<Result<_>>()?;
        for input in &inputs {
            for (outputs, value) in layers.iter_mut().zip(&graph.run(input).with_context(shown)?) {
                outputs.push(value);
            }
        }
        let time = start.elapsed();
        if let Some(dir) = &self.layers {
            write_layers(dir, &self.model, runtime, &graph, &layers, inputs.len())?;
        }
        if let Some(out) = &self.out {
            write_file(out, |place| layers[output].write(place, inputs.len()))?;
        }
        Ok(Report { batches: inputs.len(), macs: graph.macs(), time, runtime, notes })
    }
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

/// The batches in a file, each of which is a value of this tensor.
///
/// # Errors
/// If the file cannot be read, or holds another type or shape.
pub fn read_inputs(path: &Path, tensor: &Tensor) -> Result<Vec<Value>> {
    let (shape, bytes) = (&tensor.shape[..], fs::read(path)?);
    match tensor.element {
        Element::INT8 => integers(&npy::Array::<i8>::from_bytes(&bytes)?, shape),
        Element::UINT8 => integers(&npy::Array::<u8>::from_bytes(&bytes)?, shape),
        Element::Float32 => {
            let array = npy::Array::<f32>::from_bytes(&bytes)?;
            let batches = split(&array.shape, &array.data, shape)?;
            batches.map(|xs| value(xs.to_vec(), shape).map(Value::Float)).collect()
        }
        other => bail!("the model takes {other}, of which there is no file"),
    }
}

fn integers<T: Copy + Into<i32>>(array: &npy::Array<T>, shape: &[usize]) -> Result<Vec<Value>> {
    let batches = split(&array.shape, &array.data, shape)?;
    batches.map(|xs| value(xs.iter().map(|&x| x.into()).collect(), shape).map(Value::Integer)).collect()
}

fn value<T>(data: Vec<T>, shape: &[usize]) -> Result<Array<T>> {
    Ok(Array::new("input", shape.to_vec(), data)?)
}

/// The batches of the model's input in an array, which has one or more along its first dimension.
fn split<'a, T>(got: &[usize], data: &'a [T], shape: &[usize]) -> Result<std::slice::ChunksExact<'a, T>> {
    let (batch, element) = shape.split_first().context("the model's input has no dimension")?;
    ensure!(!shape.contains(&0), "the model's input has no element: shape {shape:?}");
    let fits = got.split_first().is_some_and(|(n, rest)| rest == element && *n > 0 && n % batch == 0);
    let sizes: String = element.iter().map(|n| format!(", {n}")).collect();
    let of = if *batch == 1 { String::new() } else { format!(", N a multiple of {batch}") };
    ensure!(fits, "shape {got:?}: the model takes [N{sizes}]{of}, at least one");
    Ok(data.chunks_exact(batch * element.iter().product::<usize>()))
}

/// The outputs of one operator for all batches.
struct Outputs {
    shape: Vec<usize>,
    elements: Elements,
}

enum Elements {
    Int8(Vec<i8>),
    Uint8(Vec<u8>),
    Float(Vec<f32>),
}

impl Outputs {
    /// No outputs yet, of the type and shape of a tensor.
    fn of(tensor: &Tensor) -> Result<Outputs> {
        let elements = match tensor.element {
            Element::INT8 => Elements::Int8(Vec::new()),
            Element::UINT8 => Elements::Uint8(Vec::new()),
            Element::Float32 => Elements::Float(Vec::new()),
            other => bail!("{}: an output of {other}, of which there is no file", tensor.name),
        };
        Ok(Outputs { shape: tensor.shape.clone(), elements })
    }

    fn push(&mut self, value: &Value) {
        match (&mut self.elements, value) {
            // The cast is exact, because elements are within the bounds of their tensor.
            (Elements::Int8(all), Value::Integer(array)) => all.extend(array.data().iter().map(|&x| x as i8)),
            (Elements::Uint8(all), Value::Integer(array)) => all.extend(array.data().iter().map(|&x| x as u8)),
            (Elements::Float(all), Value::Float(array)) => all.extend(array.data()),
            _ => unreachable!("an operator gives what its tensor says"),
        }
    }

    /// Writes an array with the batches along the first dimension.
    fn write(&self, path: &Path, batches: usize) -> Result<()> {
        let mut shape = self.shape.clone();
        match shape.first_mut() {
            Some(first) => *first *= batches,
            None => shape.push(batches),
        }
        match &self.elements {
            Elements::Int8(data) => npy::Array { shape, data: data.clone() }.write(path)?,
            Elements::Uint8(data) => npy::Array { shape, data: data.clone() }.write(path)?,
            Elements::Float(data) => npy::Array { shape, data: data.clone() }.write(path)?,
        }
        Ok(())
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
        let model = model.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let manifest = serde_json::json!({"generator": crate::GENERATOR, "model": model,
            "runtime": runtime.name(), "inputs": n, "operators": names});
        fs::write(dir.join("manifest.json"), serde_json::to_string_pretty(&manifest)? + "\n")?;
        Ok(())
    })
}
