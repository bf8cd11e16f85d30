//! The blocks: one file or folder each, under the name that golden, the command line, the bench and the Verilog module
//! use too.

pub mod fixed_point_multiplier;
pub mod gemm;

pub mod requantizer;
pub mod saturator;
