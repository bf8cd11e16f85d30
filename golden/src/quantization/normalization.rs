//! `M = 2^-n * M0`: why a multiplier is normalized before it becomes an integer.

use crate::numerics::multiplier::{frexp, quantize_multiplier};
use crate::{Error, FixedMultiplier, MultiplierWidth};

/// A real factor `M`, normalized, and the integer of `B` bits that stands for it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Normalized {
    /// `M0`, in 0.5..1
    pub fraction: f64,
    /// `M = 2^-n * M0`; negative for `M >= 1`
    pub n: i32,
    /// `IntRepr(M0) = round(2^(B-1) * M0)` and the shift `-n`. Where the integer reaches `2^(B-1)`, which does not
    /// fit, it is halved and the shift is `1 - n`
    pub factor: FixedMultiplier,
}

impl Normalized {
    /// `M`
    pub fn real(&self) -> f64 {
        self.fraction * 2f64.powi(-self.n)
    }

    /// The factor that integer and shift represent, which is exact.
    pub fn represented(&self) -> f64 {
        let fraction_bits = self.factor.width().bits() as i32 - 1;
        self.factor.multiplier() as f64 * 2f64.powi(self.factor.shift() - fraction_bits)
    }

    /// `(represented - M) / M`; at most `2^-(B-1)` in magnitude, because `M0` is at least one half, and its integer is
    /// off by one half at most.
    pub fn relative_error(&self) -> f64 {
        (self.represented() - self.real()) / self.real()
    }
}

/// Normalizes `real` and rounds `2^(B-1) * M0` to nearest, ties away from zero, as
/// [`quantize_multiplier`] does.
///
/// # Errors
/// If `real` is not finite and above 0, or no shift fits, because `real` is below `2^-32`, or at least `2^30` once
/// rounded.
pub fn normalize(real: f64, width: MultiplierWidth) -> Result<Normalized, Error> {
    let factor = quantize_multiplier(real, width)?;
    if factor.multiplier() == 0 {
        return Err(Error::Real { limit: "at least 2^-32 once rounded to a multiplier", got: real });
    }
    let (fraction, exponent) = frexp(real);
    Ok(Normalized { fraction, n: -exponent, factor })
}

/// `round(2^(B-1) * M)`, ties away from zero: the integer that `M` gets without normalization. Its leading bits are
/// zeros where `M` is small, and the bits that they displace are lost: of 8 bits 0.064453125 and 0.0625 are both 8.
///
/// # Errors
/// If `real` is not finite and at least 0, or the integer does not fit: `M` is 1 or more, once rounded.
pub fn unnormalized(real: f64, width: MultiplierWidth) -> Result<i64, Error> {
    if !real.is_finite() || real < 0.0 {
        return Err(Error::Real { limit: "finite and at least 0", got: real });
    }
    // Exact, a power of two times `real`; the cast saturates.
    let integer = (real * 2f64.powi(width.bits() as i32 - 1)).round() as i64;
    if integer > width.max() {
        return Err(Error::Real { limit: "below 1 once rounded to a multiplier that is not normalized", got: real });
    }
    Ok(integer)
}
