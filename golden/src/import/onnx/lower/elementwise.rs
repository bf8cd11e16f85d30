//! Operators on several tensors element by element, and softmax.

use super::fuse::{Activation, Argument, Call};
use super::parameters::{bounds_of, element_of};
use super::place::{Value, checked};
use super::{Layout, Lowering};
use crate::graph::{self, Operator};
use crate::import::onnx::lower::parameters::{Parameters, axis_of};
use crate::import::onnx::{Constant, Node};
use crate::operators::{Array, Innermost, OrtAdd, OrtMul, OrtSoftmax, common_shape, concatenated_shape};

impl<'a> Lowering<'a> {
    /// Add or Mul.
    pub(super) fn binary(&mut self, call: &Call<'a>) -> Result<Value, String> {
        let [a, b] = &call.inputs[..] else {
            return Err(format!("{} operands: must be 2", call.inputs.len()));
        };
        let (a, b) = (self.operand_or_constant(call, a)?, self.operand_or_constant(call, b)?);
        let shape = common_shape(&a.value.shape, &b.value.shape);
        let shape = shape.ok_or_else(|| format!("shapes {:?} and {:?}", a.value.shape, b.value.shape))?;
        checked(&shape)?;
        let (node, output) = (call.node, &call.output);
        let scales = [a.scale.scale, b.scale.scale, output.scale.scale];
        let zero_points = [a.scale.zero_point, b.scale.zero_point, output.scale.zero_point];
        let bounds = bounds_of(output.element);
        let operator = match call.kind {
            "Add" => OrtAdd::new(scales, zero_points, Innermost::of(&a.value.shape, &b.value.shape), bounds)
                .map(Operator::OrtAdd),
            _ => OrtMul::new(scales, zero_points, bounds).map(Operator::OrtMul),
        };
        let operator = operator.map_err(|e| e.to_string())?;
        // Tensors of one shape that stand in one order may stay so, whatever the order is.
        let (inputs, stored, layout) = if a.value.shape == b.value.shape && a.value.layout == b.value.layout {
            let stored = self.tensors[a.value.place].shape.clone();
            let second = self.arranged(node, &b.value, &a.value.layout, stored.clone())?;
            (vec![a.value.place, second], stored, a.value.layout.clone())
        } else {
            let rank = shape.len();
            let image = matches!(rank, 3 | 4) && self.is_image(&[&a.value, &b.value]);
            let mut places = Vec::new();
            for value in [&a.value, &b.value] {
                let padded = [vec![1; rank - value.shape.len()], value.shape.clone()].concat();
                places.push(self.dimensions(node, value, &padded, image)?);
            }
            let sizes = places.iter().map(|&place| &self.tensors[place].shape[..]).collect::<Vec<_>>();
            let stored = common_shape(sizes[0], sizes[1]).ok_or("shapes do not go together")?;
            (places, stored, self.layout_of(&shape, image)?)
        };
        let place = self.tensor(&output.name, stored, output.element, Some(output.scale))?;
        self.step(node, inputs, place, operator);
        Ok(Value { place, shape, layout })
    }

    /// An activation, or a constant as a tensor of the graph.
    fn operand_or_constant(&mut self, call: &Call<'a>, argument: &Argument<'a>) -> Result<Activation, String> {
        match argument {
            Argument::Activation(activation) => Ok(activation.clone()),
            Argument::Constant(constant, parameters) => self.constant_operand(call.node, constant, parameters),
            Argument::Plain(_) => {
                Err("an operand is a constant of floats, which ONNX Runtime adds in float32".to_owned())
            }
        }
    }

    fn constant_operand(
        &mut self,
        node: &Node,
        constant: &Constant,
        parameters: &Parameters,
    ) -> Result<Activation, String> {
        let (scale, element) = parameters.of_activation()?;
        let integers = constant.data.integers().ok_or("an operand is no constant of integers")?;
        if element_of(constant.element)? != element {
            return Err(format!("an operand is {}, and its zero point {element}", constant.element));
        }
        self.take(integers.len().saturating_mul(4))?;
        let value = self.value(&node.name, constant.shape.clone(), element, Some(scale))?;
        let array = Array::new("constant", constant.shape.clone(), integers).map_err(|e| e.to_string())?;
        self.tensors[value.place].constant = Some(graph::Value::Integer(array));
        Ok(Activation { value, scale, element })
    }

    /// Concat. An input of another scale than the output is quantized anew.
    pub(super) fn concatenation(&mut self, call: &Call<'a>) -> Result<Value, String> {
        let (node, output) = (call.node, &call.output);
        let inputs = (0..call.inputs.len()).map(|i| call.activation(i).cloned()).collect::<Result<Vec<_>, _>>()?;
        let shapes: Vec<&[usize]> = inputs.iter().map(|x| &x.value.shape[..]).collect();
        let rank = shapes.first().map_or(0, |shape| shape.len());
        let axis = axis_of(self.integer(node, "axis", 1)?, rank)?;
        let shape = concatenated_shape(&shapes, axis).map_err(|e| e.to_string())?;
        checked(&shape)?;
        let image = self.is_image(&inputs.iter().map(|x| &x.value).collect::<Vec<_>>());
        let mut places = Vec::new();
        for x in &inputs {
            let same = x.scale == output.scale && x.element == output.element;
            let value = if same { x.value.clone() } else { self.table(node, &x.value, x.scale, &[], output)? };
            places.push(self.dimensions(node, &value, &value.shape, image)?);
        }
        let axis = match (image, axis, rank) {
            (false, axis, _) | (true, axis @ 0, _) => axis,
            (true, 1, _) => 3,
            // The height of a sequence stands before its width.
            (true, _, 3) => 2,
            (true, axis, _) => axis - 1,
        };
        let sizes: Vec<&[usize]> = places.iter().map(|&place| &self.tensors[place].shape[..]).collect();
        let stored = concatenated_shape(&sizes, axis).map_err(|e| e.to_string())?;
        let place = self.tensor(&output.name, stored, output.element, Some(output.scale))?;
        self.step(node, places, place, Operator::Concatenation { axis });
        Ok(Value { place, layout: self.layout_of(&shape, image)?, shape })
    }

    /// Softmax along a dimension; before version 13 over all elements from a dimension on.
    pub(super) fn softmax(&mut self, call: &Call<'a>) -> Result<Value, String> {
        let (x, node, output) = (call.activation(0)?.clone(), call.node, &call.output);
        let shape = x.value.shape.clone();
        let opset = self.integer(node, "opset", self.model.opset())?;
        let axis = axis_of(self.integer(node, "axis", if opset < 13 { 1 } else { -1 })?, shape.len())?;
        let last = if opset < 13 { shape.len() } else { axis + 1 };
        // The dimension is brought to the end, and then back to its place.
        let there: Vec<usize> = (0..axis).chain(last..shape.len()).chain(axis..last).collect();
        let back: Vec<usize> =
            (0..shape.len()).map(|i| there.iter().position(|&from| from == i).unwrap_or(i)).collect();
        let moved: Vec<usize> = there.iter().map(|&i| shape[i]).collect();
        let row: usize = shape[axis..last].iter().product();
        let rows = vec![x.value.elements() / row, row];
        let layout = x.value.layout.transposed(&shape, &there);
        let value = match layout {
            Some(layout) => Value { shape: moved.clone(), layout, ..x.value },
            None => return Err("along a dimension that is cut by a Reshape before it".to_owned()),
        };
        let plain = Layout::plain(value.elements());
        let from = self.arranged(node, &value, &plain, rows.clone())?;
        let scales = [x.scale.scale, output.scale.scale];
        let parameters = OrtSoftmax::new(scales, row, output.scale.zero_point, bounds_of(output.element));
        let parameters = parameters.map_err(|e| e.to_string())?;
        self.take(256 * size_of::<f32>())?;
        let place = self.tensor(&output.name, rows, output.element, Some(output.scale))?;
        self.step(node, vec![from], place, Operator::OrtSoftmax(parameters));
        let layout = plain.transposed(&moved, &back).ok_or("it cannot be transposed")?;
        Ok(Value { place, shape, layout })
    }
}
