//! Counts the parameters of a model: of its layers with weights, whatever their types are. A float model has
//! parameters, too, so they are counted in the file and not in a graph.

use std::collections::BTreeSet;

use crate::import::tflite::{Data, Model, Operator, Tensor};
use crate::quantization::model_size::{LayerShape, ModelSize};

/// The layers with weights of `model`: `FULLY_CONNECTED`, `CONV_2D` and `DEPTHWISE_CONV_2D`. Weights that several of
/// them share are counted once, and so are biases. [`size`](crate::quantization::model_size::size) then gives the bytes
/// of the model at another width.
pub fn layer_shapes(model: &Model) -> Vec<LayerShape> {
    let mut seen = BTreeSet::new();
    let mut first = |tensor: Option<usize>| tensor.filter(|t| seen.insert(*t)).and_then(|t| constant(model, t));
    let mut layers = Vec::new();
    for (operator, channel_axis) in model.operators().iter().filter_map(|o| Some((o, o.channel_axis()?))) {
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
    for operator in model.operators().iter().filter(|o| o.channel_axis().is_some()) {
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
