//! Configuration of the GEMM block.

use qrtl_golden::{MultiplierWidth, Rule};

use crate::blocks::requantizer::{DEFAULT_PIPELINE, OutputType, RequantizerConfig, Source};
use crate::exact::Range;
use crate::targets::Target;

/// A dimension of the product.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Dimension {
    /// always the same
    Fixed(usize),
    /// a port, read while beats flow; at most this
    UpTo(usize),
}

impl Dimension {
    /// The greatest value that it can have.
    pub const fn max(self) -> usize {
        match self {
            Dimension::Fixed(n) | Dimension::UpTo(n) => n,
        }
    }
}

/// How an operand's zero point takes effect. All give the same bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ZeroPointStrategy {
    /// subtracted from each operand at the edge of the array: products of one bit more
    Subtract,
    /// the array multiplies raw operands; run-time sums of the other operand correct the result as it drains
    Correct,
}

/// One side of the product.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct OperandConfig {
    /// values of an element
    pub range: Range,
    /// `None`: the zero point is 0, or folded into the bias beforehand
    pub zero_point: Option<ZeroPointConfig>,
}

/// The zero point of an operand.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ZeroPointConfig {
    /// its value; `None`: a port
    pub value: Option<i64>,
    /// how it takes effect
    pub strategy: ZeroPointStrategy,
}

impl OperandConfig {
    /// An operand whose zero point is 0, or folded into the bias.
    pub fn symmetric(range: Range) -> OperandConfig {
        OperandConfig { range, zero_point: None }
    }

    /// Values of the zero point.
    pub fn zero_point_range(&self) -> Range {
        match self.zero_point {
            None => Range::constant(0),
            Some(ZeroPointConfig { value: Some(v), .. }) => Range::constant(v.into()),
            Some(ZeroPointConfig { value: None, .. }) => self.range,
        }
    }

    /// The zero point takes effect as `strategy`.
    pub(super) fn uses(&self, strategy: ZeroPointStrategy) -> bool {
        self.zero_point.is_some_and(|z| z.strategy == strategy)
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

/// What a channel adds and how it is scaled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Channel {
    /// added to the accumulator
    pub bias: i64,
    /// fixed-point multiplier
    pub multiplier: i64,
    /// shift with TFLite's sign
    pub shift: i64,
}

/// Where the channels' parameters come from.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Channels {
    /// one for all channels
    Same(Channel),
    /// a read-only table, one for each channel
    Table(Vec<Channel>),
    /// a memory that ports `cfg_*` fill, channel after channel
    Memory,
}

/// How operands reach the elements of the array. Both give the same bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Forwarding {
    /// all elements of a row take an element of A in the same clock, all of a column one of B
    Broadcast,
    /// each element passes its operands on a clock later: A to its right, B below
    Systolic,
}

/// Configuration of a [`Gemm`](super::Gemm).
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct GemmConfig {
    /// rows of processing elements: rows of a tile of C
    pub rows: usize,
    /// columns of processing elements: columns of a tile of C
    pub cols: usize,
    /// requantizers, each for `cols / requantizers` columns; divides `cols`
    pub requantizers: usize,
    /// left operand, M x K
    pub a: OperandConfig,
    /// right operand, K x N
    pub b: OperandConfig,
    /// rows of A and C
    pub m: Dimension,
    /// columns of B and C
    pub n: Dimension,
    /// columns of A, rows of B
    pub k: Dimension,
    /// bias and scale of each column of C
    pub channels: Channels,
    /// rounding rule
    pub rule: Rule,
    /// width of the multipliers
    pub multiplier_width: MultiplierWidth,
    /// type of C
    pub output: OutputType,
    /// output zero point: `Constant` or `Port`
    pub zero_point: Source,
    /// least result: `Constant` or `Port`
    pub min: Source,
    /// greatest result: `Constant` or `Port`
    pub max: Source,
    /// register ranks of the requantizers
    pub pipeline: usize,
    /// passes of a requantizer's product through its multipliers: it takes a sum each so many clocks
    pub passes: usize,
    /// whose cells it instantiates
    pub target: Target,
    /// elements whose product is a multiplier of the device, row by row from the first; those beyond make it in LUTs.
    /// `None`: all
    pub dsp_elements: Option<usize>,
    /// how operands reach the elements
    pub forwarding: Forwarding,
}

/// Terms of a sum for which a block has enough requantizers if nothing else is said and their number is a port.
pub const TYPICAL_TERMS: usize = 64;

/// The most channels that a memory of parameters is made for.
pub(super) const MAX_MEMORY: usize = 1 << 16;

impl GemmConfig {
    /// int8 by int8 with everything at run time: one model of it serves every layer up to `max` in each dimension.
    pub fn run_time(rows: usize, cols: usize, max: [usize; 3]) -> GemmConfig {
        let zero_point = ZeroPointConfig { value: None, strategy: ZeroPointStrategy::Subtract };
        let operand = OperandConfig { range: Range::signed(8), zero_point: Some(zero_point) };
        GemmConfig {
            rows,
            cols,
            requantizers: cols,
            a: operand,
            b: operand,
            m: Dimension::UpTo(max[0]),
            n: Dimension::UpTo(max[1]),
            k: Dimension::UpTo(max[2]),
            channels: Channels::Memory,
            rule: Rule::TfliteDouble,
            multiplier_width: MultiplierWidth::W32,
            output: OutputType::Int8,
            zero_point: Source::Port,
            min: Source::Port,
            max: Source::Port,
            pipeline: DEFAULT_PIPELINE,
            passes: 1,
            target: Target::Generic,
            dsp_elements: None,
            forwarding: Forwarding::Broadcast,
        }
    }

    /// Sums of up to K products of two ranges.
    fn sums(&self, a: Range, b: Range) -> Range {
        let products = a * b;
        let terms = Range::new(1, self.k.max() as i128);
        (products * terms).union(Range::constant(0))
    }

    /// Values of an accumulator in the array.
    pub(super) fn raw_acc(&self) -> Range {
        self.sums(self.a.in_array(), self.b.in_array())
    }

    /// Values of `sum_k (A - za)(B - zb)`.
    pub fn acc(&self) -> Range {
        self.sums(self.a.centred(), self.b.centred())
    }

    /// Groups of columns, one of which is requantized at a time.
    pub fn groups(&self) -> usize {
        self.cols / self.requantizers
    }

    /// How many columns of C a group has.
    pub(super) fn kept(&self) -> Range {
        Range::new(1, self.requantizers as i128)
    }

    /// Values of a sum with its bias that a reference defines.
    pub(super) fn sum_limit(&self) -> Range {
        let limit = self.rule.accumulator();
        Range::new(limit.min().into(), limit.max().into())
    }

    /// Values of the channels' biases.
    pub(super) fn bias(&self) -> Range {
        // Columns beyond the last have entries as well.
        let unused = Range::constant(0);
        match &self.channels {
            Channels::Same(c) => Range::constant(c.bias.into()),
            Channels::Table(table) => table.iter().fold(unused, |r, c| r.union(Range::constant(c.bias.into()))),
            Channels::Memory => Range::signed(32),
        }
    }

    /// Values of a sum with its bias.
    pub(super) fn biased(&self) -> Range {
        self.acc() + self.bias()
    }

    /// The same with the fewest requantizers that let the array never wait for the drain; where K is a port, for a K of
    /// [`TYPICAL_TERMS`] and more. One for each column if that takes more than there are columns.
    pub fn with_fewest_requantizers(self) -> GemmConfig {
        let terms = match self.k {
            Dimension::Fixed(k) => k,
            Dimension::UpTo(max) => max.min(TYPICAL_TERMS),
        };
        let with = |requantizers| GemmConfig { requantizers, ..self.clone() };
        let mut divisors = (1..=self.cols).filter(|n| self.cols.is_multiple_of(*n)).map(with);
        divisors.clone().find(|c| c.least_terms() <= terms).or_else(|| divisors.next_back()).unwrap_or(self)
    }

    /// Entries of the parameter memory of one requantizer.
    pub(super) fn entries(&self) -> usize {
        let channels = match &self.channels {
            Channels::Table(table) => table.len(),
            _ => self.n.max(),
        };
        // Whole tiles, so that an address never leaves the memory; and two at least, as a memory of one is none: synthesis
        // warns of it.
        (channels.div_ceil(self.cols) * self.groups()).max(2)
    }

    /// Configuration of each requantizer.
    pub(super) fn requantizer(&self) -> RequantizerConfig {
        let shared = RequantizerConfig::run_time(self.rule, self.biased().clamp(self.sum_limit()), self.output);
        let (multiplier, shift) = match &self.channels {
            Channels::Same(c) => (Source::Constant(c.multiplier), Source::Constant(c.shift)),
            _ => (Source::Port, Source::Port),
        };
        RequantizerConfig {
            multiplier_width: self.multiplier_width,
            multiplier,
            shift,
            zero_point: self.zero_point.clone(),
            min: self.min.clone(),
            max: self.max.clone(),
            pipeline: self.pipeline,
            passes: self.passes,
            backpressure: false,
            target: self.target,
            ..shared
        }
    }
}
