//! One processing element: a product, an accumulator and a place to hold a finished sum while it drains.

use rust_hdl::prelude::*;

use crate::describe_logic;
use crate::exact::{Clk, Describe, Header, Kernel, Port, Range, Reg, Stage};

/// `acc = (first ? 0 : acc) + a * b`; at the last product the sum moves to the drain register.
///
/// Product and accumulator are a rank of registers each. Overflow is impossible: the accumulator holds the sum of K
/// products, K being at most what the configuration says.
#[derive(LogicBlock)]
pub struct Pe {
    /// clock
    pub clk: Clk,
    /// element of A
    pub a: Port<In>,
    /// element of B
    pub b: Port<In>,
    /// the operands move on
    pub advance: Port<In>,
    /// the product is the first of a sum
    pub first: Port<In>,
    /// the product is to be added
    pub accumulate: Port<In>,
    /// the sum is complete with this product
    pub load: Port<In>,
    /// drain registers move on
    pub step: Port<In>,
    /// sum of the element behind
    pub drain_in: Port<In>,
    /// sum held
    pub drain_out: Port<Out>,
    product: Stage,
    acc: Reg,
    drained: Reg,
}

impl Pe {
    /// An element for operands of these ranges and sums within `acc`.
    pub fn new(a: Range, b: Range, acc: Range) -> Pe {
        Pe {
            clk: Clk::new(),
            a: Port::new(a, "element of A"),
            b: Port::new(b, "element of B"),
            advance: Port::bit("operands move on"),
            first: Port::bit("the product is the first of a sum"),
            accumulate: Port::bit("the product is to be added"),
            load: Port::bit("the sum is complete"),
            step: Port::bit("drain registers move on"),
            drain_in: Port::new(acc, "sum of the element behind"),
            drain_out: Port::new(acc, "sum held"),
            product: Stage::new(true),
            acc: Reg::new(acc),
            drained: Reg::new(acc),
        }
    }
}

describe_logic!(Pe);

impl Describe for Pe {
    fn header(&self) -> Header {
        let (a, b, acc) = (self.a.range(), self.b.range(), self.acc.range());
        let name = format!("pe_a{}_b{}_acc{}", a.width(), b.width(), acc.width());
        Header::new(name, "acc = (first ? 0 : acc) + a * b, one product per clock.")
            .line("When a sum is complete it moves to a register of its own, from which it drains.")
            .fact("a", a)
            .fact("b", b)
            .fact("acc", acc)
    }

    fn describe(&self, k: &Kernel) {
        k.clock(&self.clk);
        let operands = k.stage(&self.product, k.read(&self.advance));
        let product = operands.pass("product", k.read(&self.a) * k.read(&self.b));
        let (acc, load) = (k.read(&self.acc), k.read(&self.load));
        let sum = (k.read(&self.first).mux(0, acc) + product).bounded(acc.range(), "a sum has at most K products");
        let sum = sum.named("sum");
        k.register_when(&self.acc, k.read(&self.accumulate), sum);
        k.register_when(&self.drained, load | k.read(&self.step), load.mux(sum, k.read(&self.drain_in)));
        k.drive(&self.drain_out, k.read(&self.drained));
    }
}
