//! From files to the graph of a network.
//!
//! - [`tflite`], [`npy`]: readers of model files and of arrays;
//! - [`size`]: the parameters of a model, counted;
//! - [`lower`](fn@lower): a model as a [`Graph`](crate::graph::Graph), in the integers of a named [`Runtime`].

pub mod lower;
pub mod npy;
mod runtime;
pub mod size;
pub mod tflite;

pub use lower::{lower, lower_steps, lower_until};
pub use runtime::Runtime;
