//! A step for the matrix unit: its instruction, its operands, and the words that it has to write.

#![allow(dead_code)] // each test uses a part

use std::collections::BTreeMap;

use qrtl_golden::numerics::requantizer::requantize;
use qrtl_golden::{Bounds, FixedMultiplier, MultiplierWidth, Requantization, Rule};
use qrtl_hdl::blocks::engine::EngineConfig;
use qrtl_hdl::blocks::engine::instruction::{Instruction, Kind, WORDS};
use qrtl_random::Random;

/// The sizes of a step.
#[derive(Debug, Clone, Copy)]
pub struct Shape {
    pub split: bool,
    pub pixels: usize,
    pub terms: usize,
    pub idle: usize,
    pub tiles: usize,
    pub last_words: usize,
}

impl Shape {
    pub fn draw(random: &mut Random, config: &EngineConfig) -> Shape {
        let mut pick = |lo: usize, hi: usize| random.within(lo as i128, hi as i128) as usize;
        let split = config.split && pick(0, 2) == 0;
        let pixels = if split { config.rows } else { pick(1, 5 * config.rows) };
        let all_words = config.cols / config.lanes;
        let terms = if pick(0, 3) == 0 { pick(1, 3) } else { pick(1, config.terms) };
        let (tiles, last_words) = (pick(1, 3), pick(1, all_words));
        let words = if tiles > 1 { all_words } else { last_words };
        let least = config.matrix_tile(words).saturating_sub(terms);
        let idle = least + if pick(0, 1) == 0 { 0 } else { pick(0, 3) };
        // The field for idle clocks has no room for more than the longest drain.
        let idle = idle.min(config.matrix_tile(all_words));
        Shape { split, pixels, terms, idle, tiles, last_words }
    }

    /// As many terms as the configuration allows.
    pub fn greatest(config: &EngineConfig) -> Shape {
        let last_words = config.cols / config.lanes;
        let idle = config.matrix_tile(last_words).saturating_sub(config.terms);
        Shape { split: false, pixels: config.rows, terms: config.terms, idle, tiles: 1, last_words }
    }

    /// The clocks of a block.
    pub fn block(&self) -> usize {
        EngineConfig::matrix_block(self.tiles, self.terms, self.idle)
    }
}

/// Bias, multiplier and shift of a channel.
#[derive(Debug, Clone, Copy)]
pub struct Channel {
    pub bias: i64,
    pub multiplier: i64,
    pub shift: i64,
}

#[derive(Debug)]
pub struct Step {
    pub shape: Shape,
    pub instruction: Instruction,
    /// for each pixel, its terms
    pub activations: Vec<Vec<i64>>,
    /// all words of the weight memory, a weight for each column
    pub weights: Vec<Vec<i64>>,
    /// all channels of the parameter memory
    pub channels: Vec<Channel>,
}

impl Step {
    pub fn draw(random: &mut Random, config: &EngineConfig, shape: Shape) -> Step {
        let mut words = [0; WORDS];
        words.iter_mut().for_each(|word| *word = random.bits() as u32);
        // Fields that the unit has nothing to do with have any value.
        let any = Instruction::from_words(&words);
        let beats = shape.tiles * shape.terms;
        let memory = config.weight_bytes / config.cols;
        let groups = config.cols / config.requantizers;
        let used = if shape.split { beats * config.banks() } else { beats };
        let mut weights_at = random.within(0, (memory - used) as i128) as usize;
        if shape.split {
            weights_at -= weights_at % config.banks();
        }
        let entries = config.channels / config.requantizers;
        let parameters = random.within(0, (entries - shape.tiles * groups) as i128) as i64;
        let words_of_pixel = (shape.tiles - 1) * config.cols / config.lanes + shape.last_words;
        let out_pitch = if shape.split { 0 } else { words_of_pixel + random.within(0, 2) as usize };
        let room = config.activation_words() - shape.pixels * out_pitch - words_of_pixel;
        let [one, other] = [0; 2].map(|_| random.corner(-128, 127) as i64);
        let instruction = Instruction {
            kind: if random.one_in(2) { Kind::Matrix } else { Kind::Fused } as i64,
            split: shape.split.into(),
            pixels_1: shape.pixels as i64 - 1,
            terms_1: shape.terms as i64 - 1,
            tile_idle: shape.idle as i64,
            tiles_1: shape.tiles as i64 - 1,
            last_words: shape.last_words as i64,
            last_rows: ((shape.pixels - 1) % config.rows) as i64 + 1,
            weights: weights_at as i64,
            parameters,
            zero_point: random.corner(-128, 127) as i64,
            min: one.min(other),
            max: one.max(other),
            out: random.within(0, room as i128) as i64,
            out_pitch: out_pitch as i64,
            ..any
        };
        let mut byte = || random.corner(-128, 127) as i64;
        let activations = (0..shape.pixels).map(|_| (0..shape.terms).map(|_| byte()).collect()).collect();
        let weights = (0..memory).map(|_| (0..config.cols).map(|_| byte()).collect()).collect();
        let mut channel = || Channel {
            bias: random.corner(-(1 << 26), (1 << 26) - 1) as i64,
            multiplier: random.between(1 << 30, (1 << 31) - 1),
            shift: random.between(-22, -4),
        };
        let channels = (0..config.channels).map(|_| channel()).collect();
        Step { shape, instruction, activations, weights, channels }
    }

    /// The terms of the pixels of a block. Rows without a pixel have none.
    pub fn rows(&self, config: &EngineConfig, block: usize) -> impl Iterator<Item = Option<&Vec<i64>>> {
        (0..config.rows).map(move |r| self.activations.get(block * config.rows + r))
    }

    pub fn blocks(&self, config: &EngineConfig) -> usize {
        self.shape.pixels.div_ceil(config.rows)
    }

    /// `sum_k X[pixel][k] W[k][column]` of a tile.
    fn sum(&self, config: &EngineConfig, pixel: usize, tile: usize, column: usize) -> i64 {
        let product = |k: usize| {
            let beat = tile * self.shape.terms + k;
            let word = if self.shape.split { beat * config.rows + pixel } else { beat };
            self.activations[pixel][k] * self.weights[self.instruction.weights as usize + word][column]
        };
        (0..self.shape.terms).map(product).sum()
    }

    fn result(&self, config: &EngineConfig, pixel: usize, channel: usize) -> i64 {
        let (tile, column) = (channel / config.cols, channel % config.cols);
        let sum: i64 = if self.shape.split {
            (0..config.rows).map(|row| self.sum(config, row, tile, column)).sum()
        } else {
            self.sum(config, pixel, tile, column)
        };
        let i = &self.instruction;
        let Channel { bias, multiplier, shift } = self.channels[i.parameters as usize * config.requantizers + channel];
        let factor = FixedMultiplier::new(MultiplierWidth::W32, multiplier, shift).unwrap();
        let bounds = Bounds::new(i.min, i.max).unwrap();
        let requantization = Requantization::new(Rule::TfliteDouble, factor, i.zero_point, bounds).unwrap();
        requantize(sum + bias, &requantization).unwrap()
    }

    /// The words that the step writes, by address.
    pub fn expected(&self, config: &EngineConfig) -> BTreeMap<i128, i128> {
        let words = (self.shape.tiles - 1) * config.cols / config.lanes + self.shape.last_words;
        let pixels = if self.shape.split { 1 } else { self.shape.pixels };
        let mut expected = BTreeMap::new();
        for pixel in 0..pixels {
            for word in 0..words {
                let results = (0..config.lanes).map(|lane| self.result(config, pixel, word * config.lanes + lane));
                let address = self.instruction.out + pixel as i64 * self.instruction.out_pitch + word as i64;
                expected.insert(address.into(), packed(results.collect::<Vec<_>>()));
            }
        }
        expected
    }
}

/// Bytes as a word, the first in the low bits.
pub fn packed(bytes: Vec<i64>) -> i128 {
    bytes.into_iter().rev().fold(0, |word, byte| word << 8 | i128::from(byte as u8))
}
