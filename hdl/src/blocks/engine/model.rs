//! A model that the memories of an engine hold from the start.

use super::loader::Target;
use super::memory::Memory;
use crate::targets as cells;

/// Words for a memory, as an image has them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Section {
    /// the memory
    pub target: Target,
    /// where the first word goes, in words of the stream
    pub address: usize,
    /// the words
    pub words: Vec<u64>,
}

/// The sections of an image, for an engine that is made with them.
#[derive(Debug, Clone)]
pub struct Model {
    sections: Vec<Section>,
    input: [usize; 2],
}

/// A memory that takes every `parts`th word of a target, from word `part` on.
#[derive(Debug, Clone, Copy)]
pub(super) struct Share {
    pub(super) target: Target,
    pub(super) part: usize,
    pub(super) parts: usize,
    /// words of the memory
    pub(super) words: usize,
}

impl Share {
    /// A memory that takes all words of a target.
    pub(super) fn all(target: Target, words: usize) -> Share {
        Share { target, part: 0, parts: 1, words }
    }

    /// The parameter of the engine that says how large the memory is.
    fn parameter(&self) -> &'static str {
        match self.target {
            Target::Activations => "activation_bytes",
            Target::Weights => "weight_bytes",
            Target::LaneWeights => "lane_weight_bytes",
            Target::Parameters => "channels",
            Target::LaneParameters => "lane_channels",
            Target::Program | Target::Model | Target::End => "program_words",
        }
    }
}

impl Model {
    /// A model of these sections.
    ///
    /// # Errors
    /// If they do not say where the input goes, or have words for the activation memory: what the engine writes to holds
    /// nothing from the start.
    pub fn new(sections: Vec<Section>) -> Result<Model, String> {
        if sections.iter().any(|section| section.target == Target::Activations) {
            return Err("the model has constants among its activations, which only an image can bring".to_owned());
        }
        match sections.iter().find(|section| section.target == Target::Model).map(|section| &section.words[..]) {
            Some(&[address, words]) => Ok(Model { input: [address as usize, words as usize], sections }),
            _ => Err("the model does not say where its input goes".to_owned()),
        }
    }

    /// Word address and number of words of the input.
    pub(super) fn input(&self) -> [usize; 2] {
        self.input
    }

    /// The memory of a share, with words of `width` bits, that holds its words from the start.
    ///
    /// # Errors
    /// If there are more words than room, or the cells of the target hold nothing from the start.
    pub(super) fn memory(&self, target: cells::Target, share: Share, width: u32) -> Result<Memory, String> {
        let memory = Memory::holding(target, &self.words(share)?, width);
        memory.map_err(|why| format!("{}: {why}", share.parameter()))
    }

    /// The words of a memory. What no section has is 0.
    ///
    /// # Errors
    /// If there are more words than room.
    pub(super) fn words(&self, share: Share) -> Result<Vec<i128>, String> {
        let Share { target, part, parts, words } = share;
        let mut memory = vec![0; words];
        for section in self.sections.iter().filter(|section| section.target == target) {
            for (address, &word) in (section.address..).zip(&section.words) {
                if address % parts == part {
                    let place = memory.get_mut(address / parts);
                    let beyond = || format!("{}: the model has a word {address}", share.parameter());
                    *place.ok_or_else(beyond)? = word.into();
                }
            }
        }
        Ok(memory)
    }
}
