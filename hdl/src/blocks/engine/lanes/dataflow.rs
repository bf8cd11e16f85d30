//! The movement of data in the lanes, and the clocks that their parts keep.

use super::Lanes;
use super::drain::ENDS;
use super::further::Marks;
use super::timing::{INT8, STEP_TO_LANE};
use crate::blocks::delay::{delays, open, through};
use crate::blocks::engine::config::TABLE_VALUE;
use crate::blocks::engine::instruction::{self, Field};
use crate::describe_logic;
use crate::exact::{Describe, Header, Int, Kernel};

describe_logic!(Lanes);

impl Describe for Lanes {
    fn header(&self) -> Header {
        let (lanes, requantizers) = (self.lane.len(), self.requantizer.len());
        Header::new(format!("lanes_{lanes}"), "Sums of products or entries of tables, and maxima, channel by channel.")
            .line("An item is a group of channels of a pixel; its requantized results make a word.")
            .fact("throughput", format!("{lanes} taps per clock"))
            .fact("requantizers", requantizers)
    }

    fn describe(&self, k: &Kernel) {
        k.clock(&self.clk);
        k.reset(&self.rst_n);
        self.kept.describe(k, &self.instruction);
        self.connect_common(k);
        let arrival = self.arrival(k);
        let (marks, taps) = match self.further.get() {
            None => {
                self.multiply(k);
                (arrival, (0..self.lane.len()).map(|l| k.lane(&self.tap, l)).collect())
            }
            Some(further) => {
                let later = further.later(k, &arrival);
                let taps = self.multiply_three(k, further, later.valid & later.first);
                (later, taps)
            }
        };
        self.look_up(k, &taps, marks.first);
        let steps = self.control(k, &marks);
        self.chain(k);
        self.requantize(k, steps[steps.len() - 1]);
        self.deliver(k);
    }
}

impl Lanes {
    fn field<'k>(&self, k: &'k Kernel, field: Field) -> Int<'k> {
        self.kept.read(k, field)
    }

    /// Connects clock, reset and instruction to the sub-blocks that need them, and the stream to the parameters.
    fn connect_common(&self, k: &Kernel) {
        let (drain, packer, parameters) = (&self.drain, &self.packer, &self.parameters);
        let clocks = [&self.products.clk, &drain.clk, &packer.clk, &parameters.clk].into_iter();
        for clk in clocks.chain(self.lane.iter().map(|lane| &lane.clk)).chain(self.table.iter().map(|t| &t.clk)) {
            k.pass_clock(&self.clk, clk);
        }
        if let Some(further) = self.further.get() {
            further.pass_clock(k, &self.clk);
        }
        let shown = [&self.instruction.write, &self.instruction.at, &self.instruction.word].map(|port| k.read(port));
        for (instruction, rst_n, start) in
            [(&drain.instruction, &drain.rst_n, &drain.start), (&packer.instruction, &packer.rst_n, &packer.start)]
        {
            instruction.drive(k, shown);
            k.drive(rst_n, k.read(&self.rst_n));
            k.drive(start, k.read(&self.start));
        }
        if let Some(ports) = self.parameters_write.get() {
            parameters.write.drive(k, ports.read(k));
        }
    }

    /// What comes with a tap.
    fn arrival<'k>(&self, k: &'k Kernel) -> Marks<'k> {
        Marks {
            valid: k.read(&self.tap_valid),
            first: k.read(&self.tap_first),
            last: k.read(&self.tap_last),
            ends: [&self.tap_pixel_end, &self.tap_block_end, &self.tap_step_end].map(|end| k.read(end)),
        }
    }

    /// The products. A maximum takes the taps themselves, which are products by 1.
    fn multiply(&self, k: &Kernel) {
        let (arrived, maximum) = (k.stage(&self.arrived, 1), self.field(k, instruction::MAXIMUM));
        let valid = k.read(&self.tap_valid);
        let begin = arrived.pass("begin", valid & k.read(&self.tap_first));
        for (l, lane) in self.lane.iter().enumerate() {
            let tap = valid.mux(k.lane(&self.tap, l), INT8.lo());
            let weight = maximum.mux(1, k.read(&self.weights).bits(8 * l as u32, 8).as_signed());
            let tap = arrived.pass(&format!("tap_{l}"), tap);
            k.drive_lane(&self.products.a, l, tap);
            k.drive_lane(&self.products.b, l, arrived.pass(&format!("weight_{l}"), weight));
            k.drive(&lane.tap, tap);
            k.drive(&lane.begin, begin);
            k.drive(&lane.maximum, maximum);
            k.drive(&lane.product, k.lane(&self.products.p, l));
        }
    }

    /// The tables, which the entries of a step fill in order.
    fn look_up<'k>(&self, k: &'k Kernel, taps: &[Int<'k>], first: Int<'k>) {
        let (Some(valid), Some(entry), Some(at)) = (self.entry_valid.get(), self.entry.get(), self.entry_at.get())
        else {
            return;
        };
        let write = k.read(valid) & !self.field(k, instruction::SOFTMAX_TABLE);
        let (start, entry_at) = (k.read(&self.start), k.read(at));
        k.register_when(at, start | write, start.mux(0, (entry_at + 1).wrap(at.range())));
        let width = TABLE_VALUE.width();
        let word = k.read(entry).bits(0, width);
        for (l, (table, lane)) in self.table.iter().zip(&self.lane).enumerate() {
            table.write.drive(k, [write, entry_at, word]);
            k.drive(&table.read, 1);
            let tap = taps[l];
            // Entry 0 is for the tap -128.
            let index = (!tap.bit(7)).concat(tap.bits(0, 7), 7);
            k.drive(&table.address, (!first).concat(index, 8));
            let value = k.read(&table.word).as_signed().bounded(TABLE_VALUE, "images hold such entries");
            if let (Some(to), Some(select)) = (lane.entry.get(), lane.table.get()) {
                k.drive(to, value);
                k.drive(select, self.field(k, instruction::TABLE));
            }
        }
    }

    /// What a tap and the steps behind an item's last tap tell the lanes. Returns, for each rank up to the requantizers,
    /// whether it has the sums of a step.
    fn control<'k>(&'k self, k: &'k Kernel, marks: &Marks<'k>) -> Vec<Int<'k>> {
        let taps = delays(k, &self.taps, marks.valid);
        let first = through(&open(k, &self.firsts), "first", marks.first);

        let drain = &self.drain;
        k.drive(&drain.item, marks.valid & marks.last);
        marks.ends.into_iter().enumerate().for_each(|(i, end)| k.drive_lane(&drain.ends, i, end));
        let steps = delays(k, &self.steps, k.read(&drain.step));
        let load = through(&open(k, &self.loads), "load", k.read(&drain.first));

        for lane in &self.lane {
            k.drive(&lane.take, taps[taps.len() - 1]);
            k.drive(&lane.restart, first);
            k.drive(&lane.step, steps[STEP_TO_LANE - 1]);
            if let Some(to) = lane.load.get() {
                k.drive(to, load);
            }
        }
        steps
    }

    /// The drain registers are chains that move as many lanes a step as there are requantizers.
    fn chain(&self, k: &Kernel) {
        let behind = self.lane.iter().skip(self.requantizer.len());
        for (lane, behind) in self.lane.iter().zip(behind) {
            if let Some(to) = lane.behind.get() {
                k.drive(to, k.read(&behind.held));
            }
        }
    }

    /// The sums, with their biases, go to the requantizers.
    fn requantize(&self, k: &Kernel, valid: Int<'_>) {
        let memory = &self.parameters;
        k.drive(&memory.address, k.stage(&self.sought, 1).pass("entry", k.read(&self.drain.entry)));
        let (found, biased) = (k.stage(&self.found, 1), k.stage(&self.biased, 1));
        for (q, requantizer) in self.requantizer.iter().enumerate() {
            let name = |parameter: &str| format!("{parameter}_{q}");
            let bias = found.pass(&name("bias"), k.lane(&memory.bias, q));
            let part = |(n, bus)| biased.pass(&name(n), found.pass(&name(n), k.lane(bus, q)));
            let factor: Vec<Int<'_>> = memory.factor().into_iter().map(part).collect();
            requantizer.connect(k, &self.clk, k.read(&self.rst_n));
            k.drive(requantizer.in_valid(), valid);
            let held = k.read(&self.lane[q].held);
            let sum = match requantizer.bias() {
                Some(port) => {
                    k.drive(port, bias);
                    held
                }
                None => held + bias,
            };
            k.drive(requantizer.acc(), biased.pass(&name("sum"), sum));
            requantizer.factor().into_iter().flatten().zip(factor).for_each(|(to, part)| k.drive(to, part));
            let output = [instruction::LANE_ZERO_POINT, instruction::LANE_MIN, instruction::LANE_MAX];
            for (to, field) in requantizer.output().into_iter().flatten().zip(output) {
                k.drive(to, self.field(k, field));
            }
        }
    }

    /// Whether results are the last of their item, and the item the last of its pixel, of its block, of the step: beside the
    /// requantizers, whose results say when this counts.
    fn marks_of_results<'k>(&'k self, k: &'k Kernel) -> [Int<'k>; 1 + ENDS] {
        let (last, ends) = (k.read(&self.drain.last), std::array::from_fn(|i| k.lane(&self.drain.item_ends, i)));
        let [pixel, block, step]: [_; ENDS] = ends;
        if let Some(ring) = self.until_result.get() {
            return ring.pass(k, [last, pixel, block, step]);
        }
        let (lasts, ranks) = (delays(k, &self.lasts, last), open(k, &self.ends));
        let [pixel, block, step] = std::array::from_fn(|i| through(&ranks, &format!("ends_{i}"), ends[i]));
        [lasts[lasts.len() - 1], pixel, block, step]
    }

    /// The results, through the packer to the block buffer or to the activation memory.
    fn deliver(&self, k: &Kernel) {
        let packer = &self.packer;
        let marks = self.marks_of_results(k);
        k.drive(&packer.valid, k.read(self.requantizer[0].out_valid()));
        k.drive(&packer.last, marks[0]);
        for i in 0..ENDS {
            k.drive_lane(&packer.ends, i, marks[1 + i]);
        }
        for (q, requantizer) in self.requantizer.iter().enumerate() {
            k.drive_lane(&packer.y, q, k.read(requantizer.y()));
        }
        for (to, from) in [
            (&self.fill, &packer.fill),
            (&self.fill_half, &packer.fill_half),
            (&self.fill_row, &packer.fill_row),
            (&self.fill_at, &packer.fill_at),
            (&self.fill_word, &packer.word),
            (&self.fill_end, &packer.fill_end),
            (&self.write, &packer.write),
            (&self.write_address, &packer.write_address),
            (&self.write_word, &packer.word),
            (&self.done, &packer.done),
        ] {
            k.drive(to, k.read(from));
        }
    }
}
