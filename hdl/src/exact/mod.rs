//! RustHDL with exact integers. Blocks stay RustHDL blocks; the integers inside them carry the exact range of their
//! values, from which widths, signedness and the impossibility of overflow follow. See `docs/architecture.md`.

mod arithmetic;
mod atom;
mod cell;
mod check;
pub mod describe;
mod elaborate;
mod flat;
mod int;
mod kernel;
mod node;
mod range;
mod simulate;
mod stage;

pub use atom::{AtomInfo, Bus, Clk, Net, Port, Reg, Role};
pub use cell::Cell;
pub use check::Faults;
pub use describe::{Describe, Header};
pub use elaborate::{Design, Instance, Module, Named, NetRef, elaborate};
pub use int::{Int, Operand};
pub use kernel::Kernel;
pub use node::{Body, Drive, Lane, Memory, Node, NodeId, Op, Place, Update};
pub use range::{BIT, MAX_BITS, Range};
pub use simulate::{FlatSim, Violation};
pub use stage::{Opt, Ram, Rank, Stage};

pub(crate) use check::Scope;
pub(crate) use elaborate::{is_port, scan};
