//! Post-training quantization of a network: calibrate, quantize, run.

use super::{Network, Operation};
use crate::Error;
use crate::graph::{self, Graph, Value};
use crate::operators::Array;
use crate::quantization::calibration::calibrate;
use crate::quantization::model_size::{ModelSize, Storage, size};
use crate::quantization::{
    Calibration, Format, Granularity, Parameters, QuantizedWeights, Rounding, Symmetry, WeightQuantization, dequantize,
    quantize,
};

/// How a network is quantized.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Scheme {
    /// integers and symmetry of the weights, who shares a scale, and the range that it covers
    pub weights: WeightQuantization,
    /// integers and symmetry of the values between the layers
    pub activations: Format,
    /// the range that their scales cover
    pub calibration: Calibration,
}

impl Scheme {
    /// The parameters of every value, from its elements for the calibration set. A pool's output has the parameters of
    /// its input, as TFLite demands.
    ///
    /// # Errors
    /// If the calibration set has another shape than inputs, or a value is not finite; and the errors of [`calibrate`].
    pub fn calibrate(&self, network: &Network, calibration_set: &Array<f32>) -> Result<Vec<Parameters>, Error> {
        let mut all: Vec<Parameters> = Vec::new();
        for (v, value) in network.run(calibration_set)?.iter().enumerate() {
            // Value v is the output of node v - 1.
            let node = v.checked_sub(1).map(|i| &network.nodes()[i]);
            let pooled = node.filter(|n| matches!(n.operation, Operation::AveragePool(_) | Operation::MaxPool(_)));
            all.push(match pooled {
                Some(node) => all[node.inputs[0]],
                None => calibrate(value.data(), self.calibration, self.activations)?,
            });
        }
        Ok(all)
    }

    /// The network in integers. With weights per group, an output has no single multiplier, and the network is in
    /// floats on the grids of the integers.
    ///
    /// # Errors
    /// The errors of [`Scheme::calibrate`], which makes `activations`, and of [`Network::graph`].
    pub fn quantize(&self, network: &Network, activations: &[Parameters]) -> Result<QuantizedNetwork, Error> {
        let arithmetic = match self.weights.granularity {
            Granularity::PerGroup(_) => {
                let through = |_, w: &_| QuantizedWeights::new(w, &self.weights)?.dequantized();
                Arithmetic::Rounded(network.with_weights(through)?)
            }
            _ => Arithmetic::Integer(network.graph(&self.weights, activations)?),
        };
        Ok(QuantizedNetwork { arithmetic, activations: activations.to_vec() })
    }

    /// Bytes of the network's weights, biases, scales and zero points.
    ///
    /// # Errors
    /// Weights of 2 to 16 bits cause none.
    pub fn size(&self, network: &Network) -> Result<ModelSize, Error> {
        let format = self.weights.format;
        let count = format.integers.max() - format.integers.min();
        let symmetric = format.symmetry != Symmetry::Asymmetric;
        let storage =
            Storage::Quantized { bits: 64 - count.leading_zeros(), granularity: self.weights.granularity, symmetric };
        size(&network.layer_shapes(), storage)
    }
}

/// The reason why a quantized network does not run.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum RunError {
    /// the input has another shape or is not a number somewhere, or a value is beyond float32
    #[error(transparent)]
    Value(#[from] Error),
    /// a step leaves the contract of its operator
    #[error(transparent)]
    Step(#[from] graph::Error),
}

/// A network after quantization.
#[derive(Debug, Clone, PartialEq)]
pub struct QuantizedNetwork {
    arithmetic: Arithmetic,
    activations: Vec<Parameters>,
}

#[derive(Debug, Clone, PartialEq)]
enum Arithmetic {
    /// integers throughout
    Integer(Graph),
    /// floats, where weights and every value are rounded to the grids of integers
    Rounded(Network),
}

impl QuantizedNetwork {
    /// Whether the network is made of integers, and not of rounded floats.
    pub fn is_integer(&self) -> bool {
        matches!(self.arithmetic, Arithmetic::Integer(_))
    }

    /// The last value for a batch of inputs. Inputs and outputs are real, and both are quantized (ties to even).
    ///
    /// # Errors
    /// If the input has another shape or is not a number somewhere, or a sum leaves the accumulator of 32 bits.
    pub fn run(&self, input: &Array<f32>) -> Result<Array<f32>, RunError> {
        let last = self.activations.len() - 1;
        match &self.arithmetic {
            Arithmetic::Integer(graph) => {
                let integer = |&x: &f32| quantize(x, &self.activations[0], Rounding::HalfEven);
                let output = run_batch(graph, input.try_map(integer)?)?;
                Ok(output.try_map(|&q| Ok(dequantize(q, &self.activations[last])))?)
            }
            Arithmetic::Rounded(network) => {
                let through = |v: usize, value: Array<f32>| {
                    let p = &self.activations[v];
                    value.try_map(|&x| Ok(dequantize(quantize(x, p, Rounding::HalfEven)?, p)))
                };
                Ok(network.run_through(input, through).map(|mut values| values.swap_remove(last))?)
            }
        }
    }
}

/// The outputs of a network's graph for a batch of inputs. The graph takes one input, and the batch is the first
/// dimension of every tensor.
fn run_batch(graph: &Graph, inputs: Array) -> Result<Array, RunError> {
    let batch = inputs.shape().first().copied().unwrap_or(0);
    let mut of_batch = graph.clone();
    for tensor in &mut of_batch.tensors {
        tensor.shape[0] = batch;
    }
    let output = of_batch.run(&Value::Integer(inputs))?.pop();
    match output {
        Some(Value::Integer(output)) => Ok(output),
        _ => Err(Error::Shape { what: "network", got: Vec::new(), expected: "at least one node".to_owned() }.into()),
    }
}
