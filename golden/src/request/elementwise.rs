//! Sum, difference and product of two activations in a request.

use serde::Deserialize;
use serde_json::Value;

use super::scaling::{Scaling, present};
use super::tensor::{Output, Tensor, bounds, check_size, object, shaped};
use crate::numerics::AnyRule;
use crate::numerics::types::within;
use crate::operators::{AddParameters, Array, Operand, add, common_shape, mul, sub};
use crate::{Error, FixedMultiplier, MultiplierWidth, Rule};

/// A sum or difference with three multipliers, as in TFLite.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AddRequest {
    /// rule of all three roundings; `tflite_double` where absent
    #[serde(default = "tflite")]
    pub rule: Rule,
    /// first operand
    #[serde(deserialize_with = "object")]
    pub input1: Tensor,
    /// second operand
    #[serde(deserialize_with = "object")]
    pub input2: Tensor,
    /// left shift of both operands before they are multiplied: TFLite has 20 for 8 bits and 15 for 16 bits
    #[serde(default = "left_shift")]
    pub left_shift: i64,
    /// multiplier of the first operand
    pub input1_multiplier: i64,
    /// shift of the first operand, -31..=0: to the right, with TFLite's sign
    pub input1_shift: i64,
    /// multiplier of the second operand
    pub input2_multiplier: i64,
    /// shift of the second operand, -31..=0
    pub input2_shift: i64,
    /// multiplier of the sum
    pub output_multiplier: i64,
    /// shift of the sum, -31..=0
    pub output_shift: i64,
    /// zero point and clamp
    #[serde(deserialize_with = "object")]
    pub output: Output,
}

fn tflite() -> Rule {
    Rule::TfliteDouble
}

fn left_shift() -> i64 {
    AddParameters::LEFT_SHIFT_8.into()
}

impl AddRequest {
    fn parameters(&self) -> Result<AddParameters, Error> {
        let factor = |[multiplier, shift]: [&'static str; 2], m: i64, s: i64| {
            within(multiplier, m, 0..=MultiplierWidth::W32.max())?;
            FixedMultiplier::new(MultiplierWidth::W32, m, within(shift, s, -31..=0)?)
        };
        let factors = [
            factor(["input1_multiplier", "input1_shift"], self.input1_multiplier, self.input1_shift)?,
            factor(["input2_multiplier", "input2_shift"], self.input2_multiplier, self.input2_shift)?,
            factor(["output_multiplier", "output_shift"], self.output_multiplier, self.output_shift)?,
        ];
        let Output { zero_point, min, max } = self.output;
        AddParameters::from_multipliers(self.rule, self.left_shift, factors, zero_point, bounds(min, max)?)
    }

    pub(super) fn add(&self) -> Result<Value, Error> {
        self.answer(add)
    }

    pub(super) fn sub(&self) -> Result<Value, Error> {
        self.answer(sub)
    }

    fn answer(
        &self,
        of: impl Fn(Operand<'_>, Operand<'_>, &AddParameters) -> Result<Array, Error>,
    ) -> Result<Value, Error> {
        let arrays = operands(&self.input1, &self.input2)?;
        let [a, b] = with_zero_points(&arrays, [&self.input1, &self.input2]);
        of(a, b, &self.parameters()?).map(|y| shaped(&y))
    }
}

/// A product.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MulRequest {
    /// rounding rule; `tflite_double` where absent
    #[serde(default = "any_tflite")]
    pub rule: AnyRule,
    /// first operand
    #[serde(deserialize_with = "object")]
    pub input1: Tensor,
    /// second operand
    #[serde(deserialize_with = "object")]
    pub input2: Tensor,
    /// multiplier of 32 bits, of a rule that takes one
    #[serde(default, deserialize_with = "present")]
    pub multiplier: Option<i64>,
    /// shift with TFLite's sign, beside the multiplier
    #[serde(default, deserialize_with = "present")]
    pub shift: Option<i64>,
    /// real factor, of a rule that takes one
    #[serde(default, deserialize_with = "present")]
    pub real_multiplier: Option<f64>,
    /// zero point and clamp
    #[serde(deserialize_with = "object")]
    pub output: Output,
}

fn any_tflite() -> AnyRule {
    AnyRule::Fixed(tflite())
}

impl MulRequest {
    pub(super) fn answer(&self) -> Result<Value, Error> {
        let scaling = Scaling::new(self.rule, self.multiplier, self.shift, self.real_multiplier)?;
        let arrays = operands(&self.input1, &self.input2)?;
        let [a, b] = with_zero_points(&arrays, [&self.input1, &self.input2]);
        mul(a, b, &scaling.any(&self.output)?).map(|y| shaped(&y))
    }
}

/// The two arrays, if their shapes go together and their answer is within limits.
fn operands(a: &Tensor, b: &Tensor) -> Result<[Array; 2], Error> {
    let arrays = [a.array("input1")?, b.array("input2")?];
    let shape = common_shape(&a.shape, &b.shape).ok_or_else(|| {
        let expected = format!("{:?}, or sizes of 1", a.shape);
        Error::Shape { what: "input2", got: b.shape.clone(), expected }
    })?;
    check_size(&shape, &[])?;
    Ok(arrays)
}

fn with_zero_points<'a>([a, b]: &'a [Array; 2], [x, y]: [&Tensor; 2]) -> [Operand<'a>; 2] {
    [Operand { array: a, zero_point: x.zero_point }, Operand { array: b, zero_point: y.zero_point }]
}
