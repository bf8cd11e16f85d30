//! Quantized matrix products: the general one, and TFLite's fully connected layer.

mod fast;

pub use fast::gemm_fast;
pub(crate) use fast::requantized_products;

use crate::Error;
use crate::numerics::requantizer::Requantize;

/// A matrix of integers, row by row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Matrix {
    rows: usize,
    cols: usize,
    data: Vec<i32>,
}

impl Matrix {
    /// `rows x cols` elements.
    ///
    /// # Errors
    /// If `data` has another number of elements, or there are none.
    pub fn new(what: &'static str, rows: usize, cols: usize, data: Vec<i32>) -> Result<Matrix, Error> {
        if rows.checked_mul(cols) != Some(data.len()) || data.is_empty() {
            let expected = format!("that of its {} elements, at least one", data.len());
            return Err(Error::Shape { what, got: vec![rows, cols], expected });
        }
        Ok(Matrix { rows, cols, data })
    }

    /// Number of rows.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// Number of columns.
    pub fn cols(&self) -> usize {
        self.cols
    }

    /// Element in row `r` and column `c`.
    ///
    /// # Panics
    /// If there is no such element.
    pub fn at(&self, r: usize, c: usize) -> i32 {
        self.data[r * self.cols..][..self.cols][c]
    }

    /// All elements, row by row.
    pub fn data(&self) -> &[i32] {
        &self.data
    }

    /// Columns as rows.
    pub fn transposed(&self) -> Matrix {
        let mut data = Vec::with_capacity(self.data.len());
        for c in 0..self.cols {
            data.extend(self.data.iter().skip(c).step_by(self.cols));
        }
        Matrix { rows: self.cols, cols: self.rows, data }
    }
}

/// An operand with the zero point that is subtracted from its elements.
#[derive(Debug, Clone, Copy)]
pub struct Operand<'a> {
    /// elements
    pub matrix: &'a Matrix,
    /// zero point
    pub zero_point: i32,
}

/// `C[m][n] = requantize(bias[n] + sum_k (A[m][k] - za)(B[k][n] - zb))`; there is one requantization for all columns,
/// or one for each.
///
/// # Errors
/// If shapes disagree, or a sum leaves the accumulator of the rule; the error names the element.
pub fn gemm(
    a: Operand<'_>,
    b: Operand<'_>,
    bias: &[i32],
    requantizations: &[impl Requantize],
) -> Result<Matrix, Error> {
    let [rows, terms, cols] = check_shapes(a.matrix, b.matrix, bias, requantizations)?;
    let mut data = Vec::new();
    for row in 0..rows {
        for col in 0..cols {
            // The sum is exact: a term has 66 bits, and an i128 holds 2^61 of them.
            let mut acc = i128::from(bias[col]);
            for k in 0..terms {
                let x = i128::from(a.matrix.at(row, k)) - i128::from(a.zero_point);
                let w = i128::from(b.matrix.at(k, col)) - i128::from(b.zero_point);
                acc += x * w;
            }
            let scale = &requantizations[if requantizations.len() == 1 { 0 } else { col }];
            let element = |source| Error::Element { row, col, source: Box::new(source) };
            data.push(scale.requantize_sum(acc).map_err(element)?);
        }
    }
    Ok(Matrix { rows, cols, data })
}

/// M, K and N, if the shapes go together.
fn check_shapes<S>(a: &Matrix, b: &Matrix, bias: &[i32], requantizations: &[S]) -> Result<[usize; 3], Error> {
    let (rows, terms, cols) = (a.rows, a.cols, b.cols);
    let shape = |what, got: Vec<usize>, expected: String| Err(Error::Shape { what, got, expected });
    if b.rows != terms {
        return shape("b", vec![b.rows, cols], format!("[{terms}, n], as a is [{rows}, {terms}]"));
    }
    if bias.len() != cols {
        return shape("bias", vec![bias.len()], format!("[{cols}]"));
    }
    if requantizations.len() != 1 && requantizations.len() != cols {
        return shape("multiplier", vec![requantizations.len()], format!("[1] or [{cols}]"));
    }
    Ok([rows, terms, cols])
}

/// TFLite's `FULLY_CONNECTED`: `input` is batch x K, `weights` N x K.
///
/// # Errors
/// The errors of [`gemm`].
pub fn fully_connected(
    input: Operand<'_>,
    weights: Operand<'_>,
    bias: &[i32],
    requantizations: &[impl Requantize],
) -> Result<Matrix, Error> {
    let (k, shape) = (input.matrix.cols, [weights.matrix.rows, weights.matrix.cols]);
    if shape[1] != k {
        return Err(Error::Shape { what: "weights", got: shape.to_vec(), expected: format!("[n, {k}], as the input") });
    }
    let b = weights.matrix.transposed();
    gemm(input, Operand { matrix: &b, zero_point: weights.zero_point }, bias, requantizations)
}
