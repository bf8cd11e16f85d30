//! Two operands of one shape, or of shapes that repeat into one.

use super::Array;
use super::array::at;
use crate::Error;

/// `f(a, b)` of all pairs of elements. Sizes are aligned at the last one. If two sizes differ, one of them is 1, and
/// its element repeats.
///
/// # Errors
/// If the shapes do not go together; or the first error of `f`, with the place of the element.
pub(super) fn zip(a: &Array, b: &Array, f: impl Fn(i32, i32) -> Result<i32, Error>) -> Result<Array, Error> {
    zip_at(a, b, |_, x, y| f(x, y))
}

/// The same as [`zip`]. `f` also gets the place of the element in the flat result.
pub(super) fn zip_at(a: &Array, b: &Array, f: impl Fn(usize, i32, i32) -> Result<i32, Error>) -> Result<Array, Error> {
    let shape = common_shape(a.shape(), b.shape()).ok_or_else(|| {
        let expected = format!("{:?}, or sizes of 1", a.shape());
        Error::Shape { what: "b", got: b.shape().to_vec(), expected }
    })?;
    let elements = shape.iter().try_fold(1usize, |n, &size| n.checked_mul(size)).unwrap_or(usize::MAX);
    let mut data = Vec::new();
    for flat in 0..elements {
        let (x, y) = (a.data()[source(&shape, a.shape(), flat)], b.data()[source(&shape, b.shape(), flat)]);
        data.push(f(flat, x, y).map_err(|source| at(&shape, flat, source))?);
    }
    Array::new("output", shape, data)
}

/// The shape that both repeat into, if there is one.
pub(crate) fn common_shape(a: &[usize], b: &[usize]) -> Option<Vec<usize>> {
    let rank = a.len().max(b.len());
    let size = |(x, y): (usize, usize)| match (x, y) {
        (1, n) | (n, 1) => Some(n),
        (x, y) => (x == y).then_some(x),
    };
    padded(a, rank).into_iter().zip(padded(b, rank)).map(size).collect()
}

/// The shape with sizes of 1 before it, `rank` in all.
pub(super) fn padded(shape: &[usize], rank: usize) -> Vec<usize> {
    [vec![1; rank - shape.len()], shape.to_vec()].concat()
}

/// The element of an operand that belongs to element `flat` of the result.
pub(super) fn source(shape: &[usize], operand: &[usize], flat: usize) -> usize {
    let (mut rest, mut place, mut stride) = (flat, 0, 1);
    for (axis, &size) in shape.iter().rev().enumerate() {
        let index = rest % size;
        rest /= size;
        if let Some(&own) = operand.iter().rev().nth(axis) {
            place += if own == 1 { 0 } else { index * stride };
            stride *= own;
        }
    }
    place
}
