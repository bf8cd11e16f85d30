//! Folding a batch norm into the linear or convolutional layer before it: a step in floats, before quantization.

use super::FloatMatrix;
use super::float_matrix::{all_finite, same_length};
use super::linear::fill;
use crate::Error;

/// `gamma * (y - mean) / sqrt(variance + epsilon) + beta`, for each output channel.
#[derive(Debug, Clone, PartialEq)]
pub struct BatchNorm {
    gamma: Vec<f32>,
    beta: Vec<f32>,
    mean: Vec<f32>,
    variance: Vec<f32>,
    epsilon: f32,
}

impl BatchNorm {
    /// One element of each list for a channel, all finite; `epsilon` and the variances at least 0, their sums above.
    ///
    /// # Errors
    /// If lengths differ or a number is out of its range.
    pub fn new(
        gamma: Vec<f32>,
        beta: Vec<f32>,
        mean: Vec<f32>,
        variance: Vec<f32>,
        epsilon: f32,
    ) -> Result<BatchNorm, Error> {
        let lists = [("gamma", &gamma), ("beta", &beta), ("mean", &mean), ("variance", &variance)];
        for (what, list) in lists {
            same_length(what, list, gamma.len())?;
            all_finite(what, list)?;
        }
        if !epsilon.is_finite() || epsilon < 0.0 {
            let limit = "finite and at least 0".to_owned();
            return Err(Error::Float { what: "epsilon", limit, got: epsilon.into() });
        }
        if let Some(index) = variance.iter().position(|v| *v < 0.0 || *v + epsilon <= 0.0) {
            let limit = "at least 0, and above it together with epsilon";
            return Err(Error::Value { what: "variance", index, limit, got: variance[index].into() });
        }
        Ok(BatchNorm { gamma, beta, mean, variance, epsilon })
    }

    /// Number of channels.
    pub fn channels(&self) -> usize {
        self.gamma.len()
    }

    /// `gamma / sqrt(variance + epsilon)` of channel `c`.
    fn factor(&self, c: usize) -> f64 {
        f64::from(self.gamma[c]) / (f64::from(self.variance[c]) + f64::from(self.epsilon)).sqrt()
    }

    /// The batch norm of `y`, a column for each channel, as it stands: in float64, rounded to float32 once.
    ///
    /// # Errors
    /// If `y` has another number of columns, or a result is beyond float32.
    pub fn apply(&self, y: &FloatMatrix) -> Result<FloatMatrix, Error> {
        self.check_channels("y", [y.rows(), y.cols()], y.cols())?;
        fill(y.rows(), y.cols(), |r, c| {
            let centred = f64::from(y.row(r)[c]) - f64::from(self.mean[c]);
            (centred * self.factor(c) + f64::from(self.beta[c])) as f32
        })
    }

    /// Weights (a row for each channel) and bias of the one layer that does both:
    /// `w' = w * gamma / sqrt(variance + epsilon)`, `b' = beta + (b - mean) * gamma / sqrt(variance + epsilon)`, in
    /// float64, rounded to float32 once.
    ///
    /// # Errors
    /// If there are other numbers of rows or of biases, or a result is beyond float32.
    pub fn fold(&self, weights: &FloatMatrix, bias: &[f32]) -> Result<(FloatMatrix, Vec<f32>), Error> {
        self.check_channels("weights", [weights.rows(), weights.cols()], weights.rows())?;
        same_length("bias", bias, self.channels())?;
        let folded =
            fill(weights.rows(), weights.cols(), |c, k| (f64::from(weights.row(c)[k]) * self.factor(c)) as f32)?;
        let shift = |(c, b): (usize, &f32)| {
            let centred = f64::from(*b) - f64::from(self.mean[c]);
            (f64::from(self.beta[c]) + centred * self.factor(c)) as f32
        };
        let bias: Vec<f32> = bias.iter().enumerate().map(shift).collect();
        all_finite("bias", &bias)?;
        Ok((folded, bias))
    }

    fn check_channels(&self, what: &'static str, shape: [usize; 2], got: usize) -> Result<(), Error> {
        if got == self.channels() {
            return Ok(());
        }
        Err(Error::Shape { what, got: shape.to_vec(), expected: format!("{} channels", self.channels()) })
    }
}
