//! A small float network as a graph, and the same in integers.
//!
//! - [`Network`]: layers with weights, sums of two values, and pooling, run in floats as the reference;
//! - [`Scheme`]: how a network is quantized, and [`Scheme::quantize`], which calibrates and quantizes;
//! - [`QuantizedNetwork`]: the result. It is in integers if one multiplier serves all terms of an output, else in
//!   floats that are rounded to the grids of the integers.
//!
//! Values are `[batch, height, width, channels]`; a dense layer takes all but the batch as one row and gives
//! `[batch, 1, 1, outputs]`. A batch norm is folded
//! ([`BatchNorm::fold`](crate::quantization::batch_norm::BatchNorm::fold)) before its layer becomes part of the
//! network.

mod convolution;
mod float;
mod integer;
mod scheme;

pub use convolution::Convolution;
pub use scheme::{QuantizedNetwork, RunError, Scheme};

use crate::Error;
use crate::quantization::FloatMatrix;
use crate::quantization::model_size::LayerShape;

/// The elements that a layer with weights sums over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// every element: weights are `[outputs, height * width * channels]`
    Dense,
    /// a window of all channels: weights are `[outputs, height * width * channels]` of the filter
    Conv2d(Convolution),
    /// a window of its own channel: weights are `[channels, height * width]` of the filter
    DepthwiseConv2d(Convolution),
}

impl Kind {
    /// The operator's name in TensorFlow Lite.
    pub fn name(self) -> &'static str {
        match self {
            Kind::Dense => "FULLY_CONNECTED",
            Kind::Conv2d(_) => "CONV_2D",
            Kind::DepthwiseConv2d(_) => "DEPTHWISE_CONV_2D",
        }
    }
}

/// A layer with weights: `y[o] = sum x * w[o] + bias[o]`, with negative outputs set to 0 if it has a relu.
#[derive(Debug, Clone, PartialEq)]
pub struct Layer {
    /// the elements that it sums over
    pub kind: Kind,
    /// a row for each output channel
    pub weights: FloatMatrix,
    /// one bias for each output channel
    pub bias: Vec<f32>,
    /// outputs below 0 become 0
    pub relu: bool,
}

/// The operation of a node on its inputs.
#[derive(Debug, Clone, PartialEq)]
pub enum Operation {
    /// a layer with weights, of one value
    Layer(Layer),
    /// the sum of two values of one shape
    Add {
        /// sums below 0 become 0
        relu: bool,
    },
    /// the mean of each channel under a window, of one value
    AveragePool(Convolution),
    /// the greatest of each channel under a window, of one value
    MaxPool(Convolution),
}

impl Operation {
    /// The operator's name in TensorFlow Lite.
    pub fn name(&self) -> &'static str {
        match self {
            Operation::Layer(layer) => layer.kind.name(),
            Operation::Add { .. } => "ADD",
            Operation::AveragePool(_) => "AVERAGE_POOL_2D",
            Operation::MaxPool(_) => "MAX_POOL_2D",
        }
    }
}

/// An operation and the values that it is applied to.
#[derive(Debug, Clone, PartialEq)]
pub struct Node {
    /// the operation
    pub operation: Operation,
    /// the values that it takes: 0 is the network's input, `i + 1` the output of node `i`
    pub inputs: Vec<usize>,
}

impl Node {
    /// The node that applies `operation` to values.
    pub fn new(operation: Operation, inputs: impl Into<Vec<usize>>) -> Node {
        Node { operation, inputs: inputs.into() }
    }
}

/// Nodes in the order in which they run. The output of the last node is the output of the network.
#[derive(Debug, Clone, PartialEq)]
pub struct Network {
    nodes: Vec<Node>,
    /// shapes of every value, without the batch
    shapes: Vec<[usize; 3]>,
}

impl Network {
    /// A network for inputs of `[height, width, channels]`.
    ///
    /// # Errors
    /// If there is no node; if a node takes a value that does not stand before it, or another number of values than its
    /// operation needs; or if shapes disagree.
    pub fn new(input: [usize; 3], nodes: Vec<Node>) -> Result<Network, Error> {
        if nodes.is_empty() || input.contains(&0) {
            let expected = "an input with elements, and at least one node".to_owned();
            return Err(Error::Shape { what: "network", got: input.to_vec(), expected });
        }
        let mut shapes = vec![input];
        for node in &nodes {
            let inputs = node.inputs.iter().map(|&i| shapes.get(i).copied().ok_or(i)).collect::<Result<Vec<_>, _>>();
            let inputs = inputs.map_err(|value| missing(value, shapes.len()))?;
            shapes.push(output_shape(&node.operation, &inputs)?);
        }
        Ok(Network { nodes, shapes })
    }

    /// The nodes, in the order in which they run.
    pub fn nodes(&self) -> &[Node] {
        &self.nodes
    }

    /// `[height, width, channels]` of every value: the input, then the output of every node.
    pub fn shapes(&self) -> &[[usize; 3]] {
        &self.shapes
    }

    /// The layers with weights.
    pub fn layers(&self) -> impl Iterator<Item = &Layer> {
        self.nodes.iter().filter_map(|node| match &node.operation {
            Operation::Layer(layer) => Some(layer),
            _ => None,
        })
    }

    /// The numbers of parameters of the layers, for [`size`](crate::quantization::model_size::size).
    pub fn layer_shapes(&self) -> Vec<LayerShape> {
        let count =
            |l: &Layer| LayerShape { channels: l.weights.rows(), inputs: l.weights.cols(), biases: l.bias.len() };
        self.layers().map(count).collect()
    }

    /// The same network with other weights, of the same shapes: `f` gets the number of the layer, counting layers with
    /// weights only, and its weights.
    ///
    /// # Errors
    /// The errors of `f`; and if a shape differs.
    pub fn with_weights(
        &self,
        f: impl Fn(usize, &FloatMatrix) -> Result<FloatMatrix, Error>,
    ) -> Result<Network, Error> {
        let mut nodes = self.nodes.clone();
        let operations = nodes.iter_mut().map(|node| &mut node.operation);
        let layers = operations.filter_map(|o| if let Operation::Layer(layer) = o { Some(layer) } else { None });
        for (i, layer) in layers.enumerate() {
            layer.weights = f(i, &layer.weights)?;
        }
        Network::new(self.shapes[0], nodes)
    }
}

/// Checks that a node takes a value that exists.
fn missing(value: usize, values: usize) -> Error {
    let limit = |n: usize| i64::try_from(n).unwrap_or(i64::MAX);
    Error::OutOfRange { what: "inputs", min: 0, max: limit(values - 1), got: limit(value) }
}

/// `[height, width, channels]` of the output of an operation on inputs of these shapes.
fn output_shape(operation: &Operation, inputs: &[[usize; 3]]) -> Result<[usize; 3], Error> {
    let needed = if matches!(operation, Operation::Add { .. }) { 2 } else { 1 };
    if inputs.len() != needed {
        return Err(Error::Shape { what: "inputs", got: vec![inputs.len()], expected: format!("[{needed}]") });
    }
    match operation {
        Operation::Layer(layer) => layer_shape(layer, inputs[0]),
        Operation::AveragePool(pool) | Operation::MaxPool(pool) => pool.outputs(inputs[0], inputs[0][2]),
        Operation::Add { .. } if inputs[0] == inputs[1] => Ok(inputs[0]),
        Operation::Add { .. } => {
            let expected = format!("{:?}, as the other operand", inputs[0]);
            Err(Error::Shape { what: "inputs", got: inputs[1].to_vec(), expected })
        }
    }
}

fn layer_shape(layer: &Layer, [height, width, channels]: [usize; 3]) -> Result<[usize; 3], Error> {
    let (outputs, cols) = (layer.weights.rows(), layer.weights.cols());
    let (rows, terms) = match layer.kind {
        Kind::Dense => (outputs, height * width * channels),
        Kind::Conv2d(c) => (outputs, c.taps() * channels),
        Kind::DepthwiseConv2d(c) => (channels, c.taps()),
    };
    if (outputs, cols) != (rows, terms) {
        let expected = format!("[{rows}, {terms}]");
        return Err(Error::Shape { what: "weights", got: vec![outputs, cols], expected });
    }
    if layer.bias.len() != outputs {
        return Err(Error::Shape { what: "bias", got: vec![layer.bias.len()], expected: format!("[{outputs}]") });
    }
    match layer.kind {
        Kind::Dense => Ok([1, 1, outputs]),
        Kind::Conv2d(c) | Kind::DepthwiseConv2d(c) => c.outputs([height, width, channels], outputs),
    }
}
