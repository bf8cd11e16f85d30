//! The kernel: what a description talks to. One description gives simulation, connection and netlist, because the
//! kernel records every operation with its exact range and, in the same pass, computes its value.

use std::cell::{Cell, RefCell};
use std::collections::{HashMap, HashSet};
use std::panic::Location;

use super::atom::{Bus, Clk, Core, Net, Port, Reg};
use super::int::Int;
use super::node::{AtomId, Body, Drive, Lane, Node, NodeId, Op, Place, Update};
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

/// Receives a description. Its methods take ports and registers of the block, and ports of its sub-blocks.
#[derive(Debug)]
pub struct Kernel {
    mode: Mode,
    body: RefCell<Body<AtomId>>,
    values: RefCell<Vec<i128>>,
    known: RefCell<HashMap<Op<AtomId>, NodeId>>,
    driven: RefCell<HashSet<Lane<AtomId>>>,
    problems: RefCell<Vec<Problem>>,
    rose: Cell<bool>,
    in_reset: Cell<bool>,
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
    pub(super) fn node(&self, op: Op<AtomId>, range: Range, value: impl FnOnce(&[i128]) -> i128) -> Int<'_> {
        let op = range.singleton().map_or(op, Op::Lit);
        if let Some(&id) = self.known.borrow().get(&op) {
            return Int::new(self, id, range);
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
        Int::new(self, id, range)
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

    /// The constant `v`.
    pub fn lit(&self, v: i128) -> Int<'_> {
        self.node(Op::Lit(v), Range::constant(v), |_| v)
    }

    fn read_lane(&self, core: &Core, lane: usize) -> Int<'_> {
        let net = Lane { net: core.id(), lane };
        self.node(Op::Read(net), core.range(), |_| core.value(lane))
    }

    /// The value of an input or output of the block, of a sub-block's port, or of a register.
    pub fn read(&self, net: &impl Net) -> Int<'_> {
        self.read_lane(net.core(), 0)
    }

    /// The value of one lane of a bus.
    ///
    /// # Panics
    /// If the bus has no such lane.
    pub fn lane<D>(&self, bus: &Bus<D>, lane: usize) -> Int<'_>
    where
        Bus<D>: Net,
    {
        assert!(lane < bus.core().lane_count(), "lane {lane} of a bus of {}", bus.core().lane_count());
        self.read_lane(bus.core(), lane)
    }

    #[track_caller]
    fn drive_net(&self, core: &Core, lane: usize, v: Int<'_>) {
        self.own(v);
        let to = Lane { net: core.id(), lane };
        if !self.driven.borrow_mut().insert(to) {
            return self.problem(Some(to), "driven twice".to_owned());
        }
        if !core.range().covers(v.range()) {
            let text = format!("expression of range {} does not fit {}{}", v.range(), core.range(), self.explain(v));
            self.problem(Some(to), text);
        }
        let at = Place(Location::caller());
        self.body.borrow_mut().drives.push(Drive { to, from: v.id(), at });
        match self.mode {
            Mode::Build => {}
            Mode::Connect => core.connect(),
            Mode::Update => core.set_next(lane, self.value(v.id())),
        }
    }

    /// An output of the block, or an input of a sub-block, follows `v`. The range of `v` must fit the port's.
    #[track_caller]
    pub fn drive<'k, D>(&'k self, port: &Port<D>, v: impl super::int::Operand<'k>)
    where
        Port<D>: Net,
    {
        self.drive_net(port.core(), 0, v.into_int(self));
    }

    /// One lane of a bus follows `v`.
    ///
    /// # Panics
    /// If the bus has no such lane.
    #[track_caller]
    pub fn drive_lane<'k, D>(&'k self, bus: &Bus<D>, lane: usize, v: impl super::int::Operand<'k>)
    where
        Bus<D>: Net,
    {
        assert!(lane < bus.core().lane_count(), "lane {lane} of a bus of {}", bus.core().lane_count());
        self.drive_net(bus.core(), lane, v.into_int(self));
    }

    /// The clock of this block: its registers sample at the rising edge. To be said before any register.
    pub fn clock(&self, clk: &Clk) {
        self.body.borrow_mut().clock = Some(clk.core().id());
        self.rose.set(clk.core().rose());
    }

    /// The active-low synchronous reset of this block, which gives control registers their initial value.
    pub fn reset<D>(&self, rst_n: &Port<D>)
    where
        Port<D>: Net,
    {
        self.body.borrow_mut().reset = Some(rst_n.core().id());
        self.in_reset.set(rst_n.core().value(0) == 0);
    }

    /// A sub-block's clock is `from`, the block's own.
    #[track_caller]
    pub fn pass_clock(&self, from: &Clk, to: &Clk) {
        if self.body.borrow_mut().clock.get_or_insert(from.core().id()) != &from.core().id() {
            let to = Lane { net: to.core().id(), lane: 0 };
            self.problem(Some(to), "the clock of a sub-block is not the block's own".to_owned());
        }
        self.body.borrow_mut().child_clocks.push(to.core().id());
        match self.mode {
            Mode::Build => {}
            Mode::Connect => to.core().connect(),
            Mode::Update => to.core().set_next(0, from.core().value(0)),
        }
    }

    /// At each rising edge `reg` takes the value `next`.
    #[track_caller]
    pub fn register<'k>(&'k self, reg: &Reg, next: impl super::int::Operand<'k>) {
        self.update_register(reg, next.into_int(self), None);
    }

    /// At each rising edge where `enable` is 1, `reg` takes the value `next`; else it holds.
    #[track_caller]
    pub fn register_when<'k>(&'k self, reg: &Reg, enable: Int<'k>, next: impl super::int::Operand<'k>) {
        self.update_register(reg, next.into_int(self), Some(enable));
    }

    /// [`Kernel::register`] for a register made by [`Reg::inferred`]: its range becomes that of `next`. Gives its value.
    #[track_caller]
    pub fn register_inferred<'k>(&'k self, reg: &Reg, next: Int<'k>) -> Int<'k> {
        reg.core().infer_range(next.range());
        self.update_register(reg, next, None);
        self.read(reg)
    }

    #[track_caller]
    pub(super) fn update_register<'k>(&'k self, reg: &Reg, next: Int<'k>, enable: Option<Int<'k>>) {
        self.own(next);
        let core = reg.core();
        let to = Lane { net: core.id(), lane: 0 };
        if !self.driven.borrow_mut().insert(to) {
            return self.problem(Some(to), "registered twice".to_owned());
        }
        if self.body.borrow().clock.is_none() {
            self.problem(Some(to), "a register of a block that has named no clock".to_owned());
        }
        if reg.init().is_some() && self.body.borrow().reset.is_none() {
            self.problem(Some(to), "a control register of a block that has named no reset".to_owned());
        }
        if !core.range().covers(next.range()) {
            let (got, limit) = (next.range(), core.range());
            self.problem(Some(to), format!("next value of range {got} does not fit {limit}{}", self.explain(next)));
        }
        if enable.is_some_and(|e| e.range().singleton() == Some(0)) {
            self.problem(Some(to), "a register whose enable is always 0".to_owned());
        }
        // An enable that is always 1 is no enable.
        let enable = enable.filter(|e| e.range().singleton() != Some(1));
        self.body.borrow_mut().updates.push(Update {
            to: core.id(),
            next: next.id(),
            enable: enable.map(|e| e.id()),
            init: reg.init(),
            at: Place(Location::caller()),
        });
        match self.mode {
            Mode::Build => {}
            Mode::Connect => core.connect(),
            Mode::Update if self.rose.get() => match reg.init() {
                Some(init) if self.in_reset.get() => core.set_next(0, init),
                _ if enable.is_none_or(|e| e.value() == 1) => {
                    self.check_claims(next.id());
                    core.set_next(0, next.value());
                }
                _ => {}
            },
            Mode::Update => {}
        }
    }

    /// Follows the selections that lead to a registered value, and checks what was claimed of it.
    fn check_claims(&self, mut node: NodeId) {
        let (body, values) = (self.body.borrow(), self.values.borrow());
        while let Op::Mux(c, yes, no) = body.nodes[node].op {
            node = if values[c] == 1 { yes } else { no };
        }
        if let Op::Bounded(a, range, why) = &body.nodes[node].op {
            assert!(range.contains(values[*a]), "{} is outside {range}, claimed because {why}", values[*a]);
        }
    }

    pub(super) fn push_memory(&self, memory: super::node::Memory<AtomId>) {
        self.body.borrow_mut().memories.push(memory);
    }

    pub(super) fn is_connect(&self) -> bool {
        self.mode == Mode::Connect
    }

    /// Values of two kernels have the same type; mixing them is a bug of the description.
    pub(super) fn own(&self, v: Int<'_>) {
        debug_assert!(std::ptr::eq(self, v.kernel()), "a value of another description");
    }

    /// The operands of a misfit, widest first, and what can be done.
    fn explain(&self, v: Int<'_>) -> String {
        let body = self.body.borrow();
        let (operands, n) = body.nodes[v.id()].op.operands();
        let mut ranges: Vec<Range> = operands[..n].iter().map(|&o| body.nodes[o].range).collect();
        ranges.sort_by_key(|r| std::cmp::Reverse(r.width()));
        let of = ranges.iter().map(Range::to_string).collect::<Vec<_>>().join(" and ");
        let of = if of.is_empty() { of } else { format!(" (made of {of})") };
        format!("{of}; clamp saturates, wrap keeps the low bits, bounded claims that it fits")
    }
}
