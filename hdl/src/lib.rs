//! Quantized integer arithmetic as hardware: RustHDL with exact integers, the blocks, and the Verilog printer.
//!
//! - [`exact`]: ports, registers and expressions whose ranges are exact and decided at run time;
//! - [`verilog`]: Verilog-2005 that needs no lint waiver;
//! - [`blocks`]: what is built of them; [`cells`]: cells of devices that blocks instantiate;
//! - [`interface`]: how a bench talks to a block.

pub mod blocks;
pub mod cells;
pub mod exact;
pub mod interface;
pub mod stream;
pub mod verilog;
