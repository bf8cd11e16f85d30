//! ONNX Runtime's sums of products: in pairs that saturate, and to floats.

use super::array::{channel, check_channels};
use super::conv2d::each;
use super::{Array, Operand, Window};
use crate::gemm::{self, Matrix};
use crate::numerics::requantizer::Requantize;
use crate::{Bounds, Error};

/// What a sum in pairs has to know beside its operands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct InPairs {
    /// zero point of the weights, which are here without it
    pub weight_zero_point: i32,
}

impl InPairs {
    /// `sum over p of clip16(x[2p] w[2p] + x[2p+1] w[2p+1]) - zx sum(w) - zw sum(x) + K zx zw` of raw `x` and `w`: the
    /// products of `uint8` and `int8` by `vpmaddubsw` on x86 without VNNI (ONNX Runtime 1.32.0, mlas
    /// `qgemm_kernel_avx2.cpp`). An odd element has a pair of its own.
    ///
    /// `xs` are elements with their zero point `zero_point`, and `ws` are weights without theirs.
    pub fn sum(self, xs: &[i32], zero_point: i32, ws: &[i32]) -> i128 {
        let (zx, zw) = (i64::from(zero_point), i64::from(self.weight_zero_point));
        let raw: Vec<[i64; 2]> = xs.iter().zip(ws).map(|(&x, &w)| [i64::from(x), i64::from(w) + zw]).collect();
        let saturated = |pair: &[[i64; 2]]| {
            let sum: i64 = pair.iter().map(|[x, w]| x * w).sum();
            sum.clamp(i16::MIN.into(), i16::MAX.into())
        };
        let products: i64 = raw.chunks(2).map(saturated).sum();
        let [all_x, all_w] = [0, 1].map(|i| raw.iter().map(|pair| pair[i]).sum::<i64>());
        (products - zx * all_w - zw * all_x + raw.len() as i64 * zx * zw).into()
    }
}

/// [`fully_connected`](gemm::fully_connected) with sums in pairs. The zero point of the weights is in `pairs`.
///
/// # Errors
/// If shapes disagree, or a sum has no quantized value; the error names the element.
pub fn fully_connected_in_pairs(
    input: gemm::Operand<'_>,
    weights: &Matrix,
    bias: &[i32],
    pairs: InPairs,
    requantizations: &[impl Requantize],
) -> Result<Matrix, Error> {
    check_channels(weights.rows(), bias, requantizations)?;
    let mut data = Vec::new();
    for (row, xs) in input.matrix.data().chunks_exact(input.matrix.cols()).enumerate() {
        for (col, ws) in weights.data().chunks_exact(weights.cols()).enumerate() {
            let sum = i128::from(bias[col]) + pairs.sum(xs, input.zero_point, ws);
            let element = |source| Error::Element { row, col, source: Box::new(source) };
            data.push(channel(requantizations, col).requantize_sum(sum).map_err(element)?);
        }
    }
    Matrix::new("output", input.matrix.rows(), weights.rows(), data)
}

/// [`conv2d`](super::conv2d) with sums in pairs. The pairs follow the taps in row-major order, and the channels of the
/// group within a tap. In the padding stands the zero point. The zero point of the weights is in `pairs`.
///
/// # Errors
/// The errors of [`conv2d`](super::conv2d).
pub fn conv2d_in_pairs(
    input: Operand<'_>,
    weights: &Array,
    bias: &[i32],
    window: &Window,
    pairs: InPairs,
    requantizations: &[impl Requantize],
) -> Result<Array, Error> {
    let [batch, height, width, channels] = input.array.sizes("input", "[batch, height, width, channels]")?;
    let [outputs, rows, cols, depth] = weights.sizes("weights", "[outputs, height, width, channels]")?;
    check_channels(outputs, bias, requantizations)?;
    let of_a_group = outputs / (channels / depth);
    let terms = rows * cols * depth;
    let shape = vec![batch, window.rows.outputs(height, rows)?, window.cols.outputs(width, cols)?, outputs];
    each(shape, |[n, i, j, o]| {
        let mut seen = vec![input.zero_point; terms];
        for (r, y) in window.rows.taps(i, height, rows) {
            for (c, x) in window.cols.taps(j, width, cols) {
                let from = ((n * height + y) * width + x) * channels + o / of_a_group * depth;
                let to = (r * cols + c) * depth;
                seen[to..to + depth].copy_from_slice(&input.array.data()[from..from + depth]);
            }
        }
        let sum = i128::from(bias[o]) + pairs.sum(&seen, input.zero_point, &weights.data()[o * terms..][..terms]);
        channel(requantizations, o).requantize_sum(sum)
    })
}

/// A product of matrices that stays a float: ONNX Runtime's `MatMulIntegerToFloat`, and its `QGemm` without a scale of the
/// output (ONNX Runtime 1.32.0, `matmul_integer_to_float.cc`, `quant_gemm.cc`).
#[derive(Debug, Clone, PartialEq)]
pub struct ToFloat {
    /// without their zero point, `outputs x inputs`
    pub weights: Matrix,
    /// one for each output, at the scale of the sum
    pub bias: Vec<i32>,
    /// zero point of the input
    pub input_zero_point: i32,
    /// scale of the sum, one for all outputs or one for each
    pub factors: Vec<f32>,
    /// what is added to each output at last; empty for nothing
    pub addends: Vec<f32>,
    /// how the products are summed, if not exactly
    pub pairs: Option<InPairs>,
}

impl ToFloat {
    /// `f32(acc) factor + addend` for each row of the input and each output, rounded at each step.
    ///
    /// # Errors
    /// If a sum is beyond `i32`; the error names the element.
    pub fn run(&self, input: &Matrix) -> Result<Vec<f32>, Error> {
        let ToFloat { weights, bias, input_zero_point: zero_point, factors, addends, pairs } = self;
        // Without pairs that saturate, this is the exact sum.
        let exact = |xs: &[i32], ws: &[i32]| -> i128 {
            xs.iter().zip(ws).map(|(&x, &w)| i128::from(x - zero_point) * i128::from(w)).sum()
        };
        let mut data = Vec::new();
        for (row, xs) in input.data().chunks_exact(weights.cols()).enumerate() {
            for (col, ws) in weights.data().chunks_exact(weights.cols()).enumerate() {
                let sum = pairs.map_or_else(|| exact(xs, ws), |pairs| pairs.sum(xs, *zero_point, ws));
                let acc = sum + i128::from(bias[col]);
                if !Bounds::INT32.contains(acc) {
                    let (min, max) = (Bounds::INT32.min(), Bounds::INT32.max());
                    let source = Error::OutOfRange { what: "acc", min, max, got: acc as i64 };
                    return Err(Error::Element { row, col, source: Box::new(source) });
                }
                // The accumulator is an i32, which becomes a float.
                let y = acc as f32 * channel(factors, col);
                data.push(if addends.is_empty() { y } else { y + channel(addends, col) });
            }
        }
        Ok(data)
    }
}
