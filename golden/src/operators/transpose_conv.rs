//! Transposed convolution.

use super::array::{channel, check_channels};
use super::conv2d::each;
use super::{Array, Operand};
use crate::Error;
use crate::numerics::requantizer::Requantize;

/// How the taps of a transposed convolution are spread over one axis of its output.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Spread {
    /// from one element of the input to the next, in elements of the output; at least 1
    pub stride: usize,
    /// elements of the output that are cut off at the start: top or left
    pub before: usize,
    /// number of outputs
    pub outputs: usize,
}

impl Spread {
    /// TFLite's padding from the size of the output (tflite-micro 90b983c2, `padding.h`, and
    /// `micro/kernels/transpose_conv.cc`). `stride` must be at least 1.
    pub fn new(outputs: usize, filter: usize, stride: usize, same: bool) -> Spread {
        let reach = match same {
            true => outputs.div_ceil(stride),
            false => (outputs + stride).saturating_sub(filter) / stride,
        };
        let total = (reach.saturating_sub(1) * stride + filter).saturating_sub(outputs);
        Spread { stride, before: total / 2, outputs }
    }

    /// The elements of an input of `size` elements that reach output `i`, each with its tap.
    fn taps(self, i: usize, size: usize, filter: usize) -> impl Iterator<Item = (usize, usize)> {
        let place = i + self.before;
        (0..filter.min(place + 1))
            .filter(move |tap| (place - tap).is_multiple_of(self.stride))
            .map(move |tap| ((place - tap) / self.stride, tap))
            .filter(move |&(element, _)| element < size)
    }
}

/// TFLite's `TRANSPOSE_CONV` of int8 (tflite-micro 90b983c2, `reference/integer_ops/transpose_conv.h`): each element of the
/// input adds its products with the filter to the outputs that the filter covers, `stride` apart.
///
/// `input` is `[batch, height, width, channels]`, `weights` are `[outputs, height, width, channels]`. There is one
/// requantization, or one for each output channel.
///
/// # Errors
/// If shapes disagree, or a sum has no quantized value; the error names the element.
pub fn transpose_conv(
    input: Operand<'_>,
    weights: &Array,
    bias: &[i32],
    [down, across]: [Spread; 2],
    requantizations: &[impl Requantize],
) -> Result<Array, Error> {
    let [batch, height, width, channels] = input.array.sizes("input", "[batch, height, width, channels]")?;
    let [outputs, rows, cols, depth] = weights.sizes("weights", "[outputs, height, width, channels]")?;
    if depth != channels {
        let expected = format!("{channels} channels, as the input");
        return Err(Error::Shape { what: "weights", got: weights.shape().to_vec(), expected });
    }
    check_channels(outputs, bias, requantizations)?;
    let (xs, ws) = (input.array.data(), weights.data());
    let sum = |[n, i, j, o]: [usize; 4]| {
        let mut acc = i128::from(bias[o]);
        for (y, r) in down.taps(i, height, rows) {
            for (x, c) in across.taps(j, width, cols) {
                for k in 0..channels {
                    let (x, w) = (
                        xs[((n * height + y) * width + x) * channels + k],
                        ws[((o * rows + r) * cols + c) * channels + k],
                    );
                    acc += (i128::from(x) - i128::from(input.zero_point)) * i128::from(w);
                }
            }
        }
        acc
    };
    each(vec![batch, down.outputs, across.outputs, outputs], |place| {
        channel(requantizations, place[3]).requantize_sum(sum(place))
    })
}
