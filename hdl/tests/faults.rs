//! What elaboration refuses, word for word: paths, ranges and source lines.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

use qrtl_hdl::exact::{Clk, Kernel, Range, elaborate};
use rust_hdl::prelude::*;
use support::{Clocked, Leaf, Outer, Pair, elaborated};

/// The faults, with `_` for the number of a line.
fn faults(block: &dyn Block) -> String {
    let text = elaborate(block, "top").unwrap_err().to_string();
    let mut parts = text.split(".rs:");
    let mut masked = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let rest = part.trim_start_matches(|c: char| c.is_ascii_digit() || c == ':');
        assert!(rest.len() < part.len(), "no line number in {text}");
        masked.push_str(".rs:_");
        masked.push_str(rest);
    }
    masked
}

#[track_caller]
fn refuses(block: &dyn Block, expected: &[&str]) {
    assert_eq!(faults(block), expected.join("\n"));
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
            "top.data: a register of a block that has named no clock (hdl/tests/support/mod.rs:_)",
            "top.control: a register of a block that has named no clock (hdl/tests/support/mod.rs:_)",
        ],
    );
    let no_reset = Clocked::new(|b, k| {
        k.clock(&b.clk);
        b.rest(k);
    });
    refuses(
        &no_reset,
        &["top.control: a control register of a block that has named no reset (hdl/tests/support/mod.rs:_)"],
    );
    let mut foreign = Outer::new(|b, k| {
        k.clock(&b.clk);
        b.connected(k);
        k.drive(&b.y, k.read(&b.clocked.y));
    });
    elaborated(&foreign);
    foreign = Outer::new(|b, k| {
        let other = Clk::new();
        k.clock(&other);
        b.connected(k);
        k.drive(&b.y, k.read(&b.clocked.y));
    });
    refuses(
        &foreign,
        &[
            "top.clocked.clk: the clock of a sub-block is not the block's own (hdl/tests/support/mod.rs:_)",
            "top: the description uses a net that is neither of this block nor a port of its sub-blocks",
        ],
    );
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
