//! Builds emitted Verilog with Verilator, runs vectors through it, and compares with golden, bit for bit.

pub mod cycles;
pub mod digits;
pub mod mutations;
pub mod netlist;
pub mod parallel;
pub mod process;
pub mod qor;
pub mod rtl;
pub mod speed;
pub mod suite;
pub mod utilization;
pub mod verilator;
