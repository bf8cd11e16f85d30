//! The operators of a graph, each with everything that it needs beside its inputs.

mod run;

use crate::gemm::Matrix;
use crate::numerics::AnyRequantization;
use crate::operators::{
    AddParameters, Array, Between, DequantizeRounding, InPairs, LitertMul, LogSoftmaxParameters, OrtAdd,
    OrtAveragePool, OrtMul, OrtSoftmax, Quantizer, SoftmaxParameters, Spread, SquaredDifference, Table, ToFloat,
    Window, XnnpackAdd, XnnpackConvert,
};
use crate::{Bounds, Requantization};

/// The parameters of an operator that sums products of its input and weights:
/// `y = requantize(bias + sum (x - input_zero_point) * w)`.
#[derive(Debug, Clone, PartialEq)]
pub struct Weighted<W> {
    /// integers whose zero point has been subtracted; they have 8 bits if it was 0, else 9 bits
    pub weights: W,
    /// one bias for each output channel, at the scale of the sum
    pub bias: Vec<i32>,
    /// factor, zero point and bounds of the output: one for all output channels, or one for each
    pub requantizations: Vec<AnyRequantization>,
    /// zero point of the input
    pub input_zero_point: i32,
}

/// The operator of a step. Activations are `[batch, height, width, channels]` where an operator has a window.
#[derive(Debug, Clone, PartialEq)]
pub enum Operator {
    /// a matrix product by weights, N x K: the input is cut into rows of K elements, and each row gives N outputs
    FullyConnected(Weighted<Matrix>),
    /// a convolution by weights `[outputs, height, width, channels of a group]`; the number of groups is the channels
    /// of the input, divided by the channels of a group
    Conv2d {
        /// weights, bias and requantization
        layer: Weighted<Array>,
        /// how the filter moves
        window: Window,
    },
    /// a convolution of each channel by itself, by weights `[1, height, width, outputs]`; the number of outputs for
    /// each channel is the outputs, divided by the channels of the input
    DepthwiseConv2d {
        /// weights, bias and requantization
        layer: Weighted<Array>,
        /// how the filter moves
        window: Window,
    },
    /// a transposed convolution by weights `[outputs, height, width, channels]`
    TransposeConv {
        /// weights, bias and requantization
        layer: Weighted<Array>,
        /// how the filter is spread over rows and columns of the output
        spreads: [Spread; 2],
    },
    /// the sum of two inputs
    Add {
        /// zero points of the inputs
        zero_points: [i32; 2],
        /// how the inputs are brought to a common scale, and their sum to the scale of the output
        parameters: AddParameters,
    },
    /// the first input less the second
    Sub {
        /// zero points of the inputs
        zero_points: [i32; 2],
        /// how the inputs are brought to a common scale, and their difference to the scale of the output
        parameters: AddParameters,
    },
    /// the sum of two inputs by LiteRT's own kernels
    LitertAdd {
        /// zero points of the inputs
        zero_points: [i32; 2],
        /// how the inputs are brought to a common scale, and their sum to the scale of the output
        parameters: AddParameters,
    },
    /// XNNPACK's sum or difference of two inputs
    XnnpackAdd {
        /// zero points of the inputs
        zero_points: [i32; 2],
        /// factors of the inputs
        parameters: XnnpackAdd,
    },
    /// the product of two inputs
    Mul {
        /// zero points of the inputs
        zero_points: [i32; 2],
        /// factor, zero point and bounds of the output
        requantization: AnyRequantization,
    },
    /// the product of two inputs by LiteRT's own kernels
    LitertMul {
        /// zero points of the inputs
        zero_points: [i32; 2],
        /// factor, zero point and bounds of the output
        parameters: LitertMul,
    },
    /// the first input, and below its zero point its product by the second
    Prelu {
        /// zero points of the inputs
        zero_points: [i32; 2],
        /// factor, zero point and bounds of the output for what is not below the zero point
        above: Requantization,
        /// factor, zero point and bounds of the output for products
        below: Requantization,
    },
    /// the mean of each channel under a window
    AveragePool {
        /// height and width of the window
        filter: [usize; 2],
        /// how the window moves
        window: Window,
        /// bounds of the output
        bounds: Bounds,
    },
    /// the greatest of each channel under a window
    MaxPool {
        /// height and width of the window
        filter: [usize; 2],
        /// how the window moves
        window: Window,
        /// bounds of the output
        bounds: Bounds,
    },
    /// the same elements in the shape of the output
    Reshape,
    /// the elements of all inputs, one input after the other along a dimension
    Concatenation {
        /// the dimension
        axis: usize,
    },
    /// inputs of one shape side by side along a new dimension
    Pack {
        /// the new dimension of the output
        axis: usize,
    },
    /// the greater or the lesser of two inputs
    Extremum {
        /// the greater
        greatest: bool,
    },
    /// the square of the difference of two inputs
    SquaredDifference {
        /// zero points of the inputs
        zero_points: [i32; 2],
        /// how the inputs are brought to a common scale, and the square to the scale of the output
        parameters: SquaredDifference,
    },
    /// the greatest or the least element over whole dimensions
    ExtremumOver {
        /// the dimensions, each once and in rising order
        axes: Vec<usize>,
        /// the greatest
        greatest: bool,
    },
    /// an image enlarged or shrunk, each element between four of the input
    ResizeBilinear {
        /// for each row of the output, the rows that it is between
        rows: Vec<Between>,
        /// for each column of the output, the columns that it is between
        cols: Vec<Between>,
    },
    /// a value around the elements
    Pad {
        /// how often the value stands before and after them, for each dimension
        padding: Vec<[usize; 2]>,
        /// the zero point
        value: i32,
    },
    /// the mean or the sum over whole dimensions: `requantize(sum (x - zero_point))`
    Mean {
        /// the dimensions, each once and in rising order
        axes: Vec<usize>,
        /// zero point of the input
        zero_point: i32,
        /// factor, zero point and bounds of the output; the factor of a mean holds the division by the number of elements
        requantization: Requantization,
    },
    /// a function of each element by itself
    Table {
        /// the output of each int8, from -128 on
        entries: Table,
    },
    /// the exponentials of the last dimension, as shares of their sum
    Softmax(SoftmaxParameters),
    /// the logarithms of these shares
    LogSoftmax(LogSoftmaxParameters),
    /// floats to integers
    Quantize(Quantizer),
    /// integers to integers of another scale
    Requantize {
        /// zero point of the input
        zero_point: i32,
        /// factor, zero point and bounds of the output
        requantization: AnyRequantization,
    },
    /// integers to integers of another scale by LiteRT's own kernels
    LitertRequantize {
        /// zero point of the input
        zero_point: i32,
        /// factor, zero point and bounds for elements in whole groups
        group: AnyRequantization,
        /// factor, zero point and bounds for the elements left over
        rest: AnyRequantization,
    },
    /// XNNPACK's way from integers to integers of another scale
    XnnpackConvert {
        /// zero point of the input
        zero_point: i32,
        /// factor, zero point and bounds of the output
        parameters: XnnpackConvert,
    },
    /// the dimensions in another order
    Transpose {
        /// for each dimension of the output the dimension of the input
        permutation: Vec<usize>,
    },
    /// elements picked along each dimension: a slice, a repetition, or an image enlarged by the nearest element
    Select {
        /// for each dimension the elements that the output takes, by their index
        indices: Vec<Vec<usize>>,
    },
    /// a function of each element by itself, of integers of 8 bits of either kind
    Lookup {
        /// the integer that the first entry is for
        least: i32,
        /// 256 outputs
        entries: Vec<i32>,
    },
    /// [`FullyConnected`](Operator::FullyConnected) by ONNX Runtime on x86 without VNNI
    OrtFullyConnected {
        /// weights, bias and requantization
        layer: Weighted<Matrix>,
        /// how pairs saturate
        pairs: InPairs,
    },
    /// [`Conv2d`](Operator::Conv2d) by ONNX Runtime on x86 without VNNI
    OrtConv2d {
        /// weights, bias and requantization
        layer: Weighted<Array>,
        /// how the filter moves
        window: Window,
        /// how pairs saturate
        pairs: InPairs,
    },
    /// a matrix product that ONNX Runtime leaves a float
    OrtToFloat(ToFloat),
    /// ONNX Runtime's sum of two inputs
    OrtAdd(OrtAdd),
    /// ONNX Runtime's product of two inputs
    OrtMul(OrtMul),
    /// ONNX Runtime's mean of each channel under a window
    OrtAveragePool {
        /// height and width of the window
        filter: [usize; 2],
        /// how the window moves
        window: Window,
        /// zero point of the input
        zero_point: i32,
        /// scales, zero point and bounds of the output
        parameters: OrtAveragePool,
    },
    /// ONNX Runtime's mean over whole dimensions: `requantize(sum (x - zero_point))`
    OrtMean {
        /// the dimensions, each once and in rising order
        axes: Vec<usize>,
        /// zero point of the input
        zero_point: i32,
        /// factor, zero point and bounds of the output; the factor holds the division by the number of elements
        requantization: AnyRequantization,
    },
    /// ONNX Runtime's exponentials of the last dimension, as shares of their sum
    OrtSoftmax(OrtSoftmax),
    /// integers to floats
    Dequantize {
        /// zero point of the input
        zero_point: i32,
        /// scale of the input
        scale: f32,
        /// rounding of the products
        rounding: DequantizeRounding,
    },
}

impl Operator {
    /// Number of products that are summed for an element of the output, taps in the padding included; 0 for an operator
    /// without weights.
    pub fn terms(&self) -> usize {
        let of_an_output = |weights: &Array, outputs: usize| weights.data().len() / outputs;
        match self {
            Operator::FullyConnected(layer) | Operator::OrtFullyConnected { layer, .. } => layer.weights.cols(),
            Operator::OrtToFloat(product) => product.weights.cols(),
            Operator::Conv2d { layer: Weighted { weights, .. }, .. }
            | Operator::OrtConv2d { layer: Weighted { weights, .. }, .. } => of_an_output(weights, weights.shape()[0]),
            Operator::DepthwiseConv2d { layer: Weighted { weights, .. }, .. } => {
                of_an_output(weights, weights.shape()[3])
            }
            _ => 0,
        }
    }
}
