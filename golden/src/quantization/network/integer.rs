//! The network in integers, by the operators of golden with TFLite's rounding.

use super::{Convolution, Kind, Layer, Network, Node, Operation};
use crate::gemm::{self, Matrix, fully_connected};
use crate::operators::{AddParameters, Array, Operand, Window, add, average_pool, conv2d, depthwise_conv2d, max_pool};
use crate::quantization::modes::sums;
use crate::quantization::{Parameters, QuantizedWeights, WeightQuantization};
use crate::{Bounds, Error, Requantization, Rule};

/// A network of which nothing is a float any more, beside the scales of its input and output.
///
/// Zero points of weights are subtracted beforehand: `w - zw`, of up to 9 bits for weights of 8, is what the operators take,
/// so that each channel can have one of its own.
#[derive(Debug, Clone, PartialEq)]
pub struct IntegerNetwork {
    kernels: Vec<(Kernel, Vec<usize>)>,
    /// of every value, without the batch
    shapes: Vec<[usize; 3]>,
}

#[derive(Debug, Clone, PartialEq)]
enum Kernel {
    Dense(Matrix, Sums),
    Conv2d(Array, Window, Sums),
    DepthwiseConv2d(Array, Window, Sums),
    Add([i32; 2], AddParameters),
    AveragePool(Convolution, Bounds),
    MaxPool(Convolution, Bounds),
}

/// What goes with the weights of a layer.
#[derive(Debug, Clone, PartialEq)]
struct Sums {
    /// of the input
    zero_point: i32,
    bias: Vec<i32>,
    scales: Vec<Requantization>,
}

impl IntegerNetwork {
    /// `activations` has the parameters of every value, those of a pool's output being those of its input.
    ///
    /// # Errors
    /// If there is another number of parameters, weights are per group, or a scale has no multiplier.
    pub fn new(
        network: &Network,
        weights: &WeightQuantization,
        activations: &[Parameters],
    ) -> Result<IntegerNetwork, Error> {
        if activations.len() != network.shapes().len() {
            let expected = format!("[{}], one for each value", network.shapes().len());
            return Err(Error::Shape { what: "activations", got: vec![activations.len()], expected });
        }
        let kernel = |(i, node): (usize, &Node)| {
            let inputs: Vec<Parameters> = node.inputs.iter().map(|&v| activations[v]).collect();
            let depth = network.shapes()[node.inputs[0]][2];
            Ok((kernel(&node.operation, depth, weights, &inputs, &activations[i + 1])?, node.inputs.clone()))
        };
        let kernels = network.nodes().iter().enumerate().map(kernel).collect::<Result<_, Error>>()?;
        Ok(IntegerNetwork { kernels, shapes: network.shapes().to_vec() })
    }

    /// Every value for a batch of inputs, which are integers already: the input itself, then the output of every node.
    ///
    /// # Errors
    /// If the input has another shape, or a sum leaves the accumulator of 32 bits.
    pub fn run(&self, input: &Array) -> Result<Vec<Array>, Error> {
        let mut values = vec![input.clone()];
        for (i, (kernel, inputs)) in self.kernels.iter().enumerate() {
            let value = kernel.run(&values[inputs[0]], inputs.get(1).map(|&b| &values[b]), self.shapes[i + 1])?;
            values.push(value);
        }
        Ok(values)
    }
}

/// The least integer is that of 0.0 after a relu.
fn bounds(output: &Parameters, relu: bool) -> Result<Bounds, Error> {
    let (integers, zero) = (output.integers(), i64::from(output.zero_point()));
    Bounds::new(if relu { zero.max(integers.min()) } else { integers.min() }, integers.max())
}

/// `depth` is the number of channels of the first input.
fn kernel(
    operation: &Operation,
    depth: usize,
    how: &WeightQuantization,
    inputs: &[Parameters],
    output: &Parameters,
) -> Result<Kernel, Error> {
    match operation {
        Operation::Layer(layer) => layer_kernel(layer, depth, how, &inputs[0], output),
        Operation::Add { relu } => {
            let scales = [inputs[0].scale(), inputs[1].scale(), output.scale()];
            let (zero_point, bounds) = (output.zero_point().into(), bounds(output, *relu)?);
            let parameters = AddParameters::new(AddParameters::LEFT_SHIFT_8, scales, zero_point, bounds)?;
            Ok(Kernel::Add([inputs[0].zero_point(), inputs[1].zero_point()], parameters))
        }
        Operation::AveragePool(pool) => Ok(Kernel::AveragePool(*pool, output.integers())),
        Operation::MaxPool(pool) => Ok(Kernel::MaxPool(*pool, output.integers())),
    }
}

fn layer_kernel(
    layer: &Layer,
    depth: usize,
    how: &WeightQuantization,
    input: &Parameters,
    output: &Parameters,
) -> Result<Kernel, Error> {
    let weights = QuantizedWeights::new(&layer.weights, how)?;
    let (bias, scales) = sums(&weights, &layer.bias, input, output, bounds(output, layer.relu)?, Rule::TfliteDouble)?;
    let sums = Sums { zero_point: input.zero_point(), bias, scales };
    let (rows, cols) = (weights.matrix().rows(), weights.matrix().cols());
    let integer = |r, c| weights.matrix().at(r, c) - weights.parameters_at(r, c).zero_point();
    let by_row = || (0..rows * cols).map(|i| integer(i / cols, i % cols)).collect();
    Ok(match layer.kind {
        Kind::Dense => Kernel::Dense(Matrix::new("weights", rows, cols, by_row())?, sums),
        Kind::Conv2d(Convolution { filter: [height, width], window }) => {
            Kernel::Conv2d(Array::new("weights", vec![rows, height, width, depth], by_row())?, window, sums)
        }
        Kind::DepthwiseConv2d(Convolution { filter: [height, width], window }) => {
            let by_tap = (0..rows * cols).map(|i| integer(i % rows, i / rows)).collect();
            Kernel::DepthwiseConv2d(Array::new("weights", vec![1, height, width, rows], by_tap)?, window, sums)
        }
    })
}

impl Kernel {
    /// `b` is the second operand of a sum; `shape` is that of an output without the batch.
    fn run(&self, x: &Array, b: Option<&Array>, shape: [usize; 3]) -> Result<Array, Error> {
        let operand = |array, zero_point| Operand { array, zero_point };
        match self {
            Kernel::Dense(weights, sums) => dense(x, weights, sums, shape),
            Kernel::Conv2d(weights, window, s) => {
                conv2d(operand(x, s.zero_point), operand(weights, 0), &s.bias, window, &s.scales)
            }
            Kernel::DepthwiseConv2d(weights, window, s) => {
                depthwise_conv2d(operand(x, s.zero_point), operand(weights, 0), &s.bias, window, &s.scales)
            }
            // A sum has two operands by the contract of a network.
            Kernel::Add([za, zb], parameters) => add(operand(x, *za), operand(b.unwrap_or(x), *zb), parameters),
            Kernel::AveragePool(pool, bounds) => average_pool(x, pool.filter, &pool.window, *bounds),
            Kernel::MaxPool(pool, bounds) => max_pool(x, pool.filter, &pool.window, *bounds),
        }
    }
}

fn dense(x: &Array, weights: &Matrix, sums: &Sums, [height, width, outputs]: [usize; 3]) -> Result<Array, Error> {
    let (k, batch) = (weights.cols(), x.data().len() / weights.cols());
    let input = Matrix::new("input", batch, k, x.data().to_vec())?;
    let input = gemm::Operand { matrix: &input, zero_point: sums.zero_point };
    let weights = gemm::Operand { matrix: weights, zero_point: 0 };
    let output = fully_connected(input, weights, &sums.bias, &sums.scales)?;
    Array::new("output", vec![batch, height, width, outputs], output.data().to_vec())
}
