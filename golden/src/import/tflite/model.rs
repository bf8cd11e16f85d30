//! The owned model: what a `.tflite` file says, checked and without flatbuffers.

use std::{fmt, fs, io::Read as _, path::Path, sync::Arc};

use super::error::Budget;
use super::{Activation, Error, reader};

/// The one subgraph of a model, validated.
///
/// Every tensor index in it is in range, every shape fits its data, every scale is finite and positive, or 0 of a
/// constant, and every zero point is a value of its tensor's type.
#[derive(Clone, Debug, PartialEq)]
pub struct Model {
    pub(super) tensors: Vec<Tensor>,
    pub(super) operators: Vec<Operator>,
    pub(super) inputs: Vec<usize>,
    pub(super) outputs: Vec<usize>,
    pub(super) file_len: usize,
}

impl Model {
    /// The greatest file that is read: 256 MiB.
    pub const MAX_FILE_BYTES: u64 = 256 << 20;

    /// Reads the model in the file at `path`.
    ///
    /// # Errors
    ///
    /// As [`Model::from_bytes`], and where the file cannot be read.
    pub fn read(path: impl AsRef<Path>) -> Result<Self, Error> {
        let path = path.as_ref();
        let mut bytes = Vec::new();
        // One byte above the limit is enough for `from_bytes` to refuse the rest.
        fs::File::open(path)
            .and_then(|file| file.take(Self::MAX_FILE_BYTES + 1).read_to_end(&mut bytes))
            .map_err(|cause| Error::Read { path: path.to_owned(), cause })?;
        Self::from_bytes(&bytes)
    }

    /// Reads a model from the bytes of a `.tflite` file.
    ///
    /// # Errors
    ///
    /// Where the bytes are not a well-formed model of one subgraph, or the model says what we cannot honour.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, Error> {
        reader::read(bytes)
    }

    /// All tensors, constants included.
    #[must_use]
    pub fn tensors(&self) -> &[Tensor] {
        &self.tensors
    }

    /// The operators, in the order of execution.
    #[must_use]
    pub fn operators(&self) -> &[Operator] {
        &self.operators
    }

    /// Indices of the tensors that are fed from outside.
    #[must_use]
    pub fn inputs(&self) -> &[usize] {
        &self.inputs
    }

    /// Indices of the tensors that are the result.
    #[must_use]
    pub fn outputs(&self) -> &[usize] {
        &self.outputs
    }

    /// As much as the constants of this model may take once they are written out.
    pub(crate) fn budget(&self) -> Budget {
        Budget::of_file(self.file_len)
    }
}

/// A tensor: an activation, or a constant if it has data.
#[derive(Clone, Debug, PartialEq)]
pub struct Tensor {
    /// As written in the file, often the names of the layers that were fused into it.
    pub name: String,
    /// Sizes, slowest first; at most 2^31 - 1 elements in all.
    pub shape: Vec<usize>,
    /// Type of the elements.
    pub element: ElementType,
    /// Scale and zero point, for a quantized tensor.
    pub quantization: Option<Quantization>,
    /// The elements of a constant, row-major.
    pub data: Option<Data>,
    /// The elements stand in the file beside the flatbuffer, where TensorFlow Lite Micro does not read them.
    pub outside: bool,
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
    /// `i16`
    Int16,
    /// `i32`
    Int32,
    /// `i64`
    Int64,
    /// Another type, by its number in the schema: its data stays bytes.
    Other(i8),
}

impl ElementType {
    /// Bytes of one element, where the type is known.
    pub(super) fn size(self) -> Option<usize> {
        match self {
            Self::Int8 | Self::Uint8 => Some(1),
            Self::Int16 => Some(2),
            Self::Float32 | Self::Int32 => Some(4),
            Self::Int64 => Some(8),
            Self::Other(_) => None,
        }
    }

    /// Least and greatest zero point.
    pub(super) fn zero_point_range(self) -> (i64, i64) {
        match self {
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
            Self::Int8 => "INT8",
            Self::Uint8 => "UINT8",
            Self::Int16 => "INT16",
            Self::Int32 => "INT32",
            Self::Int64 => "INT64",
            Self::Other(code) => return write!(f, "type {code}"),
        })
    }
}

/// `real = scales[c] * (q - zero_points[c])`, where `c` is the index along `dimension`, or 0 if there is one scale.
#[derive(Clone, Debug, PartialEq)]
pub struct Quantization {
    /// Finite and positive, or 0 of a constant; one, or as many as the dimension has indices.
    pub scales: Vec<f32>,
    /// As many as scales.
    pub zero_points: Vec<i64>,
    /// The dimension that several scales belong to.
    pub dimension: usize,
}

/// Elements of a constant tensor, row-major.
#[derive(Clone, Debug, PartialEq)]
pub enum Data {
    /// Of [`ElementType::Float32`].
    F32(Vec<f32>),
    /// Of [`ElementType::Int8`].
    I8(Vec<i8>),
    /// Of [`ElementType::Uint8`].
    U8(Vec<u8>),
    /// Of [`ElementType::Int16`].
    I16(Vec<i16>),
    /// Of [`ElementType::Int32`].
    I32(Vec<i32>),
    /// Of [`ElementType::Int64`].
    I64(Vec<i64>),
    /// Of [`ElementType::Other`], undecoded.
    Bytes(Vec<u8>),
}

/// One step of the computation.
#[derive(Clone, Debug, PartialEq)]
pub struct Operator {
    /// `FULLY_CONNECTED`, `BUILTIN_200` for a number without a name here, or the name of a custom operator.
    pub name: Arc<str>,
    /// Tensor indices; `None` is an optional input that is absent.
    pub inputs: Vec<Option<usize>>,
    /// Tensor indices.
    pub outputs: Vec<usize>,
    /// What the operator is told beside its tensors.
    pub options: Options,
}

/// How much an image is enlarged before a window moves over it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Padding {
    /// So that there are `ceil(size / stride)` outputs.
    Same,
    /// Not at all.
    Valid,
}

/// Options of the operators that we can compute; those that the file leaves out have the format's defaults. Pairs are
/// height and width, from 1 to 65,536.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Options {
    /// Of `CONV_2D`.
    Conv2d {
        /// Of the image.
        padding: Padding,
        /// From one output to the next.
        stride: [usize; 2],
        /// From one tap to the next.
        dilation: [usize; 2],
        /// Fused into the bounds of the output.
        activation: Activation,
    },
    /// Of `DEPTHWISE_CONV_2D`.
    DepthwiseConv2d {
        /// Of the image.
        padding: Padding,
        /// From one output to the next.
        stride: [usize; 2],
        /// From one tap to the next.
        dilation: [usize; 2],
        /// Outputs for each channel, as TensorFlow Lite Micro obeys it; LiteRT divides outputs by channels, and old
        /// converters have left 0 here.
        depth_multiplier: usize,
        /// Fused into the bounds of the output.
        activation: Activation,
    },
    /// Of `AVERAGE_POOL_2D` and `MAX_POOL_2D`.
    Pool2d {
        /// Of the image.
        padding: Padding,
        /// From one output to the next.
        stride: [usize; 2],
        /// Size of the window.
        filter: [usize; 2],
        /// Fused into the bounds of the output.
        activation: Activation,
    },
    /// Of `ADD`, `SUB` and `MUL`.
    Elementwise {
        /// Fused into the bounds of the output.
        activation: Activation,
    },
    /// Of `SOFTMAX`.
    Softmax {
        /// The factor of the exponents.
        beta: f32,
    },
    /// Of `RESHAPE`, `PAD`, `QUANTIZE` and `DEQUANTIZE`, whose tensors say everything.
    None,
    /// Of `FULLY_CONNECTED`.
    FullyConnected {
        /// The output has the shape of the input but for the last size; else it is `[rows, units]`.
        keep_num_dims: bool,
        /// Fused into the bounds of the output.
        activation: Activation,
    },
    /// Of an operator that we cannot compute; not read.
    Unread,
}
