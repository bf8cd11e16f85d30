//! ONNX Runtime's sum and product of two activations, in floats.

use super::Array;
use super::broadcast::{padded, zip};
use crate::{Bounds, Error};

/// Which operand is one element along the innermost dimension. It decides which of three kernels computes a sum, and they
/// associate differently.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Innermost {
    /// neither: elements meet in pairs
    Pairs,
    /// the first operand
    OneOfA,
    /// the second operand
    OneOfB,
}

impl Innermost {
    /// By the shapes of both operands as the model has them. Dimensions that have size 1 in both are skipped.
    pub fn of(a: &[usize], b: &[usize]) -> Innermost {
        let rank = a.len().max(b.len());
        match padded(a, rank).into_iter().zip(padded(b, rank)).rfind(|&sizes| sizes != (1, 1)) {
            Some((1, _)) => Innermost::OneOfA,
            Some((_, 1)) => Innermost::OneOfB,
            _ => Innermost::Pairs,
        }
    }
}

/// Factors, constant and clamp of ONNX Runtime's `QLinearAdd`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct OrtAdd {
    factors: [f32; 2],
    constant: f32,
    innermost: Innermost,
    bounds: Bounds,
    /// how much less than ONNX Runtime's integers are operands and output
    less: i32,
}

impl OrtAdd {
    /// From the scales and zero points of `a`, `b` and the output: the factors are `ra = sa / so` and `rb = sb / so`, and
    /// the constant is `zo - fma(ra, za, rb zb)`.
    ///
    /// # Errors
    /// If a factor is not a finite number above 0.
    pub fn new(scales: [f32; 3], zero_points: [i32; 3], innermost: Innermost, bounds: Bounds) -> Result<OrtAdd, Error> {
        let ([a, b, output], [za, zb, zo]) = (scales, zero_points.map(|z| z as f32));
        let factors = [positive(a / output)?, positive(b / output)?];
        let constant = zo - factors[0].mul_add(za, factors[1] * zb);
        Ok(OrtAdd { factors, constant, innermost, bounds, less: 0 })
    }

    /// The same sum for operands that are this much less, and its output that much less. The floats in between are the same,
    /// which they would not be for zero points that are less.
    pub fn of_less(self, less: i32) -> OrtAdd {
        OrtAdd { less: self.less + less, ..self }
    }

    /// The output for two elements.
    pub fn apply(&self, a: i32, b: i32) -> i32 {
        let ([ra, rb], [a, b], k) = (self.factors, [a, b].map(|x| (x + self.less) as f32), self.constant);
        let sum = match self.innermost {
            Innermost::Pairs => a.mul_add(ra, b.mul_add(rb, k)),
            Innermost::OneOfB => a.mul_add(ra, k + b * rb),
            Innermost::OneOfA => b.mul_add(rb, k + a * ra),
        };
        clamped(sum, self.bounds) - self.less
    }
}

/// ONNX Runtime's `QLinearAdd` (ONNX Runtime 1.32.0, mlas `qladd.cpp`): `rne(fma(a, ra, fma(b, rb, k)))`, clamped, where
/// `a` and `b` still have their zero points. Where one operand is a single element along the innermost dimension, its
/// term is rounded by itself: `rne(fma(a, ra, k + b rb))`.
///
/// # Errors
/// If shapes disagree.
pub fn ort_add(a: &Array, b: &Array, parameters: &OrtAdd) -> Result<Array, Error> {
    zip(a, b, |x, y| Ok(parameters.apply(x, y)))
}

/// Factor, zero points and clamp of ONNX Runtime's `QLinearMul`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct OrtMul {
    factor: f32,
    zero_points: [i32; 3],
    bounds: Bounds,
}

impl OrtMul {
    /// From the scales and zero points of `a`, `b` and the output: the factor is `sa sb / so`.
    ///
    /// # Errors
    /// If the factor is not a finite number above 0.
    pub fn new([a, b, output]: [f32; 3], zero_points: [i32; 3], bounds: Bounds) -> Result<OrtMul, Error> {
        Ok(OrtMul { factor: positive(a * b / output)?, zero_points, bounds })
    }

    /// The output for two elements.
    pub fn apply(&self, a: i32, b: i32) -> i32 {
        let [za, zb, zo] = self.zero_points;
        let product = ((a - za) * (b - zb)) as f32;
        clamped(product * self.factor + zo as f32, self.bounds)
    }
}

/// ONNX Runtime's `QLinearMul` (ONNX Runtime 1.32.0, mlas `qlmul.cpp`): `rne((a - za) (b - zb) s + zo)`, clamped. Each
/// operation is rounded to a float, and the zero point is added before the last rounding.
///
/// # Errors
/// If shapes disagree.
pub fn ort_mul(a: &Array, b: &Array, parameters: &OrtMul) -> Result<Array, Error> {
    zip(a, b, |x, y| Ok(parameters.apply(x, y)))
}

/// `rne(x)`, clamped. A number that is none becomes a 0 before the clamp.
pub(super) fn clamped(x: f32, bounds: Bounds) -> i32 {
    // The cast saturates, and bounds of an output are i32.
    (x.round_ties_even() as i64).clamp(bounds.min(), bounds.max()) as i32
}

pub(super) fn positive(factor: f32) -> Result<f32, Error> {
    let fine = factor.is_finite() && factor > 0.0;
    fine.then_some(factor).ok_or(Error::Real { limit: "a factor that is finite and above 0", got: factor.into() })
}
