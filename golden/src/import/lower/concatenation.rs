//! The requirements on the tensors of CONCATENATION.

use super::operands::Operands;
use crate::graph::Operator;
use crate::import::Runtime;
use crate::import::tflite::Activation;
use crate::operators::concatenated_shape;

/// Greatest number of inputs that TFLM takes (tflite-micro 90b983c2, `micro/kernels/concatenation.cc`).
const MAX_INPUTS: usize = 10;

impl Operands<'_> {
    /// CONCATENATION of int8, which no runtime requantizes: all scales and zero points are the output's (tflite-micro
    /// 90b983c2, `micro/kernels/concatenation.cc`; LiteRT f6745779, `kernels/concatenation.cc`).
    pub(super) fn concatenation(
        &self,
        inputs: &[usize],
        axis: i32,
        activation: Activation,
    ) -> Result<Operator, String> {
        if self.runtime == Runtime::Tflm && inputs.len() > MAX_INPUTS {
            return Err(format!("{} inputs: at most {MAX_INPUTS} for {}", inputs.len(), self.runtime));
        }
        if activation != Activation::None {
            return Err(format!("fused activation is {activation:?}: must be None"));
        }
        let output = self.output()?;
        let y = self.quantized(output)?;
        inputs.iter().try_for_each(|&input| self.check_same(input, y))?;
        let shape = &self.tensor(output).shape;
        let axis = self.axis(axis, shape.len())?;
        // The shape is checked before an array of this size is made.
        let shapes: Vec<&[usize]> = inputs.iter().map(|&input| &self.tensor(input).shape[..]).collect();
        let concatenated = concatenated_shape(&shapes, axis).map_err(|e| e.to_string())?;
        if concatenated != *shape {
            return Err(format!("its inputs make shape {concatenated:?}, its output has {shape:?}"));
        }
        Ok(Operator::Concatenation { axis })
    }

    /// A dimension of `rank`; below 0 it counts from behind.
    pub(super) fn axis(&self, axis: i32, rank: usize) -> Result<usize, String> {
        let counted = if axis < 0 { i64::from(axis) + rank as i64 } else { axis.into() };
        let axis_of_rank = usize::try_from(counted).ok().filter(|&axis| axis < rank);
        axis_of_rank.ok_or_else(|| format!("axis is {axis}: must be one of {rank} dimensions"))
    }
}
