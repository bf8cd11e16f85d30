//! From a model to its graph, by ONNX Runtime's formulas. A model in QOperator form names its integer operators. In a QDQ
//! model they are found by the rules by which ONNX Runtime finds them: an operator between DequantizeLinear and
//! QuantizeLinear. Nothing is run but functions of constants.
//!
//! The rules of QDQ models, by the numbers of ONNX Runtime's rewriting at ORT_ENABLE_EXTENDED:
//!
//! 1. QuantizeLinear of a constant is a constant (`fold.rs`).
//! 2. Two pairs of QuantizeLinear and DequantizeLinear in a row become one, which changes values (`pairs.rs`).
//! 3. Each consumer of a DequantizeLinear has its own: the output of one is looked at where it is read (`known.rs`).
//! 4. On x86, int8 activations become uint8: for [`Runtime::OnnxruntimeAvx2`] only (`weighted.rs`).
//! 5. Relu and Clip that QuantizeLinear repeats vanish, and others make a float layer, which is refused (`fuse.rs`).
//! 6. A float bias is rounded to the scale of the sum (`weighted.rs`).
//! 7. An operator whose inputs come from DequantizeLinear and whose output goes to one QuantizeLinear is an integer
//!    operator (`fuse.rs`).
//! 8. A function of one tensor is a table of 256 (`convert.rs`). Operators that only move elements do so on integers.
//! 9. Moving QuantizeLinear to and fro over such operators is left out.

mod convert;
mod cut;
mod elementwise;
mod exactness;
mod fold;
mod fuse;
mod known;
mod layout;
mod moves;
mod pairs;
mod parameters;
mod place;
mod qoperator;
mod weighted;
mod window;

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::reader::{model_error, node_error};
use super::{Error, Model, Node, Runtime};
use crate::graph::{self, Element, Graph, Step, Tensor};
use crate::import::onnx::ElementType;
use crate::operators::{Array, reshape, transpose};

pub use exactness::{Exactness, Weights};

use known::Known;
use layout::Layout;
use place::Value;

/// Greatest number of elements of a tensor, 2^26. Without a limit, a file of a few bytes could ask for any number.
const MAX_ELEMENTS: usize = 1 << 26;

/// Memory that a model may take beside the parts that its file holds: for tables and lists of indices.
const SPARE: usize = 1 << 18;

/// Which tensor is the output of the graph.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ends {
    /// the model's own output, or the last tensor before operators on floats
    Model,
    /// the integers before the last DequantizeLinear
    Integers,
}

/// A model as a graph, and what is to be known of it beside.
#[derive(Debug, Clone, PartialEq)]
pub struct Import {
    /// the graph; images in it are `[batch, height, width, channels]`
    pub graph: Graph,
    /// the tensor of the model that is the output of the graph
    pub output: String,
    /// nodes behind the output, which stay on the host
    pub host: Vec<String>,
    /// what ONNX Runtime makes of each layer with weights
    pub layers: Vec<Exactness>,
    /// the session options by which ONNX Runtime gives these bits on every CPU, with their values
    pub options: Vec<[&'static str; 2]>,
    /// where the tensors of the model are
    values: BTreeMap<String, Value>,
    /// tensors that are `int8` in the model and `uint8` in the graph
    shifted: BTreeSet<String>,
}

impl Import {
    /// The names of the model's tensors that are in the graph.
    pub fn tensors(&self) -> impl Iterator<Item = &str> {
        self.values.keys().map(String::as_str)
    }

    /// A tensor of the model as the model has it, of the values that [`Graph::run`] has computed. `None` if it is none of
    /// the graph's, or an input.
    pub fn value(&self, name: &str, values: &[graph::Value]) -> Option<graph::Value> {
        let value = self.values.get(name)?;
        let step = self.graph.steps.iter().rposition(|step| step.output == value.place)?;
        match value.in_order_of_model(values.get(step)?)? {
            graph::Value::Integer(x) if self.shifted.contains(name) => {
                let data = x.data().iter().map(|&x| x - 128).collect();
                Array::new("value", x.shape().to_vec(), data).ok().map(graph::Value::Integer)
            }
            value => Some(value),
        }
    }
}

impl Value {
    fn in_order_of_model(&self, stored: &graph::Value) -> Option<graph::Value> {
        let (sizes, permutation) = self.layout.way_to(&Layout::plain(self.elements()))?;
        match stored {
            graph::Value::Integer(x) => {
                let moved = transpose(&reshape(x, &sizes).ok()?, &permutation).ok()?;
                reshape(&moved, &self.shape).ok().map(graph::Value::Integer)
            }
            graph::Value::Float(x) => {
                let moved = transpose(&reshape(x, &sizes).ok()?, &permutation).ok()?;
                reshape(&moved, &self.shape).ok().map(graph::Value::Float)
            }
        }
    }
}

/// The graph of a model with one input and one output, in the integers of `runtime`.
///
/// # Errors
/// The first node that is not supported, or that contradicts its tensors, by name and index.
pub fn lower(model: &Model, runtime: Runtime, ends: Ends) -> Result<Import, Error> {
    let [input] = model.inputs() else {
        return Err(model_error(format!("{} inputs: exactly 1 is supported", model.inputs().len())));
    };
    let cut = cut::cut(model, ends)?;
    let mut lowering = Lowering::new(model, runtime);
    lowering.input(input).map_err(model_error)?;
    lowering.merge_pairs();
    for (node, &wanted) in model.nodes().iter().zip(&cut.wanted) {
        if wanted {
            lowering.node(node).map_err(|what| node_error(node, what))?;
        }
    }
    lowering.finish(input, cut)
}

/// A graph that is being made.
struct Lowering<'a> {
    model: &'a Model,
    runtime: Runtime,
    tensors: Vec<Tensor>,
    steps: Vec<Step>,
    /// what has become of each tensor of the model so far
    known: HashMap<&'a str, Known<'a>>,
    /// how often each tensor is read, by nodes or as an output of the model
    readers: HashMap<&'a str, Vec<Option<&'a Node>>>,
    /// the node that writes each tensor
    writers: HashMap<&'a str, &'a Node>,
    layers: Vec<Exactness>,
    /// tensors that are `int8` in the model and `uint8` in the graph
    shifted: BTreeSet<String>,
    /// parameters of nodes that ONNX Runtime changes, by their index; `None` if there are none
    merged: HashMap<usize, Option<(graph::Quantized, Element)>>,
    /// bytes that further constants may take once they are written out
    left: usize,
}

impl<'a> Lowering<'a> {
    fn new(model: &'a Model, runtime: Runtime) -> Lowering<'a> {
        let mut readers: HashMap<&str, Vec<Option<&Node>>> = HashMap::new();
        for node in model.nodes() {
            for name in &node.inputs {
                readers.entry(name).or_default().push(Some(node));
            }
        }
        for name in model.outputs() {
            readers.entry(name).or_default().push(None);
        }
        Lowering {
            model,
            runtime,
            tensors: Vec::new(),
            steps: Vec::new(),
            known: HashMap::new(),
            readers,
            writers: model
                .nodes()
                .iter()
                .flat_map(|node| node.outputs.iter().map(move |name| (&**name, node)))
                .collect(),
            layers: Vec::new(),
            shifted: BTreeSet::new(),
            merged: HashMap::new(),
            left: model.file_len.saturating_mul(8).saturating_add(SPARE),
        }
    }

    /// Takes memory for what a node writes out.
    fn take(&mut self, bytes: usize) -> Result<(), String> {
        let left = self.left.checked_sub(bytes);
        let limit = self.model.file_len.saturating_mul(8).saturating_add(SPARE);
        self.left = left.ok_or_else(|| {
            format!("the model stands for more than {limit} bytes of constants, eight times its file and 256 KiB")
        })?;
        Ok(())
    }

    /// The input of the model, which has one picture where the model leaves the number open.
    fn input(&mut self, input: &'a super::Input) -> Result<(), String> {
        let element = match input.element {
            ElementType::Float32 => Element::Float32,
            ElementType::Int8 => Element::INT8,
            ElementType::Uint8 => Element::UINT8,
            other => return Err(format!("its input is {other}: only FLOAT, INT8 and UINT8 are supported")),
        };
        let size = |(axis, size): (usize, &Option<usize>)| match (axis, size) {
            (_, Some(size)) => Ok(*size),
            (0, None) => Ok(1),
            _ => Err(format!("its input leaves dimension {axis} open: only the first may be")),
        };
        let shape: Vec<usize> = input.shape.iter().enumerate().map(size).collect::<Result<_, _>>()?;
        let value = self.value(&input.name, shape, element, None)?;
        let known = if element == Element::Float32 { Known::Real(value) } else { Known::Integer(value) };
        self.known.insert(&input.name, known);
        Ok(())
    }

    fn finish(mut self, input: &super::Input, cut: cut::Cut<'a>) -> Result<Import, Error> {
        let place = self.output(cut.target).map_err(|what| model_error(format!("its output: {what}")))?;
        let Some(Known::Real(first) | Known::Integer(first)) = self.known.get(&*input.name) else {
            return Err(model_error("its input is no tensor".to_owned()));
        };
        let options = exactness::options(self.model, &self.layers);
        let input = first.place;
        if !self.steps.iter().any(|step| step.output == place) {
            return Err(model_error("its output is its input".to_owned()));
        }
        let values = self.known.into_iter().filter_map(|(name, known)| match known {
            Known::Integer(value) | Known::Real(value) => Some((name.to_owned(), value)),
            _ => None,
        });
        let values = values.collect();
        let (tensors, steps) = (self.tensors, self.steps);
        let graph = Graph { tensors, steps, inputs: vec![input], outputs: vec![place], variables: Vec::new() };
        let (output, host, layers, shifted) = (cut.target.to_owned(), cut.host, self.layers, self.shifted);
        Ok(Import { graph, output, host, layers, options, values, shifted })
    }

    /// The place of the output, in the order of the model.
    fn output(&mut self, name: &'a str) -> Result<usize, String> {
        let node = *self.writers.get(name).ok_or("it is no output of a node")?;
        self.reveal(node, name)?;
        match self.known.get(name).cloned() {
            Some(Known::Real(value) | Known::Integer(value)) => {
                let place = self.plain(node, &value)?;
                if self.shifted.contains(name) { self.shifted_back(node, place) } else { Ok(place) }
            }
            _ => Err("it is a constant".to_owned()),
        }
    }

    /// Integers that were turned into `uint8`, as the `int8` that they are in the model.
    fn shifted_back(&mut self, node: &Node, place: usize) -> Result<usize, String> {
        let Tensor { name, shape, quantization, .. } = self.tensors[place].clone();
        let quantization = quantization.map(|q| graph::Quantized { zero_point: q.zero_point - 128, ..q });
        let output = self.tensor(&name, shape, Element::INT8, quantization)?;
        self.step(node, vec![place], output, graph::Operator::Lookup { least: 0, entries: (-128..128).collect() });
        Ok(output)
    }
}
