//! From files to the graph of a network: readers, and what a runtime makes of what they read.

pub(crate) mod lower;
pub mod npy;
mod runtime;
pub mod tflite;

pub use runtime::Runtime;
