//! The core of every atom: its state in RustHDL's two-phase simulation, and its description in the netlist.

use std::cell::Cell;

use rust_hdl::core::signal::get_signal_id;
use rust_hdl::prelude::VCDValue;

use super::node::AtomId;
use super::range::Range;

/// The role of an atom in the netlist.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Role {
    /// driven from outside the block
    Input,
    /// driven by the block
    Output,
    /// a clock, driven from outside
    Clock,
    /// a register of the block
    Register,
}

/// The description of an atom, as elaboration keeps it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct AtomInfo {
    /// role in its block
    pub role: Role,
    /// values of one lane
    pub range: Range,
    /// number of lanes; `None` is a plain port, `Some(1)` a bus of one lane
    pub lanes: Option<usize>,
    /// meaning, printed as the comment of a port
    pub doc: String,
}

/// One value of a net in RustHDL's two-phase simulation: written to `next`, committed to `value` once a pass.
#[derive(Debug)]
struct Cells {
    value: Cell<i128>,
    next: Cell<i128>,
}

/// State that every kind of atom has.
#[derive(Debug)]
pub struct Core {
    pub(super) id: AtomId,
    range: Cell<Range>,
    lanes: Vec<Cells>,
    previous: Cell<i128>,
    pub(super) changed: Cell<bool>,
    pub(super) connected: Cell<bool>,
    pub(super) doc: String,
}

impl Core {
    pub(super) fn new(range: Range, lanes: usize, doc: &str) -> Core {
        // Zero where the range allows it: a circuit that has not settled yet shows values that its nets can have.
        let start = range.nearest(0);
        let cells = || Cells { value: Cell::new(start), next: Cell::new(start) };
        Core {
            id: get_signal_id(),
            range: Cell::new(range),
            lanes: (0..lanes).map(|_| cells()).collect(),
            previous: Cell::new(start),
            changed: Cell::new(false),
            connected: Cell::new(false),
            doc: doc.to_owned(),
        }
    }

    pub(super) fn id(&self) -> AtomId {
        self.id
    }

    pub(super) fn range(&self) -> Range {
        self.range.get()
    }

    /// Sets the range of a register that takes its range from the value that it registers.
    pub(super) fn infer_range(&self, range: Range) {
        self.range.set(range);
    }

    pub(super) fn lane_count(&self) -> usize {
        self.lanes.len()
    }

    /// The committed value. A description must never see `next`: data would overtake the clock.
    pub(super) fn value(&self, lane: usize) -> i128 {
        self.lanes[lane].value.get()
    }

    pub(super) fn set_next(&self, lane: usize, v: i128) {
        self.lanes[lane].next.set(self.range().truncate(v));
    }

    pub(super) fn rose(&self) -> bool {
        self.previous.get() == 0 && self.value(0) == 1
    }

    pub(super) fn connect(&self) {
        self.connected.set(true);
    }

    pub(super) fn commit(&self) {
        self.previous.set(self.lanes[0].value.get());
        let mut changed = false;
        for lane in &self.lanes {
            changed |= lane.value.replace(lane.next.get()) != lane.next.get();
        }
        self.changed.set(changed);
    }

    pub(super) fn bits(&self) -> usize {
        self.range().width() as usize * self.lanes.len()
    }

    pub(super) fn vcd(&self) -> VCDValue {
        let width = self.range().width();
        let bit = |v: i128, i: u32| if v >> i & 1 == 1 { vcd::Value::V1 } else { vcd::Value::V0 };
        let lanes = self.lanes.iter().rev().map(|l| l.value.get());
        VCDValue::Vector(lanes.flat_map(|v| (0..width).rev().map(move |i| bit(v, i))).collect())
    }
}
