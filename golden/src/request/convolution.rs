//! Convolutions in a request: over all channels, and depthwise.

use serde::Deserialize;
use serde_json::Value;

use super::layer::bias;
use super::scaling::{Scaling, present};
use super::tensor::{IMAGE, Output, Tensor, check_size, moved, object, ones, shaped, window};
use crate::Error;
use crate::numerics::types::within;
use crate::numerics::{AnyRequantization, AnyRule};
use crate::operators::{Array, Operand, Window, conv2d, depthwise_conv2d};

/// A convolution and its input.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ConvolutionRequest {
    /// rounding rule
    pub rule: AnyRule,
    /// `[batch, height, width, channels]`
    #[serde(deserialize_with = "object")]
    pub input: Tensor,
    /// `[outputs, height, width, channels / groups]`, or `[1, height, width, channels * depth_multiplier]`
    #[serde(deserialize_with = "object")]
    pub weights: Tensor,
    /// one bias for each output channel; zeros where absent
    #[serde(default)]
    pub bias: Option<Vec<i32>>,
    /// multipliers of 32 bits, of a rule that takes them: one for all output channels or one for each
    #[serde(default, deserialize_with = "present")]
    pub multiplier: Option<Vec<i64>>,
    /// shifts with TFLite's sign, as many as multipliers
    #[serde(default, deserialize_with = "present")]
    pub shift: Option<Vec<i64>>,
    /// real factors, of a rule that takes them: one for all output channels or one for each
    #[serde(default, deserialize_with = "present")]
    pub real_multiplier: Option<Vec<f64>>,
    /// strides over height and width
    #[serde(default = "ones")]
    pub stride: [usize; 2],
    /// dilations over height and width
    #[serde(default = "ones")]
    pub dilation: [usize; 2],
    /// top, bottom, left, right
    #[serde(default)]
    pub padding: [usize; 4],
    /// groups of `conv2d`; 1 where absent
    #[serde(default, deserialize_with = "present")]
    pub groups: Option<usize>,
    /// depth multiplier of `depthwise_conv2d`; 1 where absent
    #[serde(default, deserialize_with = "present")]
    pub depth_multiplier: Option<usize>,
    /// zero point and clamp
    #[serde(deserialize_with = "object")]
    pub output: Output,
}

impl ConvolutionRequest {
    pub(super) fn conv2d(&self) -> Result<Value, Error> {
        if self.depth_multiplier.is_some() {
            return Err(Error::Request("depth_multiplier: conv2d takes groups in its place".to_owned()));
        }
        let (input, [_, _, _, channels]) = self.input.image("input", IMAGE)?;
        let (weights, sizes) = self.weights.image("weights", "[outputs, height, width, channels / groups]")?;
        let ([outputs, _, _, depth], groups) = (sizes, self.groups.unwrap_or(1));
        let number = |n: usize| i64::try_from(n).unwrap_or(i64::MAX);
        within("groups", number(groups), 1..=number(channels))?;
        if depth.checked_mul(groups) != Some(channels) || outputs % groups != 0 {
            let expected =
                format!("[n * {groups}, height, width, c] with c * {groups} = {channels} channels of the input");
            return Err(Error::Shape { what: "weights", got: sizes.to_vec(), expected });
        }
        let (bias, window, requantizations) = self.checked(outputs, depth)?;
        let [x, w] = self.operands(&input, &weights);
        conv2d(x, w, &bias, &window, &requantizations).map(|y| shaped(&y))
    }

    pub(super) fn depthwise_conv2d(&self) -> Result<Value, Error> {
        if self.groups.is_some() {
            return Err(Error::Request("groups: depthwise_conv2d takes depth_multiplier in its place".to_owned()));
        }
        let (input, [_, _, _, channels]) = self.input.image("input", IMAGE)?;
        let (weights, sizes) = self.weights.image("weights", "[1, height, width, channels * depth_multiplier]")?;
        let ([one, _, _, outputs], multiplier) = (sizes, self.depth_multiplier.unwrap_or(1));
        if one != 1 || channels.checked_mul(multiplier) != Some(outputs) {
            let expected = format!("[1, height, width, {channels} * {multiplier}]");
            return Err(Error::Shape { what: "weights", got: sizes.to_vec(), expected });
        }
        let (bias, window, requantizations) = self.checked(outputs, 1)?;
        let [x, w] = self.operands(&input, &weights);
        depthwise_conv2d(x, w, &bias, &window, &requantizations).map(|y| shaped(&y))
    }

    fn operands<'a>(&self, input: &'a Array, weights: &'a Array) -> [Operand<'a>; 2] {
        [
            Operand { array: input, zero_point: self.input.zero_point },
            Operand { array: weights, zero_point: self.weights.zero_point },
        ]
    }

    /// Bias, window and requantizations, if they and the size of the answer are within limits. Input and weights must
    /// have four sizes.
    fn checked(&self, outputs: usize, depth: usize) -> Result<(Vec<i32>, Window, Vec<AnyRequantization>), Error> {
        let (multiplier, shift) = (self.multiplier.as_deref(), self.shift.as_deref());
        let scaling = Scaling::new(self.rule, multiplier, shift, self.real_multiplier.as_deref())?;
        let bias = bias(self.bias.as_ref(), outputs)?;
        scaling.check_channels(outputs)?;
        let window = window(self.stride, self.dilation, self.padding);
        let (x, filter) = (&self.input.shape, [self.weights.shape[1], self.weights.shape[2]]);
        let [height, width] = moved(&window, [x[1], x[2]], filter)?;
        check_size(&[x[0], height, width, outputs], &[filter[0], filter[1], depth])?;
        Ok((bias, window, scaling.all(&self.output)?))
    }
}
