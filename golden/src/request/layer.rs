//! A fully connected layer in a request, and the checked layer that is made of it.

use serde::Deserialize;
use serde_json::{Value, json};

use super::scaling::{AnyRule, ChannelScaling, Scaling, present};
use super::tensor::{Output, Tensor, check_size, object};
use crate::gemm::{Matrix, Operand, fully_connected};
use crate::{Error, Requantization};

/// A fully connected layer and its input.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(try_from = "Text")]
pub struct FullyConnectedRequest {
    /// rule, and one multiplier for all N outputs or one for each
    pub scaling: ChannelScaling,
    /// batch x K
    pub input: Tensor,
    /// N x K
    pub weights: Tensor,
    /// one bias for each of N outputs; zeros where absent
    pub bias: Option<Vec<i32>>,
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
    #[serde(deserialize_with = "object")]
    output: Output,
}

impl TryFrom<Text> for FullyConnectedRequest {
    type Error = Error;
    fn try_from(text: Text) -> Result<FullyConnectedRequest, Error> {
        let Text { rule, input, weights, bias, multiplier, shift, real_multiplier, output } = text;
        let scaling = Scaling::new(rule, multiplier, shift, real_multiplier)?;
        Ok(FullyConnectedRequest { scaling, input, weights, bias, output })
    }
}

/// A validated [`FullyConnectedRequest`].
#[derive(Debug, Clone, PartialEq)]
pub struct FullyConnected<S = Requantization> {
    /// batch x K, and its zero point
    pub input: (Matrix, i32),
    /// N x K, and its zero point
    pub weights: (Matrix, i32),
    /// one bias for each of N outputs
    pub bias: Vec<i32>,
    /// one requantization for all N outputs, or one for each
    pub scales: Vec<S>,
}

impl FullyConnectedRequest {
    /// Checks shapes and ranges of a layer with multipliers and shifts.
    ///
    /// # Errors
    /// The first shape or range that is wrong; or the rule takes a real factor.
    pub fn validate(&self) -> Result<FullyConnected, Error> {
        if let Scaling::Real { rule, .. } = self.scaling {
            return Err(Error::NoHardware { rule: rule.name() });
        }
        self.checked(|scaling| scaling.all_fixed(&self.output))
    }

    pub(super) fn answer(&self) -> Result<Value, Error> {
        let layer = self.checked(|scaling| scaling.all(&self.output))?;
        let [x, w] = [&layer.input, &layer.weights].map(|o| Operand { matrix: &o.0, zero_point: o.1 });
        let y = fully_connected(x, w, &layer.bias, &layer.scales)?;
        Ok(json!({"shape": [y.rows(), y.cols()], "data": y.data()}))
    }

    /// Checks the shapes, and then the factors by `scales`.
    fn checked<S>(
        &self,
        scales: impl FnOnce(&ChannelScaling) -> Result<Vec<S>, Error>,
    ) -> Result<FullyConnected<S>, Error> {
        let (input, weights) = (self.input.matrix("input")?, self.weights.matrix("weights")?);
        if weights.cols() != input.cols() {
            let (got, expected) = (self.weights.shape.clone(), format!("[n, {}], as the input", input.cols()));
            return Err(Error::Shape { what: "weights", got, expected });
        }
        let bias = bias(self.bias.as_ref(), weights.rows())?;
        self.scaling.check_channels(weights.rows())?;
        check_size(&[input.rows(), weights.rows()], &[input.cols()])?;
        let scales = scales(&self.scaling)?;
        let (zx, zw) = (self.input.zero_point, self.weights.zero_point);
        Ok(FullyConnected { input: (input, zx), weights: (weights, zw), bias, scales })
    }
}

/// One bias for each channel; zeros if the request has none.
pub(super) fn bias(bias: Option<&Vec<i32>>, channels: usize) -> Result<Vec<i32>, Error> {
    match bias {
        None => Ok(vec![0; channels]),
        Some(bias) if bias.len() == channels => Ok(bias.clone()),
        Some(bias) => Err(Error::Shape { what: "bias", got: vec![bias.len()], expected: format!("[{channels}]") }),
    }
}
