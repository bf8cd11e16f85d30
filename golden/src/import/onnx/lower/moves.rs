//! Operators that move elements, or pick the greatest of some: they do so with integers as with the reals that these are.

mod resize;

use super::known::{Dequantized, Known};
use super::parameters::axis_of;
use super::place::{Value, channels_last, checked};
use super::{Layout, Lowering};
use crate::graph::Operator;
use crate::import::onnx::{Attribute, Data, Node};
use crate::operators::Function;

/// Names of these operators.
pub(super) const MOVES: [&str; 9] =
    ["Flatten", "Identity", "MaxPool", "Reshape", "Resize", "Slice", "Squeeze", "Transpose", "Unsqueeze"];

pub(super) fn is_move(name: &str) -> bool {
    MOVES.contains(&name)
}

impl<'a> Lowering<'a> {
    /// Lowers one of these operators, on integers, on the reals that they are, or on floats.
    pub(super) fn moving(&mut self, node: &'a Node) -> Result<(), String> {
        let known = match self.read(node, 0)? {
            Known::Integer(value) => Known::Integer(self.moved_elements(node, &value)?),
            Known::Dequantized(dequantized) => {
                let falls = |function: &Function| matches!(function, Function::LeakyRelu(slope) if *slope < 0.0 || slope.is_nan());
                if node.operator == "MaxPool" && dequantized.functions.iter().any(falls) {
                    return Err("the greatest of the values of a LeakyRelu with a negative slope".to_owned());
                }
                let value = self.moved_elements(node, &dequantized.value)?;
                Known::Dequantized(Dequantized { value, ..dequantized })
            }
            Known::Real(_) if node.operator == "MaxPool" => {
                return Err("its input comes from no DequantizeLinear: float layers are not supported".to_owned());
            }
            Known::Real(value) => Known::Real(self.moved_elements(node, &value)?),
            Known::Pending(layer, _) => {
                let (operator, name) = (&layer.operator, &layer.name);
                return Err(format!("it reads the floats of {operator} {name:?}, before a QuantizeLinear"));
            }
            Known::Constant(..) => return Err("of a constant".to_owned()),
        };
        self.known.insert(self.output_name(node)?, known);
        Ok(())
    }

    fn moved_elements(&mut self, node: &Node, value: &Value) -> Result<Value, String> {
        let shape = &value.shape;
        let seen_as = |shape: Vec<usize>| Value { shape, ..value.clone() };
        Ok(match &*node.operator {
            "Transpose" => {
                let permutation = self.permutation(node, shape.len())?;
                let moved: Vec<usize> = permutation.iter().map(|&axis| shape[axis]).collect();
                match value.layout.transposed(shape, &permutation) {
                    Some(layout) => Value { place: value.place, shape: moved, layout },
                    None => {
                        let plain = Value {
                            place: self.plain(node, value)?,
                            layout: Layout::plain(value.elements()),
                            ..value.clone()
                        };
                        let layout = plain.layout.transposed(shape, &permutation).ok_or("it cannot be transposed")?;
                        Value { shape: moved, layout, ..plain }
                    }
                }
            }
            "Reshape" => seen_as(self.reshaped_shape(node, shape)?),
            "Flatten" => {
                let axis = self.integer(node, "axis", 1)?;
                let axis = if axis == shape.len() as i64 { shape.len() } else { axis_of(axis, shape.len())? };
                seen_as(vec![shape[..axis].iter().product(), shape[axis..].iter().product()])
            }
            "Squeeze" => seen_as(self.squeezed(node, shape)?),
            "Unsqueeze" => seen_as(self.unsqueezed(node, shape)?),
            "MaxPool" => self.max_pool(node, value)?,
            "Slice" => {
                let indices = self.slices(node, shape)?;
                self.select(node, value, indices)?
            }
            "Resize" => {
                let indices = self.nearest(node, shape)?;
                self.select(node, value, indices)?
            }
            _ => value.clone(),
        })
    }

    /// The permutation of Transpose, which turns the dimensions around where nothing is said.
    pub(super) fn permutation(&self, node: &Node, rank: usize) -> Result<Vec<usize>, String> {
        let Some(list) = self.list(node, "perm")? else { return Ok((0..rank).rev().collect()) };
        let permutation: Vec<usize> = list.iter().map(|&axis| axis_of(axis, rank)).collect::<Result<_, _>>()?;
        let complete = permutation.len() == rank && (0..rank).all(|axis| permutation.contains(&axis));
        complete.then_some(permutation).ok_or_else(|| format!("perm {list:?} of {rank} dimensions"))
    }

    fn reshaped_shape(&self, node: &Node, from: &[usize]) -> Result<Vec<usize>, String> {
        let Data::I64(wanted) = self.constant(node, 1, "its shape")?.data else {
            return Err("its shape, input 1, is no constant of INT64".to_owned());
        };
        let elements: usize = from.iter().product();
        let copies = self.integer(node, "allowzero", 0)? == 0;
        let mut shape = Vec::with_capacity(wanted.len());
        for (axis, &size) in wanted.iter().enumerate() {
            shape.push(match (size, from.get(axis)) {
                (0, Some(&size)) if copies => size,
                (-1, _) => 1,
                _ => usize::try_from(size).unwrap_or(0),
            });
        }
        let open: Vec<usize> = (0..wanted.len()).filter(|&axis| wanted[axis] == -1).collect();
        let fixed = shape.iter().try_fold(1usize, |n, &size| n.checked_mul(size)).unwrap_or(0);
        if let [axis] = open[..] {
            shape[axis] = elements.checked_div(fixed).unwrap_or(0);
        }
        let product = shape.iter().try_fold(1usize, |n, &size| n.checked_mul(size));
        match product {
            Some(product) if product == elements && open.len() <= 1 => Ok(shape),
            _ => Err(format!("shape {wanted:?} of the {elements} elements of {from:?}")),
        }
    }

    fn squeezed(&self, node: &Node, from: &[usize]) -> Result<Vec<usize>, String> {
        let axes = match self.list_or_input(node, "axes", 1)? {
            None => (0..from.len()).filter(|&axis| from[axis] == 1).collect(),
            Some(axes) => axes.iter().map(|&axis| axis_of(axis, from.len())).collect::<Result<Vec<_>, _>>()?,
        };
        match axes.iter().find(|&&axis| from[axis] != 1) {
            Some(axis) => Err(format!("dimension {axis} of {from:?} is not 1")),
            None => Ok((0..from.len()).filter(|axis| !axes.contains(axis)).map(|axis| from[axis]).collect()),
        }
    }

    fn unsqueezed(&self, node: &Node, from: &[usize]) -> Result<Vec<usize>, String> {
        let axes = self.list_or_input(node, "axes", 1)?.ok_or("axes are missing")?;
        let rank = from.len() + axes.len();
        let axes = axes.iter().map(|&axis| axis_of(axis, rank)).collect::<Result<Vec<_>, _>>()?;
        let mut rest = from.iter().copied();
        let shape: Vec<usize> =
            (0..rank).filter_map(|axis| if axes.contains(&axis) { Some(1) } else { rest.next() }).collect();
        if shape.len() == rank { Ok(shape) } else { Err(format!("axes {axes:?} for {from:?}")) }
    }

    /// For each dimension the elements that Slice takes.
    fn slices(&mut self, node: &Node, from: &[usize]) -> Result<Vec<Vec<usize>>, String> {
        let starts = self.list_or_input(node, "starts", 1)?.ok_or("starts are missing")?;
        let ends = self.list_or_input(node, "ends", 2)?.ok_or("ends are missing")?;
        let axes = self.list_or_input(node, "axes", 3)?.unwrap_or((0..starts.len() as i64).collect());
        let steps = self.list_or_input(node, "steps", 4)?.unwrap_or(vec![1; starts.len()]);
        if ends.len() != starts.len() || axes.len() != starts.len() || steps.len() != starts.len() {
            return Err(format!(
                "{} starts, {} ends, {} axes, {} steps",
                starts.len(),
                ends.len(),
                axes.len(),
                steps.len()
            ));
        }
        let mut indices: Vec<Vec<usize>> = self.all_indices(from)?;
        for (((start, end), axis), step) in starts.into_iter().zip(ends).zip(axes).zip(steps) {
            let axis = axis_of(axis, from.len())?;
            let size = from[axis] as i64;
            let from_behind = |at: i64| if at < 0 { at.saturating_add(size) } else { at };
            let (start, end) = (from_behind(start), from_behind(end));
            // A step below 0 begins at the last element at most, and may end before the first.
            let list: Vec<usize> = match step {
                1.. => {
                    let step = usize::try_from(step).unwrap_or(usize::MAX);
                    (start.clamp(0, size)..end.clamp(0, size)).step_by(step).map(|i| i as usize).collect()
                }
                0 => return Err("a step is 0".to_owned()),
                _ => {
                    let step = usize::try_from(step.unsigned_abs()).unwrap_or(usize::MAX);
                    let (start, end) = (start.clamp(-1, size - 1), end.clamp(-1, size - 1));
                    (end + 1..start + 1).rev().step_by(step).map(|i| i as usize).collect()
                }
            };
            indices[axis] = list;
        }
        Ok(indices)
    }

    /// All elements of each dimension.
    fn all_indices(&mut self, shape: &[usize]) -> Result<Vec<Vec<usize>>, String> {
        self.take(shape.iter().sum::<usize>().saturating_mul(size_of::<usize>()))?;
        Ok(shape.iter().map(|&size| (0..size).collect()).collect())
    }

    /// The elements with these indices, by the model's dimensions.
    fn select(&mut self, node: &Node, value: &Value, indices: Vec<Vec<usize>>) -> Result<Value, String> {
        let shape: Vec<usize> = indices.iter().map(Vec::len).collect();
        checked(&shape)?;
        let image = self.is_image(&[value]);
        let place = self.dimensions(node, value, &value.shape, image)?;
        let mut indices = indices;
        if image {
            // [batch, channels, width] has a height of 1 in the graph.
            if indices.len() == 3 {
                indices.insert(2, vec![0]);
            }
            let channels = indices.remove(1);
            indices.push(channels);
        }
        let (element, quantization) = (self.element(value), self.tensors[value.place].quantization);
        let stored = indices.iter().map(Vec::len).collect();
        let name = node.outputs[0].clone();
        let output = self.tensor(&name, stored, element, quantization)?;
        self.step(node, vec![place], output, Operator::Select { indices });
        Ok(Value { place: output, layout: self.layout_of(&shape, image)?, shape })
    }

    /// Whether tensors are images that are best left with channels last.
    pub(super) fn is_image(&self, values: &[&Value]) -> bool {
        values.iter().any(|value| !value.layout.is_plain() && matches!(value.shape.len(), 3 | 4))
    }

    /// The tensor with the dimensions of `shape`, which are the value's with sizes of 1 before them: as an image with
    /// channels last, or in the order of the model.
    pub(super) fn dimensions(
        &mut self,
        node: &Node,
        value: &Value,
        shape: &[usize],
        image: bool,
    ) -> Result<usize, String> {
        let value = Value { shape: shape.to_vec(), ..value.clone() };
        if image { self.image(node, &value) } else { self.plain(node, &value) }
    }

    /// How the graph stores a tensor of this shape.
    pub(super) fn layout_of(&self, shape: &[usize], image: bool) -> Result<Layout, String> {
        let elements = checked(shape)?;
        let value = Value { place: 0, shape: shape.to_vec(), layout: Layout::plain(elements) };
        if image { Ok(channels_last(value.image()?).0) } else { Ok(value.layout) }
    }

    pub(super) fn refuse_attributes(&self, node: &Node, names: &[&str]) -> Result<(), String> {
        match names.iter().find(|name| !matches!(node.attributes.get(**name), None | Some(Attribute::Int(0)))) {
            Some(name) => Err(format!("attribute {name} is not supported")),
            None => Ok(()),
        }
    }
}
