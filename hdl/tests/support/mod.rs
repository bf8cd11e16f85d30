//! Small blocks that a test describes, and breaks.

#![allow(dead_code)] // each test uses a part

use qrtl_hdl::describe_logic;
use qrtl_hdl::exact::{Clk, Describe, Design, Header, Kernel, Port, Range, Reg, elaborate};
use rust_hdl::prelude::*;

/// A block without sub-blocks, which the test describes.
#[derive(LogicBlock)]
pub struct Leaf {
    pub x: Port<In>,
    pub y: Port<Out>,
    _describe: fn(&Leaf, &Kernel),
}

impl Leaf {
    pub fn new(describe: fn(&Leaf, &Kernel)) -> Leaf {
        let range = Range::signed(8);
        Leaf { x: Port::new(range, "value"), y: Port::new(range, "result"), _describe: describe }
    }

    pub fn copy() -> Leaf {
        Leaf::new(|b, k| k.drive(&b.y, k.read(&b.x)))
    }

    pub fn negative() -> Leaf {
        Leaf::new(|b, k| k.drive(&b.y, k.read(&b.x).clamp(Range::new(-127, 127)) * -1))
    }
}

describe_logic!(Leaf);

impl Describe for Leaf {
    fn header(&self) -> Header {
        Header::new("leaf", "y follows x.")
    }
    fn describe(&self, k: &Kernel) {
        (self._describe)(self, k);
    }
}

/// Two leaves, side by side or in a ring.
#[derive(LogicBlock)]
pub struct Pair {
    pub x: Port<In>,
    pub y: Port<Out>,
    pub lane_0: Leaf,
    pub lane_1: Leaf,
    _describe: fn(&Pair, &Kernel),
}

impl Pair {
    pub fn new(leaf: fn() -> Leaf, describe: fn(&Pair, &Kernel)) -> Pair {
        let range = Range::signed(8);
        let [x, y] = [Port::new(range, "value"), Port::new(range, "value")].map(|p: Port<In>| p.range());
        let (lane_0, lane_1) = (leaf(), leaf());
        Pair { x: Port::new(x, "value"), y: Port::new(y, "result"), lane_0, lane_1, _describe: describe }
    }

    /// `x` through both leaves.
    pub fn chain(&self, k: &Kernel) {
        k.drive(&self.lane_0.x, k.read(&self.x));
        k.drive(&self.lane_1.x, k.read(&self.lane_0.y));
        k.drive(&self.y, k.read(&self.lane_1.y));
    }
}

describe_logic!(Pair);

impl Describe for Pair {
    fn header(&self) -> Header {
        Header::new("pair", "Two leaves.")
    }
    fn describe(&self, k: &Kernel) {
        (self._describe)(self, k);
    }
}

/// A data register and a control register.
#[derive(LogicBlock)]
pub struct Clocked {
    pub clk: Clk,
    pub rst_n: Port<In>,
    pub x: Port<In>,
    pub y: Port<Out>,
    pub data: Reg,
    pub control: Reg,
    _describe: fn(&Clocked, &Kernel),
}

impl Clocked {
    pub fn new(describe: fn(&Clocked, &Kernel)) -> Clocked {
        Clocked {
            clk: Clk::new(),
            rst_n: Port::bit("reset"),
            x: Port::new(Range::signed(8), "value"),
            y: Port::new(Range::signed(8), "result"),
            data: Reg::new(Range::signed(8)),
            control: Reg::control(Range::signed(8), 0),
            _describe: describe,
        }
    }

    /// All that it needs, except what the test leaves out.
    pub fn rest(&self, k: &Kernel) {
        k.register(&self.data, k.read(&self.x));
        k.register(&self.control, k.read(&self.data));
        k.drive(&self.y, k.read(&self.control));
    }
}

describe_logic!(Clocked);

impl Describe for Clocked {
    fn header(&self) -> Header {
        Header::new("clocked", "y follows x.")
    }
    fn describe(&self, k: &Kernel) {
        (self._describe)(self, k);
    }
}

/// A block with grandchildren, and a clocked child.
#[derive(LogicBlock)]
pub struct Outer {
    pub clk: Clk,
    pub rst_n: Port<In>,
    pub x: Port<In>,
    pub y: Port<Out>,
    pub pair: Pair,
    pub clocked: Clocked,
    _describe: fn(&Outer, &Kernel),
}

impl Outer {
    pub fn new(describe: fn(&Outer, &Kernel)) -> Outer {
        let good = |b: &Clocked, k: &Kernel| {
            k.clock(&b.clk);
            k.reset(&b.rst_n);
            b.rest(k);
        };
        Outer {
            clk: Clk::new(),
            rst_n: Port::bit("reset"),
            x: Port::new(Range::signed(8), "value"),
            y: Port::new(Range::signed(8), "result"),
            pair: Pair::new(Leaf::copy, Pair::chain),
            clocked: Clocked::new(good),
            _describe: describe,
        }
    }

    /// `x` through both sub-blocks.
    pub fn connected(&self, k: &Kernel) {
        k.pass_clock(&self.clk, &self.clocked.clk);
        k.drive(&self.clocked.rst_n, k.read(&self.rst_n));
        k.drive(&self.clocked.x, k.read(&self.pair.y));
        k.drive(&self.pair.x, k.read(&self.x));
    }
}

describe_logic!(Outer);

impl Describe for Outer {
    fn header(&self) -> Header {
        Header::new("outer", "Two sub-blocks.")
    }
    fn describe(&self, k: &Kernel) {
        (self._describe)(self, k);
    }
}

/// A block without faults.
pub fn elaborated(block: &dyn Block) -> Design {
    elaborate(block, "top").unwrap_or_else(|e| panic!("{e}"))
}
