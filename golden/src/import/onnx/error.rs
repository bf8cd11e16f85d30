//! The one error type of the import of ONNX models.

use std::path::PathBuf;

/// The reason why a file is not a model that we can use. Its text is complete and needs no `source`.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The file could not be read.
    #[error("cannot read {}: {cause}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// The message of the operating system.
        cause: std::io::Error,
    },
    /// The file is too large to be one of the networks that we import.
    #[error("the file has {got} bytes: at most {limit} are read")]
    FileSize {
        /// Its length.
        got: u64,
        /// The greatest length that is read.
        limit: u64,
    },
    /// The bytes are no well-formed ONNX file.
    #[error("not an ONNX model, or a damaged one, of {len} bytes: {what}")]
    Damaged {
        /// Length of the file.
        len: usize,
        /// The finding.
        what: String,
    },
    /// The model as a whole is not what we support.
    #[error("model: {what}")]
    Model {
        /// The finding.
        what: String,
    },
    /// A constant contradicts itself or needs what we do not support.
    #[error("tensor {name}: {what}")]
    Tensor {
        /// Its name, quoted and shortened.
        name: String,
        /// The finding.
        what: String,
    },
    /// A node contradicts its tensors or needs what we do not support.
    #[error("node {index} {name} ({operator}): {what}")]
    Node {
        /// Index in the order of the file.
        index: usize,
        /// Its name, quoted and shortened.
        name: String,
        /// Its operator, as `Conv`.
        operator: String,
        /// The finding.
        what: String,
    },
}
