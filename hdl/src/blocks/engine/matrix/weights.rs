//! The way of the weights from the banks of their memory to the rows of the array.

use rust_hdl::prelude::*;

use super::timing::INT8;
use crate::blocks::delay::{open, through};
use crate::blocks::engine::EngineConfig;
use crate::blocks::engine::memory::LATENCY;
use crate::describe_logic;
use crate::exact::{Bus, Clk, Describe, Header, Int, Kernel, Maybe, Port, Stage};

/// In a split step, row `r` gets the word of bank `r`. In any other step, all rows get the word of one bank, which
/// changes from beat to beat.
///
/// Each rank decides one bit of the bank. Behind the first rank, word `2j + e` is the word for rows whose number has
/// `e` as its lowest bit, if the upper bits of the bank are `j`:
///
/// ```text
///   bank 0 --+--> rows 0, 2; banks 0, 1 --+--> row 0
///   bank 1 --+--> rows 1, 3; banks 0, 1 --+--> row 1      rows 0 and 2 meet, and rows 1 and 3
///   bank 2 --+--> rows 0, 2; banks 2, 3 --+--> row 2
///   bank 3 --+--> rows 1, 3; banks 2, 3 --+--> row 3
/// ```
#[derive(LogicBlock)]
pub struct Weights {
    /// clock
    pub clk: Clk,
    /// each row has a bank of its own
    pub split: Maybe<Port<In>>,
    /// bank whose word is wanted, as many clocks before the word as the memory takes
    pub bank: Maybe<Port<In>>,
    /// the word of each bank, column by column
    pub words: Bus<In>,
    /// a weight for each element, row by row
    pub rows: Bus<Out>,
    until_word: Vec<Stage>,
    select: Vec<Stage>,
    rank: Vec<Stage>,
    _cols: usize,
}

impl Weights {
    /// The way of the weights of the engine that `config` describes.
    pub fn new(config: &EngineConfig) -> Weights {
        let (banks, ranks) = (config.banks(), config.weight_ranks());
        let chosen = banks > 1;
        let stages = |n| (0..n).map(|_| Stage::new(true)).collect();
        Weights {
            clk: Clk::new(),
            split: Maybe::when(chosen, || Port::bit("each row has a bank of its own")),
            bank: Maybe::when(chosen, || Port::new(0..=banks as i128 - 1, "bank whose word is wanted")),
            words: Bus::new(banks * config.cols, INT8, "the word of each bank, column by column"),
            rows: Bus::new(config.rows * config.cols, INT8, "a weight for each element, row by row"),
            until_word: stages(if chosen { LATENCY - 1 + ranks - 1 } else { 0 }),
            select: (0..if chosen { ranks } else { 0 })
                .map(|_| Stage::kept_if(config.target.traits().copies))
                .collect(),
            rank: stages(ranks),
            _cols: config.cols,
        }
    }

    /// For each rank and word, whether the word comes from the bank with a 1 in the bit that the rank decides. Each word has
    /// a register of its own for this choice, which all its bits depend on.
    fn selections<'k>(&'k self, k: &'k Kernel) -> Vec<Vec<Int<'k>>> {
        let (Some(split), Some(bank)) = (self.split.get(), self.bank.get()) else { return Vec::new() };
        let (split, ranks) = (k.read(split), open(k, &self.until_word));
        let (before, between) = ranks.split_at(LATENCY - 1);
        let mut bank = through(before, "bank", k.read(bank));
        let mut selections = Vec::new();
        for (bit, stage) in self.select.iter().enumerate() {
            bank = bit.checked_sub(1).map_or(bank, |before| between[before].pass("bank", bank >> 1));
            let (select, upper) = (k.stage(stage, 1), bank.bit(0));
            let of_rows = [!split & upper, split | upper];
            let words = self.words.lanes() / self._cols;
            selections.push((0..words).map(|word| select.pass("select", of_rows[word >> bit & 1])).collect());
        }
        selections
    }
}

describe_logic!(Weights);

impl Describe for Weights {
    fn header(&self) -> Header {
        let (banks, rows) = (self.words.lanes() / self._cols, self.rows.lanes() / self._cols);
        Header::new(
            format!("weights_{rows}_{banks}"),
            "Each row gets the word of its own bank, or all rows get one word.",
        )
        .fact("latency", format!("{} cycles", self.rank.len()))
    }

    fn describe(&self, k: &Kernel) {
        k.clock(&self.clk);
        let cols = self._cols;
        let ranks = open(k, &self.rank);
        let mut words: Vec<Int<'_>> = (0..self.words.lanes()).map(|lane| k.lane(&self.words, lane)).collect();
        let selections = self.selections(k);
        if selections.is_empty() {
            words = words.into_iter().map(|weight| ranks[0].pass("weight", weight)).collect();
        }
        for (bit, (select, rank)) in selections.into_iter().zip(ranks).enumerate() {
            let chosen = |lane: usize| {
                let (word, column, one) = (lane / cols, lane % cols, 1 << bit);
                let [with_0, with_1] = [word & !one, word | one].map(|word| words[word * cols + column]);
                rank.pass("weight", select[word].mux(with_1, with_0))
            };
            words = (0..words.len()).map(chosen).collect();
        }
        for lane in 0..self.rows.lanes() {
            k.drive_lane(&self.rows, lane, words[lane % words.len()]);
        }
    }
}
