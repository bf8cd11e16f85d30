//! Clocks from event to event in the GEMM block, where every result is taken as it comes: what its header says, and what
//! a schedule is made of. Whoever changes the block's control or its ranks changes this file; `sim/tests/cycles.rs` holds
//! it to the Verilog.

use super::config::{GemmConfig, ZeroPointStrategy};

/// Ranks before the multipliers, and at the products: beats that are under way where the last of a tile is added.
const RANKS: usize = 2;

impl GemmConfig {
    /// Which operands' zero points are corrected as results drain: of A, of B.
    pub(super) fn corrects(&self) -> [bool; 2] {
        [self.a, self.b].map(|o| o.uses(ZeroPointStrategy::Correct))
    }

    /// Clocks from the last beat of a tile, where the drain is idle, to its first sums at the end of the array: the ranks,
    /// and one to load the drain registers.
    pub fn clocks_to_sums(&self) -> usize {
        RANKS + 1
    }

    /// Clocks from sums at the end of the array to their results: a parameter is fetched, zero points are corrected, and
    /// the requantizer has its ranks.
    pub fn clocks_to_results(&self) -> usize {
        1 + usize::from(self.corrects().contains(&true)) + self.pipeline
    }

    /// Clocks from the last beat of a tile to its first result.
    pub fn latency(&self) -> usize {
        self.clocks_to_sums() + self.clocks_to_results()
    }

    /// Clocks for which a tile with `rows` rows of C drains: one for each group, those without a column of C too.
    pub fn drain_clocks(&self, rows: usize) -> usize {
        rows * self.groups()
    }

    /// Clocks from the last beat of a tile with `rows` rows of C to that of the next, if beats never lack: a tile of `k`
    /// beats waits for the drain of the one before.
    pub fn tile_clocks(&self, rows: usize, k: usize) -> usize {
        k.max(self.drain_clocks(rows))
    }

    /// Beats behind the last of a tile that are taken although it waits for the drain.
    pub fn beats_ahead(&self) -> usize {
        RANKS
    }
}
