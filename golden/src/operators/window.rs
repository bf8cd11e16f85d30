//! The window that convolution and pooling move over an image: stride, dilation and padding.

use crate::Error;
use crate::numerics::types::within;

/// How a window moves over one axis, in elements.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Axis {
    /// from one output to the next, at least 1
    pub stride: usize,
    /// from one tap to the next, at least 1
    pub dilation: usize,
    /// padding at the start of the image: top or left
    pub before: usize,
    /// padding at the end of the image: bottom or right
    pub after: usize,
}

/// How a window moves over an image.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window {
    /// movement over the height
    pub rows: Axis,
    /// movement over the width
    pub cols: Axis,
}

/// Greatest stride, dilation and padding.
const LIMIT: i64 = 1 << 16;

impl Axis {
    /// TFLite's padding `VALID`: none.
    pub const fn valid(stride: usize, dilation: usize) -> Axis {
        Axis { stride, dilation, before: 0, after: 0 }
    }

    /// TFLite's padding `SAME` (tflite-micro 90b983c2, `padding.h`): there are `ceil(size / stride)` outputs. If the
    /// padding is odd, the greater half is at the end.
    pub fn same(size: usize, filter: usize, stride: usize, dilation: usize) -> Axis {
        let outputs = size.div_ceil(stride.max(1));
        let reach = outputs.saturating_sub(1).saturating_mul(stride).saturating_add(extent(filter, dilation));
        let total = reach.saturating_sub(size);
        Axis { stride, dilation, before: total / 2, after: total - total / 2 }
    }

    /// Number of outputs over an axis of `size` elements.
    ///
    /// # Errors
    /// If stride or dilation is 0, any of the four numbers exceeds 65,536, or the window is larger than the padded
    /// axis.
    pub fn outputs(&self, size: usize, filter: usize) -> Result<usize, Error> {
        let number = |what, v: usize, least| within(what, i64::try_from(v).unwrap_or(i64::MAX), least..=LIMIT);
        number("stride", self.stride, 1)?;
        number("dilation", self.dilation, 1)?;
        number("padding", self.before, 0)?;
        number("padding", self.after, 0)?;
        let padded = size.saturating_add(self.before + self.after);
        let window = extent(filter, self.dilation);
        match padded.checked_sub(window) {
            Some(steps) => Ok(steps / self.stride + 1),
            None => {
                let expected = format!("at most [{padded}], the padded input");
                Err(Error::Shape { what: "window", got: vec![window], expected })
            }
        }
    }

    /// The taps of an output that lie within the image, each with the element that it meets: padding omits taps.
    pub(crate) fn taps(&self, output: usize, size: usize, filter: usize) -> impl Iterator<Item = (usize, usize)> {
        let Axis { stride, dilation, before, .. } = *self;
        let start = output * stride;
        // From the first tap on that is not before the image, up to the first one behind it, whatever the filter is.
        let reached = move |place: usize| place.saturating_sub(start).div_ceil(dilation);
        (reached(before)..reached(before + size).min(filter)).map(move |tap| (tap, start + tap * dilation - before))
    }
}

/// Number of elements that a filter covers, gaps included.
fn extent(filter: usize, dilation: usize) -> usize {
    filter.saturating_sub(1).saturating_mul(dilation).saturating_add(1)
}
