//! The clocks of the lanes and the ranges inside them, as they follow from the configuration of the engine.

use crate::blocks::engine::config::EngineConfig;
use crate::blocks::engine::memory::LATENCY;
use crate::exact::Range;

/// Values of taps, weights and results.
pub(super) const INT8: Range = Range::signed(8);

/// Clock edges from a tap to the value that it adds to a sum: the entry of a table leaves its memory, and a rank selects
/// among the table and the product.
pub(super) const VALUE: usize = LATENCY + 1;

/// Clock edges from a tap to the lanes, which learn one clock before the rank that selects that there is a value.
pub(super) const VALUE_TO_LANE: usize = VALUE - 2;

/// Ranks of a product, between the rank of the factors and the rank that selects.
pub(super) const PRODUCT_RANKS: usize = VALUE - 2;

/// Clock edges in which the taps of a clock become one value, where there are three: two comparisons, or a sum of products.
pub(super) const FRONT: usize = 2;

/// Clock edges from the last tap of an item to its first step.
pub(super) const STEP: usize = 2;

/// Clock edges from a step to the clock in which its sums are at the end of the chain.
pub(super) const STEP_TO_SUM: usize = VALUE + 2 - STEP;

/// Clock edges from a step to the lanes, whose drain registers take its sums behind a last rank.
pub(super) const STEP_TO_LANE: usize = STEP_TO_SUM - 2;

/// Clock edges from the entry of a step to its parameters, with a rank before or behind their memory.
const ENTRY_TO_PARAMETERS: usize = LATENCY + 1;

const _: () = assert!(ENTRY_TO_PARAMETERS == STEP_TO_SUM, "a bias meets its sum");

impl EngineConfig {
    /// Values of the sum of the products of a lane in a clock.
    pub(super) fn lane_product(&self) -> Range {
        (1..self.taps).fold(INT8 * INT8, |sum, _| sum + INT8 * INT8)
    }

    /// Steps in which the sums of an item leave the lanes.
    pub(super) fn lane_steps(&self) -> usize {
        self.lanes / self.lane_requantizers
    }

    /// The least number of clocks from the last tap of an item to the last tap of the next.
    pub fn lanes_item(&self) -> usize {
        self.lane_steps() * self.passes
    }

    /// Clock edges from the last tap of an item to its word: to `fill`, or to `write` and, at the end of a step, `done`.
    pub fn lanes_latency(&self) -> usize {
        let front = if self.taps > 1 { FRONT } else { 0 };
        front + STEP + self.lanes_item() - self.passes + self.lane_step_to_result() + 1
    }

    /// Clock edges from a step to the requantizers: its sums meet their biases in between.
    pub(super) fn lane_step_to_requantizer(&self) -> usize {
        STEP_TO_SUM + self.bias_ranks()
    }

    /// Clock edges from a step to its results.
    pub(super) fn lane_step_to_result(&self) -> usize {
        self.lane_step_to_requantizer() + self.requantizer_latency(self.lane_sum())
    }

    /// Entries of the parameters of the lanes.
    pub(super) fn lane_entries(&self) -> Range {
        Range::addresses(self.lane_channels / self.lane_requantizers)
    }
}
