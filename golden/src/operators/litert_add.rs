//! LiteRT's own sum on x86: vector kernels that round each operand once.

use super::broadcast::zip_at;
use super::elementwise::{AddParameters, difference};
use super::groups::{Walk, in_whole_group, walk};
use super::{Array, Operand};
use crate::numerics::round::{away, floor, up};
use crate::{Error, FixedMultiplier, Requantization};

/// Elements that the kernel for pairs of elements takes at once.
const PAIRS: usize = 16;
/// Elements that the kernel for one element with many takes at once.
const MANY: usize = 8;

/// `ADD` of int8 of LiteRT's own kernels on x86 (LiteRT f6745779, `optimized/integer_ops/add.h`). The shapes decide
/// which elements go through which of two vector kernels. All other elements are computed as by [`add`](super::add).
///
/// - Operands whose elements meet in pairs, in whole groups of 16 of a run, are rounded to
///   `up(floor((x - z) 2^(20 + s)) m, 31)`, where the shift `s` of the operand is taken before the product.
/// - One element and a run of the other operand, in whole groups of 8, are rounded to
///   `floor(up((x - z) 2^20 m, 31) / 2^-s)`.
///
/// In both kernels the sum becomes `away(up(sum m, 31), -s)`. This number and its sum with the zero point keep only
/// their low 16 bits before the clamp.
///
/// # Errors
/// The errors of [`add`](super::add).
pub fn litert_add(a: Operand<'_>, b: Operand<'_>, parameters: &AddParameters) -> Result<Array, Error> {
    let walk = walk(a.array.shape(), b.array.shape());
    zip_at(a.array, b.array, |flat, x, y| {
        let (x, y) = (difference(x, a.zero_point), difference(y, b.zero_point));
        let operand = match walk {
            Walk::Pairs { run } if in_whole_group(flat % run, run, PAIRS) => shifted_first,
            Walk::OneWithMany { run } if in_whole_group(flat % run, run, MANY) => shifted_last,
            _ => return parameters.apply(x, y, 1),
        };
        let [sa, sb] = [parameters.a.factor(), parameters.b.factor()];
        let left_shift = parameters.left_shift;
        Ok(narrow_output(operand(x, left_shift, sa) + operand(y, left_shift, sb), &parameters.output))
    })
}

/// `up(floor((x - z) 2^(left + s)) m, 31)`: no bit is lost where `left + s` is at least 0.
fn shifted_first(x: i64, left_shift: u32, factor: FixedMultiplier) -> i128 {
    up(floor(i128::from(x) << left_shift, factor.right()) * i128::from(factor.multiplier()), 31)
}

/// `floor(up((x - z) 2^left m, 31) / 2^-s)`
fn shifted_last(x: i64, left_shift: u32, factor: FixedMultiplier) -> i128 {
    floor(up((i128::from(x) << left_shift) * i128::from(factor.multiplier()), 31), factor.right())
}

/// The clamped output of a sum, 16 bits wide on the way.
fn narrow_output(sum: i128, output: &Requantization) -> i32 {
    let (factor, bounds) = (output.factor(), output.output());
    let steps = away(up(sum * i128::from(factor.multiplier()), 31), factor.right());
    // The casts keep the low 16 bits, as the instructions do.
    let y = (steps as i16).wrapping_add(output.zero_point() as i16);
    // Bounds of an output are i32.
    i64::from(y).clamp(bounds.min(), bounds.max()) as i32
}
