//! From a real factor to a fixed-point multiplier and a shift.

use crate::numerics::types::within;
use crate::{Error, FixedMultiplier, MultiplierWidth};

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

/// The factor of a layer, from the scales of its input, weights and output: `input * weights / output`. TFLite forms it in `f64`
/// for convolutions and for layers with a scale for each channel (tflite-micro 90b983c2, `kernels/kernel_util.cc`).
pub fn layer_factor(input: f32, weights: f32, output: f32) -> f64 {
    f64::from(input) * f64::from(weights) / f64::from(output)
}

/// The builds of TFLite, which make different multipliers of a few factors.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Build {
    /// the default
    DoubleRounding,
    /// `TFLITE_SINGLE_ROUNDING`: too great a factor becomes the greatest multiplier with the farthest shift
    SingleRounding,
    /// `TFLITE_EMULATE_FLOAT`, for processors without floats: a tie of the multiplier goes down
    EmulatedFloat,
}

impl Build {
    /// All builds.
    pub const ALL: [Build; 3] = [Build::DoubleRounding, Build::SingleRounding, Build::EmulatedFloat];
}

/// TFLite's `QuantizeMultiplier` in its default build: [`quantize_multiplier_as`] with [`Build::DoubleRounding`].
///
/// # Errors
/// If `real` is not finite, is negative, or needs a left shift of more than 30.
pub fn quantize_multiplier(real: f64, width: MultiplierWidth) -> Result<FixedMultiplier, Error> {
    quantize_multiplier_as(Build::DoubleRounding, real, width)
}

/// TFLite's `QuantizeMultiplier` (tflite-micro 90b983c2, `quantization_util.cc`) for `B` = 32, and the same rules for 8
/// and 16 bits: `multiplier = round(2^(B-1) * fraction)`, renormalized where it reaches `2^(B-1)`. Factors that are below
/// `2^-32` even once rounded become 0.
///
/// # Errors
/// If `real` is not finite or is negative; and, but for single rounding, if it needs a left shift of more than 30.
pub fn quantize_multiplier_as(build: Build, real: f64, width: MultiplierWidth) -> Result<FixedMultiplier, Error> {
    if !real.is_finite() || real < 0.0 {
        return Err(Error::Real { limit: "finite and at least 0", got: real });
    }
    let (fraction, mut shift) = frexp(real);
    let mut multiplier = match build {
        Build::DoubleRounding | Build::SingleRounding => half_away(fraction, width),
        Build::EmulatedFloat => half_down(fraction, width),
    };
    let one = width.max() + 1;
    if multiplier == one {
        multiplier = one / 2;
        shift += 1;
    }
    if shift < -31 {
        return FixedMultiplier::new(width, 0, 0);
    }
    if shift > 30 && build == Build::SingleRounding {
        return FixedMultiplier::new(width, width.max(), 30);
    }
    within("shift", shift.into(), -31..=30)
        .map_err(|_| Error::Real { limit: "below 2^30 once rounded to a multiplier", got: real })?;
    FixedMultiplier::new(width, multiplier, shift.into())
}

/// `TfLiteRound`, C's `round`.
fn half_away(fraction: f64, width: MultiplierWidth) -> i64 {
    // The product by a power of two is exact, and f64::round rounds ties away from zero.
    (fraction * (width.max() + 1) as f64).round() as i64
}

/// `IntegerFrExp`: the upper `B - 1` of the 53 bits, and one more only if the bits below are more than half.
fn half_down(fraction: f64, width: MultiplierWidth) -> i64 {
    if fraction == 0.0 {
        return 0;
    }
    let significand = (fraction.to_bits() & ((1 << 52) - 1) | 1 << 52) as i64;
    let dropped = 53 - (width.bits() - 1);
    let rest = significand & ((1 << dropped) - 1);
    (significand >> dropped) + i64::from(rest > 1 << (dropped - 1))
}

#[cfg(test)]
mod tests {
    use super::frexp;

    /// Multipliers cannot show how subnormals are split, because all subnormals become 0.
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
