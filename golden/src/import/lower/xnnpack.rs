//! Which operators XNNPACK takes. LiteRT's own kernels compute the others.
//!
//! The conditions are LiteRT's (LiteRT f6745779, `delegates/xnnpack/xnnpack_delegate.cc`), for the operators and types
//! that are supported here.

use super::operands::{Operands, per_tensor};
use crate::import::tflite::{ElementType, Options};

impl Operands<'_> {
    /// Whether XNNPACK takes this operator.
    pub(super) fn taken_by_xnnpack(&self) -> bool {
        let flat_bias = || self.tensor_of(2).is_some_and(|bias| bias.shape.len() == 1);
        match self.operator.options {
            Options::FullyConnected { .. } => self.normal_scales(),
            // XNNPACK has no convolution of int8 by INT4.
            Options::Conv2d { .. } | Options::DepthwiseConv2d { .. } if self.int4_weights() => false,
            Options::Conv2d { .. } => self.normal_scales() && flat_bias(),
            Options::DepthwiseConv2d { depth_multiplier, .. } => {
                let outputs = self.tensor_of(1).and_then(|weights| weights.shape.last());
                let divides = outputs.is_some_and(|outputs| outputs.checked_rem(depth_multiplier) == Some(0));
                self.normal_scales() && flat_bias() && divides
            }
            Options::Elementwise { .. } => self.ratios_of_elementwise(),
            Options::Pool2d { stride, filter, .. } => {
                &*self.operator.name == "MAX_POOL_2D" && stride[0] <= filter[0] && stride[1] <= filter[1]
            }
            Options::None => match &*self.operator.name {
                "QUANTIZE" => self.kind_of_quantize(),
                "PAD" => self.tensor_of(1).is_some_and(|paddings| paddings.element == ElementType::Int32),
                // XNNPACK has these three for floats alone.
                "ABS" | "HARD_SWISH" | "NEG" | "RELU" | "RELU6" => false,
                // These only move elements, and do so alike everywhere.
                "EXPAND_DIMS" | "PADV2" | "SHAPE" | "SLICE" | "SPLIT" | "SPLIT_V" | "SQUEEZE" | "TRANSPOSE" => false,
                "LOG_SOFTMAX" | "MAXIMUM" | "MINIMUM" | "PRELU" | "SQUARED_DIFFERENCE" => false,
                _ => true,
            },
            Options::Concatenation { .. } | Options::Reducer { .. } => true,
            Options::LeakyRelu { .. } | Options::TransposeConv { .. } => true,
            Options::Resize(_) => &*self.operator.name == "RESIZE_BILINEAR",
            Options::StridedSlice { .. } | Options::Pack { .. } | Options::Softmax { .. } | Options::Unread => false,
            Options::Unpack { .. } | Options::VarHandle { .. } | Options::CallOnce { .. } => false,
        }
    }

    /// Whether the scales of weights, and of a bias if there is one, are neither 0 nor subnormal.
    fn normal_scales(&self) -> bool {
        let normal = |position| {
            let quantization = self.tensor_of(position).map(|tensor| tensor.quantization.as_ref());
            quantization.is_none_or(|q| q.is_some_and(|q| q.scales.iter().all(|scale| scale.is_normal())))
        };
        normal(1) && normal(2)
    }

    /// Whether the ratios of scales are within XNNPACK's limits. For ADD and SUB, the ratio of each operand's scale to
    /// the output's scale is in `2^-10..2^8`. For MUL, the ratio of the product of the operands' scales to the output's
    /// scale is in `2^-16..2^8`.
    fn ratios_of_elementwise(&self) -> bool {
        let (Some(a), Some(b), Some(y)) = (self.scale(0), self.scale(1), self.output_scale()) else { return false };
        match &*self.operator.name {
            "MUL" => (1.0 / 65536.0..256.0).contains(&(a * b / y)),
            _ => [a, b].iter().all(|scale| (1.0 / 1024.0..256.0).contains(&(scale / y))),
        }
    }

    /// Whether QUANTIZE takes floats, or integers of the output's type whose scales have a ratio in `2^-8..=2^7`.
    fn kind_of_quantize(&self) -> bool {
        let (Some(x), Ok(output)) = (self.tensor_of(0), self.output()) else { return false };
        if x.element == ElementType::Float32 {
            return true;
        }
        let (Some(from), Some(to)) = (self.scale(0), self.output_scale()) else { return false };
        x.element == self.tensor(output).element && (1.0 / 256.0..=128.0).contains(&(from / to))
    }

    fn int4_weights(&self) -> bool {
        self.tensor_of(1).is_some_and(|weights| weights.element == ElementType::Int4)
    }

    fn scale(&self, position: usize) -> Option<f32> {
        let quantization = self.tensor_of(position)?.quantization.as_ref()?;
        per_tensor(quantization).map(|q| q.scale)
    }

    fn output_scale(&self) -> Option<f32> {
        let quantization = self.tensor(self.output().ok()?).quantization.as_ref()?;
        per_tensor(quantization).map(|q| q.scale)
    }
}
