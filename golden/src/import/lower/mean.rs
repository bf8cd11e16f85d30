//! The requirements on the tensors of MEAN.

use super::operands::Operands;
use crate::graph::Operator;
use crate::import::Runtime;
use crate::import::tflite::Data;
use crate::operators::mean_factor;
use crate::{Bounds, Requantization, Rule};

impl Operands<'_> {
    /// MEAN of int8 over constant axes.
    pub(super) fn mean(&self, keep_dims: bool) -> Result<Operator, String> {
        let (input, output) = (self.input(0)?, self.output()?);
        let (x, y) = (self.quantized(input)?, self.quantized(output)?);
        let sizes = &self.tensor(input).shape;
        let axes = self.axes(self.input(1)?, sizes.len())?;
        self.check_mean_is_known(&axes, keep_dims)?;
        let kept = |axis: usize| keep_dims || !axes.contains(&axis);
        let size = |axis: usize| if axes.contains(&axis) { 1 } else { sizes[axis] };
        let expected: Vec<usize> = (0..sizes.len()).filter(|&axis| kept(axis)).map(size).collect();
        let got = &self.tensor(output).shape;
        if *got != expected {
            return Err(format!("axes {axes:?} of {sizes:?} do not give an output of shape {got:?}"));
        }
        let count = axes.iter().map(|&axis| sizes[axis]).product();
        let requantization = mean_factor([x.scale, y.scale], count)
            .and_then(|factor| Requantization::new(Rule::TfliteDouble, factor, y.zero_point.into(), Bounds::INT8));
        let requantization = requantization.map_err(|e| e.to_string())?;
        Ok(Operator::Mean { axes, zero_point: x.zero_point, requantization })
    }

    /// LiteRT's own kernel has a way of its own for height and width (LiteRT f6745779, `kernels/reduce.cc`, `EvalMean`),
    /// and XNNPACK for all axes.
    fn check_mean_is_known(&self, axes: &[usize], keep_dims: bool) -> Result<(), String> {
        let images = || self.input(0).is_ok_and(|input| self.tensor(input).shape.len() == 4) && *axes == [1, 2];
        match self.runtime {
            Runtime::Xnnpack => Err("what XNNPACK computes here is not known to the last bit".to_owned()),
            Runtime::LitertBuiltin if keep_dims && images() => {
                Err("what LiteRT's own kernel computes here is not known to the last bit".to_owned())
            }
            _ => Ok(()),
        }
    }

    /// The axes of a constant, each once and in rising order.
    fn axes(&self, index: usize, rank: usize) -> Result<Vec<usize>, String> {
        let tensor = self.tensor(index);
        let Some(Data::I32(axes)) = &tensor.data else {
            return Err(format!("tensor {index} is {}: axes must be a constant of INT32", tensor.element));
        };
        let mut axes = axes.iter().map(|&axis| self.axis(axis, rank)).collect::<Result<Vec<_>, _>>()?;
        axes.sort_unstable();
        axes.dedup();
        Ok(axes)
    }
}
