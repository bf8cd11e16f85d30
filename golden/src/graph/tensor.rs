//! What steps read and write.

use std::fmt;

use crate::Bounds;
use crate::operators::Array;

/// What the elements of a tensor are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Element {
    /// real numbers, before they are quantized or after they are dequantized
    Float32,
    /// integers of these bounds
    Integer(Bounds),
}

impl Element {
    /// -128..=127
    pub const INT8: Element = Element::Integer(Bounds::INT8);
    /// 0..=255
    pub const UINT8: Element = Element::Integer(Bounds::UINT8);
}

impl fmt::Display for Element {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Element::Float32 => f.write_str("FLOAT32"),
            Element::INT8 => f.write_str("INT8"),
            Element::UINT8 => f.write_str("UINT8"),
            Element::Integer(bounds) => write!(f, "integers of {}..={}", bounds.min(), bounds.max()),
        }
    }
}

/// Scale and zero point of an activation: `real = scale * (q - zero_point)`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Quantized {
    /// finite and positive
    pub scale: f32,
    /// one of the tensor's integers
    pub zero_point: i32,
}

/// A tensor between two steps, at an end of the network, or a constant that a step reads.
#[derive(Debug, Clone, PartialEq)]
pub struct Tensor {
    /// as in the network that it comes from, often the names of the layers that were fused into the step before it
    pub name: String,
    /// sizes, slowest first
    pub shape: Vec<usize>,
    /// what its elements are
    pub element: Element,
    /// what its integers stand for; `None` for floats
    pub quantization: Option<Quantized>,
    /// its elements, if they are the same in every run
    pub constant: Option<Value>,
}

impl Tensor {
    /// Number of its elements.
    pub fn elements(&self) -> usize {
        self.shape.iter().product()
    }
}

/// What a tensor holds while a network runs.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// quantized
    Integer(Array),
    /// before it is quantized or after it is dequantized
    Float(Array<f32>),
}

impl Value {
    /// Sizes, slowest first.
    pub fn shape(&self) -> &[usize] {
        match self {
            Value::Integer(array) => array.shape(),
            Value::Float(array) => array.shape(),
        }
    }
}
