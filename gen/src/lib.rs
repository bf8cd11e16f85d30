//! From a configuration to a directory of Verilog: the blocks as users name them, their vectors, and the files around;
//! and the verbs that run and quantize models.

pub mod bench;
pub mod blocks;
pub mod conformance;
pub mod digits;
pub mod emit;
pub mod engine;
pub mod explore;
pub mod formal;
pub mod inspect;
pub mod model;
pub mod models;
pub mod networks;
pub mod progress;
pub mod quantize;
pub mod run;
pub mod schedule;
pub mod script;
pub mod spec;
pub mod study;
pub mod table;

/// The generator of a file, for its manifest.
pub const GENERATOR: &str = concat!("qrtl ", env!("CARGO_PKG_VERSION"));
