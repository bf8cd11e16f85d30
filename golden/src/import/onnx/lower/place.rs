//! Tensors of the graph, and steps that bring their elements into another order.

use super::{Layout, Lowering, MAX_ELEMENTS};
use crate::graph::{self, Element, Operator, Quantized, Step, Tensor};
use crate::import::onnx::Node;
use crate::operators::{reshape, transpose};

/// A tensor of the model, stored in the graph.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Value {
    /// the tensor of the graph
    pub(super) place: usize,
    /// sizes in the model
    pub(super) shape: Vec<usize>,
    /// how the graph stores them
    pub(super) layout: Layout,
}

impl Value {
    pub(super) fn elements(&self) -> usize {
        self.shape.iter().product()
    }

    /// The shape `[batch, channels, height, width]` of an image; the height of a sequence is 1.
    pub(super) fn image(&self) -> Result<[usize; 4], String> {
        match self.shape[..] {
            [batch, channels, width] => Ok([batch, channels, 1, width]),
            [batch, channels, height, width] => Ok([batch, channels, height, width]),
            _ => Err(format!(
                "its input has shape {:?}: only images and sequences with channels are supported",
                self.shape
            )),
        }
    }
}

/// The order `[batch, height, width, channels]`, and the stored sizes.
pub(super) fn channels_last([batch, channels, height, width]: [usize; 4]) -> (Layout, Vec<usize>) {
    (Layout::new(&[batch, channels, height, width], &[0, 2, 3, 1]), vec![batch, height, width, channels])
}

/// Checks the number of elements of a shape.
pub(super) fn checked(shape: &[usize]) -> Result<usize, String> {
    let elements = shape.iter().try_fold(1usize, |n, &size| n.checked_mul(size));
    match elements {
        Some(elements) if (1..=MAX_ELEMENTS).contains(&elements) => Ok(elements),
        _ => Err(format!("a tensor of shape {shape:?}: from 1 to {MAX_ELEMENTS} elements are computed")),
    }
}

impl<'a> Lowering<'a> {
    /// A new tensor in the model's order.
    pub(super) fn value(
        &mut self,
        name: &str,
        shape: Vec<usize>,
        element: Element,
        quantization: Option<Quantized>,
    ) -> Result<Value, String> {
        let layout = Layout::plain(checked(&shape)?);
        Ok(Value { place: self.tensor(name, shape.clone(), element, quantization)?, shape, layout })
    }

    /// A new tensor, of a shape in the graph.
    pub(super) fn tensor(
        &mut self,
        name: &str,
        shape: Vec<usize>,
        element: Element,
        quantization: Option<Quantized>,
    ) -> Result<usize, String> {
        checked(&shape)?;
        self.tensors.push(Tensor { name: name.to_owned(), shape, element, quantization, constant: None });
        Ok(self.tensors.len() - 1)
    }

    /// Appends a step.
    pub(super) fn step(&mut self, node: &Node, inputs: Vec<usize>, output: usize, operator: Operator) {
        let (index, name) = (node.index, node.operator.clone());
        self.steps.push(Step { index, name, inputs, output, operator });
    }

    /// The stored elements in this order and with these stored sizes, moved if need be.
    pub(super) fn arranged(
        &mut self,
        node: &Node,
        value: &Value,
        layout: &Layout,
        stored: Vec<usize>,
    ) -> Result<usize, String> {
        let mut place = value.place;
        if value.layout != *layout {
            // Layouts that cannot be cut alike have the model's order between them.
            let plain = Layout::plain(value.elements());
            let ways = match value.layout.way_to(layout) {
                Some(way) => vec![Some(way)],
                None => vec![value.layout.way_to(&plain), plain.way_to(layout)],
            };
            for way in ways {
                let (sizes, permutation) = way.ok_or("it has a shape that cannot be transposed")?;
                place = self.reshaped(node, place, sizes.clone())?;
                let moved = permutation.iter().map(|&axis| sizes[axis]).collect();
                place = self.moved(node, place, moved, Operator::Transpose { permutation })?;
            }
        }
        self.reshaped(node, place, stored)
    }

    /// The stored elements in the order of the model, with its shape.
    pub(super) fn plain(&mut self, node: &Node, value: &Value) -> Result<usize, String> {
        self.arranged(node, value, &Layout::plain(value.elements()), value.shape.clone())
    }

    /// An image as `[batch, height, width, channels]`.
    pub(super) fn image(&mut self, node: &Node, value: &Value) -> Result<usize, String> {
        let (layout, stored) = channels_last(value.image()?);
        self.arranged(node, value, &layout, stored)
    }

    fn reshaped(&mut self, node: &Node, place: usize, shape: Vec<usize>) -> Result<usize, String> {
        if self.tensors[place].shape == shape {
            return Ok(place);
        }
        self.moved(node, place, shape, Operator::Reshape)
    }

    /// A tensor with the elements of another one, or a constant that they are moved in at once.
    fn moved(&mut self, node: &Node, from: usize, shape: Vec<usize>, operator: Operator) -> Result<usize, String> {
        let Tensor { name, element, quantization, constant, .. } = self.tensors[from].clone();
        let place = self.tensor(&name, shape.clone(), element, quantization)?;
        let constant = constant.map(|constant| match (constant, &operator) {
            (graph::Value::Integer(x), Operator::Transpose { permutation }) => transpose(&x, permutation),
            (graph::Value::Integer(x), _) => reshape(&x, &shape),
            (graph::Value::Float(_), _) => unreachable!("a constant of the graph has integers"),
        });
        match constant.transpose().map_err(|e| e.to_string())? {
            Some(constant) => self.tensors[place].constant = Some(graph::Value::Integer(constant)),
            None => {
                let name = if operator == Operator::Reshape { "Reshape" } else { "Transpose" }.to_owned();
                self.steps.push(Step { index: node.index, name, inputs: vec![from], output: place, operator });
            }
        }
        Ok(place)
    }
}
