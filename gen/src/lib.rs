//! From a configuration to a directory of Verilog: the blocks as users name them, their vectors, and the files around.

pub mod bench;
pub mod catalogue;
pub mod conformance;
pub mod emit;
pub mod model;
pub mod run;
pub mod spec;
pub mod vectors;
