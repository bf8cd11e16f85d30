//! The names that elaboration gives to ports, instances and modules.

mod support;

use qrtl_hdl::describe_logic;
use qrtl_hdl::exact::{Describe, Header, Kernel, Port, Range, elaborate};
use rust_hdl::prelude::*;
use support::{Leaf, Pair, elaborated};

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
