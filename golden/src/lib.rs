//! The integers that quantized inference must produce: every rounding rule under the name of who computes it, checked
//! against exact rationals. Obvious code, no hardware, no tolerance.
//!
//! - [`numerics`]: what happens to one number: rounding rules, multipliers, requantization, saturation;
//! - [`gemm`]: matrix products, and fully connected layers;
//! - [`operators`]: the operators of a small convolutional network;
//! - [`request`]: JSON lines in, JSON lines out;
//! - [`quantization`]: from floats to integers: scales, zero points, calibration, batch norms, sizes;
//! - [`import`]: readers of model files and arrays, and the graph of a model for a named runtime;
//! - [`graph`]: a network in integers as data, and the one executor of it;
//! - [`words`]: an enum whose variants have a word each.
//!
//! The rules and their sources are in `docs/numerics.md`.

mod error;
pub mod gemm;
pub mod graph;
pub mod import;
pub mod numerics;
pub mod operators;
pub mod quantization;
pub mod request;
mod words;

pub use error::Error;
pub use numerics::{
    Bounds, Contract, FixedMultiplier, MultiplierWidth, RealRequantization, RealRule, Requantization, Rule,
};
