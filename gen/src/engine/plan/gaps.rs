//! Gaps between pixels, without which the lanes could not take several taps in a clock.

use qrtl_golden::graph::{Operator, Step};
use qrtl_hdl::blocks::engine::EngineConfig;

use super::Plan;
use crate::engine::layout::Layout;

/// How a step reads a tensor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Reading {
    /// the lanes read neighbouring pixels, an odd number of pixels apart
    Neighbours,
    /// pixel by pixel, whatever stands between them
    Pixels,
    /// in another way, in which a gap can cost clocks
    Other,
}

impl Plan<'_> {
    fn reading(&self, step: &Step) -> Reading {
        let neighbours = |cols: usize, dilation: usize| {
            if cols > 1 && dilation % 2 == 1 { Reading::Neighbours } else { Reading::Pixels }
        };
        let shape = self.shape(step.inputs[0]);
        match &step.operator {
            Operator::DepthwiseConv2d { layer, window } if shape[3] > 1 => {
                neighbours(layer.weights.shape()[2], window.cols.dilation)
            }
            Operator::AveragePool { filter, .. }
            | Operator::OrtAveragePool { filter, .. }
            | Operator::MaxPool { filter, .. } => neighbours(filter[1], 1),
            Operator::Mean { axes, .. } | Operator::OrtMean { axes, .. } if shape.len() == 4 && axes.contains(&2) => {
                neighbours(shape[2], 1)
            }
            Operator::Conv2d { layer, .. } if layer.weights.shape()[2] == 1 => Reading::Pixels,
            _ => Reading::Other,
        }
    }

    /// The layout of a tensor, with one word more for each pixel if the lanes read several of them in a clock and their
    /// distance were an even number of words without it.
    pub(super) fn with_gap(&mut self, tensor: usize, layout: Layout, config: &EngineConfig) -> Layout {
        let readings: Vec<Reading> = self.readers(tensor).map(|step| self.reading(step)).collect();
        let gap = config.taps > 1
            && (layout.pitch / self.lanes).is_multiple_of(2)
            && layout.pixels() > 1
            && tensor != self.graph.outputs[0]
            && !self.without_gaps.contains(&tensor)
            && readings.contains(&Reading::Neighbours)
            && !readings.contains(&Reading::Other);
        if !gap {
            return layout;
        }
        self.with_gaps.push(tensor);
        Layout { pitch: layout.pitch + self.lanes, ..layout }
    }

    /// The tensor whose gaps take the most bytes.
    pub(in crate::engine) fn widest_gap(&self) -> Option<usize> {
        let pixels = |&&tensor: &&usize| self.shape(tensor).iter().rev().skip(1).product::<usize>();
        self.with_gaps.iter().max_by_key(pixels).copied()
    }
}
