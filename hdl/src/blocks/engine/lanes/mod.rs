//! The lanes: depthwise convolutions, pools, sums through tables and copies, channel by channel.
//!
//! ```text
//!  tap, weights -> products -> lane -+
//!        tap ----> table ----> lane  | W lanes: product, entry of a table, or greatest tap
//!                                ^   v
//!                                +- drain register -> bias -> Ql requantizers -> packer -> fill or write
//!  last tap -----> drain: steps, and entries of the parameter memory
//! ```
//!
//! Each lane sums the taps of a channel. The sums of an item leave in `W / Ql` steps while the taps of the next item come.

mod dataflow;
mod drain;
mod further;
mod lane;
mod packer;
mod products;
mod timing;

use rust_hdl::prelude::*;

use drain::Drain;
use further::Further;
use lane::Lane;
use packer::Packer;
use products::Products;
use timing::{INT8, STEP_TO_LANE, VALUE_TO_LANE};

use super::config::{EngineConfig, TABLE_VALUE};
use super::instruction::{self, InstructionPorts, Kept};
use super::loader::Target;
use super::memory::Memory;
use super::model::Model;
use super::parameters::ParameterMemory;
use crate::blocks::any_requantizer::AnyRequantizer;
use crate::blocks::ring::Ring;
use crate::exact::{BIT, Bus, Clk, Maybe, Port, Range, Reg, Stage};
use crate::memory::WritePorts;
use crate::targets;

/// Entries of a lane's tables: for each byte one for the first tap of an item, then for each byte one for other taps.
pub const TABLE_ENTRIES: usize = 512;

/// The lanes of an engine, with their requantizers.
///
/// A tap comes at most once a clock, and the words of the weights with it. An item is a group of W channels of a pixel: the
/// taps from one with `tap_first` to one with `tap_last`. The next item may follow at once, but its last tap comes no sooner
/// than [`EngineConfig::lanes_item`] clocks after the last tap before it. The item's word comes
/// [`EngineConfig::lanes_latency`] clocks after its last tap. Groups, pixels and blocks follow each other in order, so that
/// their ends suffice to count them.
///
/// In a step of kind `lanes` the words are written to the activation memory, and `done` comes with the last. In a step of
/// kind `fused` they fill the block buffer. In a step of kind `tables` that is not for softmax, the tables of all lanes take
/// the entries, beginning with entry 0.
#[derive(LogicBlock)]
pub struct Lanes {
    /// clock
    pub clk: Clk,
    /// reset: no items are on their way
    pub rst_n: Port<In>,
    /// the instruction
    pub instruction: InstructionPorts,
    /// the instruction has been shown
    pub start: Port<In>,
    /// a tap comes
    pub tap_valid: Port<In>,
    /// the tap, a byte for each lane
    pub tap: Bus<In>,
    /// it is the first of its item
    pub tap_first: Port<In>,
    /// it is the last of its item
    pub tap_last: Port<In>,
    /// with the last tap: the item is the last of its pixel
    pub tap_pixel_end: Port<In>,
    /// with the last tap: the item is the last of its block
    pub tap_block_end: Port<In>,
    /// with the last tap: the item is the last of the step
    pub tap_step_end: Port<In>,
    /// weights for the tap, a byte for each lane
    pub weights: Port<In>,
    /// what comes with the further taps of a clock
    pub further: Maybe<Further>,
    /// an entry of the tables comes
    pub entry_valid: Maybe<Port<In>>,
    /// the entry
    pub entry: Maybe<Port<In>>,
    /// how a word of parameters is written, as [`ParameterMemory`] has it
    pub parameters_write: Maybe<WritePorts>,
    /// a word for the block buffer
    pub fill: Port<Out>,
    /// half of the block buffer for the word
    pub fill_half: Port<Out>,
    /// row of the block buffer for the word
    pub fill_row: Port<Out>,
    /// number of the word in its row
    pub fill_at: Port<Out>,
    /// the word
    pub fill_word: Port<Out>,
    /// a word for the block buffer, the last of its block
    pub fill_end: Port<Out>,
    /// a word for the activation memory
    pub write: Port<Out>,
    /// its address
    pub write_address: Port<Out>,
    /// the word
    pub write_word: Port<Out>,
    /// a word for the activation memory, the last of the step
    pub done: Port<Out>,
    kept: Kept,
    arrived: Stage,
    products: Products,
    table: Vec<Memory>,
    entry_at: Maybe<Reg>,
    taps: Vec<Reg>,
    firsts: Vec<Stage>,
    lane: Vec<Lane>,
    drain: Drain,
    steps: Vec<Reg>,
    loads: Vec<Stage>,
    parameters: ParameterMemory,
    sought: Stage,
    found: Stage,
    biased: Stage,
    requantizer: Vec<AnyRequantizer>,
    lasts: Vec<Reg>,
    ends: Vec<Stage>,
    until_result: Maybe<Ring>,
    packer: Packer,
}

impl Lanes {
    /// The lanes of the engine that `config` describes.
    ///
    /// # Errors
    /// The errors of the requantizers' configuration.
    pub fn new(config: &EngineConfig) -> Result<Lanes, String> {
        Lanes::with(config, None)
    }

    /// The same with a model in their memories.
    pub(super) fn with(config: &EngineConfig, model: Option<&Model>) -> Result<Lanes, String> {
        use instruction as i;
        let c = config;
        let (drain, packer) = (Drain::new(c), Packer::new(c));
        let (channels, requantizers) = (c.lane_channels, c.lane_requantizers);
        let parameters = match model {
            None => ParameterMemory::new(c, channels, requantizers),
            Some(model) => ParameterMemory::holding(c, (model, Target::LaneParameters), channels, requantizers)?,
        };
        let full = |field: instruction::Field| (field, field.range());
        let kept = [i::MAXIMUM, i::LANE_ZERO_POINT, i::LANE_MIN, i::LANE_MAX, i::TABLE, i::SOFTMAX_TABLE].map(full);
        let flags = |n: usize| (0..n).map(|_| Reg::control(BIT, 0)).collect();
        let stages = |n: usize| (0..n).map(|_| Stage::new(true)).collect();
        let to_result = c.lane_step_to_result();
        let until_result = Ring::when(c.target.traits().rings, to_result);
        let ranks = if until_result.get().is_some() { 0 } else { to_result };
        Ok(Lanes {
            clk: Clk::new(),
            rst_n: Port::bit("synchronous reset, active low"),
            instruction: InstructionPorts::default(),
            start: Port::bit("the instruction has been shown"),
            tap_valid: Port::bit("a tap comes"),
            tap: Bus::new(c.lanes, INT8, "the tap"),
            tap_first: Port::bit("it is the first of its item"),
            tap_last: Port::bit("it is the last of its item"),
            tap_pixel_end: Port::bit("the item is the last of its pixel"),
            tap_block_end: Port::bit("the item is the last of its block"),
            tap_step_end: Port::bit("the item is the last of the step"),
            weights: Port::new(c.word(), "weights for the tap"),
            further: Maybe::when(c.taps > 1, || Further::new(c)),
            entry_valid: Maybe::when(c.tables, || Port::bit("an entry of the tables comes")),
            entry: Maybe::when(c.tables, || Port::new(Range::signed(32), "the entry")),
            parameters_write: parameters.write_ports("the number of the word"),
            fill: Port::bit("a word for the block buffer"),
            fill_half: Port::bit("half of the block buffer"),
            fill_row: Port::new(packer.fill_row.range(), "row of the block buffer"),
            fill_at: Port::new(packer.fill_at.range(), "number of the word in its row"),
            fill_word: Port::new(c.word(), "the word"),
            fill_end: Port::bit("a word for the block buffer, the last of its block"),
            write: Port::bit("a word for the activation memory"),
            write_address: Port::new(c.activation_address(), "its address"),
            write_word: Port::new(c.word(), "the word"),
            done: Port::bit("a word for the activation memory, the last of the step"),
            kept: Kept::new(c.target, if c.tables { &kept } else { &kept[..4] }),
            arrived: Stage::new(true),
            products: Products::new(c),
            table: (0..if c.tables { c.lanes } else { 0 })
                .map(|_| Memory::new(c.target, TABLE_ENTRIES, TABLE_VALUE.width()))
                .collect(),
            entry_at: Maybe::when(c.tables, || Reg::new(Range::new(0, TABLE_ENTRIES as i128 - 1))),
            taps: flags(VALUE_TO_LANE),
            firsts: stages(VALUE_TO_LANE),
            lane: (0..c.lanes).map(|lane| Lane::new(c, lane)).collect(),
            steps: flags(c.lane_step_to_requantizer()),
            loads: stages(STEP_TO_LANE),
            // A rank is cheaper before the memory, and more is won by it behind the memory.
            sought: Stage::new(c.target == targets::Target::Ice40),
            found: Stage::new(c.target != targets::Target::Ice40),
            biased: Stage::new(c.bias_ranks() > 0),
            requantizer: c.any_requantizer(c.lane_sum()).several(c.lane_requantizers)?,
            lasts: flags(ranks),
            ends: stages(ranks),
            until_result,
            drain,
            parameters,
            packer,
        })
    }
}
