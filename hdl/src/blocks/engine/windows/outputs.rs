//! What leaves the windows beside the taps.

use super::{ADDRESS_RANKS, Windows};
use crate::blocks::delay::through;
use crate::blocks::engine::instruction::{self, Kind};
use crate::blocks::ring;
use crate::exact::{Int, Kernel, Rank};

impl Windows {
    /// What the loops say of a word comes in the same clock as the tap.
    pub(super) fn marks<'k>(&'k self, k: &'k Kernel, ranks: &[Rank<'k>]) {
        let l = &self.loops;
        let marks = [
            ("first", &self.first, &l.first),
            ("last", &self.last, &l.last),
            ("pixel_end", &self.pixel_end, &l.pixel_end),
            ("block_end", &self.block_end, &l.block_end),
            ("step_end", &self.step_end, &l.step_end),
            ("row", &self.row, &l.row),
            ("half", &self.half, &l.half),
        ];
        let values = marks.map(|(name, _, from)| (name, k.read(from)));
        for ((_, to, _), mark) in
            marks.into_iter().zip(ring::pass(k, self.rings.get().map(|r| &r.marks), ranks, values))
        {
            k.drive(to, mark);
        }
    }

    /// The word of the lanes' weights comes in the same clock as the tap. `entry` is theirs, when it is sought.
    pub(super) fn weights<'k>(&'k self, k: &'k Kernel, ranks: &[Rank<'k>], entry: Int<'k>) {
        let entries = self.tap.lanes() as u32 / 4;
        k.drive(&self.weights_address, entry.bits(entries.ilog2(), 32));
        k.drive(&self.weights_read, k.read(&self.valid[ADDRESS_RANKS]));
        let weights = k.read(&self.weights);
        let entry = match entries {
            1 => weights,
            _ => {
                let high = through(&ranks[ADDRESS_RANKS + 1..], "high", entry.bit(0));
                high.mux(weights.bits(32, 32), weights.bits(0, 32))
            }
        };
        k.drive(&self.entry, entry.as_signed());
    }

    /// The unit that takes the tap follows from the kind of the step.
    pub(super) fn destinations<'k>(&'k self, k: &'k Kernel, valid: Int<'k>) {
        let kind = self.kept.read(k, instruction::KIND);
        let is = |wanted: Kind| kind.equals(wanted as i128);
        k.drive(&self.to_lanes, valid & (is(Kind::Lanes) | is(Kind::Fused)));
        k.drive(&self.to_aligner, valid & (is(Kind::Matrix) | is(Kind::Output)));
        if let Some(to) = self.to_softmax.get() {
            k.drive(to, valid & is(Kind::Softmax));
        }
        let tables = (valid & is(Kind::Tables)).named("entry_comes");
        k.drive(&self.to_tables, tables);
        k.drive(&self.tables_done, tables & k.read(&self.step_end));
    }
}
