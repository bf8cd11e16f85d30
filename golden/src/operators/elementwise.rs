//! Sum, difference and product of two activations, and any function of one by a table.

use super::array::at;
use super::broadcast::zip;
use super::{Array, Operand};
use crate::numerics::multiplier::quantize_multiplier;
use crate::numerics::requantizer::Requantize;
use crate::numerics::types::within;
use crate::{Bounds, Error, FixedMultiplier, MultiplierWidth, Requantization, Rule};

/// The parameters by which TFLite's `ADD` and `SUB` bring their operands to a common scale.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct AddParameters {
    pub(super) left_shift: u32,
    pub(super) a: Requantization,
    pub(super) b: Requantization,
    pub(super) output: Requantization,
}

impl AddParameters {
    /// The left shift of operands of 8 bits.
    pub const LEFT_SHIFT_8: u32 = 20;
    /// The left shift of operands of 16 bits.
    pub const LEFT_SHIFT_16: u32 = 15;

    /// From the scales of `a`, `b` and the output (tflite-micro 90b983c2, `kernels/add_common.cc`): with
    /// `twice = 2 max(sa, sb)` the factors are `sa / twice`, `sb / twice` and `twice / (2^left_shift so)`, in `f64`.
    ///
    /// # Errors
    /// If a scale is not finite and positive, a factor is not below 1 once rounded, as the reference demands, or
    /// `left_shift` is none of 15 and 20.
    pub fn new(left_shift: u32, scales: [f32; 3], zero_point: i64, bounds: Bounds) -> Result<AddParameters, Error> {
        if ![Self::LEFT_SHIFT_8, Self::LEFT_SHIFT_16].contains(&left_shift) {
            return Err(Error::unknown("left_shift", left_shift, &[Self::LEFT_SHIFT_16, Self::LEFT_SHIFT_8]));
        }
        if let Some(&scale) = scales.iter().find(|s| !(s.is_finite() && **s > 0.0)) {
            return Err(Error::Real { limit: "finite and above 0", got: scale.into() });
        }
        let [a, b, output] = scales.map(f64::from);
        let twice = 2.0 * a.max(b);
        let scaled = (1u64 << left_shift) as f64 * output;
        Ok(AddParameters {
            left_shift,
            a: below_one(a / twice, 0, Bounds::INT32)?,
            b: below_one(b / twice, 0, Bounds::INT32)?,
            output: below_one(twice / scaled, zero_point, bounds)?,
        })
    }

    /// From the three factors themselves, for `a`, `b` and the output, which have one rule.
    ///
    /// # Errors
    /// If `left_shift` is not in `0..=30`, or the rule is not defined for a factor, the zero point or the clamp.
    pub fn from_multipliers(
        rule: Rule,
        left_shift: i64,
        [a, b, output]: [FixedMultiplier; 3],
        zero_point: i64,
        bounds: Bounds,
    ) -> Result<AddParameters, Error> {
        let left_shift = within("left_shift", left_shift, 0..=30)? as u32;
        let operand = |scale| Requantization::new(rule, scale, 0, Bounds::INT32);
        let output = Requantization::new(rule, output, zero_point, bounds)?;
        Ok(AddParameters { left_shift, a: operand(a)?, b: operand(b)?, output })
    }

    /// The left shift of both inputs, less their zero points, before they are brought to the common scale.
    pub const fn left_shift(&self) -> u32 {
        self.left_shift
    }

    /// How each shifted input is brought to the common scale; their sum or difference is what [`output`](Self::output) takes.
    pub const fn inputs(&self) -> [Requantization; 2] {
        [self.a, self.b]
    }

    /// Factor, zero point and bounds of the output.
    pub const fn output(&self) -> Requantization {
        self.output
    }

    /// The terms of the sum for elements of `a` and `b`, less their zero points: both shifted left and brought to the
    /// common scale. Each term depends on its own element alone, so a table can hold the terms of all elements.
    ///
    /// # Errors
    /// If an element leaves the contract of the rule.
    pub fn scaled(&self, [a, b]: [i64; 2]) -> Result<[i32; 2], Error> {
        let scale = |x: i64, r: &Requantization| r.requantize_sum(i128::from(x) << self.left_shift);
        Ok([scale(a, &self.a)?, scale(b, &self.b)?])
    }

    /// Computes an output with three roundings. `sign` is the sign of `b`.
    pub(super) fn apply(&self, a: i64, b: i64, sign: i128) -> Result<i32, Error> {
        let [a, b] = self.scaled([a, b])?;
        self.output.requantize_sum(i128::from(a) + sign * i128::from(b))
    }
}

/// TFLite's `QuantizeMultiplierSmallerThanOneExp`, and its rounding.
fn below_one(real: f64, zero_point: i64, bounds: Bounds) -> Result<Requantization, Error> {
    let scale = quantize_multiplier(real, MultiplierWidth::W32)?;
    if scale.multiplier() == 0 || scale.shift() > 0 {
        return Err(Error::Real { limit: "above 0 and below 1 once rounded to a multiplier", got: real });
    }
    within("shift", scale.shift().into(), -31..=0)?;
    Requantization::new(Rule::TfliteDouble, scale, zero_point, bounds)
}

pub(super) fn difference(x: i32, zero_point: i32) -> i64 {
    i64::from(x) - i64::from(zero_point)
}

/// TFLite's `ADD` of int8, uint8 or int16: `requantize(rescale(a - za) + rescale(b - zb))` (tflite-micro 90b983c2,
/// `reference/add.h`). Shapes are equal, or repeat where a size is 1.
///
/// # Errors
/// If shapes disagree, or an operand leaves the contract of the rule; the error names the element.
pub fn add(a: Operand<'_>, b: Operand<'_>, parameters: &AddParameters) -> Result<Array, Error> {
    zip(a.array, b.array, |x, y| parameters.apply(difference(x, a.zero_point), difference(y, b.zero_point), 1))
}

/// TFLite's `SUB`: [`add`] with the second term, once rounded, subtracted (tflite-micro 90b983c2, `reference/sub.h`).
///
/// # Errors
/// The errors of [`add`].
pub fn sub(a: Operand<'_>, b: Operand<'_>, parameters: &AddParameters) -> Result<Array, Error> {
    zip(a.array, b.array, |x, y| parameters.apply(difference(x, a.zero_point), difference(y, b.zero_point), -1))
}

/// [`add`] or, if `subtract`, [`sub`] of two int8 with their terms in tables: entry `x + 128` is the term of `x`, as
/// [`AddParameters::scaled`] gives it. `output` is [`AddParameters::output`].
///
/// # Errors
/// If shapes disagree, an operand is no int8, or a sum leaves the contract of the rule.
pub fn add_by_tables(
    [a, b]: [&Array; 2],
    terms: [&[i32; 256]; 2],
    output: &Requantization,
    subtract: bool,
) -> Result<Array, Error> {
    let sign = if subtract { -1 } else { 1 };
    let term =
        |x: i32, of: usize| within("operand", x.into(), -128..=127).map(|x| i128::from(terms[of][(x + 128) as usize]));
    zip(a, b, |x, y| output.requantize_sum(term(x, 0)? + sign * term(y, 1)?))
}

/// TFLite's `MUL`: `requantize((a - za) (b - zb))` (tflite-micro 90b983c2, `reference/integer_ops/mul.h`). Shapes are
/// equal, or repeat where a size is 1.
///
/// # Errors
/// If shapes disagree, or a product has no quantized value; the error names the element.
pub fn mul(a: Operand<'_>, b: Operand<'_>, scale: &impl Requantize) -> Result<Array, Error> {
    zip(a.array, b.array, |x, y| {
        let product = i128::from(difference(x, a.zero_point)) * i128::from(difference(y, b.zero_point));
        scale.requantize_sum(product)
    })
}

/// TFLite's `PRELU` of int8: `above` of `x - zx`, or where it is negative `below` of `(x - zx) (alpha - za)` (tflite-micro
/// 90b983c2, `reference/prelu.h`). Shapes are equal, or repeat where a size is 1.
///
/// # Errors
/// If shapes disagree, or a product has no quantized value; the error names the element.
pub fn prelu(
    x: Operand<'_>,
    alpha: Operand<'_>,
    above: &impl Requantize,
    below: &impl Requantize,
) -> Result<Array, Error> {
    zip(x.array, alpha.array, |q, a| match difference(q, x.zero_point) {
        d if d >= 0 => above.requantize_sum(d.into()),
        d => below.requantize_sum(i128::from(d) * i128::from(difference(a, alpha.zero_point))),
    })
}

/// TFLite's `MAXIMUM` or `MINIMUM`, of integers of one scale and zero point (tflite-micro 90b983c2,
/// `reference/maximum_minimum.h`). Shapes are equal, or repeat where a size is 1.
///
/// # Errors
/// If shapes disagree.
pub fn extremum(a: &Array, b: &Array, greatest: bool) -> Result<Array, Error> {
    zip(a, b, |x, y| Ok(if greatest { x.max(y) } else { x.min(y) }))
}

/// A function of one activation by a table: `y = table[x - least]`, as TFLM and TFLite compute LOGISTIC and TANH of int8
/// (tflite-micro 90b983c2, `kernels/internal/common.h`, `LUTLookup`).
///
/// # Errors
/// If an `x` has no entry; the error names its place.
pub fn lookup(x: &Array, least: i32, table: &[i32]) -> Result<Array, Error> {
    let (least, greatest) = (i64::from(least), i64::from(least) + table.len() as i64 - 1);
    let entry = |&x: &i32| within("x", x.into(), least..=greatest).map(|x| table[(x - least) as usize]);
    let entry = |(flat, value)| entry(value).map_err(|error| at(x.shape(), flat, error));
    Array::new("y", x.shape().to_vec(), x.data().iter().enumerate().map(entry).collect::<Result<_, _>>()?)
}
