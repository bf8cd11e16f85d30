//! `C[m][n] = clamp(requant(bias[n] + sum_k (A[m][k] - za)(B[k][n] - zb), multiplier[n], shift[n]) + zero_point, min, max)`:
//! quantized matrix multiplication with its requantizers.
//!
//! ```text
//!   in_valid, in_ready, a, b          +------------------------------------------------+
//!   one element of A for each row, -->| rows x cols processing elements                |
//!   one of B for each column          |   | sums drain while the next tile is computed |
//!   cfg_*: channel parameters      -->| requantizers, one for cols / requantizers      |--> out_valid, out_ready,
//!   m, n, k, zero points, bounds   -->|   columns                                      |    y, keep, last
//!                                     +------------------------------------------------+
//! ```
//!
//! C is computed in tiles of `rows` x `cols`, one row of tiles after the other. A tile takes K beats. Beat `k` carries
//! `A[m][k]` of its rows and `B[k][n]` of its columns. Lanes beyond the edge of C are ignored, so that nobody has to
//! pad. [`Forwarding`] says how operands reach the elements, and [`Array`] has a drawing. Results leave the tile row by
//! row, `requantizers` columns at a time. `keep` says which lanes hold a result.
//!
//! Nothing stops in the middle, so that no net leads from `out_ready` to the registers. Beats wait at two gates
//! instead, each with a register behind it. At the first gate, the last beat of a tile enters when the sums of the
//! previous tile have left the array. It never waits if K is at least [`GemmConfig::least_terms`]. At the second gate,
//! a group of sums leaves the array when a place for its results is reserved in the outlet, a FIFO with room for
//! everything that can be on its way. The first beat of a product waits two clocks, in which the counters take the
//! dimensions. Overflow is impossible: the accumulator holds the sum of K products, for the greatest K.

mod array;
mod axis;
mod channel_memory;
mod config;
mod dataflow;
mod derived;
mod drain;
mod edge_sums;
mod header;
mod loader;
mod lut_product;
mod outlet;
mod pe;
mod requantizer;
mod row;
mod sequencer;
mod streams;
mod timing;
mod validate;

use rust_hdl::prelude::*;

pub use array::Array;
pub use axis::GemmAxis;
pub use channel_memory::ChannelMemory;
pub use config::{Channel, Channels, Forwarding, GemmConfig, Operand, TYPICAL_TERMS, ZeroPointStrategy};
pub use drain::Drain;
pub use edge_sums::EdgeSums;
pub use loader::Loader;
pub use lut_product::product_in_luts;
pub use outlet::Outlet;
pub use pe::Pe;
pub use row::Row;
pub use sequencer::Sequencer;

use crate::blocks::any_requantizer::AnyRequantizer;
use crate::exact::{Bus, Clk, Maybe, Port, Reg, Stage};
use crate::parameter::{Source, ZeroPoint};
use requantizer::ChannelRanges;
use sequencer::dimension_port;

/// See the [module](self).
#[derive(LogicBlock)]
pub struct Gemm {
    /// clock
    pub clk: Clk,
    /// reset of all control
    pub rst_n: Port<In>,
    /// rows of C
    pub m: Maybe<Port<In>>,
    /// columns of C
    pub n: Maybe<Port<In>>,
    /// terms of a sum
    pub k: Maybe<Port<In>>,
    /// zero point of A
    pub a_zero_point: Maybe<Port<In>>,
    /// zero point of B
    pub b_zero_point: Maybe<Port<In>>,
    /// zero point of C
    pub zero_point: Maybe<Port<In>>,
    /// least result
    pub min: Maybe<Port<In>>,
    /// greatest result
    pub max: Maybe<Port<In>>,
    /// a channel's parameters are given
    pub cfg_valid: Maybe<Port<In>>,
    /// the given channel is channel 0
    pub cfg_first: Maybe<Port<In>>,
    /// bias of the channel
    pub cfg_bias: Maybe<Port<In>>,
    /// multiplier of the channel, or its float32
    pub cfg_multiplier: Maybe<Port<In>>,
    /// shift of the channel
    pub cfg_shift: Maybe<Port<In>>,
    /// a beat of operands is offered
    pub in_valid: Port<In>,
    /// the offered operands are taken
    pub in_ready: Port<Out>,
    /// elements of A
    pub a: Bus<In>,
    /// elements of B
    pub b: Bus<In>,
    /// a beat of results is offered
    pub out_valid: Port<Out>,
    /// the offered results are taken
    pub out_ready: Port<In>,
    /// results
    pub y: Bus<Out>,
    /// lanes that hold a result
    pub keep: Bus<Out>,
    /// last beat of the product
    pub last: Port<Out>,
    sequencer: Sequencer,
    array: Array,
    row_sums: Maybe<EdgeSums>,
    col_sums: Maybe<EdgeSums>,
    drain: Drain,
    loader: Maybe<Loader>,
    channels: Vec<ChannelMemory>,
    requantizer: Vec<AnyRequantizer>,
    outlet: Outlet,
    enter: Stage,
    products: Vec<Reg>,
    ends: Vec<Reg>,
    held_ends: Vec<Reg>,
    load: Reg,
    clear: Reg,
    shift: Vec<Reg>,
    row_shift: Vec<Reg>,
    col_shift: Vec<Reg>,
    zero_factors: Stage,
    zero_product: Stage,
    addresses: Vec<Stage>,
    fetch: Stage,
    scaled: Stage,
    corrected: Stage,
    biased: Stage,
    limited: Stage,
    on_its_way: Vec<Reg>,
    along: Vec<Stage>,
    _config: GemmConfig,
}

impl Gemm {
    /// A GEMM block.
    ///
    /// # Errors
    /// The errors of [`GemmConfig::validate`].
    pub fn new(config: GemmConfig) -> Result<Gemm, String> {
        config.validate()?;
        let config = config.decided();
        let c = &config;
        let requantizer = c.requantizer();
        let ranges = c.channel_ranges();
        let memory = c.channels() == Channels::Memory;
        let cfg = |range, doc| Maybe::when(memory, || Port::new(range, doc));
        let operand_zero =
            |o: &Operand, doc| Maybe::when(o.zero_point == ZeroPoint::Port, || Port::new(o.zero_point_range(), doc));
        let shared = |source: &Source, doc| Maybe::when(*source == Source::Port, || Port::new(c.output.range(), doc));
        let corrects = c.corrects();
        let flag = |init| Reg::control(0..=1, init);
        let flags = |n| (0..n).map(|_| flag(0)).collect();
        let stages = |n| (0..n).map(|_| Stage::new(true)).collect();
        let sequencer = Sequencer::new(c);
        let (rows, cols, entry) = (sequencer.rows.range(), sequencer.cols.range(), sequencer.entry.range());
        Ok(Gemm {
            clk: Clk::new(),
            rst_n: Port::bit("synchronous reset, active low"),
            m: dimension_port(c.m, "rows of C; holds while beats flow"),
            n: dimension_port(c.n, "columns of C; holds while beats flow"),
            k: dimension_port(c.k, "terms of a sum; holds while beats flow"),
            a_zero_point: operand_zero(&c.left(), "zero point of A; holds while beats flow"),
            b_zero_point: operand_zero(&c.right(), "zero point of B; holds while beats flow"),
            zero_point: shared(&c.zero_point, "zero point of C; holds until the last result"),
            min: shared(&c.min, "least result; holds until the last result"),
            max: shared(&c.max, "greatest result; holds until the last result"),
            cfg_valid: cfg(crate::exact::BIT, "parameters of a channel are given"),
            cfg_first: cfg(crate::exact::BIT, "they are those of channel 0"),
            cfg_bias: cfg(ranges.bias, "bias of the channel"),
            cfg_multiplier: cfg(
                ranges.multiplier,
                if c.has_shift() {
                    "multiplier of the channel"
                } else {
                    "float32 of the channel, without its sign bit"
                },
            ),
            cfg_shift: Maybe::from(
                ranges.shift.filter(|_| memory).map(|range| Port::new(range, "shift of the channel")),
            ),
            in_valid: Port::bit("a beat of operands is offered"),
            in_ready: Port::bit("it is taken"),
            a: Bus::new(c.rows, c.a.range(), "A[m][k] of the tile's rows"),
            b: Bus::new(c.cols, c.b.range(), "B[k][n] of the tile's columns"),
            out_valid: Port::bit("a beat of results is offered"),
            out_ready: Port::bit("it is taken"),
            y: Bus::new(c.requantizers(), c.output.range(), "C[m][n] of neighbouring columns"),
            keep: Bus::new(c.requantizers(), 0..=1, "lanes that hold a result"),
            last: Port::bit("last beat of the product"),
            array: Array::new(c),
            row_sums: Maybe::when(corrects.b, || EdgeSums::new(c, &c.left(), c.rows, 1)),
            col_sums: Maybe::when(corrects.a, || EdgeSums::new(c, &c.right(), c.cols, c.requantizers())),
            drain: Drain::new(c, rows, cols, entry),
            loader: Maybe::when(memory, || Loader::new(c)),
            channels: (0..c.requantizers()).filter_map(|lane| Self::channel_memory(c, lane, ranges)).collect(),
            requantizer: requantizer.several(c.requantizers())?,
            outlet: Outlet::new(c),
            enter: Stage::new(true),
            products: flags(c.multiply_ranks() + 1),
            ends: flags(c.multiply_ranks().max(c.start_of_drain() - 1)),
            held_ends: flags(c.hold_ranks()),
            load: flag(0),
            clear: flag(1),
            shift: flags(c.step_ranks()),
            row_shift: flags(if corrects.b { c.memory_ranks() - 1 } else { 0 }),
            col_shift: flags(if corrects.a && c.forwarding == Forwarding::Systolic { c.memory_ranks() - 1 } else { 0 }),
            zero_factors: Stage::new(true),
            zero_product: Stage::new(true),
            addresses: stages(c.correction_ranks() + c.bias_ranks()),
            fetch: Stage::new(true),
            scaled: Stage::new(c.correction_ranks() > 0),
            corrected: Stage::new(c.correction_ranks() > 0),
            biased: Stage::new(true),
            limited: Stage::new(c.bias_ranks() > 1),
            on_its_way: flags(c.result_ranks() - requantizer.latency()),
            along: stages(c.result_ranks()),
            sequencer,
            _config: config,
        })
    }

    /// Its configuration.
    pub fn config(&self) -> &GemmConfig {
        &self._config
    }

    /// The parameter memory of the columns that requantizer `lane` serves.
    fn channel_memory(c: &GemmConfig, lane: usize, ranges: ChannelRanges) -> Option<ChannelMemory> {
        let unused = Channel { bias: 0, multiplier: 0, shift: 0 };
        let table = match c.channels() {
            Channels::Same => return None,
            Channels::Memory => None,
            // A source that gives a value for every channel would give one for channels beyond the last, too, which do
            // not exist.
            Channels::Table => {
                let channel = |n| if n < c.table_entries() { c.channel(n) } else { unused };
                Some((0..c.entries()).map(|e| channel(e * c.requantizers() + lane)).collect())
            }
        };
        Some(ChannelMemory::new(c, table, ranges))
    }
}
