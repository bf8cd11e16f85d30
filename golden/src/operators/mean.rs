//! Mean, sum and extremes over whole dimensions.

use super::broadcast::source;
use super::{Array, Operand};
use crate::numerics::multiplier::quantize_multiplier;
use crate::numerics::requantizer::Requantize;
use crate::{Error, FixedMultiplier, MultiplierWidth};

/// The factor from a sum of `count` elements to their mean, from the scale of the input to the scale of the output:
/// `si / so` as multiplier `m` and shift `s`, of which the multiplier becomes `floor(m 2^k / count)` and the shift
/// `s - k`, with `k = min(floor(log2(count)), 32, 31 + s)` (tflite-micro 90b983c2, `reference/reduce.h`,
/// `QuantizedMeanOrSum`).
///
/// # Errors
/// If `si / so` has no multiplier, or `count` is 0.
pub fn mean_factor([input, output]: [f32; 2], count: usize) -> Result<FixedMultiplier, Error> {
    let Some(bits) = count.checked_ilog2() else {
        return Err(Error::Shape { what: "input", got: vec![count], expected: "at least one element".to_owned() });
    };
    let whole = quantize_multiplier(f64::from(input) / f64::from(output), MultiplierWidth::W32)?;
    // The shift of a multiplier is at least -31.
    let k = bits.min(32).min((31 + whole.shift()).unsigned_abs());
    let multiplier = (i128::from(whole.multiplier()) << k) / count as i128;
    // No more than the whole multiplier, because 2^k is no more than the count.
    FixedMultiplier::new(MultiplierWidth::W32, multiplier as i64, i64::from(whole.shift()) - i64::from(k))
}

/// `requantize(sum (x - zx))` over the dimensions `axes`, each of which has size 1 in the output. The scale holds the
/// division by the number of elements ([`mean_factor`]); without it the result is the sum.
///
/// # Errors
/// If a sum has no quantized value; the error names the element.
pub fn mean(input: Operand<'_>, axes: &[usize], scale: &impl Requantize) -> Result<Array, Error> {
    let (sizes, shape) = (input.array.shape(), reduced(input.array.shape(), axes));
    let mut sums = vec![0; shape.iter().product()];
    for (flat, &x) in input.array.data().iter().enumerate() {
        sums[source(sizes, &shape, flat)] += i128::from(x) - i128::from(input.zero_point);
    }
    Array::new("output", shape, sums)?.try_map(|&sum| scale.requantize_sum(sum))
}

/// The greatest or the least element over the dimensions `axes`, each of which has size 1 in the output.
///
/// # Errors
/// If a dimension is empty.
pub fn extremum_over(input: &Array, axes: &[usize], greatest: bool) -> Result<Array, Error> {
    let (sizes, shape) = (input.shape(), reduced(input.shape(), axes));
    let mut extremes = vec![if greatest { i32::MIN } else { i32::MAX }; shape.iter().product()];
    for (flat, &x) in input.data().iter().enumerate() {
        let extreme = &mut extremes[source(sizes, &shape, flat)];
        *extreme = if greatest { x.max(*extreme) } else { x.min(*extreme) };
    }
    Array::new("output", shape, extremes)
}

/// The sizes in which dimensions that are reduced stay as 1.
fn reduced(sizes: &[usize], axes: &[usize]) -> Vec<usize> {
    (0..sizes.len()).map(|axis| if axes.contains(&axis) { 1 } else { sizes[axis] }).collect()
}
