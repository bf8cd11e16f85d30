//! Who gets what of whom in the engine: words of the memories, taps, answers.

use rust_hdl::prelude::Out;

use super::Engine;
use crate::blocks::engine::instruction::{self, Kind};
use crate::exact::{Int, Kernel, Port};

impl Engine {
    pub(super) fn memories(&self, k: &Kernel) {
        let (store, windows) = (&self.store, &self.windows);
        k.drive(&store.read, k.read(&windows.read));
        k.drive(&store.address, k.read(&windows.address));
        k.drive(&windows.word, k.read(&store.word));
        if let (Some(further), Some(distance), Some(words)) =
            (windows.further.get(), store.distance.get(), store.further_words.get())
        {
            k.drive(distance, k.read(&further.distance));
            (0..words.lanes()).for_each(|n| k.drive_lane(&further.word, n, k.lane(words, n)));
        }
        if let (Some(to), Some(words)) = (self.lanes.further.get(), store.further_lane_weights.get()) {
            (0..words.lanes()).for_each(|n| k.drive_lane(&to.weights, n, k.lane(words, n)));
        }
        k.drive(&store.lane_weights_read, k.read(&windows.weights_read));
        k.drive(&store.lane_weights_address, k.read(&windows.weights_address));
        k.drive(&windows.weights, k.read(&store.lane_weights));
        k.drive(&self.lanes.weights, k.read(&store.lane_weights));
        k.drive(&store.program_read, k.read(&self.sequencer.read));
        k.drive(&store.program_address, k.read(&self.sequencer.address));
        k.drive(&self.sequencer.word, k.read(&store.program));
        k.drive(&store.weights_read, k.read(&self.matrix.weights_read));
        k.drive(&store.weights_address, k.read(&self.matrix.weights_address));
        for lane in 0..store.weights.lanes() {
            k.drive_lane(&self.matrix.weights, lane, k.lane(&store.weights, lane));
        }
        // One unit writes in a step.
        let write = |[write, address, word]: [&Port<Out>; 3]| (k.read(write), [k.read(address), k.read(word)]);
        let (matrix, lanes) = (&self.matrix, &self.lanes);
        let softmax = self.softmax.get().map(|s| write([&s.write, &s.write_address, &s.write_word]));
        let writes = [write([&matrix.write, &matrix.write_address, &matrix.write_word])]
            .into_iter()
            .chain([write([&lanes.write, &lanes.write_address, &lanes.write_word])])
            .chain(softmax);
        let all = writes.reduce(|a, b| (a.0 | b.0, [0, 1].map(|i| a.0.mux(a.1[i], b.1[i]))));
        let (by_any, [address, word]) = all.expect("there are units");
        k.drive(&store.write, by_any);
        k.drive(&store.write_address, address);
        k.drive(&store.write_word, word);
    }

    /// Taps to lanes and aligner, words of an item to the block buffer and to the outlet.
    pub(super) fn taps(&self, k: &Kernel) {
        let (windows, aligner, lanes, matrix) = (&self.windows, &self.aligner, &self.lanes, &self.matrix);
        for l in 0..windows.tap.lanes() {
            let byte = k.lane(&windows.tap, l);
            k.drive_lane(&aligner.tap, l, byte);
            k.drive_lane(&aligner.run, l, k.lane(&windows.run, l));
            k.drive_lane(&lanes.tap, l, byte);
        }
        if let (Some(from), Some(to)) = (windows.further.get(), lanes.further.get()) {
            (0..from.tap.lanes()).for_each(|l| k.drive_lane(&to.tap, l, k.lane(&from.tap, l)));
        }
        for (to, from) in [
            (&aligner.valid, &windows.to_aligner),
            (&aligner.rotation, &windows.rotation),
            (&aligner.last, &windows.last),
            (&aligner.block_end, &windows.block_end),
            (&aligner.row, &windows.row),
            (&aligner.half, &windows.half),
            (&lanes.tap_valid, &windows.to_lanes),
            (&lanes.tap_first, &windows.first),
            (&lanes.tap_last, &windows.last),
            (&lanes.tap_pixel_end, &windows.pixel_end),
            (&lanes.tap_block_end, &windows.block_end),
            (&lanes.tap_step_end, &windows.step_end),
            (&windows.released, &matrix.released),
        ] {
            k.drive(to, k.read(from));
        }
        if let Some(softmax) = self.softmax.get() {
            let valid = windows.to_softmax.get().map_or(k.lit(0), |port| k.read(port));
            k.drive(&softmax.tap_valid, valid);
            k.drive(&softmax.tap_step_end, k.read(&windows.step_end));
            (0..windows.tap.lanes()).for_each(|l| k.drive_lane(&softmax.tap, l, k.lane(&windows.tap, l)));
            k.drive(&softmax.entry_valid, k.read(&windows.to_tables));
            k.drive(&softmax.entry, k.read(&windows.entry));
        }
        if let (Some(valid), Some(entry)) = (lanes.entry_valid.get(), lanes.entry.get()) {
            k.drive(valid, k.read(&windows.to_tables));
            k.drive(entry, k.read(&windows.entry));
        }
        let kind = self.kept.read(k, instruction::KIND);
        k.register(&self.is_output, kind.equals(Kind::Output as i128));
        k.register(&self.is_fused, kind.equals(Kind::Fused as i128));
        let [output, fused] = [&self.is_output, &self.is_fused].map(|reg| k.read(reg));
        let of = |lanes: &Port<Out>, aligner: &Port<Out>| fused.mux(k.read(lanes), k.read(aligner));
        let fills = (k.read(&lanes.fill) & fused) | (k.read(&aligner.fill) & !fused & !output);
        k.drive(&matrix.fill, fills);
        k.drive(&matrix.fill_half, of(&lanes.fill_half, &aligner.fill_half));
        k.drive(&matrix.fill_row, of(&lanes.fill_row, &aligner.fill_row));
        k.drive(&matrix.fill_at, of(&lanes.fill_at, &aligner.fill_at));
        k.drive(&matrix.fill_word, of(&lanes.fill_word, &aligner.fill_word));
        k.drive(&matrix.fill_end, fills & of(&lanes.fill_end, &aligner.fill_end));
        self.answers(k, output);
    }

    /// What goes to the outlet: words of a tensor, a report, the status of a packet.
    fn answers<'k>(&self, k: &'k Kernel, output: Int<'k>) {
        let (aligner, sequencer, loader) = (&self.aligner, &self.sequencer, &self.loader);
        let puts = (output & k.read(&aligner.fill)).named("puts");
        let (report, answer) = (k.read(&sequencer.report), k.read(&loader.answer));
        let end = k.read(&aligner.fill_end);
        let lanes = self.windows.tap.lanes() as i128;
        k.drive(&self.outlet.put, puts | report | answer);
        k.drive(&self.outlet.put_word, puts.mux(k.read(&aligner.fill_word), report.mux(k.read(&sequencer.clocks), 0)));
        let last_bytes = (self.kept.read(k, instruction::LAST_BYTES) - 1).wrap(self.outlet.put_bytes_1.range());
        k.drive(&self.outlet.put_bytes_1, (puts & end).mux(last_bytes, lanes - 1));
        k.drive(&self.outlet.put_last, end | !puts);
        k.drive(&self.outlet.put_status, answer.mux(k.read(&loader.answer_status), 0));
        let units = [&self.matrix.done, &self.lanes.done, &self.windows.tables_done];
        let units = units.into_iter().chain(self.softmax.get().map(|softmax| &softmax.done));
        let done = units.fold(puts & end, |done, unit| done | k.read(unit));
        k.drive(&sequencer.done, done);
    }
}
