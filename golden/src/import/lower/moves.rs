//! The requirements on the tensors of operators that move elements and change none.

use std::ops;

use super::operands::Operands;
use super::operator::Lowered;
use super::slices::{Range, picked_shape};
use crate::graph::{Operator, Quantized};
use crate::import::Runtime;
use crate::import::tflite::{Data, SliceMasks};

/// Greatest number of dimensions of a STRIDED_SLICE of TFLM (tflite-micro 90b983c2, `micro/kernels/strided_slice.cc`)
/// and of a TRANSPOSE (`kernels/internal/reference/transpose.h`).
const MAX_SLICED: usize = 4;
const MAX_TRANSPOSED: usize = 5;

/// Greatest size of a dimension of which elements are picked, 2^20: a list of them is kept.
const MAX_SIZE: usize = 1 << 20;

/// Checks the indices of all parts of a dimension before they are made: each part has the indices of the other dimensions.
fn check_parts(sizes: &[usize], axis: usize, parts: usize) -> Result<(), String> {
    let others = (0..sizes.len()).filter(|&other| other != axis).map(|other| sizes[other]);
    let indices = others.fold(0, usize::saturating_add).saturating_mul(parts).saturating_add(sizes[axis]);
    match indices <= MAX_SIZE {
        true => Ok(()),
        false => {
            Err(format!("{parts} parts of shape {sizes:?} take {indices} indices: at most {MAX_SIZE} are supported"))
        }
    }
}

impl Operands<'_> {
    /// The quantization of an output whose elements are elements of int8 inputs. TFLM does not compare scales. The other
    /// runtimes may requantize or refuse where they differ, so we ask for equal ones there.
    pub(super) fn moved(&self, inputs: &[usize], output: usize) -> Result<Quantized, String> {
        let y = self.quantized(output)?;
        for &input in inputs {
            match self.runtime {
                Runtime::Tflm => drop(self.quantized(input)?),
                runtime => self.check_same(input, y).map_err(|what| format!("{what} for {runtime}"))?,
            }
        }
        Ok(y)
    }

    /// Integers that are known before the model runs: a constant of INT32 or, except for TFLM, INT64; or what the shapes
    /// of tensors say ([`folded`](Self::folded)).
    pub(super) fn known(&self, position: usize, what: &str) -> Result<Vec<i64>, String> {
        let index = self.input(position)?;
        let tensor = self.tensor(index);
        match (&tensor.data, self.folded.get(&index)) {
            (Some(Data::I32(data)), _) => Ok(data.iter().map(|&v| v.into()).collect()),
            (Some(Data::I64(data)), _) if self.runtime != Runtime::Tflm => Ok(data.clone()),
            (None, Some(values)) => Ok(values.clone()),
            _ => {
                let types = if self.runtime == Runtime::Tflm { "INT32" } else { "INT32 or INT64" };
                Err(format!("tensor {index} is {}: {what} must be a constant of {types}", tensor.element))
            }
        }
    }

    pub(super) fn transpose(&self, input: usize, output: usize) -> Result<Operator, String> {
        self.moved(&[input], output)?;
        let sizes = &self.tensor(input).shape;
        let given = self.known(1, "the order of dimensions")?;
        let axis = |v: &i64| usize::try_from(*v).ok().filter(|&axis| axis < sizes.len());
        let permutation: Option<Vec<usize>> = given.iter().map(axis).collect();
        let each_once = |p: &Vec<usize>| p.len() == sizes.len() && (0..sizes.len()).all(|axis| p.contains(&axis));
        let permutation = permutation
            .filter(each_once)
            .ok_or_else(|| format!("order {given:?}: must name each of {} dimensions once", sizes.len()))?;
        if sizes.len() > MAX_TRANSPOSED {
            return Err(format!("{} dimensions: at most {MAX_TRANSPOSED} are supported", sizes.len()));
        }
        self.check_shape(output, permutation.iter().map(|&axis| sizes[axis]))?;
        Ok(Operator::Transpose { permutation })
    }

    /// SLICE: of each dimension a number of elements; -1 takes all that follow.
    pub(super) fn slice(&self, input: usize, output: usize) -> Result<Operator, String> {
        self.moved(&[input], output)?;
        let sizes = &self.tensor(input).shape;
        let (begins, counts) = (self.known(1, "the begins")?, self.known(2, "the sizes")?);
        if begins.len() != sizes.len() || counts.len() != sizes.len() {
            return Err(format!("{} begins and {} sizes for shape {sizes:?}", begins.len(), counts.len()));
        }
        let range = |((&begin, &count), &size): ((&i64, &i64), &usize)| {
            let begin = usize::try_from(begin).ok().filter(|&begin| begin <= size)?;
            let count = if count == -1 { size - begin } else { usize::try_from(count).ok()? };
            (count <= size - begin).then_some(begin..begin + count)
        };
        let ranges: Option<Vec<ops::Range<usize>>> = begins.iter().zip(&counts).zip(sizes).map(range).collect();
        let ranges = ranges.ok_or_else(|| format!("begins {begins:?} and sizes {counts:?} in shape {sizes:?}"))?;
        self.parts(output, ranges)
    }

    pub(super) fn strided_slice(
        &self,
        input: usize,
        output: usize,
        masks: SliceMasks,
        offset: bool,
    ) -> Result<Operator, String> {
        self.moved(&[input], output)?;
        let ranges = self.ranges(&self.tensor(input).shape, masks, offset)?;
        self.check_shape(output, picked_shape(&ranges).into_iter())?;
        Ok(Operator::Select { indices: ranges.iter().map(Range::indices).collect() })
    }

    /// The ranges of a STRIDED_SLICE of a tensor of these sizes.
    pub(super) fn ranges(&self, sizes: &[usize], masks: SliceMasks, offset: bool) -> Result<Vec<Range>, String> {
        if masks.ellipsis != 0 || masks.new_axis != 0 {
            return Err("a mask of ellipses or new axes is set: such slices are not supported".to_owned());
        }
        if sizes.len() > MAX_SLICED {
            return Err(format!("{} dimensions: at most {MAX_SLICED} are supported", sizes.len()));
        }
        let numbers = [self.known(1, "the begins")?, self.known(2, "the ends")?, self.known(3, "the strides")?];
        if numbers.iter().any(|numbers| numbers.len() != sizes.len()) {
            let lengths = numbers.map(|numbers| numbers.len());
            return Err(format!("{lengths:?} begins, ends and strides for shape {sizes:?}"));
        }
        (0..sizes.len())
            .map(|axis| Range::new(sizes[axis], [0, 1, 2].map(|i| numbers[i][axis]), masks, axis, offset))
            .collect()
    }

    /// SPLIT: as many equal parts of a dimension as there are outputs, each a slice.
    pub(super) fn split(&self) -> Result<Vec<Lowered>, String> {
        let (input, outputs) = (self.input(1)?, &self.operator.outputs);
        let sizes = &self.tensor(input).shape;
        let axis = self.one_axis(0, sizes.len())?;
        if outputs.is_empty() || !sizes[axis].is_multiple_of(outputs.len()) {
            return Err(format!("{} outputs for {} elements along dimension {axis}", outputs.len(), sizes[axis]));
        }
        let count = sizes[axis] / outputs.len();
        self.cut(input, axis, &vec![count; outputs.len()])
    }

    /// SPLIT_V: parts of given sizes, of which one may be -1: what is left.
    pub(super) fn split_v(&self) -> Result<Vec<Lowered>, String> {
        let (input, counts) = (self.input(0)?, self.known(1, "the sizes")?);
        let sizes = &self.tensor(input).shape;
        let axis = self.one_axis(2, sizes.len())?;
        let given: i128 = counts.iter().filter(|&&count| count != -1).map(|&count| i128::from(count)).sum();
        let left = sizes[axis] as i128 - given;
        let whole = |&count: &i64| usize::try_from(if count == -1 { left } else { count.into() }).ok();
        let parts: Option<Vec<usize>> = counts.iter().map(whole).collect();
        let fits = |parts: &Vec<usize>| {
            let sum = parts.iter().try_fold(0usize, |sum, &part| sum.checked_add(part));
            sum == Some(sizes[axis]) && parts.len() == self.operator.outputs.len()
        };
        let parts = parts.filter(fits).ok_or_else(|| {
            let outputs = self.operator.outputs.len();
            format!("sizes {counts:?} of {outputs} outputs for {} elements along dimension {axis}", sizes[axis])
        })?;
        self.cut(input, axis, &parts)
    }

    /// UNPACK: the input at each place of a dimension, which the outputs do not have.
    pub(super) fn unpack(&self, axis: i32) -> Result<Vec<Lowered>, String> {
        let (input, outputs) = (self.input(0)?, &self.operator.outputs);
        let sizes = &self.tensor(input).shape;
        let axis = self.axis(axis, sizes.len())?;
        if outputs.len() != sizes[axis] {
            return Err(format!("{} outputs for {} elements along dimension {axis}", outputs.len(), sizes[axis]));
        }
        check_parts(sizes, axis, outputs.len())?;
        let part = |(place, &output): (usize, &usize)| {
            self.moved(&[input], output)?;
            self.check_shape(output, [&sizes[..axis], &sizes[axis + 1..]].concat().into_iter())?;
            let mut indices: Vec<Vec<usize>> = sizes.iter().map(|&size| (0..size).collect()).collect();
            indices[axis] = vec![place];
            Ok(Lowered { inputs: vec![input], output, operator: Operator::Select { indices } })
        };
        outputs.iter().enumerate().map(part).collect()
    }

    /// The dimension that a constant of one integer names.
    fn one_axis(&self, position: usize, rank: usize) -> Result<usize, String> {
        match self.known(position, "the axis")?[..] {
            [axis] => self.axis(i32::try_from(axis).map_err(|_| format!("axis is {axis}"))?, rank),
            ref axes => Err(format!("{} axes: must be 1", axes.len())),
        }
    }

    /// Parts of a dimension behind each other, one for each output.
    fn cut(&self, input: usize, axis: usize, counts: &[usize]) -> Result<Vec<Lowered>, String> {
        let sizes = &self.tensor(input).shape;
        check_parts(sizes, axis, counts.len())?;
        let mut begin = 0;
        let part = |(&count, &output): (&usize, &usize)| {
            self.moved(&[input], output)?;
            let mut ranges: Vec<ops::Range<usize>> = sizes.iter().map(|&size| 0..size).collect();
            ranges[axis] = begin..begin + count;
            begin += count;
            Ok(Lowered { inputs: vec![input], output, operator: self.parts(output, ranges)? })
        };
        counts.iter().zip(&self.operator.outputs).map(part).collect()
    }

    /// PACK: inputs of one shape side by side along a new dimension.
    pub(super) fn pack(&self, inputs: &[usize], output: usize, axis: i32) -> Result<Operator, String> {
        self.moved(inputs, output)?;
        let shape = &self.tensor(inputs[0]).shape;
        if let Some(other) = inputs.iter().find(|&&input| self.tensor(input).shape != *shape) {
            return Err(format!("inputs of shapes {shape:?} and {:?}: must be equal", self.tensor(*other).shape));
        }
        let axis = self.axis(axis, shape.len() + 1)?;
        self.check_shape(output, [&shape[..axis], &[inputs.len()], &shape[axis..]].concat().into_iter())?;
        Ok(Operator::Pack { axis })
    }

    /// The elements in a range of each dimension.
    fn parts(&self, output: usize, ranges: Vec<ops::Range<usize>>) -> Result<Operator, String> {
        self.check_shape(output, ranges.iter().map(ops::Range::len))?;
        Ok(Operator::Select { indices: ranges.into_iter().map(Iterator::collect).collect() })
    }

    /// Checks the shape of the output before an array or a list of this size is made.
    pub(super) fn check_shape(&self, output: usize, expected: impl Iterator<Item = usize>) -> Result<(), String> {
        let (expected, got) = (expected.collect::<Vec<_>>(), &self.tensor(output).shape);
        if expected != *got {
            return Err(format!("output of shape {got:?}: must be {expected:?}"));
        }
        match expected.iter().find(|&&size| size > MAX_SIZE) {
            Some(size) => Err(format!("a dimension of {size} elements: at most {MAX_SIZE} are supported")),
            None => Ok(()),
        }
    }
}
