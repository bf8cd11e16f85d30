//! QuantizeLinear and DequantizeLinear, and functions of one tensor between them.

use super::Lowering;
use super::fuse::{FUSED, Target, fused};
use super::known::{Dequantized, Known};
use super::moves;
use super::parameters::{bounds_of, element_of};
use super::place::Value;
use crate::graph::{Element, Operator, Quantized};
use crate::import::onnx::{Attribute, Data, ElementType, Node, Runtime};
use crate::operators::{Function, QuantizeRounding, Quantizer, ort_table};

impl<'a> Lowering<'a> {
    /// Lowers a node, or takes a note of it until it is known who reads its floats.
    pub(super) fn node(&mut self, node: &'a Node) -> Result<(), String> {
        if node.attributes.values().any(|attribute| *attribute == Attribute::Graph) {
            return Err("control flow is not supported".to_owned());
        }
        if self.fold(node)? {
            return Ok(());
        }
        match &*node.operator {
            "QuantizeLinear" => self.quantize(node),
            "DequantizeLinear" => self.dequantize(node),
            "Clip" if matches!(self.read(node, 0)?, Known::Integer(_)) => self.clip_integers(node),
            "Relu" | "Clip" | "LeakyRelu" | "Sigmoid" => self.function_of_floats(node),
            name if moves::is_move(name) => self.moving(node),
            name if fused(name).is_some() => {
                self.known.insert(self.output_name(node)?, Known::Pending(node, Vec::new()));
                Ok(())
            }
            _ => {
                if let Some(value) = self.integer_operator(node)? {
                    self.known.insert(self.output_name(node)?, Known::Integer(value));
                }
                Ok(())
            }
        }
    }

    fn quantize(&mut self, node: &'a Node) -> Result<(), String> {
        let output = self.target(node)?;
        let value = match self.read(node, 0)? {
            Known::Real(value) => {
                let Quantized { scale, zero_point } = output.scale;
                let (bounds, rounding) = (bounds_of(output.element), QuantizeRounding::Even);
                let operator = Operator::Quantize(Quantizer { scale, zero_point, bounds, rounding });
                self.alike(node, &value, &output, operator)?
            }
            Known::Dequantized(Dequantized { value, scale, functions, .. }) => {
                let same = functions.is_empty() && scale == output.scale && self.element(&value) == output.element;
                if same { value } else { self.table(node, &value, scale, &functions, &output)? }
            }
            Known::Pending(layer, functions) => self.fuse(node, layer, &functions, output)?,
            Known::Integer(_) | Known::Constant(..) => return Err("its input is no tensor of floats".to_owned()),
        };
        self.known.insert(self.output_name(node)?, Known::Integer(value));
        Ok(())
    }

    fn dequantize(&mut self, node: &'a Node) -> Result<(), String> {
        let value = self.integers(node, 0)?;
        let element = self.element(&value);
        let parameters = match node.input(2) {
            Some(_) => self.pair_parameters(node)?,
            None => (self.parameters(node, [1, 2], ElementType::Uint8)?.of_activation()?.0, element),
        };
        let (scale, of_parameters) = self.shifted(node.input(0).unwrap_or_default(), parameters);
        if of_parameters != element {
            return Err(format!("its input is {element}, and its zero point {of_parameters}"));
        }
        self.tensors[value.place].quantization.get_or_insert(scale);
        let known = Known::Dequantized(Dequantized { value, scale, functions: Vec::new() });
        self.known.insert(self.output_name(node)?, known);
        Ok(())
    }

    /// The parameters of a tensor, or the parameters of the same reals in `uint8` where ONNX Runtime on x86 turns it from `int8`: a
    /// QuantizeLinear has written it, and one DequantizeLinear reads it, whose floats have one reader.
    pub(super) fn shifted(&self, name: &str, (scale, element): (Quantized, Element)) -> (Quantized, Element) {
        let written = self.writers.get(name).is_some_and(|node| node.operator == "QuantizeLinear");
        let read_once = match self.readers.get(name).map(Vec::as_slice) {
            Some([Some(node)]) if node.operator == "DequantizeLinear" => {
                node.outputs.iter().all(|output| self.readers.get(&**output).is_some_and(|readers| readers.len() == 1))
            }
            _ => false,
        };
        let wanted = self.runtime == Runtime::OnnxruntimeAvx2 && element == Element::INT8;
        match wanted && read_once && written {
            true => (Quantized { zero_point: scale.zero_point + 128, ..scale }, Element::UINT8),
            false => (scale, element),
        }
    }

    /// Relu and the like, on floats that are dequantized or that a layer gives.
    fn function_of_floats(&mut self, node: &'a Node) -> Result<(), String> {
        let function = self.function_of(node)?;
        let mut known = self.read(node, 0)?;
        match &mut known {
            Known::Dequantized(Dequantized { functions, .. }) | Known::Pending(_, functions) => {
                functions.push(function)
            }
            _ => return Err("its input comes from no DequantizeLinear: float layers are not supported".to_owned()),
        }
        self.known.insert(self.output_name(node)?, known);
        Ok(())
    }

    fn function_of(&self, node: &Node) -> Result<Function, String> {
        Ok(match &*node.operator {
            "Relu" => Function::Relu,
            "LeakyRelu" => Function::LeakyRelu(self.float(node, "alpha", 0.01)?),
            "Sigmoid" => Function::Sigmoid,
            _ => {
                let bound = |name, position: usize, default| match node.input(position) {
                    None => self.float(node, name, default),
                    Some(_) => match self.constant(node, position, name)?.data {
                        Data::F32(data) if data.len() == 1 => Ok(data[0]),
                        _ => Err(format!("{name}, input {position}, is no constant of FLOAT")),
                    },
                };
                let (least, greatest) = (bound("min", 1, f32::MIN)?, bound("max", 2, f32::MAX)?);
                if least > greatest || least.is_nan() || greatest.is_nan() {
                    return Err(format!("bounds {least:?} and {greatest:?}"));
                }
                Function::Clip { least, greatest }
            }
        })
    }

    /// Clip of integers, which exporters of fewer than 8 bits put behind QuantizeLinear.
    fn clip_integers(&mut self, node: &'a Node) -> Result<(), String> {
        let value = self.integers(node, 0)?;
        let element = self.element(&value);
        let bounds = bounds_of(element);
        let bound = |name, position: usize, default: i64| -> Result<i64, String> {
            match node.input(position) {
                None => Ok(default),
                Some(_) => {
                    let constant = self.constant(node, position, name)?;
                    let one = constant.data.integers().filter(|data| data.len() == 1);
                    let typed = element_of(constant.element).is_ok_and(|of| of == element);
                    let one =
                        one.filter(|_| typed).ok_or_else(|| format!("{name}, input {position}, is no {element}"))?;
                    Ok(i64::from(one[0]))
                }
            }
        };
        let (least, greatest) = (bound("min", 1, bounds.min())?, bound("max", 2, bounds.max())?);
        if least > greatest {
            return Err(format!("bounds {least} and {greatest}"));
        }
        let clipped = (bounds.min()..=bounds.max()).map(|x| x.clamp(least, greatest) as i32).collect();
        let scale = self.tensors[value.place].quantization.unwrap_or(Quantized { scale: 1.0, zero_point: 0 });
        let name = self.output_name(node)?;
        let output = Target { name: name.to_owned(), scale, element };
        let value = self.lookup(node, &value, clipped, &output)?;
        self.known.insert(name, Known::Integer(value));
        Ok(())
    }

    /// Functions of the reals of a tensor, quantized, as a table.
    pub(super) fn table(
        &mut self,
        node: &Node,
        value: &Value,
        scale: Quantized,
        functions: &[Function],
        output: &Target,
    ) -> Result<Value, String> {
        let least = bounds_of(self.element(value)).min() as i32;
        let entries = ort_table(least, scale, functions, output.scale, bounds_of(output.element));
        self.lookup(node, value, entries, output)
    }

    fn lookup(&mut self, node: &Node, value: &Value, entries: Vec<i32>, output: &Target) -> Result<Value, String> {
        self.take(size_of_val(&entries[..]))?;
        let operator = match (self.element(value), output.element) {
            (Element::INT8, Element::INT8) => {
                let mut table = [0; 256];
                table.iter_mut().zip(&entries).for_each(|(entry, &y)| *entry = y as i8);
                Operator::Table { entries: table }
            }
            (element, _) => Operator::Lookup { least: bounds_of(element).min() as i32, entries },
        };
        self.alike(node, value, output, operator)
    }
}

/// Why an operator has no counterpart.
pub(super) fn unsupported(node: &Node) -> String {
    match &*node.operator {
        "DynamicQuantizeLinear" | "MatMulInteger" | "ConvInteger" | "DynamicQuantizeMatMul" | "DynamicQuantizeLSTM" => {
            "its scales depend on the input (dynamic quantization): only static quantization is supported".to_owned()
        }
        "If" | "Loop" | "Scan" => "control flow is not supported".to_owned(),
        _ => format!(
            "is not supported; supported are the integer operators QLinearConv, QLinearMatMul, QGemm, \
             MatMulIntegerToFloat, QLinearAdd, QLinearMul, QLinearAveragePool, QLinearGlobalAveragePool, QLinearConcat, \
             QLinearLeakyRelu, QLinearSigmoid, QLinearSoftmax, and between DequantizeLinear and QuantizeLinear {}, \
             Softmax, Relu, Clip, LeakyRelu, Sigmoid, {}",
            FUSED.join(", "),
            moves::MOVES.join(", ")
        ),
    }
}
