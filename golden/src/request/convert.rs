//! From reals to integers and back, in a request.

use serde::Deserialize;
use serde_json::{Value, json};

use super::tensor::{Tensor, bounds, check_size, object};
use crate::quantization::{Parameters, Rounding, dequantize, quantize};
use crate::{Bounds, Error};

/// Reals to be quantized. They are read as float64 and rounded to float32.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct QuantizeRequest {
    /// reals
    pub real: Vec<f32>,
    /// real value of one step
    pub scale: f32,
    /// the integer of 0.0
    #[serde(default)]
    pub zero_point: i64,
    /// least result
    pub min: i64,
    /// greatest result
    pub max: i64,
    /// how the quotient becomes an integer
    pub rounding: Rounding,
}

impl QuantizeRequest {
    pub(super) fn answer(&self) -> Result<Value, Error> {
        if self.real.is_empty() {
            let expected = "at least one element".to_owned();
            return Err(Error::Shape { what: "real", got: vec![0], expected });
        }
        check_size(&[self.real.len()], &[])?;
        let parameters = Parameters::new(self.scale, self.zero_point, bounds(self.min, self.max)?)?;
        let data = self.real.iter().map(|&x| quantize(x, &parameters, self.rounding)).collect::<Result<Vec<_>, _>>()?;
        Ok(json!({"shape": [data.len()], "data": data}))
    }
}

/// Integers to be dequantized.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DequantizeRequest {
    /// integers and their zero point
    #[serde(deserialize_with = "object")]
    pub input: Tensor,
    /// real value of one step
    pub scale: f32,
}

impl DequantizeRequest {
    pub(super) fn answer(&self) -> Result<Value, Error> {
        let input = self.input.array("input")?;
        check_size(input.shape(), &[])?;
        let parameters = Parameters::new(self.scale, self.input.zero_point.into(), Bounds::INT32)?;
        let reals: Vec<f32> = input.data().iter().map(|&q| dequantize(q, &parameters)).collect();
        // JSON has no infinity.
        if let Some(index) = reals.iter().position(|y| !y.is_finite()) {
            let got = reals[index].into();
            return Err(Error::Value { what: "output", index, limit: "a finite float32", got });
        }
        Ok(json!({"shape": input.shape(), "data": reals}))
    }
}
