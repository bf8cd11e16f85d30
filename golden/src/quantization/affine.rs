//! From a real number to its integer, and back.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::Parameters;
use crate::Error;

/// The lab's figure as it is printed, `torch.round(x / scale) + zero_point`: float32, ties to even, **no clamp**, and a
/// float as result. If its zero point is no integer, the result is none either.
///
/// [`quantize`] adds what the lab leaves out: here 300.0 at scale 1 is 300, which no int8 can hold.
pub fn lab_quantize(x: f32, scale: f32, zero_point: f32) -> f32 {
    (x / scale).round_ties_even() + zero_point
}

/// How `x / scale` becomes an integer; float32 throughout.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "&'static str")]
pub enum Rounding {
    /// `x / scale`, ties to even: ONNX `QuantizeLinear`, the lab's `torch.round`
    HalfEven,
    /// `x / scale`, ties away from zero: `QUANTIZE` of TFLite's reference and of TFLM
    HalfAway,
    /// `x * (1 / scale)`, ties to even: PyTorch (FBGEMM), XNNPACK. Rounds twice, and so differs where a tie is near
    ReciprocalHalfEven,
}

impl Rounding {
    /// All of them.
    pub const ALL: [Rounding; 3] = [Rounding::HalfEven, Rounding::HalfAway, Rounding::ReciprocalHalfEven];

    /// Its name in requests and on the command line.
    pub const fn name(self) -> &'static str {
        match self {
            Rounding::HalfEven => "half_even",
            Rounding::HalfAway => "half_away",
            Rounding::ReciprocalHalfEven => "reciprocal_half_even",
        }
    }

    /// `x / scale` as a float32 without fraction; infinite where it overflows.
    fn divide(self, x: f32, scale: f32) -> f32 {
        match self {
            Rounding::HalfEven => (x / scale).round_ties_even(),
            Rounding::HalfAway => (x / scale).round(),
            Rounding::ReciprocalHalfEven => (x * (1.0 / scale)).round_ties_even(),
        }
    }
}

impl fmt::Display for Rounding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for Rounding {
    type Err = Error;
    fn from_str(s: &str) -> Result<Rounding, Error> {
        let unknown = || Error::unknown("rounding", s, &Rounding::ALL.map(Rounding::name));
        Rounding::ALL.into_iter().find(|r| r.name() == s).ok_or_else(unknown)
    }
}

impl TryFrom<String> for Rounding {
    type Error = Error;
    fn try_from(s: String) -> Result<Rounding, Error> {
        s.parse()
    }
}

impl From<Rounding> for &'static str {
    fn from(rounding: Rounding) -> &'static str {
        rounding.name()
    }
}

/// `clamp(round(x / scale) + zero_point)`: the zero point is added after the rounding and exactly (ONNX, TFLite).
/// Infinities, and whatever is too large, become the least or greatest integer.
///
/// # Errors
/// If `x` is NaN, for which no framework defines a result.
pub fn quantize(x: f32, parameters: &Parameters, rounding: Rounding) -> Result<i32, Error> {
    if x.is_nan() {
        return Err(Error::Float { what: "x", limit: "a number".to_owned(), got: x.into() });
    }
    Ok(quantize_number(x, parameters, rounding))
}

/// [`quantize`] of a number that is known to be no NaN.
pub(super) fn quantize_number(x: f32, parameters: &Parameters, rounding: Rounding) -> i32 {
    // The cast saturates. The sum saturates too, where it would overflow.
    let steps = rounding.divide(x, parameters.scale()) as i64;
    let integers = parameters.integers();
    steps.saturating_add(parameters.zero_point().into()).clamp(integers.min(), integers.max()) as i32
}

/// `float32(q - zero_point) * scale`, the product rounded to float32 (ONNX). TFLite multiplies in float64 and rounds to
/// float32. The result is the same wherever `q - zero_point` has at most 24 bits, as with all integers of up to 16
/// bits.
pub fn dequantize(q: i32, parameters: &Parameters) -> f32 {
    (i64::from(q) - i64::from(parameters.zero_point())) as f32 * parameters.scale()
}
