//! The layers of each network, with weights from the arrays of a `.npz` file in Keras' order and layouts.

use std::path::Path;

use anyhow::{Result, anyhow};
use qrtl_golden::import::npy::npz::Archive;
use qrtl_golden::quantization::FloatMatrix;
use qrtl_golden::quantization::batch_norm::BatchNorm;
use qrtl_golden::quantization::network::{Convolution, Kind, Layer, Network, Node, Operation};

/// Number of digits, and so of logits.
pub const CLASSES: usize = 10;

/// Height and width of an image in pixels.
pub(super) const SIZE: usize = 8;

/// Epsilon of the batch norms: Keras' default, with which the networks were trained.
const EPSILON: f32 = 1e-3;

qrtl_golden::words! {
    /// The networks, by their names in the names of files.
    pub enum Architecture: "model" {
        /// dense 64 to 32 with relu, dense 32 to 10
        Mlp = "mlp",
        /// two convolutions, the second with stride 2, a depthwise one, average pool, dense
        Cnn = "cnn",
        /// two convolutions with batch norms, the second's output added to its input, max pool, dense
        Rescnn = "rescnn",
    }
}

impl Architecture {
    /// The network with the weights of `NAME_float_weights.npz` in `dir`, batch norms folded.
    ///
    /// # Errors
    /// If the file cannot be read or holds other arrays.
    pub fn read(self, dir: &Path) -> Result<Network> {
        let file = format!("{}_float_weights.npz", self.name());
        let archive = Archive::read(dir.join(&file)).map_err(|cause| anyhow!("{file}: {cause}"))?;
        network(self, &archive).map_err(|what| anyhow!("{file}: {what}"))
    }
}

/// The network with these arrays, which stand in the order of the layers.
fn network(architecture: Architecture, archive: &Archive) -> Result<Network, String> {
    let mut weights = Weights { archive, names: archive.names().collect::<Vec<_>>().into_iter() };
    let nodes = match architecture {
        Architecture::Mlp => mlp(&mut weights),
        Architecture::Cnn => cnn(&mut weights),
        Architecture::Rescnn => rescnn(&mut weights),
    }?;
    if let Some(name) = weights.names.next() {
        return Err(format!("array {name:?} is one too many"));
    }
    Network::new([SIZE, SIZE, 1], nodes).map_err(|e| e.to_string())
}

fn mlp(weights: &mut Weights<'_>) -> Result<Vec<Node>, String> {
    Ok(vec![
        node(Operation::Layer(weights.layer(Kind::Dense, &[64, 32], true)?), 0),
        node(Operation::Layer(weights.layer(Kind::Dense, &[32, CLASSES], false)?), 1),
    ])
}

fn cnn(weights: &mut Weights<'_>) -> Result<Vec<Node>, String> {
    let first = Kind::Conv2d(Convolution::same(3, 1, [SIZE; 2]));
    let second = Kind::Conv2d(Convolution::same(3, 2, [SIZE; 2]));
    let third = Kind::DepthwiseConv2d(Convolution::same(3, 1, [SIZE / 2; 2]));
    Ok(vec![
        node(Operation::Layer(weights.layer(first, &[3, 3, 1, 8], true)?), 0),
        node(Operation::Layer(weights.layer(second, &[3, 3, 8, 16], true)?), 1),
        node(Operation::Layer(weights.layer(third, &[3, 3, 16, 1], true)?), 2),
        node(Operation::AveragePool(Convolution::tiles(2)), 3),
        node(Operation::Layer(weights.layer(Kind::Dense, &[64, CLASSES], false)?), 4),
    ])
}

fn rescnn(weights: &mut Weights<'_>) -> Result<Vec<Node>, String> {
    let convolution = Kind::Conv2d(Convolution::same(3, 1, [SIZE; 2]));
    Ok(vec![
        node(Operation::Layer(weights.normalized(convolution, &[3, 3, 1, 8], true)?), 0),
        node(Operation::Layer(weights.normalized(convolution, &[3, 3, 8, 8], false)?), 1),
        Node::new(Operation::Add { relu: true }, [1, 2]),
        node(Operation::MaxPool(Convolution::tiles(2)), 3),
        node(Operation::Layer(weights.layer(Kind::Dense, &[128, CLASSES], false)?), 4),
    ])
}

fn node(operation: Operation, input: usize) -> Node {
    Node::new(operation, [input])
}

/// The arrays, which are taken one after another.
struct Weights<'a> {
    archive: &'a Archive,
    names: std::vec::IntoIter<&'a str>,
}

impl Weights<'_> {
    /// The next array, which must have this shape.
    fn array(&mut self, shape: &[usize]) -> Result<Vec<f32>, String> {
        let name = self.names.next().ok_or_else(|| format!("an array of shape {shape:?} is missing"))?;
        let array = self.archive.array(name).map_err(|e| e.to_string())?;
        if array.shape != shape {
            return Err(format!("{name}: shape {:?}, expected {shape:?}", array.shape));
        }
        Ok(array.data)
    }

    /// Weights with a row for each output, from a kernel in one of Keras' layouts: dense inputs x outputs, convolution
    /// HWIO, depthwise HWI1. In the first two the outputs are the last dimension, in the third they are the one before
    /// it.
    fn kernel(&mut self, shape: &[usize]) -> Result<FloatMatrix, String> {
        let data = self.array(shape)?;
        let outputs = shape.iter().rev().copied().find(|&n| n > 1).unwrap_or(1);
        let kernel = FloatMatrix::new("kernel", data.len() / outputs, outputs, data).map_err(|e| e.to_string())?;
        Ok(kernel.transposed())
    }

    /// Takes a kernel and its bias.
    fn layer(&mut self, kind: Kind, shape: &[usize], relu: bool) -> Result<Layer, String> {
        let weights = self.kernel(shape)?;
        let bias = self.array(&[weights.rows()])?;
        Ok(Layer { kind, weights, bias, relu })
    }

    /// Takes a kernel without bias and the batch norm after it (gamma, beta, mean, variance), and folds them.
    fn normalized(&mut self, kind: Kind, shape: &[usize], relu: bool) -> Result<Layer, String> {
        let weights = self.kernel(shape)?;
        let channels = weights.rows();
        let mut list = || self.array(&[channels]);
        let (gamma, beta, mean, variance) = (list()?, list()?, list()?, list()?);
        let norm = BatchNorm::new(gamma, beta, mean, variance, EPSILON).map_err(|e| e.to_string())?;
        let (weights, bias) = norm.fold(&weights, &vec![0.0; channels]).map_err(|e| e.to_string())?;
        Ok(Layer { kind, weights, bias, relu })
    }
}
