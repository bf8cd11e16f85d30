//! An engine without time: it loads images and runs them byte by byte, as the description of each instruction says.
//!
//! It is the reference for what an image does, written for reading. It checks that no instruction reads or writes beyond a
//! memory, that none writes what it reads, and that each leaves clocks for its writes.

mod array;
mod lanes;
mod windows;

use std::collections::HashSet;

use anyhow::{Context, Result, bail, ensure};
use qrtl_golden::Bounds;
use qrtl_golden::operators::{Array, softmax_by_table};
use qrtl_hdl::blocks::engine::banks::READS;
use qrtl_hdl::blocks::engine::config::MAGIC;
use qrtl_hdl::blocks::engine::instruction::{Instruction, Kind, WORDS};
use qrtl_hdl::blocks::engine::loader::{Status, Target};
use qrtl_hdl::blocks::engine::sequencer::{Part, block_of};
use qrtl_hdl::blocks::engine::write_queue::WAITING;
use qrtl_hdl::blocks::engine::{EngineConfig, EngineRule};

use super::lower::{Ends, Factor};
use super::{image::crc, port};
use windows::Item;

/// The memories of an engine, and the model that is loaded.
#[derive(Debug, Clone)]
pub struct Interpreter {
    config: EngineConfig,
    activations: Vec<u8>,
    /// bytes, `cols` of them for each beat
    weights: Vec<u8>,
    lane_weights: Vec<u8>,
    /// 8 bytes for each channel
    parameters: Vec<u8>,
    lane_parameters: Vec<u8>,
    /// 4 bytes for each word
    program: Vec<u8>,
    /// word address of the input and number of its words
    model: Option<[usize; 2]>,
    /// two tables of the lanes, one after the other
    tables: [i32; 512],
    /// the table of the softmax
    exponentials: [i32; 256],
    /// words of activations that the instruction reads: the engine would write some of them before it has read them
    being_read: HashSet<i64>,
}

impl Interpreter {
    /// An engine without a model. Its memories hold bytes that no test should see.
    pub fn new(config: &EngineConfig) -> Interpreter {
        let memory = |bytes: usize| vec![0x55; bytes];
        Interpreter {
            config: config.clone(),
            activations: memory(config.activation_bytes),
            weights: memory(config.weight_bytes),
            lane_weights: memory(config.lane_weight_bytes),
            parameters: memory(8 * config.channels),
            lane_parameters: memory(8 * config.lane_channels),
            program: memory(4 * config.program_words),
            model: None,
            tables: [0; 512],
            exponentials: [0; 256],
            being_read: HashSet::new(),
        }
    }

    /// Loads an image.
    ///
    /// # Errors
    /// If a section does not fit its memory.
    pub fn load(&mut self, image: &[u64]) -> Result<Status> {
        self.model = None;
        let low = |at: usize| image.get(at).map(|&word| word as u32);
        if low(0) != Some(MAGIC) {
            return Ok(Status::NoImage);
        }
        if low(1) != Some(self.config.fingerprint()) {
            return Ok(Status::OtherConfiguration);
        }
        let mut at = 2;
        let mut model = None;
        while let Some(header) = low(at) {
            let (target, address) = (header >> 28, (header & 0xfff_ffff) as usize);
            if target == Target::End as u32 {
                let sound = low(at + 1) == Some(crc(&image[..=at], self.config.lanes)) && image.len() == at + 2;
                self.model = model.filter(|_| sound);
                return Ok(if sound { Status::Ok } else { Status::Damaged });
            }
            let data = low(at + 1).and_then(|count| image.get(at + 2..at + 2 + count as usize));
            let Some(data) = data else { return Ok(Status::Damaged) };
            at += 2 + data.len();
            match data {
                &[address, words] if target == Target::Model as u32 => model = Some([address as usize, words as usize]),
                _ => self.fill(target, address, data)?,
            }
        }
        Ok(Status::Damaged)
    }

    /// Writes words of the stream into the memory of a target.
    fn fill(&mut self, target: u32, address: usize, data: &[u64]) -> Result<()> {
        let lanes = self.config.lanes;
        let (memory, bytes) = match target {
            target if target == Target::Activations as u32 => (&mut self.activations, lanes),
            target if target == Target::Weights as u32 => (&mut self.weights, lanes),
            target if target == Target::LaneWeights as u32 => (&mut self.lane_weights, lanes),
            target if target == Target::Parameters as u32 => (&mut self.parameters, lanes),
            target if target == Target::LaneParameters as u32 => (&mut self.lane_parameters, lanes),
            target if target == Target::Program as u32 => (&mut self.program, 4),
            target => bail!("section {target} is none"),
        };
        for (n, word) in data.iter().enumerate() {
            let to = memory.get_mut((address + n) * bytes..(address + n + 1) * bytes);
            to.with_context(|| format!("section {target}: address {} is outside the memory", address + n))?
                .copy_from_slice(&word.to_le_bytes()[..bytes]);
        }
        Ok(())
    }

    /// The bytes of the packet that answers an input. Beats with clocks hold 0.
    ///
    /// # Errors
    /// If no model is loaded, the input has another length, or an instruction leaves a memory.
    pub fn run(&mut self, input: &[u64]) -> Result<Vec<u8>> {
        let [address, words] = self.model.context("no model is loaded")?;
        ensure!(input.len() == words, "{} words of input, expected {words}", input.len());
        self.fill(Target::Activations as u32, address, input)?;
        let mut packet = Vec::new();
        let mut at = 0;
        for n in 0.. {
            while let Some((part, words)) = block_of(self.program_word(at)?) {
                self.take_block(part, at + 1, words)?;
                at += 1 + words;
            }
            let mut words = [0; WORDS];
            for word in &mut words {
                *word = self.program_word(at)?;
                at += 1;
            }
            let instruction = Instruction::from_words(&words);
            if instruction.kind == Kind::End as i64 {
                break;
            }
            self.execute(&instruction, &mut packet).with_context(|| format!("instruction {n}: {instruction:?}"))?;
        }
        Ok(packet)
    }

    /// A word of the program.
    fn program_word(&self, at: usize) -> Result<u32> {
        let memory = if self.config.resident { &self.program } else { &self.weights };
        Ok(u32::from_le_bytes(bytes_at(memory, 4 * at, "the program")?))
    }

    /// Writes the words of a block of the program, which begin at `from`, into their memory, the last one at address 0.
    fn take_block(&mut self, part: Part, from: usize, words: usize) -> Result<()> {
        ensure!(!self.config.resident, "a block in a program that is resident");
        for n in 0..words {
            let bytes = self.program_word(from + n)?.to_le_bytes();
            let memory = match part {
                Part::LaneWeights => &mut self.lane_weights,
                Part::Parameters => &mut self.parameters,
                Part::LaneParameters => &mut self.lane_parameters,
            };
            let to = words - 1 - n;
            let place = memory.get_mut(4 * to..4 * to + 4);
            place.with_context(|| format!("{part:?}: word {to} is outside the memory"))?.copy_from_slice(&bytes);
        }
        Ok(())
    }

    fn execute(&mut self, i: &Instruction, packet: &mut Vec<u8>) -> Result<()> {
        let distance = i.tap_distance / self.config.lanes as i64;
        ensure!(i.triple == 0 || (self.config.taps == READS && distance % 2 == 1), "{distance} words between taps");
        ensure!(i.triple == 0 || i.table == 0, "three taps for a table");
        let waiting = port::most_waiting(i, &self.config);
        ensure!(waiting <= WAITING, "{waiting} words wait for the port of the memory, and there is room for {WAITING}");
        let tables = i.kind == Kind::Tables as i64;
        self.being_read = if tables { HashSet::new() } else { self.words_read(i) };
        match i.kind {
            kind if kind == Kind::Matrix as i64 => {
                let rows = self.items(i).map(|item| item.map(Item::into_bytes)).collect::<Result<Vec<_>>>()?;
                self.array(i, &rows)
            }
            kind if kind == Kind::Lanes as i64 => {
                for (pixel, words) in self.lanes(i)?.into_iter().enumerate() {
                    for (group, word) in words.chunks(self.config.lanes).enumerate() {
                        self.write(i.out + pixel as i64 * i.out_pitch + group as i64, word)?;
                    }
                }
                Ok(())
            }
            kind if kind == Kind::Fused as i64 => {
                let rows = self.lanes(i)?;
                self.array(i, &rows)
            }
            kind if kind == Kind::Softmax as i64 => self.softmax(i),
            kind if kind == Kind::Output as i64 => {
                for item in self.items(i) {
                    packet.extend(item?.into_bytes());
                }
                Ok(())
            }
            kind if kind == Kind::Tables as i64 => self.fill_tables(i),
            kind if kind == Kind::Report as i64 => {
                packet.resize(packet.len() + self.config.lanes, 0);
                Ok(())
            }
            kind => bail!("kind {kind} is none"),
        }
    }

    /// Writes a word of activations.
    fn write(&mut self, address: i64, word: &[u8]) -> Result<()> {
        let lanes = self.config.lanes;
        ensure!(!self.being_read.contains(&address), "writes word {address}, which it also reads");
        let to = usize::try_from(address).ok().and_then(|a| self.activations.get_mut(a * lanes..(a + 1) * lanes));
        to.with_context(|| format!("writes word {address}, which is outside the memory"))?.copy_from_slice(word);
        Ok(())
    }

    fn softmax(&mut self, i: &Instruction) -> Result<()> {
        let mut bytes = Vec::new();
        for item in self.items(i) {
            bytes.extend(item?.into_bytes());
        }
        bytes.truncate((i.pixels_1 * self.config.lanes as i64 + i.last_bytes) as usize);
        let row = Array::new("row", vec![bytes.len()], bytes.iter().map(|&x| i32::from(x as i8)).collect())?;
        let shares = softmax_by_table(&row, &self.exponentials)?;
        let shares: Vec<u8> = shares.data().iter().map(|&y| y as u8).collect();
        for (n, word) in shares.chunks(self.config.lanes).enumerate() {
            let mut word = word.to_vec();
            word.resize(self.config.lanes, 0);
            self.write(i.out + n as i64, &word)?;
        }
        Ok(())
    }
}

/// The bytes at an address of a memory.
fn bytes_at<const N: usize>(memory: &[u8], address: usize, what: &str) -> Result<[u8; N]> {
    let bytes = memory.get(address..address + N);
    let bytes = bytes.with_context(|| format!("byte {address} is outside {what}"))?;
    Ok(bytes.try_into()?)
}

impl Interpreter {
    /// The result of a requantizer for a sum and the parameters of its channel.
    fn requantized(&self, sum: i64, word: u64, [zero_point, min, max]: [i64; 3]) -> Result<u8> {
        let middle = word >> 27 & 0x7fff_ffff;
        let factor = match self.config.rule {
            EngineRule::TfliteDouble | EngineRule::Single => {
                Factor::Fixed { multiplier: middle as i64, shift: (word as i64) >> 58 }
            }
            EngineRule::F32Even => Factor::Float(middle as u32),
        };
        let bias = (word as i64) << 37 >> 37;
        Ok(factor.requantize(Ends { rule: self.config.rule, zero_point, bounds: Bounds::new(min, max)? }, sum + bias)?
            as u8)
    }
}
