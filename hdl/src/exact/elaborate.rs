//! Elaboration walks a block with a RustHDL probe, runs every description once, checks them, and makes one netlist,
//! from which printing and simulation work. Instances with equal descriptions share a module.

use std::collections::HashMap;

use rust_hdl::prelude::Block;

use super::check::Scope;
use super::faults::Faults;
use super::flat::FlatNetlist;
use super::netlist::{Design, Module, is_port};
use super::node::AtomId;
use super::scan::{Tree, scan};

/// Elaborates `block`; its module is called `name`.
///
/// # Errors
/// Every fault of every description: expressions that do not fit their ports, ports that are not driven or driven
/// twice, nets out of reach, combinational loops; each with its path and source line.
pub fn elaborate(block: &dyn Block, name: &str) -> Result<Design, Faults> {
    Ok(elaborate_with_ports(block, name)?.0)
}

/// The same as [`elaborate`], with the identities of the top's ports, in the order of its ports.
pub(crate) fn elaborate_with_ports(block: &dyn Block, name: &str) -> Result<(Design, Vec<AtomId>), Faults> {
    let tree = scan(block, name, true);
    let mut builder = Builder::default();
    builder.module(&tree, name);
    let design = Design { modules: builder.modules, name: name.to_owned() };
    if builder.faults.is_empty() {
        // Only a netlist without open ends can be searched for loops.
        FlatNetlist::new(&design).map_err(Faults::of_loops)?;
        let ports = tree.atoms.iter().filter(|(.., info)| info.as_ref().is_some_and(is_port));
        let ports = ports.map(|(_, id, _)| *id).collect();
        Ok((design, ports))
    } else {
        Err(builder.faults)
    }
}

#[derive(Default)]
struct Builder {
    modules: Vec<Module>,
    known: HashMap<Module, usize>,
    faults: Faults,
}

impl Builder {
    fn module(&mut self, tree: &Tree, path: &str) -> usize {
        let children: Vec<usize> =
            tree.children.iter().map(|c| self.module(c, &format!("{path}.{}", c.name))).collect();
        let module = Scope::new(tree, path, &children, &mut self.faults).module();
        *self.known.entry(module).or_insert_with_key(|module| {
            self.modules.push(module.clone());
            self.modules.len() - 1
        })
    }
}
