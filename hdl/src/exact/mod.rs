//! RustHDL with exact integers. Blocks stay RustHDL blocks; the integers inside them carry the exact range of their
//! values, from which widths, signedness and the impossibility of overflow follow. See `docs/architecture.md`.

mod arithmetic;
mod atom;
mod bundle;
mod cell;
mod check;
mod core;
pub mod describe;
mod drive;
mod elaborate;
mod faults;
mod flat;
mod int;
mod kernel;
mod maybe;
mod netlist;
mod node;
mod range;
mod scan;
mod simulate;
mod stage;

pub use self::core::{AtomInfo, Role};
pub use atom::{Bus, Clk, Net, Port, Reg};
pub use cell::Cell;
pub use describe::{Describe, Header};
pub use elaborate::elaborate;
pub use faults::Faults;
pub use int::{Int, Operand};
pub use kernel::Kernel;
pub use maybe::Maybe;
pub use netlist::{Design, Instance, Module, Named, NetRef};
pub use node::{Body, Drive, Lane, Memory, Node, NodeId, Op, Place, Update};
pub use range::{BIT, MAX_BITS, Range};
pub use simulate::{FlatSim, Violation};
pub use stage::{Ram, Rank, Stage};

pub(crate) use check::Scope;
pub(crate) use describe::said;
pub(crate) use elaborate::elaborate_with_ports;
pub(crate) use netlist::is_port;
pub(crate) use scan::{armed, deliver, scan};
