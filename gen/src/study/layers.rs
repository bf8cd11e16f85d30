//! The accuracy that each layer loses by itself, and how far apart the ranges of its channels are.

use std::fmt;

use anyhow::Result;
use qrtl_golden::quantization::network::Layer;
use qrtl_golden::quantization::{Calibration, Granularity, QuantizedWeights, Symmetry};

use crate::digits::{Architecture, Images};
use crate::quantize::{Subject, percent, scheme};

/// Bits of the weights of the one layer that is quantized, few enough to lose accuracy.
pub const BITS: u32 = 3;

/// The head of the table of [`LayerLoss`].
pub const HEAD: &str =
    "each layer alone with weights of 3 bits:     terms of   channels'   max/rms   weight error %   points lost
model   layer                                an output  ranges      of all    tensor channel   tensor channel";

/// One layer of a network, the rest of which stays in floats.
pub struct LayerLoss {
    /// the network that has the layer
    pub architecture: Architecture,
    operator: &'static str,
    /// number of the layer, counting layers with weights only
    index: usize,
    /// weights that an output sums over
    inputs: usize,
    /// accuracy lost in points: per tensor, per channel
    pub losses: [f64; 2],
    /// relative error of the weights, root of the mean square, in percent: per tensor, per channel
    errors: [f64; 2],
    /// least and greatest magnitude among the channels' greatest weights
    ranges: [f64; 2],
    /// root of the mean square of all weights
    rms: f64,
}

impl LayerLoss {
    /// The range of the widest channel, divided by the range of the narrowest.
    fn ratio(&self) -> f64 {
        self.ranges[1] / self.ranges[0]
    }

    /// The effect of a common scale on the layer, in sentences.
    pub fn why(&self) -> String {
        let LayerLoss { index, operator, losses, errors, ranges, rms, .. } = self;
        let step = ranges[1] / f64::from((1 << (BITS - 1)) - 1);
        format!(
            "layer {index} ({operator}).\nIts greatest weight is {:.1} times the root mean square of all, so that a common step of \
             {BITS} bits is {:.1} times that;\nits channels' ranges are up to {:.1} times apart, and the greatest weight of the \
             narrowest is {:.2} steps.\nA scale for each channel takes the error of its weights from {:.0} to {:.0} %, and what is \
             lost from {:.1} to {:.1} points.",
            ranges[1] / rms,
            step / rms,
            self.ratio(),
            ranges[0] / step,
            errors[0],
            errors[1],
            losses[0],
            losses[1],
        )
    }
}

impl fmt::Display for LayerLoss {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let LayerLoss { architecture, operator, index, inputs, losses: [a, b], errors: [c, d], ranges, rms } = self;
        let (layer, ratio, crest) = (format!("{index} {operator}"), self.ratio(), ranges[1] / rms);
        write!(f, "{architecture:6}  {layer:35}  {inputs:9}  1 :{ratio:4.1}  {crest:8.1}  ")?;
        write!(f, "{c:8.1} {d:7.1}  {a:7.2} {b:7.2}")
    }
}

/// The losses of every layer with weights of every network.
///
/// # Errors
/// Networks that were read cause none.
pub fn losses(subjects: &[Subject], images: &Images) -> Result<Vec<LayerLoss>> {
    let mut all = Vec::new();
    for subject in subjects {
        for (index, layer) in subject.network.layers().enumerate() {
            all.push(loss(subject, index, layer, images)?);
        }
    }
    Ok(all)
}

fn loss(subject: &Subject, index: usize, layer: &Layer, images: &Images) -> Result<LayerLoss> {
    let (mut losses, mut errors, all) = ([0.0; 2], [0.0; 2], rms(layer.weights.data().iter().copied()));
    for (i, granularity) in [Granularity::PerTensor, Granularity::PerChannel].into_iter().enumerate() {
        let symmetries = [Symmetry::SymmetricNarrow, Symmetry::Asymmetric];
        let how = scheme([BITS, 8], granularity, Calibration::MinMax, symmetries)?.weights;
        let rounded = QuantizedWeights::new(&layer.weights, &how)?.dequantized()?;
        let network = subject.network.with_weights(|l, w| Ok(if l == index { rounded.clone() } else { w.clone() }))?;
        losses[i] = percent(subject.recognized) - percent(subject.recognized_by(&network, images)?);
        errors[i] = 100.0 * rms(layer.weights.data().iter().zip(rounded.data()).map(|(w, q)| w - q)) / all;
    }
    let tops = (0..layer.weights.rows()).map(|r| layer.weights.row(r).iter().fold(0.0f32, |t, w| t.max(w.abs())));
    let ranges = tops.fold([f32::INFINITY, 0.0], |[least, greatest], t| [least.min(t), greatest.max(t)]);
    let (operator, inputs, ranges) = (layer.kind.name(), layer.weights.cols(), ranges.map(f64::from));
    Ok(LayerLoss { architecture: subject.architecture, operator, index, inputs, losses, errors, ranges, rms: all })
}

/// Root of the mean square.
fn rms(values: impl Iterator<Item = f32>) -> f64 {
    mean(values.map(|v| f64::from(v).powi(2))).sqrt()
}

/// The mean of the values; 0 if there are none.
pub fn mean(values: impl Iterator<Item = f64>) -> f64 {
    let (n, sum) = values.fold((0u32, 0.0), |(n, sum), v| (n + 1, sum + v));
    sum / f64::from(n.max(1))
}
