//! Import of quantized TensorFlow Lite models.
//!
//! [`Model::from_bytes`] turns the bytes of a `.tflite` file into an owned, validated description of its subgraphs.
//! [`lower`](fn@crate::import::lower) then makes a graph of integers from this description.
//!
//! # Contract
//!
//! * Any sequence of bytes gives a model, or one [`Error`] that says what is wrong and where, what was expected and
//!   what was found. Nothing panics. Memory and time stay proportional to the length of the file, even if a file refers
//!   to the same bytes many times.
//! * The reader refuses everything that it does not understand and that could change a result (sparse tensors, unknown
//!   kinds of quantization, tensors that are variables by a flag).

mod activation;
mod error;
mod model;
mod options;
mod reader;

// Written by flatc from `schema.fbs`, and so neither formatted, documented nor written by our rules: its `unsafe`
// reads are the flatbuffers crate's own, and sound after the verification in `reader`, the only user.
#[rustfmt::skip]
#[allow(clippy::all, clippy::unwrap_used, missing_docs, unsafe_code, unused)]
mod schema_generated;

pub use activation::Activation;
pub(crate) use error::Budget;
pub use error::Error;
pub use model::{Data, ElementType, Model, Operator, Quantization, Subgraph, Tensor};
pub use options::{Options, Padding, SliceMasks};
