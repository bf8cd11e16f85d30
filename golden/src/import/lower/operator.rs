//! From an operator of a model to the operator of a graph.

use super::operands::Operands;
use crate::graph::Operator;
use crate::import::Runtime;
use crate::import::runtime::Layer;
use crate::import::tflite::{self, Activation, Data, ElementType, Options, Padding};
use crate::operators::{Axis, LogSoftmaxParameters, Quantizer, SoftmaxParameters, Spread, Window, XnnpackConvert};

/// An operator, and the tensors of the model that it is applied to.
pub(super) struct Lowered {
    pub(super) inputs: Vec<usize>,
    pub(super) output: usize,
    pub(super) operator: Operator,
}

/// A supported operator, as the runtime computes it.
pub(super) fn lower(operands: Operands<'_>) -> Result<Vec<Lowered>, String> {
    match (&*operands.operator.name, operands.operator.options) {
        ("SPLIT", _) => return operands.split(),
        ("SPLIT_V", _) => return operands.split_v(),
        (_, Options::Unpack { axis }) => return operands.unpack(axis),
        _ => {}
    }
    if let Options::TransposeConv { padding, stride, activation } = operands.operator.options {
        return Ok(vec![transpose_conv(operands, padding, stride, activation)?]);
    }
    let output = operands.output()?;
    let mut inputs = vec![operands.input(0)?];
    let operator = match operands.operator.options {
        Options::FullyConnected { keep_num_dims, activation } => {
            Operator::FullyConnected(operands.fully_connected(keep_num_dims, activation)?)
        }
        Options::Conv2d { padding, stride, dilation, activation } => {
            let layer = operands.convolution(activation)?;
            let window = window(&operands, filter(&operands)?, padding, stride, dilation)?;
            Operator::Conv2d { layer, window }
        }
        Options::DepthwiseConv2d { padding, stride, dilation, depth_multiplier, activation } => {
            let layer = operands.depthwise(activation)?;
            check_depthwise(&operands, depth_multiplier)?;
            let window = window(&operands, filter(&operands)?, padding, stride, dilation)?;
            Operator::DepthwiseConv2d { layer, window }
        }
        Options::Pool2d { padding, stride, filter, activation } => {
            let (y, whole) = operands.unscaled(inputs[0], output)?;
            let bounds = operands.runtime.bounds(activation, y, whole)?;
            let window = window(&operands, filter, padding, stride, [1, 1])?;
            match &*operands.operator.name {
                "MAX_POOL_2D" => Operator::MaxPool { filter, window, bounds },
                _ => Operator::AveragePool { filter, window, bounds },
            }
        }
        Options::StridedSlice { masks, offset } => operands.strided_slice(inputs[0], output, masks, offset)?,
        Options::Pack { axis } => {
            inputs = operands.inputs()?;
            operands.pack(&inputs, output, axis)?
        }
        Options::Resize(alignment) => operands.resize(inputs[0], output, alignment)?,
        Options::LeakyRelu { alpha } => Operator::Table { entries: operands.leaky_relu(alpha)? },
        Options::Elementwise { activation } => {
            let other = operands.input(1)?;
            if other == inputs[0] && &*operands.operator.name == "MUL" && operands.runtime == Runtime::Xnnpack {
                operands.square(activation)?
            } else {
                inputs.push(other);
                operands.elementwise(activation)?
            }
        }
        Options::Concatenation { axis, activation } => {
            inputs = operands.inputs()?;
            operands.concatenation(&inputs, axis, activation)?
        }
        Options::Reducer { keep_dims } => operands.reduced(keep_dims)?,
        Options::Softmax { beta } => softmax(&operands, beta)?,
        Options::None if matches!(&*operands.operator.name, "MAXIMUM" | "MINIMUM") => {
            inputs.push(operands.input(1)?);
            operands.moved(&inputs, output)?;
            Operator::Extremum { greatest: &*operands.operator.name == "MAXIMUM" }
        }
        Options::None if &*operands.operator.name == "PRELU" => {
            inputs.push(operands.input(1)?);
            operands.prelu()?
        }
        Options::None if &*operands.operator.name == "SQUARED_DIFFERENCE" => {
            inputs.push(operands.input(1)?);
            operands.squared_difference()?
        }
        Options::TransposeConv { .. }
        | Options::Unpack { .. }
        | Options::VarHandle { .. }
        | Options::CallOnce { .. }
        | Options::None
        | Options::Unread => unparametrized(&operands, inputs[0], output)?,
    };
    Ok(vec![Lowered { inputs, output, operator }])
}

/// TRANSPOSE_CONV has the size of its output first, and its input third.
fn transpose_conv(
    operands: Operands<'_>,
    padding: Padding,
    stride: [usize; 2],
    activation: Activation,
) -> Result<Lowered, String> {
    let (input, output) = (operands.input(2)?, operands.output()?);
    let (sizes, [_, rows, cols, _]) = (operands.known(0, "the size of the output")?, operands.sizes(output)?);
    let weights = operands.input(1)?;
    let ([batch, .., channels], [outputs, height, width, depth]) = (operands.sizes(input)?, operands.sizes(weights)?);
    if depth != channels || sizes != [batch, rows, cols, outputs].map(|size| size as i64) {
        let [x, w, y] = [input, weights, output].map(|index| &operands.tensor(index).shape);
        return Err(format!("input {x:?}, weights {w:?}, size {sizes:?} and output {y:?} do not agree"));
    }
    let inputs = [&[Some(input), Some(weights)], operands.operator.inputs.get(3..).unwrap_or_default()].concat();
    let reordered = tflite::Operator { inputs, ..operands.operator.clone() };
    let layer = Operands { operator: &reordered, ..operands }.transpose_convolution(activation)?;
    let same = padding == Padding::Same;
    let spreads = [Spread::new(rows, height, stride[0], same), Spread::new(cols, width, stride[1], same)];
    Ok(Lowered { inputs: vec![input], output, operator: Operator::TransposeConv { layer, spreads } })
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

/// LiteRT divides outputs by channels, and demands a bias of one dimension. The other runtimes obey the depth
/// multiplier.
fn check_depthwise(operands: &Operands<'_>, depth_multiplier: usize) -> Result<(), String> {
    let ([.., channels], [.., outputs]) = (operands.sizes(operands.input(0)?)?, operands.sizes(operands.input(1)?)?);
    let fits = match operands.runtime {
        Runtime::Tflm | Runtime::Xnnpack => channels.checked_mul(depth_multiplier) == Some(outputs),
        Runtime::LitertReference | Runtime::LitertBuiltin => outputs % channels == 0,
    };
    if !fits {
        return Err(format!(
            "depth multiplier is {depth_multiplier}: {channels} channels do not give {outputs} outputs"
        ));
    }
    match operands.tensor_of(2) {
        Some(bias) if operands.runtime != Runtime::Tflm && bias.shape.len() != 1 => {
            Err(format!("bias of shape {:?}: must be [{outputs}] for LiteRT", bias.shape))
        }
        _ => Ok(()),
    }
}

fn softmax(operands: &Operands<'_>, beta: f32) -> Result<Operator, String> {
    if !matches!(operands.runtime, Runtime::Tflm | Runtime::LitertReference) {
        return Err("what LiteRT's own kernel computes here is not known to the last bit".to_owned());
    }
    let (x, y) = (operands.quantized(operands.input(0)?)?, operands.quantized(operands.output()?)?);
    if (y.scale, y.zero_point) != (1.0 / 256.0, -128) {
        return Err(format!("output has scale {:e} and zero point {}: must be 1/256 and -128", y.scale, y.zero_point));
    }
    SoftmaxParameters::new(beta, x.scale).map(Operator::Softmax).map_err(|e| e.to_string())
}

fn log_softmax(operands: &Operands<'_>, input: usize, output: usize) -> Result<Operator, String> {
    if operands.runtime != Runtime::Tflm {
        return Err("what LiteRT computes here is not known to the last bit".to_owned());
    }
    let (x, y) = (operands.quantized(input)?, operands.quantized(output)?);
    if (y.scale, y.zero_point) != (1.0 / 16.0, 127) {
        return Err(format!("output has scale {:e} and zero point {}: must be 1/16 and 127", y.scale, y.zero_point));
    }
    LogSoftmaxParameters::new(x.scale).map(Operator::LogSoftmax).map_err(|e| e.to_string())
}

/// Lowers the operators without options that have one input with elements.
fn unparametrized(operands: &Operands<'_>, input: usize, output: usize) -> Result<Operator, String> {
    let from_float = operands.tensor(input).element == ElementType::Float32;
    Ok(match &*operands.operator.name {
        "QUANTIZE" => quantize(operands, input, output)?,
        "DEQUANTIZE" => {
            let (x, _) = operands.integers(input)?;
            operands.float(output)?;
            let rounding = operands.runtime.dequantize_rounding();
            Operator::Dequantize { zero_point: x.zero_point, scale: x.scale, rounding }
        }
        "PAD" => {
            operands.quantized(input)?;
            let (y, _) = operands.unscaled(input, output)?;
            Operator::Pad { padding: paddings(operands, input, output)?, value: y.zero_point }
        }
        "PADV2" => {
            operands.moved(&[input, operands.input(2)?], output)?;
            let value = match operands.tensor_of(2).and_then(|tensor| tensor.data.as_ref()) {
                Some(Data::I8(data)) if data.len() == 1 => data[0].into(),
                _ => return Err("the value of the padding must be a constant with 1 element".to_owned()),
            };
            Operator::Pad { padding: paddings(operands, input, output)?, value }
        }
        "LOG_SOFTMAX" => log_softmax(operands, input, output)?,
        "TRANSPOSE" => operands.transpose(input, output)?,
        "SLICE" => operands.slice(input, output)?,
        "ABS" | "HARD_SWISH" | "LOGISTIC" | "NEG" | "RELU" | "RELU6" | "TANH" => {
            Operator::Table { entries: operands.table()? }
        }
        // The elements are moved as they are, whatever the two scales are.
        _ => {
            let (x, y) = (operands.tensor(input).element, operands.tensor(output).element);
            match from_float {
                true => operands.float(output)?,
                false => drop((operands.integers(input)?, operands.integers(output)?)),
            }
            if x != y {
                return Err(format!("its input is {x} and its output {y}: must be the same"));
            }
            Operator::Reshape
        }
    })
}

fn quantize(operands: &Operands<'_>, input: usize, output: usize) -> Result<Operator, String> {
    let (runtime, from) = (operands.runtime, operands.tensor(input).element);
    let (y, bounds) = operands.integers(output)?;
    let to = operands.tensor(output).element;
    let missing = match from {
        ElementType::Int8 => false,
        ElementType::Uint8 => to != ElementType::Int8,
        _ => to == ElementType::Uint8,
    };
    if runtime == Runtime::Tflm && missing {
        return Err(format!("from {from} to {to}: TensorFlow Lite Micro has no such kernel"));
    }
    if from == ElementType::Float32 {
        let rounding = runtime.quantize_rounding();
        return Ok(Operator::Quantize(Quantizer { scale: y.scale, zero_point: y.zero_point, bounds, rounding }));
    }
    let (x, _) = operands.integers(input)?;
    let zero_point = x.zero_point;
    let rescaling = |in_group| runtime.requantization(Layer::Rescaling { in_group }, [x.scale, 1.0], y, bounds);
    match runtime {
        Runtime::Xnnpack => XnnpackConvert::new([x.scale, y.scale], y.zero_point, bounds)
            .map(|parameters| Operator::XnnpackConvert { zero_point, parameters }),
        Runtime::LitertBuiltin => rescaling(true)
            .and_then(|group| rescaling(false).map(|rest| Operator::LitertRequantize { zero_point, group, rest })),
        Runtime::Tflm | Runtime::LitertReference => {
            rescaling(false).map(|requantization| Operator::Requantize { zero_point, requantization })
        }
    }
    .map_err(|e| e.to_string())
}

/// Pairs of paddings before and after, which are input 1. Checks the padded shape before an array of this size is made.
fn paddings(operands: &Operands<'_>, input: usize, output: usize) -> Result<Vec<[usize; 2]>, String> {
    let [input, output] = [input, output].map(|index| &operands.tensor(index).shape);
    let values = operands.known(1, "paddings")?;
    let size = |v: i64| usize::try_from(v).map_err(|_| format!("padding is {v}: must be at least 0"));
    let pairs = values.as_chunks().0.iter().map(|&[before, after]| Ok([size(before)?, size(after)?]));
    let padding: Vec<[usize; 2]> = pairs.collect::<Result<_, String>>()?;
    let padded =
        input.iter().zip(&padding).map(|(n, [before, after])| n.saturating_add(*before).saturating_add(*after));
    if input.len() == padding.len() && padded.eq(output.iter().copied()) {
        return Ok(padding);
    }
    Err(format!("paddings {padding:?} do not make shape {output:?} of {input:?}"))
}
