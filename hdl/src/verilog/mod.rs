//! The Verilog printer: Verilog-2005 that `verilator -Wall`, `iverilog -Wall` and Yosys accept without a word, with no
//! pragma and no waiver. The rules are in `docs/verilog-style.md`.

mod expr;
mod file;
mod form;
mod head;
mod inline;
mod module;
mod operators;
mod rust_hdl;
mod writer;

pub use file::{Data, File};
pub use head::{Provenance, print};
pub use rust_hdl::hdl;
