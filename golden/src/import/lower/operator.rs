//! From an operator of a model to that of a graph.

use super::operands::Operands;
use crate::Bounds;
use crate::graph::Operator;
use crate::import::Runtime;
use crate::import::runtime::Layer;
use crate::import::tflite::{Activation, Data, ElementType, Options, Padding};
use crate::operators::{AddParameters, Axis, Quantizer, SoftmaxParameters, Window, XnnpackAdd};

/// An operator, and the tensors of the model that it is applied to.
pub(super) struct Lowered {
    pub(super) inputs: Vec<usize>,
    pub(super) output: usize,
    pub(super) operator: Operator,
}

/// The operator, which is one of those that are supported, as the runtime computes it.
pub(super) fn lower(operands: Operands<'_>) -> Result<Lowered, String> {
    let output = operands.output()?;
    let mut inputs = vec![operands.input(0)?];
    let operator = match operands.operator.options {
        Options::FullyConnected { keep_num_dims, activation } => {
            Operator::FullyConnected(operands.fully_connected(keep_num_dims, activation)?)
        }
        Options::Conv2d { padding, stride, dilation, activation } => {
            let layer = operands.convolution(0, activation)?;
            let window = window(&operands, filter(&operands)?, padding, stride, dilation)?;
            Operator::Conv2d { layer, window }
        }
        Options::DepthwiseConv2d { padding, stride, dilation, depth_multiplier, activation } => {
            let layer = operands.convolution(3, activation)?;
            check_depth_multiplier(&operands, depth_multiplier)?;
            let window = window(&operands, filter(&operands)?, padding, stride, dilation)?;
            Operator::DepthwiseConv2d { layer, window }
        }
        Options::Pool2d { padding, stride, filter, activation } => {
            let y = operands.same_quantization(inputs[0], output)?;
            let bounds = operands.runtime.bounds(activation, y)?;
            let window = window(&operands, filter, padding, stride, [1, 1])?;
            match &*operands.operator.name {
                "MAX_POOL_2D" => Operator::MaxPool { filter, window, bounds },
                _ => Operator::AveragePool { filter, window, bounds },
            }
        }
        Options::Elementwise { activation } => {
            inputs.push(operands.input(1)?);
            elementwise(&operands, activation)?
        }
        Options::Softmax { beta } => softmax(&operands, beta)?,
        Options::None | Options::Unread => unparametrized(&operands, inputs[0], output)?,
    };
    Ok(Lowered { inputs, output, operator })
}

/// Height and width of the weights.
fn filter(operands: &Operands<'_>) -> Result<[usize; 2], String> {
    let [_, rows, cols, _] = operands.sizes(operands.input(1)?)?;
    Ok([rows, cols])
}

fn window(
    operands: &Operands<'_>,
    filter: [usize; 2],
    padding: Padding,
    stride: [usize; 2],
    dilation: [usize; 2],
) -> Result<Window, String> {
    let [_, height, width, _] = operands.sizes(operands.input(0)?)?;
    let axis = |size, i: usize| match padding {
        Padding::Same => Axis::same(size, filter[i], stride[i], dilation[i]),
        Padding::Valid => Axis::valid(stride[i], dilation[i]),
    };
    Ok(Window { rows: axis(height, 0), cols: axis(width, 1) })
}

fn check_depth_multiplier(operands: &Operands<'_>, depth_multiplier: usize) -> Result<(), String> {
    let [.., channels] = operands.sizes(operands.input(0)?)?;
    let [.., outputs] = operands.sizes(operands.input(1)?)?;
    if channels.checked_mul(depth_multiplier) == Some(outputs) {
        return Ok(());
    }
    Err(format!("depth multiplier is {depth_multiplier}: {channels} channels do not give {outputs} outputs"))
}

fn elementwise(operands: &Operands<'_>, activation: Activation) -> Result<Operator, String> {
    let (a, b) = (operands.quantized(operands.input(0)?)?, operands.quantized(operands.input(1)?)?);
    let y = operands.quantized(operands.output()?)?;
    let bounds = operands.runtime.bounds(activation, y)?;
    let (zero_points, scales) = ([a.zero_point, b.zero_point], [a.scale, b.scale, y.scale]);
    let name = &*operands.operator.name;
    match (name, operands.runtime) {
        ("MUL", Runtime::Tflm | Runtime::LitertReference) => {
            let requantization = operands.runtime.requantization(Layer::Product, [a.scale, b.scale], y, bounds);
            requantization.map(|requantization| Operator::Mul { zero_points, requantization })
        }
        ("MUL", runtime) => return Err(unknown(runtime)),
        (_, Runtime::Xnnpack) => XnnpackAdd::new(scales, name == "SUB", y.zero_point, bounds)
            .map(|parameters| Operator::XnnpackAdd { zero_points, parameters }),
        _ => AddParameters::new(AddParameters::LEFT_SHIFT_8, scales, y.zero_point.into(), bounds).map(|parameters| {
            match name {
                "SUB" => Operator::Sub { zero_points, parameters },
                _ => Operator::Add { zero_points, parameters },
            }
        }),
    }
    .map_err(|e| e.to_string())
}

fn unknown(runtime: Runtime) -> String {
    format!("what {runtime} computes here is not known to the last bit")
}

fn softmax(operands: &Operands<'_>, beta: f32) -> Result<Operator, String> {
    if !matches!(operands.runtime, Runtime::Tflm | Runtime::LitertReference) {
        return Err(unknown(operands.runtime));
    }
    let (x, y) = (operands.quantized(operands.input(0)?)?, operands.quantized(operands.output()?)?);
    if (y.scale, y.zero_point) != (1.0 / 256.0, -128) {
        return Err(format!("output has scale {:e} and zero point {}: must be 1/256 and -128", y.scale, y.zero_point));
    }
    SoftmaxParameters::new(beta, x.scale).map(Operator::Softmax).map_err(|e| e.to_string())
}

/// RESHAPE, PAD, QUANTIZE and DEQUANTIZE.
fn unparametrized(operands: &Operands<'_>, input: usize, output: usize) -> Result<Operator, String> {
    let runtime = operands.runtime;
    let from_float = operands.tensor(input).element == ElementType::Float32;
    Ok(match &*operands.operator.name {
        "QUANTIZE" if from_float => {
            let y = operands.quantized(output)?;
            let rounding = runtime.quantize_rounding();
            Operator::Quantize(Quantizer { scale: y.scale, zero_point: y.zero_point, bounds: Bounds::INT8, rounding })
        }
        "QUANTIZE" if runtime == Runtime::Xnnpack => return Err(unknown(runtime)),
        "QUANTIZE" => {
            let (x, y) = (operands.quantized(input)?, operands.quantized(output)?);
            // A factor of two scales, rounded as that of a convolution.
            let requantization = runtime.requantization(Layer::Convolution, [x.scale, 1.0], y, Bounds::INT8);
            let requantization = requantization.map_err(|e| e.to_string())?;
            Operator::Requantize { zero_point: x.zero_point, requantization }
        }
        "DEQUANTIZE" => {
            let x = operands.quantized(input)?;
            operands.float(output)?;
            Operator::Dequantize { zero_point: x.zero_point, scale: x.scale }
        }
        "PAD" => {
            let y = operands.same_quantization(input, output)?;
            let padding = paddings(operands, operands.input(1)?)?;
            check_padded(&operands.tensor(input).shape, &padding, &operands.tensor(output).shape)?;
            Operator::Pad { padding, value: y.zero_point }
        }
        _ => {
            match from_float {
                true => operands.float(output)?,
                false => drop(operands.same_quantization(input, output)?),
            }
            Operator::Reshape
        }
    })
}

/// Before anything of that size is made.
fn check_padded(input: &[usize], padding: &[[usize; 2]], output: &[usize]) -> Result<(), String> {
    let padded = input.iter().zip(padding).map(|(n, [before, after])| n.saturating_add(*before).saturating_add(*after));
    if input.len() == padding.len() && padded.eq(output.iter().copied()) {
        return Ok(());
    }
    Err(format!("paddings {padding:?} do not make shape {output:?} of {input:?}"))
}

/// Pairs of before and after, a constant of INT32 or INT64.
fn paddings(operands: &Operands<'_>, index: usize) -> Result<Vec<[usize; 2]>, String> {
    let tensor = operands.tensor(index);
    let values: Vec<i64> = match &tensor.data {
        Some(Data::I32(data)) => data.iter().map(|&v| v.into()).collect(),
        Some(Data::I64(data)) => data.clone(),
        _ => return Err(format!("tensor {index} is {}: paddings must be a constant of INT32", tensor.element)),
    };
    let size = |v: i64| usize::try_from(v).map_err(|_| format!("padding is {v}: must be at least 0"));
    values.as_chunks().0.iter().map(|&[before, after]| Ok([size(before)?, size(after)?])).collect()
}
