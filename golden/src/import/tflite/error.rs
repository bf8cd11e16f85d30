//! The one error type of the import.

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
    /// The file is of another format.
    #[error("not a TensorFlow Lite model: bytes 4 to 7 must be \"TFL3\", got {got}")]
    Foreign {
        /// The identifier in the file, escaped.
        got: String,
    },
    /// The identifier is right, but the rest is no well-formed flatbuffer.
    #[error("damaged TensorFlow Lite file of {len} bytes: {what}")]
    Damaged {
        /// Length of the file.
        len: usize,
        /// The verifier's finding and the path to it.
        what: String,
    },
    /// The model as a whole is not what we support.
    #[error("model: {what}")]
    Model {
        /// The finding.
        what: String,
    },
    /// A tensor contradicts itself or needs what we do not support.
    #[error("tensor {index} ({name}): {what}")]
    Tensor {
        /// Index in the subgraph.
        index: usize,
        /// Its name, shortened.
        name: String,
        /// The finding.
        what: String,
    },
    /// An operator contradicts its tensors or needs what we do not support.
    #[error("operator {index} ({name}): {what}")]
    Operator {
        /// Index in the order of execution.
        index: usize,
        /// Its name, as `FULLY_CONNECTED`.
        name: String,
        /// The finding.
        what: String,
    },
    /// The same bytes are referred to so often that the model would be far larger than its file.
    #[error(
        "the file refers to the same bytes so often that it stands for more than {limit}, {EXPANSION} times its length"
    )]
    Expansion {
        /// The limit for this file.
        limit: usize,
    },
}

/// Greatest ratio of a file's size without sharing to its length. The same ratio limits constants and layers.
pub(super) const EXPANSION: usize = 8;

/// The memory that further constants may take.
pub(crate) struct Budget {
    limit: usize,
    left: usize,
}

impl Budget {
    pub(crate) fn of_file(len: usize) -> Self {
        let limit = len.saturating_mul(EXPANSION);
        Self { limit, left: limit }
    }

    pub(crate) fn take(&mut self, bytes: usize) -> Result<(), Error> {
        self.left = self.left.checked_sub(bytes).ok_or(Error::Expansion { limit: self.limit })?;
        Ok(())
    }
}
