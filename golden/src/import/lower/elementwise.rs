//! The requirements on the tensors of operators of two operands.

use super::operands::Operands;
use crate::graph::Operator;
use crate::import::Runtime;
use crate::import::runtime::Layer;
use crate::import::tflite::Activation;
use crate::numerics::multiplier::quantize_multiplier;
use crate::operators::{AddParameters, LitertMul, SquaredDifference, XnnpackAdd, xnnpack_square_table};
use crate::{Bounds, MultiplierWidth};

impl Operands<'_> {
    /// ADD, SUB or MUL.
    pub(super) fn elementwise(&self, activation: Activation) -> Result<Operator, String> {
        let tensors = [self.input(0)?, self.input(1)?, self.output()?];
        let (([a, b, y], whole), runtime) = (self.activations(tensors)?, self.runtime);
        let bounds = runtime.bounds(activation, y, whole)?;
        let (zero_points, scales) = ([a.zero_point, b.zero_point], [a.scale, b.scale, y.scale]);
        let left_shift =
            if whole == Bounds::INT16 { AddParameters::LEFT_SHIFT_16 } else { AddParameters::LEFT_SHIFT_8 };
        let common = || AddParameters::new(left_shift, scales, y.zero_point.into(), bounds);
        let own = |subtract| XnnpackAdd::new(scales, subtract, y.zero_point, bounds);
        match (&*self.operator.name, runtime) {
            ("MUL", Runtime::LitertBuiltin) => {
                let factor = runtime.factor(Layer::Product, [a.scale, b.scale], y.scale);
                let scale = quantize_multiplier(factor, MultiplierWidth::W32);
                scale
                    .and_then(|scale| LitertMul::new(scale, y.zero_point.into(), bounds))
                    .map(|parameters| Operator::LitertMul { zero_points, parameters })
            }
            ("MUL", _) => runtime
                .requantization(Layer::Product, [a.scale, b.scale], y, bounds)
                .map(|requantization| Operator::Mul { zero_points, requantization }),
            (name, Runtime::Xnnpack) => {
                own(name == "SUB").map(|parameters| Operator::XnnpackAdd { zero_points, parameters })
            }
            ("SUB", _) => common().map(|parameters| Operator::Sub { zero_points, parameters }),
            (_, Runtime::LitertBuiltin) => common().map(|parameters| Operator::LitertAdd { zero_points, parameters }),
            _ => common().map(|parameters| Operator::Add { zero_points, parameters }),
        }
        .map_err(|e| e.to_string())
    }

    /// SQUARED_DIFFERENCE of int8, which all runtimes compute alike.
    pub(super) fn squared_difference(&self) -> Result<Operator, String> {
        let (a, b) = (self.quantized(self.input(0)?)?, self.quantized(self.input(1)?)?);
        let y = self.quantized(self.output()?)?;
        SquaredDifference::new([a.scale, b.scale, y.scale], y.zero_point.into(), Bounds::INT8)
            .map(|parameters| Operator::SquaredDifference { zero_points: [a.zero_point, b.zero_point], parameters })
            .map_err(|e| e.to_string())
    }

    /// MUL of a tensor with itself.
    pub(super) fn square(&self, activation: Activation) -> Result<Operator, String> {
        let (x, y) = (self.quantized(self.input(0)?)?, self.quantized(self.output()?)?);
        let bounds = self.runtime.bounds(activation, y, Bounds::INT8)?;
        Ok(Operator::Table { entries: xnnpack_square_table([x.scale, y.scale], [x.zero_point, y.zero_point], bounds) })
    }
}
