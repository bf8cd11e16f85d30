//! The matrix unit: the array of multipliers of the engine, with its activations, its requantizers and its results.
//!
//! `Y[p][c] = clamp(requant(bias[c] + sum_k X[p][k] W[k][c], factor[c]) + zero_point, min, max)`, where `p` is a pixel and `c`
//! an output channel. A factor is a multiplier and a shift, or a float32, by the rule of the engine.
//!
//! ```text
//!   fill --> block buffer --bytes--> array <--weights-- banks of the weight memory
//!                                      | sums
//!   parameters --> memories --> bias, requantizers --> packer --> write
//! ```
//!
//! A step is cut into blocks of `rows` pixels. A block is computed when its half of the block buffer is full: the first
//! block of a step is in half 0, the next in half 1, and so on. A block has tiles of `cols` channels, and a tile has a beat
//! for each term of its sums. The sums of a tile drain while the next tile is computed.
//!
//! Word `weights + i` of the weights belongs to beat `i` of a block. Word `w` is row `w / banks` of bank `w mod banks`. In a
//! split step, row `r` of the array has word `weights + i * banks + r` in beat `i`, `weights` is a multiple of `banks`, and
//! the sums of all rows are added.
//!
//! Nothing waits inside. All clocks follow from the configuration ([`FIRST_BEAT`],
//! [`EngineConfig::matrix_block`], [`EngineConfig::matrix_release`], [`EngineConfig::matrix_done`]), if a tile has at least
//! [`EngineConfig::matrix_tile`] clocks.

mod array;
mod beats;
mod buffer;
mod dataflow;
mod drain;
mod element;
mod packer;
mod row;
mod timing;
mod weights;

use rust_hdl::prelude::*;

pub use array::Array;
pub use beats::Beats;
pub use buffer::Buffer;
pub use drain::Drain;
pub use element::Element;
pub use packer::Packer;
pub use row::Row;
pub use timing::FIRST_BEAT;
pub use weights::Weights;

use super::EngineConfig;
use super::instruction::{self, InstructionPorts, Kept};
use super::loader::Target;
use super::model::Model;
use super::parameters::ParameterMemory;
use crate::blocks::any_requantizer::AnyRequantizer;
use crate::blocks::ring::Ring;
use crate::exact::{Bus, Clk, Maybe, Port, Reg, Stage};
use crate::memory::WritePorts;
use timing::{DRAIN_TO_SUM, INT8};

/// See the [module](self).
#[derive(LogicBlock)]
pub struct Matrix {
    /// clock
    pub clk: Clk,
    /// reset: no step is under way
    pub rst_n: Port<In>,
    /// the instruction
    pub instruction: InstructionPorts,
    /// the instruction has been shown
    pub start: Port<In>,
    /// a word of the block buffer is written
    pub fill: Port<In>,
    /// into which half
    pub fill_half: Port<In>,
    /// into which row
    pub fill_row: Port<In>,
    /// its index in the half
    pub fill_at: Port<In>,
    /// the word
    pub fill_word: Port<In>,
    /// the half is full with this word
    pub fill_end: Port<In>,
    /// the word of each bank of weights, column by column
    pub weights: Bus<In>,
    /// how a word of parameters is written, as [`ParameterMemory`] has it
    pub parameters_write: Maybe<WritePorts>,
    /// a word of weights is read
    pub weights_read: Port<Out>,
    /// row of the banks
    pub weights_address: Port<Out>,
    /// a half of the block buffer may be filled again
    pub released: Port<Out>,
    /// a word of results is written
    pub write: Port<Out>,
    /// word address in the activation memory
    pub write_address: Port<Out>,
    /// the word
    pub write_word: Port<Out>,
    /// the step is complete with this clock's word
    pub done: Port<Out>,
    kept: Kept,
    beats: Beats,
    buffer: Buffer,
    bank_weights: Weights,
    array: Array,
    drain: Drain,
    parameters: ParameterMemory,
    requantizer: Vec<AnyRequantizer>,
    packer: Packer,
    firsts: Vec<Stage>,
    lasts: Vec<Reg>,
    tile: Vec<Stage>,
    moves: Stage,
    releases: Vec<Reg>,
    steps: Vec<Reg>,
    row: Vec<Stage>,
    sum: Vec<Reg>,
    biased: Stage,
    block: Vec<Stage>,
    until_drain: Maybe<Ring>,
    until_result: Maybe<Ring>,
    _config: EngineConfig,
}

impl Matrix {
    /// The matrix unit of an engine.
    ///
    /// # Errors
    /// The errors of [`EngineConfig::validate`].
    pub fn new(config: &EngineConfig) -> Result<Matrix, String> {
        Matrix::with(config, None)
    }

    /// The same with a model in its memories.
    pub(super) fn with(config: &EngineConfig, model: Option<&Model>) -> Result<Matrix, String> {
        config.validate()?;
        let c = config;
        let flags = |n| (0..n).map(|_| Reg::control(0..=1, 0)).collect();
        let stages = |n| (0..n).map(|_| Stage::new(true)).collect();
        let (beats, buffer) = (Beats::new(c), Buffer::new(c));
        let parameters = match model {
            None => ParameterMemory::new(c, c.channels, c.requantizers),
            Some(model) => ParameterMemory::holding(c, (model, Target::Parameters), c.channels, c.requantizers)?,
        };
        let kept = [instruction::ZERO_POINT, instruction::MIN, instruction::MAX, instruction::SPLIT];
        let kept = kept.map(|field| (field, field.range()));
        let to_requantizer = DRAIN_TO_SUM + c.sum_to_requantizer();
        let (to_result, rings) = (to_requantizer + c.requantizer_latency(c.sum()), c.target.traits().rings);
        let until_result = Ring::when(rings, to_result);
        Ok(Matrix {
            clk: Clk::new(),
            rst_n: Port::bit("synchronous reset, active low"),
            instruction: InstructionPorts::default(),
            start: Port::bit("the instruction has been shown"),
            fill: Port::bit("a word of the block buffer is written"),
            fill_half: Port::bit("into which half"),
            fill_row: Port::new(buffer.fill_row.range(), "into which row"),
            fill_at: Port::new(buffer.fill_at.range(), "its index in the half"),
            fill_word: Port::new(c.word(), "the word"),
            fill_end: Port::bit("the half is full with this word"),
            weights: Bus::new(c.banks() * c.cols, INT8, "the word of each bank, column by column"),
            parameters_write: parameters.write_ports("its place among the words of all channels"),
            weights_read: Port::bit("a word of weights is read"),
            weights_address: Port::new(beats.weights_address.range(), "row of the banks"),
            released: Port::bit("a half of the block buffer may be filled again"),
            write: Port::bit("a word of results is written"),
            write_address: Port::new(c.activation_address(), "word address in the activation memory"),
            write_word: Port::new(c.word(), "the word"),
            done: Port::bit("the step is complete with this clock's word"),
            kept: Kept::new(c.target, if c.banks() > 1 { &kept } else { &kept[..3] }),
            bank_weights: Weights::new(c),
            array: Array::new(c),
            drain: Drain::new(c),
            packer: Packer::new(c),
            firsts: stages(c.beat_to_first()),
            lasts: flags(c.beat_to_drain().max(c.beat_to_load())),
            tile: stages(c.beat_to_drain()),
            moves: Stage::new(true),
            releases: flags(c.matrix_release()),
            steps: flags(to_requantizer),
            row: stages(DRAIN_TO_SUM),
            sum: (0..c.requantizers).map(|_| Reg::new(c.sum())).collect(),
            biased: Stage::new(c.bias_ranks() > 0),
            block: stages(if until_result.get().is_some() { 0 } else { to_result }),
            until_drain: Ring::when(rings, c.beat_to_drain()),
            until_result,
            requantizer: c.any_requantizer(c.sum()).several(c.requantizers)?,
            beats,
            buffer,
            parameters,
            _config: c.clone(),
        })
    }
}
