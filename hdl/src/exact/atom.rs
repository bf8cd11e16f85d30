//! The atoms of a block: ports, buses, registers and the clock. Each is a RustHDL `Atom` whose range is decided at
//! run time, where RustHDL's own `Signal` fixes its width at compile time.

use std::cell::Cell;
use std::marker::PhantomData;

use rust_hdl::core::atom::{Atom, AtomKind};
use rust_hdl::core::constraint::PinConstraint;
use rust_hdl::core::signal::get_signal_id;
use rust_hdl::core::type_descriptor::{TypeDescriptor, TypeKind};
use rust_hdl::prelude::{Block, Direction, In, Local, Logic, Probe, VCDValue, VerilogLiteral};

use super::elaborate::note_atom;
use super::node::AtomId;
use super::range::{BIT, Range};

/// What an atom is in the netlist.
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
    id: AtomId,
    range: Cell<Range>,
    lanes: Vec<Cells>,
    previous: Cell<i128>,
    changed: Cell<bool>,
    connected: Cell<bool>,
    doc: String,
}

impl Core {
    fn new(range: Range, lanes: usize, doc: &str) -> Core {
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

    /// For registers whose range follows from what they register.
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

    fn commit(&self) {
        self.previous.set(self.lanes[0].value.get());
        let mut changed = false;
        for lane in &self.lanes {
            changed |= lane.value.replace(lane.next.get()) != lane.next.get();
        }
        self.changed.set(changed);
    }

    fn bits(&self) -> usize {
        self.range().width() as usize * self.lanes.len()
    }

    fn vcd(&self) -> VCDValue {
        let width = self.range().width();
        let bit = |v: i128, i: u32| if v >> i & 1 == 1 { vcd::Value::V1 } else { vcd::Value::V0 };
        let lanes = self.lanes.iter().rev().map(|l| l.value.get());
        VCDValue::Vector(lanes.flat_map(|v| (0..width).rev().map(move |i| bit(v, i))).collect())
    }
}

/// Anything a description can read, drive or register.
pub trait Net {
    /// Its shared state.
    fn core(&self) -> &Core;
    /// Its place in the netlist.
    fn info(&self) -> AtomInfo;
}

/// A port of one integer. It stands where RustHDL has `Signal<D, Bits<N>>`.
#[derive(Debug)]
pub struct Port<D> {
    core: Core,
    direction: PhantomData<D>,
}

impl<D: Direction> Port<D> {
    /// A port that can hold `range`; `doc` says what it means and is printed beside it.
    pub fn new(range: impl Into<Range>, doc: &str) -> Port<D> {
        Port { core: Core::new(range.into(), 1, doc), direction: PhantomData }
    }

    /// A port of one bit.
    pub fn bit(doc: &str) -> Port<D> {
        Port::new(BIT, doc)
    }

    /// The values it can hold.
    pub fn range(&self) -> Range {
        self.core.range()
    }

    /// What it means.
    pub fn doc(&self) -> &str {
        &self.core.doc
    }

    /// Its value in RustHDL's simulation.
    pub fn val(&self) -> i128 {
        self.core.value(0)
    }
}

impl Port<In> {
    /// Applies a value from a RustHDL test bench.
    ///
    /// # Panics
    /// If the range does not contain it.
    pub fn set(&mut self, v: i128) {
        assert!(self.range().contains(v), "{v} is outside {}", self.range());
        self.core.set_next(0, v);
    }
}

/// A port of equal lanes packed into one vector, lane 0 in the low bits, as AXI4-Stream packs `tdata`.
#[derive(Debug)]
pub struct Bus<D> {
    core: Core,
    direction: PhantomData<D>,
}

impl<D: Direction> Bus<D> {
    /// `lanes` integers of `range` each.
    ///
    /// # Panics
    /// If there is no lane.
    pub fn new(lanes: usize, range: impl Into<Range>, doc: &str) -> Bus<D> {
        assert!(lanes > 0, "a bus has at least one lane");
        Bus { core: Core::new(range.into(), lanes, doc), direction: PhantomData }
    }

    /// The values that a lane can hold.
    pub fn range(&self) -> Range {
        self.core.range()
    }

    /// Number of lanes.
    pub fn lanes(&self) -> usize {
        self.core.lane_count()
    }
}

/// A register of the block that owns it; the owner's description gives it its next value.
#[derive(Debug)]
pub struct Reg {
    core: Core,
    init: Option<i128>,
}

impl Reg {
    /// A data register: no reset, so that it can move into a DSP block.
    pub fn new(range: impl Into<Range>) -> Reg {
        Reg { core: Core::new(range.into(), 1, ""), init: None }
    }

    /// A data register that holds exactly what its description registers.
    pub fn inferred() -> Reg {
        Reg::new(BIT)
    }

    /// A control register: `init` in reset.
    ///
    /// # Panics
    /// If the range does not contain `init`.
    pub fn control(range: impl Into<Range>, init: i128) -> Reg {
        let range = range.into();
        assert!(range.contains(init), "the reset value {init} is outside {range}");
        Reg { core: Core::new(range, 1, ""), init: Some(init) }
    }

    /// The values it can hold.
    pub fn range(&self) -> Range {
        self.core.range()
    }

    pub(super) fn init(&self) -> Option<i128> {
        self.init
    }
}

/// The clock of a block. RustHDL's `Signal<In, Clock>` needs `&mut` to be driven, which a description does not have.
#[derive(Debug)]
pub struct Clk {
    core: Core,
}

impl Clk {
    /// A clock input; registers sample at its rising edge.
    #[expect(clippy::new_without_default, reason = "a block says that it has a clock")]
    pub fn new() -> Clk {
        Clk { core: Core::new(BIT, 1, "clock, rising edge") }
    }

    /// Sets the level from a RustHDL test bench.
    pub fn set(&mut self, level: bool) {
        self.core.set_next(0, i128::from(level));
    }

    /// The level in RustHDL's simulation.
    pub fn val(&self) -> bool {
        self.core.value(0) == 1
    }
}

/// Implements RustHDL's `Atom`, `Logic` and `Block` on top of [`Core`].
macro_rules! atom {
    ([$($generics:tt)*] $type:ty, $kind:expr, $role:expr, $lanes:expr) => {
        impl<$($generics)*> Net for $type {
            fn core(&self) -> &Core {
                &self.core
            }
            fn info(&self) -> AtomInfo {
                let lanes: fn(&Core) -> Option<usize> = $lanes;
                AtomInfo {
                    role: $role,
                    range: self.core.range(),
                    lanes: lanes(&self.core),
                    doc: self.core.doc.clone(),
                }
            }
        }
        impl<$($generics)*> Atom for $type {
            fn bits(&self) -> usize {
                self.core.bits()
            }
            fn connected(&self) -> bool {
                self.core.connected.get()
            }
            fn changed(&self) -> bool {
                self.core.changed.get()
            }
            fn kind(&self) -> AtomKind {
                $kind
            }
            fn descriptor(&self) -> TypeDescriptor {
                let signed = self.info().lanes.is_none() && self.core.range().is_signed();
                let kind = if signed { TypeKind::Signed(self.bits()) } else { TypeKind::Bits(self.bits()) };
                TypeDescriptor { name: self.core.range().to_string(), kind }
            }
            fn vcd(&self) -> VCDValue {
                self.core.vcd()
            }
            fn id(&self) -> usize {
                self.core.id
            }
            fn verilog(&self) -> VerilogLiteral {
                0u128.into()
            }
            fn constraints(&self) -> Vec<PinConstraint> {
                Vec::new()
            }
        }
        impl<$($generics)*> Logic for $type {
            fn update(&mut self) {}
        }
        impl<$($generics)*> Block for $type {
            fn connect_all(&mut self) {}
            fn update_all(&mut self) {
                self.core.commit();
            }
            fn has_changed(&self) -> bool {
                self.core.changed.get()
            }
            fn accept(&self, name: &str, probe: &mut dyn Probe) {
                note_atom(self.core.id, || self.info());
                probe.visit_atom(name, self);
            }
        }
    };
}

fn role_of(kind: AtomKind) -> Role {
    if kind == AtomKind::InputParameter { Role::Input } else { Role::Output }
}

atom!([D: Direction] Port<D>, D::KIND, role_of(D::KIND), |_| None);
atom!([D: Direction] Bus<D>, D::KIND, role_of(D::KIND), |core| Some(core.lane_count()));
atom!([] Reg, Local::KIND, Role::Register, |_| None);
atom!([] Clk, In::KIND, Role::Clock, |_| None);
