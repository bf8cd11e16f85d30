//! One row of processing elements: all get the same element of A, at once or one after the other.

use rust_hdl::prelude::*;

use super::config::{Forwarding, GemmConfig};
use super::pe::Pe;
use crate::describe_logic;
use crate::exact::{Bus, Clk, Describe, Header, Int, Kernel, Maybe, Port};
use crate::targets::ice40::SbMac16Products;

/// The elements of one row. Their drain registers form a chain that moves `requantizers` places a step, towards
/// column 0 and from there to the row before.
#[derive(LogicBlock)]
pub struct Row {
    /// clock
    pub clk: Clk,
    /// element of A for the row
    pub a: Port<In>,
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
    /// sums from the row behind
    pub drain_in: Bus<In>,
    /// sums to the row before, or to the requantizers
    pub drain_out: Bus<Out>,
    /// elements of B for the row below, where operands are forwarded
    pub b_out: Maybe<Bus<Out>>,
    pe: Vec<Pe>,
    cell: Vec<SbMac16Products>,
}

impl Row {
    /// Row `index`, of `config.cols` elements.
    pub fn new(config: &GemmConfig, index: usize) -> Row {
        Row {
            clk: Clk::new(),
            a: Port::new(config.left().in_array(), "element of A"),
            b: Bus::new(config.cols, config.right().in_array(), "elements of B"),
            accumulate: Port::bit("the products are to be added"),
            clear: Port::bit("the accumulators restart at 0"),
            load: Port::bit("the sums are complete"),
            shift: Port::bit("drain registers take a sum"),
            drain_in: Bus::new(config.requantizers(), config.raw_acc(), "sums from the row behind"),
            drain_out: Bus::new(config.requantizers(), config.raw_acc(), "sums on their way out"),
            b_out: Maybe::when(config.forwarding == Forwarding::Systolic, || {
                Bus::new(config.cols, config.right().in_array(), "elements of B for the row below")
            }),
            pe: (0..config.cols).map(|col| Pe::new(config, index * config.cols + col)).collect(),
            cell: (0..config.cells_of_row(index)).map(|_| SbMac16Products::new(config.factors())).collect(),
        }
    }

    /// Products of the first elements, made in cells that neighbours share. The last cell may make only one product.
    fn multiply_in_cells(&self, k: &Kernel) {
        for (i, cell) in self.cell.iter().enumerate() {
            k.pass_clock(&self.clk, &cell.clk);
            for lane in 0..cell.p.lanes() {
                let c = i * cell.p.lanes() + lane;
                let product = self.pe.get(c).and_then(|pe| pe.p.get());
                let [a, b] = product.map_or([k.lit(0); 2], |_| self.operands(k, c));
                k.drive_lane(&cell.a, lane, a);
                k.drive_lane(&cell.b, lane, b);
                if let Some(p) = product {
                    k.drive(p, k.lane(&cell.p, lane).bounded(p.range(), "it is the product of the two factors"));
                }
            }
        }
    }

    /// The operands of element `col`.
    fn operands<'k>(&self, k: &'k Kernel, col: usize) -> [Int<'k>; 2] {
        [self.passed(k, col, |pe| &pe.a_out, &self.a), k.lane(&self.b, col)]
    }

    /// The operand and controls of element `col`: the element to its left passes them on, or else the row's own inputs
    /// give them.
    fn passed<'k>(
        &self,
        k: &'k Kernel,
        col: usize,
        out: impl Fn(&Pe) -> &Maybe<Port<Out>>,
        given: &Port<In>,
    ) -> Int<'k> {
        let left = col.checked_sub(1).and_then(|left| out(&self.pe[left]).get());
        left.map_or_else(|| k.read(given), |port| k.read(port))
    }
}

describe_logic!(Row);

impl Describe for Row {
    fn header(&self) -> Header {
        let name = format!("row_{}", self.pe.len());
        Header::new(name, format!("{} processing elements that share an element of A.", self.pe.len()))
            .fact("drain", format!("{} sums a step, columns in order", self.drain_in.lanes()))
    }

    fn describe(&self, k: &Kernel) {
        k.clock(&self.clk);
        self.multiply_in_cells(k);
        let stride = self.drain_in.lanes();
        for (c, pe) in self.pe.iter().enumerate() {
            k.pass_clock(&self.clk, &pe.clk);
            for (to, operand) in [&pe.a, &pe.b].into_iter().zip(self.operands(k, c)) {
                if let Some(to) = to.get() {
                    k.drive(to, operand);
                }
            }
            k.drive(&pe.accumulate, self.passed(k, c, |pe| &pe.accumulate_out, &self.accumulate));
            k.drive(&pe.clear, self.passed(k, c, |pe| &pe.clear_out, &self.clear));
            k.drive(&pe.load, self.passed(k, c, |pe| &pe.load_out, &self.load));
            if let (Some(row), Some(pe)) = (self.b_out.get(), pe.b_out.get()) {
                k.drive_lane(row, c, k.read(pe));
            }
            k.drive(&pe.shift, k.read(&self.shift));
            let behind = match self.pe.get(c + stride) {
                Some(pe) => k.read(&pe.drain_out),
                None => k.lane(&self.drain_in, c + stride - self.pe.len()),
            };
            k.drive(&pe.drain_in, behind);
        }
        for lane in 0..stride {
            k.drive_lane(&self.drain_out, lane, k.read(&self.pe[lane].drain_out));
        }
    }
}
