//! Requantization by a rule of either kind.

use super::requantizer::{AddAndShift, Requantize};
use crate::{Error, RealRequantization, Requantization};

/// How a sum becomes a quantized value: by a multiplier and a shift, or by a real factor.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum AnyRequantization {
    /// by a multiplier and a shift
    Fixed(Requantization),
    /// by a real factor
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
