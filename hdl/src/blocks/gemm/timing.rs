//! Register ranks of the GEMM block, and clocks from event to event if every result is taken as it comes. The header of
//! the Verilog and the schedule of a product are made of these numbers. `sim/tests/cycles.rs` compares them with the
//! Verilog.

use super::config::{Forwarding, GemmConfig, ZeroPointStrategy};
use super::outlet::OUTLET_LATENCY;
use crate::exact::Range;
use crate::targets::Multiplier;
use crate::targets::ice40::SbMac16Products;

/// Which zero points are corrected as results drain.
#[derive(Debug, Clone, Copy)]
pub(super) struct Corrects {
    /// the zero point of A, by sums of the columns of B
    pub a: bool,
    /// the zero point of B, by sums of the rows of A
    pub b: bool,
}

/// Numbers of register ranks.
impl GemmConfig {
    /// Ranks of a product in the array. A multiplier that synthesis infers has one rank, behind the product. A product
    /// in LUTs has three: at the operands, in the middle and behind the product. A cell of iCE40 has the same three. A
    /// cell of ECP5 has a fourth beside the adder, because the way from the cell to the adder is long.
    pub(super) fn multiply_ranks(&self) -> usize {
        let ranks = &self.target.traits().gemm;
        if self.dsp_elements() < self.rows * self.cols { ranks.multiply_in_luts } else { ranks.multiply }
    }

    /// Number of elements whose product is made by a multiplier of the device.
    pub fn dsp_elements(&self) -> usize {
        self.dsp_elements.unwrap_or(usize::MAX).min(self.rows * self.cols)
    }

    /// Values of the two factors of a product.
    pub(super) fn factors(&self) -> [Range; 2] {
        [self.left().in_array(), self.right().in_array()]
    }

    /// Number of multiplier cells that neighbouring elements of a row share.
    pub(super) fn cells_of_row(&self, row: usize) -> usize {
        let elements = self.dsp_elements().saturating_sub(row * self.cols).min(self.cols);
        match self.target.traits().multiplier {
            Multiplier::SbMac16 => elements.div_ceil(SbMac16Products::products_of(self.factors())),
            Multiplier::Inferred | Multiplier::Mult18x18d => 0,
        }
    }

    /// Ranks between accumulator and drain register. A target with cells has one, because a selection behind the
    /// adder's carry would be slow.
    pub(super) fn hold_ranks(&self) -> usize {
        self.target.traits().gemm.hold
    }

    /// Whether a sum begins with its first product instead of 0. It then drains directly out of the accumulator, which
    /// serves as the hold rank.
    pub(super) fn restarts(&self) -> bool {
        self.target.traits().gemm.restarts
    }

    /// Ranks that delay the drain's step on its way to the elements, so that the step arrives there together with the
    /// word of a parameter memory. Elements that load at their own time (systolic) have one of these ranks themselves,
    /// between accumulator and drain register.
    pub(super) fn step_ranks(&self) -> usize {
        let own = if self.forwarding == Forwarding::Systolic { self.hold_ranks() } else { 0 };
        self.memory_ranks() - 1 - own
    }

    /// Ranks of a memory of parameters: one in the memory and one at its output, which is slow. A target with a fast
    /// clock has a third beside the receiver of the word.
    pub(super) fn memory_ranks(&self) -> usize {
        self.target.traits().gemm.memory
    }

    /// Ranks that correct a sum for zero points that were not subtracted.
    pub(super) fn correction_ranks(&self) -> usize {
        if self.corrects().a || self.corrects().b { 2 } else { 0 }
    }

    /// Ranks that add the bias to a sum and limit the result.
    pub(super) fn bias_ranks(&self) -> usize {
        1 + usize::from(!self.sum_limit().covers(self.biased()))
    }

    /// Ranks from the drain's decision for a group to the results of the group.
    pub(super) fn result_ranks(&self) -> usize {
        self.memory_ranks() + self.correction_ranks() + self.bias_ranks() + self.requantizer().latency()
    }

    /// Which zero points are corrected as results drain.
    pub(super) fn corrects(&self) -> Corrects {
        let [a, b] = [self.left(), self.right()].map(|o| o.uses(ZeroPointStrategy::Correct));
        Corrects { a, b }
    }
}

/// Numbers of clocks.
impl GemmConfig {
    /// Clocks by which the last element of the array lags behind the first.
    pub(super) fn skew(&self) -> usize {
        match self.forwarding {
            Forwarding::Broadcast => 0,
            Forwarding::Systolic => self.rows + self.cols - 2,
        }
    }

    /// Clocks from the last beat of a tile to the drain's decision for its first group. The decision comes as early as
    /// possible: each element must have loaded its sum by then, and the parameters from the memories must not overtake
    /// the sums.
    pub fn start_of_drain(&self) -> usize {
        3 + self.skew() + self.multiply_ranks() + self.hold_ranks() - self.memory_ranks()
    }

    /// Clocks from the last beat of a tile to its first sums at the end of the array: the input edge, the way through
    /// the array, the multipliers, and the loading of the drain registers.
    pub fn clocks_to_sums(&self) -> usize {
        2 + self.skew() + self.multiply_ranks() + self.hold_ranks()
    }

    /// Clocks from sums at the end of the array until their results are offered.
    pub fn clocks_to_results(&self) -> usize {
        self.latency() - self.clocks_to_sums()
    }

    /// Clocks from the last beat of a tile until its first results are offered.
    pub fn latency(&self) -> usize {
        self.start_of_drain() + self.result_ranks() + OUTLET_LATENCY
    }

    /// Clocks in which a tile with `rows` rows of C drains. Each group takes as many clocks as a requantizer needs for
    /// a sum, also a group without a column of C. The last group takes one clock, and `clocks_to_rest` clocks follow
    /// it.
    pub fn drain_clocks(&self, rows: usize) -> usize {
        (rows * self.groups() - 1) * self.passes + 1 + self.clocks_to_rest()
    }

    /// Clocks behind the last group of a tile in which no other tile may end. A group has `passes` clocks, and this
    /// number is what is left of them when the first group of the next tile could follow.
    pub fn clocks_to_rest(&self) -> usize {
        self.passes.saturating_sub(1 + self.start_of_drain())
    }

    /// Clocks from the last beat of a tile with `rows` rows of C to the last beat of the next tile, which has `k`
    /// beats, if beats are always offered. The last beat of the next tile enters when the drain has led the previous
    /// tile out.
    pub fn tile_clocks(&self, rows: usize, k: usize) -> usize {
        k.max(self.drain_clocks(rows) + self.start_of_drain())
    }

    /// The least number of beats in a tile with which the array never waits for the drain.
    pub fn least_terms(&self) -> usize {
        self.drain_clocks(self.rows) + self.start_of_drain()
    }
}
