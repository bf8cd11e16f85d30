//! A matrix of finite float32.

use crate::Error;

/// A matrix of finite float32, row by row.
///
/// Weights have a row for each output channel: `[n, k]` of a fully connected layer, and `OHWI` weights of a
/// convolution as `[O, H * W * I]`. Depthwise weights, `1HWC`, are `[H * W, C]`
/// [`transposed`](FloatMatrix::transposed).
#[derive(Debug, Clone, PartialEq)]
pub struct FloatMatrix {
    rows: usize,
    cols: usize,
    data: Vec<f32>,
}

impl FloatMatrix {
    /// `rows x cols` elements.
    ///
    /// # Errors
    /// If `data` has another number of elements, there are none, or one is not finite.
    pub fn new(what: &'static str, rows: usize, cols: usize, data: Vec<f32>) -> Result<FloatMatrix, Error> {
        if rows.checked_mul(cols) != Some(data.len()) || data.is_empty() {
            let expected = format!("that of its {} elements, at least one", data.len());
            return Err(Error::Shape { what, got: vec![rows, cols], expected });
        }
        all_finite(what, &data)?;
        Ok(FloatMatrix { rows, cols, data })
    }

    /// Number of rows.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// Number of columns.
    pub fn cols(&self) -> usize {
        self.cols
    }

    /// The elements of row `r`.
    ///
    /// # Panics
    /// If there is no such row.
    pub fn row(&self, r: usize) -> &[f32] {
        &self.data[r * self.cols..][..self.cols]
    }

    /// All elements, row by row.
    pub fn data(&self) -> &[f32] {
        &self.data
    }

    /// Columns as rows.
    #[must_use]
    pub fn transposed(&self) -> FloatMatrix {
        let data = (0..self.cols).flat_map(|c| (0..self.rows).map(move |r| self.row(r)[c])).collect();
        FloatMatrix { rows: self.cols, cols: self.rows, data }
    }
}

/// Checks that every element is finite.
///
/// # Errors
/// The first element that is not finite, by its index.
pub(super) fn all_finite(what: &'static str, values: &[f32]) -> Result<(), Error> {
    match values.iter().position(|v| !v.is_finite()) {
        Some(index) => Err(Error::Value { what, index, limit: "finite", got: values[index].into() }),
        None => Ok(()),
    }
}

/// Checks that `values` has `expected` elements.
///
/// # Errors
/// If it has another number.
pub(super) fn same_length(what: &'static str, values: &[f32], expected: usize) -> Result<(), Error> {
    if values.len() == expected {
        return Ok(());
    }
    Err(Error::Shape { what, got: vec![values.len()], expected: format!("[{expected}]") })
}
