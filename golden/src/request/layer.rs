//! A fully connected layer in a request, and what is made of it once it is checked.

use serde::Deserialize;

use super::factor::{AnyRule, Factor, RealFactor, factor, present};
use super::{PLACE_HOLDER, object};
use crate::gemm::Matrix;
use crate::{Bounds, Error, MultiplierWidth, RealRequantization, Requantization, Rule, Scale};

/// A fully connected layer and its input.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(try_from = "Text")]
pub struct FullyConnectedRequest {
    /// rounding rule; a place-holder, as `multiplier` and `shift` are, where there is `real`
    pub rule: Rule,
    /// batch x K
    pub input: Tensor,
    /// N x K
    pub weights: Tensor,
    /// one for each of N; zeros where absent
    pub bias: Option<Vec<i32>>,
    /// one, or one for each of N
    pub multiplier: Vec<i64>,
    /// as many
    pub shift: Vec<i64>,
    /// another rule, and one factor or one for each of N, in place of `rule`, `multiplier` and `shift`
    pub real: Option<RealFactor<Vec<f64>>>,
    /// zero point and clamp
    pub output: Output,
}

/// As it is written.
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
        let (rule, multiplier, shift, real) =
            match factor(text.rule, text.multiplier, text.shift, text.real_multiplier)? {
                Factor::Fixed { rule, multiplier, shift } => (rule, multiplier, shift, None),
                Factor::Real(real) => (PLACE_HOLDER, Vec::new(), Vec::new(), Some(real)),
            };
        let Text { input, weights, bias, output, .. } = text;
        Ok(FullyConnectedRequest { rule, input, weights, bias, multiplier, shift, real, output })
    }
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

impl Tensor {
    fn matrix(&self, what: &'static str) -> Result<Matrix, Error> {
        match self.shape[..] {
            [rows, cols] => Matrix::new(what, rows, cols, self.data.clone()),
            _ => Err(Error::Shape { what, got: self.shape.clone(), expected: "two sizes".to_owned() }),
        }
    }
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

/// A validated [`FullyConnectedRequest`].
#[derive(Debug, Clone, PartialEq)]
pub struct FullyConnected<S = Requantization> {
    /// batch x K, and its zero point
    pub input: (Matrix, i32),
    /// N x K, and its zero point
    pub weights: (Matrix, i32),
    /// one for each of N
    pub bias: Vec<i32>,
    /// one, or one for each of N
    pub scales: Vec<S>,
}

impl FullyConnectedRequest {
    /// Checks shapes and ranges of a layer with multipliers and shifts.
    ///
    /// # Errors
    /// The first that is wrong; that the rule takes a real factor.
    pub fn validate(&self) -> Result<FullyConnected, Error> {
        if let Some(real) = &self.real {
            return Err(Error::NoHardware { rule: real.rule });
        }
        self.checked("multiplier", self.multiplier.len(), |output| {
            if self.shift.len() != self.multiplier.len() {
                let expected = format!("[{}], as multiplier", self.multiplier.len());
                return Err(Error::Shape { what: "shift", got: vec![self.shift.len()], expected });
            }
            let scale = |(&m, &s): (&i64, &i64)| {
                let scale = Scale::new(MultiplierWidth::W32, m, s)?;
                Requantization::new(self.rule, scale, self.output.zero_point, output)
            };
            self.multiplier.iter().zip(&self.shift).map(scale).collect()
        })
    }

    /// The same of a layer with these real factors, its own.
    pub(super) fn validate_real(
        &self,
        real: &RealFactor<Vec<f64>>,
    ) -> Result<FullyConnected<RealRequantization>, Error> {
        self.checked("real_multiplier", real.factor.len(), |output| {
            let scale = |&factor| RealRequantization::new(real.rule, factor, self.output.zero_point, output);
            real.factor.iter().map(scale).collect()
        })
    }

    /// Checks shapes, then what `scales` checks.
    fn checked<S>(
        &self,
        what: &'static str,
        factors: usize,
        scales: impl FnOnce(Bounds) -> Result<Vec<S>, Error>,
    ) -> Result<FullyConnected<S>, Error> {
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
        if factors != 1 && factors != n {
            return shape(what, factors, format!("[1] or [{n}]"));
        }
        check_size(input.rows(), n)?;
        let scales = scales(Bounds::new(self.output.min, self.output.max)?)?;
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
