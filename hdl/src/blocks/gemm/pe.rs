//! One processing element: a product, an accumulator and a place to hold a finished sum while it drains.

use rust_hdl::prelude::*;

use super::config::GemmConfig;
use crate::cells::{Mult18x18d, Registers, Target};
use crate::describe_logic;
use crate::exact::{Clk, Describe, Header, Int, Kernel, Opt, Port, Reg, Stage};

/// `acc = acc + a * b`; the last product of a sum goes with it to the drain register, and the accumulator restarts at 0.
///
/// The product has a register, a multiplier cell more of its own, and they move at each clock: nothing stops them. Overflow is impossible: the accumulator holds the sum of K products, K being at most what the
/// configuration says.
#[derive(LogicBlock)]
pub struct Pe {
    /// clock
    pub clk: Clk,
    /// element of A
    pub a: Port<In>,
    /// element of B
    pub b: Port<In>,
    /// the product is to be added
    pub accumulate: Port<In>,
    /// the accumulator restarts at 0
    pub clear: Port<In>,
    /// the sum is complete with this product
    pub load: Port<In>,
    /// the drain register takes a sum, its own if complete, else that of the element behind
    pub shift: Port<In>,
    /// sum of the element behind
    pub drain_in: Port<In>,
    /// sum held
    pub drain_out: Port<Out>,
    multiplier: Opt<Mult18x18d>,
    product: Stage,
    acc: Reg,
    drained: Reg,
}

impl Pe {
    /// An element of the array that `config` describes.
    pub fn new(config: &GemmConfig) -> Pe {
        let (a, b, acc) = (config.a.in_array(), config.b.in_array(), config.raw_acc());
        let cell = config.target == Target::Ecp5;
        let all = Registers { input: true, pipeline: true, output: true };
        Pe {
            clk: Clk::new(),
            a: Port::new(a, "element of A"),
            b: Port::new(b, "element of B"),
            accumulate: Port::bit("the product is to be added"),
            clear: Port::bit("the accumulator restarts at 0"),
            load: Port::bit("the sum is complete"),
            shift: Port::bit("the drain register takes a sum"),
            drain_in: Port::new(acc, "sum of the element behind"),
            drain_out: Port::new(acc, "sum held"),
            multiplier: Opt::when(cell, || Mult18x18d::new(all, false)),
            product: Stage::new(true),
            acc: Reg::new(acc),
            drained: Reg::new(acc),
        }
    }

    /// `a * b`, by the cell if there is one.
    fn multiply<'k>(&self, k: &'k Kernel, a: Int<'k>, b: Int<'k>) -> Int<'k> {
        let Some(cell) = self.multiplier.get() else { return a * b };
        k.pass_clock(&self.clk, &cell.clk);
        k.drive(&cell.a, a);
        k.drive(&cell.b, b);
        k.read(&cell.p).bounded((a * b).range(), "it is the product of the two factors")
    }
}

describe_logic!(Pe);

impl Describe for Pe {
    fn header(&self) -> Header {
        let (a, b, acc) = (self.a.range(), self.b.range(), self.acc.range());
        let name = format!("pe_a{}_b{}_acc{}", a.width(), b.width(), acc.width());
        Header::new(name, "acc = acc + a * b, one product per clock.")
            .line("When a sum is complete it moves to a register of its own, from which it drains; acc restarts at 0.")
            .fact("a", a)
            .fact("b", b)
            .fact("acc", acc)
    }

    fn describe(&self, k: &Kernel) {
        k.clock(&self.clk);
        let product = self.multiply(k, k.read(&self.a), k.read(&self.b)).named("product");
        let product = k.stage(&self.product, 1).pass("product", product);
        let (acc, load) = (k.read(&self.acc), k.read(&self.load));
        let sum = (acc + product).bounded(acc.range(), "a sum has at most K products").named("sum");
        let next = k.read(&self.clear).mux(0, k.read(&self.accumulate).mux(sum, acc));
        k.register(&self.acc, next);
        k.register_when(&self.drained, k.read(&self.shift), load.mux(sum, k.read(&self.drain_in)));
        k.drive(&self.drain_out, k.read(&self.drained));
    }
}
