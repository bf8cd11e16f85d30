//! What moves where in the GEMM block: operands into the array, sums out of it, parameters beside them.

use rust_hdl::prelude::{In, Out};

use super::Gemm;
use super::config::{OperandConfig, ZeroPointStrategy};
use super::sequencer::dimension;
use crate::exact::{Int, Kernel, Opt, Port};

/// The control of one clock: what moves where.
#[derive(Clone, Copy)]
pub(super) struct Control<'k> {
    /// operands move on
    run: Int<'k>,
    /// products are added
    accumulate: Int<'k>,
    /// sums are complete and move to the drain
    load: Int<'k>,
    /// the requantizers take a group
    pub(super) advance: Int<'k>,
}

impl Gemm {
    /// The handshake of requantizer `lane`.
    fn ready(&self, lane: usize) -> (&Port<Out>, &Port<In>) {
        self.requantizer[lane].flow.ready().expect("the requantizers of a GEMM block wait for its results")
    }

    /// Valid bits and the stall. The array waits only while a finished tile finds the drain busy.
    pub(super) fn control<'k>(&'k self, k: &'k Kernel) -> Control<'k> {
        let offered = k.read(&self.in_valid);
        let valid = k.read(&self.multiply_valid);
        let complete = (valid & k.read(&self.multiply_last)).named("complete");
        let run = (k.read(&self.drain.free) | !complete).named("run");
        k.register_when(&self.edge_valid, run, offered);
        k.register_when(&self.edge_last, run, k.read(&self.sequencer.last));
        k.register_when(&self.multiply_valid, run, k.read(&self.edge_valid));
        k.register_when(&self.multiply_last, run, k.read(&self.edge_last));
        k.drive(&self.in_ready, run);
        k.drive(&self.sequencer.accept, (run & offered).named("accept"));
        let accumulate = (run & valid).named("accumulate");
        let load = (run & complete).named("load");
        Control { run, accumulate, load, advance: k.read(self.ready(0).0) }
    }

    /// Clock, reset and dimensions to the blocks that want them.
    pub(super) fn connect_common(&self, k: &Kernel) {
        let rst_n = || k.read(&self.rst_n);
        for clk in [&self.sequencer.clk, &self.array.clk, &self.drain.clk] {
            k.pass_clock(&self.clk, clk);
        }
        k.drive(&self.sequencer.rst_n, rst_n());
        k.drive(&self.drain.rst_n, rst_n());
        self.channels.iter().for_each(|c| k.pass_clock(&self.clk, &c.clk));
        for r in &self.requantizer {
            k.pass_clock(&self.clk, &r.clk);
            k.drive(&r.rst_n, rst_n());
        }
        for (to, from) in [(&self.sequencer.m, &self.m), (&self.sequencer.n, &self.n), (&self.sequencer.k, &self.k)] {
            if let (Some(to), Some(from)) = (to.get(), from.get()) {
                k.drive(to, k.read(from));
            }
        }
    }

    /// Operands through the edge rank into the array, and what is known of their tile to the drain.
    pub(super) fn feed(&self, k: &Kernel, control: Control<'_>) {
        let c = &self._config;
        let (array, drain, sequencer) = (&self.array, &self.drain, &self.sequencer);
        let edge = k.stage(&self.enter, control.run);
        let centre = |o: &OperandConfig, x, zero| if o.uses(ZeroPointStrategy::Subtract) { x - zero } else { x };
        let a_zero = self.operand_zero(k, &c.a, &self.a_zero_point);
        for r in 0..c.rows {
            let a = edge.pass(&format!("a_{r}"), centre(&c.a, k.lane(&self.a, r), a_zero));
            k.drive_lane(&array.a, r, a);
            self.row_sums.get().into_iter().for_each(|sums| k.drive_lane(&sums.x, r, a));
        }
        let b_zero = self.operand_zero(k, &c.b, &self.b_zero_point);
        for col in 0..c.cols {
            let b = edge.pass(&format!("b_{col}"), centre(&c.b, k.lane(&self.b, col), b_zero));
            k.drive_lane(&array.b, col, b);
            self.col_sums.get().into_iter().for_each(|sums| k.drive_lane(&sums.x, col, b));
        }

        let multiply = k.stage(&self.multiply, control.run);
        let to_multiply = |name: &str, port: &Port<Out>| multiply.pass(name, edge.pass(name, k.read(port)));
        let first = to_multiply("first", &sequencer.first);
        k.drive(&drain.rows, to_multiply("rows", &sequencer.rows));
        k.drive(&drain.cols, to_multiply("cols", &sequencer.cols));
        k.drive(&drain.entry, to_multiply("entry", &sequencer.entry));
        k.drive(&drain.done, to_multiply("done", &sequencer.done));
        k.drive(&drain.load, control.load);
        k.drive(&drain.advance, control.advance);

        k.drive(&array.advance, control.run);
        k.drive(&array.first, first);
        k.drive(&array.accumulate, control.accumulate);
        k.drive(&array.load, control.load);
        k.drive(&array.step, k.read(&drain.step));
        for (sums, step) in [(&self.row_sums, &drain.row_step), (&self.col_sums, &drain.step)] {
            if let Some(sums) = sums.get() {
                k.pass_clock(&self.clk, &sums.clk);
                k.drive(&sums.advance, control.run);
                k.drive(&sums.first, first);
                k.drive(&sums.accumulate, control.accumulate);
                k.drive(&sums.load, control.load);
                k.drive(&sums.step, k.read(step));
            }
        }
    }

    /// The parameters of channels, one after the other, into the memories.
    pub(super) fn load_channels(&self, k: &Kernel, control: Control<'_>) {
        for memory in &self.channels {
            k.drive(&memory.advance, control.advance);
            k.drive(&memory.address, k.read(&self.drain.address));
        }
        let ports = (self.loader.get(), self.cfg_valid.get(), self.cfg_first.get());
        let (Some(loader), Some(valid), Some(first)) = ports else { return };
        k.pass_clock(&self.clk, &loader.clk);
        k.drive(&loader.rst_n, k.read(&self.rst_n));
        k.drive(&loader.valid, k.read(valid));
        k.drive(&loader.first, k.read(first));
        let pass = |to: &Opt<Port<In>>, from: &Opt<Port<In>>| {
            if let (Some(to), Some(from)) = (to.get(), from.get()) {
                k.drive(to, k.read(from));
            }
        };
        for (lane, memory) in self.channels.iter().enumerate() {
            memory.write.get().into_iter().for_each(|w| k.drive(w, k.lane(&loader.write, lane)));
            memory.write_address.get().into_iter().for_each(|a| k.drive(a, k.read(&loader.address)));
            pass(&memory.write_bias, &self.cfg_bias);
            pass(&memory.write_multiplier, &self.cfg_multiplier);
            pass(&memory.write_shift, &self.cfg_shift);
        }
    }

    /// What the zero points that were not subtracted contribute to a sum: of the row, and of each column of a group.
    ///
    /// `sum (a - za)(b - zb) = sum ab - za sum b - zb (sum a - K za)`, for those of `za` and `zb` that are corrected.
    fn corrections<'k>(&'k self, k: &'k Kernel) -> (Int<'k>, Vec<Int<'k>>) {
        let c = &self._config;
        let a_zero = self.operand_zero(k, &c.a, &self.a_zero_point);
        let b_zero = self.operand_zero(k, &c.b, &self.b_zero_point);
        let row = self.row_sums.get().map_or(k.lit(0), |sums| {
            let sum = k.lane(&sums.y, 0);
            let centred = self.zero_product.get().map_or(sum, |reg| {
                let product = dimension(k, c.k, &self.k) * a_zero;
                sum - k.register_inferred(reg, product)
            });
            b_zero * centred
        });
        let cols =
            (0..c.requantizers).map(|lane| self.col_sums.get().map_or(k.lit(0), |sums| a_zero * k.lane(&sums.y, lane)));
        (row, cols.collect())
    }

    /// A group of sums from the array to the requantizers, corrected where zero points demand it.
    pub(super) fn requantize(&self, k: &Kernel, advance: Int<'_>) {
        let c = &self._config;
        let (row, cols) = self.corrections(k);
        let fetch = k.stage(&self.fetch, advance);
        let corrected = k.stage(&self.corrected, advance);
        k.register_when(&self.fetch_valid, advance, k.read(&self.drain.valid));
        let mut valid = k.read(&self.fetch_valid);
        if let Some(reg) = self.corrected_valid.get() {
            k.register_when(reg, advance, valid);
            valid = k.read(reg);
        }
        let row = fetch.pass("row_correction", row);
        for (lane, requantizer) in self.requantizer.iter().enumerate() {
            let sum = fetch.pass(&format!("sum_{lane}"), k.lane(&self.array.sums, lane));
            let col = fetch.pass(&format!("col_correction_{lane}"), cols[lane]);
            let sum = (sum - row - col).bounded(c.acc(), "it is a sum of products of centred operands");
            k.drive(&requantizer.acc, corrected.pass(&format!("acc_{lane}"), sum));
            k.drive(requantizer.flow.in_valid(), valid);
            if let Some(memory) = self.channels.get(lane) {
                for (name, port) in
                    [("bias", &memory.bias), ("multiplier", &memory.multiplier), ("shift", &memory.shift)]
                {
                    let value = corrected.pass(&format!("{name}_{lane}"), k.read(port));
                    requantizer.port(name).into_iter().for_each(|to| k.drive(to, value));
                }
            }
            for (name, from) in [("zero_point", &self.zero_point), ("min", &self.min), ("max", &self.max)] {
                if let (Some(to), Some(from)) = (requantizer.port(name), from.get()) {
                    k.drive(to, k.read(from));
                }
            }
            k.drive(self.ready(lane).1, k.read(&self.out_ready));
            k.drive_lane(&self.y, lane, k.read(&requantizer.y));
        }
        k.drive(&self.out_valid, k.read(self.requantizer[0].flow.out_valid()));

        // What belongs to a group travels beside it.
        let ranks: Vec<_> =
            [fetch, corrected].into_iter().chain(self.along.iter().map(|s| k.stage(s, advance))).collect();
        let along = |name: &str, v| ranks.iter().fold(v, |v, rank| rank.pass(name, v));
        for lane in 0..c.requantizers {
            let keep = k.lane(&self.drain.keep, lane);
            k.drive_lane(&self.keep, lane, along(&format!("keep_{lane}"), keep));
        }
        k.drive(&self.last, along("last", k.read(&self.drain.last)));
    }
}
