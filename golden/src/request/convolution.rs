//! Convolutions in a request: over all channels, and depthwise.

use serde::Deserialize;
use serde_json::Value;

use super::layer::bias;
use super::scaling::{AnyRule, ChannelScaling, Scaling, present};
use super::tensor::{IMAGE, Output, Tensor, check_size, moved, object, ones, shaped, window};
use crate::Error;
use crate::operators::{Array, Operand, Window, conv2d, depthwise_conv2d};
use crate::types::within;

/// A convolution and its input.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(try_from = "Text")]
pub struct ConvolutionRequest {
    /// rule, and one multiplier for all output channels or one for each
    pub scaling: ChannelScaling,
    /// `[batch, height, width, channels]`
    pub input: Tensor,
    /// `[outputs, height, width, channels / groups]`, or `[1, height, width, channels * depth_multiplier]`
    pub weights: Tensor,
    /// one bias for each output channel; zeros where absent
    pub bias: Option<Vec<i32>>,
    /// strides over height and width
    pub stride: [usize; 2],
    /// dilations over height and width
    pub dilation: [usize; 2],
    /// top, bottom, left, right
    pub padding: [usize; 4],
    /// groups of `conv2d`; 1 where absent
    pub groups: Option<usize>,
    /// depth multiplier of `depthwise_conv2d`; 1 where absent
    pub depth_multiplier: Option<usize>,
    /// zero point and clamp
    pub output: Output,
}

/// The request as it is written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Text {
    rule: AnyRule,
    #[serde(deserialize_with = "object")]
    input: Tensor,
    #[serde(deserialize_with = "object")]
    weights: Tensor,
    #[serde(default)]
    bias: Option<Vec<i32>>,
    #[serde(default, deserialize_with = "present")]
    multiplier: Option<Vec<i64>>,
    #[serde(default, deserialize_with = "present")]
    shift: Option<Vec<i64>>,
    #[serde(default, deserialize_with = "present")]
    real_multiplier: Option<Vec<f64>>,
    #[serde(default = "ones")]
    stride: [usize; 2],
    #[serde(default = "ones")]
    dilation: [usize; 2],
    #[serde(default)]
    padding: [usize; 4],
    #[serde(default, deserialize_with = "present")]
    groups: Option<usize>,
    #[serde(default, deserialize_with = "present")]
    depth_multiplier: Option<usize>,
    #[serde(deserialize_with = "object")]
    output: Output,
}

impl TryFrom<Text> for ConvolutionRequest {
    type Error = Error;
    fn try_from(text: Text) -> Result<ConvolutionRequest, Error> {
        Ok(ConvolutionRequest {
            scaling: Scaling::new(text.rule, text.multiplier, text.shift, text.real_multiplier)?,
            input: text.input,
            weights: text.weights,
            bias: text.bias,
            stride: text.stride,
            dilation: text.dilation,
            padding: text.padding,
            groups: text.groups,
            depth_multiplier: text.depth_multiplier,
            output: text.output,
        })
    }
}

impl ConvolutionRequest {
    /// Answers `conv2d`.
    pub(super) fn answer(&self) -> Result<Value, Error> {
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
        let (bias, window) = self.checked(outputs, depth)?;
        let [x, w] = self.operands(&input, &weights);
        conv2d(x, w, &bias, &window, &self.scaling.all(&self.output)?).map(|y| shaped(&y))
    }

    /// Answers `depthwise_conv2d`.
    pub(super) fn answer_depthwise(&self) -> Result<Value, Error> {
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
        let (bias, window) = self.checked(outputs, 1)?;
        let [x, w] = self.operands(&input, &weights);
        depthwise_conv2d(x, w, &bias, &window, &self.scaling.all(&self.output)?).map(|y| shaped(&y))
    }

    fn operands<'a>(&self, input: &'a Array, weights: &'a Array) -> [Operand<'a>; 2] {
        [
            Operand { array: input, zero_point: self.input.zero_point },
            Operand { array: weights, zero_point: self.weights.zero_point },
        ]
    }

    /// Bias and window, if they and the size of the answer are within limits. Input and weights must have four sizes.
    fn checked(&self, outputs: usize, depth: usize) -> Result<(Vec<i32>, Window), Error> {
        let bias = bias(self.bias.as_ref(), outputs)?;
        self.scaling.check_channels(outputs)?;
        let window = window(self.stride, self.dilation, self.padding);
        let (x, filter) = (&self.input.shape, [self.weights.shape[1], self.weights.shape[2]]);
        let [height, width] = moved(&window, [x[1], x[2]], filter)?;
        check_size(&[x[0], height, width, outputs], &[filter[0], filter[1], depth])?;
        Ok((bias, window))
    }
}
