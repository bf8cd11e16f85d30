//! Import of quantized ONNX models.
//!
//! [`Model::from_bytes`] turns the bytes of an ONNX file into an owned, validated description of its graph. [`lower`]
//! makes a graph of integers from this description, as ONNX Runtime computes it.
//!
//! # Contract
//!
//! * Any sequence of bytes gives a model, or one [`Error`] that says what is wrong and where, what was expected and what
//!   was found. Nothing panics. Memory and time stay proportional to the length of the file.
//! * Whatever could change a result and is not known to the last bit is refused: layers that ONNX Runtime computes in
//!   floats, scales that depend on the input, 16 bits, control flow.

mod error;
mod lower;
mod model;
mod reader;
mod runtime;

// Written by prost-build from `schema.proto`, and so neither formatted nor documented by our rules.
#[rustfmt::skip]
#[allow(clippy::all, missing_docs)]
mod schema;

pub use error::Error;
pub use lower::{Ends, Exactness, Import, Weights, lower};
pub use model::{Attribute, Constant, Data, ElementType, Input, Model, Node};
pub use runtime::Runtime;
