//! How an operator is run.

use super::{Operator, Weighted};
use crate::Error;
use crate::gemm::{self, Matrix, fully_connected};
use crate::graph::Value;
use crate::operators::{
    Array, Operand, add, average_pool, concatenation, conv2d_fast, depthwise_conv2d, dequantize, litert_add,
    litert_mul, litert_requantize, lookup, max_pool, mean, mul, pad, quantize, requantize, reshape, softmax, sub,
    xnnpack_add, xnnpack_convert,
};

impl Operator {
    /// The output for these inputs. `shape` is the shape of the output tensor, which only says how to cut up the
    /// elements.
    pub(in crate::graph) fn run(&self, inputs: &[&Value], shape: &[usize]) -> Result<Value, String> {
        match (self, inputs) {
            (Operator::Quantize(q), [Value::Float(x)]) => quantize(x, q).map(Value::Integer),
            (Operator::Dequantize { zero_point, scale, rounding }, [Value::Integer(x)]) => {
                dequantize(operand(x, *zero_point), *scale, *rounding).map(Value::Float)
            }
            (Operator::Reshape, [Value::Float(x)]) => reshape(x, shape).map(Value::Float),
            (Operator::Concatenation { axis }, inputs) => concatenation(&integers(inputs)?, *axis).map(Value::Integer),
            (_, [Value::Integer(x)]) => self.unary(x, shape).map(Value::Integer),
            (_, [Value::Integer(a), Value::Integer(b)]) => self.binary(a, b).map(Value::Integer),
            _ => return Err(NOT_INTEGERS.to_owned()),
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
            Operator::Mean { axes, zero_point, requantization } => {
                reshape(&mean(operand(x, *zero_point), axes, requantization)?, shape)
            }
            Operator::Table { entries } => lookup(x, -128, &entries.map(i32::from)),
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

const NOT_INTEGERS: &str = "its inputs must be INT8";

fn integers<'a>(inputs: &[&'a Value]) -> Result<Vec<&'a Array>, String> {
    let integer = |input: &&'a Value| match input {
        Value::Integer(array) => Ok(array),
        Value::Float(_) => Err(NOT_INTEGERS.to_owned()),
    };
    inputs.iter().map(integer).collect()
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
