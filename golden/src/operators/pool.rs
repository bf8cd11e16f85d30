//! Pooling: one output for all elements of a channel under a window.

use super::conv2d::each;
use super::{Array, Window};
use crate::numerics::types::within;
use crate::{Bounds, Error, FixedMultiplier, MultiplierWidth};

/// TFLite's `AVERAGE_POOL_2D` (tflite-micro 90b983c2, `reference/integer_ops/pooling.h`): the mean of the quantized
/// values that lie within the image, rounded to nearest with ties away from zero, and clamped. Input and output have
/// the same scale and zero point; `filter` is height and width.
///
/// # Errors
/// If `input` is not `[batch, height, width, channels]`, or the window does not fit or lies outside the image
/// altogether.
pub fn average_pool(input: &Array, filter: [usize; 2], window: &Window, bounds: Bounds) -> Result<Array, Error> {
    pool(input, filter, window, bounds, |taps| {
        let (sum, n): (i64, i64) = (taps.iter().map(|&x| i64::from(x)).sum(), taps.len() as i64);
        // C's division rounds toward zero.
        if sum > 0 { (sum + n / 2) / n } else { (sum - n / 2) / n }
    })
}

/// TFLite's `MAX_POOL_2D`: the greatest of the values that lie within the image, clamped.
///
/// # Errors
/// The errors of [`average_pool`].
pub fn max_pool(input: &Array, filter: [usize; 2], window: &Window, bounds: Bounds) -> Result<Array, Error> {
    pool(input, filter, window, bounds, |taps| taps.iter().copied().max().unwrap_or(i32::MIN).into())
}

/// Greatest number of elements that [`average_factor`] divides by.
const MOST: i64 = 1024;

/// The factor by which [`Rule::TfliteDouble`](crate::Rule::TfliteDouble), in place of a division, gives the mean of `count` int8 as [`average_pool`] rounds
/// it: `floor(2^31 / count) + 1`, at most `2^31 - 1`, in 2^-31. It is a little more than `1 / count`, so that ties of either
/// sign are rounded away from zero, and so little that no other sum is rounded to another mean.
///
/// # Errors
/// If `count` is not in `1..=1024`.
pub fn average_factor(count: usize) -> Result<FixedMultiplier, Error> {
    let count = within("count", count as i64, 1..=MOST)?;
    FixedMultiplier::new(MultiplierWidth::W32, ((1 << 31) / count + 1).min(MultiplierWidth::W32.max()), 0)
}

fn pool(
    input: &Array,
    filter: [usize; 2],
    window: &Window,
    bounds: Bounds,
    reduce: impl Fn(&[i32]) -> i64,
) -> Result<Array, Error> {
    let [batch, height, width, channels] = input.sizes("input", "[batch, height, width, channels]")?;
    let [rows, cols] = filter;
    if rows == 0 || cols == 0 {
        return Err(Error::Shape { what: "filter", got: filter.to_vec(), expected: "at least [1, 1]".to_owned() });
    }
    let shape = vec![batch, window.rows.outputs(height, rows)?, window.cols.outputs(width, cols)?, channels];
    each(shape, |[n, i, j, c]| {
        let mut taps = Vec::new();
        for (_, y) in window.rows.taps(i, height, rows) {
            for (_, x) in window.cols.taps(j, width, cols) {
                taps.push(input.data()[((n * height + y) * width + x) * channels + c]);
            }
        }
        if taps.is_empty() {
            let expected = "a window that meets the image".to_owned();
            return Err(Error::Shape { what: "filter", got: filter.to_vec(), expected });
        }
        // Bounds of an output are i32.
        Ok(reduce(&taps).clamp(bounds.min(), bounds.max()) as i32)
    })
}
