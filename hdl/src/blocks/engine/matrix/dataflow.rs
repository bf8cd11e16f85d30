//! The movement of data in the matrix unit, and the clocks that its parts keep.

use super::Matrix;
use super::timing::DRAIN_TO_SUM;
use crate::blocks::delay::{delays, open, through};
use crate::blocks::engine::instruction;
use crate::blocks::ring;
use crate::describe_logic;
use crate::exact::{Describe, Header, Int, Kernel};

describe_logic!(Matrix);

impl Describe for Matrix {
    fn header(&self) -> Header {
        let (rows, cols) = (self.buffer.bytes.lanes(), self.array.b.lanes() / self.buffer.bytes.lanes());
        Header::new(format!("matrix_{rows}x{cols}"), "Products of matrices, block by block, with requantized results.")
            .line("A block has a pixel in each row; a tile has an output channel in each column.")
            .fact("throughput", format!("{} products per clock", rows * cols))
            .fact("weights", format!("{} banks", self.weights.lanes() / cols))
    }

    fn describe(&self, k: &Kernel) {
        k.clock(&self.clk);
        k.reset(&self.rst_n);
        self.kept.describe(k, &self.instruction);
        self.connect_common(k);
        self.feed(k);
        let steps = self.control(k);
        self.requantize(k, &steps);
        self.deliver(k);
    }
}

impl Matrix {
    /// Connects clock, reset and instruction to the sub-blocks that need them.
    fn connect_common(&self, k: &Kernel) {
        let (rst_n, start) = (k.read(&self.rst_n), k.read(&self.start));
        let clocks = [&self.beats.clk, &self.buffer.clk, &self.bank_weights.clk, &self.array.clk, &self.drain.clk];
        for clk in clocks.into_iter().chain([&self.parameters.clk, &self.packer.clk]) {
            k.pass_clock(&self.clk, clk);
        }
        for reset in [&self.beats.rst_n, &self.drain.rst_n, &self.packer.rst_n] {
            k.drive(reset, rst_n);
        }
        for to in [&self.beats.start, &self.drain.start, &self.packer.start] {
            k.drive(to, start);
        }
        let words = [&self.instruction.write, &self.instruction.at, &self.instruction.word].map(|port| k.read(port));
        for to in [&self.beats.instruction, &self.drain.instruction, &self.packer.instruction] {
            to.drive(k, words);
        }
        for split in [&self.beats.split, &self.bank_weights.split, &self.packer.split] {
            if let Some(split) = split.get() {
                k.drive(split, self.kept.read(k, instruction::SPLIT));
            }
        }
        for r in &self.requantizer {
            r.connect(k, &self.clk, rst_n);
        }
    }

    /// Activations and weights, on their way into the array, and parameters, on their way into their memories.
    fn feed(&self, k: &Kernel) {
        let (beats, buffer, weights) = (&self.beats, &self.buffer, &self.bank_weights);
        for (to, from) in [
            (&buffer.fill, &self.fill),
            (&buffer.fill_half, &self.fill_half),
            (&buffer.fill_row, &self.fill_row),
            (&buffer.fill_at, &self.fill_at),
            (&buffer.fill_word, &self.fill_word),
            (&beats.fill_end, &self.fill_end),
            (&beats.fill_half, &self.fill_half),
        ] {
            k.drive(to, k.read(from));
        }
        if let Some(ports) = self.parameters_write.get() {
            self.parameters.write.drive(k, ports.read(k));
        }
        k.drive(&buffer.fetch, k.read(&beats.fetch));
        k.drive(&buffer.fetch_address, k.read(&beats.fetch_address));
        k.drive(&self.weights_read, k.read(&beats.beat));
        k.drive(&self.weights_address, k.read(&beats.weights_address));
        if let Some((to, from)) = weights.bank.get().zip(beats.bank.get()) {
            k.drive(to, k.read(from));
        }
        for lane in 0..weights.words.lanes() {
            k.drive_lane(&weights.words, lane, k.lane(&self.weights, lane));
        }
        for lane in 0..weights.rows.lanes() {
            k.drive_lane(&self.array.b, lane, k.lane(&weights.rows, lane));
        }
        for r in 0..buffer.bytes.lanes() {
            k.drive_lane(&self.array.a, r, k.lane(&buffer.bytes, r));
        }
    }

    /// What follows a beat: a sum begins with its product, or is complete and drains. Returns, for each rank up to the
    /// requantizers, whether it has the sums of a step.
    fn control<'k>(&'k self, k: &'k Kernel) -> Vec<Int<'k>> {
        let (beats, array, drain) = (&self.beats, &self.array, &self.drain);
        let c = &self._config;
        let last = k.read(&beats.last);
        let lasts = delays(k, &self.lasts, last);
        let [drain_begins, load] = [c.beat_to_drain(), c.beat_to_load()].map(|clocks| lasts[clocks - 1]);
        k.drive(&array.first, through(&open(k, &self.firsts), "first", k.read(&beats.first)));
        k.drive(&array.load, load);
        if let Some((to, from)) = array.moves.get().zip(drain.moves.get()) {
            k.drive(to, load | k.stage(&self.moves, 1).pass("moves", k.read(from)));
        }
        let frees = delays(k, &self.releases, last & k.read(&beats.last_tile));
        k.drive(&self.released, frees[frees.len() - 1]);

        k.drive(&drain.begin, drain_begins);
        let of_tile = [("last_tile", k.read(&beats.last_tile)), ("last_block", k.read(&beats.last_block))];
        let [last_tile, last_block] = ring::pass(k, self.until_drain.get(), &open(k, &self.tile), of_tile);
        k.drive(&drain.last_tile, last_tile);
        k.drive(&drain.last_block, last_block);
        k.drive(&self.parameters.address, k.read(&drain.entry));
        delays(k, &self.steps, k.read(&drain.step))
    }

    /// The sums, those of all rows added in a split step, through the bias to the requantizers.
    fn requantize<'k>(&'k self, k: &'k Kernel, steps: &[Int<'k>]) {
        let first_row = through(&open(k, &self.row), "first_row", k.read(&self.drain.first_row));
        let split = if self._config.banks() > 1 { self.kept.read(k, instruction::SPLIT) } else { k.lit(0) };
        let adds = (split & !first_row).named("adds");
        let biased = k.stage(&self.biased, 1);
        for (q, requantizer) in self.requantizer.iter().enumerate() {
            let sum = k.read(&self.sum[q]);
            let total = adds.mux(sum, 0) + k.lane(&self.array.sums, q);
            let total = total.bounded(sum.range(), "a split step adds the sums of all rows once");
            k.register_when(&self.sum[q], steps[DRAIN_TO_SUM - 1], total);
            let bias = k.lane(&self.parameters.bias, q);
            let sum = match requantizer.bias() {
                Some(port) => {
                    k.drive(port, bias);
                    sum
                }
                None => sum + bias,
            };
            k.drive(requantizer.acc(), biased.pass("sum", sum));
            k.drive(requantizer.in_valid(), steps[steps.len() - 1]);
            for (to, (name, bus)) in requantizer.factor().into_iter().flatten().zip(self.parameters.factor()) {
                k.drive(to, biased.pass(name, k.lane(bus, q)));
            }
            let output = [instruction::ZERO_POINT, instruction::MIN, instruction::MAX];
            for (to, field) in requantizer.output().into_iter().flatten().zip(output) {
                k.drive(to, self.kept.read(k, field));
            }
        }
    }

    /// The results, through the packer to the activation memory.
    fn deliver(&self, k: &Kernel) {
        let packer = &self.packer;
        k.drive(&packer.valid, k.read(self.requantizer[0].out_valid()));
        let of_block =
            [("last_block", k.read(&self.drain.in_last_block)), ("ends_block", k.read(&self.drain.ends_block))];
        let [last_block, ends_block] = ring::pass(k, self.until_result.get(), &open(k, &self.block), of_block);
        k.drive(&packer.last_block, last_block);
        k.drive(&packer.ends_block, ends_block);
        for (q, requantizer) in self.requantizer.iter().enumerate() {
            k.drive_lane(&packer.y, q, k.read(requantizer.y()));
        }
        k.drive(&self.write, k.read(&packer.write));
        k.drive(&self.write_address, k.read(&packer.write_address));
        k.drive(&self.write_word, k.read(&packer.write_word));
        k.drive(&self.done, k.read(&packer.done));
    }
}
