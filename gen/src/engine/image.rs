//! The image of a model: what the input stream brings into the memories of the engine.

use anyhow::Result;
use qrtl_hdl::blocks::engine::EngineConfig;
use qrtl_hdl::blocks::engine::config::MAGIC;
use qrtl_hdl::blocks::engine::crc::crc32;
use qrtl_hdl::blocks::engine::loader::Target;
use qrtl_hdl::blocks::engine::model::Section;

use super::lower::Memories;

/// What the image says beside weights and parameters.
pub(super) struct Contents<'a> {
    /// the words of the program
    pub(super) program: &'a [u32],
    /// byte address of the input, and its bytes
    pub(super) input: [usize; 2],
    /// bytes of the activation memory that are the same in every run, with their addresses
    pub(super) constants: Vec<(usize, &'a [u8])>,
}

/// The sections of the image.
///
/// # Errors
/// If a value does not fit its field of an instruction.
pub(super) fn sections(contents: &Contents<'_>, memories: &Memories, config: &EngineConfig) -> Result<Vec<Section>> {
    let lanes = config.lanes;
    let mut sections = Vec::new();
    let mut section = |target: Target, address: usize, words: Vec<u64>| {
        if !words.is_empty() {
            sections.push(Section { target, address, words });
        }
    };
    for &(address, bytes) in &contents.constants {
        section(Target::Activations, address / lanes, packed(bytes, lanes));
    }
    if config.resident {
        section(Target::Weights, 0, packed(&memories.weights.words, lanes));
        let lane_weights: Vec<u8> = memories.lane_weights.words.iter().flat_map(|entry| entry.to_le_bytes()).collect();
        section(Target::LaneWeights, 0, packed(&lane_weights, lanes));
        for (which, channels) in
            [(Target::Parameters, &memories.channels.words), (Target::LaneParameters, &memories.lane_channels.words)]
        {
            let words = channels.iter().map(|channel| channel.word()).collect::<Result<Vec<u64>>>()?;
            let bytes: Vec<u8> = words.into_iter().flat_map(u64::to_le_bytes).collect();
            section(which, 0, packed(&bytes, lanes));
        }
        section(Target::Program, 0, contents.program.iter().map(|&word| word.into()).collect());
    } else {
        let program = contents.program.iter().flat_map(|word| word.to_le_bytes());
        let bytes: Vec<u8> = program.chain(memories.weights.words.iter().copied()).collect();
        section(Target::Weights, 0, packed(&bytes, lanes));
    }
    let [address, bytes] = contents.input;
    section(Target::Model, 0, vec![(address / lanes) as u64, bytes.div_ceil(lanes) as u64]);
    Ok(sections)
}

/// The words of the image, each as many bits as a beat of the stream.
pub(super) fn words(sections: &[Section], config: &EngineConfig) -> Vec<u64> {
    let mut words = vec![MAGIC.into(), config.fingerprint().into()];
    for Section { target, address, words: data } in sections {
        words.push(header(*target, *address));
        words.push(data.len() as u64);
        words.extend(data);
    }
    words.push(header(Target::End, 0));
    words.push(crc(&words, config.lanes).into());
    words
}

fn header(target: Target, address: usize) -> u64 {
    (target as u64) << 28 | address as u64
}

/// CRC-32 of the bytes of words.
pub(super) fn crc(words: &[u64], lanes: usize) -> u32 {
    let bytes: Vec<u8> = words.iter().flat_map(|word| word.to_le_bytes().into_iter().take(lanes)).collect();
    crc32(&bytes)
}

/// Bytes in little-endian words of `lanes` bytes, the last one filled up with 0.
pub fn packed(bytes: &[u8], lanes: usize) -> Vec<u64> {
    let word = |bytes: &[u8]| bytes.iter().rev().fold(0, |word, &byte| word << 8 | u64::from(byte));
    bytes.chunks(lanes).map(word).collect()
}
