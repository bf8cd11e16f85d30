//! The calls of a description to the kernel: reads of nets, drives of ports, registers and clocks.

use std::panic::Location;

use super::atom::{Bus, Clk, Net, Port, Reg};
use super::core::Core;
use super::int::{Int, Operand};
use super::kernel::{Kernel, Mode};
use super::node::{Drive, Lane, NodeId, Op, Place, Update};
use super::range::Range;

impl Kernel {
    /// The constant `v`.
    pub fn lit(&self, v: i128) -> Int<'_> {
        let range = Range::constant(v);
        Int::new(self, self.node(Op::Lit(v), range, |_| v), range)
    }

    fn read_lane(&self, core: &Core, lane: usize) -> Int<'_> {
        let net = Lane { net: core.id(), lane };
        Int::new(self, self.node(Op::Read(net), core.range(), |_| core.value(lane)), core.range())
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
    pub fn drive<'k, D>(&'k self, port: &Port<D>, v: impl Operand<'k>)
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
    pub fn drive_lane<'k, D>(&'k self, bus: &Bus<D>, lane: usize, v: impl Operand<'k>)
    where
        Bus<D>: Net,
    {
        assert!(lane < bus.core().lane_count(), "lane {lane} of a bus of {}", bus.core().lane_count());
        self.drive_net(bus.core(), lane, v.into_int(self));
    }

    /// Declares the clock of this block: its registers sample at the rising edge. A description calls this before it
    /// describes any register.
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
    pub fn register<'k>(&'k self, reg: &Reg, next: impl Operand<'k>) {
        self.update_register(reg, next.into_int(self), None);
    }

    /// At each rising edge where `enable` is 1, `reg` takes the value `next`; else it holds.
    #[track_caller]
    pub fn register_when<'k>(&'k self, reg: &Reg, enable: Int<'k>, next: impl Operand<'k>) {
        self.update_register(reg, next.into_int(self), Some(enable));
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
            kept: reg.is_kept(),
            starts: reg.starts(),
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

    /// Follows the selections that lead to a registered value, and checks the claim about this value.
    fn check_claims(&self, mut node: NodeId) {
        let (body, values) = (self.body.borrow(), self.values.borrow());
        while let Op::Mux(c, yes, no) = body.nodes[node].op {
            node = if values[c] == 1 { yes } else { no };
        }
        if let Op::Bounded(a, range, why) = &body.nodes[node].op {
            assert!(range.contains(values[*a]), "{} is outside {range}, claimed because {why}", values[*a]);
        }
    }

    /// Checks that `v` is a value of this kernel. Values of two kernels have the same type, and mixing them is a bug of
    /// the description.
    pub(super) fn own(&self, v: Int<'_>) {
        debug_assert!(std::ptr::eq(self, v.kernel()), "a value of another description");
    }

    /// The operands of an expression that does not fit, widest first, and ways to mend it.
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
