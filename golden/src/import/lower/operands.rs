//! What the tensors of an operator must be. Complaints leave out which operator it is: the caller knows.

use crate::graph::Quantized;
use crate::import::Runtime;
use crate::import::tflite::{ElementType, Model, Operator, Quantization, Tensor};

/// One operator and its tensors.
#[derive(Clone, Copy)]
pub(super) struct Operands<'a> {
    pub(super) model: &'a Model,
    pub(super) operator: &'a Operator,
    pub(super) runtime: Runtime,
}

impl<'a> Operands<'a> {
    /// Index of an input that must be there.
    pub(super) fn input(&self, position: usize) -> Result<usize, String> {
        let input = self.operator.inputs.get(position).copied().flatten();
        input.ok_or_else(|| format!("{} inputs: input {position} is missing", self.operator.inputs.len()))
    }

    /// Index of the one output.
    pub(super) fn output(&self) -> Result<usize, String> {
        match self.operator.outputs[..] {
            [output] => Ok(output),
            _ => Err(format!("{} outputs: must be 1", self.operator.outputs.len())),
        }
    }

    pub(super) fn tensor(&self, index: usize) -> &'a Tensor {
        &self.model.tensors()[index]
    }

    /// Scale and zero point of an int8 activation.
    pub(super) fn quantized(&self, index: usize) -> Result<Quantized, String> {
        let tensor = self.tensor(index);
        if tensor.element != ElementType::Int8 {
            return Err(format!("tensor {index} is {}: must be INT8", tensor.element));
        }
        let q = tensor.quantization.as_ref().ok_or_else(|| format!("tensor {index} is not quantized"))?;
        let many = || format!("tensor {index} has {} scales: must be 1 for an activation", q.scales.len());
        per_tensor(q).ok_or_else(many)
    }

    /// The tensor has real numbers.
    pub(super) fn float(&self, index: usize) -> Result<(), String> {
        match self.tensor(index).element {
            ElementType::Float32 => Ok(()),
            other => Err(format!("tensor {index} is {other}: must be FLOAT32")),
        }
    }

    /// Input and output of an operator that keeps scale and zero point; scales may differ by 1e-6, as in TFLite.
    pub(super) fn same_quantization(&self, input: usize, output: usize) -> Result<Quantized, String> {
        let (x, y) = (self.quantized(input)?, self.quantized(output)?);
        if x.zero_point != y.zero_point || (x.scale - y.scale).abs() > 1e-6 {
            return Err(format!(
                "input has scale {:e} and zero point {}, output {:e} and {}: must be the same",
                x.scale, x.zero_point, y.scale, y.zero_point
            ));
        }
        Ok(y)
    }

    /// Four sizes of a tensor.
    pub(super) fn sizes(&self, index: usize) -> Result<[usize; 4], String> {
        let shape = &self.tensor(index).shape;
        let sizes = <[usize; 4]>::try_from(&shape[..]).ok().filter(|sizes| !sizes.contains(&0));
        sizes.ok_or_else(|| format!("tensor {index} has shape {shape:?}: must have 4 dimensions, none empty"))
    }
}

/// The one scale and zero point of a tensor; `None` if its channels have scales of their own.
pub(super) fn per_tensor(q: &Quantization) -> Option<Quantized> {
    match (&q.scales[..], &q.zero_points[..]) {
        // In the range of the tensor's type: the reader has checked it.
        (&[scale], &[zero_point]) => Some(Quantized { scale, zero_point: zero_point as i32 }),
        _ => None,
    }
}
