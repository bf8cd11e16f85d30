//! Sums of the operands themselves, from which zero points are corrected after the fact.

use rust_hdl::prelude::*;

use crate::describe_logic;
use crate::exact::{Bus, Clk, Describe, Header, Kernel, Port, Range, Reg, Stage};

/// `sum_k x[lane]` for every lane of one edge of the array, in step with the products of the processing elements. A
/// finished sum is held while its tile drains; each step brings the next lanes to the front.
#[derive(LogicBlock)]
pub struct EdgeSums {
    /// clock
    pub clk: Clk,
    /// operands, one for each row or column
    pub x: Bus<In>,
    /// the operands move on
    pub advance: Port<In>,
    /// they are the first of their sums
    pub first: Port<In>,
    /// they are to be added
    pub accumulate: Port<In>,
    /// the sums are complete
    pub load: Port<In>,
    /// the next lanes come to the front
    pub step: Port<In>,
    /// the sums in front
    pub y: Bus<Out>,
    operand: Stage,
    sum: Vec<Reg>,
    held: Vec<Reg>,
}

impl EdgeSums {
    /// Sums of up to `terms` values of `x`, of which `front` lanes are shown at a time.
    pub fn new(lanes: usize, front: usize, x: Range, terms: usize) -> EdgeSums {
        let sum = (x * Range::new(1, terms as i128)).union(Range::constant(0));
        EdgeSums {
            clk: Clk::new(),
            x: Bus::new(lanes, x, "operands"),
            advance: Port::bit("operands move on"),
            first: Port::bit("they are the first of their sums"),
            accumulate: Port::bit("they are to be added"),
            load: Port::bit("the sums are complete"),
            step: Port::bit("the next lanes come to the front"),
            y: Bus::new(front, sum, "sums in front"),
            operand: Stage::new(true),
            sum: (0..lanes).map(|_| Reg::new(sum)).collect(),
            held: (0..lanes).map(|_| Reg::new(sum)).collect(),
        }
    }
}

describe_logic!(EdgeSums);

impl Describe for EdgeSums {
    fn header(&self) -> Header {
        let name = format!("edge_sums_{}_of_{}", self.y.lanes(), self.x.lanes());
        Header::new(name, "y = sum of x over a tile, for each lane.")
            .fact("x", self.x.range())
            .fact("y", self.y.range())
    }

    fn describe(&self, k: &Kernel) {
        k.clock(&self.clk);
        let rank = k.stage(&self.operand, k.read(&self.advance));
        let (first, load) = (k.read(&self.first), k.read(&self.load));
        let front = self.y.lanes();
        for (lane, (sum, held)) in self.sum.iter().zip(&self.held).enumerate() {
            let x = rank.pass(&format!("x_{lane}"), k.lane(&self.x, lane));
            let next = (first.mux(0, k.read(sum)) + x).bounded(sum.range(), "a sum has at most K terms");
            let next = next.named(format!("next_{lane}"));
            k.register_when(sum, k.read(&self.accumulate), next);
            let behind = k.read(&self.held[(lane + front) % self.held.len()]);
            k.register_when(held, load | k.read(&self.step), load.mux(next, behind));
        }
        for lane in 0..front {
            k.drive_lane(&self.y, lane, k.read(&self.held[lane]));
        }
    }
}
