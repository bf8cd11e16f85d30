//! The same body for RustHDL's own generator, which declares ports, registers and the nets at sub-blocks itself, calls
//! everything at a boundary a `reg`, and joins names with `$`.

use super::module::{Frame, Printer};
use crate::exact::{Body, Describe, Faults, Named, Scope, is_port, scan};

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

/// The text between RustHDL's declarations and its instances.
pub(crate) fn for_rust_hdl(block: &impl Describe, body: Body<usize>) -> String {
    let mut tree = scan(block, "top", false);
    tree.said = Some((block.header(), body, Vec::new()));
    let children: Vec<Vec<Named>> = (tree.children.iter())
        .map(|c| c.atoms.iter().filter_map(|(n, _, i)| Some((n.clone(), i.clone().filter(is_port)?))).collect())
        .collect();
    // RustHDL asks for text without asking for checks; ours are those of `elaborate`.
    let module = Scope::new(&tree, "top", &vec![0; children.len()], &mut Faults::default()).module();
    let ports_of = children.iter().map(Vec::as_slice).collect();
    let parts = Printer::new(&module, ports_of, &Custom).parts(&Custom, false);
    parts.memories + &parts.wires + &parts.pins + &parts.clocked + &parts.drives
}
