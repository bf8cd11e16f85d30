//! How an operator is run.

use super::{Operator, Weighted};
use crate::Error;
use crate::gemm::{self, Matrix, fully_connected};
use crate::graph::Value;
use crate::operators::{
    Array, InPairs, Operand, ToFloat, add, average_pool, concatenation, conv2d_fast, conv2d_in_pairs, depthwise_conv2d,
    dequantize, extremum, extremum_over, fully_connected_in_pairs, litert_add, litert_mul, litert_requantize,
    log_softmax, lookup, max_pool, mean, mul, ort_add, ort_average_pool, ort_mul, ort_softmax, pack, pad, prelu,
    quantize, requantize, reshape, resize_bilinear, select, softmax, squared_difference, sub, transpose,
    transpose_conv, xnnpack_add, xnnpack_convert,
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
            (Operator::Transpose { permutation }, [Value::Float(x)]) => transpose(x, permutation).map(Value::Float),
            (Operator::Select { indices }, [Value::Float(x)]) => select(x, indices).map(Value::Float),
            (Operator::OrtToFloat(product), [Value::Integer(x)]) => to_float(x, product, shape).map(Value::Float),
            (Operator::Concatenation { axis }, inputs) => concatenation(&integers(inputs)?, *axis).map(Value::Integer),
            (Operator::Pack { axis }, inputs) => pack(&integers(inputs)?, *axis).map(Value::Integer),
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
            Operator::TransposeConv { layer: l, spreads } => {
                transpose_conv(operand(x, l.input_zero_point), &l.weights, &l.bias, *spreads, &l.requantizations)
            }
            Operator::AveragePool { filter, window, bounds } => average_pool(x, *filter, window, *bounds),
            Operator::MaxPool { filter, window, bounds } => max_pool(x, *filter, window, *bounds),
            Operator::Reshape => reshape(x, shape),
            Operator::Pad { padding, value } => pad(x, padding, *value),
            Operator::Mean { axes, zero_point, requantization } => {
                reshape(&mean(operand(x, *zero_point), axes, requantization)?, shape)
            }
            Operator::ExtremumOver { axes, greatest } => reshape(&extremum_over(x, axes, *greatest)?, shape),
            Operator::Table { entries } => lookup(x, -128, &entries.map(i32::from)),
            Operator::Softmax(parameters) => softmax(x, parameters),
            Operator::LogSoftmax(parameters) => log_softmax(x, parameters),
            Operator::Requantize { zero_point, requantization } => requantize(operand(x, *zero_point), requantization),
            Operator::LitertRequantize { zero_point, group, rest } => {
                litert_requantize(operand(x, *zero_point), group, rest)
            }
            Operator::Transpose { permutation } => transpose(x, permutation),
            Operator::Select { indices } => reshape(&select(x, indices)?, shape),
            Operator::ResizeBilinear { rows, cols } => resize_bilinear(x, rows, cols),
            Operator::Lookup { least, entries } => lookup(x, *least, entries),
            Operator::OrtFullyConnected { layer, pairs } => dense_in_pairs(x, layer, *pairs, shape),
            Operator::OrtConv2d { layer: l, window, pairs } => {
                let x = operand(x, l.input_zero_point);
                conv2d_in_pairs(x, &l.weights, &l.bias, window, *pairs, &l.requantizations)
            }
            Operator::OrtAveragePool { filter, window, zero_point, parameters } => {
                ort_average_pool(operand(x, *zero_point), *filter, window, parameters)
            }
            Operator::OrtMean { axes, zero_point, requantization } => {
                reshape(&mean(operand(x, *zero_point), axes, requantization)?, shape)
            }
            Operator::OrtSoftmax(parameters) => ort_softmax(x, parameters),
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
            Operator::Prelu { zero_points, above, below } => {
                let (a, b) = pair(*zero_points);
                prelu(a, b, above, below)
            }
            Operator::SquaredDifference { zero_points, parameters } => {
                let (a, b) = pair(*zero_points);
                squared_difference(a, b, parameters)
            }
            Operator::Extremum { greatest } => extremum(a, b, *greatest),
            Operator::OrtAdd(parameters) => ort_add(a, b, parameters),
            Operator::OrtMul(parameters) => ort_mul(a, b, parameters),
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

/// The input cut into rows of `terms` elements.
fn rows(x: &Array, terms: usize) -> Result<Matrix, Error> {
    Matrix::new("input", x.data().len() / terms, terms, x.data().to_vec())
}

/// Cuts the input into rows, with as many elements as an output has weights.
fn dense(x: &Array, layer: &Weighted<Matrix>, shape: &[usize]) -> Result<Array, Error> {
    let input = rows(x, layer.weights.cols())?;
    let input = gemm::Operand { matrix: &input, zero_point: layer.input_zero_point };
    let weights = gemm::Operand { matrix: &layer.weights, zero_point: 0 };
    let output = fully_connected(input, weights, &layer.bias, &layer.requantizations)?;
    Array::new("output", shape.to_vec(), output.data().to_vec())
}

fn dense_in_pairs(x: &Array, layer: &Weighted<Matrix>, pairs: InPairs, shape: &[usize]) -> Result<Array, Error> {
    let input = rows(x, layer.weights.cols())?;
    let input = gemm::Operand { matrix: &input, zero_point: layer.input_zero_point };
    let output = fully_connected_in_pairs(input, &layer.weights, &layer.bias, pairs, &layer.requantizations)?;
    Array::new("output", shape.to_vec(), output.data().to_vec())
}

fn to_float(x: &Array, product: &ToFloat, shape: &[usize]) -> Result<Array<f32>, Error> {
    let output = product.run(&rows(x, product.weights.cols())?)?;
    Array::new("output", shape.to_vec(), output)
}
