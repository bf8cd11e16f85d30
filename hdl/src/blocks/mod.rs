//! The blocks, one file or folder each. Golden, the command line, the bench and the Verilog module use the same name.

mod delay;
pub mod engine;
pub mod fixed_point_multiplier;
pub mod gemm;
pub mod lookup;
pub mod requantizer;
pub mod saturator;
pub mod softmax;
