//! The inputs of a run: one file for each input of the model, each with all batches.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};
use qrtl_golden::graph::{Element, Graph, Tensor, Value};
use qrtl_golden::import::npy;
use qrtl_golden::operators::Array;

/// The inputs of each run, in the order of the model. `given` are files in the order of the model, or `NAME=FILE`.
///
/// # Errors
/// If a file is missing, cannot be read, holds another type or shape, or has another number of batches.
pub(super) fn read_all(given: &[String], graph: &Graph) -> Result<Vec<Vec<Value>>> {
    let tensors: Vec<&Tensor> = graph.inputs.iter().map(|&input| &graph.tensors[input]).collect();
    let files = files(given, &tensors)?;
    let mut runs: Vec<Vec<Value>> = Vec::new();
    for (i, (tensor, file)) in tensors.iter().zip(&files).enumerate() {
        let inputs = read_inputs(file, tensor).with_context(|| file.display().to_string())?;
        if i == 0 {
            runs = vec![Vec::new(); inputs.len()];
        }
        let (got, first, expected) = (inputs.len(), files[0].display(), runs.len());
        ensure!(got == expected, "{}: {got} inputs, and {first} has {expected}", file.display());
        runs.iter_mut().zip(inputs).for_each(|(run, input)| run.push(input));
    }
    Ok(runs)
}

/// The file of each input. Names are looked for first; other files go to the inputs that are left, in order.
fn files(given: &[String], tensors: &[&Tensor]) -> Result<Vec<PathBuf>> {
    let mut files: Vec<Option<PathBuf>> = vec![None; tensors.len()];
    let mut others = Vec::new();
    for file in given {
        let named = |tensor: &&Tensor| Some(file.strip_prefix(&tensor.name)?.strip_prefix('=')?.into());
        let mut places = tensors.iter().enumerate();
        match places.find_map(|(i, tensor)| named(tensor).filter(|_| !tensor.name.is_empty()).map(|file| (i, file))) {
            Some((i, file)) => ensure!(files[i].replace(file).is_none(), "input: {} is given twice", tensors[i].name),
            None => others.push(file),
        }
    }
    let mut others = others.into_iter();
    for place in files.iter_mut().filter(|place| place.is_none()) {
        *place = others.next().map(PathBuf::from);
    }
    let all: Option<Vec<PathBuf>> = files.into_iter().collect();
    all.filter(|_| others.next().is_none()).with_context(|| {
        let shown = |tensor: &&Tensor| format!("{} ({} {:?})", tensor.name, tensor.element, tensor.shape);
        let shown: Vec<String> = tensors.iter().map(shown).collect();
        format!("input: {} files are given, the model takes {}: {}", given.len(), tensors.len(), shown.join(", "))
    })
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
        Element::INT16 => integers(&npy::Array::<i16>::from_bytes(&bytes)?, shape),
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
