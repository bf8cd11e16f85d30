//! What goes wrong around a network: packets that are refused, and resets. Each packet is answered by its status, and the
//! network that comes behind them is computed as if nothing had been.

use anyhow::{Context, Result, ensure};
use qrtl_golden::graph::Value;
use qrtl_hdl::blocks::engine::EngineConfig;
use qrtl_hdl::blocks::engine::config::MAGIC;
use qrtl_hdl::blocks::engine::crc::crc32;
use qrtl_hdl::blocks::engine::instruction::WORDS;
use qrtl_hdl::blocks::engine::loader::Status;
use qrtl_random::Random;

use super::packets::{answer, begin, infer, load, send};
use crate::engine::{Options, Program, compile};
use crate::networks::Network;
use crate::script::Script;

/// A network and the engine that is to run it.
pub(super) struct Trial<'a> {
    pub(super) script: &'a mut Script,
    pub(super) random: &'a mut Random,
    pub(super) config: &'a EngineConfig,
    pub(super) options: Options,
    pub(super) network: &'a Network,
    pub(super) program: &'a Program,
}

/// A trouble.
pub(super) type Trouble = fn(&mut Trial<'_>) -> Result<()>;

/// Troubles before the network is loaded.
pub(super) const BEFORE: [Trouble; 7] =
    [image_cut, image_damaged, image_of_another_engine, image_too_long, garbage, reset_in_image, input_without_model];

/// Troubles behind it, after which the network is loaded still or again.
pub(super) const AFTER: [Trouble; 5] = [input_too_short, input_too_long, no_image, reset_in_input, reset_in_inference];

/// The loader is in another state behind each of the first words.
fn image_cut(trial: &mut Trial<'_>) -> Result<()> {
    for length in [1, 2, 3, 4, trial.random.size(5, trial.program.image.len() - 1)] {
        trial.refused(&trial.program.image[..length], true, Status::Damaged);
    }
    trial.without_model();
    Ok(())
}

/// A few images with one wrong bit. The words at both ends have meanings of their own, so they are damaged as often as all
/// the others. The upper half of the CRC's word means nothing. In the last image, only half of the CRC is wrong.
fn image_damaged(trial: &mut Trial<'_>) -> Result<()> {
    let end = trial.program.image.len() - 1;
    for at in [0, 1, 2, 3, trial.random.size(4, end - 2), end - 1, end] {
        let bits = if at == end { 32 } else { 8 * trial.program.lanes };
        let bit = trial.random.size(0, bits - 1);
        let mut image = trial.program.image.clone();
        image[at] ^= 1 << bit;
        let status = match at {
            0 if bit < 32 => Status::NoImage,
            1 if bit < 32 => Status::OtherConfiguration,
            _ => Status::Damaged,
        };
        trial.refused(&image, true, status);
    }
    let mut image = trial.program.image.clone();
    image[end] ^= u64::from(flips_of_upper_half(trial.program.lanes)?);
    trial.refused(&image, true, Status::Damaged);
    trial.without_model();
    Ok(())
}

/// The least flips in the word of the CRC that leave the lower half of the CRC of all words as it is. Of random damage, one
/// in 65,536 does so. A CRC is linear, so that these flips do the same in every image.
fn flips_of_upper_half(lanes: usize) -> Result<u32> {
    let crc = |word: u32| {
        let mut bytes = word.to_le_bytes().to_vec();
        bytes.resize(lanes, 0);
        crc32(&bytes)
    };
    let none = crc(0) as u16;
    (1..).find(|&flips| crc(flips) as u16 == none).context("no flips leave half of a CRC as it is")
}

fn image_of_another_engine(trial: &mut Trial<'_>) -> Result<()> {
    let other = EngineConfig { lane_channels: 2 * trial.config.lane_channels, ..trial.config.clone() };
    let program = compile(&trial.network.graph, &other, &trial.options)?;
    trial.refused(&program.image, true, Status::OtherConfiguration);
    trial.without_model();
    Ok(())
}

fn image_too_long(trial: &mut Trial<'_>) -> Result<()> {
    let more = trial.words(3);
    trial.refused(&[&trial.program.image[..], &more].concat(), true, Status::Damaged);
    trial.without_model();
    Ok(())
}

/// Random words, first as they are, and then behind the words with which an image for this engine begins.
fn garbage(trial: &mut Trial<'_>) -> Result<()> {
    no_image(trial)?;
    let words = trial.words(40);
    trial.refused(&[&trial.program.image[..2], &words].concat(), true, Status::Damaged);
    trial.without_model();
    Ok(())
}

fn reset_in_image(trial: &mut Trial<'_>) -> Result<()> {
    let length = trial.random.size(1, trial.program.image.len() - 1);
    begin(trial.script, trial.program.lanes, &trial.program.image[..length], true);
    trial.reset()
}

/// An engine has no model after a reset.
fn input_without_model(trial: &mut Trial<'_>) -> Result<()> {
    trial.reset()
}

fn input_too_short(trial: &mut Trial<'_>) -> Result<()> {
    let input = trial.input()?;
    // An input of one word cannot be shorter.
    if let Some(most @ 1..) = input.len().checked_sub(1) {
        for length in [1, trial.random.size(1, most), most] {
            trial.refused(&input[..length], false, Status::WrongLength);
        }
    }
    Ok(())
}

fn input_too_long(trial: &mut Trial<'_>) -> Result<()> {
    for most in [1, 40] {
        let more = trial.words(most);
        let input = trial.input()?;
        trial.refused(&[input, more].concat(), false, Status::WrongLength);
    }
    Ok(())
}

/// Packets of random words. They leave a model that is loaded.
fn no_image(trial: &mut Trial<'_>) -> Result<()> {
    for most in [1, 40] {
        let words = trial.words(most);
        ensure!(words[0] as u32 != MAGIC, "random words that begin as an image");
        trial.refused(&words, true, Status::NoImage);
    }
    Ok(())
}

fn reset_in_input(trial: &mut Trial<'_>) -> Result<()> {
    // A reset would drop the answers to the packets before.
    trial.script.flush();
    let input = trial.input()?;
    let length = trial.random.size(0, input.len() - 1);
    begin(trial.script, trial.program.lanes, &input[..length], false);
    trial.reset()?;
    load(trial.script, trial.program);
    Ok(())
}

/// Resets in the first clocks of instructions, where most units begin or end something, and one while an instruction is
/// read; every other one while the result leaves. Results that have come before the reset are compared like others.
fn reset_in_inference(trial: &mut Trial<'_>) -> Result<()> {
    const FIRST: usize = 120;
    let clocks: Vec<u64> = trial.program.steps.iter().flat_map(|step| step.clocks.iter().copied()).collect();
    for within in [FIRST, FIRST, WORDS] {
        // As above.
        trial.script.flush();
        infer(trial.script, trial.program, &trial.network.graph, &trial.network.inputs[0])?;
        let last = clocks.len() - 1;
        let before = if trial.random.one_in(2) { last } else { trial.random.size(0, last) };
        trial.script.idle(clocks[..before].iter().sum::<u64>() + trial.random.size(0, within) as u64);
        trial.reset()?;
        load(trial.script, trial.program);
    }
    Ok(())
}

impl Trial<'_> {
    /// At least one random word, and at most `most`.
    pub(super) fn words(&mut self, most: usize) -> Vec<u64> {
        let greatest = u64::MAX >> (64 - 8 * self.program.lanes);
        (0..self.random.size(1, most)).map(|_| self.random.bits() & greatest).collect()
    }

    /// The words of the first input.
    pub(super) fn input(&self) -> Result<Vec<u64>> {
        match &self.network.inputs[0] {
            Value::Integer(array) => self.program.input(array),
            Value::Float(_) => anyhow::bail!("an input of floats"),
        }
    }

    /// A packet that is answered by a status.
    pub(super) fn refused(&mut self, words: &[u64], image: bool, status: Status) {
        send(self.script, self.program.lanes, words, image);
        answer(self.script, self.program.lanes, status);
    }

    /// An input of any length, for which there is no model.
    fn without_model(&mut self) {
        let words = self.words(3);
        self.refused(&words, false, Status::NoModel);
    }

    /// A reset, which drops the model.
    fn reset(&mut self) -> Result<()> {
        self.script.reset();
        self.without_model();
        Ok(())
    }
}
