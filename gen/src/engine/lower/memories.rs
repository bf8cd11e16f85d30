//! What the image brings into the memories of weights, parameters and tables.

use std::collections::HashMap;
use std::hash::Hash;

use anyhow::Result;
use qrtl_hdl::blocks::engine::EngineConfig;
use qrtl_hdl::blocks::engine::sequencer::{PARTS, Part, block_word};

use super::scale::Channel;
use crate::engine::memory::Memory;

/// A memory that is filled from its beginning. Equal contents are stored once. Where each step brings its own contents, they
/// begin at address 0 and replace what was there.
#[derive(Debug)]
pub(in crate::engine) struct Filled<T> {
    pub(in crate::engine) words: Vec<T>,
    known: HashMap<Vec<T>, usize>,
    resident: bool,
    /// words that were there at a time
    most: usize,
}

impl<T: Clone + Eq + Hash + Default> Filled<T> {
    fn new(resident: bool) -> Filled<T> {
        Filled { words: Vec::new(), known: HashMap::new(), resident, most: 0 }
    }

    /// The address of these words, a multiple of `align`.
    fn put(&mut self, words: Vec<T>, align: usize) -> usize {
        if !self.resident {
            self.most = self.most.max(words.len());
            self.words = words;
            return 0;
        }
        if let Some(&address) = self.known.get(&words)
            && address.is_multiple_of(align)
        {
            return address;
        }
        let address = self.words.len().next_multiple_of(align);
        self.words.resize(address, T::default());
        self.words.extend_from_slice(&words);
        self.most = self.words.len();
        self.known.insert(words, address);
        address
    }
}

/// The contents of the memories of an engine.
#[derive(Debug)]
pub(in crate::engine) struct Memories {
    /// bytes, `cols` of them a beat
    pub(in crate::engine) weights: Filled<u8>,
    /// entries of 32 bits
    pub(in crate::engine) lane_weights: Filled<u32>,
    pub(in crate::engine) channels: Filled<Channel>,
    pub(in crate::engine) lane_channels: Filled<Channel>,
    cols: usize,
    /// entries of 32 bits of a word of the lanes' weights
    entries: usize,
    /// requantizers of the array and of the lanes
    requantizers: [usize; 2],
    /// what the blocks in front of the instructions have brought last into the memory of each [`Part`]
    brought: [Vec<u32>; PARTS.len()],
}

impl Memories {
    pub(super) fn new(config: &EngineConfig) -> Memories {
        Memories {
            weights: Filled::new(true),
            lane_weights: Filled::new(config.resident),
            channels: Filled::new(config.resident),
            lane_channels: Filled::new(config.resident),
            brought: Default::default(),
            cols: config.cols,
            entries: config.lanes / 4,
            requantizers: [config.requantizers, config.lane_requantizers],
        }
    }

    /// The word of these weights of the array, a multiple of `align`.
    pub(super) fn put_weights(&mut self, bytes: Vec<u8>, align: usize) -> i64 {
        (self.weights.put(bytes, align * self.cols) / self.cols) as i64
    }

    /// The entry of these weights of the lanes, which are whole words.
    pub(super) fn put_lane_weights(&mut self, bytes: &[i8]) -> i64 {
        let (entries, _) = bytes.as_chunks();
        let entries = entries.iter().map(|four| u32::from_le_bytes(four.map(|weight: i8| weight as u8)));
        self.lane_weights.put(entries.collect(), self.entries) as i64
    }

    /// The entry of a table.
    pub(super) fn put_table(&mut self, table: &[i32]) -> i64 {
        self.lane_weights.put(table.iter().map(|&entry| entry as u32).collect(), self.entries) as i64
    }

    /// The entry of parameters of the array.
    pub(super) fn put_channels(&mut self, channels: Vec<Channel>) -> i64 {
        (self.channels.put(channels, self.requantizers[0]) / self.requantizers[0]) as i64
    }

    /// The entry of parameters of the lanes.
    pub(super) fn put_lane_channels(&mut self, channels: Vec<Channel>) -> i64 {
        (self.lane_channels.put(channels, self.requantizers[1]) / self.requantizers[1]) as i64
    }

    /// The blocks in front of the next instruction: what it needs in its memories, and is not there yet.
    ///
    /// # Errors
    /// If a parameter does not fit its bits.
    pub(super) fn blocks(&mut self) -> Result<Vec<u32>> {
        let mut blocks = Vec::new();
        if self.lane_weights.resident {
            return Ok(blocks);
        }
        for part in PARTS {
            let words = match part {
                Part::LaneWeights => self.lane_weights.words.clone(),
                Part::Parameters => words_of(&self.channels.words)?,
                Part::LaneParameters => words_of(&self.lane_channels.words)?,
            };
            let brought = &mut self.brought[part as usize];
            if !words.is_empty() && *brought != words {
                blocks.push(block_word(part, words.len()));
                blocks.extend(words.iter().rev());
                *brought = words;
            }
        }
        Ok(blocks)
    }

    /// What they take of the memories of an engine, with a program of `program` words.
    pub(in crate::engine) fn used(&self, program: usize, config: &EngineConfig) -> Vec<Memory> {
        let of_weights = self.weights.words.len() + if config.resident { 0 } else { 4 * program };
        let of = |name, used, there| Memory { name, used, there };
        let own = config.resident.then(|| of("program_words", program, config.program_words));
        let others = [
            of("weight_bytes", of_weights, config.weight_bytes),
            of("lane_weight_bytes", 4 * self.lane_weights.most, config.lane_weight_bytes),
            of("channels", self.channels.most, config.channels),
            of("lane_channels", self.lane_channels.most, config.lane_channels),
        ];
        own.into_iter().chain(others).collect()
    }
}

/// Parameters as words of 32 bits.
fn words_of(channels: &[Channel]) -> Result<Vec<u32>> {
    let words = channels.iter().map(|channel| channel.word()).collect::<Result<Vec<u64>>>()?;
    Ok(words.into_iter().flat_map(|word| [word as u32, (word >> 32) as u32]).collect())
}
