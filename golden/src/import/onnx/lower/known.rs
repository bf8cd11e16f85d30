//! What is known of a tensor of the model while the graph is made.

use std::borrow::Cow;

use super::Lowering;
use super::parameters::Parameters;
use super::place::Value;
use crate::graph::{Element, Operator, Quantized};
use crate::import::onnx::{Constant, Node};
use crate::operators::{DequantizeRounding, Function};

/// A tensor of the model.
#[derive(Debug, Clone)]
pub(super) enum Known<'a> {
    /// integers of 8 bits in the graph
    Integer(Value),
    /// floats in the graph
    Real(Value),
    /// integers in the graph as reals, with functions of them; nothing is computed before it is known who reads them
    Dequantized(Dequantized),
    /// the output of an operator on dequantized inputs, which is computed together with the QuantizeLinear behind it; and
    /// functions of this output
    Pending(&'a Node, Vec<Function>),
    /// a constant; its integers are reals by these parameters, if there are any
    Constant(Cow<'a, Constant>, Option<Parameters>),
}

/// Integers of the graph as reals.
#[derive(Debug, Clone)]
pub(super) struct Dequantized {
    pub(super) value: Value,
    pub(super) scale: Quantized,
    pub(super) functions: Vec<Function>,
}

impl<'a> Lowering<'a> {
    /// What is known of an input of a node.
    pub(super) fn read(&self, node: &Node, position: usize) -> Result<Known<'a>, String> {
        let name = node.input(position).ok_or_else(|| format!("input {position} is missing"))?;
        if let Some(known) = self.known.get(name) {
            return Ok(known.clone());
        }
        match self.model.constants().get(name) {
            Some(constant) => Ok(Known::Constant(Cow::Borrowed(constant), None)),
            None => Err(format!("input {name:?} is an output that is not read")),
        }
    }

    /// Integers of 8 bits that are an input of a node.
    pub(super) fn integers(&self, node: &Node, position: usize) -> Result<Value, String> {
        match self.read(node, position)? {
            Known::Integer(value) => Ok(value),
            Known::Constant(..) => {
                Err(format!("input {position} is a constant, which this operator cannot have there"))
            }
            _ => Err(format!("input {position} is no tensor of INT8 or UINT8")),
        }
    }

    /// The one output of a node.
    pub(super) fn output_name(&self, node: &'a Node) -> Result<&'a str, String> {
        match &node.outputs[..] {
            [name] if !name.is_empty() => Ok(name),
            [name, others @ ..] if others.iter().all(|other| !self.readers.contains_key(other.as_str())) => Ok(name),
            _ => Err(format!("{} outputs: must be 1", node.outputs.len())),
        }
    }

    pub(super) fn element(&self, value: &Value) -> Element {
        self.tensors[value.place].element
    }

    /// Puts the floats of a tensor into the graph, if it has none there.
    pub(super) fn reveal(&mut self, node: &'a Node, name: &'a str) -> Result<(), String> {
        let value = match self.known.get(name).cloned() {
            Some(Known::Dequantized(Dequantized { value, scale, functions, .. })) if functions.is_empty() => {
                let shape = self.tensors[value.place].shape.clone();
                let place = self.tensor(name, shape, Element::Float32, None)?;
                let (zero_point, scale) = (scale.zero_point, scale.scale);
                let operator = Operator::Dequantize { zero_point, scale, rounding: DequantizeRounding::Once };
                self.step(node, vec![value.place], place, operator);
                Value { place, ..value }
            }
            Some(Known::Pending(layer, functions)) if functions.is_empty() => self.float_product(layer)?,
            Some(Known::Real(_) | Known::Integer(_) | Known::Constant(..)) => return Ok(()),
            _ => return Err("a function of floats, which ONNX Runtime computes in float32".to_owned()),
        };
        self.known.insert(name, Known::Real(value));
        Ok(())
    }
}
