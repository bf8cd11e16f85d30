//! The same products, faster: 16-bit operands and 32-bit sums, which compilers turn into vector instructions.

use multiversion::multiversion;

use super::{Matrix, Operand, check_shapes, gemm};
use crate::Error;
use crate::numerics::requantizer::Requantize;

/// The same results and errors as [`gemm`].
///
/// It is fast if operands without their zero points fit 16 bits, no sum of K products leaves 32 bits, and the rule is
/// one addition and one shift. Otherwise it calls [`gemm`].
///
/// # Errors
/// The errors of [`gemm`].
pub fn gemm_fast(
    a: Operand<'_>,
    b: Operand<'_>,
    bias: &[i32],
    requantizations: &[impl Requantize],
) -> Result<Matrix, Error> {
    check_shapes(a.matrix, b.matrix, bias, requantizations)?;
    let columns = b.matrix.transposed();
    // The obvious loop reports the element that has no value, and why.
    requantized_products(a, Operand { matrix: &columns, ..b }, bias, requantizations)
        .map_or_else(|| gemm(a, b, bias, requantizations), Ok)
}

/// `C[m][n] = requantize(bias[n] + sum_k (X[m][k] - zx)(W[n][k] - zw))`. `None` if there is no fast way, or an element
/// has no value. Shapes must go together.
pub(crate) fn requantized_products(
    x: Operand<'_>,
    w: Operand<'_>,
    bias: &[i32],
    requantizations: &[impl Requantize],
) -> Option<Matrix> {
    let (rows, terms, cols) = (x.matrix.rows, x.matrix.cols, w.matrix.rows);
    let (x, x_greatest) = centred(x)?;
    let (w, w_greatest) = centred(w)?;
    if x_greatest * w_greatest * terms as i64 > i64::from(i32::MAX) {
        return None;
    }
    let channel = |c: usize| requantizations[if requantizations.len() == 1 { 0 } else { c }].add_and_shift();
    let channels = (0..cols).map(channel).collect::<Option<Vec<_>>>()?;
    let mut data = Vec::with_capacity(rows * cols);
    let mut defined = true;
    for sums in products(&x, &w, terms).chunks_exact(cols) {
        data.extend(sums.iter().zip(bias).zip(&channels).map(|((&sum, &bias), channel)| {
            let acc = i64::from(sum) + i64::from(bias);
            defined &= channel.takes(acc);
            channel.requantize(acc)
        }));
    }
    defined.then_some(Matrix { rows, cols, data })
}

/// Elements without the zero point, if they fit 16 bits, and the greatest magnitude among them.
fn centred(Operand { matrix, zero_point }: Operand<'_>) -> Option<(Vec<i16>, i64)> {
    let ends = [matrix.data.iter().min()?, matrix.data.iter().max()?].map(|&v| i64::from(v) - i64::from(zero_point));
    i16::try_from(ends[0]).and(i16::try_from(ends[1])).ok()?;
    // The elements fit, and so do their low halves and their difference.
    let data = matrix.data.iter().map(|&v| v.wrapping_sub(zero_point) as i16).collect();
    Some((data, ends[0].abs().max(ends[1].abs())))
}

/// Number of rows of W whose sums are built together, so that one loaded element of X serves several sums.
const COLS: usize = 4;

/// All sums of products, row by row. `x` and `w` hold rows of `terms` elements.
#[multiversion(targets("x86_64+avx2", "x86_64+avx512f+avx512bw"))]
fn products(x: &[i16], w: &[i16], terms: usize) -> Vec<i32> {
    let cols = w.len() / terms;
    let mut sums = Vec::with_capacity(x.len() / terms * cols);
    for x in x.chunks_exact(terms) {
        let tiles = w.chunks_exact(COLS * terms);
        let rest = tiles.remainder();
        for w in tiles {
            sums.extend(dots(x, std::array::from_fn::<_, COLS, _>(|c| &w[c * terms..][..terms])));
        }
        for w in rest.chunks_exact(terms) {
            sums.extend(dots(x, [w]));
        }
    }
    sums
}

/// Sums of the products of `x` with each of `w`. The compiler turns this form into multiply-and-add of vectors. No sum wraps,
/// because [`requantized_products`] has compared the greatest one with 32 bits.
#[inline(always)]
fn dots<const N: usize>(x: &[i16], w: [&[i16]; N]) -> [i32; N] {
    let w = w.map(|w| &w[..x.len()]);
    let mut sums = [0_i32; N];
    for t in 0..x.len() {
        for c in 0..N {
            sums[c] = sums[c].wrapping_add(i32::from(x[t]).wrapping_mul(i32::from(w[c][t])));
        }
    }
    sums
}
