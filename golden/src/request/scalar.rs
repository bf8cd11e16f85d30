//! Requests about one number.

use serde::Deserialize;
use serde_json::{Value, json};

use super::scaling::{AnyRule, Scaling, present};
use super::tensor::Output;
use crate::multiplier::quantize_multiplier;
use crate::requantizer::Requantize;
use crate::saturator::saturate;
use crate::{Bounds, Error, MultiplierWidth, Requantization};

/// A real factor to be made a multiplier.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct QuantizeMultiplierRequest {
    /// real factor
    pub real: f64,
    /// width of the multiplier
    pub bits: MultiplierWidth,
}

impl QuantizeMultiplierRequest {
    pub(super) fn answer(&self) -> Result<Value, Error> {
        let scale = quantize_multiplier(self.real, self.bits)?;
        Ok(json!({"multiplier": scale.multiplier(), "shift": scale.shift()}))
    }
}

/// An accumulator to be requantized.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
#[serde(try_from = "RequantizeText")]
pub struct RequantizeRequest {
    /// rule with its factor
    pub scaling: Scaling<i64, f64>,
    /// accumulator
    pub acc: i64,
    /// zero point and clamp
    pub output: Output,
}

/// The request as it is written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RequantizeText {
    rule: AnyRule,
    acc: i64,
    #[serde(default, deserialize_with = "present")]
    multiplier: Option<i64>,
    #[serde(default, deserialize_with = "present")]
    shift: Option<i64>,
    #[serde(default, deserialize_with = "present")]
    real_multiplier: Option<f64>,
    #[serde(default)]
    zero_point: i64,
    min: i64,
    max: i64,
}

impl TryFrom<RequantizeText> for RequantizeRequest {
    type Error = Error;
    fn try_from(text: RequantizeText) -> Result<RequantizeRequest, Error> {
        let RequantizeText { rule, acc, multiplier, shift, real_multiplier, zero_point, min, max } = text;
        let scaling = Scaling::new(rule, multiplier, shift, real_multiplier)?;
        Ok(RequantizeRequest { scaling, acc, output: Output { zero_point, min, max } })
    }
}

impl RequantizeRequest {
    /// Everything but the accumulator, by a multiplier and a shift.
    ///
    /// # Errors
    /// If a parameter is out of range, or the rule takes a real factor.
    pub fn requantization(&self) -> Result<Requantization, Error> {
        self.scaling.fixed(&self.output)
    }

    pub(super) fn answer(&self) -> Result<Value, Error> {
        Ok(json!({"out": self.scaling.any(&self.output)?.requantize_sum(self.acc.into())?}))
    }
}

/// A value to be saturated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SaturateRequest {
    /// value
    pub x: i64,
    /// least result
    pub min: i64,
    /// greatest result
    pub max: i64,
}

impl SaturateRequest {
    /// Everything but the value.
    ///
    /// # Errors
    /// If the bounds are in the wrong order.
    pub fn bounds(&self) -> Result<Bounds, Error> {
        Bounds::new(self.min, self.max)
    }

    pub(super) fn answer(&self) -> Result<Value, Error> {
        Ok(json!({"out": saturate(self.x, self.bounds()?)}))
    }
}
