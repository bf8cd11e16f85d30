//! The movement of data in the GEMM block: operands into the array, sums out of it, parameters beside them.

use rust_hdl::prelude::{In, Out};

use super::config::{Channels, Forwarding, Operand, ZeroPointStrategy};
use super::header::header;
use super::sequencer::dimension;
use super::{ChannelMemory, Gemm};
use crate::blocks::any_requantizer::AnyRequantizer;
use crate::blocks::delay::{delays, open, through};
use crate::describe_logic;
use crate::exact::{Describe, Header, Int, Kernel, Maybe, Port, Range, Reg};
use crate::parameter::ZeroPoint;

/// `sum`, limited to a range that is all of some number of bits. The bits above decide, which is faster than
/// comparators.
///
/// No reference defines a sum beyond its accumulator. A sum that wrapped would change its sign.
fn saturated(sum: Int<'_>, limit: Range) -> Int<'_> {
    if limit.covers(sum.range()) {
        return sum;
    }
    let above = sum >> (limit.width() - 1);
    let fits = (above.equals(0) | above.equals(-1)).named("fits");
    let end = sum.is_negative().mux(limit.lo(), limit.hi());
    fits.mux(sum.within(limit), end)
}

describe_logic!(Gemm);

impl Describe for Gemm {
    fn header(&self) -> Header {
        header(&self._config)
    }

    fn describe(&self, k: &Kernel) {
        k.clock(&self.clk);
        k.reset(&self.rst_n);
        self.connect_common(k);
        self.control(k);
        self.feed(k);
        self.connect_channels(k);
        self.requantize(k);
    }
}

impl Gemm {
    /// Connects clock, reset and dimensions to the sub-blocks that need them.
    fn connect_common(&self, k: &Kernel) {
        let rst_n = || k.read(&self.rst_n);
        for clk in [&self.sequencer.clk, &self.array.clk, &self.drain.clk, &self.outlet.clk] {
            k.pass_clock(&self.clk, clk);
        }
        for reset in [&self.sequencer.rst_n, &self.drain.rst_n, &self.outlet.rst_n] {
            k.drive(reset, rst_n());
        }
        self.channels.iter().for_each(|c| k.pass_clock(&self.clk, &c.clk));
        for r in &self.requantizer {
            r.connect(k, &self.clk, rst_n());
        }
        for (to, from) in [(&self.sequencer.m, &self.m), (&self.sequencer.n, &self.n), (&self.sequencer.k, &self.k)] {
            if let (Some(to), Some(from)) = (to.get(), from.get()) {
                k.drive(to, k.read(from));
            }
        }
    }

    /// The control from the input stream to the drain: the beat, and what is to happen with its products. A beat does
    /// not stop once it is in. The last beat of a tile enters when the drain is free.
    fn control(&self, k: &Kernel) {
        let (sequencer, drain, array) = (&self.sequencer, &self.drain, &self.array);
        k.drive(&sequencer.offered, k.read(&self.in_valid));
        k.drive(&sequencer.hold, k.read(&drain.taken));
        k.drive(&self.in_ready, k.read(&sequencer.ready));
        k.drive(&drain.take, k.read(&sequencer.tile_end));
        k.drive(&drain.rows, k.read(&sequencer.rows));
        k.drive(&drain.cols, k.read(&sequencer.cols));
        k.drive(&drain.entry, k.read(&sequencer.entry));
        k.drive(&drain.done, k.read(&sequencer.done));

        let products = delays(k, &self.products, k.read(&sequencer.accept));
        let ends = delays(k, &self.ends, k.read(&sequencer.tile_end));
        let (accumulate, end) = (products[products.len() - 1], ends[self._config.multiply_ranks() - 1]);
        k.register(&self.load, end);
        let (load, clear) = (k.read(&self.load), k.read(&self.clear));
        // Where a sum begins with its first product, the mark waits for this product.
        let cleared = if self._config.restarts() { load | (clear & !accumulate) } else { end };
        k.register(&self.clear, cleared);
        k.drive(&drain.start, ends[self._config.start_of_drain() - 2]);
        k.drive(&drain.room, k.read(&self.outlet.room));
        let held_end = delays(k, &self.held_ends, end).last().copied().unwrap_or(end);
        let shift_of = |line: &[Reg], step: &Port<Out>| {
            let (last, before) = line.split_last().expect("a memory has ranks");
            k.register(last, delays(k, before, k.read(step)).last().copied().unwrap_or(k.read(step)) | held_end);
            k.read(last)
        };
        // Elements that load at their own time receive only the drain's steps.
        let (shift, col_shift) = match self._config.forwarding {
            Forwarding::Broadcast => {
                let shift = shift_of(&self.shift, &drain.step);
                (shift, Some(shift))
            }
            Forwarding::Systolic => {
                let step = delays(k, &self.shift, k.read(&drain.step)).last().copied();
                let col_shift = self.col_sums.get().map(|_| shift_of(&self.col_shift, &drain.step));
                (step.unwrap_or(k.read(&drain.step)), col_shift)
            }
        };

        k.drive(&array.accumulate, accumulate);
        k.drive(&array.clear, clear);
        k.drive(&array.load, load);
        k.drive(&array.shift, shift);
        let row_shift = self.row_sums.get().map(|sums| (sums, shift_of(&self.row_shift, &drain.row_step)));
        for (sums, shift) in row_shift.into_iter().chain(self.col_sums.get().zip(col_shift)) {
            k.pass_clock(&self.clk, &sums.clk);
            k.drive(&sums.accumulate, accumulate);
            k.drive(&sums.clear, clear);
            k.drive(&sums.load, load);
            k.drive(&sums.shift, shift);
        }
    }

    fn operand_zero<'k>(&self, k: &'k Kernel, o: &Operand, port: &Maybe<Port<In>>) -> Int<'k> {
        let constant = if let ZeroPoint::Constant(v) = o.zero_point { v } else { 0 };
        port.get().map_or_else(|| k.lit(constant.into()), |p| k.read(p))
    }
    /// The operands, through the rank at the edge, into the array.
    fn feed(&self, k: &Kernel) {
        let c = &self._config;
        let edge = k.stage(&self.enter, 1);
        let centre = |o: &Operand, x, zero| if o.uses(ZeroPointStrategy::Subtract) { x - zero } else { x };
        let a_zero = self.operand_zero(k, &c.left(), &self.a_zero_point);
        for r in 0..c.rows {
            let a = edge.pass(&format!("a_{r}"), centre(&c.left(), k.lane(&self.a, r), a_zero));
            k.drive_lane(&self.array.a, r, a);
            if let Some(sums) = self.row_sums.get() {
                k.drive_lane(&sums.x, r, a);
            }
        }
        let b_zero = self.operand_zero(k, &c.right(), &self.b_zero_point);
        for col in 0..c.cols {
            let b = edge.pass(&format!("b_{col}"), centre(&c.right(), k.lane(&self.b, col), b_zero));
            k.drive_lane(&self.array.b, col, b);
            if let Some(sums) = self.col_sums.get() {
                k.drive_lane(&sums.x, col, b);
            }
        }
    }

    /// The parameters of channels go into the memories one after the other. They come out of them so that each
    /// parameter arrives together with the sum that needs it.
    fn connect_channels<'k>(&'k self, k: &'k Kernel) {
        let address = k.read(&self.drain.address);
        let ranks = open(k, &self.addresses);
        let (before_bias, after_bias) = ranks.split_at(self._config.correction_ranks());
        let bias_address = through(before_bias, "address", address);
        let scale_address = through(after_bias, "address", bias_address);
        for memory in &self.channels {
            k.drive(&memory.bias_address, bias_address);
            k.drive(&memory.scale_address, scale_address);
        }
        let ports = (self.loader.get(), self.cfg_valid.get(), self.cfg_first.get());
        let (Some(loader), Some(valid), Some(first)) = ports else { return };
        k.pass_clock(&self.clk, &loader.clk);
        k.drive(&loader.rst_n, k.read(&self.rst_n));
        k.drive(&loader.valid, k.read(valid));
        k.drive(&loader.first, k.read(first));
        let pass = |to: &Maybe<Port<In>>, from: &Maybe<Port<In>>| {
            if let (Some(to), Some(from)) = (to.get(), from.get()) {
                k.drive(to, k.read(from));
            }
        };
        for (lane, memory) in self.channels.iter().enumerate() {
            if let Some(w) = memory.write.get() {
                k.drive(w, k.lane(&loader.write, lane));
            }
            if let Some(a) = memory.write_address.get() {
                k.drive(a, k.read(&loader.address));
            }
            pass(&memory.write_bias, &self.cfg_bias);
            pass(&memory.write_multiplier, &self.cfg_multiplier);
            pass(&memory.write_shift, &self.cfg_shift);
        }
    }

    /// The sums of a group, corrected for zero points that were not subtracted:
    ///
    /// `sum (a - za)(b - zb) = sum ab - za sum b - zb (sum a - K za)`, where only the corrected zero points among `za`
    /// and `zb` count.
    fn corrected_sums<'k>(&'k self, k: &'k Kernel) -> Vec<Int<'k>> {
        let c = &self._config;
        let a_zero = self.operand_zero(k, &c.left(), &self.a_zero_point);
        let b_zero = self.operand_zero(k, &c.right(), &self.b_zero_point);
        let [fetch, scaled, corrected] = [&self.fetch, &self.scaled, &self.corrected].map(|s| k.stage(s, 1));
        let row = self.row_sums.get().map_or(k.lit(0), |sums| {
            let sum = k.lane(&sums.y, 0);
            let both = c.left().uses(ZeroPointStrategy::Correct);
            let zeros = if both { self.zeros(k, a_zero) } else { k.lit(0) };
            scaled.pass("row_correction", b_zero * fetch.pass("row_sum", sum - zeros))
        });
        let sum_of = |lane| {
            let sum = fetch.pass(&format!("raw_{lane}"), k.lane(&self.array.sums, lane));
            let sum = scaled.pass(&format!("raw_{lane}"), sum);
            let col = self.col_sums.get().map_or(k.lit(0), |sums| {
                let col = fetch.pass(&format!("col_sum_{lane}"), k.lane(&sums.y, lane));
                scaled.pass(&format!("col_correction_{lane}"), a_zero * col)
            });
            let sum = (sum - row - col).bounded(c.acc(), "it is a sum of products of centred operands");
            corrected.pass(&format!("acc_{lane}"), sum)
        };
        (0..c.requantizers()).map(sum_of).collect()
    }

    /// The product `K za`. It holds while beats flow, and is ready when it is first needed.
    fn zeros<'k>(&'k self, k: &'k Kernel, a_zero: Int<'k>) -> Int<'k> {
        let [factors, product] = [&self.zero_factors, &self.zero_product].map(|s| k.stage(s, 1));
        let terms = factors.pass("terms", dimension(k, self._config.k, &self.k));
        product.pass("zeros", terms * factors.pass("a_zero", a_zero))
    }

    /// Brings a group of sums from the array to the requantizers, corrected for zero points and with the bias added.
    fn requantize<'k>(&'k self, k: &'k Kernel) {
        let c = &self._config;
        let sums = self.corrected_sums(k);
        let [biased, limited] = [&self.biased, &self.limited].map(|s| k.stage(s, 1));
        let on_its_way = delays(k, &self.on_its_way, k.read(&self.drain.valid));
        for (lane, requantizer) in self.requantizer.iter().enumerate() {
            let memory = self.channels.get(lane);
            let bias = match (c.channels(), memory) {
                (Channels::Same, _) => k.lit(c.channel(0).bias.into()),
                (_, Some(memory)) => k.read(&memory.bias),
                _ => unreachable!("channels that differ have a memory for each requantizer"),
            };
            let sum = biased.pass(&format!("sum_{lane}"), sums[lane] + bias);
            let acc = limited.pass(&format!("limited_{lane}"), saturated(sum, c.sum_limit()));
            k.drive(requantizer.acc(), acc);
            k.drive(requantizer.in_valid(), on_its_way[on_its_way.len() - 1]);
            self.give_parameters(k, requantizer, memory);
            k.drive_lane(&self.outlet.put_y, lane, k.read(requantizer.y()));
            k.drive_lane(&self.y, lane, k.lane(&self.outlet.y, lane));
            k.drive_lane(&self.keep, lane, k.lane(&self.outlet.keep, lane));
        }
        self.deliver(k);
    }

    /// Factor, zero point and bounds of a requantizer, for those that have a port there: from a memory or a port, or the
    /// constant of their source.
    fn give_parameters(&self, k: &Kernel, requantizer: &AnyRequantizer, memory: Option<&ChannelMemory>) {
        let c = &self._config;
        let factor = match memory {
            Some(memory) => [Some(k.read(&memory.multiplier)), memory.shift.get().map(|shift| k.read(shift))],
            None => [None; 2],
        };
        let output = [&self.zero_point, &self.min, &self.max].map(|port| port.get().map(|port| k.read(port)));
        let ports = requantizer.factor().into_iter().chain(requantizer.output());
        let sources = [&c.multiplier, &c.shift, &c.zero_point, &c.min, &c.max];
        for ((to, value), source) in ports.zip(factor.into_iter().chain(output)).zip(sources) {
            let constant = || k.lit(source.value(0).expect("without a value it is a constant").into());
            if let Some(to) = to {
                k.drive(to, value.unwrap_or_else(constant));
            }
        }
    }

    /// Brings the results from the requantizers to the output stream.
    fn deliver<'k>(&'k self, k: &'k Kernel) {
        let (drain, outlet) = (&self.drain, &self.outlet);
        let ranks = open(k, &self.along);
        let along = |name: &str, port: &Port<Out>| through(&ranks, name, k.read(port));
        k.drive(&outlet.reserve, k.read(&drain.valid));
        k.drive(&outlet.put, k.read(self.requantizer[0].out_valid()));
        k.drive(&outlet.put_kept, along("kept", &drain.cols_kept));
        k.drive(&outlet.put_last, along("last", &drain.last));
        k.drive(&outlet.out_ready, k.read(&self.out_ready));
        k.drive(&self.out_valid, k.read(&outlet.out_valid));
        k.drive(&self.last, k.read(&outlet.last));
    }
}
