//! What the tensors of an operator must be. Complaints leave out which operator it is: the caller knows.

use crate::graph::operator::Weighted;
use crate::import::Runtime;
use crate::import::runtime::Layer;
use crate::import::tflite::{Activation, Data, ElementType, Model, Operator, Quantized, Tensor};
use crate::operators::Array;

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
        match (&q.scales[..], &q.zero_points[..]) {
            // In the range of int8: the reader has checked it.
            (&[scale], &[zero_point]) => Ok(Quantized { scale, zero_point: zero_point as i32 }),
            _ => Err(format!("tensor {index} has {} scales: must be 1 for an activation", q.scales.len())),
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

    /// Weights, bias and requantization of a convolution whose outputs are dimension `axis` of its weights.
    pub(super) fn weighted(&self, axis: usize, activation: Activation) -> Result<Weighted<Array>, String> {
        let (x, y) = (self.quantized(self.input(0)?)?, self.quantized(self.output()?)?);
        let index = self.input(1)?;
        let (sizes, tensor) = (self.sizes(index)?, self.tensor(index));
        let Some(Data::I8(data)) = &tensor.data else {
            let kind = if tensor.data.is_some() { "a constant" } else { "an activation" };
            return Err(format!("tensor {index} is {kind} of {}: weights must be a constant of INT8", tensor.element));
        };
        let q = tensor.quantization.as_ref().ok_or_else(|| format!("tensor {index} is not quantized"))?;
        if q.zero_points.iter().any(|&zero_point| zero_point != 0) {
            return Err(format!("tensor {index}: weights must have zero point 0"));
        }
        if q.scales.len() > 1 && q.dimension != axis {
            return Err(format!("tensor {index}: scales along dimension {}: must be {axis}", q.dimension));
        }
        let data = data.iter().map(|&w| w.into()).collect();
        let weights = Array::new("weights", sizes.to_vec(), data).map_err(|e| e.to_string())?;
        let bounds = self.runtime.bounds(activation, y)?;
        let scale = |&w: &f32| self.runtime.requantizer(Layer::Convolution, [x.scale, w], y, bounds);
        let scales = q.scales.iter().map(scale).collect::<Result<_, _>>().map_err(|e| e.to_string())?;
        Ok(Weighted { weights, bias: self.bias(sizes[axis])?, scales, zero_point: x.zero_point })
    }

    /// The bias, if there is one, else zeros.
    fn bias(&self, outputs: usize) -> Result<Vec<i32>, String> {
        let Some(index) = self.operator.inputs.get(2).copied().flatten() else {
            return Ok(vec![0; outputs]);
        };
        let tensor = self.tensor(index);
        match &tensor.data {
            Some(Data::I32(bias)) if tensor.shape[..] == [outputs] => Ok(bias.clone()),
            _ => Err(format!(
                "tensor {index} is {} of shape {:?}: a bias must be a constant of INT32 of shape [{outputs}]",
                tensor.element, tensor.shape
            )),
        }
    }
}
