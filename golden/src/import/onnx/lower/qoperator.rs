//! Integer operators of QOperator models: what is which among their inputs.

use super::Lowering;
use super::fuse::{Activation, Argument, Call, Target};
use super::known::Known;
use super::parameters::element_of;
use super::place::Value;
use crate::graph::Operator;
use crate::import::onnx::{ElementType, Node};
use crate::operators::Function;

impl<'a> Lowering<'a> {
    /// Lowers a node of an integer operator; `None` if it is another one.
    pub(super) fn integer_operator(&mut self, node: &'a Node) -> Result<Option<Value>, String> {
        let value = match &*node.operator {
            "QLinearConv" => self.quantized(node, "Conv", &[[0, 1, 2], [3, 4, 5]], Some(8), [6, 7])?,
            "QLinearMatMul" => self.quantized(node, "MatMul", &[[0, 1, 2], [3, 4, 5]], None, [6, 7])?,
            "QGemm" if node.input(7).is_some() => {
                self.quantized(node, "Gemm", &[[0, 1, 2], [3, 4, 5]], Some(6), [7, 8])?
            }
            "QGemm" | "MatMulIntegerToFloat" => {
                let value = self.float_product(node)?;
                self.known.insert(self.output_name(node)?, Known::Real(value));
                return Ok(None);
            }
            "QLinearAdd" => self.quantized(node, "Add", &[[0, 1, 2], [3, 4, 5]], None, [6, 7])?,
            "QLinearMul" => self.quantized(node, "Mul", &[[0, 1, 2], [3, 4, 5]], None, [6, 7])?,
            "QLinearAveragePool" => self.quantized(node, "AveragePool", &[[0, 1, 2]], None, [3, 4])?,
            "QLinearGlobalAveragePool" => self.quantized(node, "GlobalAveragePool", &[[0, 1, 2]], None, [3, 4])?,
            "QLinearSoftmax" => self.quantized(node, "Softmax", &[[0, 1, 2]], None, [3, 4])?,
            "QLinearConcat" => {
                let inputs: Vec<[usize; 3]> = (2..node.inputs.len()).step_by(3).map(|i| [i, i + 1, i + 2]).collect();
                self.quantized(node, "Concat", &inputs, None, [0, 1])?
            }
            "QLinearLeakyRelu" => self.function(node, Function::LeakyRelu(self.float(node, "alpha", 0.01)?))?,
            "QLinearSigmoid" => self.function(node, Function::Sigmoid)?,
            _ => return Err(super::convert::unsupported(node)),
        };
        Ok(Some(value))
    }

    /// An operator whose operands are at `inputs`, each with scale and zero point; a plain `bias`; and scale and zero
    /// point of the output.
    fn quantized(
        &mut self,
        node: &'a Node,
        kind: &'static str,
        inputs: &[[usize; 3]],
        bias: Option<usize>,
        output: [usize; 2],
    ) -> Result<Value, String> {
        if self.integer(node, "channels_last", 0)? != 0 {
            return Err("channels_last is set: only models before that rewriting are supported".to_owned());
        }
        let mut arguments = inputs.iter().map(|&input| self.operand(node, input)).collect::<Result<Vec<_>, _>>()?;
        if let Some(bias) = bias.filter(|&bias| node.input(bias).is_some()) {
            arguments.push(Argument::Plain(std::borrow::Cow::Owned(self.constant(node, bias, "its bias")?)));
        }
        let output = self.quantized_output(node, output)?;
        self.call(&Call { node, kind, inputs: arguments, output, qdq: false })
    }

    fn quantized_output(&self, node: &'a Node, output: [usize; 2]) -> Result<Target, String> {
        let (scale, element) = self.parameters(node, output, ElementType::Uint8)?.of_activation()?;
        Ok(Target { name: self.output_name(node)?.to_owned(), scale, element })
    }

    /// An operand with its scale and zero point.
    pub(super) fn operand(
        &self,
        node: &'a Node,
        [operand, scale, zero_point]: [usize; 3],
    ) -> Result<Argument<'a>, String> {
        match self.read(node, operand)? {
            Known::Integer(value) => {
                let element = self.element(&value);
                let default =
                    if element == crate::graph::Element::INT8 { ElementType::Int8 } else { ElementType::Uint8 };
                let parameters = self.parameters(node, [scale, zero_point], default)?;
                if element_of(parameters.element)? != element {
                    return Err(format!("input {operand} is {element}, and its zero point {}", parameters.element));
                }
                let (scale, _) = parameters.of_activation()?;
                Ok(Argument::Activation(Activation { value, scale, element }))
            }
            Known::Constant(constant, None) => {
                let parameters = self.parameters(node, [scale, zero_point], constant.element)?;
                if parameters.element != constant.element {
                    let (x, z) = (constant.element, parameters.element);
                    return Err(format!("input {operand} is {x}, and its zero point {z}"));
                }
                Ok(Argument::Constant(constant, parameters))
            }
            _ => Err(format!("input {operand} is no tensor of INT8 or UINT8")),
        }
    }

    /// A function of one tensor.
    fn function(&mut self, node: &'a Node, function: Function) -> Result<Value, String> {
        let Argument::Activation(x) = self.operand(node, [0, 1, 2])? else {
            return Err("its input is a constant".to_owned());
        };
        let output = self.quantized_output(node, [3, 4])?;
        if x.element != output.element {
            return Err(format!("its input is {} and its output {}: must be the same", x.element, output.element));
        }
        self.table(node, &x.value, x.scale, &[function], &output)
    }

    /// A step on one tensor that keeps the order of its elements.
    pub(super) fn alike(
        &mut self,
        node: &Node,
        value: &Value,
        output: &Target,
        operator: Operator,
    ) -> Result<Value, String> {
        let shape = self.tensors[value.place].shape.clone();
        let place = self.tensor(&output.name, shape, output.element, Some(output.scale))?;
        self.step(node, vec![value.place], place, operator);
        Ok(Value { place, ..value.clone() })
    }
}
