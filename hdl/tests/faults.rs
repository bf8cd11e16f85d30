//! What elaboration refuses, word for word: paths, ranges and source lines; and the names that it gives.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use qrtl_hdl::describe_logic;
use qrtl_hdl::exact::{Clk, Describe, Design, Header, Kernel, Port, Range, Reg, elaborate};
use rust_hdl::prelude::*;

/// A block without sub-blocks; its description is that of the test.
#[derive(LogicBlock)]
struct Leaf {
    x: Port<In>,
    y: Port<Out>,
    _describe: fn(&Leaf, &Kernel),
}

impl Leaf {
    fn new(describe: fn(&Leaf, &Kernel)) -> Leaf {
        let range = Range::signed(8);
        Leaf { x: Port::new(range, "value"), y: Port::new(range, "result"), _describe: describe }
    }

    fn copy() -> Leaf {
        Leaf::new(|b, k| k.drive(&b.y, k.read(&b.x)))
    }

    fn negative() -> Leaf {
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
struct Pair {
    x: Port<In>,
    y: Port<Out>,
    lane_0: Leaf,
    lane_1: Leaf,
    _describe: fn(&Pair, &Kernel),
}

impl Pair {
    fn new(leaf: fn() -> Leaf, describe: fn(&Pair, &Kernel)) -> Pair {
        let range = Range::signed(8);
        let [x, y] = [Port::new(range, "value"), Port::new(range, "value")].map(|p: Port<In>| p.range());
        let (lane_0, lane_1) = (leaf(), leaf());
        Pair { x: Port::new(x, "value"), y: Port::new(y, "result"), lane_0, lane_1, _describe: describe }
    }

    /// `x` through both leaves.
    fn chain(&self, k: &Kernel) {
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
struct Clocked {
    clk: Clk,
    rst_n: Port<In>,
    x: Port<In>,
    y: Port<Out>,
    data: Reg,
    control: Reg,
    _describe: fn(&Clocked, &Kernel),
}

impl Clocked {
    fn new(describe: fn(&Clocked, &Kernel)) -> Clocked {
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
    fn rest(&self, k: &Kernel) {
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
struct Outer {
    clk: Clk,
    rst_n: Port<In>,
    x: Port<In>,
    y: Port<Out>,
    pair: Pair,
    clocked: Clocked,
    _describe: fn(&Outer, &Kernel),
}

impl Outer {
    fn new(describe: fn(&Outer, &Kernel)) -> Outer {
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
    fn connected(&self, k: &Kernel) {
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

/// The faults, with `_` for the number of a line in this file.
fn faults(block: &dyn Block) -> String {
    let text = elaborate(block, "top").unwrap_err().to_string();
    let mut parts = text.split("faults.rs:");
    let mut masked = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let rest = part.trim_start_matches(|c: char| c.is_ascii_digit() || c == ':');
        assert!(rest.len() < part.len(), "no line number in {text}");
        masked.push_str("faults.rs:_");
        masked.push_str(rest);
    }
    masked
}

#[track_caller]
fn refuses(block: &dyn Block, expected: &[&str]) {
    assert_eq!(faults(block), expected.join("\n"));
}

fn elaborated(block: &dyn Block) -> Design {
    elaborate(block, "top").unwrap_or_else(|e| panic!("{e}"))
}

/// What the other tests break.
#[test]
fn sound() {
    elaborated(&Leaf::copy());
    elaborated(&Leaf::negative());
    elaborated(&Pair::new(Leaf::copy, Pair::chain));
    elaborated(&Outer::new(|b, k| {
        b.connected(k);
        k.drive(&b.y, k.read(&b.clocked.y));
    }));
}

#[test]
fn expression_does_not_fit() {
    let double = || Leaf::new(|b, k| k.drive(&b.y, k.read(&b.x) + k.read(&b.x)));
    refuses(
        &Pair::new(double, Pair::chain),
        &["top.lane_0.y and 1 more: expression of range -256..=254 does not fit -128..=127 \
           (made of -128..=127 and -128..=127); clamp saturates, wrap keeps the low bits, bounded claims that it fits \
           (hdl/tests/faults.rs:_)"],
    );
    // The line is that of the drive, not one within qrtl.
    let line = line!() + 1;
    let product = Leaf::new(|b, k| k.drive(&b.y, k.read(&b.x) * 3));
    let text = elaborate(&product, "top").unwrap_err().to_string();
    assert!(text.contains(&format!("(hdl/tests/faults.rs:{line}:")), "{text}");
    refuses(
        &Leaf::new(|b, k| k.drive(&b.y, 128)),
        &["top.y: expression of range 128..=128 does not fit -128..=127; clamp saturates, wrap keeps the low bits, \
           bounded claims that it fits (hdl/tests/faults.rs:_)"],
    );
}

#[test]
fn next_value_does_not_fit() {
    let sum = Clocked::new(|b, k| {
        k.clock(&b.clk);
        k.reset(&b.rst_n);
        k.register(&b.data, k.read(&b.x) + 1);
        k.register(&b.control, k.read(&b.data));
        k.drive(&b.y, k.read(&b.control));
    });
    refuses(
        &sum,
        &["top.data: next value of range -127..=128 does not fit -128..=127 (made of -128..=127 and 1..=1); \
           clamp saturates, wrap keeps the low bits, bounded claims that it fits (hdl/tests/faults.rs:_)"],
    );
}

#[test]
fn value_of_too_many_bits() {
    let power = Leaf::new(|b, k| {
        let x = k.read(&b.x);
        let square = x * x;
        let wide = square * square * square * square * square * square * square * square * square;
        k.drive(&b.y, wide.clamp(Range::signed(8)));
    });
    refuses(&power, &["top: a product needs more than 120 bits, or shifts by less than 0 (hdl/tests/faults.rs:_)"]);
}

#[test]
fn not_driven() {
    refuses(&Leaf::new(|_, _| {}), &["top.y: not driven"]);
    let second_lane = |b: &Pair, k: &Kernel| {
        k.drive(&b.lane_0.x, k.read(&b.x));
        k.drive(&b.y, k.read(&b.lane_1.y));
    };
    refuses(&Pair::new(Leaf::copy, second_lane), &["top.lane_1.x: not driven"]);
    let no_clock = Outer::new(|b, k| {
        k.drive(&b.clocked.rst_n, k.read(&b.rst_n));
        k.drive(&b.clocked.x, k.read(&b.pair.y));
        k.drive(&b.pair.x, k.read(&b.x));
        k.drive(&b.y, k.read(&b.clocked.y));
    });
    refuses(&no_clock, &["top.clocked.clk: not driven"]);
    let no_register = Clocked::new(|b, k| {
        k.clock(&b.clk);
        k.reset(&b.rst_n);
        k.register(&b.data, k.read(&b.x));
        k.drive(&b.y, k.read(&b.data));
    });
    refuses(&no_register, &["top.control: not driven"]);
}

#[test]
fn driven_twice() {
    let twice = Leaf::new(|b, k| {
        k.drive(&b.y, k.read(&b.x));
        k.drive(&b.y, k.read(&b.x));
    });
    refuses(&twice, &["top.y: driven twice (hdl/tests/faults.rs:_)"]);
    let child = |b: &Pair, k: &Kernel| {
        b.chain(k);
        k.drive(&b.lane_1.x, 1);
    };
    refuses(&Pair::new(Leaf::copy, child), &["top.lane_1.x: driven twice (hdl/tests/faults.rs:_)"]);
    let registered = Clocked::new(|b, k| {
        k.clock(&b.clk);
        k.reset(&b.rst_n);
        b.rest(k);
        k.register(&b.data, 0);
    });
    refuses(&registered, &["top.data: registered twice (hdl/tests/faults.rs:_)"]);
}

#[test]
fn driven_from_the_wrong_side() {
    let own_input = Leaf::new(|b, k| {
        k.drive(&b.y, k.read(&b.x));
        k.drive(&b.x, 0);
    });
    refuses(&own_input, &["top.x: driven, but it is an input of this block (hdl/tests/faults.rs:_)"]);
    let output_of_child = |b: &Pair, k: &Kernel| {
        b.chain(k);
        k.drive(&b.lane_0.y, 0);
    };
    refuses(
        &Pair::new(Leaf::copy, output_of_child),
        &["top.lane_0.y: driven, but it is an output of the sub-block (hdl/tests/faults.rs:_)"],
    );
}

#[test]
fn out_of_reach() {
    let text = "the description uses a net that is neither of this block nor a port of its sub-blocks";
    let reads = Outer::new(|b, k| {
        b.connected(k);
        k.drive(&b.y, k.read(&b.pair.lane_0.y));
    });
    refuses(&reads, &[&format!("top.pair.lane_0.y: {text}")]);
    let reads_register = Outer::new(|b, k| {
        b.connected(k);
        k.drive(&b.y, k.read(&b.clocked.data));
    });
    refuses(&reads_register, &[&format!("top.clocked.data: {text}")]);
    let drives = Outer::new(|b, k| {
        b.connected(k);
        k.drive(&b.y, k.read(&b.clocked.y));
        k.drive(&b.pair.lane_0.x, 1);
    });
    refuses(&drives, &[&format!("top.pair.lane_0.x: {text} (hdl/tests/faults.rs:_)")]);
    let registers = Outer::new(|b, k| {
        b.connected(k);
        k.clock(&b.clk);
        k.drive(&b.y, k.read(&b.clocked.y));
        k.register(&b.clocked.data, 1);
    });
    refuses(&registers, &[&format!("top.clocked.data: {text} (hdl/tests/faults.rs:_)")]);
}

#[test]
fn registers_need_a_clock_and_control_a_reset() {
    let no_clock = Clocked::new(|b, k| {
        k.reset(&b.rst_n);
        b.rest(k);
    });
    refuses(
        &no_clock,
        &[
            "top.data: a register of a block that has named no clock (hdl/tests/faults.rs:_)",
            "top.control: a register of a block that has named no clock (hdl/tests/faults.rs:_)",
        ],
    );
    let no_reset = Clocked::new(|b, k| {
        k.clock(&b.clk);
        b.rest(k);
    });
    refuses(&no_reset, &["top.control: a control register of a block that has named no reset (hdl/tests/faults.rs:_)"]);
    let never = Clocked::new(|b, k| {
        k.clock(&b.clk);
        k.reset(&b.rst_n);
        k.register_when(&b.data, k.lit(0), 1);
        k.register(&b.control, 0);
        k.drive(&b.y, k.read(&b.data));
    });
    refuses(&never, &["top.data: a register whose enable is always 0 (hdl/tests/faults.rs:_)"]);
}

#[test]
fn combinational_loops() {
    let ring = |b: &Pair, k: &Kernel| {
        k.drive(&b.lane_0.x, k.read(&b.lane_1.y));
        k.drive(&b.lane_1.x, k.read(&b.lane_0.y));
        k.drive(&b.y, k.read(&b.lane_1.y));
    };
    refuses(
        &Pair::new(Leaf::negative, ring),
        &[
            "combinational loop: top.lane_1.y <- top.lane_1.x <- top.lane_0.y <- top.lane_0.x <- top.lane_1.y (hdl/tests/faults.rs:_)",
        ],
    );
    refuses(
        &Leaf::new(|b, k| k.drive(&b.y, k.read(&b.y).clamp(0..=5) + k.read(&b.x).clamp(0..=5))),
        &["combinational loop: top.y <- top.y (hdl/tests/faults.rs:_)"],
    );
}

#[test]
fn all_faults_at_once() {
    let silent = || Leaf::new(|b, k| k.drive(&b.x, 1000));
    let unconnected = |b: &Pair, k: &Kernel| {
        k.drive(&b.y, k.read(&b.x) - k.read(&b.lane_0.y));
        k.drive(&b.lane_1.x, 0);
    };
    let advice = "clamp saturates, wrap keeps the low bits, bounded claims that it fits (hdl/tests/faults.rs:_)";
    refuses(
        &Pair::new(silent, unconnected),
        &[
            &format!("top.lane_0.x and 1 more: expression of range 1000..=1000 does not fit -128..=127; {advice}"),
            "top.lane_0.x and 1 more: driven, but it is an input of this block (hdl/tests/faults.rs:_)",
            "top.lane_0.y: not driven",
            "top.lane_1.y: not driven",
            &format!(
                "top.y: expression of range -255..=255 does not fit -128..=127 (made of -128..=127 and -128..=127); {advice}"
            ),
            "top.lane_0.x: not driven",
        ],
    );
}

/// Fields whose names are keywords of Verilog, SystemVerilog or Rust.
#[derive(LogicBlock)]
struct Keywords {
    input: Port<In>,
    bit: Port<In>,
    r#type: Port<In>,
    output: Port<Out>,
    logic: Leaf,
}

describe_logic!(Keywords);

impl Describe for Keywords {
    fn header(&self) -> Header {
        Header::new("keywords", "The sum of the inputs.")
    }
    fn describe(&self, k: &Kernel) {
        k.drive(&self.logic.x, k.read(&self.input));
        k.drive(&self.output, k.read(&self.logic.y) + k.read(&self.bit) + k.read(&self.r#type));
    }
}

#[test]
fn keywords_get_an_underscore() {
    let range = Range::signed(8);
    let design = elaborated(&Keywords {
        input: Port::new(range, "value"),
        bit: Port::new(range, "value"),
        r#type: Port::new(range, "value"),
        output: Port::new(Range::signed(10), "sum"),
        logic: Leaf::copy(),
    });
    let ports: Vec<&str> = design.top().ports.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(ports, ["input_", "bit_", "type_", "output_"]);
    assert_eq!(design.top().instances[0].name, "logic_");
}

#[test]
fn alike_instances_share_a_module() {
    let design = elaborated(&Pair::new(Leaf::copy, Pair::chain));
    assert_eq!(design.names, ["leaf", "top"]);
    let modules: Vec<usize> = design.top().instances.iter().map(|i| i.module).collect();
    assert_eq!(modules, [0, 0]);
}

#[test]
fn a_name_with_two_meanings_gets_a_number() {
    let mut pair = Pair::new(Leaf::copy, Pair::chain);
    pair.lane_1 = Leaf::negative();
    let design = elaborated(&pair);
    assert_eq!(design.names, ["leaf", "leaf_2", "top"]);
    let modules: Vec<usize> = design.top().instances.iter().map(|i| i.module).collect();
    assert_eq!(modules, [0, 1]);
    // A top that is called as one of its parts.
    let names = elaborate(&pair, "leaf").unwrap_or_else(|e| panic!("{e}")).names;
    assert_eq!(names, ["leaf_2", "leaf_3", "leaf"]);
}
