//! The linear layer: in floats, and as the lab quantizes it.

use super::FloatMatrix;
use super::float_matrix::{all_finite, same_length};
use super::parameters::finite;
use crate::Error;

/// `y[m][n] = sum_k x[m][k] * w[n][k] + bias[n]`: `x` is batch x K, `weights` N x K.
///
/// Sums are float64, rounded to float32 once, so that the order of terms, which no framework promises, hardly matters.
///
/// # Errors
/// If shapes disagree, or a number is not finite, inputs and results alike.
pub fn linear(x: &FloatMatrix, weights: &FloatMatrix, bias: &[f32]) -> Result<FloatMatrix, Error> {
    check_operands(x, weights, bias)?;
    let output = |m: usize, n: usize| {
        let products = x.row(m).iter().zip(weights.row(n)).map(|(x, w)| f64::from(*x) * f64::from(*w));
        (products.sum::<f64>() + f64::from(bias[n])) as f32
    };
    fill(x.rows(), weights.rows(), output)
}

/// `rows x cols` results.
pub(super) fn fill(rows: usize, cols: usize, at: impl Fn(usize, usize) -> f32) -> Result<FloatMatrix, Error> {
    let data = (0..rows * cols).map(|i| at(i / cols, i % cols)).collect();
    FloatMatrix::new("output", rows, cols, data)
}

/// Operands of one layer.
pub(super) fn check_operands(x: &FloatMatrix, weights: &FloatMatrix, bias: &[f32]) -> Result<(), Error> {
    if weights.cols() != x.cols() {
        let expected = format!("[n, {}], as the input", x.cols());
        return Err(Error::Shape { what: "weights", got: vec![weights.rows(), weights.cols()], expected });
    }
    same_length("bias", bias, weights.rows())?;
    all_finite("bias", bias)
}

/// `M = sx * sw / so`: the lab's multiplier, in float64.
///
/// # Errors
/// If a scale is not finite and above 0, or the quotient is not finite.
pub fn lab_multiplier(scale_x: f64, scale_w: f64, scale_out: f64) -> Result<f64, Error> {
    for (what, got) in [("scale_x", scale_x), ("scale_w", scale_w), ("scale_out", scale_out)] {
        if !got.is_finite() || got <= 0.0 {
            return Err(Error::Float { what, limit: "finite and above 0".to_owned(), got });
        }
    }
    finite("multiplier", scale_x * scale_w / scale_out)
}

/// The zero points and the multiplier of the lab's layer. Zero points need not be integers, as the lab does not round
/// them.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LabLayer {
    /// of the input
    pub zero_x: f64,
    /// of the weights
    pub zero_w: f64,
    /// of the output
    pub zero_out: f64,
    /// [`lab_multiplier`]
    pub multiplier: f64,
}

/// The lab's figure as it is printed, `linear(x - zx, w - zw) * M + zo`: no bias, nothing rounded, nothing clamped. `x`
/// and `weights` hold quantized values as floats, the result quantized values before rounding.
///
/// Quantized values of up to 16 bits and integral zero points give a sum that is exact.
///
/// # Errors
/// If shapes disagree, or a number is not finite, inputs and results alike.
pub fn lab_linear(x: &FloatMatrix, weights: &FloatMatrix, layer: &LabLayer) -> Result<FloatMatrix, Error> {
    check_operands(x, weights, &vec![0.0; weights.rows()])?;
    let LabLayer { zero_x, zero_w, zero_out, multiplier } = *layer;
    for (what, v) in [("zero_x", zero_x), ("zero_w", zero_w), ("zero_out", zero_out), ("multiplier", multiplier)] {
        finite(what, v)?;
    }
    let output = |m: usize, n: usize| {
        let terms = x.row(m).iter().zip(weights.row(n));
        let sum: f64 = terms.map(|(x, w)| (f64::from(*x) - zero_x) * (f64::from(*w) - zero_w)).sum();
        (sum * multiplier + zero_out) as f32
    };
    fill(x.rows(), weights.rows(), output)
}
