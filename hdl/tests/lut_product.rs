//! Products in LUTs, evaluated in Rust: all operands of every combination of widths and signs.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use qrtl_hdl::blocks::gemm::product_in_luts;
use qrtl_hdl::describe_logic;
use qrtl_hdl::exact::{Clk, Describe, FlatSim, Header, Kernel, Port, Range, Stage, elaborate};
use rust_hdl::prelude::*;

/// `y = a * b`, `ranks` clocks later.
#[derive(LogicBlock)]
struct Product {
    clk: Clk,
    a: Port<In>,
    b: Port<In>,
    y: Port<Out>,
    ranks: [Stage; 3],
}

impl Product {
    fn new(a: Range, b: Range, ranks: [bool; 3]) -> Product {
        Product {
            clk: Clk::new(),
            a: Port::new(a, "operand"),
            b: Port::new(b, "operand"),
            y: Port::new(a * b, "product"),
            ranks: ranks.map(Stage::new),
        }
    }
}

describe_logic!(Product);

impl Describe for Product {
    fn header(&self) -> Header {
        Header::new("lut_product", "y = a * b.")
    }

    fn describe(&self, k: &Kernel) {
        k.clock(&self.clk);
        let ranks = [0, 1, 2].map(|i| k.stage(&self.ranks[i], 1));
        k.drive(&self.y, product_in_luts(k.read(&self.a), k.read(&self.b), ranks));
    }
}

/// Tries all operands, one pair a clock; results come `latency` clocks later.
fn try_all(a: Range, b: Range, ranks: [bool; 3]) {
    let mut sim = FlatSim::new(&elaborate(&Product::new(a, b, ranks), "product").unwrap());
    let latency = ranks.iter().filter(|r| **r).count();
    let pairs = || (a.lo()..=a.hi()).flat_map(|x| (b.lo()..=b.hi()).map(move |y| (x, y)));
    let due = std::iter::repeat_n(None, latency).chain(pairs().map(Some));
    for ((x, y), due) in pairs().chain(std::iter::repeat_n((a.lo(), b.lo()), latency)).zip(due) {
        sim.set("a", x);
        sim.set("b", y);
        sim.settle();
        if let Some((x, y)) = due {
            assert_eq!(sim.get("y"), x * y, "{x} * {y} of {a} and {b}, ranks {ranks:?}");
        }
        sim.step().unwrap();
    }
}

#[test]
fn every_product_is_exact() {
    let (int8, uint8, int9) = (Range::signed(8), Range::unsigned(8), Range::signed(9));
    for (a, b) in [(int8, int8), (uint8, int8), (int8, uint8), (uint8, uint8), (int9, int8), (int8, int9), (int9, int9)]
    {
        try_all(a, b, [false; 3]);
    }
}

#[test]
fn every_width_has_the_digits_that_it_needs() {
    for a in [Range::signed(4), Range::unsigned(4), Range::new(-7, 7), Range::unsigned(1)] {
        for width in 1..=9 {
            for b in [Range::signed(width), Range::unsigned(width), Range::new(-3, (1 << width) - 2)] {
                try_all(a, b, [false; 3]);
                try_all(b, a, [false; 3]);
            }
        }
    }
}

#[test]
fn ranks_delay_and_change_nothing() {
    for ranks in (1..8).map(|n| [n & 1 != 0, n & 2 != 0, n & 4 != 0]) {
        try_all(Range::signed(8), Range::signed(8), ranks);
    }
}
