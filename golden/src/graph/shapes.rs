//! Whether the shapes of a graph's tensors are what its operators give, before anything is computed or compiled.

use super::{Error, Graph, Operator, Step, Tensor, Weighted};
use crate::Error as Contract;
use crate::operators::{Array, Window, common_shape, concatenated_shape};

/// Greatest number of elements of a tensor, which is TFLite's.
const MAX_ELEMENTS: usize = i32::MAX as usize;

impl Graph {
    /// Checks that each step can be applied to the shapes of its inputs, and gives the shape of its output.
    ///
    /// # Errors
    /// The first step for which that is not so; or a tensor without elements, or with more than 2^31 - 1.
    pub fn check_shapes(&self) -> Result<(), Error> {
        self.steps.iter().try_for_each(|step| step.check_shapes(&self.tensors))
    }
}

impl Step {
    /// Checks that the operator can be applied to the shapes of its inputs, and gives the shape of its output.
    ///
    /// # Errors
    /// If that is not so; or if a tensor has no element, or more than 2^31 - 1.
    pub fn check_shapes(&self, tensors: &[Tensor]) -> Result<(), Error> {
        let shape = |tensor: usize| &tensors[tensor].shape[..];
        let inputs: Vec<&[usize]> = self.inputs.iter().map(|&input| shape(input)).collect();
        let said = shape(self.output);
        let elements = inputs.iter().copied().chain([said]).try_for_each(|shape| elements(shape).map(drop));
        let checked = elements.and_then(|()| self.operator.shape(&inputs, said)).and_then(|got| same(&got, said));
        checked.map_err(|what| Error::Operator { index: self.index, name: self.name.clone(), what })
    }
}

/// That the shape of an output is what the model says.
pub(super) fn same(got: &[usize], said: &[usize]) -> Result<(), String> {
    if got == said { Ok(()) } else { Err(format!("gives shape {got:?}, and the model says {said:?}")) }
}

/// The number of elements of a tensor, at least 1.
fn elements(shape: &[usize]) -> Result<usize, String> {
    let elements = shape.iter().try_fold(1usize, |n, &size| n.checked_mul(size));
    let within = elements.filter(|elements| (1..=MAX_ELEMENTS).contains(elements));
    within.ok_or_else(|| format!("has a tensor of shape {shape:?}: must have 1 to {MAX_ELEMENTS} elements"))
}

/// The shape that the model says, if it has this number of elements.
fn with_elements(count: usize, said: &[usize]) -> Result<Vec<usize>, String> {
    match elements(said)? == count {
        true => Ok(said.to_vec()),
        false => Err(format!("gives {count} elements, and the model says {said:?}")),
    }
}

impl Operator {
    /// The shape of the output. Where the operator only gives a number of elements, it is the shape that the model says.
    fn shape(&self, inputs: &[&[usize]], said: &[usize]) -> Result<Vec<usize>, String> {
        let x = *inputs.first().ok_or("has no input")?;
        let both = || match inputs {
            [a, b] => common_shape(a, b).ok_or_else(|| format!("has inputs of shapes {a:?} and {b:?}")),
            _ => Err(format!("has {} inputs: must be 2", inputs.len())),
        };
        match self {
            Operator::FullyConnected(layer) | Operator::OrtFullyConnected { layer, .. } => {
                rows(x, [layer.weights.cols(), layer.weights.rows()], said)
            }
            Operator::OrtToFloat(product) => rows(x, [product.weights.cols(), product.weights.rows()], said),
            Operator::Conv2d { layer, window } | Operator::OrtConv2d { layer, window, .. } => {
                convolution(x, layer, window)
            }
            Operator::DepthwiseConv2d { layer, window } => depthwise(x, layer, window),
            Operator::TransposeConv { layer, spreads: [rows, cols] } => {
                let ([batch, ..], [outputs, ..]) = (sizes(x)?, sizes(layer.weights.shape())?);
                Ok(vec![batch, rows.outputs, cols.outputs, outputs])
            }
            Operator::AveragePool { filter, window, .. }
            | Operator::MaxPool { filter, window, .. }
            | Operator::OrtAveragePool { filter, window, .. } => {
                let [batch, height, width, channels] = sizes(x)?;
                let [rows, cols] = moved(window, [height, width], *filter)?;
                Ok(vec![batch, rows, cols, channels])
            }
            Operator::Add { .. }
            | Operator::Sub { .. }
            | Operator::LitertAdd { .. }
            | Operator::XnnpackAdd { .. }
            | Operator::Mul { .. }
            | Operator::LitertMul { .. }
            | Operator::Prelu { .. }
            | Operator::Extremum { .. }
            | Operator::SquaredDifference { .. }
            | Operator::OrtAdd(_)
            | Operator::OrtMul(_) => both(),
            Operator::Concatenation { axis } => concatenated_shape(inputs, *axis).map_err(|e| e.to_string()),
            Operator::Pack { .. } => with_elements(elements(x)?.saturating_mul(inputs.len()), said),
            Operator::Reshape => with_elements(elements(x)?, said),
            Operator::Pad { padding, .. } => padded(x, padding),
            Operator::Mean { axes, .. } | Operator::OrtMean { axes, .. } | Operator::ExtremumOver { axes, .. } => {
                let kept = x.iter().enumerate().filter(|(axis, _)| !axes.contains(axis));
                with_elements(kept.map(|(_, size)| size).product(), said)
            }
            Operator::Select { indices } => {
                let picked = indices.iter().try_fold(1usize, |n, of| n.checked_mul(of.len()));
                with_elements(picked.unwrap_or(usize::MAX), said)
            }
            Operator::Transpose { permutation } => {
                let size = |&axis: &usize| x.get(axis).copied();
                permutation.iter().map(size).collect::<Option<_>>().ok_or_else(|| format!("has no order of {x:?}"))
            }
            Operator::ResizeBilinear { rows, cols } => {
                let [batch, _, _, channels] = sizes(x)?;
                Ok(vec![batch, rows.len(), cols.len(), channels])
            }
            Operator::Table { .. }
            | Operator::Lookup { .. }
            | Operator::Softmax(_)
            | Operator::LogSoftmax(_)
            | Operator::OrtSoftmax(_)
            | Operator::Quantize(_)
            | Operator::Requantize { .. }
            | Operator::LitertRequantize { .. }
            | Operator::XnnpackConvert { .. }
            | Operator::Dequantize { .. } => Ok(x.to_vec()),
        }
    }

    /// Number of indices of elements that it keeps, which its shapes decide and not the length of a file.
    pub(crate) fn indices(&self) -> usize {
        match self {
            Operator::Select { indices } => indices.iter().map(Vec::len).sum(),
            Operator::ResizeBilinear { rows, cols } => rows.len() + cols.len(),
            _ => 0,
        }
    }
}

fn sizes(shape: &[usize]) -> Result<[usize; 4], String> {
    <[usize; 4]>::try_from(shape).map_err(|_| format!("has a tensor of shape {shape:?}: must have 4 dimensions"))
}

/// Rows of `terms` elements, each of which gives `outputs`.
fn rows(x: &[usize], [terms, outputs]: [usize; 2], said: &[usize]) -> Result<Vec<usize>, String> {
    let elements = elements(x)?;
    match elements.is_multiple_of(terms) {
        true => with_elements((elements / terms).saturating_mul(outputs), said),
        false => Err(format!("has an input of shape {x:?}: cannot be cut into rows of {terms} elements")),
    }
}

fn moved(window: &Window, image: [usize; 2], filter: [usize; 2]) -> Result<[usize; 2], String> {
    let outputs = || Ok([window.rows.outputs(image[0], filter[0])?, window.cols.outputs(image[1], filter[1])?]);
    outputs().map_err(|e: Contract| e.to_string())
}

fn convolution(x: &[usize], layer: &Weighted<Array>, window: &Window) -> Result<Vec<usize>, String> {
    let [batch, height, width, channels] = sizes(x)?;
    let [outputs, rows, cols, depth] = sizes(layer.weights.shape())?;
    let groups = channels.checked_div(depth).filter(|groups| channels.is_multiple_of(depth) && *groups > 0);
    if groups.is_none_or(|groups| !outputs.is_multiple_of(groups)) {
        let weights = layer.weights.shape();
        return Err(format!("has an input of shape {x:?}: does not go with weights of shape {weights:?}"));
    }
    let [rows, cols] = moved(window, [height, width], [rows, cols])?;
    Ok(vec![batch, rows, cols, outputs])
}

fn depthwise(x: &[usize], layer: &Weighted<Array>, window: &Window) -> Result<Vec<usize>, String> {
    let ([batch, height, width, channels], [_, rows, cols, outputs]) = (sizes(x)?, sizes(layer.weights.shape())?);
    if !outputs.is_multiple_of(channels) {
        let weights = layer.weights.shape();
        return Err(format!("has an input of shape {x:?}: does not go with weights of shape {weights:?}"));
    }
    let [rows, cols] = moved(window, [height, width], [rows, cols])?;
    Ok(vec![batch, rows, cols, outputs])
}

fn padded(x: &[usize], padding: &[[usize; 2]]) -> Result<Vec<usize>, String> {
    let around = |(size, [before, after]): (&usize, &[usize; 2])| size.checked_add(*before)?.checked_add(*after);
    let shape: Option<Vec<usize>> = x.iter().zip(padding).map(around).collect();
    let shape = shape.filter(|_| x.len() == padding.len());
    shape.ok_or_else(|| format!("has an input of shape {x:?}: does not go with paddings {padding:?}"))
}
