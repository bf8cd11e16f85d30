//! The ranges of STRIDED_SLICE, and integers that are known from shapes.

use super::operands::Operands;
use crate::import::tflite::{ElementType, Options, SliceMasks};

/// The elements that a STRIDED_SLICE takes of a dimension.
pub(super) struct Range {
    first: i64,
    stride: i64,
    count: usize,
    /// whether the dimension is dropped
    dropped: bool,
}

impl Range {
    /// From begin, end and stride. Negative begins and ends count from behind, and both are clamped to the dimension
    /// (tflite-micro 90b983c2, `kernels/internal/strided_slice_logic.h`).
    pub(super) fn new(
        size: usize,
        [begin, end, stride]: [i64; 3],
        masks: SliceMasks,
        axis: usize,
        offset: bool,
    ) -> Result<Range, String> {
        let n = size as i64;
        let set = |mask: i32| mask >> axis & 1 == 1;
        if stride == 0 {
            return Err(format!("stride of dimension {axis} is 0"));
        }
        let (lowest, highest) = if stride > 0 { (0, n) } else { (-1, n - 1) };
        let place = |v: i64| if v < 0 { v.saturating_add(n) } else { v }.clamp(lowest, highest);
        let start = match (set(masks.begin), stride > 0) {
            (true, true) => 0,
            (true, false) => highest,
            _ => place(begin),
        };
        if set(masks.shrink_axis) {
            return match (0..n).contains(&start) && stride > 0 {
                true => Ok(Range { first: start, stride: 1, count: 1, dropped: true }),
                false => Err(format!("dimension {axis} of size {size} has no element {begin} by stride {stride}")),
            };
        }
        let stop = match set(masks.end) {
            true if stride > 0 => n,
            true => -1,
            false if offset => start.saturating_add(end).clamp(lowest, highest),
            false => place(end),
        };
        let distance = if stride > 0 { stop - start } else { start - stop };
        let count = distance.max(0).unsigned_abs().div_ceil(stride.unsigned_abs()) as usize;
        Ok(Range { first: start, stride, count, dropped: false })
    }

    /// The elements, by their index.
    pub(super) fn indices(&self) -> Vec<usize> {
        // Each is within the dimension, and so is not negative.
        (0..self.count as i64).map(|i| (self.first + i * self.stride) as usize).collect()
    }
}

/// The shape of what the ranges take.
pub(super) fn picked_shape(ranges: &[Range]) -> Vec<usize> {
    ranges.iter().filter(|range| !range.dropped).map(|range| range.count).collect()
}

impl Operands<'_> {
    /// The output of an operator that computes with shapes, as converters write it for a model whose batch is open: SHAPE,
    /// and the slices and packs of such integers. Shapes are known, so that nothing remains to be computed. `None` for
    /// an operator that computes with elements.
    ///
    /// # Errors
    /// If the operator contradicts its tensors.
    pub(super) fn folded(&self) -> Result<Option<Vec<i64>>, String> {
        let [output] = self.operator.outputs[..] else { return Ok(None) };
        let output = self.tensor(output);
        if !matches!(output.element, ElementType::Int32 | ElementType::Int64) {
            return Ok(None);
        }
        let values = match (&*self.operator.name, self.operator.options) {
            ("SHAPE", _) => self.tensor(self.input(0)?).shape.iter().map(|&size| size as i64).collect(),
            ("STRIDED_SLICE", Options::StridedSlice { masks, offset }) => {
                let x = self.known(0, "the input")?;
                let ranges = self.ranges(&[x.len()], masks, offset)?;
                ranges.iter().flat_map(Range::indices).map(|i| x[i]).collect()
            }
            ("PACK", _) => {
                let shape = &self.tensor(self.input(0)?).shape;
                let scalar = |position| match self.tensor(self.input(position)?).shape == *shape {
                    true => self.known(position, "the input"),
                    false => Err("inputs of several shapes: must be equal".to_owned()),
                };
                let scalars = (0..self.operator.inputs.len()).map(scalar).collect::<Result<Vec<_>, _>>()?;
                match scalars.iter().find(|values| values.len() != 1) {
                    Some(values) => return Err(format!("an input has {} integers: must be 1", values.len())),
                    None => scalars.concat(),
                }
            }
            _ => return Ok(None),
        };
        let elements = output.shape.iter().product::<usize>();
        match elements == values.len() {
            true => Ok(Some(values)),
            false => Err(format!("output of shape {:?} for {} integers", output.shape, values.len())),
        }
    }
}
