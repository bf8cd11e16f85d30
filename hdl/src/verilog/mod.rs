//! The Verilog printer: Verilog-2005 that `verilator -Wall`, `iverilog -Wall` and Yosys accept without a word, with no
//! pragma and no waiver. The rules are in `docs/verilog-style.md`.

mod expr;
mod form;
mod head;
mod module;
mod names;
mod operators;
mod rust_hdl;

pub use head::{File, Provenance, print};
pub(crate) use names::first_free;
pub use names::is_keyword;

pub(crate) use rust_hdl::for_rust_hdl;
