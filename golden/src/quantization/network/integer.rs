//! The network in integers, as a graph of TFLite's operators with TFLM's rounding.

use super::{Convolution, Kind, Layer, Network, Node, Operation};
use crate::gemm::Matrix;
use crate::graph::{Element, Graph, Operator, Quantized, Step, Tensor, Weighted};
use crate::numerics::AnyRequantization;
use crate::operators::{AddParameters, Array};
use crate::quantization::modes::biases_and_requantizations;
use crate::quantization::{Parameters, QuantizedWeights, WeightQuantization};
use crate::{Bounds, Error, Rule};

impl Network {
    /// The graph of the network for one input, whose tensors are the network's values. `activations` has the parameters
    /// of every value. A pool's output has the parameters of its input.
    ///
    /// Zero points of weights are subtracted beforehand. The operators take `w - zw`, of up to 9 bits for weights of 8
    /// bits, so that each channel can have a zero point of its own.
    ///
    /// # Errors
    /// If the number of parameters is wrong, weights are per group, or a scale has no multiplier.
    pub fn graph(&self, weights: &WeightQuantization, activations: &[Parameters]) -> Result<Graph, Error> {
        if activations.len() != self.shapes().len() {
            let expected = format!("[{}], one for each value", self.shapes().len());
            return Err(Error::Shape { what: "activations", got: vec![activations.len()], expected });
        }
        let step = |(index, node): (usize, &Node)| {
            let inputs: Vec<Parameters> = node.inputs.iter().map(|&v| activations[v]).collect();
            let depth = self.shapes()[node.inputs[0]][2];
            let operator = operator(&node.operation, depth, weights, &inputs, &activations[index + 1])?;
            let name = node.operation.name().to_owned();
            Ok(Step { index, name, inputs: node.inputs.clone(), output: index + 1, operator })
        };
        let steps = self.nodes().iter().enumerate().map(step).collect::<Result<Vec<_>, Error>>()?;
        let tensors = self.shapes().iter().zip(activations).enumerate();
        let tensors = tensors.map(|(value, (shape, parameters))| tensor(value, *shape, parameters)).collect();
        Ok(Graph { tensors, inputs: vec![0], outputs: vec![steps.len()], steps, variables: Vec::new() })
    }
}

fn tensor(value: usize, [height, width, channels]: [usize; 3], parameters: &Parameters) -> Tensor {
    Tensor {
        name: format!("value {value}"),
        shape: vec![1, height, width, channels],
        element: Element::Integer(parameters.integers()),
        quantization: Some(Quantized { scale: parameters.scale(), zero_point: parameters.zero_point() }),
        constant: None,
    }
}

/// After a relu, the least integer is the integer of 0.0.
fn bounds(output: &Parameters, relu: bool) -> Result<Bounds, Error> {
    let (integers, zero) = (output.integers(), i64::from(output.zero_point()));
    Bounds::new(if relu { zero.max(integers.min()) } else { integers.min() }, integers.max())
}

/// `depth` is the number of channels of the first input.
fn operator(
    operation: &Operation,
    depth: usize,
    how: &WeightQuantization,
    inputs: &[Parameters],
    output: &Parameters,
) -> Result<Operator, Error> {
    Ok(match operation {
        Operation::Layer(layer) => layer_operator(layer, depth, how, &inputs[0], output)?,
        Operation::Add { relu } => {
            let scales = [inputs[0].scale(), inputs[1].scale(), output.scale()];
            let (zero_point, bounds) = (output.zero_point().into(), bounds(output, *relu)?);
            let parameters = AddParameters::new(AddParameters::LEFT_SHIFT_8, scales, zero_point, bounds)?;
            Operator::Add { zero_points: [inputs[0].zero_point(), inputs[1].zero_point()], parameters }
        }
        &Operation::AveragePool(Convolution { filter, window }) => {
            Operator::AveragePool { filter, window, bounds: output.integers() }
        }
        &Operation::MaxPool(Convolution { filter, window }) => {
            Operator::MaxPool { filter, window, bounds: output.integers() }
        }
    })
}

fn layer_operator(
    layer: &Layer,
    depth: usize,
    how: &WeightQuantization,
    input: &Parameters,
    output: &Parameters,
) -> Result<Operator, Error> {
    let quantized = QuantizedWeights::new(&layer.weights, how)?;
    let bounds = bounds(output, layer.relu)?;
    let (bias, requantizations) =
        biases_and_requantizations(&quantized, &layer.bias, input, output, bounds, Rule::TfliteDouble)?;
    let requantizations = requantizations.into_iter().map(AnyRequantization::Fixed).collect();
    let input_zero_point = input.zero_point();
    let (rows, cols) = (quantized.matrix().rows(), quantized.matrix().cols());
    let integer = |r, c| quantized.matrix().at(r, c) - quantized.parameters_at(r, c).zero_point();
    let by_row = || (0..rows * cols).map(|i| integer(i / cols, i % cols)).collect();
    Ok(match layer.kind {
        Kind::Dense => {
            let weights = Matrix::new("weights", rows, cols, by_row())?;
            Operator::FullyConnected(Weighted { weights, bias, requantizations, input_zero_point })
        }
        Kind::Conv2d(Convolution { filter: [height, width], window }) => {
            let weights = Array::new("weights", vec![rows, height, width, depth], by_row())?;
            Operator::Conv2d { layer: Weighted { weights, bias, requantizations, input_zero_point }, window }
        }
        Kind::DepthwiseConv2d(Convolution { filter: [height, width], window }) => {
            let by_tap = (0..rows * cols).map(|i| integer(i % rows, i / rows)).collect();
            let weights = Array::new("weights", vec![1, height, width, rows], by_tap)?;
            Operator::DepthwiseConv2d { layer: Weighted { weights, bias, requantizations, input_zero_point }, window }
        }
    })
}
