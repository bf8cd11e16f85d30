//! From bytes to [`Model`]: decoding, and checks of what was decoded.

mod tensor;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::Read as _;
use std::path::Path;

use prost::Message;

use super::model::Input;
use super::{Attribute, Constant, Data, ElementType, Error, Model, Node, schema};
use crate::import::quoted;
use tensor::read_tensor;

type Result<T, E = Error> = std::result::Result<T, E>;

impl Model {
    /// The greatest file that is read: 256 MiB.
    pub const MAX_FILE_BYTES: u64 = 256 << 20;

    /// Reads the model in the file at `path`.
    ///
    /// # Errors
    /// The errors of [`Model::from_bytes`]; and if the file cannot be read.
    pub fn read(path: impl AsRef<Path>) -> Result<Self> {
        let path = path.as_ref();
        let mut bytes = Vec::new();
        // One byte above the limit is enough for `from_bytes` to refuse the file.
        fs::File::open(path)
            .and_then(|file| file.take(Self::MAX_FILE_BYTES + 1).read_to_end(&mut bytes))
            .map_err(|cause| Error::Read { path: path.to_owned(), cause })?;
        Self::from_bytes(&bytes)
    }

    /// Reads a model from the bytes of an ONNX file.
    ///
    /// # Errors
    /// If the bytes are no well-formed model, or the model needs something that we do not support.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self> {
        let got = bytes.len() as u64;
        if got > Self::MAX_FILE_BYTES {
            return Err(Error::FileSize { got, limit: Self::MAX_FILE_BYTES });
        }
        let file = File { len: bytes.len() };
        let schema::Model { producer_name, graph, opset_import, functions, .. } = file.decode("the model", bytes)?;
        let graph = graph.filter(|graph| !graph.node.is_empty());
        let graph = graph.ok_or_else(|| file.damaged("it has no graph, or one without nodes".to_owned()))?;
        if !functions.is_empty() {
            return Err(model_error(format!("{} functions of its own: must be none", functions.len())));
        }
        if !graph.sparse_initializer.is_empty() {
            return Err(model_error("it has sparse constants: only dense ones are supported".to_owned()));
        }
        let mut opsets = BTreeMap::new();
        for bytes in &opset_import {
            let schema::OperatorSet { domain, version } = file.decode("a set of operators", bytes)?;
            opsets.insert(if domain == "ai.onnx" { String::new() } else { domain }, version);
        }
        let mut constants = BTreeMap::new();
        for bytes in &graph.initializer {
            let tensor: schema::Tensor = file.decode("a constant", bytes)?;
            let name = tensor.name.clone();
            let constant = read_tensor(tensor).map_err(|what| Error::Tensor { name: quoted(&name), what })?;
            if constants.insert(name.clone(), constant).is_some() {
                return Err(Error::Tensor { name: quoted(&name), what: "two constants have this name".to_owned() });
            }
        }
        let mut inputs = Vec::new();
        for bytes in &graph.input {
            let input = read_input(file.decode("an input", bytes)?)?;
            // Old versions of the format list constants among the inputs.
            if !constants.contains_key(&input.name) {
                inputs.push(input);
            }
        }
        let mut outputs = Vec::new();
        for bytes in &graph.output {
            outputs.push(file.decode::<schema::ValueInfo>("an output", bytes)?.name);
        }
        // The vector grows with the nodes that are found to be some: an empty message is a hundredth of a node.
        let mut nodes = Vec::new();
        for (index, bytes) in graph.node.iter().enumerate() {
            let node: schema::Node = file.decode("a node", bytes)?;
            match file.read_node(index, node)? {
                Read::Node(node) => nodes.push(node),
                Read::Constant(name, constant) => drop(constants.insert(name, constant)),
            }
        }
        let model = Model { producer: producer_name, nodes, constants, inputs, outputs, opsets, file_len: bytes.len() };
        model.check_order()?;
        Ok(model)
    }

    /// Checks that each tensor is written once, before it is read.
    fn check_order(&self) -> Result<()> {
        let inputs = self.inputs.iter().map(|input| &*input.name);
        let mut there: BTreeSet<&str> = self.constants.keys().map(String::as_str).chain(inputs).collect();
        for node in &self.nodes {
            if let Some(name) = node.inputs.iter().find(|name| !name.is_empty() && !there.contains(name.as_str())) {
                let what = format!("reads {}, which nothing has written before it", quoted(name));
                return Err(node_error(node, what));
            }
            for name in node.outputs.iter().filter(|name| !name.is_empty()) {
                if !there.insert(name) {
                    return Err(node_error(node, format!("writes {}, which is there already", quoted(name))));
                }
            }
        }
        match self.outputs.iter().find(|name| !there.contains(name.as_str())) {
            Some(name) => Err(model_error(format!("its output {} is written by no node", quoted(name)))),
            None => Ok(()),
        }
    }
}

/// The error of a node.
pub(super) fn node_error(node: &Node, what: String) -> Error {
    Error::Node { index: node.index, name: quoted(&node.name), operator: node.operator.clone(), what }
}

pub(super) fn model_error(what: String) -> Error {
    Error::Model { what }
}

fn read_input(input: schema::ValueInfo) -> Result<Input> {
    let schema::ValueInfo { name, r#type } = input;
    let Some(schema::TensorType { elem_type, shape }) = r#type.and_then(|of| of.tensor_type) else {
        return Err(model_error(format!("its input {} is no tensor", quoted(&name))));
    };
    let Some(shape) = shape else {
        return Err(model_error(format!("its input {} has no shape", quoted(&name))));
    };
    let size = |dim: &schema::Dimension| usize::try_from(dim.dim_value).ok().filter(|&size| size > 0);
    let shape = shape.dim.iter().map(size).collect();
    Ok(Input { name, element: ElementType::from_code(elem_type), shape })
}

/// What a node of the file is.
enum Read {
    Node(Node),
    /// a node `Constant`
    Constant(String, Constant),
}

/// The file that is read, for messages.
struct File {
    len: usize,
}

impl File {
    fn damaged(&self, what: String) -> Error {
        Error::Damaged { len: self.len, what }
    }

    fn decode<M: Message + Default>(&self, what: &str, bytes: &[u8]) -> Result<M> {
        M::decode(bytes).map_err(|error| self.damaged(format!("{what}: {error}")))
    }

    fn read_node(&self, index: usize, node: schema::Node) -> Result<Read> {
        let schema::Node { input, output, name, op_type, attribute, domain } = node;
        let domain = if domain == "ai.onnx" { String::new() } else { domain };
        let plain = op_type.len() <= 60 && op_type.chars().all(|c| c.is_ascii_graphic());
        let operator = if plain { op_type } else { quoted(&op_type) };
        let mut node =
            Node { index, name, operator, domain, inputs: input, outputs: output, attributes: BTreeMap::new() };
        let mut tensors = BTreeMap::new();
        for bytes in &attribute {
            let mut attribute: schema::Attribute = self.decode("an attribute", bytes)?;
            let name = std::mem::take(&mut attribute.name);
            if let Some(tensor) = attribute.t.take() {
                let constant = read_tensor(tensor);
                tensors.insert(name, constant.map_err(|what| node_error(&node, format!("its tensor {what}")))?);
            } else {
                node.attributes.insert(name, read_attribute(attribute));
            }
        }
        if node.operator.is_empty() || node.outputs.is_empty() {
            return Err(node_error(&node, "it has no operator, or no output".to_owned()));
        }
        if node.operator != "Constant" || !node.domain.is_empty() {
            return Ok(Read::Node(node));
        }
        let value = tensors.remove("value").or_else(|| value_of(&node.attributes));
        match (value, &node.outputs[..]) {
            (Some(value), [name]) => Ok(Read::Constant(name.clone(), value)),
            _ => Err(node_error(&node, "it has no value that is read, or not one output".to_owned())),
        }
    }
}

fn read_attribute(attribute: schema::Attribute) -> Attribute {
    let schema::Attribute { f, i, s, g, floats, ints, r#type, .. } = attribute;
    match r#type {
        1 => Attribute::Float(f),
        2 => Attribute::Int(i),
        3 => Attribute::Text(String::from_utf8_lossy(&s).into_owned()),
        5 => Attribute::Graph,
        6 => Attribute::Floats(floats),
        7 => Attribute::Ints(ints),
        _ if !g.is_empty() => Attribute::Graph,
        _ => Attribute::Unread,
    }
}

/// The value of a node `Constant` that is no tensor.
fn value_of(attributes: &BTreeMap<String, Attribute>) -> Option<Constant> {
    let (element, shape, data) = match attributes.first_key_value()? {
        (name, Attribute::Float(value)) if name == "value_float" => {
            (ElementType::Float32, vec![], Data::F32(vec![*value]))
        }
        (name, Attribute::Int(value)) if name == "value_int" => (ElementType::Int64, vec![], Data::I64(vec![*value])),
        (name, Attribute::Floats(values)) if name == "value_floats" => {
            (ElementType::Float32, vec![values.len()], Data::F32(values.clone()))
        }
        (name, Attribute::Ints(values)) if name == "value_ints" => {
            (ElementType::Int64, vec![values.len()], Data::I64(values.clone()))
        }
        _ => return None,
    };
    Some(Constant { element, shape, data })
}
