//! The clocks of the matrix unit and the ranges inside it, as they follow from the configuration of the engine.

use crate::blocks::engine::EngineConfig;
use crate::blocks::engine::memory::{LATENCY, OVERTAKEN};
use crate::blocks::engine::windows;
use crate::exact::Range;
use crate::targets::Target;

/// Clock edges from the write that fills a half of the block buffer to the first beat of its block, if the array is
/// free by then. If the half is full this many clocks before the clock after a block, the next block follows without a
/// pause.
pub const FIRST_BEAT: usize = 3;

/// Ranks between the control of the array and its elements: one beside each row and one in each element.
const CONTROL_RANKS: usize = 2;

/// Clock edges from a step of the drain to the clock in which its sums are at the end of the array. The parameters, which
/// the sums meet one clock later, take so much longer than an edge to come out of their memory.
pub(super) const DRAIN_TO_SUM: usize = LATENCY - 1;

const _: () = assert!(windows::LATENCY >= OVERTAKEN, "what fills a half comes from the windows");

impl EngineConfig {
    /// The least number of clocks of a tile, beats and idle clocks together, that makes `words` output words of each
    /// pixel. The sums of the tile leave the array in so many clocks.
    pub fn matrix_tile(&self, words: usize) -> usize {
        self.places() * words * self.passes
    }

    /// The clocks of a block of `tiles` tiles, each of `terms` beats and `idle` idle clocks.
    pub fn matrix_block(tiles: usize, terms: usize, idle: usize) -> usize {
        tiles * (terms + idle)
    }

    /// Clock edges from the last beat of a block to `released`. The half may be written [`OVERTAKEN`] clocks later.
    pub fn matrix_release(&self) -> usize {
        self.weight_ranks()
    }

    /// Clock edges from the last beat of a step, whose last tile makes `last_words` words of each pixel, to `done`.
    pub fn matrix_done(&self, last_words: usize) -> usize {
        self.matrix_write(last_words - 1, self.rows - 1)
    }

    /// Clock edges from the last beat of a tile to the write of word `word` of the pixel in row `row`.
    pub fn matrix_write(&self, word: usize, row: usize) -> usize {
        let first_result = self.sum_latency() + self.sum_to_requantizer() + self.requantizer_latency(self.sum());
        let results_before = self.places() * (word + 1) - self.rows + row;
        first_result + results_before * self.passes + self.packer_ranks()
    }

    /// Ranks of the packer, behind the results. On iCE40 the flip-flops for a word would have no LUT before them.
    pub(super) fn packer_ranks(&self) -> usize {
        usize::from(self.target != Target::Ice40)
    }

    /// Clock edges from the end of the array to the requantizers: the ranks of the sum and of the bias.
    pub(super) fn sum_to_requantizer(&self) -> usize {
        1 + self.bias_ranks()
    }

    /// Clock edges from a beat to the sum that it completes, at the end of the array. Sum and drain register have a rank
    /// each.
    fn sum_latency(&self) -> usize {
        LATENCY + self.weight_ranks() + self.crossing_ranks() + self.multiply_ranks() + 2
    }

    /// Clock edges from the last beat of a tile to the first clock in which the drain may be told so: its first step is one
    /// clock later.
    pub(super) fn beat_to_drain(&self) -> usize {
        self.sum_latency() - DRAIN_TO_SUM - 1
    }

    /// Clock edges from the first beat of a tile to the mark of its product, which has [`CONTROL_RANKS`] to pass until it
    /// meets the product.
    pub(super) fn beat_to_first(&self) -> usize {
        self.sum_latency() - 2 - CONTROL_RANKS
    }

    /// Clock edges from the last beat of a tile to the mark of its sum, one more than to the mark of its last product.
    pub(super) fn beat_to_load(&self) -> usize {
        self.beat_to_first() + 1
    }

    /// Ranks between the weight memories and the elements: a selection of one of two banks in each, or a plain rank.
    pub(super) fn weight_ranks(&self) -> usize {
        (self.banks().ilog2() as usize).max(1)
    }

    /// Ranks between the edges of the array and its multipliers.
    pub(super) fn crossing_ranks(&self) -> usize {
        usize::from(self.target.traits().crosses)
    }

    /// Ranks of a product in an element.
    pub(super) fn multiply_ranks(&self) -> usize {
        let ranks = &self.target.traits().gemm;
        if self.dsp_elements() < self.rows * self.cols { ranks.multiply_in_luts } else { ranks.multiply }
    }

    /// Elements whose product a multiplier of the device makes.
    pub(super) fn dsp_elements(&self) -> usize {
        self.dsp_elements.unwrap_or(self.rows * self.cols)
    }

    /// Groups of results that make up a word.
    pub(super) fn groups_of_word(&self) -> usize {
        self.lanes / self.requantizers
    }

    /// Groups of results that make up a word of each row.
    pub(super) fn places(&self) -> usize {
        self.rows * self.groups_of_word()
    }

    /// Words of weights. A word holds a weight for each column.
    pub(super) fn weight_words(&self) -> Range {
        Range::addresses(self.bank_words() * self.banks())
    }

    /// Words of both halves of a row of the block buffer.
    pub(super) fn buffer_address(&self) -> Range {
        Range::new(0, 2 * self.buffer_words() as i128 - 1)
    }

    /// Values of a sum of an element.
    pub(super) fn element_sum(&self) -> Range {
        let greatest = self.terms as i128 * 128 * 128;
        Range::signed(Range::new(-greatest, greatest).width())
    }
}

/// Values of activations and weights.
pub(super) const INT8: Range = Range::signed(8);
