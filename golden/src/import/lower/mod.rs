//! From an operator of a model to what runs.

use super::runtime::Layer;
use crate::graph::operator::{Kernel, Weighted};
use operands::Operands;
mod operands;

use super::Runtime;
use crate::Bounds;
use crate::gemm::Matrix;
use crate::graph::Error;
use crate::import::tflite::{Activation, Budget, Data, ElementType, FullyConnected, Model, Options, Padding};
use crate::operators::{AddParameters, Axis, Quantizer, SoftmaxParameters, Window, XnnpackAdd};

/// Names of the operators that can be run.
pub(crate) const SUPPORTED: [&str; 13] = [
    "ADD",
    "AVERAGE_POOL_2D",
    "CONV_2D",
    "DEPTHWISE_CONV_2D",
    "DEQUANTIZE",
    "FULLY_CONNECTED",
    "MAX_POOL_2D",
    "MUL",
    "PAD",
    "QUANTIZE",
    "RESHAPE",
    "SOFTMAX",
    "SUB",
];

/// An operator, its tensors by their index, and what it costs.
pub(crate) struct Lowered {
    pub(crate) inputs: Vec<usize>,
    pub(crate) output: usize,
    pub(crate) macs: u64,
    pub(crate) kernel: Kernel,
}

/// Operator `index` of the model, which is one of [`SUPPORTED`], as `runtime` computes it.
pub(crate) fn lower(model: &Model, index: usize, runtime: Runtime, budget: &mut Budget) -> Result<Lowered, Error> {
    let operator = &model.operators()[index];
    if let Options::FullyConnected { activation, .. } = operator.options {
        let layer = model.fully_connected(index, budget)?;
        return fully_connected(model, index, runtime, activation, layer);
    }
    // Constants are written out as i32.
    for &input in operator.inputs.iter().flatten() {
        if model.tensors()[input].data.is_some() {
            budget.take(model.tensors()[input].shape.iter().product::<usize>().saturating_mul(4))?;
        }
    }
    let operands = Operands { model, operator, runtime };
    other(operands).map_err(|what| fail(model, index, what))
}

fn fail(model: &Model, index: usize, what: String) -> Error {
    Error::Operator { index, name: model.operators()[index].name.to_string(), what }
}

fn fully_connected(
    model: &Model,
    index: usize,
    runtime: Runtime,
    activation: Activation,
    layer: FullyConnected,
) -> Result<Lowered, Error> {
    let fail = |what: String| fail(model, index, what);
    let operator = &model.operators()[index];
    let kind = Layer::FullyConnected { per_channel: layer.weight_scales.len() > 1 };
    let bounds = runtime.bounds(activation, layer.output).map_err(fail)?;
    let scale = |&w: &f32| runtime.requantizer(kind, [layer.input.scale, w], layer.output, bounds);
    let scales = layer.weight_scales.iter().map(scale).collect::<Result<_, _>>().map_err(|e| fail(e.to_string()))?;
    let weights = layer.weights.iter().map(|&w| w.into()).collect();
    let weights = Matrix::new("weights", layer.outputs, layer.inputs, weights).map_err(|e| fail(e.to_string()))?;
    let output = operator.outputs[0];
    let elements: usize = model.tensors()[output].shape.iter().product();
    Ok(Lowered {
        inputs: operator.inputs.iter().take(1).copied().flatten().collect(),
        output,
        macs: elements as u64 * layer.inputs as u64,
        kernel: Kernel::FullyConnected(Weighted {
            weights,
            bias: layer.bias,
            scales,
            zero_point: layer.input.zero_point,
        }),
    })
}

fn other(operands: Operands<'_>) -> Result<Lowered, String> {
    let output = operands.output()?;
    let mut inputs = vec![operands.input(0)?];
    let mut macs = 0;
    let name = &*operands.operator.name;
    let kernel = match operands.operator.options {
        Options::Conv2d { padding, stride, dilation, activation } => {
            let layer = operands.weighted(0, activation)?;
            macs = convolution_macs(&operands, output, |[_, rows, cols, depth]| rows * cols * depth)?;
            let window = window(&operands, filter(&operands)?, padding, stride, dilation)?;
            Kernel::Conv2d(layer, window)
        }
        Options::DepthwiseConv2d { padding, stride, dilation, depth_multiplier, activation } => {
            let layer = operands.weighted(3, activation)?;
            check_depth_multiplier(&operands, depth_multiplier)?;
            macs = convolution_macs(&operands, output, |[_, rows, cols, _]| rows * cols)?;
            let window = window(&operands, filter(&operands)?, padding, stride, dilation)?;
            Kernel::DepthwiseConv2d(layer, window)
        }
        Options::Pool2d { padding, stride, filter, activation } => {
            let y = operands.same_quantization(inputs[0], output)?;
            let bounds = operands.runtime.bounds(activation, y)?;
            let window = window(&operands, filter, padding, stride, [1, 1])?;
            match name {
                "MAX_POOL_2D" => Kernel::MaxPool { filter, window, bounds },
                _ => Kernel::AveragePool { filter, window, bounds },
            }
        }
        Options::Elementwise { activation } => {
            inputs.push(operands.input(1)?);
            elementwise(&operands, activation)?
        }
        Options::Softmax { beta } => softmax(&operands, beta)?,
        _ => unparametrized(&operands, inputs[0], output)?,
    };
    Ok(Lowered { inputs, output, macs, kernel })
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

/// Outputs times taps.
fn convolution_macs(operands: &Operands<'_>, output: usize, taps: impl Fn([usize; 4]) -> usize) -> Result<u64, String> {
    let elements: usize = operands.sizes(output)?.iter().product();
    Ok(elements as u64 * taps(operands.sizes(operands.input(1)?)?) as u64)
}

fn check_depth_multiplier(operands: &Operands<'_>, depth_multiplier: usize) -> Result<(), String> {
    let [.., channels] = operands.sizes(operands.input(0)?)?;
    let [.., outputs] = operands.sizes(operands.input(1)?)?;
    if channels.checked_mul(depth_multiplier) == Some(outputs) {
        return Ok(());
    }
    Err(format!("depth multiplier is {depth_multiplier}: {channels} channels do not give {outputs} outputs"))
}

fn elementwise(operands: &Operands<'_>, activation: Activation) -> Result<Kernel, String> {
    let (a, b) = (operands.quantized(operands.input(0)?)?, operands.quantized(operands.input(1)?)?);
    let y = operands.quantized(operands.output()?)?;
    let bounds = operands.runtime.bounds(activation, y)?;
    let (zero_points, scales) = ([a.zero_point, b.zero_point], [a.scale, b.scale, y.scale]);
    let name = &*operands.operator.name;
    match (name, operands.runtime) {
        ("MUL", Runtime::Tflm | Runtime::LitertReference) => {
            let scale = operands.runtime.requantizer(Layer::Product, [a.scale, b.scale], y, bounds);
            scale.map(|scale| Kernel::Mul { zero_points, scale })
        }
        ("MUL", runtime) => return Err(unknown(runtime)),
        (_, Runtime::Xnnpack) => XnnpackAdd::new(scales, name == "SUB", y.zero_point, bounds)
            .map(|parameters| Kernel::XnnpackAdd { zero_points, parameters }),
        _ => AddParameters::new(AddParameters::LEFT_SHIFT_8, scales, y.zero_point.into(), bounds).map(|parameters| {
            match name {
                "SUB" => Kernel::Sub { zero_points, parameters },
                _ => Kernel::Add { zero_points, parameters },
            }
        }),
    }
    .map_err(|e| e.to_string())
}

fn unknown(runtime: Runtime) -> String {
    format!("what {runtime} computes here is not known to the last bit")
}

fn softmax(operands: &Operands<'_>, beta: f32) -> Result<Kernel, String> {
    if !matches!(operands.runtime, Runtime::Tflm | Runtime::LitertReference) {
        return Err(unknown(operands.runtime));
    }
    let (x, y) = (operands.quantized(operands.input(0)?)?, operands.quantized(operands.output()?)?);
    if (y.scale, y.zero_point) != (1.0 / 256.0, -128) {
        return Err(format!("output has scale {:e} and zero point {}: must be 1/256 and -128", y.scale, y.zero_point));
    }
    SoftmaxParameters::new(beta, x.scale).map(Kernel::Softmax).map_err(|e| e.to_string())
}

/// RESHAPE, PAD, QUANTIZE and DEQUANTIZE.
fn unparametrized(operands: &Operands<'_>, input: usize, output: usize) -> Result<Kernel, String> {
    let runtime = operands.runtime;
    let from_float = operands.tensor(input).element == ElementType::Float32;
    Ok(match &*operands.operator.name {
        "QUANTIZE" if from_float => {
            let y = operands.quantized(output)?;
            let rounding = runtime.quantize_rounding();
            Kernel::Quantize(Quantizer { scale: y.scale, zero_point: y.zero_point, bounds: Bounds::INT8, rounding })
        }
        "QUANTIZE" if runtime == Runtime::Xnnpack => return Err(unknown(runtime)),
        "QUANTIZE" => {
            let (x, y) = (operands.quantized(input)?, operands.quantized(output)?);
            // A factor of two scales, rounded as that of a convolution.
            let scale = runtime.requantizer(Layer::Convolution, [x.scale, 1.0], y, Bounds::INT8);
            Kernel::Requantize { zero_point: x.zero_point, scale: scale.map_err(|e| e.to_string())? }
        }
        "DEQUANTIZE" => {
            let x = operands.quantized(input)?;
            Kernel::Dequantize { zero_point: x.zero_point, scale: x.scale }
        }
        "PAD" => {
            let y = operands.same_quantization(input, output)?;
            let padding = paddings(operands, operands.input(1)?)?;
            check_padded(&operands.tensor(input).shape, &padding, &operands.tensor(output).shape)?;
            Kernel::Pad { padding, value: y.zero_point }
        }
        _ => {
            if !from_float {
                operands.same_quantization(input, output)?;
            }
            Kernel::Reshape
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
