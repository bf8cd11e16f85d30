//! The way through a block with a RustHDL probe: its atoms, its sub-blocks, and what each description says.

use std::cell::RefCell;
use std::collections::HashMap;

use rust_hdl::core::atom::Atom;
use rust_hdl::prelude::{Block, Probe};

use super::core::AtomInfo;
use super::describe::Said;
use super::node::AtomId;
use crate::names::{first_free, is_keyword};

/// A block as the probe sees it.
pub(crate) struct Tree {
    pub name: String,
    pub said: Option<Said>,
    /// atoms in the order of the fields; one without info is not an atom of ours
    pub atoms: Vec<(String, AtomId, Option<AtomInfo>)>,
    pub children: Vec<Tree>,
}

/// Carries descriptions from the visited blocks to the probe. A `Probe` hands out `&dyn Block`, whose `hdl()` can only
/// return text.
#[derive(Default)]
struct Collector {
    descriptions: bool,
    said: Option<Said>,
    atoms: HashMap<AtomId, AtomInfo>,
}

thread_local! {
    static COLLECTOR: RefCell<Option<Collector>> = const { RefCell::new(None) };
}

/// Whether a running probe wants descriptions and not text.
pub(crate) fn armed() -> bool {
    COLLECTOR.with_borrow(|c| c.as_ref().is_some_and(|c| c.descriptions))
}

/// Hands a description to the running probe.
pub(crate) fn deliver(said: Said) {
    COLLECTOR.with_borrow_mut(|c| {
        if let Some(c) = c {
            c.said = Some(said);
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
