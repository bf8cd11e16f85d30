//! Products of matrices: of an activation by constant weights.

use std::borrow::Cow;

use super::super::Lowering;
use super::super::exactness::{Weights, exactness};
use super::super::fuse::{Activation, Argument, Call};
use super::super::place::{Value, checked};
use super::{Layer, Operand, is_alike};
use crate::gemm::Matrix;
use crate::graph::{Element, Operator, Weighted};
use crate::import::onnx::{Data, Node};
use crate::operators::{InPairs, ToFloat, transpose};

/// A product of matrices.
struct Product {
    x: Activation,
    /// the input as rows
    place: usize,
    /// shape of the output
    shape: Vec<usize>,
    /// weights without their zero point, each row in the order of the input
    matrix: Matrix,
    layer: Layer,
    pairs: Option<InPairs>,
}

impl<'a> Lowering<'a> {
    /// MatMul and Gemm with constant weights.
    pub(in crate::import::onnx::lower) fn product(&mut self, call: &Call<'a>) -> Result<Value, String> {
        let output = &call.output;
        let Product { x, place, shape, matrix, layer, pairs } = self.product_of(call.node, &call.inputs, call.qdq)?;
        let requantizations = layer.requantizations(output)?;
        let layer =
            Weighted { weights: matrix, bias: layer.bias, requantizations, input_zero_point: x.scale.zero_point };
        let operator = match pairs {
            None => Operator::FullyConnected(layer),
            Some(pairs) => Operator::OrtFullyConnected { layer, pairs },
        };
        let value = self.value(&output.name, shape, output.element, Some(output.scale))?;
        self.step(call.node, vec![place], value.place, operator);
        Ok(value)
    }

    /// A product of matrices that stays a float: a node of the integer operator, or MatMul or Gemm of a QDQ model.
    pub(in crate::import::onnx::lower) fn float_product(&mut self, node: &'a Node) -> Result<Value, String> {
        let mut addends = Vec::new();
        let (arguments, qdq) = match &*node.operator {
            "MatMulIntegerToFloat" => {
                if node.input(6).is_some() {
                    let Data::F32(data) = self.constant(node, 6, "its bias")?.data else {
                        return Err("its bias, input 6, is no constant of FLOAT".to_owned());
                    };
                    addends = data;
                }
                (vec![self.operand(node, [0, 2, 4])?, self.operand(node, [1, 3, 5])?], false)
            }
            "QGemm" => {
                let mut arguments = vec![self.operand(node, [0, 1, 2])?, self.operand(node, [3, 4, 5])?];
                if node.input(6).is_some() {
                    arguments.push(Argument::Plain(Cow::Owned(self.constant(node, 6, "its bias")?)));
                }
                (arguments, false)
            }
            "MatMul" | "Gemm" => (self.arguments(node)?, true),
            other => return Err(format!("{other} on floats, which ONNX Runtime computes in float32")),
        };
        // Only in front of a QuantizeLinear does ONNX Runtime make integers of such a bias.
        if qdq && matches!(arguments.get(2), Some(Argument::Plain(bias)) if matches!(bias.data, Data::F32(_))) {
            let (operator, name) = (&node.operator, &node.name);
            return Err(format!(
                "{operator} {name:?} is computed in float32 by ONNX Runtime: it has a bias of floats, and no \
                 QuantizeLinear behind it"
            ));
        }
        let Product { x, place, shape, matrix, layer, pairs } = self.product_of(node, &arguments, qdq)?;
        let outputs = matrix.rows();
        if ![0, 1, outputs].contains(&addends.len()) {
            return Err(format!("a bias of {} elements for {outputs} outputs", addends.len()));
        }
        let (bias, factors, input_zero_point) = (layer.bias, layer.scales, x.scale.zero_point);
        let product = ToFloat { weights: matrix, bias, input_zero_point, factors, addends, pairs };
        let name = self.output_name(node)?;
        let value = self.value(name, shape, Element::Float32, None)?;
        self.step(node, vec![place], value.place, Operator::OrtToFloat(product));
        Ok(value)
    }

    /// What products with and without a scale of the output have in common.
    fn product_of(&mut self, node: &Node, inputs: &[Argument<'a>], qdq: bool) -> Result<Product, String> {
        let (Some(Argument::Activation(x)), Some(Argument::Constant(constant, parameters))) =
            (inputs.first(), inputs.get(1))
        else {
            return Err("only products of an activation by constant weights are supported".to_owned());
        };
        let mut x = x.clone();
        let gemm = matches!(&*node.operator, "Gemm" | "QGemm");
        let transposed = |name: &str| Ok::<bool, String>(gemm && self.integer(node, name, 0)? != 0);
        let (of_x, of_weights) = (transposed("transA")?, transposed("transB")?);
        let alpha = if gemm { self.float(node, "alpha", 1.0)? } else { 1.0 };
        if gemm && node.operator == "Gemm" && self.float(node, "beta", 1.0)? != 1.0 && inputs.len() > 2 {
            return Err("beta is not 1".to_owned());
        }
        if of_x && x.value.shape.len() == 2 {
            let layout = x.value.layout.transposed(&x.value.shape, &[1, 0]).ok_or("transA of a shape that is cut")?;
            x.value.shape.swap(0, 1);
            x.value.layout = layout;
        }
        let &[first, second] = &constant.shape[..] else {
            return Err(format!("weights of shape {:?}: must have 2 dimensions", constant.shape));
        };
        let (terms, outputs) = if of_weights { (second, first) } else { (first, second) };
        let weights = Operand { constant, parameters, axis: usize::from(!of_weights) };
        let Some((&last, leading)) = x.value.shape.split_last().filter(|(_, leading)| !gemm || leading.len() == 1)
        else {
            return Err(format!("an input of shape {:?}", x.value.shape));
        };
        if last != terms || terms == 0 || outputs == 0 {
            return Err(format!("an input of shape {:?} and weights of shape {:?}", x.value.shape, constant.shape));
        }
        let shape = [leading, &[outputs]].concat();
        checked(&shape)?;
        let layer = self.layer(node, &x, &weights, outputs, inputs.get(2), alpha)?;
        let raw =
            if of_weights { layer.raw.clone() } else { transpose(&layer.raw, &[1, 0]).map_err(|e| e.to_string())? };
        let alike = is_alike(&x, &weights);
        let sums = Weights::of(constant.element, alike, raw.data(), terms);
        self.layers.push(exactness(node, qdq, x.element, constant.element, sums));
        let pairs = self.pairs(&x, &weights);
        // Pairs follow the order of the model. Exact sums may be formed in any order.
        let rows = x.value.elements() / terms;
        let order = x.value.layout.of_rows(rows, terms).filter(|_| pairs.is_none());
        let (place, order) = match order {
            Some(order) => (x.value.place, order),
            None => (self.plain(node, &x.value)?, (0..terms).collect()),
        };
        let centred = layer.centred(&raw);
        let data = centred.chunks_exact(terms).flat_map(|row| order.iter().map(|&term| row[term])).collect();
        let matrix = Matrix::new("weights", outputs, terms, data).map_err(|e| e.to_string())?;
        Ok(Product { x, place, shape, matrix, layer, pairs })
    }
}
