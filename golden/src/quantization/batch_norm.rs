//! Folding a batch norm into the linear or convolutional layer before it: a step in floats, before quantization.

use super::float_matrix::{all_finite, same_length};
use super::linear::{check_operands, fill, linear};
use super::{FloatMatrix, Parameters, QuantizedWeights, Rounding, WeightQuantization, quantize};
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

/// The changes by folding in the quantized outputs of a channel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ChannelChange {
    /// outputs that were compared
    pub values: usize,
    /// outputs that differ
    pub changed_values: usize,
    /// bits that differ, of the outputs in two's complement
    pub changed_bits: usize,
    /// greatest difference, in output steps
    pub greatest: u32,
}

/// A layer and the batch norm after it.
#[derive(Debug, Clone, Copy)]
pub struct NormalizedLayer<'a> {
    /// a row for each output channel
    pub weights: &'a FloatMatrix,
    /// one for each output channel
    pub bias: &'a [f32],
    /// of the layer's outputs
    pub batch_norm: &'a BatchNorm,
}

/// Compares, by channel, the quantized outputs of the layer followed by the batch norm with the quantized outputs of
/// the folded layer.
///
/// With `how`, the weights of both are quantized. The weights of the folded layer are quantized after folding, when
/// per-tensor scales suffer from channels that the batch norm spread apart. Without `how`, everything but the outputs
/// is float32, and all differences come from float32's own rounding.
///
/// # Errors
/// The errors of [`BatchNorm::fold`], [`linear`] and [`QuantizedWeights::new`].
pub fn fold_changes(
    x: &FloatMatrix,
    layer: NormalizedLayer<'_>,
    how: Option<&WeightQuantization>,
    output: &Parameters,
) -> Result<Vec<ChannelChange>, Error> {
    let NormalizedLayer { weights, bias, batch_norm } = layer;
    check_operands(x, weights, bias)?;
    let through = |weights: &FloatMatrix| match how {
        Some(how) => QuantizedWeights::new(weights, how)?.dequantized(),
        None => Ok(weights.clone()),
    };
    let apart = batch_norm.apply(&linear(x, &through(weights)?, bias)?)?;
    let (folded_weights, folded_bias) = batch_norm.fold(weights, bias)?;
    let folded = linear(x, &through(&folded_weights)?, &folded_bias)?;
    (0..apart.cols()).map(|c| channel_change(&apart, &folded, c, output)).collect()
}

fn channel_change(a: &FloatMatrix, b: &FloatMatrix, c: usize, output: &Parameters) -> Result<ChannelChange, Error> {
    let mut change = ChannelChange { values: a.rows(), changed_values: 0, changed_bits: 0, greatest: 0 };
    for r in 0..a.rows() {
        let p = quantize(a.row(r)[c], output, Rounding::HalfEven)?;
        let q = quantize(b.row(r)[c], output, Rounding::HalfEven)?;
        change.changed_values += usize::from(p != q);
        change.changed_bits += changed_bits(p, q, output);
        change.greatest = change.greatest.max(p.abs_diff(q));
    }
    Ok(change)
}

/// Number of bits that differ, among the bits that the integers of `output` need.
fn changed_bits(p: i32, q: i32, output: &Parameters) -> usize {
    let (min, max) = (output.integers().min(), output.integers().max());
    let needed = if min < 0 { 65 - (!min).max(max).leading_zeros() } else { 64 - max.leading_zeros() };
    let mask = (1i64 << needed) - 1;
    ((i64::from(p) ^ i64::from(q)) & mask).count_ones() as usize
}
