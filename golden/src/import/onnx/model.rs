//! The owned model: the contents of an ONNX file, checked and without protocol buffers.

use std::collections::BTreeMap;
use std::fmt;

/// The graph of a model, validated: every tensor is a constant, an input or the output of one node, and stands before the
/// nodes that read it.
#[derive(Clone, Debug, PartialEq)]
pub struct Model {
    pub(super) producer: String,
    pub(super) nodes: Vec<Node>,
    pub(super) constants: BTreeMap<String, Constant>,
    pub(super) inputs: Vec<Input>,
    pub(super) outputs: Vec<String>,
    pub(super) opsets: BTreeMap<String, i64>,
    pub(super) file_len: usize,
}

impl Model {
    /// Who wrote the file.
    #[must_use]
    pub fn producer(&self) -> &str {
        &self.producer
    }

    /// The nodes, in an order in which they can be run; without `Constant`, whose tensors are among the constants.
    #[must_use]
    pub fn nodes(&self) -> &[Node] {
        &self.nodes
    }

    /// The constants by their names.
    #[must_use]
    pub fn constants(&self) -> &BTreeMap<String, Constant> {
        &self.constants
    }

    /// The tensors that are fed from outside.
    #[must_use]
    pub fn inputs(&self) -> &[Input] {
        &self.inputs
    }

    /// The names of the tensors that are the result.
    #[must_use]
    pub fn outputs(&self) -> &[String] {
        &self.outputs
    }

    /// The version of each set of operators, by its domain.
    #[must_use]
    pub fn opsets(&self) -> &BTreeMap<String, i64> {
        &self.opsets
    }

    /// The version of ONNX's own operators.
    pub(super) fn opset(&self) -> i64 {
        self.opsets.get("").copied().unwrap_or(1)
    }
}

/// A tensor that is fed from outside.
#[derive(Clone, Debug, PartialEq)]
pub struct Input {
    /// Its name.
    pub name: String,
    /// Type of the elements.
    pub element: ElementType,
    /// Sizes, slowest first; `None` where the model leaves one open.
    pub shape: Vec<Option<usize>>,
}

/// One step of the computation.
#[derive(Clone, Debug, PartialEq)]
pub struct Node {
    /// Index in the file.
    pub index: usize,
    /// Its name; may be empty.
    pub name: String,
    /// Its operator, as `Conv`.
    pub operator: String,
    /// The set of operators, empty for ONNX's own.
    pub domain: String,
    /// Names of the tensors that it reads; empty for an optional one that is absent.
    pub inputs: Vec<String>,
    /// Names of the tensors that it writes; empty for one that is not wanted.
    pub outputs: Vec<String>,
    /// Its parameters by their names.
    pub attributes: BTreeMap<String, Attribute>,
}

impl Node {
    /// The name of an input, if it is there.
    #[must_use]
    pub fn input(&self, position: usize) -> Option<&str> {
        self.inputs.get(position).map(String::as_str).filter(|name| !name.is_empty())
    }
}

/// A parameter of a node.
#[derive(Clone, Debug, PartialEq)]
pub enum Attribute {
    /// A float.
    Float(f32),
    /// An integer.
    Int(i64),
    /// Text.
    Text(String),
    /// Floats.
    Floats(Vec<f32>),
    /// Integers.
    Ints(Vec<i64>),
    /// A graph, which control flow has.
    Graph,
    /// A kind that is not read.
    Unread,
}

/// Type of a tensor's elements.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ElementType {
    /// `f32`
    Float32,
    /// `i8`
    Int8,
    /// `u8`
    Uint8,
    /// `i32`
    Int32,
    /// `i64`
    Int64,
    /// Integers of 4 bits, which are widened to `i8`.
    Int4,
    /// Integers of 4 bits without sign, which are widened to `u8`.
    Uint4,
    /// Another type, by its number in the format.
    Other(i32),
}

impl ElementType {
    pub(super) fn from_code(code: i32) -> ElementType {
        match code {
            1 => Self::Float32,
            2 => Self::Uint8,
            3 => Self::Int8,
            6 => Self::Int32,
            7 => Self::Int64,
            21 => Self::Uint4,
            22 => Self::Int4,
            other => Self::Other(other),
        }
    }
}

impl fmt::Display for ElementType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        /// The names of the types that are not read, by their numbers.
        const NAMES: [(i32, &str); 12] = [
            (0, "of no type"),
            (4, "UINT16"),
            (5, "INT16"),
            (8, "STRING"),
            (9, "BOOL"),
            (10, "FLOAT16"),
            (11, "DOUBLE"),
            (12, "UINT32"),
            (13, "UINT64"),
            (16, "BFLOAT16"),
            (17, "FLOAT8E4M3FN"),
            (19, "FLOAT8E5M2"),
        ];
        f.write_str(match self {
            Self::Float32 => "FLOAT",
            Self::Int8 => "INT8",
            Self::Uint8 => "UINT8",
            Self::Int32 => "INT32",
            Self::Int64 => "INT64",
            Self::Int4 => "INT4",
            Self::Uint4 => "UINT4",
            Self::Other(code) => match NAMES.iter().find(|(number, _)| number == code) {
                Some((_, name)) => name,
                None => return write!(f, "type {code}"),
            },
        })
    }
}

/// A tensor that is part of the model.
#[derive(Clone, Debug, PartialEq)]
pub struct Constant {
    /// Type of the elements in the file.
    pub element: ElementType,
    /// Sizes, slowest first.
    pub shape: Vec<usize>,
    /// The elements, row-major.
    pub data: Data,
}

impl Constant {
    /// Number of its elements.
    #[must_use]
    pub fn elements(&self) -> usize {
        self.shape.iter().product()
    }
}

/// Elements of a constant.
#[derive(Clone, Debug, PartialEq)]
pub enum Data {
    /// Elements of [`ElementType::Float32`].
    F32(Vec<f32>),
    /// Elements of [`ElementType::Int8`] and [`ElementType::Int4`].
    I8(Vec<i8>),
    /// Elements of [`ElementType::Uint8`] and [`ElementType::Uint4`].
    U8(Vec<u8>),
    /// Elements of [`ElementType::Int32`].
    I32(Vec<i32>),
    /// Elements of [`ElementType::Int64`].
    I64(Vec<i64>),
    /// Elements of another type, which are not read.
    Unread,
}

impl Data {
    /// The elements as integers, if they have at most 32 bits.
    #[must_use]
    pub fn integers(&self) -> Option<Vec<i32>> {
        Some(match self {
            Data::I8(data) => data.iter().map(|&x| x.into()).collect(),
            Data::U8(data) => data.iter().map(|&x| x.into()).collect(),
            Data::I32(data) => data.clone(),
            Data::F32(_) | Data::I64(_) | Data::Unread => return None,
        })
    }
}
