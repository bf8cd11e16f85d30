//! Nodes whose inputs are constants.

use std::borrow::Cow;

use super::Lowering;
use super::known::Known;
use super::parameters::{Parameters, axis_of, bounds_of, element_of};
use crate::graph::Quantized;
use crate::import::onnx::{Constant, Data, ElementType, Node};
use crate::operators::{Array, ort_quantize, transpose};

impl<'a> Lowering<'a> {
    /// Computes a node whose first input is a constant. `false` if it has to be computed in each run.
    pub(super) fn fold(&mut self, node: &'a Node) -> Result<bool, String> {
        let Some(Known::Constant(constant, parameters)) = node.input(0).and_then(|_| self.read(node, 0).ok()) else {
            return Ok(false);
        };
        let known = match (&*node.operator, parameters) {
            ("QuantizeLinear", None) => Known::Constant(Cow::Owned(self.quantized_constant(node, &constant)?), None),
            ("DequantizeLinear", None) => {
                let mut parameters = self.parameters(node, [1, 2], constant.element)?;
                if parameters.element != constant.element {
                    return Err(format!(
                        "its input is {}, and its zero point {}",
                        constant.element, parameters.element
                    ));
                }
                parameters.axis = self.axis_of_scales(node)?;
                Known::Constant(constant, Some(parameters))
            }
            ("Clip", None) if constant.data.integers().is_some() => {
                Known::Constant(Cow::Owned(self.clipped(node, &constant)?), None)
            }
            ("Identity", parameters) => Known::Constant(constant, parameters),
            ("Transpose", parameters) => self.transposed_constant(node, &constant, parameters)?,
            _ => return Ok(false),
        };
        if let Known::Constant(Cow::Owned(constant), _) = &known {
            self.take(constant.elements().saturating_mul(4))?;
        }
        self.known.insert(self.output_name(node)?, known);
        Ok(true)
    }

    fn axis_of_scales(&self, node: &Node) -> Result<i64, String> {
        if self.integer(node, "block_size", 0)? != 0 {
            return Err("scales of blocks: only one for a tensor or for a channel are supported".to_owned());
        }
        self.integer(node, "axis", 1)
    }

    /// QuantizeLinear of a constant.
    fn quantized_constant(&self, node: &Node, constant: &Constant) -> Result<Constant, String> {
        let Data::F32(data) = &constant.data else {
            return Err(format!("its input is a constant of {}: must be FLOAT", constant.element));
        };
        let parameters = self.parameters(node, [1, 2], ElementType::Uint8)?;
        let (bounds, element) = match parameters.element {
            ElementType::Int4 => (crate::Bounds::INT4, ElementType::Int4),
            ElementType::Uint4 => (crate::Bounds::new(0, 15).map_err(|e| e.to_string())?, ElementType::Uint4),
            other => (bounds_of(element_of(other)?), other),
        };
        let (channels, inner) = if parameters.scales.len() == 1 {
            (1, 1)
        } else {
            let axis = axis_of(self.axis_of_scales(node)?, constant.shape.len())?;
            (constant.shape[axis], constant.shape[axis + 1..].iter().product())
        };
        if parameters.scales.len() != channels {
            return Err(format!("{} scales for a dimension of {channels}", parameters.scales.len()));
        }
        let integers = data.iter().enumerate().map(|(i, &x)| {
            let channel = if channels == 1 { 0 } else { i / inner % channels };
            let (scale, zero_point) = (parameters.scales[channel], parameters.zero_points[channel]);
            ort_quantize(x, Quantized { scale, zero_point }, bounds)
        });
        Ok(Constant { element, shape: constant.shape.clone(), data: narrow(bounds.min() < 0, integers) })
    }

    /// Clip of constant integers.
    fn clipped(&self, node: &Node, constant: &Constant) -> Result<Constant, String> {
        let integers = constant.data.integers().ok_or("its input is no constant of integers")?;
        let bound = |position: usize, default| match node.input(position) {
            None => Ok(default),
            Some(_) => {
                let one = self.constant(node, position, "a bound")?.data.integers().filter(|data| data.len() == 1);
                one.map(|data| data[0]).ok_or_else(|| format!("a bound, input {position}, is no integer"))
            }
        };
        let (least, greatest) = (bound(1, i32::MIN)?, bound(2, i32::MAX)?);
        if least > greatest {
            return Err(format!("bounds {least} and {greatest}"));
        }
        let clipped = integers.into_iter().map(|x| x.clamp(least, greatest));
        let data = match constant.data {
            Data::I32(_) => Data::I32(clipped.collect()),
            _ => narrow(matches!(constant.data, Data::I8(_)), clipped),
        };
        Ok(Constant { element: constant.element, shape: constant.shape.clone(), data })
    }

    /// Transpose of constant integers of 8 bits, as exporters put it behind the weights of a product.
    fn transposed_constant(
        &self,
        node: &Node,
        constant: &Constant,
        parameters: Option<Parameters>,
    ) -> Result<Known<'a>, String> {
        let rank = constant.shape.len();
        let permutation = self.permutation(node, rank)?;
        let integers = constant.data.integers().ok_or("its input is no constant of integers")?;
        let array = Array::new("its input", constant.shape.clone(), integers).map_err(|e| e.to_string())?;
        let array = transpose(&array, &permutation).map_err(|e| e.to_string())?;
        let parameters = match parameters {
            Some(mut parameters) if parameters.scales.len() > 1 => {
                let axis = axis_of(parameters.axis, rank)?;
                parameters.axis = permutation.iter().position(|&from| from == axis).unwrap_or(0) as i64;
                Some(parameters)
            }
            other => other,
        };
        let data = match constant.data {
            Data::I32(_) => Data::I32(array.data().to_vec()),
            _ => narrow(matches!(constant.data, Data::I8(_)), array.data().iter().copied()),
        };
        let constant = Constant { element: constant.element, shape: array.shape().to_vec(), data };
        Ok(Known::Constant(Cow::Owned(constant), parameters))
    }
}

/// Integers of 8 bits, which fit.
fn narrow(signed: bool, integers: impl Iterator<Item = i32>) -> Data {
    match signed {
        true => Data::I8(integers.map(|x| x as i8).collect()),
        false => Data::U8(integers.map(|x| x as u8).collect()),
    }
}
