//! Weight-only, dynamic and static quantization of one linear layer, by what is quantized when.
//!
//! | | weights | inputs | sums | outputs |
//! |---|---|---|---|---|
//! | [`weight_only`] | beforehand | never | float | never |
//! | [`dynamic`] | beforehand | by the range of each batch, as it comes | integer | never |
//! | [`StaticLayer`] | beforehand | by a range calibrated beforehand | integer | by a range calibrated beforehand |

use super::calibration::calibrate;
use super::float_matrix::{all_finite, same_length};
use super::linear::{check_operands, fill, linear};
use super::{Calibration, FloatMatrix, Format, Granularity, Parameters, QuantizedWeights, Rounding, quantize};
use crate::gemm::{Matrix, Operand, fully_connected};
use crate::numerics::multiplier::{layer_factor, quantize_multiplier};
use crate::{Bounds, Error, MultiplierWidth, Requantization, Rule};

/// Weights are integers in memory and become floats again before they are used. The layer becomes smaller, but not
/// faster.
///
/// # Errors
/// The errors of [`linear`].
pub fn weight_only(x: &FloatMatrix, weights: &QuantizedWeights, bias: &[f32]) -> Result<FloatMatrix, Error> {
    linear(x, &weights.dequantized()?, bias)
}

/// `x` is quantized by its own range (ties to even), integers are summed, and each sum is scaled to a float by
/// `scale_x * scale_w`. Each group of weights has a sum of its own. The layer needs no calibration, and its outputs
/// stay floats, which are rounded to float32 once.
///
/// # Errors
/// The errors of [`linear`].
pub fn dynamic(x: &FloatMatrix, input: Format, weights: &QuantizedWeights, bias: &[f32]) -> Result<FloatMatrix, Error> {
    let w = weights.matrix();
    check_operands(x, &weights.dequantized()?, bias)?;
    let parameters = calibrate(x.data(), Calibration::MinMax, input)?;
    let quantized = quantized(x, &parameters)?;
    let run = weights.granularity().run(x.cols());
    fill(x.rows(), w.rows(), |m, n| {
        let mut y = f64::from(bias[n]);
        for first in (0..x.cols()).step_by(run) {
            let group = weights.parameters_at(n, first);
            let term = |k| {
                let x = i64::from(quantized.at(m, k)) - i64::from(parameters.zero_point());
                x * (i64::from(w.at(n, k)) - i64::from(group.zero_point()))
            };
            let sum: i64 = (first..(first + run).min(x.cols())).map(term).sum();
            y += sum as f64 * f64::from(parameters.scale()) * f64::from(group.scale());
        }
        y as f32
    })
}

/// Quantizes every element, ties to even.
fn quantized(x: &FloatMatrix, parameters: &Parameters) -> Result<Matrix, Error> {
    let data = x.data().iter().map(|v| quantize(*v, parameters, Rounding::HalfEven)).collect::<Result<_, _>>()?;
    Matrix::new("x", x.rows(), x.cols(), data)
}

/// Bias and requantization of each output: the bias at `scale_x * scale_w`, ties away from zero, saturated to int32; the
/// factor `scale_x * scale_w / scale_out` in float64. The outputs are clamped to `bounds`.
///
/// # Errors
/// The errors of [`StaticLayer::new`].
pub(crate) fn biases_and_requantizations(
    weights: &QuantizedWeights,
    bias: &[f32],
    input: &Parameters,
    output: &Parameters,
    bounds: Bounds,
    rule: Rule,
) -> Result<(Vec<i32>, Vec<Requantization>), Error> {
    if let granularity @ Granularity::PerGroup(_) = weights.granularity() {
        return Err(Error::unknown("granularity", granularity, &["per_tensor", "per_channel"]));
    }
    same_length("bias", bias, weights.matrix().rows())?;
    all_finite("bias", bias)?;
    let weight = |n| weights.parameters_at(n, 0).scale();
    let sum = |n| f64::from(input.scale()) * f64::from(weight(n));
    // The cast saturates.
    let integers = bias.iter().enumerate().map(|(n, b)| (f64::from(*b) / sum(n)).round() as i32).collect();
    let requantize = |n| {
        let factor = layer_factor(input.scale(), weight(n), output.scale());
        let multiplier = quantize_multiplier(factor, MultiplierWidth::W32)?;
        Requantization::new(rule, multiplier, output.zero_point().into(), bounds)
    };
    Ok((integers, (0..bias.len()).map(requantize).collect::<Result<_, _>>()?))
}

/// A layer without any float: TFLite's `FULLY_CONNECTED`.
#[derive(Debug, Clone, PartialEq)]
pub struct StaticLayer {
    weights: QuantizedWeights,
    input: Parameters,
    bias: Vec<i32>,
    requantizations: Vec<Requantization>,
}

impl StaticLayer {
    /// A bias is quantized at `scale_x * scale_w`, ties away from zero, with zero point 0 and saturated to int32; the
    /// multiplier of 32 bits is made of `scale_x * scale_w / scale_out` in float64, as TFLite makes it for
    /// convolutions.
    ///
    /// # Errors
    /// If the weights are per group, so that an output has no single multiplier, or channels have zero points of their
    /// own; if the number of biases is wrong or a bias is not finite; if the rule or the multiplier is not defined.
    pub fn new(
        weights: QuantizedWeights,
        bias: &[f32],
        input: Parameters,
        output: &Parameters,
        rule: Rule,
    ) -> Result<StaticLayer, Error> {
        let (bias, requantizations) =
            biases_and_requantizations(&weights, bias, &input, output, output.integers(), rule)?;
        let shared = weights.parameters()[0].zero_point();
        if let Some(other) = weights.parameters().iter().map(Parameters::zero_point).find(|z| *z != shared) {
            let shared = shared.into();
            return Err(Error::OutOfRange { what: "zero_point", min: shared, max: shared, got: other.into() });
        }
        Ok(StaticLayer { weights, input, bias, requantizations })
    }

    /// Computes the integers of the outputs from the integers of the inputs.
    ///
    /// # Errors
    /// If the shape of `x` does not fit, or a sum leaves the accumulator of the rule.
    pub fn run(&self, x: &Matrix) -> Result<Matrix, Error> {
        let x = Operand { matrix: x, zero_point: self.input.zero_point() };
        let weights = Operand { matrix: self.weights.matrix(), zero_point: self.weights.parameters()[0].zero_point() };
        fully_connected(x, weights, &self.bias, &self.requantizations)
    }

    /// The quantized biases.
    pub fn bias(&self) -> &[i32] {
        &self.bias
    }

    /// The requantization of each output's sum.
    pub fn requantizations(&self) -> &[Requantization] {
        &self.requantizations
    }
}
