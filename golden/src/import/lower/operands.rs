//! The requirements on the tensors of an operator. Errors do not name the operator, because the caller does.

use std::collections::HashMap;

use crate::Bounds;
use crate::graph::Quantized;
use crate::import::Runtime;
use crate::import::tflite::{ElementType, Model, Operator, Options, Quantization, Tensor};

/// One operator and its tensors.
#[derive(Clone, Copy)]
pub(super) struct Operands<'a> {
    pub(super) model: &'a Model,
    pub(super) operator: &'a Operator,
    pub(super) runtime: Runtime,
    /// integers that are known from shapes, by their tensor
    pub(super) folded: &'a HashMap<usize, Vec<i64>>,
}

impl<'a> Operands<'a> {
    /// The operator as `runtime` computes it. LiteRT's own kernels compute an operator that XNNPACK does not take.
    pub(super) fn new(
        model: &'a Model,
        operator: &'a Operator,
        runtime: Runtime,
        folded: &'a HashMap<usize, Vec<i64>>,
    ) -> Result<Operands<'a>, String> {
        let operands = Operands { model, operator, runtime, folded };
        let outside = |&index: &usize| operands.tensor(index).outside;
        match operator.inputs.iter().copied().flatten().find(outside) {
            Some(index) if runtime == Runtime::Tflm => Err(format!(
                "the data of tensor {index} stands beside the flatbuffer, where TensorFlow Lite Micro does not read it"
            )),
            _ if runtime == Runtime::Xnnpack && !operands.taken_by_xnnpack() => {
                Ok(Operands { runtime: Runtime::LitertBuiltin, ..operands })
            }
            _ => Ok(operands),
        }
    }

    /// Index of an input that must be there.
    pub(super) fn input(&self, position: usize) -> Result<usize, String> {
        let input = self.operator.inputs.get(position).copied().flatten();
        input.ok_or_else(|| format!("{} inputs: input {position} is missing", self.operator.inputs.len()))
    }

    /// Indices of all inputs, of which none may be missing.
    pub(super) fn inputs(&self) -> Result<Vec<usize>, String> {
        (0..self.operator.inputs.len()).map(|position| self.input(position)).collect()
    }

    /// Index of the one output.
    pub(super) fn output(&self) -> Result<usize, String> {
        match self.operator.outputs[..] {
            [output] => Ok(output),
            _ => Err(format!("{} outputs: must be 1", self.operator.outputs.len())),
        }
    }

    /// The input at this position, if there is one.
    pub(super) fn tensor_of(&self, position: usize) -> Option<&'a Tensor> {
        self.operator.inputs.get(position).copied().flatten().map(|index| self.tensor(index))
    }

    pub(super) fn tensor(&self, index: usize) -> &'a Tensor {
        &self.model.tensors()[index]
    }

    /// Scale and zero point of an int8 activation.
    pub(super) fn quantized(&self, index: usize) -> Result<Quantized, String> {
        match self.tensor(index).element {
            ElementType::Int8 => self.scale_and_zero_point(index),
            other => Err(format!("tensor {index} is {other}: must be INT8")),
        }
    }

    /// Scale, zero point and least and greatest element of an int8 activation; for TFLM also of an int16 activation, which
    /// has zero point 0.
    pub(super) fn activation(&self, index: usize) -> Result<(Quantized, Bounds), String> {
        if self.tensor(index).element != ElementType::Int16 {
            return Ok((self.quantized(index)?, Bounds::INT8));
        }
        if self.runtime != Runtime::Tflm {
            return Err(format!("tensor {index} is INT16: what LiteRT computes with it is not known to the last bit"));
        }
        match self.scale_and_zero_point(index)? {
            q if q.zero_point == 0 => Ok((q, Bounds::INT16)),
            q => Err(format!("tensor {index} has zero point {}: must be 0 for INT16", q.zero_point)),
        }
    }

    /// The activations of an operator, whose types must be equal; and the least and greatest element of that type.
    pub(super) fn activations<const N: usize>(&self, indices: [usize; N]) -> Result<([Quantized; N], Bounds), String> {
        let first = self.tensor(indices[0]).element;
        if let Some(&other) = indices.iter().find(|&&index| self.tensor(index).element != first) {
            let (other, element) = (other, self.tensor(other).element);
            // An activation of another type is an error whatever the first one is.
            self.activation(indices[0])?;
            self.activation(other)?;
            return Err(format!("tensor {other} is {element}: must be {first}, as tensor {}", indices[0]));
        }
        let bounds = self.activation(indices[0])?.1;
        let mut all = [Quantized { scale: 0.0, zero_point: 0 }; N];
        for (quantized, index) in all.iter_mut().zip(indices) {
            *quantized = self.activation(index)?.0;
        }
        Ok((all, bounds))
    }

    /// Scale, zero point and least and greatest element of an activation of 8 bits, or as
    /// [`activation`](Self::activation) of 16 bits.
    pub(super) fn integers(&self, index: usize) -> Result<(Quantized, Bounds), String> {
        match self.tensor(index).element {
            ElementType::Int16 => self.activation(index),
            _ => self.quantized_8_bit(index),
        }
    }

    /// Scale, zero point and least and greatest element of an activation of 8 bits.
    fn quantized_8_bit(&self, index: usize) -> Result<(Quantized, Bounds), String> {
        let bounds = match self.tensor(index).element {
            ElementType::Int8 => Bounds::INT8,
            ElementType::Uint8 => Bounds::UINT8,
            other => return Err(format!("tensor {index} is {other}: must be INT8 or UINT8")),
        };
        Ok((self.scale_and_zero_point(index)?, bounds))
    }

    fn scale_and_zero_point(&self, index: usize) -> Result<Quantized, String> {
        let q = self.tensor(index).quantization.as_ref();
        let q = q.ok_or_else(|| format!("tensor {index} is not quantized"))?;
        let many = || format!("tensor {index} has {} scales: must be 1 for an activation", q.scales.len());
        let quantized = per_tensor(q).ok_or_else(many)?;
        // The reader accepts a scale of 0 for a constant.
        match quantized.scale > 0.0 {
            true => Ok(quantized),
            false => Err(format!("tensor {index} has scale 0: must be above 0 for an activation")),
        }
    }

    /// Checks that the tensor has real numbers.
    pub(super) fn float(&self, index: usize) -> Result<(), String> {
        match self.tensor(index).element {
            ElementType::Float32 => Ok(()),
            other => Err(format!("tensor {index} is {other}: must be FLOAT32")),
        }
    }

    /// The output of an operator that computes with its input's integers as they are. TFLM's pools accept scales that
    /// differ by 1e-6. An operator of XNNPACK must have equal scales. The other runtimes do not look at the scales
    /// (tflite-micro 90b983c2, `kernels/pooling_common.cc`; LiteRT f6745779, `kernels/pooling.cc`, `kernels/pad.cc`).
    pub(super) fn unscaled(&self, input: usize, output: usize) -> Result<(Quantized, Bounds), String> {
        let ([x, y], bounds) = self.activations([input, output])?;
        let stray = match (self.runtime, &self.operator.options) {
            (Runtime::Tflm, Options::Pool2d { .. }) => 1e-6,
            (Runtime::Xnnpack, _) => 0.0,
            (Runtime::Tflm | Runtime::LitertReference | Runtime::LitertBuiltin, _) => return Ok((y, bounds)),
        };
        if x.zero_point != y.zero_point || (x.scale - y.scale).abs() > stray {
            return Err(format!(
                "input has scale {:e} and zero point {}, output {:e} and {}: must be the same for {}",
                x.scale, x.zero_point, y.scale, y.zero_point, self.runtime
            ));
        }
        Ok((y, bounds))
    }

    /// Checks that an int8 input has this scale and zero point, which are the output's.
    pub(super) fn check_same(&self, input: usize, output: Quantized) -> Result<(), String> {
        let x = self.quantized(input)?;
        match (x.scale, x.zero_point) == (output.scale, output.zero_point) {
            true => Ok(()),
            false => Err(format!(
                "tensor {input} has scale {:e} and zero point {}, the output {:e} and {}: must be the same",
                x.scale, x.zero_point, output.scale, output.zero_point
            )),
        }
    }

    /// Refuses an operator of which only the reference kernels are known.
    pub(super) fn check_reference(&self) -> Result<(), String> {
        match self.runtime {
            Runtime::Tflm | Runtime::LitertReference => Ok(()),
            Runtime::LitertBuiltin | Runtime::Xnnpack => {
                Err("what LiteRT's own kernel and XNNPACK compute here is not known to the last bit".to_owned())
            }
        }
    }

    /// The four sizes of a tensor.
    pub(super) fn sizes(&self, index: usize) -> Result<[usize; 4], String> {
        let shape = &self.tensor(index).shape;
        let sizes = <[usize; 4]>::try_from(&shape[..]).ok().filter(|sizes| !sizes.contains(&0));
        sizes.ok_or_else(|| format!("tensor {index} has shape {shape:?}: must have 4 dimensions, none empty"))
    }
}

/// The one scale and zero point of a tensor; `None` if its channels have scales of their own.
pub(super) fn per_tensor(q: &Quantization) -> Option<Quantized> {
    match (&q.scales[..], &q.zero_points[..]) {
        // The zero point is in the range of the tensor's type, because the reader has checked it.
        (&[scale], &[zero_point]) => Some(Quantized { scale, zero_point: zero_point as i32 }),
        _ => None,
    }
}
