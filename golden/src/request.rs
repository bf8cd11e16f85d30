//! Requests as JSON lines, and golden's answers. The hardware side parses the same requests and answers by itself.

use std::fmt;
use std::marker::PhantomData;

use serde::Deserialize;
use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::{Value, json};

use crate::gemm::{Operand, fully_connected};
use crate::multiplier::quantize_multiplier;
use crate::real_requantizer::requantize_real;
use crate::requantizer::{Requantize, requantize};
use crate::saturator::saturate;
use crate::{Bounds, Error, MultiplierWidth, RealRequantization, Requantization, Rule, Scale};

mod factor;
mod layer;

pub use factor::RealFactor;
use factor::{AnyRule, Factor, factor, present};
pub use layer::{FullyConnected, FullyConnectedRequest, MAX_ELEMENTS, Output, Tensor};

/// One line of input.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(tag = "op", rename_all = "snake_case", deny_unknown_fields)]
pub enum Request {
    /// `{"op":"quantize_multiplier","real":0.2,"bits":32}`
    QuantizeMultiplier(QuantizeMultiplierRequest),
    /// `{"op":"requantize","rule":…,"acc":…,"multiplier":…,"shift":…,"zero_point":…,"min":…,"max":…}`
    /// or, by a real factor, `{"op":"requantize","rule":…,"acc":…,"real_multiplier":…,"zero_point":…,"min":…,"max":…}`
    Requantize(RequantizeRequest),
    /// `{"op":"saturate","x":…,"min":…,"max":…}`
    Saturate(SaturateRequest),
    /// `{"op":"fully_connected","rule":…,"input":…,"weights":…,"bias":[…],"multiplier":[…],"shift":[…],"output":…}`
    /// or with `"real_multiplier":[…]` in place of the two
    FullyConnected(Box<FullyConnectedRequest>),
}

/// A real factor to be made a multiplier.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct QuantizeMultiplierRequest {
    /// real factor
    pub real: f64,
    /// width of the multiplier
    pub bits: MultiplierWidth,
}

/// An accumulator to be requantized.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
#[serde(try_from = "RequantizeText")]
pub struct RequantizeRequest {
    /// rounding rule; a place-holder, as `multiplier` and `shift` are, where there is `real`
    pub rule: Rule,
    /// accumulator
    pub acc: i64,
    /// multiplier of 32 bits
    pub multiplier: i64,
    /// shift with TFLite's sign
    pub shift: i64,
    /// another rule, and its factor, in place of `rule`, `multiplier` and `shift`
    pub real: Option<RealFactor<f64>>,
    /// output zero point
    pub zero_point: i64,
    /// least result
    pub min: i64,
    /// greatest result
    pub max: i64,
}

/// The rule of a request that has a real one. Nobody computes with it: what is made of the request first is an error, for
/// lack of hardware, or takes the real rule.
const PLACE_HOLDER: Rule = Rule::Truncate;

/// As it is written.
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
        let (rule, multiplier, shift, real) =
            match factor(text.rule, text.multiplier, text.shift, text.real_multiplier)? {
                Factor::Fixed { rule, multiplier, shift } => (rule, multiplier, shift, None),
                Factor::Real(real) => (PLACE_HOLDER, 0, 0, Some(real)),
            };
        let RequantizeText { acc, zero_point, min, max, .. } = text;
        Ok(RequantizeRequest { rule, acc, multiplier, shift, real, zero_point, min, max })
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

impl RequantizeRequest {
    /// Everything but the accumulator, by a multiplier and a shift.
    ///
    /// # Errors
    /// If a parameter is out of range, or the rule takes a real factor.
    pub fn requantization(&self) -> Result<Requantization, Error> {
        if let Some(real) = self.real {
            return Err(Error::NoHardware { rule: real.rule });
        }
        let scale = Scale::new(MultiplierWidth::W32, self.multiplier, self.shift)?;
        Requantization::new(self.rule, scale, self.zero_point, Bounds::new(self.min, self.max)?)
    }
}

impl SaturateRequest {
    /// Everything but the value.
    ///
    /// # Errors
    /// If they are in the wrong order.
    pub fn bounds(&self) -> Result<Bounds, Error> {
        Bounds::new(self.min, self.max)
    }
}

/// An object, and not the array of its values that serde takes for a struct too.
fn object<'de, D: Deserializer<'de>, T: Deserialize<'de>>(deserializer: D) -> Result<T, D::Error> {
    struct Object<T>(PhantomData<T>);
    impl<'de, T: Deserialize<'de>> Visitor<'de> for Object<T> {
        type Value = T;
        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("an object")
        }
        fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<T, A::Error> {
            T::deserialize(MapAccessDeserializer::new(map))
        }
    }
    deserializer.deserialize_map(Object(PhantomData))
}

impl Request {
    /// Reads one line.
    ///
    /// # Errors
    /// If it is no request: not JSON, an unknown operation or field, a value of the wrong type.
    pub fn parse(line: &str) -> Result<Request, Error> {
        let mut json = serde_json::Deserializer::from_str(line);
        let request = object(&mut json).and_then(|request| json.end().map(|()| request));
        request.map_err(|e| Error::Request(e.to_string()))
    }
}

/// Golden's answer.
///
/// # Errors
/// If a parameter is out of range, or the reference does not define the result.
pub fn answer(request: &Request) -> Result<Value, Error> {
    match request {
        Request::QuantizeMultiplier(r) => {
            let scale = quantize_multiplier(r.real, r.bits)?;
            Ok(json!({"multiplier": scale.multiplier(), "shift": scale.shift()}))
        }
        Request::Requantize(r) => match r.real {
            None => Ok(json!({"out": requantize(r.acc, &r.requantization()?)?})),
            Some(RealFactor { rule, factor }) => {
                let real = RealRequantization::new(rule, factor, r.zero_point, Bounds::new(r.min, r.max)?)?;
                Ok(json!({"out": requantize_real(r.acc, &real)?}))
            }
        },
        Request::Saturate(r) => Ok(json!({"out": saturate(r.x, r.bounds()?)})),
        Request::FullyConnected(layer) => match &layer.real {
            None => product(&layer.validate()?),
            Some(real) => product(&layer.validate_real(real)?),
        },
    }
}

fn product(layer: &FullyConnected<impl Requantize>) -> Result<Value, Error> {
    let [x, w] = [&layer.input, &layer.weights].map(|o| Operand { matrix: &o.0, zero_point: o.1 });
    let y = fully_connected(x, w, &layer.bias, &layer.scales)?;
    Ok(json!({"shape": [y.rows(), y.cols()], "data": y.data()}))
}

/// One line of answer to one line of request, and whether it is an error.
pub fn answer_line(line: &str, answer: impl FnOnce(&Request) -> Result<Value, String>) -> (String, bool) {
    match Request::parse(line).map_err(|e| e.to_string()).and_then(|r| answer(&r)) {
        Ok(value) => (value.to_string(), false),
        Err(error) => (json!({"error": error}).to_string(), true),
    }
}
