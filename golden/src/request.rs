//! Requests as JSON lines, and golden's answers. The hardware side parses the same requests and answers by itself.

use std::fmt;
use std::marker::PhantomData;

use serde::Deserialize;
use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::{Value, json};

use crate::gemm::{Matrix, Operand, fully_connected};
use crate::multiplier::quantize_multiplier;
use crate::requantizer::requantize;
use crate::saturator::saturate;
use crate::{Bounds, Error, MultiplierWidth, Requantization, Rule, Scale};

/// One line of input.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(tag = "op", rename_all = "snake_case", deny_unknown_fields)]
pub enum Request {
    /// `{"op":"quantize_multiplier","real":0.2,"bits":32}`
    QuantizeMultiplier(QuantizeMultiplierRequest),
    /// `{"op":"requantize","rule":…,"acc":…,"multiplier":…,"shift":…,"zero_point":…,"min":…,"max":…}`
    Requantize(RequantizeRequest),
    /// `{"op":"saturate","x":…,"min":…,"max":…}`
    Saturate(SaturateRequest),
    /// `{"op":"fully_connected","rule":…,"input":…,"weights":…,"bias":[…],"multiplier":[…],"shift":[…],"output":…}`
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
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RequantizeRequest {
    /// rounding rule
    pub rule: Rule,
    /// accumulator
    pub acc: i64,
    /// multiplier of 32 bits
    pub multiplier: i64,
    /// shift with TFLite's sign
    pub shift: i64,
    /// output zero point
    #[serde(default)]
    pub zero_point: i64,
    /// least result
    pub min: i64,
    /// greatest result
    pub max: i64,
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

/// A fully connected layer and its input.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FullyConnectedRequest {
    /// rounding rule
    pub rule: Rule,
    /// batch x K
    #[serde(deserialize_with = "object")]
    pub input: Tensor,
    /// N x K
    #[serde(deserialize_with = "object")]
    pub weights: Tensor,
    /// one for each of N; zeros where absent
    #[serde(default)]
    pub bias: Option<Vec<i32>>,
    /// one, or one for each of N
    pub multiplier: Vec<i64>,
    /// as many
    pub shift: Vec<i64>,
    /// zero point and clamp
    #[serde(deserialize_with = "object")]
    pub output: Output,
}

/// Integers of a shape, row by row.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tensor {
    /// sizes, outermost first
    pub shape: Vec<usize>,
    /// elements
    pub data: Vec<i32>,
    /// subtracted from each element
    #[serde(default)]
    pub zero_point: i32,
}

/// What happens after scaling.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Output {
    /// added
    #[serde(default)]
    pub zero_point: i64,
    /// least result
    pub min: i64,
    /// greatest result
    pub max: i64,
}

impl RequantizeRequest {
    /// Everything but the accumulator.
    ///
    /// # Errors
    /// If a parameter is out of range.
    pub fn requantization(&self) -> Result<Requantization, Error> {
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

impl Tensor {
    fn matrix(&self, what: &'static str) -> Result<Matrix, Error> {
        match self.shape[..] {
            [rows, cols] => Matrix::new(what, rows, cols, self.data.clone()),
            _ => Err(Error::Shape { what, got: self.shape.clone(), expected: "two sizes".to_owned() }),
        }
    }
}

/// A validated [`FullyConnectedRequest`].
#[derive(Debug, Clone, PartialEq)]
pub struct FullyConnected {
    /// batch x K, and its zero point
    pub input: (Matrix, i32),
    /// N x K, and its zero point
    pub weights: (Matrix, i32),
    /// one for each of N
    pub bias: Vec<i32>,
    /// one, or one for each of N
    pub scales: Vec<Requantization>,
}

impl FullyConnectedRequest {
    /// Checks shapes and ranges.
    ///
    /// # Errors
    /// The first that is wrong.
    pub fn validate(&self) -> Result<FullyConnected, Error> {
        let (input, weights) = (self.input.matrix("input")?, self.weights.matrix("weights")?);
        let shape = |what, got: usize, expected: String| Err(Error::Shape { what, got: vec![got], expected });
        let n = weights.rows();
        if weights.cols() != input.cols() {
            let (got, expected) = (self.weights.shape.clone(), format!("[n, {}], as the input", input.cols()));
            return Err(Error::Shape { what: "weights", got, expected });
        }
        let bias = self.bias.clone().unwrap_or_else(|| vec![0; n]);
        if bias.len() != n {
            return shape("bias", bias.len(), format!("[{n}]"));
        }
        if self.multiplier.len() != 1 && self.multiplier.len() != n {
            return shape("multiplier", self.multiplier.len(), format!("[1] or [{n}]"));
        }
        if self.shift.len() != self.multiplier.len() {
            return shape("shift", self.shift.len(), format!("[{}], as multiplier", self.multiplier.len()));
        }
        check_size(input.rows(), n)?;
        let output = Bounds::new(self.output.min, self.output.max)?;
        let scales = self.multiplier.iter().zip(&self.shift).map(|(&m, &s)| {
            let scale = Scale::new(MultiplierWidth::W32, m, s)?;
            Requantization::new(self.rule, scale, self.output.zero_point, output)
        });
        let scales = scales.collect::<Result<_, _>>()?;
        let (zx, zw) = (self.input.zero_point, self.weights.zero_point);
        Ok(FullyConnected { input: (input, zx), weights: (weights, zw), bias, scales })
    }
}

/// Greatest number of elements of an answer: a line of a few kilobytes could ask for millions of them.
pub const MAX_ELEMENTS: usize = 1 << 24;

fn check_size(rows: usize, cols: usize) -> Result<(), Error> {
    if rows.checked_mul(cols).is_some_and(|n| n <= MAX_ELEMENTS) {
        return Ok(());
    }
    let expected = format!("at most {MAX_ELEMENTS} elements");
    Err(Error::Shape { what: "output", got: vec![rows, cols], expected })
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
        Request::Requantize(r) => Ok(json!({"out": requantize(r.acc, &r.requantization()?)?})),
        Request::Saturate(r) => Ok(json!({"out": saturate(r.x, r.bounds()?)})),
        Request::FullyConnected(layer) => {
            let FullyConnected { input, weights, bias, scales } = layer.validate()?;
            let [x, w] = [&input, &weights].map(|o| Operand { matrix: &o.0, zero_point: o.1 });
            let y = fully_connected(x, w, &bias, &scales)?;
            Ok(json!({"shape": [y.rows(), y.cols()], "data": y.data()}))
        }
    }
}

/// One line of answer to one line of request, and whether it is an error.
pub fn answer_line(line: &str, answer: impl FnOnce(&Request) -> Result<Value, String>) -> (String, bool) {
    match Request::parse(line).map_err(|e| e.to_string()).and_then(|r| answer(&r)) {
        Ok(value) => (value.to_string(), false),
        Err(error) => (json!({"error": error}).to_string(), true),
    }
}
