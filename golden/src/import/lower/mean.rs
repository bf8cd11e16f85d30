//! The requirements on the tensors of MEAN, SUM, REDUCE_MAX and REDUCE_MIN.

use super::operands::Operands;
use crate::graph::Operator;
use crate::import::Runtime;
use crate::import::tflite::Data;
use crate::numerics::multiplier::quantize_multiplier;
use crate::operators::mean_factor;
use crate::{Bounds, MultiplierWidth, Requantization, Rule};

impl Operands<'_> {
    /// A reduction of int8 over constant axes.
    pub(super) fn reduced(&self, keep_dims: bool) -> Result<Operator, String> {
        let (input, output) = (self.input(0)?, self.output()?);
        let (x, y) = (self.quantized(input)?, self.quantized(output)?);
        let sizes = &self.tensor(input).shape;
        let axes = self.axes(self.input(1)?, sizes.len())?;
        let kept = |axis: usize| keep_dims || !axes.contains(&axis);
        let size = |axis: usize| if axes.contains(&axis) { 1 } else { sizes[axis] };
        let expected: Vec<usize> = (0..sizes.len()).filter(|&axis| kept(axis)).map(size).collect();
        let got = &self.tensor(output).shape;
        if *got != expected {
            return Err(format!("axes {axes:?} of {sizes:?} do not give an output of shape {got:?}"));
        }
        let scales = [x.scale, y.scale];
        let factor = match &*self.operator.name {
            "MEAN" => {
                self.check_mean_is_known(&axes, keep_dims)?;
                mean_factor(scales, axes.iter().map(|&axis| sizes[axis]).product())
            }
            "SUM" if self.runtime != Runtime::Tflm => {
                return Err("what LiteRT computes here is not known to the last bit".to_owned());
            }
            // As TFLM and LiteRT demand it.
            "REDUCE_MAX" | "REDUCE_MIN" if x != y => {
                return Err(format!(
                    "input has scale {:e} and zero point {}, output {:e} and {}: must be the same",
                    x.scale, x.zero_point, y.scale, y.zero_point
                ));
            }
            "SUM" => quantize_multiplier(f64::from(scales[0]) / f64::from(scales[1]), MultiplierWidth::W32),
            name => return Ok(Operator::ExtremumOver { axes, greatest: name == "REDUCE_MAX" }),
        };
        let requantization = factor
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
