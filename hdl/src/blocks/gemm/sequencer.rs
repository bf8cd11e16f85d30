//! Counts the beats of the operand stream: where in a sum, and in which tile, each beat stands.

use rust_hdl::prelude::*;

use super::config::{Dimension, GemmConfig};
use crate::describe_logic;
use crate::exact::{Clk, Describe, Header, Int, Kernel, Opt, Port, Range, Reg};

/// Tiles come row of tiles by row of tiles, columns first; a tile takes K beats. The outputs tell of the beat that is
/// offered now; the counters move when it is accepted.
#[derive(LogicBlock)]
pub struct Sequencer {
    /// clock
    pub clk: Clk,
    /// reset to the first beat of a product
    pub rst_n: Port<In>,
    /// rows of C
    pub m: Opt<Port<In>>,
    /// columns of C
    pub n: Opt<Port<In>>,
    /// terms of a sum
    pub k: Opt<Port<In>>,
    /// the beat is accepted
    pub accept: Port<In>,
    /// it is the first of its tile
    pub first: Port<Out>,
    /// it is the last of its tile
    pub last: Port<Out>,
    /// rows of C in its tile
    pub rows: Port<Out>,
    /// columns of C in its tile
    pub cols: Port<Out>,
    /// where its tile's channels begin in the parameter memories
    pub entry: Port<Out>,
    /// its tile is the last
    pub done: Port<Out>,
    step: Reg,
    row: Reg,
    col: Reg,
    entries: Reg,
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
pub(super) fn dimension_port(d: Dimension, doc: &str) -> Opt<Port<In>> {
    Opt::when(matches!(d, Dimension::UpTo(_)), || Port::new(dimension_range(d), doc))
}

/// The value of a dimension.
pub(super) fn dimension<'k>(k: &'k Kernel, d: Dimension, port: &Opt<Port<In>>) -> Int<'k> {
    port.get().map_or_else(|| k.lit(d.max() as i128), |p| k.read(p))
}

/// Starts of tiles of `size` in a dimension.
fn starts(d: Dimension, size: usize) -> Range {
    Range::new(0, ((d.max() - 1) / size * size) as i128)
}

impl Sequencer {
    /// A sequencer for tiles of `config.rows` x `config.cols`.
    pub fn new(config: &GemmConfig) -> Sequencer {
        let last_entry = config.n.max().div_ceil(config.cols).saturating_sub(1) * config.groups();
        let entry = Range::new(0, last_entry as i128);
        let in_tile = |size: usize, d: Dimension| Range::new(1, size.min(d.max()) as i128);
        Sequencer {
            clk: Clk::new(),
            rst_n: Port::bit("synchronous reset, active low"),
            m: dimension_port(config.m, "rows of C"),
            n: dimension_port(config.n, "columns of C"),
            k: dimension_port(config.k, "terms of a sum"),
            accept: Port::bit("the beat is accepted"),
            first: Port::bit("first beat of a tile"),
            last: Port::bit("last beat of a tile"),
            rows: Port::new(in_tile(config.rows, config.m), "rows of C in the tile"),
            cols: Port::new(in_tile(config.cols, config.n), "columns of C in the tile"),
            entry: Port::new(entry, "where the tile's channels begin"),
            done: Port::bit("the tile is the last"),
            step: Reg::control(0..=config.k.max() as i128 - 1, 0),
            row: Reg::control(starts(config.m, config.rows), 0),
            col: Reg::control(starts(config.n, config.cols), 0),
            entries: Reg::control(entry, 0),
            _config: config.clone(),
        }
    }

    /// Moves the start of a tile on; gives the size of the tile and whether it is the last.
    fn tile<'k>(k: &'k Kernel, start: &Reg, total: Int<'k>, size: usize, out: Range) -> (Int<'k>, Int<'k>, Int<'k>) {
        let at = k.read(start);
        let left = (total - at).bounded(1..=total.range().hi(), "a tile begins within the dimension");
        let is_last = left.lt(size as i128 + 1).named("last_tile");
        let count = left.clamp(1..=size as i128).bounded(out, "no more than the dimension");
        let next = (at + size as i128).bounded(start.range(), "another tile follows");
        (count, is_last, is_last.mux(0, next))
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
        let c = &self._config;
        k.clock(&self.clk);
        k.reset(&self.rst_n);
        let accept = k.read(&self.accept);

        let step = k.read(&self.step);
        let terms = dimension(k, c.k, &self.k);
        let last = (step + 1).equals(terms).named("last_step");
        let next = (step + 1).bounded(self.step.range(), "another beat follows");
        k.register_when(&self.step, accept, last.mux(0, next));

        let (m, n) = (dimension(k, c.m, &self.m), dimension(k, c.n, &self.n));
        let (cols, last_col, next_col) = Self::tile(k, &self.col, n, c.cols, self.cols.range());
        let (rows, last_row, next_row) = Self::tile(k, &self.row, m, c.rows, self.rows.range());
        let entry = k.read(&self.entries);
        let next_entry = (entry + c.groups() as i128).bounded(self.entries.range(), "another tile follows");
        let tile_end = (accept & last).named("tile_end");
        k.register_when(&self.col, tile_end, next_col);
        k.register_when(&self.entries, tile_end, last_col.mux(0, next_entry));
        k.register_when(&self.row, (tile_end & last_col).named("row_end"), next_row);

        k.drive(&self.first, step.equals(0));
        k.drive(&self.last, last);
        k.drive(&self.rows, rows);
        k.drive(&self.cols, cols);
        k.drive(&self.entry, entry);
        k.drive(&self.done, last_row & last_col);
    }
}
