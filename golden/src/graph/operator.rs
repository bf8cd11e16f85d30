//! An operator with all that it needs beside its inputs.

use super::Value;
use crate::gemm::{self, Matrix, fully_connected};
use crate::numerics::any_requantization::AnyRequantization;
use crate::operators::{
    AddParameters, Array, DequantizeRounding, Operand, Quantizer, SoftmaxParameters, Window, XnnpackAdd, add,
    average_pool, conv2d_fast, depthwise_conv2d, dequantize, max_pool, mul, pad, quantize, requantize, reshape,
    softmax, sub, xnnpack_add,
};
use crate::{Bounds, Error};

/// Weights, bias and requantization of a layer that sums.
#[derive(Debug)]
pub(crate) struct Weighted<W> {
    pub(crate) weights: W,
    pub(crate) bias: Vec<i32>,
    pub(crate) scales: Vec<AnyRequantization>,
    /// of the input; that of the weights is 0
    pub(crate) zero_point: i32,
}

#[derive(Debug)]
pub(crate) enum Kernel {
    FullyConnected(Weighted<Matrix>),
    Conv2d(Weighted<Array>, Window),
    DepthwiseConv2d(Weighted<Array>, Window),
    Add { zero_points: [i32; 2], parameters: AddParameters },
    Sub { zero_points: [i32; 2], parameters: AddParameters },
    XnnpackAdd { zero_points: [i32; 2], parameters: XnnpackAdd },
    Mul { zero_points: [i32; 2], scale: AnyRequantization },
    AveragePool { filter: [usize; 2], window: Window, bounds: Bounds },
    MaxPool { filter: [usize; 2], window: Window, bounds: Bounds },
    Reshape,
    Pad { padding: Vec<[usize; 2]>, value: i32 },
    Softmax(SoftmaxParameters),
    Quantize(Quantizer),
    Requantize { zero_point: i32, scale: AnyRequantization },
    Dequantize { zero_point: i32, scale: f32 },
}

impl Kernel {
    /// The output; `shape` is that of the output in the model, which only says how to cut up the elements.
    pub(crate) fn run(&self, inputs: &[&Value], shape: &[usize]) -> Result<Value, String> {
        match (self, inputs) {
            (Kernel::Quantize(q), [Value::Float(x)]) => quantize(x, q).map(Value::Int8),
            (Kernel::Dequantize { zero_point, scale }, [Value::Int8(x)]) => {
                dequantize(operand(x, *zero_point), *scale, DequantizeRounding::Once).map(Value::Float)
            }
            (Kernel::Reshape, [Value::Float(x)]) => reshape(x, shape).map(Value::Float),
            (_, [Value::Int8(x)]) => self.unary(x, shape).map(Value::Int8),
            (_, [Value::Int8(a), Value::Int8(b)]) => self.binary(a, b).map(Value::Int8),
            _ => return Err("its inputs must be INT8".to_owned()),
        }
        .map_err(|e| e.to_string())
    }

    fn unary(&self, x: &Array, shape: &[usize]) -> Result<Array, Error> {
        match self {
            Kernel::FullyConnected(layer) => dense(x, layer, shape),
            Kernel::Conv2d(l, window) => {
                conv2d_fast(operand(x, l.zero_point), operand(&l.weights, 0), &l.bias, window, &l.scales)
            }
            Kernel::DepthwiseConv2d(l, window) => {
                depthwise_conv2d(operand(x, l.zero_point), operand(&l.weights, 0), &l.bias, window, &l.scales)
            }
            Kernel::AveragePool { filter, window, bounds } => average_pool(x, *filter, window, *bounds),
            Kernel::MaxPool { filter, window, bounds } => max_pool(x, *filter, window, *bounds),
            Kernel::Reshape => reshape(x, shape),
            Kernel::Pad { padding, value } => pad(x, padding, *value),
            Kernel::Softmax(parameters) => softmax(x, parameters),
            Kernel::Requantize { zero_point, scale } => requantize(operand(x, *zero_point), scale),
            other => Err(other.wrong_inputs(1)),
        }
    }

    fn binary(&self, a: &Array, b: &Array) -> Result<Array, Error> {
        let pair = |[za, zb]: [i32; 2]| (operand(a, za), operand(b, zb));
        match self {
            Kernel::Add { zero_points, parameters } => {
                let (a, b) = pair(*zero_points);
                add(a, b, parameters)
            }
            Kernel::Sub { zero_points, parameters } => {
                let (a, b) = pair(*zero_points);
                sub(a, b, parameters)
            }
            Kernel::XnnpackAdd { zero_points, parameters } => {
                let (a, b) = pair(*zero_points);
                xnnpack_add(a, b, parameters)
            }
            Kernel::Mul { zero_points, scale } => {
                let (a, b) = pair(*zero_points);
                mul(a, b, scale)
            }
            other => Err(other.wrong_inputs(2)),
        }
    }

    /// Lowering gives each kernel the inputs that it takes; this is for the compiler.
    fn wrong_inputs(&self, got: usize) -> Error {
        Error::Shape { what: "inputs", got: vec![got], expected: format!("those of {self:?}") }
    }
}

fn operand(array: &Array, zero_point: i32) -> Operand<'_> {
    Operand { array, zero_point }
}

/// The input is cut up into rows of as many elements as there are weights for an output.
fn dense(x: &Array, layer: &Weighted<Matrix>, shape: &[usize]) -> Result<Array, Error> {
    let k = layer.weights.cols();
    let input = Matrix::new("input", x.data().len() / k, k, x.data().to_vec())?;
    let input = gemm::Operand { matrix: &input, zero_point: layer.zero_point };
    let weights = gemm::Operand { matrix: &layer.weights, zero_point: 0 };
    let output = fully_connected(input, weights, &layer.bias, &layer.scales)?;
    Array::new("output", shape.to_vec(), output.data().to_vec())
}
