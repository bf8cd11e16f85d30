//! Leads the sums of a finished tile to the requantizers while the next tile is computed.

use rust_hdl::prelude::*;

use super::config::GemmConfig;
use crate::describe_logic;
use crate::exact::{Bus, Clk, Describe, Header, Kernel, Port, Range, Reg};

/// Row after row of the tile, group of columns after group. Groups that hold no column of C are passed over without a
/// beat. `free` is 1 where a new tile may be loaded at this clock edge.
#[derive(LogicBlock)]
pub struct Drain {
    /// clock
    pub clk: Clk,
    /// reset to idle
    pub rst_n: Port<In>,
    /// a tile is complete
    pub load: Port<In>,
    /// its rows
    pub rows: Port<In>,
    /// its columns
    pub cols: Port<In>,
    /// where its channels begin in the parameter memories
    pub entry: Port<In>,
    /// it is the last of the product
    pub done: Port<In>,
    /// the requantizers take a group
    pub advance: Port<In>,
    /// a tile may be loaded
    pub free: Port<Out>,
    /// drain registers move on
    pub step: Port<Out>,
    /// the group was the last of its row
    pub row_step: Port<Out>,
    /// a group with columns of C is offered
    pub valid: Port<Out>,
    /// which of its lanes are columns of C
    pub keep: Bus<Out>,
    /// it is the last group of the product
    pub last: Port<Out>,
    /// entry of the parameter memories for the group
    pub address: Port<Out>,
    active: Reg,
    rows_left: Reg,
    cols_left: Reg,
    tile_cols: Reg,
    group: Reg,
    start: Reg,
    final_tile: Reg,
    _groups: usize,
}

impl Drain {
    /// A drain for tiles of `config.rows` x `config.cols`.
    pub fn new(config: &GemmConfig, rows: Range, cols: Range, entry: Range) -> Drain {
        let address = Range::new(0, config.entries() as i128 - 1);
        Drain {
            clk: Clk::new(),
            rst_n: Port::bit("synchronous reset, active low"),
            load: Port::bit("a tile is complete"),
            rows: Port::new(rows, "rows of the tile"),
            cols: Port::new(cols, "columns of the tile"),
            entry: Port::new(entry, "where its channels begin"),
            done: Port::bit("it is the last tile"),
            advance: Port::bit("the requantizers take a group"),
            free: Port::bit("a tile may be loaded"),
            step: Port::bit("drain registers move on"),
            row_step: Port::bit("a row is done"),
            valid: Port::bit("a group with columns of C"),
            keep: Bus::new(config.requantizers, 0..=1, "lanes that are columns of C"),
            last: Port::bit("last group of the product"),
            address: Port::new(address, "entry of the parameter memories"),
            active: Reg::control(0..=1, 0),
            rows_left: Reg::new(0..=rows.hi()),
            cols_left: Reg::new(0..=cols.hi()),
            tile_cols: Reg::new(cols),
            group: Reg::new(0..=config.groups() as i128 - 1),
            start: Reg::new(entry),
            final_tile: Reg::new(0..=1),
            _groups: config.groups(),
        }
    }
}

describe_logic!(Drain);

impl Describe for Drain {
    fn header(&self) -> Header {
        Header::new("drain", "Order in which the sums of a tile leave: row after row, columns in groups.")
            .fact("groups", format!("{} of {} columns", self._groups, self.keep.lanes()))
    }

    fn describe(&self, k: &Kernel) {
        k.clock(&self.clk);
        k.reset(&self.rst_n);
        let load = k.read(&self.load);
        let (active, group) = (k.read(&self.active), k.read(&self.group));
        let (rows_left, cols_left) = (k.read(&self.rows_left), k.read(&self.cols_left));
        let width = self.keep.lanes() as i128;

        let step = (active & k.read(&self.advance)).named("stepping");
        let row_end = group.equals(self._groups as i128 - 1).named("row_end");
        let last_row = rows_left.equals(1).named("last_row");
        let done = (step & row_end & last_row).named("tile_done");
        let move_on = (load | step).named("move_on");

        k.register(&self.active, load | (active & !done));
        let one_less = (rows_left - row_end).bounded(rows_left.range(), "the tile ends with its last row");
        k.register_when(&self.rows_left, move_on, load.mux(k.read(&self.rows), one_less));
        let next_group = row_end.mux(0, (group + 1).bounded(group.range(), "another group follows"));
        k.register_when(&self.group, move_on, load.mux(0, next_group));
        // Columns from the group on; none in groups beyond the edge of C.
        let fewer = (cols_left - width).clamp(cols_left.range());
        let next_cols = row_end.mux(k.read(&self.tile_cols), fewer);
        k.register_when(&self.cols_left, move_on, load.mux(k.read(&self.cols), next_cols));
        k.register_when(&self.tile_cols, load, k.read(&self.cols));
        k.register_when(&self.start, load, k.read(&self.entry));
        k.register_when(&self.final_tile, load, k.read(&self.done));

        k.drive(&self.free, !active | done);
        k.drive(&self.step, step);
        k.drive(&self.row_step, step & row_end);
        k.drive(&self.valid, active & !cols_left.equals(0));
        for lane in 0..self.keep.lanes() {
            k.drive_lane(&self.keep, lane, k.lit(lane as i128).lt(cols_left));
        }
        let last_cols = cols_left.lt(width + 1);
        k.drive(&self.last, k.read(&self.final_tile) & last_row & last_cols);
        let address = (k.read(&self.start) + group).bounded(self.address.range(), "a tile's channels have entries");
        k.drive(&self.address, address);
    }
}
