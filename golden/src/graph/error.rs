//! Why a graph does not run.

/// The reason why a graph does not run. Its text is complete and needs no `source`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// a step that leaves the contract of its operator
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
