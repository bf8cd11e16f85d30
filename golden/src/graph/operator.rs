//! The operators of a graph, each with everything that it needs beside its inputs.

use super::Value;
use crate::gemm::{self, Matrix, fully_connected};
use crate::numerics::AnyRequantization;
use crate::operators::{
    AddParameters, Array, DequantizeRounding, LitertMul, Operand, Quantizer, SoftmaxParameters, Window, XnnpackAdd,
    XnnpackConvert, add, average_pool, conv2d_fast, depthwise_conv2d, dequantize, litert_add, litert_mul,
    litert_requantize, max_pool, mul, pad, quantize, requantize, reshape, softmax, sub, xnnpack_add, xnnpack_convert,
};
use crate::{Bounds, Error};

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
    /// a value around the elements
    Pad {
        /// how often the value stands before and after them, for each dimension
        padding: Vec<[usize; 2]>,
        /// the zero point
        value: i32,
    },
    /// the exponentials of the last dimension, as shares of their sum
    Softmax(SoftmaxParameters),
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
            Operator::FullyConnected(layer) => layer.weights.cols(),
            Operator::Conv2d { layer: Weighted { weights, .. }, .. } => of_an_output(weights, weights.shape()[0]),
            Operator::DepthwiseConv2d { layer: Weighted { weights, .. }, .. } => {
                of_an_output(weights, weights.shape()[3])
            }
            _ => 0,
        }
    }

    /// The output for these inputs. `shape` is the shape of the output tensor, which only says how to cut up the
    /// elements.
    pub(super) fn run(&self, inputs: &[&Value], shape: &[usize]) -> Result<Value, String> {
        match (self, inputs) {
            (Operator::Quantize(q), [Value::Float(x)]) => quantize(x, q).map(Value::Integer),
            (Operator::Dequantize { zero_point, scale, rounding }, [Value::Integer(x)]) => {
                dequantize(operand(x, *zero_point), *scale, *rounding).map(Value::Float)
            }
            (Operator::Reshape, [Value::Float(x)]) => reshape(x, shape).map(Value::Float),
            (_, [Value::Integer(x)]) => self.unary(x, shape).map(Value::Integer),
            (_, [Value::Integer(a), Value::Integer(b)]) => self.binary(a, b).map(Value::Integer),
            _ => return Err("its inputs must be INT8".to_owned()),
        }
        .map_err(|e| e.to_string())
    }

    fn unary(&self, x: &Array, shape: &[usize]) -> Result<Array, Error> {
        match self {
            Operator::FullyConnected(layer) => dense(x, layer, shape),
            Operator::Conv2d { layer: l, window } => {
                let (x, weights) = (operand(x, l.input_zero_point), operand(&l.weights, 0));
                conv2d_fast(x, weights, &l.bias, window, &l.requantizations)
            }
            Operator::DepthwiseConv2d { layer: l, window } => {
                let (x, weights) = (operand(x, l.input_zero_point), operand(&l.weights, 0));
                depthwise_conv2d(x, weights, &l.bias, window, &l.requantizations)
            }
            Operator::AveragePool { filter, window, bounds } => average_pool(x, *filter, window, *bounds),
            Operator::MaxPool { filter, window, bounds } => max_pool(x, *filter, window, *bounds),
            Operator::Reshape => reshape(x, shape),
            Operator::Pad { padding, value } => pad(x, padding, *value),
            Operator::Softmax(parameters) => softmax(x, parameters),
            Operator::Requantize { zero_point, requantization } => requantize(operand(x, *zero_point), requantization),
            Operator::LitertRequantize { zero_point, group, rest } => {
                litert_requantize(operand(x, *zero_point), group, rest)
            }
            Operator::XnnpackConvert { zero_point, parameters } => xnnpack_convert(operand(x, *zero_point), parameters),
            other => Err(other.wrong_inputs(1)),
        }
    }

    fn binary(&self, a: &Array, b: &Array) -> Result<Array, Error> {
        let pair = |[za, zb]: [i32; 2]| (operand(a, za), operand(b, zb));
        match self {
            Operator::Add { zero_points, parameters } => {
                let (a, b) = pair(*zero_points);
                add(a, b, parameters)
            }
            Operator::Sub { zero_points, parameters } => {
                let (a, b) = pair(*zero_points);
                sub(a, b, parameters)
            }
            Operator::LitertAdd { zero_points, parameters } => {
                let (a, b) = pair(*zero_points);
                litert_add(a, b, parameters)
            }
            Operator::XnnpackAdd { zero_points, parameters } => {
                let (a, b) = pair(*zero_points);
                xnnpack_add(a, b, parameters)
            }
            Operator::Mul { zero_points, requantization } => {
                let (a, b) = pair(*zero_points);
                mul(a, b, requantization)
            }
            Operator::LitertMul { zero_points, parameters } => {
                let (a, b) = pair(*zero_points);
                litert_mul(a, b, parameters)
            }
            other => Err(other.wrong_inputs(2)),
        }
    }

    /// This is unreachable, because whoever makes a graph gives each operator its inputs.
    fn wrong_inputs(&self, got: usize) -> Error {
        Error::Shape { what: "inputs", got: vec![got], expected: format!("the inputs of {self:?}") }
    }
}

fn operand(array: &Array, zero_point: i32) -> Operand<'_> {
    Operand { array, zero_point }
}

/// Cuts the input into rows, with as many elements as an output has weights.
fn dense(x: &Array, layer: &Weighted<Matrix>, shape: &[usize]) -> Result<Array, Error> {
    let k = layer.weights.cols();
    let input = Matrix::new("input", x.data().len() / k, k, x.data().to_vec())?;
    let input = gemm::Operand { matrix: &input, zero_point: layer.input_zero_point };
    let weights = gemm::Operand { matrix: &layer.weights, zero_point: 0 };
    let output = fully_connected(input, weights, &layer.bias, &layer.requantizations)?;
    Array::new("output", shape.to_vec(), output.data().to_vec())
}
