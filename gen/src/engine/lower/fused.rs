//! A depthwise convolution and the convolution of 1 x 1 behind it, both at once.

use anyhow::{Result, bail};
use qrtl_golden::graph::{Operator, Step};
use qrtl_hdl::blocks::engine::instruction::{Instruction, Kind};

use super::Lowering;
use super::kernel::{Kernel, scale_of};
use super::product::on_array;
use super::windows::Scan;
use crate::engine::layout::Place;

impl Lowering<'_> {
    pub(super) fn fused(&mut self, depthwise: &Step, step: &Step, input: &Place, output: &Place) -> Result<()> {
        let (Operator::DepthwiseConv2d { layer: first, window }, Operator::Conv2d { layer, .. }) =
            (&depthwise.operator, &step.operator)
        else {
            bail!("is no pair of convolutions");
        };
        let size = [output.layout.height, output.layout.width];
        let filter = [first.weights.shape()[1], first.weights.shape()[2]];
        let scan = Scan { input, window, filter, from: [0, 0], size };
        let lanes = self.config.lanes;
        let instruction = self.depthwise_part(first, &scan, 0)?;
        let (outputs, channels) = (layer.weights.shape()[0], layer.weights.shape()[3]);
        let kernel = Kernel::new([outputs, 1, 1, channels], layer.weights.data())?;
        let weights = layer.weights.data().chunks(channels).map(|w| w.iter().copied());
        let scale = scale_of(layer, weights, self.config.rule)?;
        // The results of the lanes stand in the block buffer as the channels stand in the input.
        let terms = input.layout.words(lanes) * lanes;
        let mut channel_of = vec![None; terms];
        input.layout.positions.iter().enumerate().for_each(|(c, &position)| channel_of[position] = Some([0, 0, c]));
        let weights = kernel.beats(&channel_of, 1, self.config);
        let words = outputs.div_ceil(lanes);
        let positions: Vec<usize> = (0..outputs).collect();
        let instruction = Instruction {
            kind: Kind::Fused as i64,
            weights: self.memories.put_weights(weights, 1),
            parameters: self.memories.put_channels(scale.at(&positions, words * lanes)),
            zero_point: scale.zero_point,
            min: scale.bounds.min(),
            max: scale.bounds.max(),
            out: (output.offset / lanes) as i64,
            out_pitch: (output.layout.pitch / lanes) as i64,
            ..on_array(instruction, terms, outputs, self.config)
        };
        self.emit(instruction, &[input.buffer], Some(output.buffer))?;
        Ok(())
    }
}
