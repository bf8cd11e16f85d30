//! From floats to integers: scales and zero points, what they are chosen by, and what they cost.
//!
//! - [`parameters`]: scale and zero point of a range;
//! - [`affine`]: quantize and dequantize, with the three roundings that frameworks use;
//! - [`granularity`], [`calibration`]: who shares a scale, and which range it has to cover;
//! - [`linear`], [`modes`]: the linear layer in floats; weight-only, dynamic and static quantization of one;
//! - [`batch_norm`]: folding a batch norm into the layer before it;
//! - [`model_size`]: bytes at any bit width and granularity;
//! - [`normalization`]: `M = 2^-n * M0`, and what is lost without;
//! - [`deviation`]: what a multiplier of 8 or 16 bits costs.
//!
//! `docs/quantization.md` tells the same for a reader who never saw any of it.

pub mod affine;
pub mod batch_norm;
pub mod calibration;
pub mod deviation;
mod float_matrix;
pub mod granularity;
pub mod linear;
pub mod model_size;
pub mod modes;
pub mod network;
pub mod normalization;
pub mod parameters;

pub use affine::{Rounding, dequantize, quantize};
pub use calibration::Calibration;
pub use float_matrix::FloatMatrix;
pub use granularity::{Granularity, QuantizedWeights, WeightQuantization};
pub use parameters::{Format, Parameters, Symmetry};
