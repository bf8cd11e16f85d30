//! Channels that need not be computed: those that have the same value for every input, and those that nothing reads.
//!
//! A constant channel becomes a part of the bias of the convolution or fully connected layer that reads it. Where the
//! window of the convolution has padding, the channel must be the zero point, which the padding holds too, so that it adds
//! nothing. A channel that no step reads any more is left out of its tensor, and of the weights of the step that would
//! write it.

mod rewrite;

use anyhow::Result;
use qrtl_golden::graph::{Graph, Operator, Step};

use super::ranges::{Ranges, constant, holds_last, is_padded, ranges};

/// What has become of a channel of a tensor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Channel {
    /// it is computed, as the channel of this number
    Computed(usize),
    /// it is not computed, and has this value for every input
    Constant(i32),
    /// it is not computed, because nothing reads it
    Unread,
}

/// The network with the channels that are computed, and what has become of all channels of its tensors.
///
/// If `keep_constant` is set, all channels are computed.
pub(super) fn folded(graph: &Graph, keep_constant: bool) -> Result<(Graph, Vec<Vec<Channel>>)> {
    let ranges = ranges(graph);
    let kept = if keep_constant {
        ranges.iter().map(|ranges| vec![true; ranges.len()]).collect()
    } else {
        Classes::new(graph, &ranges).kept(graph, &ranges)
    };
    let graph = rewrite::rewritten(graph, &ranges, &kept, keep_constant)?;
    let channels = ranges.iter().zip(&kept).map(|(ranges, kept)| {
        let mut computed = 0..;
        let mut channel = |(range, kept): (_, &bool)| match (kept, constant(range)) {
            (true, _) => Channel::Computed(computed.next().unwrap_or(0)),
            (false, Some(value)) => Channel::Constant(value),
            (false, None) => Channel::Unread,
        };
        ranges.iter().copied().zip(kept).map(&mut channel).collect()
    });
    let channels = channels.collect();
    Ok((graph, channels))
}

/// Whether a constant channel of the input of a layer can become a part of the bias.
fn folds(graph: &Graph, step: &Step, value: i32) -> bool {
    match &step.operator {
        Operator::FullyConnected(_) => true,
        Operator::Conv2d { layer, window } => {
            let (input, output) = (&graph.tensors[step.inputs[0]].shape, &graph.tensors[step.output].shape);
            let filter = [layer.weights.shape()[1], layer.weights.shape()[2]];
            value == layer.input_zero_point || !is_padded(window, input, output, filter)
        }
        _ => false,
    }
}

/// Whether output `o` of a step that sums channels has a weight other than 0 for channel `c` of the input.
fn reads(step: &Step, o: usize, c: usize) -> bool {
    let (data, terms, depth) = match &step.operator {
        Operator::FullyConnected(layer) => (layer.weights.data(), layer.weights.cols(), layer.weights.cols()),
        Operator::Conv2d { layer, .. } => {
            let data = layer.weights.data();
            (data, data.len() / layer.bias.len(), layer.weights.shape()[3])
        }
        _ => return true,
    };
    data[o * terms..][..terms].iter().skip(c).step_by(depth).any(|&w| w != 0)
}

/// Whether each output of the step is a sum over all channels of the input.
fn sums_channels(graph: &Graph, step: &Step) -> bool {
    let channels = graph.tensors[step.inputs[0]].shape.last();
    match &step.operator {
        Operator::FullyConnected(layer) => channels == Some(&layer.weights.cols()),
        Operator::Conv2d { layer, .. } => channels == layer.weights.shape().last(),
        _ => false,
    }
}

/// The channels of all tensors, in classes of those that are computed together or not at all.
struct Classes {
    /// number of the first channel of each tensor
    first: Vec<usize>,
    /// a channel of the same class; the class is the channel at the end of this chain
    parent: Vec<usize>,
}

impl Classes {
    fn new(graph: &Graph, ranges: &[Ranges]) -> Classes {
        let mut channels = 0;
        let first = ranges.iter().map(|ranges| (channels, channels += ranges.len()).0).collect();
        let mut classes = Classes { first, parent: (0..channels).collect() };
        for step in &graph.steps {
            classes.tie(graph, step, ranges);
        }
        classes
    }

    fn class(&self, tensor: usize, channel: usize) -> usize {
        let mut at = self.first[tensor] + channel;
        while self.parent[at] != at {
            at = self.parent[at];
        }
        at
    }

    fn join(&mut self, [a, b]: [(usize, usize); 2]) {
        let [a, b] = [a, b].map(|(tensor, channel)| self.class(tensor, channel));
        self.parent[a.max(b)] = a.min(b);
    }

    /// Joins the channels that a step must find, or write, together.
    fn tie(&mut self, graph: &Graph, step: &Step, ranges: &[Ranges]) {
        let (input, output) = (step.inputs[0], step.output);
        let [from, to] = [input, output].map(|tensor| ranges[tensor].len());
        match &step.operator {
            _ if sums_channels(graph, step) => {}
            Operator::DepthwiseConv2d { .. } => {
                (0..to).for_each(|c| self.join([(input, c / (to / from)), (output, c)]));
            }
            Operator::Reshape => {
                let elements = graph.tensors[output].elements();
                (0..elements).for_each(|flat| self.join([(input, flat % from), (output, flat % to)]));
            }
            Operator::Concatenation { axis } if axis + 1 == graph.tensors[output].shape.len() => {
                let parts = step.inputs.iter().flat_map(|&part| (0..ranges[part].len()).map(move |c| (part, c)));
                parts.enumerate().for_each(|(c, part)| self.join([part, (output, c)]));
            }
            _ if self.is_by_channels(graph, step) => {
                for &operand in step.inputs.iter().filter(|&&operand| ranges[operand].len() == to) {
                    (0..to).for_each(|c| self.join([(operand, c), (output, c)]));
                }
            }
            _ => {}
        }
    }

    /// Whether each channel of the output follows from the same channel of the inputs. The one channel of an operand may
    /// repeat.
    fn is_by_channels(&self, graph: &Graph, step: &Step) -> bool {
        match &step.operator {
            Operator::Add { .. } | Operator::Sub { .. } | Operator::XnnpackAdd { .. } | Operator::OrtAdd(_) => true,
            Operator::AveragePool { .. } | Operator::OrtAveragePool { .. } | Operator::MaxPool { .. } => true,
            Operator::Requantize { .. } | Operator::Table { .. } | Operator::Concatenation { .. } => true,
            Operator::Pad { padding, .. } => padding.last() == Some(&[0, 0]),
            Operator::Mean { axes, .. } | Operator::OrtMean { axes, .. } => {
                !holds_last(axes, &graph.tensors[step.inputs[0]].shape)
            }
            _ => false,
        }
    }

    /// Which channels of each tensor are computed.
    fn kept(&self, graph: &Graph, ranges: &[Ranges]) -> Vec<Vec<bool>> {
        let mut kept = vec![false; self.parent.len()];
        let channels = |tensor: usize| (0..ranges[tensor].len()).map(move |c| (tensor, c));
        let mut whole = vec![graph.inputs[0], graph.outputs[0]];
        for step in &graph.steps {
            let by_layout = matches!(step.operator, Operator::DepthwiseConv2d { .. } | Operator::Reshape);
            if !(sums_channels(graph, step) || by_layout || self.is_by_channels(graph, step)) {
                whole.extend(step.inputs.iter().chain([&step.output]));
            }
            // The one channel of an operand that repeats.
            whole.extend(step.inputs.iter().filter(|&&operand| ranges[operand].len() == 1));
        }
        whole.into_iter().flat_map(channels).for_each(|(tensor, c)| kept[self.class(tensor, c)] = true);
        loop {
            self.close(graph, ranges, &mut kept);
            // A tensor has at least one channel.
            let any = |tensor: &usize| channels(*tensor).any(|(tensor, c)| kept[self.class(tensor, c)]);
            match (0..ranges.len()).find(|tensor| !ranges[*tensor].is_empty() && !any(tensor)) {
                Some(empty) => kept[self.class(empty, 0)] = true,
                None => break,
            }
        }
        (0..ranges.len()).map(|tensor| channels(tensor).map(|(t, c)| kept[self.class(t, c)]).collect()).collect()
    }

    /// Adds the inputs of sums until no more are missing.
    fn close(&self, graph: &Graph, ranges: &[Ranges], kept: &mut [bool]) {
        let mut grows = true;
        while grows {
            grows = false;
            for step in graph.steps.iter().rev().filter(|step| sums_channels(graph, step)) {
                let input = step.inputs[0];
                let computes =
                    |o: usize| kept[self.class(step.output, o)] && constant(ranges[step.output][o]).is_none();
                let outputs: Vec<usize> = (0..ranges[step.output].len()).filter(|&o| computes(o)).collect();
                for (c, &range) in ranges[input].iter().enumerate() {
                    let class = self.class(input, c);
                    let folds = constant(range).is_some_and(|value| folds(graph, step, value));
                    if !kept[class] && !folds && outputs.iter().any(|&o| reads(step, o, c)) {
                        kept[class] = true;
                        grows = true;
                    }
                }
            }
        }
    }
}
