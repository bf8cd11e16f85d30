//! Convolution of each channel by itself.

use super::array::{channel, check_channels, dot};
use super::conv2d::each;
use super::{Array, Operand, Window};
use crate::Error;
use crate::numerics::requantizer::Requantize;

/// TFLite's `DEPTHWISE_CONV_2D` (tflite-micro 90b983c2, `reference/integer_ops/depthwise_conv.h`): output channel
/// `c * multiplier + m` sees input channel `c` only.
///
/// `input` is `[batch, height, width, channels]`, `weights` are `[1, height, width, channels * multiplier]`. There is
/// one requantization, or one for each output channel.
///
/// # Errors
/// If shapes disagree, the window does not fit, or a sum has no quantized value; the error names the element.
pub fn depthwise_conv2d(
    input: Operand<'_>,
    weights: Operand<'_>,
    bias: &[i32],
    window: &Window,
    requantizations: &[impl Requantize],
) -> Result<Array, Error> {
    let [batch, height, width, channels] = input.array.sizes("input", "[batch, height, width, channels]")?;
    let [one, rows, cols, outputs] = weights.array.sizes("weights", "[1, height, width, outputs]")?;
    if one != 1 || outputs % channels != 0 {
        let expected = format!("[1, height, width, a multiple of the {channels} channels of the input]");
        return Err(Error::Shape { what: "weights", got: weights.array.shape().to_vec(), expected });
    }
    check_channels(outputs, bias, requantizations)?;
    let shape = vec![batch, window.rows.outputs(height, rows)?, window.cols.outputs(width, cols)?, outputs];

    let (xs, ws, multiplier) = (input.array.data(), weights.array.data(), outputs / channels);
    let sum = |n: usize, i: usize, j: usize, o: usize| {
        let mut acc = i128::from(bias[o]);
        for (r, y) in window.rows.taps(i, height, rows) {
            for (c, x) in window.cols.taps(j, width, cols) {
                let tap = ((n * height + y) * width + x) * channels + o / multiplier;
                let weight = (r * cols + c) * outputs + o;
                acc += dot(&xs[tap..=tap], input.zero_point, &ws[weight..=weight], weights.zero_point);
            }
        }
        acc
    };
    each(shape, |[n, i, j, o]| channel(requantizations, o).requantize_sum(sum(n, i, j, o)))
}
