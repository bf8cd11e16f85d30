//! The integers that quantized inference must produce: every rounding rule under the name of who computes it, checked
//! against exact rationals. Obvious code, no hardware, no tolerance.
//!
//! - [`Rule`], [`FixedMultiplier`], [`Requantization`], [`Bounds`]: parameters, validated once;
//! - [`RealRule`], [`RealRequantization`]: the same for the runtimes that multiply by a float;
//! - [`multiplier`]: from a real factor to a fixed-point multiplier and shift;
//! - [`requantizer`], [`saturator`], [`fixed_point_multiplier`], [`gemm`]: the operators, named as the hardware blocks;
//! - [`operators`]: the operators of a small convolutional network;
//! - [`real_requantizer`]: the rounding of other runtimes, which no hardware computes;
//! - [`round`], [`gemmlowp`]: the steps that the rules are made of;
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
pub(crate) use numerics::types;
pub use numerics::{
    Bounds, Contract, FixedMultiplier, MultiplierWidth, RealRequantization, RealRule, Requantization, Rule,
};
pub use numerics::{fixed_point_multiplier, gemmlowp, multiplier, real_requantizer, requantizer, round, saturator};
