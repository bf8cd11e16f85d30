//! The engine: inference of a whole network, whose program and parameters come through the input stream.

pub mod aligner;
pub mod banks;
pub mod config;
pub mod crc;
mod devices;
pub mod instruction;
pub mod lanes;
pub mod loader;
pub mod matrix;
pub mod memory;
pub mod model;
pub mod outlet;
pub mod parameters;
mod requantizer;
mod rule;
pub mod sequencer;
pub mod softmax;
pub mod store;
mod top;
pub mod windows;
pub mod write_queue;

pub use config::EngineConfig;
pub use rule::EngineRule;
pub use top::Engine;
