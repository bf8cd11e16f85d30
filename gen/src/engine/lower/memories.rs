//! What the image brings into the memories of weights, parameters and tables.

use std::collections::HashMap;
use std::hash::Hash;

use qrtl_hdl::blocks::engine::EngineConfig;

use super::scale::Channel;
use crate::engine::memory::Memory;

/// A memory that is filled from its beginning. Equal contents are stored once.
#[derive(Debug)]
pub(in crate::engine) struct Filled<T> {
    pub(in crate::engine) words: Vec<T>,
    known: HashMap<Vec<T>, usize>,
}

impl<T: Clone + Eq + Hash + Default> Filled<T> {
    fn new() -> Filled<T> {
        Filled { words: Vec::new(), known: HashMap::new() }
    }

    /// The address of these words, a multiple of `align`.
    fn put(&mut self, words: Vec<T>, align: usize) -> usize {
        if let Some(&address) = self.known.get(&words)
            && address.is_multiple_of(align)
        {
            return address;
        }
        let address = self.words.len().next_multiple_of(align);
        self.words.resize(address, T::default());
        self.words.extend_from_slice(&words);
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
}

impl Memories {
    pub(super) fn new(config: &EngineConfig) -> Memories {
        Memories {
            weights: Filled::new(),
            lane_weights: Filled::new(),
            channels: Filled::new(),
            lane_channels: Filled::new(),
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

    /// What they take of the memories of an engine.
    pub(in crate::engine) fn used(&self, config: &EngineConfig) -> Vec<Memory> {
        let of = |name, used, there| Memory { name, used, there };
        vec![
            of("weight_bytes", self.weights.words.len(), config.weight_bytes),
            of("lane_weight_bytes", 4 * self.lane_weights.words.len(), config.lane_weight_bytes),
            of("channels", self.channels.words.len(), config.channels),
            of("lane_channels", self.lane_channels.words.len(), config.lane_channels),
        ]
    }
}
