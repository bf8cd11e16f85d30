//! Why a model does not run.

use crate::import::tflite;

/// The text is complete: it needs no `source` to be understood.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// the file, or a fully connected layer of it
    #[error(transparent)]
    Model(#[from] tflite::Error),
    /// an operator that has no counterpart here
    #[error("operator {index} is {name}: supported are {}", crate::import::lower::SUPPORTED.join(", "))]
    Unsupported {
        /// index in the order of execution
        index: usize,
        /// its name, as `TANH`, `BUILTIN_200` or that of a custom operator
        name: String,
    },
    /// an operator that contradicts its tensors, needs what is not supported, or leaves a contract while it runs
    #[error("operator {index} ({name}): {what}")]
    Operator {
        /// index in the order of execution
        index: usize,
        /// its name
        name: String,
        /// the finding
        what: String,
    },
    /// the model as a whole
    #[error("model: {0}")]
    Shape(String),
    /// an input that is not the model's
    #[error("input: {got}, expected {expected}")]
    Input {
        /// type and shape given
        got: String,
        /// type and shape of the model's input
        expected: String,
    },
}
