//! Integer operators: the operators between DequantizeLinear and QuantizeLinear, and what they need to know.

use std::borrow::Cow;

use super::Lowering;
use super::known::{Dequantized, Known};
use super::parameters::{Parameters, bounds_of};
use super::place::Value;
use crate::graph::{Element, Quantized};
use crate::import::onnx::{Constant, Node, Runtime};
use crate::operators::{Function, ort_quantize};

/// An integer operator of either form of a model.
pub(super) struct Call<'a> {
    pub(super) node: &'a Node,
    /// ONNX's name of the operator on floats, as `Conv`
    pub(super) kind: &'static str,
    /// inputs, without their scales and zero points
    pub(super) inputs: Vec<Argument<'a>>,
    pub(super) output: Target,
    /// whether the model is in QDQ form here
    pub(super) qdq: bool,
}

/// An input of an integer operator.
#[derive(Debug, Clone)]
pub(super) enum Argument<'a> {
    Activation(Activation),
    /// integers that are reals by these parameters
    Constant(Cow<'a, Constant>, Parameters),
    /// floats, or integers without parameters
    Plain(Cow<'a, Constant>),
}

/// Integers of the graph as reals.
#[derive(Debug, Clone)]
pub(super) struct Activation {
    pub(super) value: Value,
    pub(super) scale: Quantized,
    pub(super) element: Element,
}

/// The output of an integer operator.
#[derive(Debug, Clone)]
pub(super) struct Target {
    pub(super) name: String,
    pub(super) scale: Quantized,
    pub(super) element: Element,
}

/// The operators on floats that become integer operators.
pub(super) const FUSED: [&str; 8] =
    ["Add", "AveragePool", "Concat", "Conv", "Gemm", "GlobalAveragePool", "MatMul", "Mul"];

/// The name as it is in [`FUSED`].
pub(super) fn fused(name: &str) -> Option<&'static str> {
    FUSED.into_iter().chain(["Softmax"]).find(|other| *other == name)
}

impl Call<'_> {
    /// An input that has to be an activation.
    pub(super) fn activation(&self, position: usize) -> Result<&Activation, String> {
        match self.inputs.get(position) {
            Some(Argument::Activation(activation)) => Ok(activation),
            Some(_) => Err(format!("operand {position} is a constant: must be an activation")),
            None => Err(format!("operand {position} is missing")),
        }
    }
}

impl<'a> Lowering<'a> {
    /// Lowers an integer operator.
    pub(super) fn call(&mut self, call: &Call<'a>) -> Result<Value, String> {
        self.check_types(call)?;
        match call.kind {
            "Conv" => self.convolution(call),
            "MatMul" | "Gemm" => self.product(call),
            "AveragePool" => self.average_pool(call),
            "GlobalAveragePool" => self.global_average_pool(call),
            "Concat" => self.concatenation(call),
            "Softmax" => self.softmax(call),
            _ => self.binary(call),
        }
    }

    /// Checks that inputs and output have one type. On x86, ONNX Runtime may have turned some of them into `uint8`; and a
    /// convolution that is left with `int8` is one of floats.
    fn check_types(&self, call: &Call<'_>) -> Result<(), String> {
        let defaults = call.qdq && self.runtime == Runtime::OnnxruntimeAvx2;
        for input in &call.inputs {
            let Argument::Activation(Activation { element, .. }) = input else { continue };
            if *element != call.output.element {
                let why = if defaults { ", so that ONNX Runtime computes it in float32 by default" } else { "" };
                let output = call.output.element;
                return Err(format!("its input is {element} and its output {output}: must be the same{why}"));
            }
            if defaults && *element == Element::INT8 && matches!(call.kind, "Conv" | "MatMul") {
                return Err(
                    "its activations stay INT8, so that ONNX Runtime computes it in float32 by default".to_owned()
                );
            }
        }
        Ok(())
    }

    /// The operator `layer`, followed by `functions` and the QuantizeLinear `quantizer`, as one integer operator.
    pub(super) fn fuse(
        &mut self,
        quantizer: &'a Node,
        layer: &'a Node,
        functions: &[Function],
        output: Target,
    ) -> Result<Value, String> {
        let in_floats = |why: String| {
            format!("{} {:?} before it is computed in float32 by ONNX Runtime: {why}", layer.operator, layer.name)
        };
        for function in functions {
            if !is_repeated(*function, output.scale, output.element) {
                let why = format!("QuantizeLinear does not repeat the {function:?} between them");
                return Err(in_floats(why));
            }
        }
        self.check_only_reader(quantizer, layer).map_err(in_floats)?;
        let kind = fused(&layer.operator).unwrap_or("");
        let inputs = self.arguments(layer).map_err(in_floats)?;
        self.call(&Call { node: layer, kind, inputs, output, qdq: true })
            .map_err(|what| format!("{} {:?} before it: {what}", layer.operator, layer.name))
    }

    /// Checks that nothing else reads the floats on the way from a layer to its QuantizeLinear.
    fn check_only_reader(&self, quantizer: &Node, layer: &Node) -> Result<(), String> {
        let mut name = quantizer.input(0).unwrap_or_default();
        loop {
            let readers = self.readers.get(name).map_or(0, Vec::len);
            if readers != 1 {
                return Err(format!("{readers} read its floats {name:?}, and not one QuantizeLinear alone"));
            }
            if layer.outputs.iter().any(|output| output == name) {
                return Ok(());
            }
            let writer = self.writers.get(name);
            name = writer.and_then(|node| node.input(0)).ok_or("it has no output")?;
        }
    }

    /// The inputs of an operator on floats, each of which is dequantized by itself.
    pub(super) fn arguments(&self, layer: &'a Node) -> Result<Vec<Argument<'a>>, String> {
        let present = (0..layer.inputs.len()).filter(|&position| layer.input(position).is_some());
        let argument = |position: usize| match self.read(layer, position)? {
            Known::Constant(constant, Some(parameters)) => Ok(Argument::Constant(constant, parameters)),
            Known::Constant(constant, None) => Ok(Argument::Plain(constant)),
            Known::Dequantized(Dequantized { value, scale, functions }) if functions.is_empty() => {
                let element = self.element(&value);
                Ok(Argument::Activation(Activation { value, scale, element }))
            }
            _ => Err(format!("its input {position} does not come from a DequantizeLinear")),
        };
        present.map(argument).collect()
    }

    /// The output of a QuantizeLinear.
    pub(super) fn target(&mut self, node: &'a Node) -> Result<Target, String> {
        let (parameters, name) = (self.pair_parameters(node)?, self.output_name(node)?);
        let (scale, element) = self.shifted(name, parameters);
        if element != parameters.1 {
            self.shifted.insert(name.to_owned());
        }
        Ok(Target { name: name.to_owned(), scale, element })
    }
}

/// Whether a QuantizeLinear of this scale gives the same without the function before it.
fn is_repeated(function: Function, scale: Quantized, element: Element) -> bool {
    let bounds = bounds_of(element);
    let quantized = |x| i64::from(ort_quantize(x, scale, bounds));
    match function {
        Function::Relu => quantized(0.0) == bounds.min(),
        Function::Clip { least, greatest } => quantized(least) == bounds.min() && quantized(greatest) == bounds.max(),
        Function::LeakyRelu(_) | Function::Sigmoid => false,
    }
}
