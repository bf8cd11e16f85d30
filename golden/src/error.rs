//! The errors of parameters and values.

/// A parameter or value outside its contract: what, the limit, what it got.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// an integer parameter outside its range
    #[error("{what}: {got} is outside {min}..={max}")]
    OutOfRange {
        /// name of the parameter
        what: &'static str,
        /// least value
        min: i64,
        /// greatest value
        max: i64,
        /// value given
        got: i64,
    },
    /// bounds in the wrong order
    #[error("min: {min} is greater than max, {max}")]
    EmptyBounds {
        /// lower bound given
        min: i64,
        /// upper bound given
        max: i64,
    },
    /// a real factor that has no multiplier
    #[error("real: {got:?} is not {limit}")]
    Real {
        /// the possible values
        limit: &'static str,
        /// value given
        got: f64,
    },
    /// a real parameter outside its range
    #[error("{what}: {got:?} is not {limit}")]
    Float {
        /// name of the parameter
        what: &'static str,
        /// the possible values
        limit: String,
        /// value given
        got: f64,
    },
    /// an element of a list or tensor of reals outside its range
    #[error("{what}: element {index} is {got:?}, not {limit}")]
    Value {
        /// name of the list or tensor
        what: &'static str,
        /// number of the element, row-major
        index: usize,
        /// the possible values
        limit: &'static str,
        /// value given
        got: f64,
    },
    /// a multiplier width for which the rule is not defined
    #[error("multiplier width: {rule} is defined for 32 bits, got {bits}")]
    Width {
        /// the rule
        rule: &'static str,
        /// width given
        bits: u32,
    },
    /// the reference's accumulator, or its result, overflows
    #[error("acc: {acc} is outside {min}..={max}, where {rule} is defined at multiplier {multiplier}, shift {shift}")]
    Accumulator {
        /// the accumulator
        acc: i128,
        /// least accumulator
        min: i64,
        /// greatest accumulator
        max: i64,
        /// the rule
        rule: &'static str,
        /// multiplier
        multiplier: i64,
        /// shift
        shift: i32,
    },
    /// a factor for which the rule is not defined
    #[error("real_multiplier: {got:?} is not {limit}, as {rule} needs")]
    Factor {
        /// the rule
        rule: &'static str,
        /// the possible values
        limit: &'static str,
        /// value given
        got: f64,
    },
    /// a request with a factor of another kind than its rule multiplies by
    #[error("request: rule: {rule} takes {takes}")]
    Takes {
        /// the rule
        rule: &'static str,
        /// kind of factor that the rule multiplies by
        takes: &'static str,
    },
    /// a rule without multiplier and shift, where hardware needs them
    #[error("rule: {rule} is no hardware; ask `gen golden`")]
    NoHardware {
        /// the rule
        rule: &'static str,
    },
    /// a clamp of floats to a bound that is no float
    #[error("{what}: less the zero point it is {less_zero}, which is no float, and f32_even clamps floats")]
    NoFloat {
        /// name of the bound
        what: &'static str,
        /// the bound, less the zero point
        less_zero: i64,
    },
    /// an accumulator, or its product by a real factor, that the reference cannot hold
    #[error("acc: {acc} is not {limit}, where {rule} is defined at real_multiplier {factor:?}")]
    RealAccumulator {
        /// the accumulator
        acc: i128,
        /// the possible values
        limit: String,
        /// the rule
        rule: &'static str,
        /// real factor
        factor: f64,
    },
    /// a sum of products that leaves the accumulator
    #[error("element [{row}, {col}]: {source}")]
    Element {
        /// row of the result
        row: usize,
        /// column of the result
        col: usize,
        /// why
        source: Box<Error>,
    },
    /// an element of an array that has no value
    #[error("element {index:?}: {source}")]
    At {
        /// its index, slowest first
        index: Vec<usize>,
        /// why
        source: Box<Error>,
    },
    /// shapes that do not go together
    #[error("{what}: shape {got:?}, expected {expected}")]
    Shape {
        /// name of the tensor
        what: &'static str,
        /// its shape
        got: Vec<usize>,
        /// shape that it has to have
        expected: String,
    },
    /// a word or number that is not in the list
    #[error("{what}: {got} is none of {expected}")]
    Unknown {
        /// what the word names
        what: &'static str,
        /// what was given
        got: String,
        /// the list, separated by commas
        expected: String,
    },
    /// text that is no request
    #[error("request: {0}")]
    Request(String),
}

impl Error {
    /// The error for `got` in the place of a `what`, which is not one of `expected`.
    pub fn unknown(what: &'static str, got: impl ToString, expected: &[impl ToString]) -> Error {
        let expected: Vec<String> = expected.iter().map(ToString::to_string).collect();
        Error::Unknown { what, got: got.to_string(), expected: expected.join(", ") }
    }
}
