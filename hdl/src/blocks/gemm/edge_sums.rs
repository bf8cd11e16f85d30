//! Sums of the operands themselves, from which zero points are corrected after the fact.

use rust_hdl::prelude::*;

use super::config::{GemmConfig, Operand};
use crate::describe_logic;
use crate::exact::{Bus, Clk, Describe, Header, Kernel, Port, Range, Reg, Stage};

/// `sum_k x[lane]` for every lane of one edge of the array, in step with the products of the processing elements. A
/// finished sum is held while its tile drains; each shift brings the next lanes to the front.
#[derive(LogicBlock)]
pub struct EdgeSums {
    /// clock
    pub clk: Clk,
    /// operands, one for each row or column
    pub x: Bus<In>,
    /// the operands are to be added
    pub accumulate: Port<In>,
    /// the sums restart at 0
    pub clear: Port<In>,
    /// the sums are complete
    pub load: Port<In>,
    /// complete sums are held, or the next lanes come to the front
    pub shift: Port<In>,
    /// the sums in front
    pub y: Bus<Out>,
    multiply: Vec<Stage>,
    sum: Vec<Reg>,
    complete: Stage,
    loads: Stage,
    held: Vec<Reg>,
}

impl EdgeSums {
    /// Sums of `lanes` elements of an operand of `config`, of which `front` are shown at a time.
    pub fn new(config: &GemmConfig, operand: &Operand, lanes: usize, front: usize) -> EdgeSums {
        let x = operand.in_array();
        let sum = (x * Range::new(1, config.k.max() as i128)).union(Range::constant(0));
        EdgeSums {
            clk: Clk::new(),
            x: Bus::new(lanes, x, "operands"),
            accumulate: Port::bit("they are to be added"),
            clear: Port::bit("the sums restart at 0"),
            load: Port::bit("the sums are complete"),
            shift: Port::bit("complete sums are held, or the next lanes come to the front"),
            y: Bus::new(front, sum, "sums in front"),
            multiply: (0..config.multiply_ranks()).map(|_| Stage::new(true)).collect(),
            complete: Stage::new(config.hold_ranks() > 0),
            loads: Stage::new(config.hold_ranks() > 0),
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
        let ranks: Vec<_> = self.multiply.iter().map(|stage| k.stage(stage, 1)).collect();
        let (accumulate, clear, load) = (k.read(&self.accumulate), k.read(&self.clear), k.read(&self.load));
        let (complete, loads) = (k.stage(&self.complete, load), k.stage(&self.loads, 1).pass("load", load));
        let front = self.y.lanes();
        for (lane, (sum, held)) in self.sum.iter().zip(&self.held).enumerate() {
            let name = format!("x_{lane}");
            let x = ranks.iter().fold(k.lane(&self.x, lane), |x, rank| rank.pass(&name, x));
            let before = k.read(sum);
            let next = (before + x).bounded(sum.range(), "a sum has at most K terms").named(format!("next_{lane}"));
            k.register(sum, clear.mux(0, accumulate.mux(next, before)));
            let behind = k.read(&self.held[(lane + front) % self.held.len()]);
            let complete = complete.pass(&format!("sum_{lane}"), next);
            k.register_when(held, k.read(&self.shift), loads.mux(complete, behind));
        }
        for lane in 0..front {
            k.drive_lane(&self.y, lane, k.read(&self.held[lane]));
        }
    }
}
