//! The same body for RustHDL's own generator, which declares ports, registers and the nets at sub-blocks itself, calls
//! everything at a boundary a `reg`, and joins names with `$`.

use super::module::{Frame, Printer};
use rust_hdl::prelude::Verilog;

use crate::exact::{Describe, Faults, Named, Scope, armed, deliver, is_port, said, scan};

struct Custom;

impl Frame for Custom {
    fn pin(&self, instance: &str, port: &str) -> String {
        format!("{instance}${port}")
    }
    fn follow(&self, net: &str, expression: &str, constant: bool) -> String {
        // `always @(*)` over a constant never runs.
        let when = if constant { "initial" } else { "always @(*)" };
        format!("    {when} {net} = {expression};\n")
    }
}

/// RustHDL's `Logic::hdl`: hands the description to our elaboration if the elaboration asked for it, else renders it
/// for RustHDL's own generator.
pub fn hdl(block: &impl Describe) -> Verilog {
    if armed() {
        deliver(said(block));
        Verilog::Empty
    } else {
        Verilog::Custom(text(block))
    }
}

/// The text between RustHDL's declarations and its instances.
fn text(block: &impl Describe) -> String {
    let mut tree = scan(block, "top", false);
    let (header, body, _) = said(block);
    tree.said = Some((header, body, Vec::new()));
    let children: Vec<Vec<Named>> = (tree.children.iter())
        .map(|c| c.atoms.iter().filter_map(|(n, _, i)| Some((n.clone(), i.clone().filter(is_port)?))).collect())
        .collect();
    // RustHDL asks for text without asking for checks; our checks are made by `elaborate`.
    let module = Scope::new(&tree, "top", &vec![0; children.len()], &mut Faults::default()).module();
    let ports_of = children.iter().map(Vec::as_slice).collect();
    let parts = Printer::new(&module, ports_of, &Custom).parts(&Custom, false);
    parts.memories + &parts.wires + &parts.pins + &parts.clocked + &parts.drives
}

/// Implements RustHDL's `Logic` for a type that implements [`Describe`](crate::exact::Describe).
#[macro_export]
macro_rules! describe_logic {
    ($block:ty) => {
        impl rust_hdl::prelude::Logic for $block {
            fn update(&mut self) {
                $crate::exact::describe::update(self);
            }
            fn connect(&mut self) {
                $crate::exact::describe::connect(self);
            }
            fn hdl(&self) -> rust_hdl::prelude::Verilog {
                $crate::verilog::hdl(self)
            }
        }
    };
}
