//! Pooling in a request.

use serde::Deserialize;
use serde_json::Value;

use super::tensor::{IMAGE, Tensor, bounds, check_size, moved, object, ones, shaped, window};
use crate::operators::{Array, Window, average_pool, max_pool};
use crate::{Bounds, Error};

/// A pool and its input.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PoolRequest {
    /// `[batch, height, width, channels]`; its zero point is also the zero point of the output, and does not matter
    #[serde(deserialize_with = "object")]
    pub input: Tensor,
    /// height and width
    pub filter: [usize; 2],
    /// strides over height and width
    #[serde(default = "ones")]
    pub stride: [usize; 2],
    /// top, bottom, left, right
    #[serde(default)]
    pub padding: [usize; 4],
    /// clamp
    #[serde(deserialize_with = "object")]
    pub output: Clamp,
}

/// The bounds of a result.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Clamp {
    /// least result
    pub min: i64,
    /// greatest result
    pub max: i64,
}

impl PoolRequest {
    pub(super) fn average_pool(&self) -> Result<Value, Error> {
        self.answer(average_pool)
    }

    pub(super) fn max_pool(&self) -> Result<Value, Error> {
        self.answer(max_pool)
    }

    fn answer(
        &self,
        pool: impl Fn(&Array, [usize; 2], &Window, Bounds) -> Result<Array, Error>,
    ) -> Result<Value, Error> {
        let (input, [batch, height, width, channels]) = self.input.image("input", IMAGE)?;
        if self.filter.contains(&0) {
            let expected = "at least [1, 1]".to_owned();
            return Err(Error::Shape { what: "filter", got: self.filter.to_vec(), expected });
        }
        let window = window(self.stride, ones(), self.padding);
        let [rows, cols] = moved(&window, [height, width], self.filter)?;
        check_size(&[batch, rows, cols, channels], &self.filter)?;
        pool(&input, self.filter, &window, bounds(self.output.min, self.output.max)?).map(|y| shaped(&y))
    }
}
