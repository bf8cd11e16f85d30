//! The tensors that steps read and write.

use std::fmt;

use crate::Bounds;
use crate::operators::Array;

/// The type of a tensor's elements.
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
    /// -32768..=32767
    pub const INT16: Element = Element::Integer(Bounds::INT16);
}

impl fmt::Display for Element {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Element::Float32 => f.write_str("FLOAT32"),
            Element::INT8 => f.write_str("INT8"),
            Element::UINT8 => f.write_str("UINT8"),
            Element::INT16 => f.write_str("INT16"),
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

/// A tensor between two steps or at an end of the network, or a constant that a step reads.
#[derive(Debug, Clone, PartialEq)]
pub struct Tensor {
    /// name in the network from which it was made, often the names of the layers that were fused into the step before
    /// it
    pub name: String,
    /// sizes, slowest first
    pub shape: Vec<usize>,
    /// type of its elements
    pub element: Element,
    /// scale and zero point of its integers; `None` for floats
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

/// The value of a tensor while a network runs.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// integers
    Integer(Array),
    /// floats, before they are quantized or after they are dequantized
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
