//! The outputs of a run, and their files.

use std::path::Path;

use anyhow::{Result, bail};
use qrtl_golden::graph::{Element, Graph, Tensor, Value};
use qrtl_golden::import::npy::{self, npz::Archive};

/// The outputs of one operator for all batches.
pub(super) struct Outputs {
    shape: Vec<usize>,
    elements: Elements,
}

enum Elements {
    Int8(Vec<i8>),
    Uint8(Vec<u8>),
    Int16(Vec<i16>),
    Float(Vec<f32>),
}

impl Outputs {
    /// No outputs yet, of the type and shape of a tensor.
    pub(super) fn of(tensor: &Tensor) -> Result<Outputs> {
        let elements = match tensor.element {
            Element::INT8 => Elements::Int8(Vec::new()),
            Element::UINT8 => Elements::Uint8(Vec::new()),
            Element::INT16 => Elements::Int16(Vec::new()),
            Element::Float32 => Elements::Float(Vec::new()),
            other => bail!("{}: an output of {other}, of which there is no file", tensor.name),
        };
        Ok(Outputs { shape: tensor.shape.clone(), elements })
    }

    pub(super) fn push(&mut self, value: &Value) {
        match (&mut self.elements, value) {
            // The cast is exact, because elements are within the bounds of their tensor.
            (Elements::Int8(all), Value::Integer(array)) => all.extend(array.data().iter().map(|&x| x as i8)),
            (Elements::Int16(all), Value::Integer(array)) => all.extend(array.data().iter().map(|&x| x as i16)),
            (Elements::Uint8(all), Value::Integer(array)) => all.extend(array.data().iter().map(|&x| x as u8)),
            (Elements::Float(all), Value::Float(array)) => all.extend(array.data()),
            _ => unreachable!("an operator gives what its tensor says"),
        }
    }

    /// Appends an array with the batches along the first dimension.
    pub(super) fn append(&self, name: &str, batches: usize, archive: &mut Archive) -> Result<()> {
        let shape = self.shape(batches);
        match &self.elements {
            Elements::Int8(data) => archive.push(name, &npy::Array { shape, data: data.clone() })?,
            Elements::Int16(data) => archive.push(name, &npy::Array { shape, data: data.clone() })?,
            Elements::Uint8(data) => archive.push(name, &npy::Array { shape, data: data.clone() })?,
            Elements::Float(data) => archive.push(name, &npy::Array { shape, data: data.clone() })?,
        }
        Ok(())
    }

    /// Writes an array with the batches along the first dimension.
    pub(super) fn write(&self, path: &Path, batches: usize) -> Result<()> {
        let shape = self.shape(batches);
        match &self.elements {
            Elements::Int8(data) => npy::Array { shape, data: data.clone() }.write(path)?,
            Elements::Int16(data) => npy::Array { shape, data: data.clone() }.write(path)?,
            Elements::Uint8(data) => npy::Array { shape, data: data.clone() }.write(path)?,
            Elements::Float(data) => npy::Array { shape, data: data.clone() }.write(path)?,
        }
        Ok(())
    }

    fn shape(&self, batches: usize) -> Vec<usize> {
        let mut shape = self.shape.clone();
        match shape.first_mut() {
            Some(first) => *first *= batches,
            None => shape.push(batches),
        }
        shape
    }
}

/// The names of the outputs of a model in an archive: the names of the tensors, or `output_1` and so on for those that
/// have none or the name of another.
pub(super) fn names(graph: &Graph) -> Vec<String> {
    let name = |&output: &usize| graph.tensors[output].name.as_str();
    let all: Vec<&str> = graph.outputs.iter().map(name).collect();
    let alone = |name: &str| !name.is_empty() && all.iter().filter(|other| **other == name).count() == 1;
    let named = |(i, &name): (usize, &&str)| if alone(name) { name.to_owned() } else { format!("output_{i}") };
    all.iter().enumerate().map(named).collect()
}
