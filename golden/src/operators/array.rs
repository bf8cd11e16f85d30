//! Arrays of any number of dimensions.

use crate::Error;

/// A row-major array of integers, or of `f32` before and after quantization.
#[derive(Debug, Clone, PartialEq)]
pub struct Array<T = i32> {
    shape: Vec<usize>,
    data: Vec<T>,
}

impl<T> Array<T> {
    /// Elements of the given sizes, slowest first.
    ///
    /// # Errors
    /// If `data` has another number of elements, or there are none.
    pub fn new(what: &'static str, shape: Vec<usize>, data: Vec<T>) -> Result<Array<T>, Error> {
        let elements = shape.iter().try_fold(1usize, |n, &size| n.checked_mul(size));
        if elements != Some(data.len()) || data.is_empty() {
            let expected = format!("that of its {} elements, at least one", data.len());
            return Err(Error::Shape { what, got: shape, expected });
        }
        Ok(Array { shape, data })
    }

    /// Sizes, slowest first.
    pub fn shape(&self) -> &[usize] {
        &self.shape
    }

    /// All elements.
    pub fn data(&self) -> &[T] {
        &self.data
    }

    /// The four sizes of an activation or of weights.
    ///
    /// # Errors
    /// If the number of sizes is not four.
    pub(crate) fn sizes(&self, what: &'static str, names: &str) -> Result<[usize; 4], Error> {
        let error = |_| Error::Shape { what, got: self.shape.clone(), expected: names.to_owned() };
        <[usize; 4]>::try_from(&self.shape[..]).map_err(error)
    }

    /// Applies `f` to each element.
    ///
    /// # Errors
    /// The first error of `f`, with the place of the element.
    pub(crate) fn try_map<U>(&self, mut f: impl FnMut(&T) -> Result<U, Error>) -> Result<Array<U>, Error> {
        self.try_map_at(|_, x| f(x))
    }

    /// The same as [`try_map`](Array::try_map). `f` also gets the place of the element in the flat array.
    pub(crate) fn try_map_at<U>(&self, mut f: impl FnMut(usize, &T) -> Result<U, Error>) -> Result<Array<U>, Error> {
        let element = |(i, x)| f(i, x).map_err(|source| at(&self.shape, i, source));
        let data = self.data.iter().enumerate().map(element).collect::<Result<_, _>>()?;
        Ok(Array { shape: self.shape.clone(), data })
    }
}

/// The error `source` of element `flat` of an array of this shape, with the place of this element.
pub(super) fn at(shape: &[usize], flat: usize, source: Error) -> Error {
    let mut rest = flat;
    let mut index: Vec<usize> = shape.iter().rev().map(|&size| (rest % size, rest /= size).0).collect();
    index.reverse();
    Error::At { index, source: Box::new(source) }
}

/// An operand with the zero point that is subtracted from its elements.
#[derive(Debug, Clone, Copy)]
pub struct Operand<'a> {
    /// elements
    pub array: &'a Array,
    /// zero point
    pub zero_point: i32,
}

/// `sum (x - zx) (w - zw)`; exact: a term has 66 bits, and an `i128` holds 2^61 of them.
pub(super) fn dot(xs: &[i32], zx: i32, ws: &[i32], zw: i32) -> i128 {
    let term =
        |(&x, &w): (&i32, &i32)| i128::from(i64::from(x) - i64::from(zx)) * i128::from(i64::from(w) - i64::from(zw));
    xs.iter().zip(ws).map(term).sum()
}

/// The requantization of a channel: there is one for all channels, or one for each.
pub(super) fn channel<R>(requantizations: &[R], c: usize) -> &R {
    &requantizations[if requantizations.len() == 1 { 0 } else { c }]
}

/// Checks that bias and requantizations fit the number of output channels.
pub(super) fn check_channels<R>(channels: usize, bias: &[i32], requantizations: &[R]) -> Result<(), Error> {
    if bias.len() != channels {
        return Err(Error::Shape { what: "bias", got: vec![bias.len()], expected: format!("[{channels}]") });
    }
    if requantizations.len() != 1 && requantizations.len() != channels {
        let expected = format!("[1] or [{channels}]");
        return Err(Error::Shape { what: "multiplier", got: vec![requantizations.len()], expected });
    }
    Ok(())
}
