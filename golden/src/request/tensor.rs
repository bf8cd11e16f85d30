//! Integers of a shape in a request, and how many of them an answer may have.

use std::fmt;
use std::marker::PhantomData;

use serde::Deserialize;
use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::{Value, json};

use crate::gemm::Matrix;
use crate::numerics::types::within;
use crate::operators::{Array, Axis, Window};
use crate::{Bounds, Error};

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

/// Greatest number of sizes.
const MAX_RANK: usize = 16;

/// The sizes of an activation.
pub(super) const IMAGE: &str = "[batch, height, width, channels]";

impl Tensor {
    pub(super) fn matrix(&self, what: &'static str) -> Result<Matrix, Error> {
        match self.shape[..] {
            [rows, cols] => Matrix::new(what, rows, cols, self.data.clone()),
            _ => Err(Error::Shape { what, got: self.shape.clone(), expected: "two sizes".to_owned() }),
        }
    }

    pub(super) fn array(&self, what: &'static str) -> Result<Array, Error> {
        if self.shape.len() > MAX_RANK {
            let (got, expected) = (self.shape.clone(), format!("at most {MAX_RANK} sizes"));
            return Err(Error::Shape { what, got, expected });
        }
        Array::new(what, self.shape.clone(), self.data.clone())
    }

    /// The array and its four sizes. `names` names the sizes in the error.
    pub(super) fn image(&self, what: &'static str, names: &str) -> Result<(Array, [usize; 4]), Error> {
        let error = |_| Error::Shape { what, got: self.shape.clone(), expected: names.to_owned() };
        let sizes = <[usize; 4]>::try_from(&self.shape[..]).map_err(error)?;
        Ok((self.array(what)?, sizes))
    }
}

/// Zero point and bounds of an output.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Output {
    /// added to the scaled value
    #[serde(default)]
    pub zero_point: i64,
    /// least result
    pub min: i64,
    /// greatest result
    pub max: i64,
}

/// The bounds of a result, which must be `i32`.
pub(super) fn bounds(min: i64, max: i64) -> Result<Bounds, Error> {
    for (what, end) in [("min", min), ("max", max)] {
        within(what, end, Bounds::INT32.min()..=Bounds::INT32.max())?;
    }
    Bounds::new(min, max)
}

/// The window of a request.
pub(super) fn window(stride: [usize; 2], dilation: [usize; 2], padding: [usize; 4]) -> Window {
    let [top, bottom, left, right] = padding;
    let axis = |i: usize, before, after| Axis { stride: stride[i], dilation: dilation[i], before, after };
    Window { rows: axis(0, top, bottom), cols: axis(1, left, right) }
}

/// Height and width of the output of a window over an image.
///
/// # Errors
/// If the window does not fit, or moves out of limits.
pub(super) fn moved(window: &Window, image: [usize; 2], filter: [usize; 2]) -> Result<[usize; 2], Error> {
    Ok([window.rows.outputs(image[0], filter[0])?, window.cols.outputs(image[1], filter[1])?])
}

/// An answer that is an array.
pub(super) fn shaped(y: &Array) -> Value {
    json!({"shape": y.shape(), "data": y.data()})
}

/// The values of `stride` and `dilation` where they are left out.
pub(super) const fn ones() -> [usize; 2] {
    [1, 1]
}

/// Greatest number of elements of an answer. Without a limit, a line of a few kilobytes could ask for any number.
pub const MAX_ELEMENTS: usize = 1 << 24;

/// Greatest number of terms that are summed or compared for an answer, terms in the padding included. They take about a
/// minute.
pub const MAX_TERMS: usize = 1 << 32;

/// Checks the size of an answer: its shape, and the sizes whose product is the number of terms of an element.
///
/// # Errors
/// If there are more than [`MAX_ELEMENTS`] elements or [`MAX_TERMS`] terms.
pub(super) fn check_size(shape: &[usize], terms: &[usize]) -> Result<(), Error> {
    let product = |of: &[usize], first: usize| of.iter().try_fold(first, |n, &size| n.checked_mul(size));
    let elements = product(shape, 1).filter(|&n| n <= MAX_ELEMENTS).ok_or_else(|| {
        let expected = format!("at most {MAX_ELEMENTS} elements");
        Error::Shape { what: "output", got: shape.to_vec(), expected }
    })?;
    let total = product(terms, elements).unwrap_or(usize::MAX);
    within("terms to sum", i64::try_from(total).unwrap_or(i64::MAX), 0..=MAX_TERMS as i64).map(drop)
}

/// Reads a struct from an object only. serde would also take an array of its values.
pub(super) fn object<'de, D: Deserializer<'de>, T: Deserialize<'de>>(deserializer: D) -> Result<T, D::Error> {
    struct Object<T>(PhantomData<T>);
    impl<'de, T: Deserialize<'de>> Visitor<'de> for Object<T> {
        type Value = T;
        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("an object")
        }
        fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<T, A::Error> {
            T::deserialize(MapAccessDeserializer::new(map))
        }
    }
    deserializer.deserialize_map(Object(PhantomData))
}
