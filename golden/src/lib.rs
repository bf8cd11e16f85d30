//! The integers that quantized inference must produce: every rounding rule under the name of who computes it, checked
//! against exact rationals. Obvious code, no hardware, no tolerance.
//!
//! - [`Rule`], [`Scale`], [`Requantization`], [`Bounds`]: parameters, validated once;
//! - [`RealRule`], [`RealRequantization`]: the same for the runtimes that multiply by a float;
//! - [`multiplier`]: from a real factor to a fixed-point multiplier and shift;
//! - [`requantizer`], [`saturator`], [`fixed_point_multiplier`], [`gemm`]: the operators, named as the hardware blocks;
//! - [`operators`]: those of a small convolutional network;
//! - [`real_requantizer`]: the rounding of other runtimes, which is no hardware;
//! - [`round`], [`gemmlowp`]: the steps that the rules are made of;
//! - [`request`]: JSON lines in, JSON lines out;
//! - [`quantization`]: from floats to integers: scales, zero points, calibration, batch norms, sizes;
//! - [`network`], [`digits`]: float networks as graphs, quantized by our own code; three real ones;
//! - [`tflite`], [`npy`]: model files and arrays;
//! - [`runner`]: a model, run in the integers of a named runtime;
//! - [`random`]: seeded numbers for vectors.
//!
//! The rules and their sources are in `docs/numerics.md`.

pub mod digits;
mod error;
pub mod gemm;
pub mod network;
pub mod npy;
pub mod numerics;
pub mod operators;
pub mod quantization;
pub mod random;
pub mod request;
pub mod runner;
pub mod tflite;

pub use error::Error;
pub(crate) use numerics::types;
pub use numerics::{Bounds, MultiplierWidth, RealRequantization, RealRule, Requantization, Rule, Scale};
pub use numerics::{fixed_point_multiplier, gemmlowp, multiplier, real_requantizer, requantizer, round, saturator};
