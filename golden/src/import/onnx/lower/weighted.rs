//! Layers with weights: convolutions, and products of matrices ([`product`]).

mod product;

use super::Lowering;
use super::exactness::{Weights, exactness};
use super::fuse::{Activation, Argument, Call, Target};
use super::parameters::{Parameters, axis_of, bounds_of};
use super::place::Value;
use super::window::Windows;
use crate::graph::{Element, Operator, Weighted};
use crate::import::onnx::{Constant, Data, ElementType, Node, Runtime};
use crate::numerics::AnyRequantization;
use crate::operators::{Array, InPairs, transpose};
use crate::{RealRequantization, RealRule};

/// The parameters of a layer, with weights as the model has them.
struct Layer {
    /// raw weights
    raw: Array,
    zero_point: i32,
    /// the scale of the sum: one for all outputs, or one for each
    scales: Vec<f32>,
    bias: Vec<i32>,
}

impl Layer {
    /// The weights without their zero point.
    fn centred(&self, raw: &Array) -> Vec<i32> {
        raw.data().iter().map(|&w| w - self.zero_point).collect()
    }

    /// Factors `f32(scale / sy)`, with the zero point and the bounds of the output.
    fn requantizations(&self, output: &Target) -> Result<Vec<AnyRequantization>, String> {
        let (zero_point, bounds) = (output.scale.zero_point.into(), bounds_of(output.element));
        let requantization = |(c, scale): (usize, &f32)| {
            let factor = scale / output.scale.scale;
            RealRequantization::new(RealRule::F32Even, factor.into(), zero_point, bounds)
                .map(AnyRequantization::Real)
                .map_err(|why| format!("factor {c}: {why}"))
        };
        self.scales.iter().enumerate().map(requantization).collect()
    }
}

/// The weights of a layer in the model.
struct Operand<'c> {
    constant: &'c Constant,
    parameters: &'c Parameters,
    /// the dimension of the outputs
    axis: usize,
}

impl<'a> Lowering<'a> {
    pub(super) fn convolution(&mut self, call: &Call<'a>) -> Result<Value, String> {
        let (node, output) = (call.node, &call.output);
        let x = call.activation(0)?.clone();
        let weights = operand(call, 1)?;
        let shape = weights.constant.shape.clone();
        let [batch, channels, height, width] = x.value.image()?;
        let (outputs, depth, filter) = match (&shape[..], x.value.shape.len()) {
            (&[outputs, depth, width], 3) => (outputs, depth, [1, width]),
            (&[outputs, depth, height, width], 4) => (outputs, depth, [height, width]),
            _ => return Err(format!("weights of shape {shape:?} for an input of shape {:?}", x.value.shape)),
        };
        let groups = usize::try_from(self.integer(node, "group", 1)?).unwrap_or(0);
        if shape.contains(&0) || groups == 0 || depth.checked_mul(groups) != Some(channels) || outputs % groups != 0 {
            return Err(format!("weights of shape {shape:?} in {groups} groups for {channels} channels"));
        }
        let kernel = self.of_axes(node, "kernel_shape", x.value.shape.len(), 0)?;
        if node.attributes.contains_key("kernel_shape") && kernel != filter {
            return Err(format!("kernel_shape {kernel:?} for weights of shape {shape:?}"));
        }
        let layer = self.layer(node, &x, &weights, outputs, call.inputs.get(2), 1.0)?;
        let requantizations = layer.requantizations(output)?;
        let Windows { window, outputs: size, .. } = self.window(node, x.value.shape.len(), [height, width], filter)?;
        let raw = reshaped(&layer.raw, &[outputs, depth, filter[0], filter[1]], &[0, 2, 3, 1])?;
        // A channel by itself is summed by another kernel, in which nothing saturates.
        let by_itself = depth == 1 && outputs == groups;
        let alike = by_itself || is_alike(&x, &weights);
        let sums = Weights::of(weights.constant.element, alike, raw.data(), filter[0] * filter[1] * depth);
        let pairs = self.pairs(&x, &weights).filter(|_| !by_itself);
        let (element, of_weights) = (x.element, weights.constant.element);
        self.layers.push(exactness(node, call.qdq, element, of_weights, sums));
        let (bias, input_zero_point) = (layer.bias.clone(), x.scale.zero_point);
        let centred = |raw: &Array, shape: Vec<usize>| {
            Array::new("weights", shape, layer.centred(raw)).map_err(|e| e.to_string())
        };
        let operator = match pairs {
            None if depth == 1 && groups > 1 => {
                let by_taps = reshaped(&raw, &[outputs, filter[0], filter[1]], &[1, 2, 0])?;
                let weights = centred(&by_taps, vec![1, filter[0], filter[1], outputs])?;
                Operator::DepthwiseConv2d {
                    layer: Weighted { weights, bias, requantizations, input_zero_point },
                    window,
                }
            }
            pairs => {
                let weights = centred(&raw, raw.shape().to_vec())?;
                let layer = Weighted { weights, bias, requantizations, input_zero_point };
                match pairs {
                    None => Operator::Conv2d { layer, window },
                    Some(pairs) => Operator::OrtConv2d { layer, window, pairs },
                }
            }
        };
        let place = self.image(node, &x.value)?;
        let (sizes, kind) = ([batch, outputs, size[0], size[1]], (output.element, Some(output.scale)));
        self.image_output(node, &output.name, vec![place], x.value.shape.len(), sizes, kind, operator)
    }

    /// Weights, scales and bias, checked.
    fn layer(
        &mut self,
        node: &Node,
        x: &Activation,
        weights: &Operand<'_>,
        outputs: usize,
        bias: Option<&Argument<'a>>,
        alpha: f32,
    ) -> Result<Layer, String> {
        let Operand { constant, parameters, axis } = weights;
        let Constant { element, shape, data } = constant;
        let fits = match x.element {
            Element::INT8 => matches!(element, ElementType::Int8 | ElementType::Int4 | ElementType::Uint4),
            _ => matches!(element, ElementType::Int8 | ElementType::Uint8 | ElementType::Int4 | ElementType::Uint4),
        };
        let integers = data.integers().filter(|_| fits);
        let integers = integers.ok_or_else(|| format!("activations of {} by weights of {element}", x.element))?;
        let (scales, zero_points) = (&parameters.scales, &parameters.zero_points);
        if scales.len() > 1 && (scales.len() != outputs || !along(node, parameters, *axis, shape.len())) {
            return Err(format!("{} scales of weights of shape {shape:?}: must be one for each output", scales.len()));
        }
        let &[zero_point, ..] = &zero_points[..] else { return Err("no zero point of weights".to_owned()) };
        if zero_points.iter().any(|other| *other != zero_point) {
            return Err("several zero points of weights: ONNX Runtime has no such kernel".to_owned());
        }
        let of_outputs = size_of::<AnyRequantization>() * scales.len() + 4 * outputs;
        // Raw and centred weights, and those in another order, are there at a time.
        self.take(integers.len().saturating_mul(4).saturating_add(of_outputs))?;
        let sums: Vec<f32> = scales.iter().map(|scale| alpha * x.scale.scale * scale).collect();
        let bias = match bias {
            None => vec![0; outputs],
            Some(Argument::Activation(_)) => return Err("its bias is no constant".to_owned()),
            Some(Argument::Plain(bias) | Argument::Constant(bias, _)) => bias_of(bias, &sums, outputs, alpha)?,
        };
        let raw = Array::new("weights", shape.clone(), integers).map_err(|e| e.to_string())?;
        Ok(Layer { raw, zero_point, scales: sums, bias })
    }

    /// How ONNX Runtime sums on x86 without VNNI, if pairs can saturate.
    fn pairs(&self, x: &Activation, weights: &Operand<'_>) -> Option<InPairs> {
        let saturates = x.element == Element::UINT8 && weights.constant.element != ElementType::Uint8;
        let weight_zero_point = weights.parameters.zero_points[0];
        (self.runtime == Runtime::OnnxruntimeAvx2 && saturates).then_some(InPairs { weight_zero_point })
    }
}

/// Whether weights and activations have one type when ONNX Runtime multiplies them.
fn is_alike(x: &Activation, weights: &Operand<'_>) -> bool {
    x.element == Element::INT8 || weights.constant.element == ElementType::Uint8
}

fn operand<'c>(call: &'c Call<'_>, position: usize) -> Result<Operand<'c>, String> {
    match call.inputs.get(position) {
        Some(Argument::Constant(constant, parameters)) => Ok(Operand { constant, parameters, axis: 0 }),
        _ => Err("its weights are no constant integers with a scale".to_owned()),
    }
}

/// Whether several scales belong to the dimension of the outputs. Only DequantizeLinear says to which they belong.
fn along(node: &Node, parameters: &Parameters, axis: usize, rank: usize) -> bool {
    let integer_operator = node.operator.starts_with('Q') || node.operator == "MatMulIntegerToFloat";
    integer_operator || axis_of(parameters.axis, rank) == Ok(axis)
}

/// The bias of each output at the scale of its sum, to which a bias of floats is rounded.
fn bias_of(bias: &Constant, sums: &[f32], outputs: usize, alpha: f32) -> Result<Vec<i32>, String> {
    let scale = |c: usize| sums[if sums.len() == 1 { 0 } else { c }];
    let elements = bias.elements();
    if ![1, outputs].contains(&elements) || bias.shape.last().is_some_and(|&last| last != elements) {
        return Err(format!("a bias of shape {:?} for {outputs} outputs", bias.shape));
    }
    let of_output = |c: usize| if elements == 1 { 0 } else { c };
    match &bias.data {
        Data::I32(data) => Ok((0..outputs).map(|c| data[of_output(c)]).collect()),
        Data::F32(_) if alpha != 1.0 => Err("a bias of floats, and alpha is not 1".to_owned()),
        // The cast saturates.
        Data::F32(data) => Ok((0..outputs).map(|c| (data[of_output(c)] / scale(c)).round_ties_even() as i32).collect()),
        _ => Err(format!("a bias of {}: must be INT32 or FLOAT", bias.element)),
    }
}

/// The elements in this shape, with its dimensions in another order.
fn reshaped(array: &Array, shape: &[usize], order: &[usize]) -> Result<Array, String> {
    let array = crate::operators::reshape(array, shape).map_err(|e| e.to_string())?;
    transpose(&array, order).map_err(|e| e.to_string())
}
