//! What the loops do in a clock: which levels end a round, whether words are read, and where the offsets go.

use super::Loops;
use crate::blocks::engine::banks::READS;
use crate::blocks::engine::instruction::{self, Kind};
use crate::exact::{Int, Kernel, Reg};

/// The ends of the levels in a clock, from the inside outwards.
pub(super) struct Ends<'k> {
    pub(super) word: Int<'k>,
    pub(super) run: Int<'k>,
    pub(super) tap_row: Int<'k>,
    pub(super) item: Int<'k>,
    pub(super) pixel: Int<'k>,
    pub(super) row: Int<'k>,
    pub(super) block: Int<'k>,
    pub(super) step: Int<'k>,
}

impl Loops {
    pub(super) fn ends<'k>(&self, k: &'k Kernel, issue: Int<'k>) -> Ends<'k> {
        let run = (issue & self.words.last(k)).named("run_end");
        let tap_row = (run & self.runs.last(k)).named("tap_row_end");
        let item = (tap_row & self.tap_rows.last(k)).named("item_end");
        let pixel = (item & self.groups.last(k)).named("pixel_ends");
        let last_row = self.last_row_of_block(k);
        let last_pixel = self.pixels.last(k);
        Ends {
            word: issue,
            run,
            tap_row,
            item,
            pixel,
            row: (pixel & self.columns.last(k)).named("row_end"),
            block: (pixel & (last_row | last_pixel)).named("block_ends"),
            step: (pixel & last_pixel).named("step_ends"),
        }
    }

    fn last_row_of_block<'k>(&self, k: &'k Kernel) -> Int<'k> {
        k.read(&self.row_of_block).equals(self.row_of_block.range().hi())
    }

    /// When words are read: `active` from the start to the last word, not while it rests or waits. What follows from the
    /// instruction alone is a register, and so is the answer, because the levels and offsets move on by it.
    pub(super) fn control<'k>(&self, k: &'k Kernel, start: Int<'k>, ends: &Ends<'k>) {
        let kind = self.kept.read(k, instruction::KIND);
        let is = |wanted: Kind| kind.equals(wanted as i128);
        k.register(&self.blocks, is(Kind::Matrix) | is(Kind::Fused));
        let blocks = k.read(&self.blocks);
        let reads = !(is(Kind::End) | is(Kind::Report));
        k.register(&self.active, (start & reads) | (k.read(&self.active) & !ends.step));

        let idle = self.kept.read(k, instruction::IDLE);
        let (resting, rest) = (k.read(&self.resting), k.read(&self.rest));
        k.register(&self.idles, !idle.equals(0));
        let rests = (ends.item & k.read(&self.idles)) | (resting & !k.read(&self.rest_ends));
        k.register(&self.resting, rests);
        let fewer = (rest - 1).wrap(rest.range());
        k.register(&self.rest, resting.mux(fewer, idle));
        k.register(&self.rest_ends, resting.mux(rest.equals(2), idle.equals(1)));

        let (waiting, in_flight) = (k.read(&self.waiting), k.read(&self.in_flight));
        let claim = (waiting & !in_flight.bit(1)).named("claim");
        let wait = blocks & (start | (ends.block & !ends.step));
        let waits = wait | (waiting & !claim);
        k.register(&self.waiting, waits);
        let next = in_flight + claim - k.read(&self.released);
        k.register(&self.in_flight, next.bounded(self.in_flight.range(), "what is released was claimed"));

        // `active & !waits & !rests & open`, such that the end of an item, which is known late, comes last.
        let open = k.read(&self.room) | !is(Kind::Output);
        let begins = start & reads & !blocks;
        let goes_on =
            (begins | k.read(&self.active)) & !(waiting & !claim) & !(resting & !k.read(&self.rest_ends)) & open;
        let pauses = self.pixels.last(k) | (blocks & self.last_row_of_block(k));
        let pauses = (k.read(&self.idles) | (self.groups.last(k) & pauses)).named("pauses");
        k.register(&self.issues, goes_on & !(ends.item & pauses));
    }

    pub(super) fn offsets<'k>(&self, k: &'k Kernel, start: Int<'k>, ends: &Ends<'k>) {
        use instruction as i;
        let field = |field| self.kept.read(k, field);
        let zero = k.lit(0);
        let again = |last: Int<'k>| start | last;
        let [words, runs, tap_rows] = [&self.words, &self.runs, &self.tap_rows].map(|level| again(level.last(k)));
        let [groups, columns] = [&self.groups, &self.columns].map(|level| again(level.last(k)));
        self.offset(k, &self.word_offset, [start | ends.word, words], zero, k.lit(self._lanes));
        self.offset(k, &self.run_offset, [start | ends.run, runs], zero, field(i::TAP_STEP));
        let tap_row = [start | ends.tap_row, tap_rows];
        self.offset(k, &self.tap_row_offset, tap_row, zero, field(i::TAP_ROW_STEP));
        self.offset(k, &self.tap_row_y, tap_row, zero, field(i::TAP_Y_STEP));

        let group = self.late_group.describe(k, start | ends.item, groups);
        self.offset(k, &self.group_offset, group, zero, k.lit(self._lanes));
        let column = self.late_column.describe(k, start | ends.pixel, columns);
        self.offset(k, &self.column_offset, column, zero, field(i::X_STEP));
        let row = self.late_row.describe(k, start | ends.row, start);
        let address = field(i::ADDRESS).wrap(self.row_offset.range());
        self.offset(k, &self.row_offset, row, address, field(i::ROW_STEP));
        self.offset(k, &self.row_y, row, field(i::Y0), field(i::Y_STEP));
        let run = self.late_place.describe(k, start | ends.run, start | ends.item);
        self.offset(k, &self.place, run, zero, field(i::RUN_BYTES).wrap(self.place.range()));
        self.entry(k, start, ends);

        let one = k.lit(1);
        self.offset(k, &self.row_of_block, [start | ends.pixel, start], zero, one);
        self.offset(k, &self.half_of_buffer, [start | ends.block, start], zero, one);
        k.register_when(&self.begins, start | ends.word, start | ends.item);
    }

    /// The entry of the lanes' weights: each pixel begins with the first.
    fn entry<'k>(&self, k: &'k Kernel, start: Int<'k>, ends: &Ends<'k>) {
        use instruction as i;
        let field = |field| self.kept.read(k, field);
        let tables = field(i::KIND).equals(Kind::Tables as i128);
        let taps = match self.last_run.get() {
            Some(_) => field(i::TRIPLE).mux(self._lanes / 4 * READS as i128, self._lanes / 4),
            None => k.lit(self._lanes / 4),
        };
        let step = tables.mux(1, taps);
        let moves = start | (ends.word & (field(i::WEIGHTS_ADVANCE) | tables));
        let entry = self.late_entry.describe(k, moves, start | ends.pixel);
        self.offset(k, &self.weight_entry, entry, self.kept.read_or_0(k, i::LANE_WEIGHTS), step);
    }

    /// An offset that `moves` on. It begins with `from`, and `again` where the level's last round ends.
    fn offset<'k>(&self, k: &'k Kernel, reg: &Reg, [moves, again]: [Int<'k>; 2], from: Int<'k>, step: Int<'k>) {
        let next = (k.read(reg) + step).wrap(reg.range());
        k.register_when(reg, moves, again.mux(from, next));
    }
}
