//! The blocks, one file or folder each. Golden, the command line, the bench and the Verilog module use the same name.

pub mod add;
mod any_requantizer;
pub mod average_pool;
mod delay;
pub mod engine;
pub mod fixed_point_multiplier;
pub mod float_requantizer;
pub mod gemm;
pub mod lookup;
pub mod max_pool;
pub mod requantizer;
mod ring;
pub mod saturator;
pub mod softmax;
