//! Why a model has no graph.

use crate::import::tflite;

/// Names of the operators that have a counterpart in a graph.
pub(super) const SUPPORTED: [&str; 49] = [
    "ABS",
    "ADD",
    "ASSIGN_VARIABLE",
    "AVERAGE_POOL_2D",
    "CALL_ONCE",
    "CONCATENATION",
    "CONV_2D",
    "DEPTHWISE_CONV_2D",
    "DEQUANTIZE",
    "EXPAND_DIMS",
    "FULLY_CONNECTED",
    "HARD_SWISH",
    "LEAKY_RELU",
    "LOGISTIC",
    "LOG_SOFTMAX",
    "MAXIMUM",
    "MAX_POOL_2D",
    "MEAN",
    "MINIMUM",
    "MUL",
    "NEG",
    "PACK",
    "PAD",
    "PADV2",
    "PRELU",
    "QUANTIZE",
    "READ_VARIABLE",
    "REDUCE_MAX",
    "REDUCE_MIN",
    "RELU",
    "RELU6",
    "RESHAPE",
    "RESIZE_BILINEAR",
    "RESIZE_NEAREST_NEIGHBOR",
    "SHAPE",
    "SLICE",
    "SOFTMAX",
    "SPLIT",
    "SPLIT_V",
    "SQUARED_DIFFERENCE",
    "SQUEEZE",
    "STRIDED_SLICE",
    "SUB",
    "SUM",
    "TANH",
    "TRANSPOSE",
    "TRANSPOSE_CONV",
    "UNPACK",
    "VAR_HANDLE",
];

/// The reason why a model has no graph. Its text is complete and needs no `source`.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// the file as a whole
    #[error(transparent)]
    Model(#[from] tflite::Error),
    /// an operator that has no counterpart here
    #[error("operator {index} is {name}: supported are {}", SUPPORTED.join(", "))]
    Unsupported {
        /// index in the order of execution
        index: usize,
        /// its name: `FLOOR`, `BUILTIN_200`, or the name of a custom operator
        name: String,
    },
    /// an operator that contradicts its tensors or needs what is not supported
    #[error("operator {index} ({name}): {what}")]
    Operator {
        /// index in the order of execution
        index: usize,
        /// its name
        name: String,
        /// the finding
        what: String,
    },
    /// the ends of the model
    #[error("model: {0}")]
    Shape(String),
}
