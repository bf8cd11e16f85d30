//! Scales, zero points and attributes.

use super::Lowering;
use super::known::Known;
use crate::Bounds;
use crate::graph::{Element, Quantized};
use crate::import::onnx::{Attribute, Constant, Data, ElementType, Node};

/// Scales and zero points of a tensor: one for all elements, or one for each index along a dimension.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Parameters {
    pub(super) scales: Vec<f32>,
    /// as many as there are scales
    pub(super) zero_points: Vec<i32>,
    /// the type of the zero points and of the integers
    pub(super) element: ElementType,
    /// the dimension, of several scales; below 0 it counts from behind
    pub(super) axis: i64,
}

impl Parameters {
    /// The one scale and zero point of an activation, and its type.
    pub(super) fn of_activation(&self) -> Result<(Quantized, Element), String> {
        let &[scale] = &self.scales[..] else {
            return Err(format!("an activation with {} scales: must be 1", self.scales.len()));
        };
        Ok((Quantized { scale, zero_point: self.zero_points[0] }, element_of(self.element)?))
    }
}

/// The type of an activation.
pub(super) fn element_of(element: ElementType) -> Result<Element, String> {
    match element {
        ElementType::Int8 => Ok(Element::INT8),
        ElementType::Uint8 => Ok(Element::UINT8),
        other => Err(format!("activations of {other}: only INT8 and UINT8 are supported")),
    }
}

/// Least and greatest integer of an activation.
pub(super) fn bounds_of(element: Element) -> Bounds {
    match element {
        Element::Integer(bounds) => bounds,
        Element::Float32 => Bounds::INT32,
    }
}

impl<'a> Lowering<'a> {
    /// An input that has to be a constant.
    pub(super) fn constant(&self, node: &Node, position: usize, what: &str) -> Result<Constant, String> {
        match self.read(node, position)? {
            Known::Constant(constant, None) => Ok(constant.into_owned()),
            _ => Err(format!("{what}, input {position}, is no constant")),
        }
    }

    /// Scale and zero point of a tensor from two inputs of a node. The zero point may be absent: it is 0 then, of type
    /// `default`.
    pub(super) fn parameters(
        &self,
        node: &Node,
        [scale, zero_point]: [usize; 2],
        default: ElementType,
    ) -> Result<Parameters, String> {
        let Data::F32(scales) = self.constant(node, scale, "its scale")?.data else {
            return Err(format!("its scale, input {scale}, is no constant of FLOAT"));
        };
        if let Some(scale) = scales.iter().find(|scale| !(scale.is_finite() && **scale > 0.0)) {
            return Err(format!("a scale is {scale:?}: must be finite and above 0"));
        }
        let (element, zero_points) = match node.input(zero_point) {
            None => (default, vec![0; scales.len()]),
            Some(_) => {
                let constant = self.constant(node, zero_point, "its zero point")?;
                let integers = constant.data.integers();
                (constant.element, integers.ok_or_else(|| format!("a zero point of {}", constant.element))?)
            }
        };
        let zero_points = match zero_points[..] {
            [one] => vec![one; scales.len()],
            _ => zero_points,
        };
        if scales.is_empty() || zero_points.len() != scales.len() {
            return Err(format!("{} zero points for {} scales", zero_points.len(), scales.len()));
        }
        Ok(Parameters { scales, zero_points, element, axis: 1 })
    }

    pub(super) fn integer(&self, node: &Node, name: &str, default: i64) -> Result<i64, String> {
        match node.attributes.get(name) {
            None => Ok(default),
            Some(Attribute::Int(value)) => Ok(*value),
            Some(_) => Err(format!("attribute {name} is no integer")),
        }
    }

    pub(super) fn float(&self, node: &Node, name: &str, default: f32) -> Result<f32, String> {
        match node.attributes.get(name) {
            None => Ok(default),
            Some(Attribute::Float(value)) => Ok(*value),
            Some(_) => Err(format!("attribute {name} is no float")),
        }
    }

    pub(super) fn text<'n>(&self, node: &'n Node, name: &str, default: &'n str) -> Result<&'n str, String> {
        match node.attributes.get(name) {
            None => Ok(default),
            Some(Attribute::Text(value)) => Ok(value),
            Some(_) => Err(format!("attribute {name} is no text")),
        }
    }

    pub(super) fn list<'n>(&self, node: &'n Node, name: &str) -> Result<Option<&'n [i64]>, String> {
        match node.attributes.get(name) {
            None => Ok(None),
            Some(Attribute::Ints(values)) => Ok(Some(values)),
            Some(_) => Err(format!("attribute {name} is no list of integers")),
        }
    }

    /// A list of integers that is an attribute in old versions of an operator, and a constant input in new ones.
    pub(super) fn list_or_input(&self, node: &Node, name: &str, position: usize) -> Result<Option<Vec<i64>>, String> {
        if let Some(list) = self.list(node, name)? {
            return Ok(Some(list.to_vec()));
        }
        if node.input(position).is_none() {
            return Ok(None);
        }
        match self.constant(node, position, name)?.data {
            Data::I64(data) => Ok(Some(data)),
            Data::I32(data) => Ok(Some(data.iter().map(|&x| x.into()).collect())),
            _ => Err(format!("{name}, input {position}, is no constant of INT64")),
        }
    }
}

/// A dimension from an attribute, which counts from behind below 0.
pub(super) fn axis_of(axis: i64, rank: usize) -> Result<usize, String> {
    let counted = if axis < 0 { axis.saturating_add(rank as i64) } else { axis };
    let fits = usize::try_from(counted).ok().filter(|&axis| axis < rank);
    fits.ok_or_else(|| format!("axis {axis} of {rank} dimensions"))
}
