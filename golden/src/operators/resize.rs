//! Images enlarged and shrunk.

use super::Array;
use crate::Error;

/// Where the elements of an image that is enlarged or shrunk stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Alignment {
    /// The first and the last elements of input and output stand at the same places.
    pub align_corners: bool,
    /// An element stands at its middle.
    pub half_pixel_centers: bool,
}

/// The element that stands nearest to element `i` of an output of `output` elements, for an input of `input` elements
/// (tflite-micro 90b983c2, `reference/resize_nearest_neighbor.h`). Places are `f32`.
pub fn nearest(i: usize, [input, output]: [usize; 2], alignment: Alignment) -> usize {
    let scale = match alignment.align_corners && output > 1 {
        true => (input - 1) as f32 / (output - 1) as f32,
        false => input as f32 / output as f32,
    };
    let offset = if alignment.half_pixel_centers { 0.5 } else { 0.0 };
    let place = (i as f32 + offset) * scale;
    let place = if alignment.align_corners { place.round() } else { place.floor() };
    (place as usize).min(input - 1)
}

/// What an element of the output is between: two elements of the input, and its distance from the first in units of
/// 2^-10 of the step between them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Between {
    first: usize,
    second: usize,
    distance: i64,
}

/// A step between two elements.
const ONE: i64 = 1 << 10;

impl Between {
    /// What each of `output` elements is between, for an input of `input` elements; neither may be 0 (tflite-micro
    /// 90b983c2, `reference/resize_bilinear.h`, `ComputeInterpolationValuesInteger`).
    pub fn all([input, output]: [usize; 2], alignment: Alignment) -> Vec<Between> {
        let (n, m) = (input as i64, output as i64);
        let scale = match alignment.align_corners && m > 1 {
            true => (ONE * (n - 1) + (m - 1) / 2) / (m - 1),
            false => (ONE * n + m / 2) / m,
        };
        let shift = if alignment.half_pixel_centers { scale / 2 - ONE / 2 } else { 0 };
        let between = |i: i64| {
            let place = i * scale + shift;
            // Division toward zero: what is less than a step before the first element belongs to it.
            let first = (place / ONE).clamp(0, n - 1);
            let second = ((place + ONE - 1) / ONE).clamp(0, n - 1);
            Between { first: first as usize, second: second as usize, distance: place - ONE * first }
        };
        (0..m).map(between).collect()
    }
}

/// TFLite's `RESIZE_BILINEAR` of int8 `[batch, height, width, channels]`: the mean of four elements by their distances,
/// with ties away from zero (tflite-micro 90b983c2, `reference/resize_bilinear.h`, `ResizeBilinearInteger`).
///
/// # Errors
/// If the input has not four dimensions, or a row or column is beyond it.
pub fn resize_bilinear(input: &Array, rows: &[Between], cols: &[Between]) -> Result<Array, Error> {
    let &[batch, height, width, channels] = input.shape() else {
        return Err(Error::Shape { what: "input", got: input.shape().to_vec(), expected: "4 dimensions".to_owned() });
    };
    let within = |all: &[Between], size| all.iter().all(|b| b.first < size && b.second < size);
    if !within(rows, height) || !within(cols, width) {
        let expected = "rows and columns within the input".to_owned();
        return Err(Error::Shape { what: "input", got: input.shape().to_vec(), expected });
    }
    let mut data = Vec::with_capacity(batch * rows.len() * cols.len() * channels);
    for image in 0..batch {
        for row in rows {
            for col in cols {
                for channel in 0..channels {
                    let at = |y: usize, x: usize| {
                        i64::from(input.data()[((image * height + y) * width + x) * channels + channel])
                    };
                    data.push(mean(at, row, col));
                }
            }
        }
    }
    Array::new("output", vec![batch, rows.len(), cols.len(), channels], data)
}

/// The mean of four elements, divided by 2^20 with ties away from zero.
fn mean(at: impl Fn(usize, usize) -> i64, row: &Between, col: &Between) -> i32 {
    let (y, x) = (row.distance, col.distance);
    let sum = at(row.first, col.first) * (ONE - y) * (ONE - x)
        + at(row.second, col.first) * y * (ONE - x)
        + at(row.first, col.second) * (ONE - y) * x
        + at(row.second, col.second) * y * x;
    let half = if sum > 0 { ONE * ONE / 2 } else { -(ONE * ONE / 2) };
    // A distance is outside 0..=ONE only where both elements are the same one, so that the mean is within int8.
    ((sum + half) / (ONE * ONE)) as i32
}
