//! The requirements on the tensors of an operator that is a function of one int8.

use super::operands::Operands;
use crate::graph::{Operator, Quantized};
use crate::import::Runtime;
use crate::import::tflite::Activation;
use crate::numerics::multiplier::quantize_multiplier;
use crate::operators::{
    Table, abs_table, clamp_table, hard_swish_table, leaky_relu_table, logistic_table, neg_table, relu_table,
    tanh_table,
};
use crate::{Bounds, MultiplierWidth, Requantization, Rule};

impl Operands<'_> {
    /// The table of ABS, HARD_SWISH, LOGISTIC, NEG, RELU, RELU6 or TANH.
    pub(super) fn table(&self) -> Result<Table, String> {
        let (x, y) = (self.quantized(self.input(0)?)?, self.quantized(self.output()?)?);
        let (scales, zero_points) = ([x.scale, y.scale], [x.zero_point, y.zero_point]);
        match &*self.operator.name {
            "ABS" => abs_table(self.ratio(scales), zero_points),
            "NEG" if self.runtime == Runtime::Tflm => {
                return Err("of INT8: TensorFlow Lite Micro has no such kernel".to_owned());
            }
            "NEG" => Ok(neg_table()),
            "HARD_SWISH" => hard_swish_table(scales, zero_points),
            "RELU6" if self.runtime == Runtime::Tflm => {
                Ok(clamp_table(self.runtime.bounds(Activation::Relu6, x, Bounds::INT8)?))
            }
            "RELU6" => {
                relu_table(self.ratio(scales), zero_points, self.runtime.bounds(Activation::Relu6, y, Bounds::INT8)?)
            }
            "RELU" => {
                relu_table(self.ratio(scales), zero_points, self.runtime.bounds(Activation::Relu, y, Bounds::INT8)?)
            }
            _ => return self.sigmoid(x, y),
        }
        .map_err(|e| e.to_string())
    }

    /// The factor of RELU and ABS. The text of tflite-micro 90b983c2 divides in `f32`, as LiteRT does. The runtime that the
    /// cases were recorded with, 0.dev20261023 of commit 8f6596d, divides in `f64`: of RELU all of 384,000 outputs were equal,
    /// and 157 were not by the division in `f32`.
    fn ratio(&self, [input, output]: [f32; 2]) -> f64 {
        match self.runtime {
            Runtime::Tflm => f64::from(input) / f64::from(output),
            _ => (input / output).into(),
        }
    }

    /// The table of LEAKY_RELU. XNNPACK has a way of its own.
    pub(super) fn leaky_relu(&self, alpha: f32) -> Result<Table, String> {
        if self.runtime == Runtime::Xnnpack {
            return Err("what XNNPACK computes here is not known to the last bit".to_owned());
        }
        let (x, y) = (self.quantized(self.input(0)?)?, self.quantized(self.output()?)?);
        let factors = [x.scale * alpha / y.scale, x.scale / y.scale];
        leaky_relu_table(factors, [x.zero_point, y.zero_point]).map_err(|e| e.to_string())
    }

    /// PRELU. TFLM forms its factors in `f64`, LiteRT in `f32` (tflite-micro 90b983c2, `micro/kernels/prelu_common.cc`;
    /// LiteRT f6745779, `kernels/activations.cc`).
    pub(super) fn prelu(&self) -> Result<Operator, String> {
        let (x, alpha) = (self.quantized(self.input(0)?)?, self.quantized(self.input(1)?)?);
        let y = self.quantized(self.output()?)?;
        let wide = [x.scale, alpha.scale, y.scale].map(f64::from);
        let factors = match self.runtime {
            Runtime::Tflm => [wide[0] / wide[2], wide[0] * wide[1] / wide[2]],
            _ => [x.scale / y.scale, x.scale * alpha.scale / y.scale].map(f64::from),
        };
        let [above, below] = factors.map(|factor| {
            let factor = quantize_multiplier(factor, MultiplierWidth::W32)?;
            Requantization::new(Rule::TfliteDouble, factor, y.zero_point.into(), Bounds::INT8)
        });
        let (above, below) = (above.map_err(|e| e.to_string())?, below.map_err(|e| e.to_string())?);
        Ok(Operator::Prelu { zero_points: [x.zero_point, alpha.zero_point], above, below })
    }

    /// LOGISTIC or TANH. LiteRT takes the function from the C library, whose floats differ from machine to machine.
    /// TFLM ignores the scale of the output, and the zero point of TANH's output.
    fn sigmoid(&self, x: Quantized, y: Quantized) -> Result<Table, String> {
        if self.runtime != Runtime::Tflm {
            return Err("what LiteRT computes here is not known to the last bit".to_owned());
        }
        let least = Bounds::INT8.min();
        match &*self.operator.name {
            "LOGISTIC" if i64::from(y.zero_point) != least => {
                return Err(format!("output has zero point {}: must be {least}", y.zero_point));
            }
            "LOGISTIC" => logistic_table(x.scale, x.zero_point),
            _ => tanh_table(x.scale, x.zero_point),
        }
        .map_err(|e| e.to_string())
    }
}
