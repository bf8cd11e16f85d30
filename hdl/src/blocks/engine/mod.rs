//! The engine: inference of a whole network, whose program and parameters come through the input stream.

pub mod config;
pub mod instruction;
pub mod memory;

pub use config::EngineConfig;
