//! The names that elaboration gives to ports, instances and modules.

mod support;

use qrtl_hdl::describe_logic;
use qrtl_hdl::exact::{Describe, Design, Header, Kernel, Port, Range, elaborate};
use qrtl_hdl::names::base_name;
use qrtl_hdl::verilog::{File, Provenance, print};
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
    let modules: Vec<usize> = design.top().instances.iter().map(|i| i.module).collect();
    assert_eq!(modules, [0, 0]);
    assert_eq!(bases(&files(&design)), ["leaf", "top"]);
}

#[test]
fn modules_of_one_name_differ_in_their_fingerprints() {
    let mut pair = Pair::new(Leaf::copy, Pair::chain);
    pair.lane_1 = Leaf::negative();
    let design = elaborated(&pair);
    let files = files(&design);
    assert_eq!(bases(&files), ["leaf", "leaf", "top"]);
    assert_ne!(files[0].name, files[1].name);
    for file in &files[..2] {
        assert!(files[2].text.contains(&format!("    {} lane_", file.name)), "{}", files[2].text);
    }
    // A top that is called as one of its parts.
    let top = elaborate(&pair, "leaf").unwrap_or_else(|e| panic!("{e}"));
    assert_eq!(print(&top, &PROVENANCE)[2].name, "leaf");
}

#[test]
fn a_module_has_the_same_name_and_text_in_every_design() {
    let mut pair = Pair::new(Leaf::copy, Pair::chain);
    let one = files(&elaborated(&pair));
    pair.lane_1 = Leaf::negative();
    let other = print(&elaborated(&pair), &Provenance { command: "another".to_owned() });
    assert_eq!(one[0], other[0]);
    assert!(!other[0].text.contains("another") && other[2].text.contains("another"));
}

const PROVENANCE: Provenance = Provenance { command: String::new() };

fn files(design: &Design) -> Vec<File> {
    print(design, &PROVENANCE)
}

fn bases(files: &[File]) -> Vec<&str> {
    files.iter().map(|file| base_name(&file.name)).collect()
}
