//! Depthwise convolutions that are computed together with the convolution behind them.

use qrtl_golden::graph::{Operator, Step};
use qrtl_hdl::blocks::engine::EngineConfig;

use super::Plan;

impl<'g> Plan<'g> {
    /// The steps that read a tensor.
    pub(super) fn readers(&self, tensor: usize) -> impl Iterator<Item = &'g Step> + use<'g> {
        self.graph.steps.iter().filter(move |step| step.inputs.contains(&tensor))
    }

    /// The convolution that is computed together with the depthwise convolution of step `i`.
    pub(super) fn follower(&self, i: usize, config: &EngineConfig) -> Option<usize> {
        let step = &self.graph.steps[i];
        let Operator::DepthwiseConv2d { .. } = &step.operator else { return None };
        let mut readers = (0..self.graph.steps.len()).filter(|&i| self.graph.steps[i].inputs.contains(&step.output));
        let (Some(reader), None) = (readers.next(), readers.next()) else { return None };
        let Operator::Conv2d { layer, window } = &self.graph.steps[reader].operator else { return None };
        let (&[_, rows, cols, depth], channels) = (layer.weights.shape(), self.shape(step.inputs[0])[3]) else {
            return None;
        };
        let pointwise = [rows, cols] == [1, 1]
            && [window.rows, window.cols].iter().all(|axis| axis.stride == 1 && axis.before == 0 && axis.after == 0);
        // The channels of the depthwise convolution may stand with gaps, which count as terms.
        let words = self.of_tensor[step.inputs[0]].map(|place| self.places[place].layout.words(self.lanes))?;
        let fits = words.max(channels.div_ceil(self.lanes)) * self.lanes <= config.terms;
        let alike = channels == depth && self.shape(step.output)[3] == channels && channels > 1;
        (pointwise && fits && alike && step.output != self.graph.outputs[0]).then_some(reader)
    }

    /// The depthwise convolution that is computed together with the convolution of step `i`.
    pub(super) fn leader(&self, i: usize, config: &EngineConfig) -> Option<&'g Step> {
        let input = self.graph.steps[i].inputs[0];
        let writer = self.graph.steps.iter().position(|step| step.output == input)?;
        (self.follower(writer, config) == Some(i)).then(|| &self.graph.steps[writer])
    }
}
