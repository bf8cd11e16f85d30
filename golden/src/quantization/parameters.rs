//! Scale and zero point: `real = scale * (q - zero_point)`.

use crate::numerics::types::within;
use crate::{Bounds, Error};

/// `v`, if it is finite.
pub(crate) fn finite(what: &'static str, v: f64) -> Result<f64, Error> {
    if v.is_finite() { Ok(v) } else { Err(Error::Float { what, limit: "finite".to_owned(), got: v }) }
}

/// `max - min`, at least 1. Every part of it below 2^53 is exact.
fn steps(integers: Bounds) -> Result<f64, Error> {
    let count = i128::from(integers.max()) - i128::from(integers.min());
    if count == 0 {
        return Err(Error::OutOfRange { what: "q_max", min: integers.min() + 1, max: i64::MAX, got: integers.max() });
    }
    Ok(count as f64)
}

/// The integers of 2 to 16 bits in two's complement: 8 bits are [`Bounds::INT8`].
///
/// # Errors
/// If `bits` is not in `2..=16`.
pub fn signed(bits: u32) -> Result<Bounds, Error> {
    within("bits", bits.into(), 2..=16)?;
    Bounds::new(-(1 << (bits - 1)), (1 << (bits - 1)) - 1)
}

/// The integers of 2 to 16 bits without a sign: 8 bits are [`Bounds::UINT8`].
///
/// # Errors
/// If `bits` is not in `2..=16`.
pub fn unsigned(bits: u32) -> Result<Bounds, Error> {
    within("bits", bits.into(), 2..=16)?;
    Bounds::new(0, (1 << bits) - 1)
}

/// Which zero points are allowed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Symmetry {
    /// anywhere: the integers cover `fp_min..fp_max` and no more
    Asymmetric,
    /// in the middle, 0 for signed integers; all of them are used, `scale = max|fp| / ((q_max - q_min) / 2)` (PyTorch)
    Symmetric,
    /// in the middle, with as many integers below as above: int8 is -127..=127 (TFLite's weights)
    SymmetricNarrow,
}

/// The integers of a tensor, and how reals are mapped to them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Format {
    /// the integers
    pub integers: Bounds,
    /// which zero points are allowed
    pub symmetry: Symmetry,
}

impl Format {
    /// TFLite's activations: int8, asymmetric.
    pub const INT8_ACTIVATION: Format = Format { integers: Bounds::INT8, symmetry: Symmetry::Asymmetric };
    /// TFLite's weights: -127..=127, zero point 0.
    pub const INT8_WEIGHT: Format = Format { integers: Bounds::INT8, symmetry: Symmetry::SymmetricNarrow };

    /// The zero point of the symmetric formats: 0 for signed integers, 128 for uint8.
    fn middle(self) -> i64 {
        (self.integers.min() + self.integers.max() + 1).div_euclid(2)
    }

    /// The integers that are used. Only [`Symmetry::SymmetricNarrow`] leaves one out.
    fn used(self) -> Result<Bounds, Error> {
        let (min, max, middle) = (self.integers.min(), self.integers.max(), self.middle());
        match self.symmetry {
            Symmetry::Asymmetric | Symmetry::Symmetric => Ok(self.integers),
            Symmetry::SymmetricNarrow => {
                let side = (max - middle).min(middle - min);
                Bounds::new(middle - side, middle + side)
            }
        }
    }
}

/// Scale, zero point and clamp of a tensor or of a part of one: `real = scale * (q - zero_point)`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Parameters {
    scale: f32,
    zero_point: i32,
    integers: Bounds,
}

impl Parameters {
    /// A scale that is a normal float32 above 0 (so that `1 / scale` is finite), and a zero point within the integers
    /// (so that 0.0 is exact), which are of int32.
    ///
    /// # Errors
    /// If the scale or the zero point is outside these limits.
    pub fn new(scale: f32, zero_point: i64, integers: Bounds) -> Result<Parameters, Error> {
        if !scale.is_normal() || scale < 0.0 {
            return Err(Error::Float {
                what: "scale",
                limit: "a normal float32 above 0".to_owned(),
                got: scale.into(),
            });
        }
        for (what, v) in [("q_min", integers.min()), ("q_max", integers.max())] {
            within(what, v, Bounds::INT32.min()..=Bounds::INT32.max())?;
        }
        within("zero_point", zero_point, integers.min()..=integers.max())?;
        Ok(Parameters { scale, zero_point: zero_point as i32, integers })
    }

    /// The parameters under which the integers of `format` cover `fp_min..=fp_max`.
    ///
    /// The function adds three steps to the lab's figure:
    /// - the range is first widened to hold 0.0, and the zero point rounded (ties away from zero), so that 0.0 is
    ///   exact. The ends move by half a step at most. The same step serves one-sided ranges and constant tensors;
    /// - a tensor of zeros has no range, and gets scale 1 and the zero point that is nearest to 0;
    /// - a scale below the least normal float32 (1.2e-38) becomes this float32.
    ///
    /// The scale is computed in float64 and rounded to float32 once; the zero point is computed from the rounded scale.
    ///
    /// # Errors
    /// If an end is not finite, the range is empty, there are fewer than two integers, an integer is beyond int32, or
    /// the scale overflows.
    pub fn from_range(fp_min: f32, fp_max: f32, format: Format) -> Result<Parameters, Error> {
        let (low, high) = (finite("fp_min", fp_min.into())?, finite("fp_max", fp_max.into())?);
        if low > high {
            return Err(Error::Float { what: "fp_min", limit: format!("at most fp_max, {high:?}"), got: low });
        }
        let (low, high) = (low.min(0.0), high.max(0.0));
        let used = format.used()?;
        let (q_min, q_max, steps) = (used.min(), used.max(), steps(used)?);
        let symmetric = format.symmetry != Symmetry::Asymmetric;
        let exact = if symmetric { high.max(-low) / (steps / 2.0) } else { (high - low) / steps };
        let scale = if exact == 0.0 { 1.0 } else { (exact as f32).max(f32::MIN_POSITIVE) };
        let zero_point = match (symmetric, exact == 0.0) {
            (true, _) => format.middle(),
            (false, true) => 0.clamp(q_min, q_max),
            // Without the rounding of the scale, the zero point would be in range. The clamp corrects this rounding.
            (false, false) => ((q_min as f64 - low / f64::from(scale)).round() as i64).clamp(q_min, q_max),
        };
        Parameters::new(scale, zero_point, used)
    }

    /// Real value of one step.
    pub const fn scale(&self) -> f32 {
        self.scale
    }

    /// The integer of 0.0.
    pub const fn zero_point(&self) -> i32 {
        self.zero_point
    }

    /// The bounds to which quantized values are clamped.
    pub const fn integers(&self) -> Bounds {
        self.integers
    }
}
