//! Register ranks of the GEMM block, and clocks from event to event where every result is taken as it comes: what its
//! header says, and what a schedule is made of. `sim/tests/cycles.rs` holds it to the Verilog.

use super::config::{Forwarding, GemmConfig, ZeroPointStrategy};
use super::outlet::OUTLET_LATENCY;
use crate::exact::Range;
use crate::targets::Target;
use crate::targets::ice40::{PRODUCT_LATENCY, SbMac16Products};

/// Ranks.
impl GemmConfig {
    /// Of a multiplier of the array: of the product; in LUTs also of operands and in the middle; in ECP5's cell the same,
    /// and of the product once more beside the adder, to which the way is long; in iCE40's cell as many as in LUTs.
    pub(super) fn multiply_ranks(&self) -> usize {
        match self.target {
            Target::Ecp5 => 4,
            Target::Ice40 => PRODUCT_LATENCY,
            Target::Generic if self.dsp_elements() < self.rows * self.cols => 3,
            Target::Generic => 1,
        }
    }

    /// Elements whose product is a multiplier of the device.
    pub fn dsp_elements(&self) -> usize {
        self.dsp_elements.unwrap_or(usize::MAX).min(self.rows * self.cols)
    }

    /// Values of the two factors of a product.
    pub(super) fn factors(&self) -> [Range; 2] {
        [self.a.in_array(), self.b.in_array()]
    }

    /// Multiplier cells that the elements of a row share, neighbours one.
    pub(super) fn cells_of_row(&self, row: usize) -> usize {
        let elements = self.dsp_elements().saturating_sub(row * self.cols).min(self.cols);
        match self.target {
            Target::Ice40 => elements.div_ceil(SbMac16Products::products_of(self.factors())),
            Target::Generic | Target::Ecp5 => 0,
        }
    }

    /// Between accumulator and drain register, where there are cells: a selection behind the adder's carry is slow.
    pub(super) fn hold_ranks(&self) -> usize {
        usize::from(self.target != Target::Generic)
    }

    /// A sum begins with its first product, not at 0, and drains out of the accumulator, which is its own hold rank.
    pub(super) fn restarts(&self) -> bool {
        self.target == Target::Ice40
    }

    /// Of the drain's step from the decision for a group to the elements: the step comes there with the word of a memory.
    /// Elements that load at their own time have one of them, that between accumulator and drain register.
    pub(super) fn step_ranks(&self) -> usize {
        let own = if self.forwarding == Forwarding::Systolic { self.hold_ranks() } else { 0 };
        self.memory_ranks() - 1 - own
    }

    /// Of a memory of parameters: of the memory and of its output, which is slow; where the clock is fast also one beside
    /// what takes the word.
    pub(super) fn memory_ranks(&self) -> usize {
        match self.target {
            Target::Ecp5 => 3,
            _ => 2,
        }
    }

    /// Those that correct a sum for zero points that were not subtracted.
    pub(super) fn correction_ranks(&self) -> usize {
        if self.corrects().contains(&true) { 2 } else { 0 }
    }

    /// Those that add the bias to a sum and limit it.
    pub(super) fn bias_ranks(&self) -> usize {
        1 + usize::from(!self.sum_limit().covers(self.biased()))
    }

    /// Those from the drain's decision for a group to its results.
    pub(super) fn result_ranks(&self) -> usize {
        self.memory_ranks() + self.correction_ranks() + self.bias_ranks() + self.requantizer().latency()
    }

    /// Which operands' zero points are corrected as results drain: of A, of B.
    pub(super) fn corrects(&self) -> [bool; 2] {
        [self.a, self.b].map(|o| o.uses(ZeroPointStrategy::Correct))
    }
}

/// Clocks.
impl GemmConfig {
    /// By which the last element of the array lags behind the first.
    pub(super) fn skew(&self) -> usize {
        match self.forwarding {
            Forwarding::Broadcast => 0,
            Forwarding::Systolic => self.rows + self.cols - 2,
        }
    }

    /// From the last beat of a tile to the drain's decision for its first group: as early as each element has loaded its sum,
    /// and the parameters, which come out of their memories, do not overtake the sums.
    pub(super) fn start_of_drain(&self) -> usize {
        3 + self.skew() + self.multiply_ranks() + self.hold_ranks() - self.memory_ranks()
    }

    /// From the last beat of a tile to its first sums at the end of the array: the edge, the way through the array, the
    /// multipliers, and what loads the drain registers.
    pub fn clocks_to_sums(&self) -> usize {
        2 + self.skew() + self.multiply_ranks() + self.hold_ranks()
    }

    /// From sums at the end of the array to their results being on offer.
    pub fn clocks_to_results(&self) -> usize {
        self.latency() - self.clocks_to_sums()
    }

    /// From the last beat of a tile to its first results being on offer.
    pub fn latency(&self) -> usize {
        self.start_of_drain() + self.result_ranks() + OUTLET_LATENCY
    }

    /// For which a tile with `rows` rows of C drains: as many for each group as a requantizer needs for a sum, groups
    /// without a column of C too; the last group takes one clock, and what the next tile's first must be later.
    pub fn drain_clocks(&self, rows: usize) -> usize {
        (rows * self.groups() - 1) * self.passes + 1 + self.clocks_to_rest()
    }

    /// For which no tile may end behind the last group of one: what is left of a group's clocks when that of the next tile
    /// could follow.
    pub(super) fn clocks_to_rest(&self) -> usize {
        self.passes.saturating_sub(1 + self.start_of_drain())
    }

    /// From the last beat of a tile with `rows` rows of C to that of the next, a tile of `k` beats, if beats never lack: it
    /// enters when the drain has led the tile before it out.
    pub fn tile_clocks(&self, rows: usize, k: usize) -> usize {
        k.max(self.drain_clocks(rows) + self.start_of_drain())
    }

    /// The fewest beats in a tile with which the array never waits for the drain.
    pub fn least_terms(&self) -> usize {
        self.drain_clocks(self.rows) + self.start_of_drain()
    }
}
