//! Steps of the lanes with a weight for each tap: depthwise convolutions.

use anyhow::Result;
use qrtl_golden::graph::Weighted;
use qrtl_golden::operators::{Array, Window};
use qrtl_hdl::blocks::engine::EngineRule;
use qrtl_hdl::blocks::engine::instruction::{Instruction, Kind};

use super::Lowering;
use super::kernel::{Kernel, bytes, scale_of};
use super::product::Product;
use super::scale::Scale;
use super::windows::Scan;
use crate::engine::layout::Place;

/// The parameters of a step of the lanes.
#[derive(Debug)]
pub(super) struct LaneScale<'a> {
    pub(super) scale: &'a Scale,
    /// whether each byte of a pixel has a channel of its own; else there is one for all of them
    pub(super) each: bool,
}

impl Lowering<'_> {
    pub(super) fn depthwise(
        &mut self,
        layer: &Weighted<Array>,
        window: &Window,
        input: &Place,
        output: &Place,
    ) -> Result<()> {
        let &[_, rows, cols, outputs] = layer.weights.shape() else { anyhow::bail!("weights of another shape") };
        let size = [output.layout.height, output.layout.width];
        let channels = input.layout.positions.len();
        if channels == 1 {
            let kernel = depthwise_kernel(&layer.weights, outputs)?;
            return self.product(Product {
                input: input.clone(),
                kernel: Kernel::new([outputs, rows, cols, 1], &kernel)?,
                window: *window,
                size,
                scale: depthwise_scale(layer, self.config.rule)?,
                padding: layer.input_zero_point.into(),
                buffer: output.buffer,
                out: output.offset,
                out_pitch: output.layout.pitch,
            });
        }
        let scan = Scan { input, window, filter: [rows, cols], from: [0, 0], size };
        let times = outputs / channels;
        for part in 0..times {
            let instruction = self.depthwise_part(layer, &scan, part)?;
            let instruction = Instruction {
                kind: Kind::Lanes as i64,
                out: (output.offset / self.config.lanes + part * input.layout.words(self.config.lanes)) as i64,
                out_pitch: (output.layout.pitch / self.config.lanes) as i64,
                ..instruction
            };
            self.emit(instruction, &[input.buffer], Some(output.buffer))?;
        }
        Ok(())
    }

    /// The instruction for output `part` of each channel.
    pub(super) fn depthwise_part(
        &mut self,
        layer: &Weighted<Array>,
        scan: &Scan<'_>,
        part: usize,
    ) -> Result<Instruction> {
        let lanes = self.config.lanes;
        let positions = &scan.input.layout.positions;
        let outputs = layer.weights.shape()[3];
        let (words, times) = (scan.input.layout.words(lanes), outputs / positions.len());
        let [rows, cols] = scan.filter;
        let places = scan.tap_places(self.config);
        let taps = rows * places;
        let all = bytes(layer.weights.data())?;
        let mut weights = vec![0; words * taps * lanes];
        for (channel, position) in positions.iter().enumerate() {
            for (row, col) in (0..rows).flat_map(|row| (0..cols).map(move |col| (row, col))) {
                let weight = all[(row * cols + col) * outputs + channel * times + part];
                let tap = row * places + col;
                weights[(position / lanes * taps + tap) * lanes + position % lanes] = weight;
            }
        }
        let scale = depthwise_scale(layer, self.config.rule)?;
        let channels = scale.channels.into_iter().skip(part).step_by(times).collect();
        let scale = Scale { channels, ..scale };
        let instruction = Instruction {
            weights_advance: 1,
            lane_weights: self.memories.put_lane_weights(&weights),
            padding: layer.input_zero_point.into(),
            ..self.on_lanes(scan, &LaneScale { scale: &scale, each: true })
        };
        Ok(instruction)
    }

    /// An instruction that reads whole words, with the parameters of the lanes.
    pub(super) fn on_lanes(&mut self, scan: &Scan<'_>, LaneScale { scale, each }: &LaneScale<'_>) -> Instruction {
        let lanes = self.config.lanes;
        let words = scan.input.layout.words(lanes);
        let parameters = match each {
            true => scale.at(&scan.input.layout.positions, words * lanes),
            false => vec![scale.channels[0]; lanes],
        };
        let drain = (lanes / self.config.lane_requantizers * self.config.passes) as i64;
        let read = scan.words(self.config);
        let taps = (read.taps_y_1 + 1) * (read.taps_x_1 + 1);
        Instruction {
            run_bytes: lanes as i64,
            groups_1: words as i64 - 1,
            idle: (drain - taps).max(0),
            parameters_advance: i64::from(*each),
            lane_parameters: self.memories.put_lane_channels(parameters),
            lane_zero_point: scale.zero_point,
            lane_min: scale.bounds.min(),
            lane_max: scale.bounds.max(),
            ..read
        }
    }
}

/// The scale of a depthwise convolution.
pub(super) fn depthwise_scale(layer: &Weighted<Array>, rule: EngineRule) -> Result<Scale> {
    let outputs = layer.weights.shape()[3];
    let weights = |o: usize| layer.weights.data().iter().skip(o).step_by(outputs).copied();
    scale_of(layer, (0..outputs).map(weights), rule)
}

/// Weights of one input channel with the outputs first.
fn depthwise_kernel(weights: &Array, outputs: usize) -> Result<Vec<i32>> {
    let of_output = |o: usize| weights.data().iter().skip(o).step_by(outputs).copied();
    Ok((0..outputs).flat_map(of_output).collect())
}
