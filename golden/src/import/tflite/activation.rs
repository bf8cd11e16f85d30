//! Activation functions that are fused into an operator as bounds of its output.

use super::schema_generated::tflite::ActivationFunctionType;
use crate::Bounds;

/// An activation function that is a clamp. It costs nothing, because it only narrows the bounds of the requantized
/// output.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Activation {
    /// The bounds of the type.
    None,
    /// `max(x, 0)`
    Relu,
    /// `min(max(x, -1), 1)`
    ReluN1To1,
    /// `min(max(x, 0), 6)`
    Relu6,
}

impl Activation {
    pub(super) fn from_schema(code: ActivationFunctionType) -> Result<Self, String> {
        match code {
            ActivationFunctionType::NONE => Ok(Self::None),
            ActivationFunctionType::RELU => Ok(Self::Relu),
            ActivationFunctionType::RELU_N1_TO_1 => Ok(Self::ReluN1To1),
            ActivationFunctionType::RELU6 => Ok(Self::Relu6),
            other => Err(format!(
                "fused activation is {}: only NONE, RELU, RELU_N1_TO_1 and RELU6 are supported",
                other.variant_name().map_or_else(|| format!("number {}", other.0), str::to_owned)
            )),
        }
    }

    /// The bounds as real numbers, if the function has any.
    pub(crate) const fn reals(self) -> (Option<f32>, Option<f32>) {
        match self {
            Self::None => (None, None),
            Self::Relu => (Some(0.0), None),
            Self::ReluN1To1 => (Some(-1.0), Some(1.0)),
            Self::Relu6 => (Some(0.0), Some(6.0)),
        }
    }

    /// The least and the greatest value of an output of the given scale, zero point and type.
    ///
    /// A bound `f` becomes `zero_point + round(f / scale)`, divided in float32 and rounded half away from zero.
    pub(crate) fn bounds(self, scale: f32, zero_point: i32, whole: Bounds) -> Result<(i32, i32), String> {
        let (lo, hi) = self.reals();
        let quantize = |bound: f32| {
            let steps = (bound / scale).round();
            // The reference refuses a quotient that int32 cannot hold. The limit is 2^31, because 2^31 - 1 is no
            // float32.
            if (-2_147_483_648.0..2_147_483_648.0).contains(&steps) {
                Ok(i64::from(zero_point) + steps as i64)
            } else {
                Err(format!(
                    "bound {bound} of {self:?} is {steps:e} steps of the output scale {scale:e}: more than int32 holds"
                ))
            }
        };
        let (least, greatest) = (whole.min(), whole.max());
        let min = lo.map_or(Ok(least), quantize)?.clamp(least, greatest);
        let max = hi.map_or(Ok(greatest), quantize)?.clamp(least, greatest);
        Ok((min as i32, max as i32))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bounds_of_each_activation() {
        // Quotients at ties: 1/2 = 0.5 -> 1, 6/4 = 1.5 -> 2, half away from zero on both sides.
        assert_eq!(Activation::None.bounds(2.0, -128, Bounds::INT8), Ok((-128, 127)));
        assert_eq!(Activation::Relu.bounds(2.0, -128, Bounds::INT8), Ok((-128, 127)));
        assert_eq!(Activation::Relu.bounds(0.25, 18, Bounds::INT8), Ok((18, 127)));
        assert_eq!(Activation::ReluN1To1.bounds(2.0, -128, Bounds::INT8), Ok((-128, -127)));
        assert_eq!(Activation::ReluN1To1.bounds(2.0, 0, Bounds::INT8), Ok((-1, 1)));
        assert_eq!(Activation::Relu6.bounds(4.0, 5, Bounds::INT8), Ok((5, 7)));
        assert_eq!(Activation::Relu6.bounds(0.01, -128, Bounds::INT8), Ok((-128, 127)));
        assert_eq!(Activation::Relu6.bounds(0.01, 0, Bounds::INT16), Ok((0, 600)));
    }

    #[test]
    fn a_bound_beyond_int32_is_refused() {
        let got = Activation::Relu6.bounds(1e-30, 0, Bounds::INT8).unwrap_err();
        assert_eq!(got, "bound 6 of Relu6 is 6e30 steps of the output scale 1e-30: more than int32 holds");
    }
}
