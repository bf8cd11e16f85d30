//! The atoms of a block: ports, buses, registers and the clock. Each is a RustHDL `Atom` whose range is decided at
//! run time, where RustHDL's own `Signal` fixes its width at compile time.

use std::marker::PhantomData;

use rust_hdl::core::atom::{Atom, AtomKind};
use rust_hdl::core::constraint::PinConstraint;
use rust_hdl::core::type_descriptor::{TypeDescriptor, TypeKind};
use rust_hdl::prelude::{Block, Direction, In, Local, Logic, Probe, VCDValue, VerilogLiteral};

use super::core::{AtomInfo, Core, Role};
use super::range::{BIT, Range};
use super::scan::note_atom;

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
    kept: bool,
    starts: bool,
}

impl Reg {
    /// A data register: no reset, so that it can move into a DSP block.
    pub fn new(range: impl Into<Range>) -> Reg {
        Reg { core: Core::new(range.into(), 1, ""), init: None, kept: false, starts: false }
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
        Reg { core: Core::new(range, 1, ""), init: Some(init), kept: false, starts: false }
    }

    /// A register without reset that is 0 when the device starts.
    ///
    /// # Panics
    /// If the range does not contain 0.
    pub fn started(range: impl Into<Range>) -> Reg {
        let range = range.into();
        assert!(range.contains(0), "0 is outside {range}");
        Reg { starts: true, ..Reg::new(range) }
    }

    /// The same register, as a copy that synthesis must keep if `kept`. Synthesis merges other registers that always hold the same,
    /// and then one register drives readers that lie far apart.
    pub fn kept_if(self, kept: bool) -> Reg {
        Reg { kept, ..self }
    }

    /// The values it can hold.
    pub fn range(&self) -> Range {
        self.core.range()
    }

    pub(super) fn init(&self) -> Option<i128> {
        self.init
    }

    pub(super) fn is_kept(&self) -> bool {
        self.kept
    }

    pub(super) fn starts(&self) -> bool {
        self.starts
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
