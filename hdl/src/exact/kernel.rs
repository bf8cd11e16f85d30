//! The kernel: what a description talks to. One description gives simulation, connection and netlist, because the
//! kernel records every operation with its exact range and, in the same pass, computes its value.

use std::cell::{Cell, RefCell};
use std::collections::{HashMap, HashSet};
use std::panic::Location;

use super::node::{AtomId, Body, Lane, Memory, Node, NodeId, Op, Place};
use super::range::Range;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mode {
    /// record only
    Build,
    /// record, and mark what is driven
    Connect,
    /// record, and write the values
    Update,
}

/// A fault found while a description ran.
#[derive(Debug, Clone)]
pub(crate) struct Problem {
    /// the net that it concerns
    pub subject: Option<Lane<AtomId>>,
    /// what, the limit, what it got
    pub message: String,
    /// source line of the description
    pub place: Place,
}

/// Receives a description, and records it. Its methods, in `drive.rs`, take ports and registers of the block, and ports of
/// its sub-blocks.
#[derive(Debug)]
pub struct Kernel {
    pub(super) mode: Mode,
    pub(super) body: RefCell<Body<AtomId>>,
    pub(super) values: RefCell<Vec<i128>>,
    known: RefCell<HashMap<Op<AtomId>, NodeId>>,
    pub(super) driven: RefCell<HashSet<Lane<AtomId>>>,
    problems: RefCell<Vec<Problem>>,
    pub(super) rose: Cell<bool>,
    pub(super) in_reset: Cell<bool>,
}

impl Kernel {
    pub(super) fn new(mode: Mode) -> Kernel {
        Kernel {
            mode,
            body: RefCell::default(),
            values: RefCell::default(),
            known: RefCell::default(),
            driven: RefCell::default(),
            problems: RefCell::default(),
            rose: Cell::new(false),
            in_reset: Cell::new(false),
        }
    }

    pub(super) fn finish(self) -> (Body<AtomId>, Vec<Problem>) {
        (self.body.into_inner(), self.problems.into_inner())
    }

    #[track_caller]
    pub(super) fn problem(&self, subject: Option<Lane<AtomId>>, message: String) {
        let place = Place(Location::caller());
        self.problems.borrow_mut().push(Problem { subject, message, place });
    }

    /// Records `op`, or finds it again: equal operations are one node, in every mode alike.
    pub(super) fn node(&self, op: Op<AtomId>, range: Range, value: impl FnOnce(&[i128]) -> i128) -> NodeId {
        let op = range.singleton().map_or(op, Op::Lit);
        if let Some(&id) = self.known.borrow().get(&op) {
            return id;
        }
        let value = match op {
            Op::Lit(v) => v,
            _ => value(&self.values.borrow()),
        };
        let mut body = self.body.borrow_mut();
        let id = body.nodes.len();
        body.nodes.push(Node { op: op.clone(), range, name: None });
        self.values.borrow_mut().push(value);
        self.known.borrow_mut().insert(op, id);
        id
    }

    pub(super) fn set_name(&self, id: NodeId, name: &str) {
        let node = &mut self.body.borrow_mut().nodes[id];
        node.name.get_or_insert_with(|| name.into());
    }

    pub(super) fn width_of(&self, id: NodeId) -> u32 {
        self.body.borrow().nodes[id].range.width()
    }

    pub(super) fn value(&self, id: NodeId) -> i128 {
        self.values.borrow()[id]
    }

    /// The clock has just risen in RustHDL's simulation: every value seen now is settled.
    pub(super) fn at_edge(&self) -> bool {
        self.mode == Mode::Update && self.rose.get()
    }

    pub(super) fn push_memory(&self, memory: Memory<AtomId>) {
        self.body.borrow_mut().memories.push(memory);
    }

    pub(super) fn is_connect(&self) -> bool {
        self.mode == Mode::Connect
    }
}
