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
//! C is computed in tiles of `rows` x `cols`, row of tiles by row of tiles. A tile takes K beats; beat `k` carries
//! `A[m][k]` of its rows and `B[k][n]` of its columns. Lanes beyond the edge of C are ignored: nobody pads. [`Forwarding`]
//! says how operands reach the elements, [`Array`] draws it. Results leave row by row of the tile, `requantizers` columns at
//! a time, `keep` saying which lanes hold one.
//!
//! Nothing stops in the middle, so that no net leads from `out_ready` to the registers. Two gates do instead, each with a
//! register behind it. The last beat of a tile enters when the sums of the tile before have left the array; this never
//! takes a wait if K is at least [`GemmConfig::least_terms`]. And a group of sums leaves the array when a place for its
//! results is reserved in the outlet, a FIFO with room for all that can be on its way. The first beat of a product waits two
//! clocks, in which the counters take the dimensions. Overflow is impossible: the accumulator holds the sum of K products,
//! for the greatest K.

mod array;
mod axis;
mod channel_memory;
mod config;
mod dataflow;
mod drain;
mod edge_sums;
mod loader;
mod lut_product;
mod outlet;
mod pe;
mod row;
mod sequencer;
mod timing;
mod validate;

use rust_hdl::prelude::*;

pub use array::Array;
pub use axis::GemmAxis;
pub use channel_memory::ChannelMemory;
pub use config::{
    Channel, Channels, Dimension, Forwarding, GemmConfig, OperandConfig, TYPICAL_TERMS, ZeroPointConfig,
    ZeroPointStrategy,
};
pub use drain::Drain;
pub use edge_sums::EdgeSums;
pub use loader::Loader;
pub use lut_product::product_in_luts;
pub use outlet::Outlet;
pub use pe::Pe;
pub use row::Row;
pub use sequencer::Sequencer;

use crate::blocks::requantizer::{Requantizer, Source};
use crate::describe_logic;
use crate::exact::{Bus, Clk, Describe, Header, Int, Kernel, Maybe, Port, Reg, Stage};
use channel_memory::ChannelRanges;
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
    /// they are those of channel 0
    pub cfg_first: Maybe<Port<In>>,
    /// bias of the channel
    pub cfg_bias: Maybe<Port<In>>,
    /// multiplier of the channel
    pub cfg_multiplier: Maybe<Port<In>>,
    /// shift of the channel
    pub cfg_shift: Maybe<Port<In>>,
    /// a beat of operands is offered
    pub in_valid: Port<In>,
    /// it is taken
    pub in_ready: Port<Out>,
    /// elements of A
    pub a: Bus<In>,
    /// elements of B
    pub b: Bus<In>,
    /// a beat of results is offered
    pub out_valid: Port<Out>,
    /// it is taken
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
    requantizer: Vec<Requantizer>,
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
    /// What [`GemmConfig::validate`] reports.
    pub fn new(config: GemmConfig) -> Result<Gemm, String> {
        config.validate()?;
        let c = &config;
        let requantizer = c.requantizer();
        let ranges = ChannelRanges {
            bias: c.bias(),
            multiplier: requantizer.port_range("multiplier"),
            shift: requantizer.port_range("shift"),
        };
        let memory = c.channels == Channels::Memory;
        let cfg = |range, doc| Maybe::when(memory, || Port::new(range, doc));
        let operand_zero = |o: &OperandConfig, doc| {
            let wanted = o.zero_point.is_some_and(|z| z.value.is_none());
            Maybe::when(wanted, || Port::new(o.zero_point_range(), doc))
        };
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
            a_zero_point: operand_zero(&c.a, "zero point of A; holds while beats flow"),
            b_zero_point: operand_zero(&c.b, "zero point of B; holds while beats flow"),
            zero_point: shared(&c.zero_point, "zero point of C; holds until the last result"),
            min: shared(&c.min, "least result; holds until the last result"),
            max: shared(&c.max, "greatest result; holds until the last result"),
            cfg_valid: cfg(crate::exact::BIT, "parameters of a channel are given"),
            cfg_first: cfg(crate::exact::BIT, "they are those of channel 0"),
            cfg_bias: cfg(ranges.bias, "bias of the channel"),
            cfg_multiplier: cfg(ranges.multiplier, "multiplier of the channel"),
            cfg_shift: cfg(ranges.shift, "shift of the channel"),
            in_valid: Port::bit("a beat of operands is offered"),
            in_ready: Port::bit("it is taken"),
            a: Bus::new(c.rows, c.a.range, "A[m][k] of the tile's rows"),
            b: Bus::new(c.cols, c.b.range, "B[k][n] of the tile's columns"),
            out_valid: Port::bit("a beat of results is offered"),
            out_ready: Port::bit("it is taken"),
            y: Bus::new(c.requantizers, c.output.range(), "C[m][n] of neighbouring columns"),
            keep: Bus::new(c.requantizers, 0..=1, "lanes that hold a result"),
            last: Port::bit("last beat of the product"),
            array: Array::new(c),
            row_sums: Maybe::when(corrects[1], || EdgeSums::new(c, &c.a, c.rows, 1)),
            col_sums: Maybe::when(corrects[0], || EdgeSums::new(c, &c.b, c.cols, c.requantizers)),
            drain: Drain::new(c, rows, cols, entry),
            loader: Maybe::when(memory, || Loader::new(c)),
            channels: (0..c.requantizers).filter_map(|lane| Self::channel_memory(c, lane, ranges)).collect(),
            requantizer: (0..c.requantizers)
                .map(|_| Requantizer::new(requantizer.clone()))
                .collect::<Result<_, _>>()?,
            outlet: Outlet::new(c),
            enter: Stage::new(true),
            products: flags(c.multiply_ranks() + 1),
            ends: flags(c.multiply_ranks().max(c.start_of_drain() - 1)),
            held_ends: flags(c.hold_ranks()),
            load: flag(0),
            clear: flag(1),
            shift: flags(c.step_ranks()),
            row_shift: flags(if corrects[1] { c.memory_ranks() - 1 } else { 0 }),
            col_shift: flags(if corrects[0] && c.forwarding == Forwarding::Systolic {
                c.memory_ranks() - 1
            } else {
                0
            }),
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

    /// Ports that hold still while beats flow, with their names.
    pub fn settings(&self) -> [(&'static str, &Maybe<Port<In>>); 13] {
        [
            ("m", &self.m),
            ("n", &self.n),
            ("k", &self.k),
            ("a_zero_point", &self.a_zero_point),
            ("b_zero_point", &self.b_zero_point),
            ("zero_point", &self.zero_point),
            ("min", &self.min),
            ("max", &self.max),
            ("cfg_valid", &self.cfg_valid),
            ("cfg_first", &self.cfg_first),
            ("cfg_bias", &self.cfg_bias),
            ("cfg_multiplier", &self.cfg_multiplier),
            ("cfg_shift", &self.cfg_shift),
        ]
    }

    /// The parameter memory of the columns that requantizer `lane` serves.
    fn channel_memory(c: &GemmConfig, lane: usize, ranges: ChannelRanges) -> Option<ChannelMemory> {
        let unused = Channel { bias: 0, multiplier: 0, shift: 0 };
        let table = match &c.channels {
            Channels::Same(_) => return None,
            Channels::Memory => None,
            Channels::Table(all) => {
                Some((0..c.entries()).map(|e| all.get(e * c.requantizers + lane).copied().unwrap_or(unused)).collect())
            }
        };
        Some(ChannelMemory::new(c, table, ranges))
    }

    fn operand_zero<'k>(&self, k: &'k Kernel, o: &OperandConfig, port: &Maybe<Port<In>>) -> Int<'k> {
        let constant = o.zero_point.and_then(|z| z.value).unwrap_or(0);
        port.get().map_or_else(|| k.lit(constant.into()), |p| k.read(p))
    }
}

describe_logic!(Gemm);

impl Describe for Gemm {
    fn header(&self) -> Header {
        let c = &self._config;
        let size = |d: Dimension| match d {
            Dimension::Fixed(n) => n.to_string(),
            Dimension::UpTo(n) => format!("1..={n} (port)"),
        };
        let side = |o: &OperandConfig| {
            let zero = match o.zero_point {
                None => "zero point 0 or folded into the bias".to_owned(),
                Some(z) => {
                    let value = z.value.map_or("port".to_owned(), |v| v.to_string());
                    format!("zero point {value}, {:?}", z.strategy).to_lowercase()
                }
            };
            format!("{}, {zero}", o.range)
        };
        let channels = match &c.channels {
            Channels::Same(_) => "one bias, multiplier and shift for all".to_owned(),
            Channels::Table(t) => format!("table of {}", t.len()),
            Channels::Memory => "memory, filled through cfg_*".to_owned(),
        };
        let systolic = if c.forwarding == Forwarding::Systolic { ", systolic" } else { "" };
        let pace = if c.passes == 1 { "per clock".to_owned() } else { format!("in {} clocks", c.passes) };
        let name = format!("gemm_{}x{}", c.rows, c.cols);
        Header::new(name, "C[m][n] = clamp(requant(acc + bias[n], multiplier[n], shift[n]) + zero_point, min, max),")
            .line("acc = sum over k of (A[m][k] - za) * (B[k][n] - zb).")
            .line("A beat carries A[m][k] for the rows of a tile and B[k][n] for its columns; K beats make a tile.")
            .line("Lanes beyond the edge of C are ignored; keep says which lanes of y hold a result.")
            .fact("array", format!("{} x {} processing elements{systolic}", c.rows, c.cols))
            .fact("M, N, K", format!("{}, {}, {}", size(c.m), size(c.n), size(c.k)))
            .fact("A", side(&c.a))
            .fact("B", side(&c.b))
            .fact("acc", format!("{}, {} bits", c.acc(), c.acc().width()))
            .fact("channels", channels)
            .fact("rule", format!("{}: {}", c.rule, c.rule.reference()))
            .fact("C", format!("{}, {}", c.output.name(), c.output.range()))
            .fact("latency", format!("{} cycles from the last beat of a tile to its first result", c.latency()))
            .fact("throughput", format!("{} products per clock; {} results {pace}", c.rows * c.cols, c.requantizers))
            .fact("no waits", format!("for K of {} and more, if results are taken", c.least_terms()))
    }

    fn describe(&self, k: &Kernel) {
        k.clock(&self.clk);
        k.reset(&self.rst_n);
        self.connect_common(k);
        self.control(k);
        self.feed(k);
        self.connect_channels(k);
        self.requantize(k);
    }
}
