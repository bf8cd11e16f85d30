//! XNNPACK's own sum: multipliers of 21 bits, and one rounding.

use super::broadcast::zip;
use super::{Array, Operand};
use crate::numerics::round::up;
use crate::{Bounds, Error};

/// Factors of both operands, over a common power of two (XNNPACK 75db3c09, `qs8-vadd` and `qs8-vsub`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct XnnpackAdd {
    a: i64,
    b: i64,
    shift: u32,
    zero_point: i32,
    bounds: Bounds,
}

impl XnnpackAdd {
    /// With the ratios `ra = sa / so` and `rb = sb / so` in `f32`: `shift = 20 - floor(log2(max(ra, rb)))`, and the
    /// factors `rne(r 2^shift)`, at most 2^21. A difference negates the factor of `b`.
    ///
    /// # Errors
    /// If a ratio is outside `2^-10..2^8`, where XNNPACK has no such sum.
    pub fn new(scales: [f32; 3], subtract: bool, zero_point: i32, bounds: Bounds) -> Result<XnnpackAdd, Error> {
        let [a, b, output] = scales;
        let ratios = [a / output, b / output];
        if let Some(&ratio) = ratios.iter().find(|r| !(1.0 / 1024.0..256.0).contains(*r)) {
            return Err(Error::Real { limit: "a ratio of scales in 2^-10..2^8", got: ratio.into() });
        }
        // The exponent field of a normal number: floor(log2).
        let exponent = (ratios[0].max(ratios[1]).to_bits() >> 23) as i32 - 127;
        // In 13..=30.
        let shift = (20 - exponent).unsigned_abs();
        // Exact, as it multiplies by a power of two.
        let factor = |ratio: f32| (ratio * (1u32 << shift) as f32).round_ties_even() as i64;
        let b = factor(ratios[1]);
        let b = if subtract { -b } else { b };
        Ok(XnnpackAdd { a: factor(ratios[0]), b, shift, zero_point, bounds })
    }
}

/// `up((a - za) ma + (b - zb) mb, shift) + zo`, clamped. Shapes are equal, or repeat where a size is 1.
///
/// # Errors
/// If shapes disagree.
pub fn xnnpack_add(a: Operand<'_>, b: Operand<'_>, parameters: &XnnpackAdd) -> Result<Array, Error> {
    let term = |x: i32, z: i32, m: i64| (i128::from(x) - i128::from(z)) * i128::from(m);
    let (min, max) = (parameters.bounds.min().into(), parameters.bounds.max().into());
    zip(a.array, b.array, |x, y| {
        let sum = term(x, a.zero_point, parameters.a) + term(y, b.zero_point, parameters.b);
        let y = up(sum, parameters.shift) + i128::from(parameters.zero_point);
        // Bounds of an output are i32.
        Ok(y.clamp(min, max) as i32)
    })
}
