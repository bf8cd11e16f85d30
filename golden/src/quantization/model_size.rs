//! Bytes of a model at any bit width and granularity. Only parameters are counted. The structure of a file comes on
//! top.

use std::collections::BTreeSet;

use super::Granularity;
use crate::Error;
use crate::import::tflite::{Data, Model, Operator, Tensor};
use crate::types::within;

/// Bytes of `parameters` numbers (up to 2^56) of `bits` bits (1..=64), packed: `ceil(parameters * bits / 8)`.
///
/// # Errors
/// If `parameters` or `bits` is out of range.
pub fn bytes(parameters: u64, bits: u32) -> Result<u64, Error> {
    within("bits", bits.into(), 1..=64)?;
    within("parameters", i64::try_from(parameters).unwrap_or(i64::MAX), 0..=1 << 56)?;
    Ok((parameters * u64::from(bits)).div_ceil(8))
}

/// How many numbers of `bits` bits (1..=64) there are in `bytes`: 50 MB of FP32 are 12.5 M parameters.
///
/// # Errors
/// If `bits` is out of range.
pub fn parameters(bytes: u64, bits: u32) -> Result<u64, Error> {
    within("bits", bits.into(), 1..=64)?;
    // No more than 8 numbers in a byte.
    Ok(u64::try_from(u128::from(bytes) * 8 / u128::from(bits)).unwrap_or(u64::MAX))
}

/// How weights are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Storage {
    /// as floats, 4 bytes each
    Float32,
    /// as integers
    Quantized {
        /// bits of a weight, 1..=64; a zero point has as many
        bits: u32,
        /// who shares a scale
        granularity: Granularity,
        /// zero points are not kept, as all are 0
        symmetric: bool,
    },
}

/// A layer's parameters, counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LayerShape {
    /// output channels
    pub channels: usize,
    /// weights of a channel, at least 1
    pub inputs: usize,
    /// biases: none, or one for each channel
    pub biases: usize,
}

/// Bytes, by what they are for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ModelSize {
    /// weights, packed
    pub weights: u64,
    /// scales, float32
    pub scales: u64,
    /// zero points, of as many bits as a weight
    pub zero_points: u64,
    /// biases, 4 bytes each: int32 or float32
    pub biases: u64,
}

impl ModelSize {
    /// The sum of all.
    pub fn total(&self) -> u64 {
        self.weights + self.scales + self.zero_points + self.biases
    }
}

/// Bytes of `layers`, each packed by itself.
///
/// # Errors
/// If the bit width, or the number of weights of a layer, is out of range.
pub fn size(layers: &[LayerShape], storage: Storage) -> Result<ModelSize, Error> {
    let mut all = ModelSize::default();
    for &LayerShape { channels, inputs, biases } in layers {
        all.biases += 4 * biases as u64;
        let weights = channels as u64 * inputs as u64;
        match storage {
            Storage::Float32 => all.weights += 4 * weights,
            Storage::Quantized { bits, granularity, symmetric } => {
                let pairs = if weights == 0 { 0 } else { granularity.count(channels, inputs) as u64 };
                all.weights += bytes(weights, bits)?;
                all.scales += 4 * pairs;
                all.zero_points += if symmetric { 0 } else { bytes(pairs, bits)? };
            }
        }
    }
    Ok(all)
}

/// The layers with weights of `model`: `FULLY_CONNECTED`, `CONV_2D` and `DEPTHWISE_CONV_2D`. Weights that several of
/// them share are counted once, and so are biases. [`size`] then gives the bytes of the model at another width.
pub fn layers(model: &Model) -> Vec<LayerShape> {
    let mut seen = BTreeSet::new();
    let mut first = |tensor: Option<usize>| tensor.filter(|t| seen.insert(*t)).and_then(|t| constant(model, t));
    let mut layers = Vec::new();
    for (operator, channel_axis) in model.operators().iter().filter_map(|o| Some((o, channel_axis(o)?))) {
        let weights = first(input(operator, 1));
        let biases = first(input(operator, 2)).map_or(0, elements);
        let channels = weights.and_then(|w| w.shape.get(channel_axis)).copied().unwrap_or(0);
        let inputs = weights.map_or(0, elements).checked_div(channels).unwrap_or(0).max(1);
        layers.push(LayerShape { channels, inputs, biases });
    }
    layers
}

/// Bytes that the layers of `model` take as they are stored: weights and biases by their types, and a float32 scale
/// and an int64 zero point for each part, as `.tflite` has them, of weights and biases alike.
pub fn stored_size(model: &Model) -> ModelSize {
    let mut seen = BTreeSet::new();
    let mut all = ModelSize::default();
    for operator in model.operators().iter().filter(|o| channel_axis(o).is_some()) {
        for (position, sum) in [(1, &mut all.weights), (2, &mut all.biases)] {
            let fresh = input(operator, position).filter(|t| seen.insert(*t));
            let Some(tensor) = fresh.and_then(|t| constant(model, t)) else { continue };
            *sum += tensor.data.as_ref().map_or(0, data_bytes);
            let pairs = tensor.quantization.as_ref().map_or(0, |q| q.scales.len() as u64);
            all.scales += 4 * pairs;
            all.zero_points += 8 * pairs;
        }
    }
    all
}

/// The dimension of the output channels in the weights of an operator that has weights.
fn channel_axis(operator: &Operator) -> Option<usize> {
    match &*operator.name {
        "FULLY_CONNECTED" | "CONV_2D" => Some(0),
        "DEPTHWISE_CONV_2D" => Some(3),
        _ => None,
    }
}

fn input(operator: &Operator, position: usize) -> Option<usize> {
    operator.inputs.get(position).copied().flatten()
}

fn constant(model: &Model, index: usize) -> Option<&Tensor> {
    model.tensors().get(index).filter(|t| t.data.is_some())
}

fn elements(tensor: &Tensor) -> usize {
    tensor.shape.iter().product()
}

fn data_bytes(data: &Data) -> u64 {
    let bytes = match data {
        Data::F32(v) => size_of_val(&v[..]),
        Data::I8(v) => size_of_val(&v[..]),
        Data::U8(v) => size_of_val(&v[..]),
        Data::I16(v) => size_of_val(&v[..]),
        Data::I32(v) => size_of_val(&v[..]),
        Data::I64(v) => size_of_val(&v[..]),
        Data::Bytes(v) => size_of_val(&v[..]),
    };
    bytes as u64
}
