//! The window of a convolution or pool, and the elements under it.

use crate::Error;
use crate::operators::{Axis, Window};

/// A filter and how it moves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Convolution {
    /// height and width, at least 1 each
    pub filter: [usize; 2],
    /// stride, dilation and padding
    pub window: Window,
}

impl Convolution {
    /// TensorFlow's `SAME` over an image of `[height, width]`, with one stride for both.
    pub fn same(filter: usize, stride: usize, [height, width]: [usize; 2]) -> Convolution {
        let axis = |size| Axis::same(size, filter, stride, 1);
        Convolution { filter: [filter; 2], window: Window { rows: axis(height), cols: axis(width) } }
    }

    /// TensorFlow's `VALID`, where the filter moves by its own size, as in pools.
    pub fn tiles(filter: usize) -> Convolution {
        let axis = Axis::valid(filter, 1);
        Convolution { filter: [filter; 2], window: Window { rows: axis, cols: axis } }
    }

    /// Number of elements of a channel under the filter.
    pub fn taps(&self) -> usize {
        self.filter[0].saturating_mul(self.filter[1])
    }

    /// `[height, width, channels]` of the output, for a number of channels.
    ///
    /// # Errors
    /// If the filter has no tap or is larger than the padded image, or lies wholly in the padding somewhere.
    pub(super) fn outputs(&self, [height, width, _]: [usize; 3], channels: usize) -> Result<[usize; 3], Error> {
        let [rows, cols] = self.filter;
        if rows == 0 || cols == 0 {
            return Err(Error::Shape { what: "filter", got: self.filter.to_vec(), expected: "at least [1, 1]".into() });
        }
        let shape = [self.window.rows.outputs(height, rows)?, self.window.cols.outputs(width, cols)?, channels];
        let meets = |axis: &Axis, outputs, size, filter| (0..outputs).all(|i| axis.taps(i, size, filter).count() > 0);
        if !meets(&self.window.rows, shape[0], height, rows) || !meets(&self.window.cols, shape[1], width, cols) {
            let expected = "a window that meets the image".to_owned();
            return Err(Error::Shape { what: "filter", got: self.filter.to_vec(), expected });
        }
        Ok(shape)
    }

    /// Calls `f` for every output position of a batch, row-major, with the taps that lie within the image: each with its
    /// pixel, counted over the whole batch. `input` and `output` are `[height, width, channels]`.
    pub(super) fn each(
        &self,
        batch: usize,
        input: [usize; 3],
        output: [usize; 3],
        mut f: impl FnMut(&[(usize, usize)]),
    ) {
        let ([height, width, _], [rows, cols]) = (input, self.filter);
        let mut taps = Vec::new();
        for n in 0..batch {
            for i in 0..output[0] {
                for j in 0..output[1] {
                    taps.clear();
                    for (r, y) in self.window.rows.taps(i, height, rows) {
                        let across = self.window.cols.taps(j, width, cols);
                        taps.extend(across.map(|(c, x)| (r * cols + c, (n * height + y) * width + x)));
                    }
                    f(&taps);
                }
            }
        }
    }
}
