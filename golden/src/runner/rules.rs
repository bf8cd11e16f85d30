//! How a runtime turns a sum into an int8: by multiplier and shift, or by a real factor.

use crate::requantizer::Requantize;
use crate::types::within;
use crate::{Bounds, Error, Requantization};

/// One of the rules, as all sums of an operator are requantized by the same.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Requantizer {
    /// `tflite_double`, `half_up_twice`
    Fixed(Requantization),
    /// `f64_away`
    F64Away(F64Away),
    /// `f32_even`
    F32Even(F32Even),
}

impl Requantize for Requantizer {
    fn requantize_sum(&self, acc: i128) -> Result<i32, Error> {
        match self {
            Requantizer::Fixed(r) => r.requantize_sum(acc),
            Requantizer::F64Away(r) => r.requantize_sum(acc),
            Requantizer::F32Even(r) => r.requantize_sum(acc),
        }
    }
}

/// `clamp(rha(double(acc) * factor) + zero_point)`: LiteRT's reference FULLY_CONNECTED (02f54034).
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct F64Away {
    pub(super) factor: f64,
    pub(super) zero_point: i32,
    pub(super) bounds: Bounds,
}

/// `rne(clamp(float(acc) * factor, min - zero_point, max - zero_point)) + zero_point`: XNNPACK 75db3c09.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct F32Even {
    pub(super) factor: f32,
    pub(super) zero_point: i32,
    pub(super) bounds: Bounds,
}

/// The accumulator, an `i32` in both.
fn accumulator(acc: i128) -> Result<i32, Error> {
    // A sum beyond i64 is beyond i32 all the same.
    let acc = i64::try_from(acc).unwrap_or(if acc < 0 { i64::MIN } else { i64::MAX });
    Ok(within("acc", acc, Bounds::INT32.min()..=Bounds::INT32.max())? as i32)
}

impl Requantize for F64Away {
    fn requantize_sum(&self, acc: i128) -> Result<i32, Error> {
        // f64::round is half away from zero; the reference casts to i32.
        let scaled = (f64::from(accumulator(acc)?) * self.factor).round();
        let scaled = within("scaled acc", scaled as i64, Bounds::INT32.min()..=Bounds::INT32.max())?;
        // The bounds are those of an output.
        Ok((scaled + i64::from(self.zero_point)).clamp(self.bounds.min(), self.bounds.max()) as i32)
    }
}

impl Requantize for F32Even {
    fn requantize_sum(&self, acc: i128) -> Result<i32, Error> {
        let scaled = accumulator(acc)? as f32 * self.factor;
        let (min, max) = (self.bounds.min() as i32 - self.zero_point, self.bounds.max() as i32 - self.zero_point);
        // Exact: differences of int8.
        Ok(scaled.clamp(min as f32, max as f32).round_ties_even() as i32 + self.zero_point)
    }
}
