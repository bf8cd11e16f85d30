//! The linear layer in floats.

use super::FloatMatrix;
use super::float_matrix::{all_finite, same_length};
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
