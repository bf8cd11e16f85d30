//! The array of processing elements, and the way of the operands to them.

use rust_hdl::prelude::*;

use super::config::{Forwarding, GemmConfig};
use super::row::Row;
use crate::blocks::delay::{open, through};
use crate::describe_logic;
use crate::exact::{Bus, Clk, Describe, Header, Int, Kernel, Port, Rank, Stage};

/// `rows` x `cols` processing elements, and how operands reach them.
///
/// In a broadcast array, a beat of operands is at all elements in the same clock. In a systolic array, each element
/// keeps an operand for a clock and passes it on, so that no operand has a long way:
///
/// ```text
///             b_0     b_1 z   b_2 zz      z: a register, a clock
///              |       |       |
///   a_0    --> pe -z-> pe -z-> pe         a moves right, and with it what is to happen: accumulate, clear, load
///              z       z       z
///   a_1 z  --> pe -z-> pe -z-> pe         b moves down
///              z       z       z
///   a_2 zz --> pe -z-> pe -z-> pe
/// ```
///
/// Row r enters r clocks late and column c enters c clocks late, so that `a_r` and `b_c` of beat t meet in element (r,
/// c), in clock t + r + c. A sum stays in its element until the last element has its sum, `rows + cols - 2` clocks
/// after the first. In both forms all drain registers then move together while the next tile is computed. They form one
/// chain, which row 0 leaves first.
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
    skew: Vec<Stage>,
    row: Vec<Row>,
}

/// `value` behind the first `clocks` of the ranks, or behind all if there are fewer.
fn later<'k>(ranks: &[Rank<'k>], clocks: usize, name: &str, value: Int<'k>) -> Int<'k> {
    through(&ranks[..clocks.min(ranks.len())], name, value)
}

impl Array {
    /// An array of `config.rows` x `config.cols` elements.
    pub fn new(config: &GemmConfig) -> Array {
        let skew = match config.forwarding {
            Forwarding::Broadcast => 0,
            Forwarding::Systolic => config.rows.max(config.cols) - 1,
        };
        Array {
            clk: Clk::new(),
            a: Bus::new(config.rows, config.left().in_array(), "elements of A"),
            b: Bus::new(config.cols, config.right().in_array(), "elements of B"),
            accumulate: Port::bit("the products are to be added"),
            clear: Port::bit("the accumulators restart at 0"),
            load: Port::bit("the sums are complete"),
            shift: Port::bit("drain registers take a sum"),
            sums: Bus::new(config.requantizers(), config.raw_acc(), "sums on their way out"),
            skew: (0..skew).map(|_| Stage::new(true)).collect(),
            row: (0..config.rows).map(|r| Row::new(config, r)).collect(),
        }
    }
}

describe_logic!(Array);

impl Describe for Array {
    fn header(&self) -> Header {
        let (rows, cols) = (self.a.lanes(), self.b.lanes());
        let header = Header::new(format!("array_{rows}x{cols}"), format!("{rows} x {cols} processing elements."))
            .line("Each beat gives every row an element of A and every column an element of B.")
            .fact("throughput", format!("{} products per clock", rows * cols));
        if self.skew.is_empty() {
            return header;
        }
        header.fact("operands", "a passes from element to element to the right, b downwards, one element a clock")
    }

    fn describe(&self, k: &Kernel) {
        k.clock(&self.clk);
        let lanes = self.sums.lanes();
        let skew = open(k, &self.skew);
        let mut control = [("accumulate", &self.accumulate), ("clear", &self.clear), ("load", &self.load)]
            .map(|(name, port)| (name, k.read(port)));
        for (r, row) in self.row.iter().enumerate() {
            k.pass_clock(&self.clk, &row.clk);
            k.drive(&row.a, later(&skew, r, &format!("a_{r}"), k.lane(&self.a, r)));
            let above = r.checked_sub(1).and_then(|above| self.row[above].b_out.get());
            for c in 0..self.b.lanes() {
                let given = || later(&skew, c, &format!("b_{c}"), k.lane(&self.b, c));
                k.drive_lane(&row.b, c, above.map_or_else(given, |above| k.lane(above, c)));
            }
            if let Some(rank) = r.checked_sub(1).and_then(|above| skew.get(above)) {
                control = control.map(|(name, value)| (name, rank.pass(name, value)));
            }
            for ((_, value), to) in control.into_iter().zip([&row.accumulate, &row.clear, &row.load]) {
                k.drive(to, value);
            }
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
