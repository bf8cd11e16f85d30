//! Quantized integer arithmetic as hardware: RustHDL with exact integers, the blocks, and the Verilog printer.
//!
//! - [`exact`]: ports, registers and expressions whose ranges are exact and decided at run time;
//! - [`verilog`]: Verilog-2005 that needs no lint waiver;
//! - [`blocks`]: the blocks; [`targets`]: the devices that blocks are made for, and their cells;
//! - [`parameter`]: types for parameters of blocks, on the command line and in files;
//! - [`interface`]: which ports of a block form its streams, for the bench that drives it.

pub mod blocks;
pub mod exact;
pub mod interface;
pub mod memory;
pub mod names;
pub mod parameter;
pub mod stream;
pub mod table;
pub mod targets;
pub mod verilog;
pub mod window;
