//! What the tensors of one layer must be. Complaints leave out which tensor it is: the caller knows.

use crate::MultiplierWidth;
use crate::import::tflite::{Data, ElementType, FullyConnected, Quantization, Quantized, Tensor};
use crate::multiplier::quantize_multiplier;

/// Weights, symmetric, with one scale or one for each output.
pub(super) struct Weights<'a> {
    pub(super) n: usize,
    pub(super) k: usize,
    pub(super) data: &'a [i8],
    pub(super) scales: &'a [f32],
}

impl Weights<'_> {
    /// Of an owned layer without its name: 1 for a weight, 4 for each of the bias, scale, multiplier and shift of an
    /// output, and the layer itself.
    pub(super) fn bytes_of_layer(&self) -> usize {
        let outputs = self.n.saturating_mul(16);
        size_of::<FullyConnected>().saturating_add(self.data.len()).saturating_add(outputs)
    }
}

pub(super) fn weights(tensor: &Tensor) -> Result<Weights<'_>, String> {
    let Some(Data::I8(data)) = &tensor.data else {
        return Err(format!("is {}: weights must be a constant of INT8", kind(tensor)));
    };
    let [n, k] = tensor.shape[..] else {
        return Err(format!("shape {:?}: weights must have shape [outputs, inputs]", tensor.shape));
    };
    let Quantization { scales, zero_points, dimension } = quantization(tensor)?;
    if let Some(c) = zero_points.iter().position(|zero_point| *zero_point != 0) {
        return Err(format!("zero point {c} is {}: must be 0 for int8 weights", zero_points[c]));
    }
    if *dimension != 0 {
        return Err(format!("scales along dimension {dimension}: must be dimension 0, the outputs"));
    }
    Ok(Weights { n, k, data, scales })
}

pub(super) fn activation(tensor: &Tensor) -> Result<Quantized, String> {
    if tensor.element != ElementType::Int8 || tensor.data.is_some() {
        return Err(format!("is {}: inputs and outputs must be activations of INT8", kind(tensor)));
    }
    let Quantization { scales, zero_points, .. } = quantization(tensor)?;
    match (&scales[..], &zero_points[..]) {
        // In the range of int8: the reader has checked it.
        (&[scale], &[zero_point]) => Ok(Quantized { scale, zero_point: zero_point as i32 }),
        _ => Err(format!("{} scales: must be 1 for an activation", scales.len())),
    }
}

/// The bias of each output. The reference lets its scale stray from that of the accumulator by 2 % of an output step.
pub(super) fn bias(tensor: &Tensor, weights: &Weights<'_>, input: f32, output: f32) -> Result<Vec<i32>, String> {
    const MAX_STRAY: f64 = 0.02;
    let n = weights.n;
    let Some(Data::I32(bias)) = &tensor.data else {
        return Err(format!("is {}: a bias must be a constant of INT32", kind(tensor)));
    };
    if tensor.shape[..] != [n] {
        return Err(format!("shape {:?}: must be [{n}] for the bias of {n} outputs", tensor.shape));
    }
    // Without a scale of its own the bias is at that of the accumulator.
    let Some(Quantization { scales, zero_points, .. }) = &tensor.quantization else {
        return Ok(bias.clone());
    };
    if let Some(c) = zero_points.iter().position(|zero_point| *zero_point != 0) {
        return Err(format!("zero point {c} is {}: must be 0 for a bias", zero_points[c]));
    }
    if scales.len() != weights.scales.len() {
        return Err(format!("{} scales: must be {}, as many as of the weights", scales.len(), weights.scales.len()));
    }
    for (c, (scale, weight)) in scales.iter().zip(weights.scales).enumerate() {
        let accumulator = f64::from(input) * f64::from(*weight);
        if (accumulator - f64::from(*scale)).abs() > MAX_STRAY * f64::from(output) {
            return Err(format!(
                "scale {c} is {scale:e}: must be {accumulator:e}, that of the input times the weights'"
            ));
        }
    }
    Ok(bias.clone())
}

/// The multiplier and shift of each weight scale: `scale of input * scale of weights / scale of output`.
pub(super) fn multipliers(input: f32, weights: &[f32], output: f32) -> Result<Vec<(i32, i32)>, String> {
    let factor = |weight: f32| match weights {
        // One scale: the reference multiplies in float32, and this shows in the last bits of the multiplier.
        [_] => f64::from(input * weight) / f64::from(output),
        _ => f64::from(input) * f64::from(weight) / f64::from(output),
    };
    let quantize = |(c, weight): (usize, &f32)| {
        let factor = factor(*weight);
        let scale = quantize_multiplier(factor, MultiplierWidth::W32).map_err(|why| format!("factor {c}: {why}"))?;
        Ok((scale.multiplier() as i32, scale.shift()))
    };
    weights.iter().enumerate().map(quantize).collect()
}

fn quantization(tensor: &Tensor) -> Result<&Quantization, String> {
    tensor.quantization.as_ref().ok_or_else(|| "is not quantized: must have a scale and a zero point".to_owned())
}

/// For messages.
fn kind(tensor: &Tensor) -> String {
    let kind = if tensor.data.is_some() { "a constant" } else { "an activation" };
    format!("{kind} of {}", tensor.element)
}
