//! Convolution as a product of matrices: each row holds what one output pixel sees.

use super::{Array, Operand, Window, conv2d};
use crate::Error;
use crate::gemm::{self, Matrix, requantized_products};
use crate::numerics::requantizer::Requantize;

/// The same results and errors as [`conv2d`]. It is faster where there is one group and where
/// [`gemm_fast`](crate::gemm::gemm_fast) is faster.
///
/// # Errors
/// The errors of [`conv2d`].
pub fn conv2d_fast(
    input: Operand<'_>,
    weights: Operand<'_>,
    bias: &[i32],
    window: &Window,
    requantizations: &[impl Requantize],
) -> Result<Array, Error> {
    // The obvious loop reports all errors.
    try_fast(input, weights, bias, window, requantizations)
        .map_or_else(|| conv2d(input, weights, bias, window, requantizations), Ok)
}

fn try_fast(
    input: Operand<'_>,
    weights: Operand<'_>,
    bias: &[i32],
    window: &Window,
    requantizations: &[impl Requantize],
) -> Option<Array> {
    let &[batch, height, width, channels] = input.array.shape() else { return None };
    let &[outputs, rows, cols, depth] = weights.array.shape() else { return None };
    if depth != channels || bias.len() != outputs || (requantizations.len() != 1 && requantizations.len() != outputs) {
        return None;
    }
    let size = [window.rows.outputs(height, rows).ok()?, window.cols.outputs(width, cols).ok()?];
    let terms = rows * cols * depth;
    let seen = seen(input, window, [batch, size[0], size[1]], [rows, cols])?;
    let seen = Matrix::new("input", batch * size[0] * size[1], terms, seen).ok()?;
    let weight_rows = Matrix::new("weights", outputs, terms, weights.array.data().to_vec()).ok()?;
    let x = gemm::Operand { matrix: &seen, zero_point: input.zero_point };
    let w = gemm::Operand { matrix: &weight_rows, zero_point: weights.zero_point };
    let y = requantized_products(x, w, bias, requantizations)?;
    Array::new("output", vec![batch, size[0], size[1], outputs], y.data().to_vec()).ok()
}

/// The greatest number of elements that are laid out: padding can make an output far larger than its input.
const MAX_SEEN: usize = 1 << 26;

/// The elements under the window, one output pixel after the other. Beyond the image stands the zero point, whose
/// product is 0.
fn seen(input: Operand<'_>, window: &Window, [batch, up, across]: [usize; 3], filter: [usize; 2]) -> Option<Vec<i32>> {
    let &[_, height, width, channels] = input.array.shape() else { return None };
    let row = filter[0] * filter[1] * channels;
    let elements = [batch, up, across, row].into_iter().try_fold(1usize, |n, size| n.checked_mul(size))?;
    if elements > MAX_SEEN {
        return None;
    }
    let mut seen = vec![input.zero_point; elements];
    for (pixel, seen) in seen.chunks_exact_mut(row).enumerate() {
        let (n, i, j) = (pixel / across / up, pixel / across % up, pixel % across);
        for (r, y) in window.rows.taps(i, height, filter[0]) {
            for (c, x) in window.cols.taps(j, width, filter[1]) {
                let from = ((n * height + y) * width + x) * channels;
                let to = (r * filter[1] + c) * channels;
                seen[to..to + channels].copy_from_slice(&input.array.data()[from..from + channels]);
            }
        }
    }
    Some(seen)
}
