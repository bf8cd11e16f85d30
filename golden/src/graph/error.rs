//! Why a graph does not run.

/// The text is complete: it needs no `source` to be understood.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// a step that leaves its contract
    #[error("operator {index} ({name}): {what}")]
    Operator {
        /// index in the order of execution
        index: usize,
        /// its name
        name: String,
        /// the finding
        what: String,
    },
    /// an input that is not the graph's
    #[error("input: {got}, expected {expected}")]
    Input {
        /// type and shape given, or the element that is out of bounds
        got: String,
        /// type and shape of the graph's input
        expected: String,
    },
}
