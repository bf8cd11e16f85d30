//! A fully connected layer in a request, and the checked layer that is made of it.

use serde::Deserialize;
use serde_json::{Value, json};

use super::scaling::{ChannelScaling, Scaling, present};
use super::tensor::{Output, Tensor, check_size, object};
use crate::gemm::{Matrix, Operand, fully_connected};
use crate::numerics::AnyRule;
use crate::{Error, Requantization};

/// A fully connected layer and its input.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FullyConnectedRequest {
    /// rounding rule
    pub rule: AnyRule,
    /// batch x K
    #[serde(deserialize_with = "object")]
    pub input: Tensor,
    /// N x K
    #[serde(deserialize_with = "object")]
    pub weights: Tensor,
    /// one bias for each of N outputs; zeros where absent
    #[serde(default)]
    pub bias: Option<Vec<i32>>,
    /// multipliers of 32 bits, of a rule that takes them: one for all channels or one for each
    #[serde(default, deserialize_with = "present")]
    pub multiplier: Option<Vec<i64>>,
    /// shifts with TFLite's sign, as many as multipliers
    #[serde(default, deserialize_with = "present")]
    pub shift: Option<Vec<i64>>,
    /// real factors, of a rule that takes them: one for all channels or one for each
    #[serde(default, deserialize_with = "present")]
    pub real_multiplier: Option<Vec<f64>>,
    /// zero point and clamp
    #[serde(deserialize_with = "object")]
    pub output: Output,
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
    pub requantizations: Vec<S>,
}

impl FullyConnectedRequest {
    /// Checks shapes and ranges of a layer with multipliers and shifts.
    ///
    /// # Errors
    /// The first shape or range that is wrong; or the rule takes a real factor.
    pub fn validate(&self) -> Result<FullyConnected, Error> {
        if let AnyRule::Real(rule) = self.rule {
            return Err(Error::NoHardware { rule: rule.name() });
        }
        self.checked(|scaling| scaling.all_fixed(&self.output))
    }

    pub(super) fn answer(&self) -> Result<Value, Error> {
        let layer = self.checked(|scaling| scaling.all(&self.output))?;
        let [x, w] = [&layer.input, &layer.weights].map(|o| Operand { matrix: &o.0, zero_point: o.1 });
        let y = fully_connected(x, w, &layer.bias, &layer.requantizations)?;
        Ok(json!({"shape": [y.rows(), y.cols()], "data": y.data()}))
    }

    /// Checks the shapes, and then the factors by `requantizations`.
    fn checked<S>(
        &self,
        requantizations: impl FnOnce(&ChannelScaling<'_>) -> Result<Vec<S>, Error>,
    ) -> Result<FullyConnected<S>, Error> {
        let (multiplier, shift) = (self.multiplier.as_deref(), self.shift.as_deref());
        let scaling = Scaling::new(self.rule, multiplier, shift, self.real_multiplier.as_deref())?;
        let (input, weights) = (self.input.matrix("input")?, self.weights.matrix("weights")?);
        if weights.cols() != input.cols() {
            let (got, expected) = (self.weights.shape.clone(), format!("[n, {}], as the input", input.cols()));
            return Err(Error::Shape { what: "weights", got, expected });
        }
        let bias = bias(self.bias.as_ref(), weights.rows())?;
        scaling.check_channels(weights.rows())?;
        check_size(&[input.rows(), weights.rows()], &[input.cols()])?;
        let requantizations = requantizations(&scaling)?;
        let (zx, zw) = (self.input.zero_point, self.weights.zero_point);
        Ok(FullyConnected { input: (input, zx), weights: (weights, zw), bias, requantizations })
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
