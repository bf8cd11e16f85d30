//! Counts the beats of the operand stream: where in a sum, and in which tile, each beat stands.

use rust_hdl::prelude::*;

use super::config::GemmConfig;
use crate::describe_logic;
use crate::exact::{Clk, Describe, Header, Int, Kernel, Maybe, Port, Range, Rank, Reg, Stage};
use crate::parameter::Dimension;

/// Tiles come one row of tiles after the other, and in a row from left to right. A tile takes K beats. The outputs
/// describe the beat that is offered now. The counters move when this beat is accepted.
///
/// Before a product, the counters follow the dimensions. They are right two clock edges after the first beat is
/// offered, and until then the first beat waits. So dimensions may change together with the first beat, and yet no
/// combinational path leads from them through one counter to another. Within a product, only the last beat of a tile
/// may have to wait. No two tiles end within three clocks, because the outputs for a tile are right two clocks after
/// the end of the previous tile.
#[derive(LogicBlock)]
pub struct Sequencer {
    /// clock
    pub clk: Clk,
    /// reset: a product begins
    pub rst_n: Port<In>,
    /// rows of C
    pub m: Maybe<Port<In>>,
    /// columns of C
    pub n: Maybe<Port<In>>,
    /// terms of a sum
    pub k: Maybe<Port<In>>,
    /// a beat is offered
    pub offered: Port<In>,
    /// the last beat of a tile has to wait
    pub hold: Port<In>,
    /// the beat is taken if it is offered
    pub ready: Port<Out>,
    /// the beat is taken
    pub accept: Port<Out>,
    /// the last beat of a tile is taken
    pub tile_end: Port<Out>,
    /// rows of C in the beat's tile
    pub rows: Port<Out>,
    /// columns of C in the beat's tile
    pub cols: Port<Out>,
    /// entry of the parameter memories at which the channels of the beat's tile begin
    pub entry: Port<Out>,
    /// the beat's tile is the last of the product
    pub done: Port<Out>,
    begun: Reg,
    running: Reg,
    ended: Reg,
    last_tile: Reg,
    terms_left: Reg,
    last_term: Reg,
    cols_left: Reg,
    last_cols: Reg,
    rows_left: Reg,
    last_rows: Reg,
    entries: Reg,
    single: Stage,
    _config: GemmConfig,
}

/// Values of a dimension.
fn dimension_range(d: Dimension) -> Range {
    match d {
        Dimension::Fixed(n) => Range::constant(n as i128),
        Dimension::UpTo(n) => Range::new(1, n as i128),
    }
}

/// A port for a dimension that is decided at run time.
pub(super) fn dimension_port(d: Dimension, doc: &str) -> Maybe<Port<In>> {
    Maybe::when(matches!(d, Dimension::UpTo(_)), || Port::new(dimension_range(d), doc))
}

/// The value of a dimension.
pub(super) fn dimension<'k>(k: &'k Kernel, d: Dimension, port: &Maybe<Port<In>>) -> Int<'k> {
    port.get().map_or_else(|| k.lit(d.max() as i128), |p| k.read(p))
}

/// The way through a dimension in steps of `size`, the last of which may be smaller.
struct Countdown<'a, 'k> {
    name: &'a str,
    total: Int<'k>,
    size: i128,
    left: &'a Reg,
    last: &'a Reg,
}

impl<'k> Countdown<'_, 'k> {
    /// 1 where `steps` steps cover `n`, given that fewer do not. No carry chain is used where one can be avoided.
    fn within(&self, n: Int<'k>, steps: i128) -> Int<'k> {
        let limit = self.size * steps;
        match limit.ilog2() {
            _ if self.size == 1 => n.equals(limit),
            bits if limit == 1 << bits => (n >> bits).equals(0) | n.equals(limit),
            _ => n.lt(limit + 1),
        }
    }

    /// Describes the counter: it moves on where `enable` is 1, and begins anew where `idle` is 1 or the end was
    /// reached.
    fn describe(&self, k: &'k Kernel, single: Rank<'k>, enable: Int<'k>, idle: Int<'k>) -> Step<'k> {
        let (left, last) = (k.read(self.left), k.read(self.last));
        let single = single.pass(self.name, self.within(self.total, 1));
        let restart = idle | last;
        let fewer = (left - self.size).bounded(1..=left.range().hi(), "another step follows");
        k.register_when(self.left, enable, restart.mux(self.total, fewer));
        k.register_when(self.last, enable, restart.mux(single, self.within(left, 2)));
        let most = self.size.min(left.range().hi());
        Step { single, last, size: last.mux(left.within(Range::new(1, most)), most) }
    }
}

/// A step through a dimension.
struct Step<'k> {
    /// the step is the only one of the dimension
    single: Int<'k>,
    /// the step is the last
    last: Int<'k>,
    /// length of the step
    size: Int<'k>,
}

impl Sequencer {
    /// A sequencer for tiles of `config.rows` x `config.cols`.
    pub fn new(config: &GemmConfig) -> Sequencer {
        let last_entry = config.n.max().div_ceil(config.cols).saturating_sub(1) * config.groups();
        let entry = Range::new(0, last_entry as i128);
        let in_tile = |size: usize, d: Dimension| Range::new(1, size.min(d.max()) as i128);
        let left = |d: Dimension| Reg::new(1..=d.max() as i128);
        let flag = || Reg::new(0..=1);
        Sequencer {
            clk: Clk::new(),
            rst_n: Port::bit("synchronous reset, active low"),
            m: dimension_port(config.m, "rows of C"),
            n: dimension_port(config.n, "columns of C"),
            k: dimension_port(config.k, "terms of a sum"),
            offered: Port::bit("a beat is offered"),
            hold: Port::bit("the last beat of a tile has to wait"),
            ready: Port::bit("the beat is taken if it is offered"),
            accept: Port::bit("the beat is taken"),
            tile_end: Port::bit("the last beat of a tile is taken"),
            rows: Port::new(in_tile(config.rows, config.m), "rows of C in the tile"),
            cols: Port::new(in_tile(config.cols, config.n), "columns of C in the tile"),
            entry: Port::new(entry, "where the tile's channels begin"),
            done: Port::bit("the tile is the last"),
            begun: Reg::control(0..=1, 0),
            running: Reg::control(0..=1, 0),
            ended: Reg::control(0..=1, 0),
            last_tile: flag(),
            terms_left: left(config.k),
            last_term: flag(),
            cols_left: left(config.n),
            last_cols: flag(),
            rows_left: left(config.m),
            last_rows: flag(),
            entries: Reg::control(entry, 0),
            single: Stage::new(true),
            _config: config.clone(),
        }
    }

    /// Describes the counters of terms, columns and rows.
    fn countdowns<'k>(&self, k: &'k Kernel) -> [Countdown<'_, 'k>; 3] {
        let c = &self._config;
        let countdown = |name, (d, port), size: usize, left, last| Countdown {
            name,
            total: dimension(k, d, port),
            size: size as i128,
            left,
            last,
        };
        [
            countdown("terms", (c.k, &self.k), 1, &self.terms_left, &self.last_term),
            countdown("cols", (c.n, &self.n), c.cols, &self.cols_left, &self.last_cols),
            countdown("rows", (c.m, &self.m), c.rows, &self.rows_left, &self.last_rows),
        ]
    }
}

describe_logic!(Sequencer);

impl Describe for Sequencer {
    fn header(&self) -> Header {
        let c = &self._config;
        Header::new("sequencer", "First and last beat of each tile, and the size of the tile.")
            .line("Tiles come row of tiles by row of tiles, columns first; each takes K beats.")
            .fact("tile", format!("{} x {}", c.rows, c.cols))
    }

    fn describe(&self, k: &Kernel) {
        k.clock(&self.clk);
        k.reset(&self.rst_n);
        let (offered, running) = (k.read(&self.offered), k.read(&self.running));
        let last_term = k.read(&self.last_term);
        let ready = (running & !(last_term & k.read(&self.hold))).named("taking");
        let accept = (offered & ready).named("accepted");
        let tile_end = (accept & last_term).named("tile_ends");
        let idle = (!running).named("idle");
        let ended = k.read(&self.ended);
        let row_end = ended & k.read(&self.last_cols);
        k.register(&self.ended, tile_end);

        let [terms, cols, rows] = self.countdowns(k);
        let single = k.stage(&self.single, 1);
        terms.describe(k, single, accept | idle, idle);
        let cols = cols.describe(k, single, ended | idle, idle);
        let rows = rows.describe(k, single, row_end | idle, idle);

        let done = k.read(&self.last_tile);
        k.register(&self.last_tile, idle.mux(cols.single & rows.single, cols.last & rows.last));
        k.register(&self.begun, offered & idle);
        k.register(&self.running, running.mux(!(tile_end & done), k.read(&self.begun)));
        let entry = k.read(&self.entries);
        let next_entry = (entry + self._config.groups() as i128).bounded(self.entries.range(), "another tile follows");
        k.register_when(&self.entries, ended, cols.last.mux(0, next_entry));

        k.drive(&self.ready, ready);
        k.drive(&self.accept, accept);
        k.drive(&self.tile_end, tile_end);
        k.drive(&self.rows, rows.size);
        k.drive(&self.cols, cols.size);
        k.drive(&self.entry, entry);
        k.drive(&self.done, done);
    }
}
