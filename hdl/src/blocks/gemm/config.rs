//! Configuration of the GEMM block, as users describe it.

use clap::{Args, ValueEnum};
use qrtl_golden::{MultiplierWidth, Rule};
use serde::{Deserialize, Serialize};

use crate::blocks::requantizer::DEFAULT_PIPELINE;
use crate::default_from_flags;
use crate::display_word;
use crate::exact::Range;
use crate::parameter::{Dimension, HardwareRule, IntType, Source, ZeroPoint, hardware_rule, multiplier_width};
use crate::targets::Target;

/// Parameters of a GEMM block: C (M x N) = requant(A (M x K) * B (K x N)).
#[derive(Debug, Clone, PartialEq, Eq, Hash, Args, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct GemmConfig {
    /// rows of processing elements
    #[arg(long, default_value_t = 4)]
    pub rows: usize,
    /// columns of processing elements
    #[arg(long, default_value_t = 4)]
    pub cols: usize,
    /// requantizers; divides cols. If left out, the fewest with which the array never waits for them (for a K of 64, if
    /// K is a port)
    #[arg(long)]
    pub requantizers: Option<usize>,
    /// type of A: int4, int8, uint8 or int16
    #[arg(long, value_enum, default_value_t = IntType::Int8, hide_possible_values = true)]
    pub a: IntType,
    /// type of B, as A
    #[arg(long, value_enum, default_value_t = IntType::Int8, hide_possible_values = true)]
    pub b: IntType,
    /// zero point of A: none (0, or folded into the bias), port, or a number
    #[arg(long, default_value_t = ZeroPoint::Port, allow_hyphen_values = true)]
    pub a_zero_point: ZeroPoint,
    /// zero point of B: none (0, or folded into the bias), port, or a number
    #[arg(long, default_value_t = ZeroPoint::None, allow_hyphen_values = true)]
    pub b_zero_point: ZeroPoint,
    /// how the zero point of A takes effect
    #[arg(long, value_enum, default_value_t = ZeroPointStrategy::Subtract)]
    pub a_strategy: ZeroPointStrategy,
    /// how the zero point of B takes effect
    #[arg(long, value_enum, default_value_t = ZeroPointStrategy::Subtract)]
    pub b_strategy: ZeroPointStrategy,
    /// rows of C: a number, or ..MAX for a port
    #[arg(long, default_value_t = Dimension::UpTo(4096))]
    pub m: Dimension,
    /// columns of C: a number, or ..MAX for a port
    #[arg(long, default_value_t = Dimension::UpTo(256))]
    pub n: Dimension,
    /// terms of a sum: a number, or ..MAX for a port
    #[arg(long, default_value_t = Dimension::UpTo(1024))]
    pub k: Dimension,
    /// rounding rule
    #[arg(long, value_parser = hardware_rule(), default_value_t = HardwareRule::Fixed(Rule::TfliteDouble))]
    pub rule: HardwareRule,
    /// bits of the multipliers, sign included: 8, 16 or 32
    #[arg(long, value_parser = multiplier_width, default_value = "32")]
    pub multiplier_width: MultiplierWidth,
    /// bias of the channels: a number, one for each channel, or port (a memory that cfg_* fills)
    #[arg(long, default_value_t = Source::Port, allow_hyphen_values = true)]
    pub bias: Source,
    /// multiplier of the channels, as bias; for f32_even the bits of a float32
    #[arg(long, default_value_t = Source::Port, allow_hyphen_values = true)]
    pub multiplier: Source,
    /// shift of the channels, as bias; f32_even has none
    #[arg(long, default_value_t = Source::Port, allow_hyphen_values = true)]
    pub shift: Source,
    /// type of C: int8, uint8 or int16
    #[arg(long, value_enum, default_value_t = IntType::Int8, hide_possible_values = true)]
    pub output: IntType,
    /// zero point of C: port or a number
    #[arg(long, default_value_t = Source::Port, allow_hyphen_values = true)]
    pub zero_point: Source,
    /// least result: port or a number
    #[arg(long, default_value_t = Source::Port, allow_hyphen_values = true)]
    pub min: Source,
    /// greatest result: port or a number
    #[arg(long, default_value_t = Source::Port, allow_hyphen_values = true)]
    pub max: Source,
    /// register ranks of a requantizer, 0..=11, or 0..=12 for ecp5 and ice40; 0..=16 for f32_even, or 0..=14 where a sum has
    /// at most 25 bits
    #[arg(long, default_value_t = DEFAULT_PIPELINE)]
    pub pipeline: usize,
    /// passes of a requantizer's product through its multipliers: 1, 2 or 4; a requantizer takes a sum every 1, 2 or 4
    /// clocks; 1 for f32_even
    #[arg(long, default_value_t = 1)]
    pub passes: usize,
    /// device whose multipliers the block instantiates
    #[arg(long, value_enum, default_value_t = Target::Generic)]
    pub target: Target,
    /// number of elements whose product is made by a multiplier of the device, row by row from the first; the others
    /// make it in LUTs; all if left out
    #[arg(long)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dsp_elements: Option<usize>,
    /// how operands reach the elements
    #[arg(long, value_enum, default_value_t = Forwarding::Broadcast)]
    pub forwarding: Forwarding,
    /// AXI4-Stream ports for operands and results
    #[arg(long)]
    pub axis: bool,
}

default_from_flags!(GemmConfig);

/// How an operand's zero point takes effect. Both ways give the same bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ZeroPointStrategy {
    /// subtracted from each operand at the edge of the array: products of one bit more
    Subtract,
    /// corrected by run-time sums as results drain: the array multiplies raw operands
    Correct,
}

/// How operands reach the elements of the array. Both ways give the same bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Forwarding {
    /// to all elements of a row or column in the same clock
    Broadcast,
    /// from element to element, one a clock: A to the right, B below
    Systolic,
}

display_word!(ZeroPointStrategy, Forwarding);

/// One side of the product.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Operand {
    /// values of an element
    pub range: Range,
    /// its zero point; a constant zero point is not 0
    pub zero_point: ZeroPoint,
    /// how the zero point takes effect
    pub strategy: ZeroPointStrategy,
}

impl Operand {
    pub(super) fn new(of: IntType, zero_point: ZeroPoint, strategy: ZeroPointStrategy) -> Operand {
        let zero_point = if zero_point == ZeroPoint::Constant(0) { ZeroPoint::None } else { zero_point };
        Operand { range: of.range(), zero_point, strategy }
    }

    /// Values of the zero point.
    pub fn zero_point_range(&self) -> Range {
        match self.zero_point {
            ZeroPoint::None => Range::constant(0),
            ZeroPoint::Constant(v) => Range::constant(v.into()),
            ZeroPoint::Port => self.range,
        }
    }

    /// Whether the zero point takes effect by `strategy`.
    pub(super) fn uses(&self, strategy: ZeroPointStrategy) -> bool {
        self.zero_point != ZeroPoint::None && self.strategy == strategy
    }

    /// Values of an element less its zero point.
    pub(super) fn centred(&self) -> Range {
        self.range - self.zero_point_range()
    }

    /// Values that enter the array.
    pub(super) fn in_array(&self) -> Range {
        if self.uses(ZeroPointStrategy::Subtract) { self.centred() } else { self.range }
    }
}

/// The parameters of a channel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Channel {
    /// added to the accumulator
    pub bias: i64,
    /// fixed-point multiplier, or the bits of a float32
    pub multiplier: i64,
    /// shift with TFLite's sign; 0 beside a float32
    pub shift: i64,
}

/// The source of the channels' parameters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Channels {
    /// one value of each parameter for all channels
    Same,
    /// a read-only table with an entry for each channel
    Table,
    /// a memory that ports `cfg_*` fill, channel after channel
    Memory,
}

/// K for which a block gets enough requantizers, if their number is left out and K is a port.
pub const TYPICAL_TERMS: usize = 64;

/// Greatest number of channels of a memory of parameters.
pub(super) const MAX_MEMORY: usize = 1 << 16;
