//! The runtimes that are reproduced.
//!
//! | runtime | fully connected | convolutions | ADD, SUB | MUL | QUANTIZE of floats | QUANTIZE of integers | DEQUANTIZE | SOFTMAX |
//! |---|---|---|---|---|---|---|---|---|
//! | `tflm` | `tflite_double` | `tflite_double` | `tflite_double` | `tflite_double` | half away | `tflite_double` | one rounding | integers |
//! | `litert_reference` | `f64_away` | `tflite_double` | `tflite_double` | `tflite_double`, factor in `f32` | half away | `tflite_double` | one rounding | integers |
//! | `litert_builtin` | `half_up_twice` | by groups | by groups | by groups | by groups | by groups | by groups | refused |
//! | `xnnpack` | `f32_even` | `f32_even` | 21 bits, half up | `f32_even` | reciprocal, even | 8 bits, half up | one rounding | refused |
//!
//! LiteRT's own kernels on x86, `litert_builtin`, compute whole groups of elements by vector instructions, and the
//! elements that are left over by other steps. The shapes decide which element is computed how. *By groups* means:
//!
//! - convolutions are `half_up_twice`, and with groups of channels `tflite_double`. In depthwise convolutions, the
//!   output channels of a pixel in whole groups of 8 are `half_up_twice`, and the channels left over are
//!   `tflite_double`;
//! - ADD, MUL, QUANTIZE and DEQUANTIZE are computed by [`litert_add`](crate::operators::litert_add),
//!   [`litert_mul`](crate::operators::litert_mul), [`litert_requantize`](crate::operators::litert_requantize),
//!   [`QuantizeRounding::LitertBuiltin`](crate::operators::QuantizeRounding) and
//!   [`DequantizeRounding::LitertBuiltin`](crate::operators::DequantizeRounding). SUB is `tflite_double`.
//!
//! `xnnpack` is LiteRT with its default delegate, so that an operator that XNNPACK does not take is `litert_builtin`:
//! for example a layer of which one channel has scale 0, a convolution whose bias has no scale, QUANTIZE between
//! `uint8` and `int8`. Pooling, RESHAPE, PAD, CONCATENATION and HARD_SWISH are the same everywhere. An operator that is
//! not known to the last bit is refused.
//!
//! - LOGISTIC and TANH are computed for `tflm` only, in integers ([`logistic_table`](crate::operators::logistic_table),
//!   [`tanh_table`](crate::operators::tanh_table)).
//! - LOG_SOFTMAX is computed for `tflm` only, in integers ([`log_softmax`](crate::operators::log_softmax)).
//! - MUL of a tensor with itself is a square for `xnnpack`, by a table
//!   ([`xnnpack_square_table`](crate::operators::xnnpack_square_table)).
//! - MEAN is `tflite_double`. It is refused for `xnnpack`, and for `litert_builtin` over height and width with
//!   dimensions kept.
//! - SUM is computed for `tflm` only, by `tflite_double`. SQUARED_DIFFERENCE is `tflite_double` everywhere, and so is ABS, by
//!   a factor formed as RELU's. NEG of int8 is LiteRT's alone.
//! - RELU is `tflite_double`, by a factor formed in `f64` for `tflm` and in `f32` for LiteRT. RELU6 is the same for LiteRT
//!   with another bound; `tflm` clamps the input's integers and ignores the output's scale.
//!
//! - Activations of 16 bits are computed for `tflm` only, by layers with weights, ADD, SUB, MUL and pools. Layers with
//!   weights are `reduced_16`, from sums of 64 bits; a layer whose bias is of INT32 is `tflite_double`, from sums of
//!   32 bits.
//!
//! All operators were compared with tflite-micro 0.dev20261023 and LiteRT 2.3.0 on x86-64 with one thread, over random
//! shapes, scales and inputs. `tests/cases` keeps some of these cases. All logits of six models equal the logits of the
//! first two runtimes. For the other two, the number of logits that differ from the reference kernels is the recorded
//! one (`models/digits`).

use crate::graph::Quantized;
use crate::import::tflite::Activation;
use crate::numerics::AnyRequantization;
use crate::numerics::multiplier::{layer_factor, quantize_multiplier};
use crate::operators::{DequantizeRounding, QuantizeRounding};
use crate::{Bounds, Error, MultiplierWidth, RealRequantization, RealRule, Requantization, Rule, words};

words! {
    /// The runtime in whose integers a model is computed. Runtimes differ in rounding, and in how they form the factor of
    /// an operator from scales: LiteRT's own kernels multiply in `f32` for fully connected layers with one scale, and
    /// XNNPACK always does.
    pub enum Runtime: "runtime" {
        /// TensorFlow Lite Micro: `tflite_double` everywhere
        Tflm = "tflm",
        /// LiteRT's reference kernels (BUILTIN_REF): fully connected layers by a real factor in `f64`, other operators as
        /// in TFLM
        LitertReference = "litert_reference",
        /// LiteRT's own kernels on x86, without delegates: `half_up_twice` for whole groups of elements, `tflite_double`
        /// for the elements left over
        LitertBuiltin = "litert_builtin",
        /// XNNPACK, LiteRT's default delegate: factors and rounding in `f32`, and a sum of its own
        Xnnpack = "xnnpack",
    }
}

/// The kind of a factor, and the outputs that it is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Layer {
    /// fully connected layer with one weight scale, or one for each output
    FullyConnected { per_channel: bool },
    /// convolution over all channels, or in groups
    Convolution { grouped: bool },
    /// depthwise convolution: an output channel that LiteRT's own kernel computes in a whole group of 8, or one left
    /// over
    DepthwiseConvolution { in_group: bool },
    /// MUL
    Product,
    /// QUANTIZE of integers: an element that LiteRT's own kernel computes in a whole group of 16, or one left over; the
    /// second scale is 1
    Rescaling { in_group: bool },
    /// any layer with weights of activations of 16 bits, whose sums have 64 bits
    Wide,
}

impl Runtime {
    /// How floats are quantized.
    pub(crate) const fn quantize_rounding(self) -> QuantizeRounding {
        match self {
            Runtime::Tflm | Runtime::LitertReference => QuantizeRounding::Away,
            Runtime::LitertBuiltin => QuantizeRounding::LitertBuiltin,
            Runtime::Xnnpack => QuantizeRounding::Reciprocal,
        }
    }

    /// How integers become floats.
    pub(crate) const fn dequantize_rounding(self) -> DequantizeRounding {
        match self {
            Runtime::LitertBuiltin => DequantizeRounding::LitertBuiltin,
            Runtime::Tflm | Runtime::LitertReference | Runtime::Xnnpack => DequantizeRounding::Once,
        }
    }

    /// The bounds of an output of this type with a fused activation; XNNPACK's are of int8.
    pub(crate) fn bounds(self, activation: Activation, output: Quantized, whole: Bounds) -> Result<Bounds, String> {
        let (min, max) = match self {
            Runtime::Xnnpack => xnnpack_bounds(activation, output),
            _ => activation.bounds(output.scale, output.zero_point, whole)?,
        };
        Bounds::new(min.into(), max.into()).map_err(|e| e.to_string())
    }

    /// The factor `input * weight / output` of two scales and a third, as this runtime forms it.
    pub(crate) fn factor(self, layer: Layer, [input, weight]: [f32; 2], output: f32) -> f64 {
        match (self, layer) {
            (Runtime::Xnnpack, _) | (Runtime::LitertReference | Runtime::LitertBuiltin, Layer::Product) => {
                (input * weight / output).into()
            }
            // With one scale the product is an f32, which shows in the last bits of the multiplier.
            (Runtime::LitertBuiltin, Layer::FullyConnected { per_channel: false }) => {
                f64::from(input * weight) / f64::from(output)
            }
            _ => layer_factor(input, weight, output),
        }
    }

    /// [`factor`](Runtime::factor) with the rounding of this runtime.
    pub(crate) fn requantization(
        self,
        layer: Layer,
        scales: [f32; 2],
        output: Quantized,
        bounds: Bounds,
    ) -> Result<AnyRequantization, Error> {
        let (factor, zero_point) = (self.factor(layer, scales, output.scale), output.zero_point.into());
        let real = |rule| RealRequantization::new(rule, factor, zero_point, bounds).map(AnyRequantization::Real);
        let rule = match (self, layer) {
            // A product by 0 is 0, however it is rounded.
            _ if factor == 0.0 => Rule::TfliteDouble,
            (Runtime::Xnnpack, _) => {
                return if factor < 256.0 {
                    real(RealRule::F32Even)
                } else {
                    Err(Error::Real { limit: "below 256, where XNNPACK is defined", got: factor })
                };
            }
            (_, Layer::Wide) => Rule::Reduced16,
            (Runtime::LitertReference, Layer::FullyConnected { .. }) => return real(RealRule::F64Away),
            (
                Runtime::LitertBuiltin,
                Layer::FullyConnected { .. }
                | Layer::Convolution { grouped: false }
                | Layer::DepthwiseConvolution { in_group: true }
                | Layer::Rescaling { in_group: true },
            ) => Rule::HalfUpTwice,
            _ => Rule::TfliteDouble,
        };
        let scale = quantize_multiplier(factor, MultiplierWidth::W32)?;
        Ok(AnyRequantization::Fixed(Requantization::new(rule, scale, zero_point, bounds)?))
    }
}

/// `rne(f / scale + zero_point)`, all in `f32`, within int8.
fn xnnpack_bounds(activation: Activation, output: Quantized) -> (i32, i32) {
    let (lo, hi) = activation.reals();
    let quantize = |f: f32| (f / output.scale + output.zero_point as f32).clamp(-128.0, 127.0).round_ties_even() as i32;
    (lo.map_or(-128, quantize), hi.map_or(127, quantize))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// At scale 2 and zero point -128 a bound of 1 is a tie, and the two roundings differ.
    #[test]
    fn bounds_differ_at_a_tie() {
        let output = Quantized { scale: 2.0, zero_point: -128 };
        let max = |r: Runtime| r.bounds(Activation::ReluN1To1, output, Bounds::INT8).map(Bounds::max);
        assert_eq!((max(Runtime::Tflm), max(Runtime::Xnnpack)), (Ok(-127), Ok(-128)));
    }

    /// The float32 product shows in the last bits.
    #[test]
    fn how_factors_are_formed() {
        let output = Quantized { scale: 0.1, zero_point: 0 };
        let multiplier = |runtime: Runtime, layer| match runtime.requantization(layer, [0.1, 0.1], output, Bounds::INT8)
        {
            Ok(AnyRequantization::Fixed(r)) => (r.factor().multiplier(), r.factor().shift()),
            other => panic!("{other:?}"),
        };
        for per_channel in [false, true] {
            assert_eq!(multiplier(Runtime::Tflm, Layer::FullyConnected { per_channel }), (1_717_986_944, -3));
        }
        let litert = |layer| multiplier(Runtime::LitertBuiltin, layer);
        assert_eq!(litert(Layer::Convolution { grouped: false }), (1_717_986_944, -3));
        assert_eq!(litert(Layer::FullyConnected { per_channel: true }), (1_717_986_944, -3));
        assert_eq!(litert(Layer::FullyConnected { per_channel: false }), (1_717_987_014, -3));
    }
}
