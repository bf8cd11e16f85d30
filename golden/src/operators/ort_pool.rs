//! ONNX Runtime's mean under a window, in floats.

use super::conv2d::each;
use super::ort_add::{clamped, positive};
use super::{Array, Operand, Window};
use crate::{Bounds, Error};

/// Scales, output zero point and clamp of ONNX Runtime's `QLinearAveragePool`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct OrtAveragePool {
    scales: [f32; 2],
    zero_point: i32,
    bounds: Bounds,
    /// whether the padding counts
    count_padding: bool,
    /// how much less than ONNX Runtime's integers the output is
    less: i32,
}

impl OrtAveragePool {
    /// From the scales of input and output. `count_padding`: the sum is divided by the size of the window, and not by the
    /// number of elements within the image.
    ///
    /// # Errors
    /// If a scale is not a finite number above 0.
    pub fn new(scales: [f32; 2], zero_point: i32, bounds: Bounds, count_padding: bool) -> Result<Self, Error> {
        let scales = [positive(scales[0])?, positive(scales[1])?];
        Ok(OrtAveragePool { scales, zero_point, bounds, count_padding, less: 0 })
    }

    /// The same mean, its output this much less. The floats in between are the same, which they would not be for a zero
    /// point that is less.
    #[must_use]
    pub fn of_less(self, less: i32) -> OrtAveragePool {
        OrtAveragePool { less: self.less + less, ..self }
    }

    /// The term of an element, its zero point subtracted.
    pub fn term(&self, x: i32) -> f32 {
        self.scales[0] * x as f32
    }

    /// What the sum of `count` terms is divided by, under a window of `window` places.
    pub fn divisor(&self, count: usize, window: usize) -> usize {
        if self.count_padding { window } else { count }
    }

    /// The output for a sum of terms.
    pub fn of_sum(&self, sum: f32, divisor: usize) -> i32 {
        let mean = sum / divisor as f32;
        clamped(mean / self.scales[1] + self.zero_point as f32, self.bounds) - self.less
    }

    /// The output for the elements within the image, less their zero points, in row-major order.
    fn apply(&self, taps: &[i32], window: usize) -> i32 {
        let sum = taps.iter().fold(0.0, |sum: f32, &x| sum + self.term(x));
        self.of_sum(sum, self.divisor(taps.len(), window))
    }
}

/// ONNX Runtime's `QLinearAveragePool` (ONNX Runtime 1.32.0, `qlinear_pool.cc`): `rne(mean / so + zo)`, clamped, of the
/// mean of the dequantized elements within the image. Each operation is rounded to a float, and the zero point is added
/// before the last rounding.
///
/// # Errors
/// If `input` is not `[batch, height, width, channels]`, or the window does not fit or lies outside the image altogether.
pub fn ort_average_pool(
    input: Operand<'_>,
    filter: [usize; 2],
    window: &Window,
    parameters: &OrtAveragePool,
) -> Result<Array, Error> {
    let [batch, height, width, channels] = input.array.sizes("input", "[batch, height, width, channels]")?;
    let [rows, cols] = filter;
    let shape = vec![batch, window.rows.outputs(height, rows)?, window.cols.outputs(width, cols)?, channels];
    each(shape, |[n, i, j, c]| {
        let mut taps = Vec::new();
        for (_, y) in window.rows.taps(i, height, rows) {
            for (_, x) in window.cols.taps(j, width, cols) {
                taps.push(input.array.data()[((n * height + y) * width + x) * channels + c] - input.zero_point);
            }
        }
        if taps.is_empty() {
            let expected = "a window that meets the image".to_owned();
            return Err(Error::Shape { what: "filter", got: filter.to_vec(), expected });
        }
        Ok(parameters.apply(&taps, rows * cols))
    })
}
