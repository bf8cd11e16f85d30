//! RustHDL with exact integers. Blocks stay RustHDL blocks; the integers inside them carry the exact range of their
//! values, from which widths, signedness and the impossibility of overflow follow. See `docs/architecture.md`.

mod atom;
mod check;
mod elaborate;
mod flat;
mod int;
pub mod kernel;
mod node;
mod range;
mod stage;

pub use atom::{AtomInfo, Bus, Clk, Net, Port, Reg, Role};
pub use check::Faults;
pub use elaborate::{Design, Instance, Module, Named, NetRef, elaborate};
pub use flat::{FlatSim, Violation};
pub use int::{Int, Operand};
pub use kernel::{Describe, Header, Kernel};
pub use node::{Body, Drive, Lane, Memory, Node, NodeId, Op, Place, Update};
pub use range::{BIT, MAX_BITS, Range};
pub use stage::{Opt, Ram, Rank, Stage};

pub(crate) use check::Scope;
pub(crate) use elaborate::{is_port, scan};
