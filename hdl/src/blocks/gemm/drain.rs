//! Leads the sums of a finished tile to the requantizers while the next tile is computed.

use rust_hdl::prelude::*;

use super::config::GemmConfig;
use crate::blocks::delay::delays;
use crate::describe_logic;
use crate::exact::{Clk, Describe, Header, Kernel, Port, Range, Reg};

/// The sums of a tile leave row after row, and in a row group of columns after group. A group takes as many clocks as a
/// requantizer needs for a sum. A group that holds no column of C is passed over without a beat. The drain is `taken`
/// from the last beat of a tile until the tile's last group is on its way. No other tile may end in this time.
#[derive(LogicBlock)]
pub struct Drain {
    /// clock
    pub clk: Clk,
    /// reset to idle
    pub rst_n: Port<In>,
    /// the last beat of a tile enters
    pub take: Port<In>,
    /// rows of the tile
    pub rows: Port<In>,
    /// columns of the tile
    pub cols: Port<In>,
    /// entry of the parameter memories at which the tile's channels begin
    pub entry: Port<In>,
    /// the tile is the last of the product
    pub done: Port<In>,
    /// the groups of the tile may go
    pub start: Port<In>,
    /// there is room for a group of results
    pub room: Port<In>,
    /// no other tile may end
    pub taken: Port<Out>,
    /// a group is on its way, or passed over
    pub step: Port<Out>,
    /// this group is the last of its row
    pub row_step: Port<Out>,
    /// this group has columns of C
    pub valid: Port<Out>,
    /// number of columns of C in this group
    pub cols_kept: Port<Out>,
    /// this group is the last of the product
    pub last: Port<Out>,
    /// entry of the parameter memories for the group
    pub address: Port<Out>,
    reserved: Reg,
    active: Reg,
    rows_left: Reg,
    cols_left: Reg,
    tile_cols: Reg,
    group: Reg,
    start_of_row: Reg,
    at: Reg,
    final_tile: Reg,
    pace: Vec<Reg>,
    rest: Vec<Reg>,
    _groups: usize,
}

impl Drain {
    /// A drain for tiles of `config.rows` x `config.cols`.
    pub fn new(config: &GemmConfig, rows: Range, cols: Range, entry: Range) -> Drain {
        let address = Range::new(0, config.entries() as i128 - 1);
        Drain {
            clk: Clk::new(),
            rst_n: Port::bit("synchronous reset, active low"),
            take: Port::bit("the last beat of a tile enters"),
            rows: Port::new(rows, "rows of the tile"),
            cols: Port::new(cols, "columns of the tile"),
            entry: Port::new(entry, "where its channels begin"),
            done: Port::bit("it is the last tile"),
            start: Port::bit("its groups may go"),
            room: Port::bit("there is room for a group of results"),
            taken: Port::bit("no other tile may end"),
            step: Port::bit("a group is on its way, or passed over"),
            row_step: Port::bit("it was the last of its row"),
            valid: Port::bit("it has columns of C"),
            cols_kept: Port::new(config.kept(), "how many"),
            last: Port::bit("last group of the product"),
            address: Port::new(address, "entry of the parameter memories"),
            reserved: Reg::control(0..=1, 0),
            active: Reg::control(0..=1, 0),
            rows_left: Reg::new(0..=rows.hi()),
            cols_left: Reg::new(0..=cols.hi()),
            tile_cols: Reg::new(cols),
            group: Reg::new(0..=config.groups() as i128 - 1),
            start_of_row: Reg::new(entry),
            at: Reg::new(address),
            final_tile: Reg::new(0..=1),
            pace: (1..config.passes).map(|_| Reg::control(0..=1, 0)).collect(),
            rest: (0..config.clocks_to_rest()).map(|_| Reg::control(0..=1, 0)).collect(),
            _groups: config.groups(),
        }
    }
}

describe_logic!(Drain);

impl Describe for Drain {
    fn header(&self) -> Header {
        Header::new("drain", "Order in which the sums of a tile leave: row after row, columns in groups.")
            .fact("groups", format!("{} of {} columns", self._groups, self.cols_kept.range().hi()))
    }

    fn describe(&self, k: &Kernel) {
        k.clock(&self.clk);
        k.reset(&self.rst_n);
        let reserved = k.read(&self.reserved);
        // The drain follows the tile of the current beat until a tile ends.
        let follow = (!reserved).named("follow");
        let (active, group) = (k.read(&self.active), k.read(&self.group));
        let (rows_left, cols_left) = (k.read(&self.rows_left), k.read(&self.cols_left));
        let width = self.cols_kept.range().hi();

        let busy = self.pace.iter().map(|reg| k.read(reg)).reduce(|a, b| a | b).unwrap_or(k.lit(0));
        let step = (active & k.read(&self.room) & !busy).named("stepping");
        delays(k, &self.pace, step);
        let row_end = group.equals(self._groups as i128 - 1).named("row_end");
        let last_row = rows_left.equals(1).named("last_row");
        let tile_end = (row_end & last_row).named("tile_end");
        let done = (step & tile_end).named("tile_done");
        let move_on = (follow | step).named("move_on");

        let rested = delays(k, &self.rest, done).last().copied().unwrap_or(done);
        k.register(&self.reserved, k.read(&self.take) | (reserved & !rested));
        k.register(&self.active, k.read(&self.start) | (active & !done));
        let one_less = (rows_left - row_end).bounded(rows_left.range(), "the tile ends with its last row");
        k.register_when(&self.rows_left, move_on, follow.mux(k.read(&self.rows), one_less));
        let next_group = row_end.mux(0, (group + 1).bounded(group.range(), "another group follows"));
        k.register_when(&self.group, move_on, follow.mux(0, next_group));
        // The columns from this group on. A group beyond the edge of C has none.
        let fewer = (cols_left - width).clamp(cols_left.range());
        let next_cols = row_end.mux(k.read(&self.tile_cols), fewer);
        k.register_when(&self.cols_left, move_on, follow.mux(k.read(&self.cols), next_cols));
        k.register_when(&self.tile_cols, follow, k.read(&self.cols));
        let entry = k.read(&self.entry);
        k.register_when(&self.start_of_row, follow, entry);
        let next_entry = (k.read(&self.at) + 1).bounded(self.at.range(), "a tile's channels have entries");
        k.register_when(&self.at, move_on, follow.mux(entry, row_end.mux(k.read(&self.start_of_row), next_entry)));
        k.register_when(&self.final_tile, follow, k.read(&self.done));

        k.drive(&self.taken, reserved);
        k.drive(&self.step, step);
        k.drive(&self.row_step, step & row_end);
        k.drive(&self.valid, step & !cols_left.equals(0));
        let last_cols = cols_left.lt(width + 1);
        k.drive(&self.cols_kept, last_cols.mux(cols_left.within(self.cols_kept.range()), width));
        k.drive(&self.last, k.read(&self.final_tile) & last_row & last_cols);
        k.drive(&self.address, k.read(&self.at));
    }
}
