//! ONNX Runtime's softmax of 8 bits: exponentials from a table of floats.

use super::Array;
use super::ort_add::positive;
use crate::{Bounds, Error};

/// The table of exponentials, and scale, zero point and clamp of the output.
#[derive(Debug, Clone, PartialEq)]
pub struct OrtSoftmax {
    /// the exponential of each distance from the maximum, from -255 to 0
    exponentials: Vec<f32>,
    /// the integer part of the reciprocal of the output's scale
    steps: f32,
    zero_point: i32,
    bounds: Bounds,
}

impl OrtSoftmax {
    /// From the scales of input and output, for rows of `row` elements. The exponentials are as great as they may be so
    /// that no sum of a row overflows (ONNX Runtime 1.32.0, `qlinear_softmax.cc`): of `(distance + h) s` with
    /// `h = max(0, ln(greatest float / row) - 5) / s`, in `f64` but for the logarithm.
    ///
    /// # Errors
    /// If a scale is not a finite number above 0.
    pub fn new([input, output]: [f32; 2], row: usize, zero_point: i32, bounds: Bounds) -> Result<OrtSoftmax, Error> {
        let scale = f64::from(positive(input)?);
        let headroom = f64::from(((f32::MAX / row as f32).ln() - 5.0).max(0.0)) / scale;
        let exponential = |distance: i32| ((f64::from(distance) + headroom) * scale).exp() as f32;
        let exponentials = (-255..=0).map(exponential).collect();
        Ok(OrtSoftmax { exponentials, steps: (1.0 / positive(output)?).floor(), zero_point, bounds })
    }

    /// The outputs of a row.
    fn row(&self, row: &[i32]) -> Vec<i32> {
        let greatest = row.iter().copied().max().unwrap_or_default();
        // Elements have 8 bits, so that a distance has an entry.
        let exponentials: Vec<f32> = row.iter().map(|&x| self.exponentials[(x - greatest + 255) as usize]).collect();
        let sum = exponentials.iter().fold(0.0, |sum: f32, e| sum + e);
        exponentials.into_iter().map(|e| self.output(e, sum)).collect()
    }

    /// The share of an element, in `f64`, in which the product is exact.
    fn output(&self, exponential: f32, sum: f32) -> i32 {
        let share = f64::from(exponential) * f64::from(self.steps) / f64::from(sum);
        // The cast saturates.
        let steps = i64::from(share.round_ties_even() as i32) + i64::from(self.zero_point);
        steps.clamp(self.bounds.min(), self.bounds.max()) as i32
    }
}

/// ONNX Runtime's `QLinearSoftmax` along the last dimension: `rne(e Y / S) + zo`, clamped, with the exponential `e` of an
/// element, their sum `S` in order, and `Y = floor(1 / so)`. Exponentials and sum are rounded to floats, the quotient to a
/// double.
///
/// # Errors
/// If the array has no dimension.
pub fn ort_softmax(input: &Array, parameters: &OrtSoftmax) -> Result<Array, Error> {
    let Some(&size) = input.shape().last() else {
        return Err(Error::Shape { what: "input", got: Vec::new(), expected: "at least one dimension".to_owned() });
    };
    let data = input.data().chunks_exact(size).flat_map(|row| parameters.row(row)).collect();
    Array::new("output", input.shape().to_vec(), data)
}
