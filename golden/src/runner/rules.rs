//! How a runtime turns a sum into an int8: by multiplier and shift, or by a real factor.

use crate::requantizer::{AddAndShift, Requantize};
use crate::{Error, RealRequantization, Requantization};

/// One of the two, as all sums of an operator are requantized alike.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Requantizer {
    /// `tflite_double`, `half_up_twice`
    Fixed(Requantization),
    /// `f64_away`, `f32_even`
    Real(RealRequantization),
}

impl Requantize for Requantizer {
    fn requantize_sum(&self, acc: i128) -> Result<i32, Error> {
        match self {
            Requantizer::Fixed(r) => r.requantize_sum(acc),
            Requantizer::Real(r) => r.requantize_sum(acc),
        }
    }

    fn add_and_shift(&self) -> Option<AddAndShift> {
        match self {
            Requantizer::Fixed(r) => r.add_and_shift(),
            Requantizer::Real(r) => r.add_and_shift(),
        }
    }
}
