//! Drives the matrix unit: shows it an instruction, fills its block buffer, and is its weight memory.

#![allow(dead_code)] // each test uses a part

use std::collections::{BTreeMap, VecDeque};

use qrtl_hdl::blocks::engine::EngineConfig;
use qrtl_hdl::blocks::engine::matrix::{FIRST_BEAT, Matrix};
use qrtl_hdl::blocks::engine::memory::{LATENCY, OVERTAKEN};
use qrtl_hdl::blocks::engine::parameters::parameter_word;
use qrtl_hdl::exact::{FlatSim, Named, Role, elaborate};
use qrtl_random::Random;

use crate::step::{Channel, Step, packed};

pub struct Bench {
    sim: FlatSim,
    config: EngineConfig,
    /// rows of the banks that the unit has asked for, newest first
    asked: VecDeque<Option<usize>>,
    ports: Vec<Named>,
    /// lanes of all inputs and of all outputs in each clock, if somebody wants to know
    observed: Option<Vec<[Vec<i128>; 2]>>,
}

/// Pauses between words for the block buffer.
#[derive(Debug, Clone, Copy)]
pub enum Pauses {
    None,
    /// after one word in eight, up to so many clocks
    UpTo(usize),
    /// after each block, so many clocks
    After(usize),
}

impl Pauses {
    fn draw(self, random: &mut Random, end: bool) -> usize {
        match self {
            Pauses::UpTo(most) if random.one_in(8) => random.within(0, most as i128) as usize,
            Pauses::After(clocks) if end => clocks,
            _ => 0,
        }
    }

    /// At most so many clocks follow a word.
    fn most(self) -> usize {
        match self {
            Pauses::None => 0,
            Pauses::UpTo(most) | Pauses::After(most) => most,
        }
    }
}

/// What happened in a step, by clocks since its start.
#[derive(Debug, Default, PartialEq)]
struct Seen {
    /// for each beat, its clock and its row of the banks
    beats: Vec<(usize, i128)>,
    releases: Vec<usize>,
    done: Vec<usize>,
    words: BTreeMap<i128, i128>,
}

/// A word for the block buffer.
struct Fill {
    block: usize,
    row: usize,
    at: usize,
    word: i128,
    end: bool,
}

impl Bench {
    pub fn new(config: &EngineConfig) -> Bench {
        let block = Matrix::new(config).unwrap_or_else(|e| panic!("{config:?}: {e}"));
        let design = elaborate(&block, "matrix").unwrap_or_else(|e| panic!("{config:?}:\n{e}"));
        let (sim, ports) = (FlatSim::new(&design), design.top().ports.clone());
        let mut bench = Bench { sim, config: config.clone(), asked: VecDeque::new(), ports, observed: None };
        bench.reset();
        bench
    }

    fn reset(&mut self) {
        for name in ["rst_n", "instruction_write", "start", "fill", "fill_end", "parameters_write"] {
            self.sim.set(name, 0);
        }
        (0..2).for_each(|_| self.sim.step().unwrap());
        self.sim.set("rst_n", 1);
        self.asked = vec![None; LATENCY].into();
    }

    /// From now on, what is at the ports in each clock can be [`observed`](Bench::observed).
    pub fn observe(&mut self) {
        self.observed = Some(Vec::new());
    }

    /// For each clock, the lanes of all inputs but the reset, and of all outputs.
    pub fn observed(&self) -> &[[Vec<i128>; 2]] {
        self.observed.as_deref().unwrap_or_default()
    }

    /// A clock passes.
    fn clock(&mut self) {
        self.sim.settle();
        if let Some(observed) = &mut self.observed {
            observed.push([Role::Input, Role::Output].map(|role| {
                let ports = self.ports.iter().filter(|(name, info)| info.role == role && name != "rst_n");
                let lanes = ports.flat_map(|(name, info)| (0..info.lanes.unwrap_or(1)).map(move |lane| (name, lane)));
                lanes.map(|(name, lane)| self.sim.get_lane(name, lane)).collect()
            }));
        }
        self.sim.step().unwrap_or_else(|e| panic!("{e}"));
    }

    fn show(&mut self, step: &Step) {
        let bits = self.config.word_bits();
        for (c, &Channel { bias, multiplier, shift }) in step.channels.iter().enumerate() {
            let word = i128::from(parameter_word(bias, multiplier, shift).unwrap());
            for (part, low) in (0..64).step_by(bits as usize).enumerate() {
                self.sim.set("parameters_write", 1);
                self.sim.set("parameters_address", (c * 64 / bits as usize + part) as i128);
                self.sim.set("parameters_word", word >> low & ((1 << bits) - 1));
                self.clock();
            }
        }
        self.sim.set("parameters_write", 0);
        let words = step.instruction.words().unwrap();
        // A word comes a clock after its index.
        for at in 0..=words.len() {
            self.sim.set("instruction_write", (at < words.len()).into());
            self.sim.set("instruction_at", at.min(words.len() - 1) as i128);
            self.sim.set("instruction_word", at.checked_sub(1).map_or(0, |before| words[before]).into());
            self.clock();
        }
    }

    /// The words of the step's blocks in order. Bytes of a row without a pixel, and bytes behind the terms, are arbitrary.
    fn fills(&self, step: &Step, random: &mut Random) -> Vec<Fill> {
        let (lanes, mut fills) = (self.config.lanes, Vec::new());
        for block in 0..step.blocks(&self.config) {
            for (row, terms) in step.rows(&self.config, block).enumerate() {
                for at in 0..step.shape.terms.div_ceil(lanes) {
                    let byte = |n: usize| terms.and_then(|terms| terms.get(n).copied());
                    let bytes = (at * lanes..(at + 1) * lanes).map(|n| byte(n).unwrap_or(random.between(-128, 127)));
                    fills.push(Fill { block, row, at, word: packed(bytes.collect()), end: false });
                }
            }
            fills.last_mut().unwrap().end = true;
        }
        fills
    }

    fn fill(&mut self, fill: Option<&Fill>) {
        self.sim.set("fill", fill.is_some().into());
        self.sim.set("fill_end", fill.is_some_and(|f| f.end).into());
        if let Some(Fill { block, row, at, word, .. }) = fill {
            self.sim.set("fill_half", (block % 2) as i128);
            self.sim.set("fill_row", *row as i128);
            self.sim.set("fill_at", *at as i128);
            self.sim.set("fill_word", *word);
        }
    }

    /// The words of the banks at the row that was asked for some clocks ago; anything where none was.
    fn give_weights(&mut self, step: &Step, random: &mut Random) {
        let (banks, cols) = (self.config.banks(), self.config.cols);
        let row = self.asked.pop_back().unwrap();
        for lane in 0..banks * cols {
            let weight = row.map(|row| step.weights[row * banks + lane / cols][lane % cols]);
            self.sim.set_lane("weights", lane, weight.unwrap_or(random.between(-128, 127)).into());
        }
    }

    /// Plays a step for at most `clocks` clocks after its start. Returns what happened, and the clock at which each block
    /// was filled.
    fn play(&mut self, step: &Step, random: &mut Random, pauses: Pauses, clocks: usize) -> (Seen, Vec<usize>) {
        self.show(step);
        let mut fills: VecDeque<Fill> = self.fills(step, random).into();
        let (mut seen, mut filled, mut pause) = (Seen::default(), Vec::new(), 0_usize);
        for clock in 0..clocks {
            // Nothing may follow the end.
            if seen.done.first().is_some_and(|done| done + 60 < clock) {
                break;
            }
            self.sim.set("start", (clock == 0).into());
            let released = seen.releases.iter().filter(|&&at| at + OVERTAKEN <= clock).count();
            let free = fills.front().is_some_and(|f| f.block < released + 2);
            let ready = clock > 0 && free && pause == 0;
            let fill = if ready { fills.pop_front() } else { None };
            pause = fill.as_ref().map_or(pause.saturating_sub(1), |fill| pauses.draw(random, fill.end));
            self.fill(fill.as_ref());
            if fill.is_some_and(|f| f.end) {
                filled.push(clock);
            }
            self.give_weights(step, random);
            self.sim.settle();
            let asked = (self.sim.get("weights_read") == 1).then(|| self.sim.get("weights_address"));
            self.asked.push_front(asked.map(|row| row as usize));
            seen.beats.extend(asked.map(|row| (clock, row)));
            if self.sim.get("released") == 1 {
                seen.releases.push(clock);
            }
            if self.sim.get("write") == 1 {
                let [address, word] = ["write_address", "write_word"].map(|port| self.sim.get(port));
                assert!(seen.words.insert(address, word).is_none(), "address {address} is written twice");
            }
            if self.sim.get("done") == 1 {
                seen.done.push(clock);
            }
            self.clock();
        }
        (seen, filled)
    }

    /// Runs a step, compares all that it does with what it has to do, and returns the clock of each block's first beat.
    pub fn run(&mut self, step: &Step, random: &mut Random, pauses: Pauses) -> Vec<usize> {
        let (config, shape) = (self.config.clone(), step.shape);
        let fills = config.rows * shape.terms.div_ceil(config.lanes) * (1 + pauses.most()) + 50;
        let clocks = 200 + step.blocks(&config) * (fills + shape.block());
        let (seen, filled) = self.play(step, random, pauses, clocks);
        let mut expected = Seen { words: step.expected(&config), ..Seen::default() };
        let mut starts: Vec<usize> = Vec::new();
        for full in filled {
            let free = starts.last().map_or(0, |start| start + shape.block());
            let start = free.max(full + FIRST_BEAT);
            starts.push(start);
            for i in 0..shape.tiles * shape.terms {
                let clock = start + i / shape.terms * (shape.terms + shape.idle) + i % shape.terms;
                let word = step.instruction.weights as usize + if shape.split { i * config.rows } else { i };
                expected.beats.push((clock, (word / config.banks()) as i128));
            }
            let last = expected.beats.last().unwrap().0;
            expected.releases.push(last + config.matrix_release());
        }
        let last = expected.beats.last().unwrap().0;
        expected.done.push(last + config.matrix_done(shape.last_words));
        assert_eq!(starts.len(), step.blocks(&config), "{config:?} {shape:?}");
        assert_eq!(seen, expected, "{config:?} {shape:?} {:?}", step.instruction);
        starts
    }

    /// Shows a step whose kind is none of the unit's, and fills a half: nothing happens.
    pub fn rests(&mut self, step: &Step, random: &mut Random) {
        let (seen, filled) = self.play(step, random, Pauses::None, 400);
        assert_eq!((seen, filled.len()), (Seen::default(), step.blocks(&self.config)));
    }

    /// Resets the unit in the middle of a step, after which it is at rest, and a full half is none of its business.
    pub fn interrupt(&mut self, step: &Step, random: &mut Random, clocks: usize) {
        self.play(step, random, Pauses::None, clocks);
        self.reset();
        for clock in 0..100 {
            self.sim.set("fill_end", (clock == 50).into());
            self.sim.settle();
            for port in ["weights_read", "released", "write", "done"] {
                assert_eq!(self.sim.get(port), 0, "{port}, {clock} clocks after the reset");
            }
            self.sim.step().unwrap();
        }
        self.reset();
    }
}
