//! From files to the graph of a network.
//!
//! - [`tflite`], [`onnx`], [`npy`]: readers of model files and of arrays;
//! - [`size`]: the parameters of a model, counted;
//! - [`lower`](fn@lower): a TFLite model as a [`Graph`](crate::graph::Graph), in the integers of a named [`Runtime`];
//!   [`onnx::lower`] does the same for ONNX.

pub mod lower;
pub mod npy;
pub mod onnx;
mod runtime;
pub mod size;
pub mod tflite;

pub use lower::{lower, lower_steps, lower_until};
pub use runtime::Runtime;

/// A name from a file for a message: quoted, escaped and of bounded length.
pub fn quoted(name: &str) -> String {
    const LONGEST: usize = 60;
    match name.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{:?}...", &name[..end]),
        None => format!("{name:?}"),
    }
}
