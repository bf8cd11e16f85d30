//! The runtimes that are reproduced.
//!
//! | runtime | fully connected | convolutions | ADD, SUB | MUL | QUANTIZE of floats | SOFTMAX |
//! |---|---|---|---|---|---|---|
//! | `tflm` | `tflite_double` | `tflite_double` | `tflite_double` | `tflite_double` | half away | integers |
//! | `litert_reference` | `f64_away` | `tflite_double` | `tflite_double` | `tflite_double` | half away | integers |
//! | `litert_builtin` | `half_up_twice` | `half_up_twice` | `tflite_double` | refused | reciprocal, even | refused |
//! | `xnnpack` | `f32_even` | `f32_even` | 21 bits, half up | refused | reciprocal, even | refused |
//!
//! Refused is what is not known to the last bit. Pooling, RESHAPE and PAD are the same everywhere. How well the rest is
//! checked: all logits of six models equal those of the first two runtimes, and as many as recorded differ in the others
//! (`models/digits`).

use std::fmt;
use std::str::FromStr;

use crate::graph::Quantized;
use crate::import::tflite::Activation;
use crate::multiplier::quantize_multiplier;
use crate::numerics::AnyRequantization;
use crate::operators::QuantizeRounding;
use crate::{Bounds, Error, MultiplierWidth, RealRequantization, RealRule, Requantization, Rule};

/// Whose integers a model is computed in. They differ in rounding, and in how the factor of an operator is formed from
/// scales: per-tensor fully connected layers of TFLite multiply in `f32`, XNNPACK always does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Runtime {
    /// TensorFlow Lite Micro: `tflite_double` everywhere
    Tflm,
    /// LiteRT's reference kernels (BUILTIN_REF): fully connected layers by a real factor in `f64`, else as TFLM
    LitertReference,
    /// LiteRT's own kernels on x86, without delegates: `half_up_twice` for layers with weights, `tflite_double` else
    LitertBuiltin,
    /// XNNPACK, LiteRT's default delegate: factors and rounding in `f32`, and a sum of its own
    Xnnpack,
}

/// Which operator a factor is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Layer {
    /// with one weight scale, or one for each output
    FullyConnected { per_channel: bool },
    /// depthwise too
    Convolution,
    /// MUL
    Product,
}

impl Runtime {
    /// All of them.
    pub const ALL: [Runtime; 4] = [Runtime::Tflm, Runtime::LitertReference, Runtime::LitertBuiltin, Runtime::Xnnpack];

    /// Its name on the command line.
    pub const fn name(self) -> &'static str {
        match self {
            Runtime::Tflm => "tflm",
            Runtime::LitertReference => "litert_reference",
            Runtime::LitertBuiltin => "litert_builtin",
            Runtime::Xnnpack => "xnnpack",
        }
    }

    /// How floats are quantized.
    pub(crate) const fn quantize_rounding(self) -> QuantizeRounding {
        match self {
            Runtime::Tflm | Runtime::LitertReference => QuantizeRounding::Away,
            Runtime::LitertBuiltin | Runtime::Xnnpack => QuantizeRounding::Reciprocal,
        }
    }

    /// The bounds that a fused activation leaves of an int8 output.
    pub(crate) fn bounds(self, activation: Activation, output: Quantized) -> Result<Bounds, String> {
        let (min, max) = match self {
            Runtime::Xnnpack => xnnpack_bounds(activation, output),
            _ => activation.int8_bounds(output.scale, output.zero_point)?,
        };
        Bounds::new(min.into(), max.into()).map_err(|e| e.to_string())
    }

    /// The factor `input * weight / output` of two scales and a third, as this runtime forms it, with its rounding.
    pub(crate) fn requantization(
        self,
        layer: Layer,
        [input, weight]: [f32; 2],
        output: Quantized,
        bounds: Bounds,
    ) -> Result<AnyRequantization, Error> {
        let zero_point = output.zero_point;
        let real = |rule, factor| {
            RealRequantization::new(rule, factor, zero_point.into(), bounds).map(AnyRequantization::Real)
        };
        let in_double = f64::from(input) * f64::from(weight) / f64::from(output.scale);
        let rule = match (self, layer) {
            (Runtime::Xnnpack, _) => {
                let factor = xnnpack_factor(input * weight / output.scale)?;
                return real(RealRule::F32Even, factor.into());
            }
            (Runtime::LitertReference, Layer::FullyConnected { .. }) => return real(RealRule::F64Away, in_double),
            (Runtime::LitertBuiltin, Layer::FullyConnected { .. } | Layer::Convolution) => Rule::HalfUpTwice,
            _ => Rule::TfliteDouble,
        };
        let factor = match layer {
            // With one scale TFLite multiplies in f32, and this shows in the last bits of the multiplier.
            Layer::FullyConnected { per_channel: false } => f64::from(input * weight) / f64::from(output.scale),
            _ => in_double,
        };
        let scale = quantize_multiplier(factor, MultiplierWidth::W32)?;
        Ok(AnyRequantization::Fixed(Requantization::new(rule, scale, zero_point.into(), bounds)?))
    }
}

/// XNNPACK takes factors of 2^-32 to below 256.
fn xnnpack_factor(factor: f32) -> Result<f32, Error> {
    if (1.0 / 4_294_967_296.0..256.0).contains(&factor) {
        return Ok(factor);
    }
    Err(Error::Real { limit: "in 2^-32..256, where XNNPACK is defined", got: factor.into() })
}

/// `rne(f / scale + zero_point)`, all in `f32`, within int8.
fn xnnpack_bounds(activation: Activation, output: Quantized) -> (i32, i32) {
    let (lo, hi) = activation.reals();
    let quantize = |f: f32| (f / output.scale + output.zero_point as f32).clamp(-128.0, 127.0).round_ties_even() as i32;
    (lo.map_or(-128, quantize), hi.map_or(127, quantize))
}

impl fmt::Display for Runtime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for Runtime {
    type Err = Error;
    fn from_str(s: &str) -> Result<Runtime, Error> {
        let unknown = || Error::unknown("runtime", s, &Runtime::ALL.map(Runtime::name));
        Runtime::ALL.into_iter().find(|r| r.name() == s).ok_or_else(unknown)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// At scale 2 and zero point -128 a bound of 1 is a tie, and the two go apart.
    #[test]
    fn bounds_differ_at_a_tie() {
        let output = Quantized { scale: 2.0, zero_point: -128 };
        let max = |r: Runtime| r.bounds(Activation::ReluN1To1, output).map(Bounds::max);
        assert_eq!((max(Runtime::Tflm), max(Runtime::Xnnpack)), (Ok(-127), Ok(-128)));
    }

    /// The float32 product shows in the last bits.
    #[test]
    fn how_factors_are_formed() {
        let output = Quantized { scale: 0.1, zero_point: 0 };
        let multiplier = |layer| match Runtime::Tflm.requantization(layer, [0.1, 0.1], output, Bounds::INT8) {
            Ok(AnyRequantization::Fixed(r)) => (r.scale().multiplier(), r.scale().shift()),
            other => panic!("{other:?}"),
        };
        assert_eq!(multiplier(Layer::Convolution), (1_717_986_944, -3));
        assert_eq!(multiplier(Layer::FullyConnected { per_channel: true }), (1_717_986_944, -3));
        assert_eq!(multiplier(Layer::FullyConnected { per_channel: false }), (1_717_987_014, -3));
    }
}
