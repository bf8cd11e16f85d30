//! The rows of processing elements.

use rust_hdl::prelude::*;

use super::config::GemmConfig;
use super::row::Row;
use crate::describe_logic;
use crate::exact::{Bus, Clk, Describe, Header, Kernel, Port};

/// All rows see the same elements of B; their drain registers form one chain, row 0 first.
#[derive(LogicBlock)]
pub struct Array {
    /// clock
    pub clk: Clk,
    /// elements of A, one for each row
    pub a: Bus<In>,
    /// elements of B, one for each column
    pub b: Bus<In>,
    /// the products are to be added
    pub accumulate: Port<In>,
    /// the accumulators restart at 0
    pub clear: Port<In>,
    /// the sums are complete
    pub load: Port<In>,
    /// drain registers take a sum
    pub shift: Port<In>,
    /// sums on their way out
    pub sums: Bus<Out>,
    row: Vec<Row>,
}

impl Array {
    /// An array of `config.rows` x `config.cols` elements.
    pub fn new(config: &GemmConfig) -> Array {
        Array {
            clk: Clk::new(),
            a: Bus::new(config.rows, config.a.in_array(), "elements of A"),
            b: Bus::new(config.cols, config.b.in_array(), "elements of B"),
            accumulate: Port::bit("the products are to be added"),
            clear: Port::bit("the accumulators restart at 0"),
            load: Port::bit("the sums are complete"),
            shift: Port::bit("drain registers take a sum"),
            sums: Bus::new(config.requantizers, config.raw_acc(), "sums on their way out"),
            row: (0..config.rows).map(|r| Row::new(config, r)).collect(),
        }
    }
}

describe_logic!(Array);

impl Describe for Array {
    fn header(&self) -> Header {
        let (rows, cols) = (self.a.lanes(), self.b.lanes());
        Header::new(format!("array_{rows}x{cols}"), format!("{rows} x {cols} processing elements."))
            .line("Each beat gives every row an element of A and every column an element of B.")
            .fact("throughput", format!("{} products per clock", rows * cols))
    }

    fn describe(&self, k: &Kernel) {
        k.clock(&self.clk);
        let lanes = self.sums.lanes();
        for (r, row) in self.row.iter().enumerate() {
            k.pass_clock(&self.clk, &row.clk);
            k.drive(&row.a, k.lane(&self.a, r));
            for c in 0..self.b.lanes() {
                k.drive_lane(&row.b, c, k.lane(&self.b, c));
            }
            k.drive(&row.accumulate, k.read(&self.accumulate));
            k.drive(&row.clear, k.read(&self.clear));
            k.drive(&row.load, k.read(&self.load));
            k.drive(&row.shift, k.read(&self.shift));
            for lane in 0..lanes {
                let behind = self.row.get(r + 1).map_or(k.lit(0), |next| k.lane(&next.drain_out, lane));
                k.drive_lane(&row.drain_in, lane, behind);
            }
        }
        for lane in 0..lanes {
            k.drive_lane(&self.sums, lane, k.lane(&self.row[0].drain_out, lane));
        }
    }
}
