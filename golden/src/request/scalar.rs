//! Requests about one number.

use serde::Deserialize;
use serde_json::{Value, json};

use super::scaling::{Scaling, present};
use super::tensor::Output;
use crate::numerics::AnyRule;
use crate::numerics::multiplier::quantize_multiplier;
use crate::numerics::requantizer::Requantize;
use crate::numerics::saturator::saturate;
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
#[serde(deny_unknown_fields)]
pub struct RequantizeRequest {
    /// rounding rule
    pub rule: AnyRule,
    /// accumulator
    pub acc: i64,
    /// multiplier of 32 bits, of a rule that takes one
    #[serde(default, deserialize_with = "present")]
    pub multiplier: Option<i64>,
    /// shift with TFLite's sign, beside the multiplier
    #[serde(default, deserialize_with = "present")]
    pub shift: Option<i64>,
    /// real factor, of a rule that takes one
    #[serde(default, deserialize_with = "present")]
    pub real_multiplier: Option<f64>,
    /// zero point of the result
    #[serde(default)]
    pub zero_point: i64,
    /// least result
    pub min: i64,
    /// greatest result
    pub max: i64,
}

impl RequantizeRequest {
    /// Everything but the accumulator, by a multiplier and a shift.
    ///
    /// # Errors
    /// If a parameter is out of range, or the rule takes a real factor.
    pub fn requantization(&self) -> Result<Requantization, Error> {
        self.scaling()?.fixed(&self.output())
    }

    /// The zero point and the clamp of the result.
    pub fn output(&self) -> Output {
        Output { zero_point: self.zero_point, min: self.min, max: self.max }
    }

    fn scaling(&self) -> Result<Scaling<i64, f64>, Error> {
        Scaling::new(self.rule, self.multiplier, self.shift, self.real_multiplier)
    }

    pub(super) fn answer(&self) -> Result<Value, Error> {
        Ok(json!({"out": self.scaling()?.any(&self.output())?.requantize_sum(self.acc.into())?}))
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
