//! The owned model: the contents of a `.tflite` file, checked and without flatbuffers.

use std::fmt;
use std::sync::Arc;

use super::Options;
use super::error::Budget;

/// The subgraphs of a model, validated. The first one is the network; `CALL_ONCE` names others.
///
/// Every tensor index is in range of its subgraph, and every shape fits its data. Every scale is finite and positive;
/// the scale of a constant may be 0. Every zero point is a value of its tensor's type.
#[derive(Clone, Debug, PartialEq)]
pub struct Model {
    pub(super) main: Subgraph,
    pub(super) others: Vec<Subgraph>,
    pub(super) variables: Vec<String>,
    pub(super) file_len: usize,
}

/// Operators, and the tensors that they read and write.
#[derive(Clone, Debug, PartialEq)]
pub struct Subgraph {
    /// All tensors, constants included.
    pub tensors: Vec<Tensor>,
    /// The operators, in the order of execution.
    pub operators: Vec<Operator>,
    /// Indices of the tensors that are fed from outside.
    pub inputs: Vec<usize>,
    /// Indices of the tensors that are the result.
    pub outputs: Vec<usize>,
}

impl Model {
    /// All tensors of the network, constants included.
    #[must_use]
    pub fn tensors(&self) -> &[Tensor] {
        &self.main.tensors
    }

    /// The operators of the network, in the order of execution.
    #[must_use]
    pub fn operators(&self) -> &[Operator] {
        &self.main.operators
    }

    /// Indices of the tensors that are fed from outside.
    #[must_use]
    pub fn inputs(&self) -> &[usize] {
        &self.main.inputs
    }

    /// Indices of the tensors that are the result.
    #[must_use]
    pub fn outputs(&self) -> &[usize] {
        &self.main.outputs
    }

    /// A subgraph behind the network, of which the first has the number 1.
    #[must_use]
    pub fn subgraph(&self, number: usize) -> Option<&Subgraph> {
        self.others.get(number.checked_sub(1)?)
    }

    /// Names of the variables, as `VAR_HANDLE` numbers them.
    #[must_use]
    pub fn variables(&self) -> &[String] {
        &self.variables
    }

    /// The memory that the constants of this model may take once they are written out.
    pub(crate) fn budget(&self) -> Budget {
        Budget::of_file(self.file_len)
    }
}

/// A tensor: an activation, or a constant if it has data.
#[derive(Clone, Debug, PartialEq)]
pub struct Tensor {
    /// Name in the file, often the names of the layers that were fused into one.
    pub name: String,
    /// Sizes, slowest first; at most 2^31 - 1 elements in all.
    pub shape: Vec<usize>,
    /// Type of the elements.
    pub element: ElementType,
    /// Scale and zero point, for a quantized tensor.
    pub quantization: Option<Quantization>,
    /// The elements of a constant, row-major.
    pub data: Option<Data>,
    /// Whether the elements stand in the file beside the flatbuffer, where TensorFlow Lite Micro does not read them.
    pub outside: bool,
}

/// Type of a tensor's elements.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ElementType {
    /// `f32`
    Float32,
    /// integers of 4 bits, two in a byte
    Int4,
    /// `i8`
    Int8,
    /// `u8`
    Uint8,
    /// `i16`
    Int16,
    /// `i32`
    Int32,
    /// `i64`
    Int64,
    /// a handle of a variable
    Resource,
    /// Another type, by its number in the schema. Its data stays bytes.
    Other(i8),
}

impl ElementType {
    /// Bytes of one element, where the type is known and has whole bytes.
    pub(super) fn size(self) -> Option<usize> {
        match self {
            Self::Int8 | Self::Uint8 => Some(1),

            Self::Int16 => Some(2),
            Self::Float32 | Self::Int32 => Some(4),
            Self::Int64 => Some(8),
            Self::Int4 | Self::Resource | Self::Other(_) => None,
        }
    }

    /// Least and greatest zero point.
    pub(super) fn zero_point_range(self) -> (i64, i64) {
        match self {
            Self::Int4 => (-8, 7),
            Self::Int8 => (i8::MIN.into(), i8::MAX.into()),
            Self::Uint8 => (0, u8::MAX.into()),
            Self::Int16 => (i16::MIN.into(), i16::MAX.into()),
            _ => (i32::MIN.into(), i32::MAX.into()),
        }
    }
}

impl fmt::Display for ElementType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Float32 => "FLOAT32",
            Self::Int4 => "INT4",
            Self::Int8 => "INT8",
            Self::Uint8 => "UINT8",
            Self::Int16 => "INT16",
            Self::Int32 => "INT32",
            Self::Int64 => "INT64",
            Self::Resource => "RESOURCE",
            Self::Other(code) => return write!(f, "type {code}"),
        })
    }
}

/// `real = scales[c] * (q - zero_points[c])`, where `c` is the index along `dimension`, or 0 if there is one scale.
#[derive(Clone, Debug, PartialEq)]
pub struct Quantization {
    /// One scale, or one for each index of the dimension. Each is finite and positive; the scale of a constant may be
    /// 0.
    pub scales: Vec<f32>,
    /// One zero point for each scale.
    pub zero_points: Vec<i64>,
    /// The dimension that several scales belong to.
    pub dimension: usize,
}

/// Elements of a constant tensor, row-major.
#[derive(Clone, Debug, PartialEq)]
pub enum Data {
    /// Elements of [`ElementType::Float32`].
    F32(Vec<f32>),
    /// Elements of [`ElementType::Int8`] or, unpacked, of [`ElementType::Int4`].
    I8(Vec<i8>),
    /// Elements of [`ElementType::Uint8`].
    U8(Vec<u8>),
    /// Elements of [`ElementType::Int16`].
    I16(Vec<i16>),
    /// Elements of [`ElementType::Int32`].
    I32(Vec<i32>),
    /// Elements of [`ElementType::Int64`].
    I64(Vec<i64>),
    /// Bytes of elements of other types, undecoded.
    Bytes(Vec<u8>),
}

/// One step of the computation.
#[derive(Clone, Debug, PartialEq)]
pub struct Operator {
    /// Name of the operator: `FULLY_CONNECTED`, `BUILTIN_200` for a number without a name here, or the name of a custom
    /// operator.
    pub name: Arc<str>,
    /// Indices of the input tensors. `None` stands for an optional input that is absent.
    pub inputs: Vec<Option<usize>>,
    /// Tensor indices.
    pub outputs: Vec<usize>,
    /// Parameters of the operator beside its tensors.
    pub options: Options,
}

impl Operator {
    /// The dimension of the output channels in the weights, which are input 1; `None` of an operator without weights.
    pub fn channel_axis(&self) -> Option<usize> {
        match self.options {
            Options::FullyConnected { .. } | Options::Conv2d { .. } | Options::TransposeConv { .. } => Some(0),
            Options::DepthwiseConv2d { .. } => Some(3),
            _ => None,
        }
    }
}
