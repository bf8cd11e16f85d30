//! Weights of 9 bits as sums of two of 8, which the array reads one after the other.
//!
//! Where weights of 8 bits have a zero point, they have up to 9 bits without it. `x w` is `x a + x b` if `w` is `a + b`.
//! So the input of such a layer is put beside itself, channel by channel, and the layer has `a` for the first one and `b`
//! for the second one: it takes twice the clocks of the array, and the weights twice the memory.

use std::collections::HashMap;

use anyhow::Result;
use qrtl_golden::gemm::Matrix;
use qrtl_golden::graph::{Graph, Operator, Step};
use qrtl_golden::operators::Array;

/// Puts a concatenation before each layer of the array that has such weights. A weight of 255 is no such sum, and the layer
/// stays as it is; so does one that has groups.
pub(super) fn halve_weights(graph: &mut Graph) -> Result<()> {
    let mut steps = Vec::new();
    let mut doubled: HashMap<usize, usize> = HashMap::new();
    for mut step in std::mem::take(&mut graph.steps) {
        let input = step.inputs[0];
        let channels = graph.tensors[input].shape.last().copied().unwrap_or(1);
        if let Some(operator) = halved(&step.operator, channels)? {
            let output = *doubled.entry(input).or_insert_with(|| {
                let mut both = graph.tensors[input].clone();
                let axis = both.shape.len() - 1;
                both.shape[axis] = 2 * channels;
                graph.tensors.push(both);
                let output = graph.tensors.len() - 1;
                let operator = Operator::Concatenation { axis };
                steps.push(Step { inputs: vec![input, input], output, operator, ..step.clone() });
                output
            });
            (step.operator, step.inputs[0]) = (operator, output);
        }
        steps.push(step);
    }
    graph.steps = steps;
    Ok(())
}

/// The layer for an input that stands beside itself, if it has weights of 9 bits and sums all channels.
fn halved(operator: &Operator, channels: usize) -> Result<Option<Operator>> {
    let mut operator = operator.clone();
    match &mut operator {
        Operator::FullyConnected(layer) if layer.weights.cols() == channels => {
            let Some(data) = halves(layer.weights.data(), channels) else { return Ok(None) };
            layer.weights = Matrix::new("weights", layer.weights.rows(), 2 * channels, data)?;
        }
        Operator::Conv2d { layer, .. } if layer.weights.shape().last() == Some(&channels) => {
            let Some(data) = halves(layer.weights.data(), channels) else { return Ok(None) };
            let mut shape = layer.weights.shape().to_vec();
            shape[3] = 2 * channels;
            layer.weights = Array::new("weights", shape, data)?;
        }
        _ => return Ok(None),
    }
    Ok(Some(operator))
}

/// For each `channels` weights what 8 bits hold of them, and then the rest. `None` if no weight has a rest, or a rest has
/// more than 8 bits.
fn halves(weights: &[i32], channels: usize) -> Option<Vec<i32>> {
    let first = |w: i32| w.clamp(i8::MIN.into(), i8::MAX.into());
    let is_byte = |w: i32| first(w) == w;
    let fits = !weights.iter().all(|&w| is_byte(w)) && weights.iter().all(|&w| is_byte(w - first(w)));
    let both = |weights: &[i32]| -> Vec<i32> {
        let rest = weights.iter().map(|&w| w - first(w));
        weights.iter().map(|&w| first(w)).chain(rest).collect()
    };
    fits.then(|| weights.chunks(channels).flat_map(both).collect())
}
