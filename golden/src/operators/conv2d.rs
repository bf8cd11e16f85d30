//! Convolution.

mod fast;

pub use fast::conv2d_fast;

use super::array::{at, channel, check_channels, dot};
use super::{Array, Operand, Window};
use crate::Error;
use crate::numerics::requantizer::Requantize;

/// TFLite's `CONV_2D` (tflite-micro 90b983c2, `reference/integer_ops/conv.h`):
/// `y[n][i][j][o] = requantize(bias[o] + sum (x - zx) (w - zw))` over the taps of the filter that lie within the image.
///
/// `input` is `[batch, height, width, channels]`, `weights` are `[outputs, height, width, channels / groups]`; output
/// channels belong to the groups in turn. There is one requantization, or one for each output channel.
///
/// # Errors
/// If shapes disagree, the window does not fit, or a sum has no quantized value; the error names the element.
pub fn conv2d(
    input: Operand<'_>,
    weights: Operand<'_>,
    bias: &[i32],
    window: &Window,
    requantizations: &[impl Requantize],
) -> Result<Array, Error> {
    let [batch, height, width, channels] = input.array.sizes("input", "[batch, height, width, channels]")?;
    let [outputs, rows, cols, depth] = weights.array.sizes("weights", "[outputs, height, width, channels]")?;
    let groups = channels / depth;
    if groups * depth != channels || groups == 0 || outputs % groups != 0 {
        let expected = format!("groups of equal size of the {channels} channels of the input");
        return Err(Error::Shape { what: "weights", got: weights.array.shape().to_vec(), expected });
    }
    check_channels(outputs, bias, requantizations)?;
    let shape = vec![batch, window.rows.outputs(height, rows)?, window.cols.outputs(width, cols)?, outputs];

    let (xs, ws) = (input.array.data(), weights.array.data());
    let sum = |n: usize, i: usize, j: usize, o: usize| {
        let first = o / (outputs / groups) * depth;
        let mut acc = i128::from(bias[o]);
        for (r, y) in window.rows.taps(i, height, rows) {
            for (c, x) in window.cols.taps(j, width, cols) {
                let xs = &xs[((n * height + y) * width + x) * channels + first..][..depth];
                let ws = &ws[((o * rows + r) * cols + c) * depth..][..depth];
                acc += dot(xs, input.zero_point, ws, weights.zero_point);
            }
        }
        acc
    };
    each(shape, |[n, i, j, o]| channel(requantizations, o).requantize_sum(sum(n, i, j, o)))
}

/// The array with the elements that `f` computes, of a shape of four sizes.
pub(super) fn each(shape: Vec<usize>, f: impl Fn([usize; 4]) -> Result<i32, Error>) -> Result<Array, Error> {
    let mut data = Vec::new();
    for n in 0..shape[0] {
        for i in 0..shape[1] {
            for j in 0..shape[2] {
                for c in 0..shape[3] {
                    data.push(f([n, i, j, c]).map_err(|source| at(&shape, data.len(), source))?);
                }
            }
        }
    }
    Array::new("output", shape, data)
}
