//! How a runtime turns a sum into an int8: by multiplier and shift, or by a real factor.

use super::requantizer::{AddAndShift, Requantize};
use crate::{Error, RealRequantization, Requantization};

/// The requantization of an operator: all its sums are requantized by one kind of factor.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum AnyRequantization {
    /// `tflite_double`, `half_up_twice`
    Fixed(Requantization),
    /// `f64_away`, `f32_even`
    Real(RealRequantization),
}

impl Requantize for AnyRequantization {
    fn requantize_sum(&self, acc: i128) -> Result<i32, Error> {
        match self {
            AnyRequantization::Fixed(r) => r.requantize_sum(acc),
            AnyRequantization::Real(r) => r.requantize_sum(acc),
        }
    }

    fn add_and_shift(&self) -> Option<AddAndShift> {
        match self {
            AnyRequantization::Fixed(r) => r.add_and_shift(),
            AnyRequantization::Real(r) => r.add_and_shift(),
        }
    }
}
