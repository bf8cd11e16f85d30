//! Elaboration: walks a block with a RustHDL probe, runs every description once, checks what they say, and gives one
//! netlist from which everything else works (printing, simulation). Instances that say the same share a module.

use std::cell::RefCell;
use std::collections::HashMap;

use rust_hdl::core::atom::Atom;
use rust_hdl::prelude::{Block, Probe};

use super::atom::{AtomInfo, Role};
use super::check::{Faults, Scope};
use super::describe::Header;
use super::flat::FlatNetlist;
use super::kernel::Problem;
use super::node::{AtomId, Body};
use crate::verilog::{first_free, is_keyword};

/// A net, by its position in a module.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum NetRef {
    /// port of the module
    Port(usize),
    /// register of the module
    Register(usize),
    /// port of an instance in the module
    Pin {
        /// which instance
        instance: usize,
        /// which of its module's ports
        port: usize,
    },
}

/// A named atom of a module.
pub type Named = (String, AtomInfo);

/// An instance of a module within another.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Instance {
    /// name within the parent
    pub name: String,
    /// index into [`Design::modules`]
    pub module: usize,
}

/// One module: its ports, its registers, its instances and its logic.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Module {
    /// what the module is
    pub header: Header,
    /// clock, inputs and outputs, in the order of the block's fields
    pub ports: Vec<Named>,
    /// registers
    pub registers: Vec<Named>,
    /// sub-blocks
    pub instances: Vec<Instance>,
    /// logic; every node in it is needed
    pub body: Body<NetRef>,
}

/// A checked netlist.
#[derive(Debug, Clone)]
pub struct Design {
    /// modules, each after those it instantiates; the last is the top
    pub modules: Vec<Module>,
    /// names of the modules, unique
    pub names: Vec<String>,
}

impl Design {
    /// The outermost module.
    pub fn top(&self) -> &Module {
        &self.modules[self.modules.len() - 1]
    }

    /// Name of the outermost module.
    pub fn name(&self) -> &str {
        &self.names[self.names.len() - 1]
    }
}

/// Elaborates `block`; its module is called `name`.
///
/// # Errors
/// Every fault of every description: expressions that do not fit their ports, ports that are not driven or driven
/// twice, nets out of reach, combinational loops; each with its path and source line.
pub fn elaborate(block: &dyn Block, name: &str) -> Result<Design, Faults> {
    let tree = scan(block, name, true);
    let mut builder = Builder::default();
    builder.module(&tree, name);
    let names = unique_names(&builder.modules, name);
    let design = Design { modules: builder.modules, names };
    if builder.faults.is_empty() {
        // Only a netlist without open ends can be searched for loops.
        FlatNetlist::new(&design).map_err(Faults::of_loops)?;
        Ok(design)
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

/// The top has the user's name; the others that of their header, with a number where two would be alike.
fn unique_names(modules: &[Module], top: &str) -> Vec<String> {
    let mut used = vec![top.to_owned()];
    let inner = modules[..modules.len() - 1].iter().map(|m| {
        let wanted = &m.header.module;
        let taken = |n: &str| used.iter().any(|u| u == n);
        let name = if taken(wanted) { first_free(wanted, 2, taken) } else { wanted.clone() };
        used.push(name.clone());
        name
    });
    let mut names: Vec<String> = inner.collect();
    names.push(top.to_owned());
    names
}

/// What a description said: name of the module, logic, faults.
pub(crate) type Said = (Header, Body<AtomId>, Vec<Problem>);

/// A block as the probe sees it.
pub(crate) struct Tree {
    pub name: String,
    pub said: Option<Said>,
    /// atoms in the order of the fields; no info: not an atom of ours
    pub atoms: Vec<(String, AtomId, Option<AtomInfo>)>,
    pub children: Vec<Tree>,
}

/// Between a probe and the blocks that it visits: `Probe` hands out `&dyn Block`, whose `hdl()` can only return text.
#[derive(Default)]
struct Collector {
    descriptions: bool,
    said: Option<Said>,
    atoms: HashMap<AtomId, AtomInfo>,
}

thread_local! {
    static COLLECTOR: RefCell<Option<Collector>> = const { RefCell::new(None) };
}

/// The running probe wants descriptions, not text.
pub(crate) fn armed() -> bool {
    COLLECTOR.with_borrow(|c| c.as_ref().is_some_and(|c| c.descriptions))
}

/// Hands a description to the running probe.
pub(crate) fn deliver(header: Header, body: Body<AtomId>, problems: Vec<Problem>) {
    COLLECTOR.with_borrow_mut(|c| {
        if let Some(c) = c {
            c.said = Some((header, body, problems));
        }
    });
}

/// Tells the running probe, if any, what an atom is.
pub(super) fn note_atom(id: AtomId, info: impl FnOnce() -> AtomInfo) {
    COLLECTOR.with_borrow_mut(|c| {
        if let Some(c) = c {
            c.atoms.insert(id, info());
        }
    });
}

/// Walks `block`; runs the descriptions on the way if `descriptions`.
pub(crate) fn scan(block: &dyn Block, name: &str, descriptions: bool) -> Tree {
    /// Puts the former collector back, also when a description panics.
    struct Restore(Option<Collector>);
    impl Drop for Restore {
        fn drop(&mut self) {
            COLLECTOR.set(self.0.take());
        }
    }
    let _restore = Restore(COLLECTOR.replace(Some(Collector { descriptions, ..Collector::default() })));
    let root = Tree { name: String::new(), said: None, atoms: Vec::new(), children: Vec::new() };
    let mut walk = Walk { descriptions, open: vec![root] };
    block.accept(name, &mut walk);
    walk.open.remove(0).children.remove(0)
}

struct Walk {
    descriptions: bool,
    open: Vec<Tree>,
}

impl Walk {
    fn innermost(&mut self) -> &mut Tree {
        self.open.last_mut().expect("the root is never closed")
    }

    /// The name of a field in our Verilog: RustHDL joins names with `$`, and keeps the `r#` of raw identifiers. For
    /// RustHDL's own generator names stay as they are.
    fn name(&mut self, field: &str) -> String {
        if !self.descriptions {
            return field.to_owned();
        }
        let mut name = field.trim_start_matches("r#").replace('$', "_");
        if is_keyword(&name) {
            name.push('_');
        }
        let scope = self.innermost();
        let taken = |n: &str| scope.atoms.iter().any(|(a, ..)| a == n) || scope.children.iter().any(|c| c.name == n);
        if taken(&name) { first_free(&name, 2, taken) } else { name }
    }
}

impl Probe for Walk {
    fn visit_start_scope(&mut self, name: &str, node: &dyn Block) {
        let mut said = None;
        if self.descriptions {
            node.hdl();
            said = COLLECTOR.with_borrow_mut(|c| c.as_mut().and_then(|c| c.said.take()));
        }
        let name = self.name(name);
        self.open.push(Tree { name, said, atoms: Vec::new(), children: Vec::new() });
    }

    fn visit_atom(&mut self, name: &str, atom: &dyn Atom) {
        let info = COLLECTOR.with_borrow_mut(|c| c.as_mut().and_then(|c| c.atoms.remove(&atom.id())));
        let name = self.name(name);
        self.innermost().atoms.push((name, atom.id(), info));
    }

    fn visit_end_scope(&mut self, _: &str, _: &dyn Block) {
        let done = self.open.pop().expect("scopes nest");
        self.innermost().children.push(done);
    }
}

/// The ports among the atoms of a block.
pub(crate) fn is_port(info: &AtomInfo) -> bool {
    info.role != Role::Register
}
