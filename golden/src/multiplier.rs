//! From a real factor to a fixed-point multiplier and a shift.

use crate::types::within;
use crate::{Error, MultiplierWidth, Scale};

/// `real = fraction * 2^exponent` with `fraction` in 0.5..1; `(0, 0)` for 0. C's `frexp`.
pub(crate) fn frexp(real: f64) -> (f64, i32) {
    if real == 0.0 {
        return (0.0, 0);
    }
    const TWO_TO_64: f64 = 18_446_744_073_709_551_616.0;
    // Subnormals are made normal first: their exponent field says nothing.
    let (scaled, extra) = if real < f64::MIN_POSITIVE { (real * TWO_TO_64, -64) } else { (real, 0) };
    let bits = scaled.to_bits();
    let exponent = (bits >> 52) as i32 - 1022;
    let fraction = f64::from_bits(bits & !(0x7ff << 52) | 1022 << 52);
    (fraction, exponent + extra)
}

/// TFLite's `QuantizeMultiplier` (tflite-micro 90b983c2, double-rounding build) for `B` = 32, and the same rule for 8 and
/// 16 bits: `multiplier = round(2^(B-1) * fraction)`, ties away from zero, renormalized where it reaches `2^(B-1)`.
/// Factors that are below `2^-32` even once rounded become 0.
///
/// # Errors
/// If `real` is not finite, is negative, or needs a left shift of more than 30.
pub fn quantize_multiplier(real: f64, width: MultiplierWidth) -> Result<Scale, Error> {
    if !real.is_finite() || real < 0.0 {
        return Err(Error::Real { limit: "finite and at least 0", got: real });
    }
    let (fraction, mut shift) = frexp(real);
    let one = 1i64 << (width.bits() - 1);
    // Exact: a power of two times 53 bits; and f64::round is half away from zero.
    let mut multiplier = (fraction * one as f64).round() as i64;
    if multiplier == one {
        multiplier = one / 2;
        shift += 1;
    }
    if shift < -31 {
        return Scale::new(width, 0, 0);
    }
    within("shift", shift.into(), -31..=30)
        .map_err(|_| Error::Real { limit: "below 2^30 once rounded to a multiplier", got: real })?;
    Scale::new(width, multiplier, shift.into())
}

#[cfg(test)]
mod tests {
    use super::frexp;

    /// No multiplier shows what becomes of subnormals, as all of them are flushed to zero.
    #[test]
    fn fractions() {
        assert_eq!(frexp(0.0), (0.0, 0));
        assert_eq!(frexp(1.0), (0.5, 1));
        assert_eq!(frexp(0.75), (0.75, 0));
        assert_eq!(frexp(f64::MAX), (1.0 - f64::EPSILON / 2.0, 1024));
        assert_eq!(frexp(f64::MIN_POSITIVE), (0.5, -1021));
        // The greatest subnormal has 52 bits, the least has one.
        assert_eq!(frexp(f64::MIN_POSITIVE.next_down()), (1.0 - f64::EPSILON, -1022));
        assert_eq!(frexp(f64::from_bits(3)), (0.75, -1072));
        assert_eq!(frexp(f64::from_bits(1)), (0.5, -1073));
    }
}
