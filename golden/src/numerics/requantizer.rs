//! From an accumulator to a quantized value.

mod add_and_shift;

pub use add_and_shift::AddAndShift;

use crate::{Error, Requantization};

/// Turns a sum of products into a quantized value, for all operators that sum. An implementation holds a rule with its
/// factor: a multiplier and a shift ([`Requantization`]), or a real factor.
pub trait Requantize {
    /// The quantized value for a sum of any size.
    ///
    /// # Errors
    /// If the reference does not define the value.
    fn requantize_sum(&self, acc: i128) -> Result<i32, Error>;

    /// The same as one addition and one shift, where that is possible.
    fn add_and_shift(&self) -> Option<AddAndShift> {
        None
    }
}

impl Requantize for Requantization {
    fn requantize_sum(&self, acc: i128) -> Result<i32, Error> {
        let y = self.scaled(acc)? + i128::from(self.zero_point());
        // The result is within i32, because the bounds of the clamp are.
        Ok(y.clamp(self.output().min().into(), self.output().max().into()) as i32)
    }

    fn add_and_shift(&self) -> Option<AddAndShift> {
        AddAndShift::new(self)
    }
}

/// `clamp(requant(acc) + zero_point, min, max)`; the addition is exact.
///
/// # Errors
/// If the reference does not define the result for `acc`.
pub fn requantize(acc: i64, r: &Requantization) -> Result<i64, Error> {
    r.requantize_sum(acc.into()).map(i64::from)
}
