//! Convolutions and products on the array.

use anyhow::{Context, Result};
use qrtl_golden::gemm::Matrix;
use qrtl_golden::graph::Weighted;
use qrtl_golden::operators::{Array, Window};
use qrtl_hdl::blocks::engine::instruction::Instruction;

use super::Lowering;
use super::kernel::{Kernel, scale_of};
use super::product::{Form, Product};
use super::scale::Scale;
use super::windows::EACH_PIXEL;
use crate::engine::clocks;
use crate::engine::layout::{Layout, Place};

/// Greatest number of pixels that are computed as one.
const MOST_MERGED: usize = 4;

impl Lowering<'_> {
    pub(super) fn convolution(
        &mut self,
        layer: &Weighted<Array>,
        window: &Window,
        input: &Place,
        output: &Place,
    ) -> Result<()> {
        let weights = &layer.weights;
        let (outputs, depth) = (weights.shape()[0], weights.shape()[3]);
        let groups = input.layout.positions.len() / depth;
        let group = outputs / groups;
        let taps = weights.data().len() / outputs;
        let scale = scale_of(layer, weights.data().chunks(taps).map(|w| w.iter().copied()), self.config.rule)?;
        let merged = super::merged_groups(weights.shape(), groups, self.config);
        for first in (0..groups).step_by(merged) {
            let positions = input.layout.positions[first * depth..][..merged * depth].to_vec();
            let layout = Layout { positions, ..input.layout.clone() };
            let channels = scale.channels[first * group..(first + merged) * group].to_vec();
            self.product(Product {
                input: Place { layout, ..input.clone() },
                kernel: Kernel::of_groups(weights, group, first, merged)?,
                window: *window,
                size: [output.layout.height, output.layout.width],
                scale: Scale { channels, ..scale.clone() },
                padding: layer.input_zero_point.into(),
                buffer: output.buffer,
                out: output.offset + output.layout.positions[first * group],
                out_pitch: output.layout.pitch,
            })?;
        }
        Ok(())
    }

    pub(super) fn fully_connected(&mut self, layer: &Weighted<Matrix>, input: &Place, output: &Place) -> Result<()> {
        let (outputs, terms) = (layer.weights.rows(), layer.weights.cols());
        let weights = layer.weights.data().chunks(terms).map(|w| w.iter().copied());
        // Pixels of a map are rows of the product.
        let layout = Layout { height: 1, width: input.layout.pixels(), ..input.layout.clone() };
        self.product(Product {
            input: Place { layout, ..input.clone() },
            kernel: Kernel::new([outputs, 1, 1, terms], layer.weights.data())?,
            window: EACH_PIXEL,
            size: [1, output.layout.pixels()],
            scale: scale_of(layer, weights, self.config.rule)?,
            padding: 0,
            buffer: output.buffer,
            out: output.offset,
            out_pitch: output.layout.pitch,
        })
    }

    /// Computes a product in the fastest way.
    pub(super) fn product(&mut self, product: Product) -> Result<()> {
        let product = product.flattened();
        let merged = (2..=MOST_MERGED).filter_map(|count| product.merged(count, self.config.lanes));
        let products: Vec<Product> = merged.chain([product.clone()]).collect();
        let forms =
            products.iter().flat_map(|product| product.forms(self.config).into_iter().map(move |f| (product, f)));
        let clocks = |(product, form): &(&Product, Form)| {
            let times = if form.instruction.split == 1 { product.pixels() } else { 1 };
            (clocks::of(&form.instruction, self.config) * times as u64, product.kernel.outputs * form.terms.len())
        };
        let best = forms.min_by_key(clocks).with_context(|| {
            let (terms, most) = (product.kernel.weights.len() / product.kernel.outputs, self.config.terms);
            format!("sums {terms} terms an output, and with its layout more than the {most} of the engine")
        });
        let (product, best) = best?;
        let split = best.instruction.split == 1;
        let (rows, align) = if split { (self.config.rows, self.config.banks()) } else { (1, 1) };
        let weights = product.kernel.beats(&best.terms, rows, self.config);
        let weights = self.memories.put_weights(weights, align);
        let words = product.kernel.outputs.div_ceil(self.config.lanes);
        let positions: Vec<usize> = (0..product.kernel.outputs).collect();
        let parameters = self.memories.put_channels(product.scale.at(&positions, words * self.config.lanes));
        let instruction = Instruction {
            weights,
            parameters,
            zero_point: product.scale.zero_point,
            min: product.scale.bounds.min(),
            max: product.scale.bounds.max(),
            out: (product.out / self.config.lanes) as i64,
            ..best.instruction
        };
        let (reads, writes) = ([product.input.buffer], Some(product.buffer));
        if !split {
            self.emit(instruction, &reads, writes)?;
            return Ok(());
        }
        for pixel in 0..product.pixels() {
            let address = instruction.address + (pixel * product.input.layout.pitch) as i64;
            let out = instruction.out + (pixel * product.out_pitch / self.config.lanes) as i64;
            self.emit(Instruction { address, out, ..instruction.clone() }, &reads, writes)?;
        }
        Ok(())
    }
}
