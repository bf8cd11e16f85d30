//! Builds emitted Verilog with Verilator, runs vectors through it, and compares with golden, bit for bit.

pub mod checks;
pub mod conversation;
pub mod cycles;
pub mod digits;
pub mod engine;
pub mod mutations;
pub mod netlist;
pub mod qor;
pub mod rtl;
pub mod run;
pub mod simulation;
pub mod soak;
pub mod speed;
pub mod suite;
pub mod synth;
pub mod tools;
pub mod utilization;
pub mod verilator;
pub mod workspace;
