//! A network while it is being drawn, with what its tensors hold for a few inputs.

use qrtl_golden::graph::{Element, Graph, Operator, Quantized, Step, Tensor, Value};
use qrtl_golden::operators::Array;

use super::Kind;

/// Greatest height and width of a map.
pub(super) const MAX_SIDE: usize = 20;
/// Greatest number of channels of a map.
pub(super) const MAX_CHANNELS: usize = 40;

/// Greatest number of elements of a vector that is no flattened map.
pub(super) const MAX_VECTOR: usize = 200;

/// A graph that grows by a step at a time. Its output is always the newest tensor.
pub(super) struct Draft {
    graph: Graph,
    /// the elements of each tensor, for each input
    values: Vec<Vec<Array>>,
}

impl Draft {
    /// A network without steps: its input has this shape and these elements.
    pub(super) fn new(shape: Vec<usize>, quantized: Quantized, inputs: Vec<Array>) -> Draft {
        let tensors = vec![tensor("x".to_owned(), shape, quantized)];
        let (steps, variables) = (Vec::new(), Vec::new());
        Draft { graph: Graph { tensors, steps, inputs: vec![0], outputs: vec![0], variables }, values: vec![inputs] }
    }

    /// The network, which has at least one step.
    pub(super) fn finish(self) -> Graph {
        self.graph
    }

    /// The newest tensor.
    pub(super) fn newest(&self) -> usize {
        self.graph.outputs[0]
    }

    /// All tensors that depend on the input, oldest first.
    pub(super) fn tensors(&self) -> impl Iterator<Item = usize> {
        (0..self.graph.tensors.len()).filter(|&tensor| self.graph.tensors[tensor].constant.is_none())
    }

    /// Number of steps.
    pub(super) fn steps(&self) -> usize {
        self.graph.steps.len()
    }

    /// Number of multiplications by weights of all steps.
    pub(super) fn macs(&self) -> u64 {
        self.graph.macs()
    }

    pub(super) fn shape(&self, tensor: usize) -> &[usize] {
        &self.graph.tensors[tensor].shape
    }

    pub(super) fn elements(&self, tensor: usize) -> usize {
        self.graph.tensors[tensor].elements()
    }

    /// Height, width and channels of a tensor, if it is a map.
    pub(super) fn map(&self, tensor: usize) -> Option<[usize; 3]> {
        match *self.shape(tensor) {
            [1, height, width, channels] => Some([height, width, channels]),
            _ => None,
        }
    }

    pub(super) fn quantized(&self, tensor: usize) -> Quantized {
        self.graph.tensors[tensor].quantization.expect("all tensors are integers")
    }

    /// The operator that writes a tensor; `None` for the input of the network.
    pub(super) fn written_by(&self, tensor: usize) -> Option<Kind> {
        let step = self.graph.steps.iter().find(|step| step.output == tensor)?;
        step.name.parse().ok()
    }

    /// The elements of a tensor, for each input.
    pub(super) fn values(&self, tensor: usize) -> &[Array] {
        &self.values[tensor]
    }

    /// The outputs of an operator for these tensors, for each input of the network.
    pub(super) fn run(&self, operator: &Operator, operands: &[usize], shape: &[usize]) -> Vec<Array> {
        let run = |input: usize| {
            let value = |&operand: &usize| Value::Integer(self.values[operand][input].clone());
            let constant = |operand| Tensor { constant: Some(value(operand)), ..self.graph.tensors[*operand].clone() };
            let result = Tensor { shape: shape.to_vec(), ..self.graph.tensors[operands[0]].clone() };
            let tensors: Vec<Tensor> = operands.iter().map(constant).chain([result]).collect();
            let (inputs, output) = ((0..operands.len()).collect(), operands.len());
            let steps = vec![Step { index: 0, name: String::new(), inputs, output, operator: operator.clone() }];
            let graph = Graph { tensors, steps, inputs: vec![0], outputs: vec![output], variables: Vec::new() };
            let outputs = graph.run(&value(&operands[0]));
            match outputs.as_deref() {
                Ok([Value::Integer(array)]) => array.clone(),
                other => panic!("{operator:?} of {operands:?} gives {other:?}, not integers of shape {shape:?}"),
            }
        };
        (0..self.values[operands[0]].len()).map(run).collect()
    }

    /// A tensor that holds these elements for every input.
    pub(super) fn constant(&mut self, array: &Array, quantized: Quantized) -> usize {
        self.values.push(vec![array.clone(); self.values[self.graph.inputs[0]].len()]);
        let constant = Some(Value::Integer(array.clone()));
        let tensor = Tensor { constant, ..tensor("constant".to_owned(), array.shape().to_vec(), quantized) };
        self.graph.tensors.push(tensor);
        self.graph.tensors.len() - 1
    }

    /// Appends a step, and returns the tensor that it writes.
    pub(super) fn push(
        &mut self,
        kind: Kind,
        operands: &[usize],
        operator: Operator,
        shape: Vec<usize>,
        quantized: Quantized,
    ) -> usize {
        let (index, output) = (self.graph.steps.len(), self.graph.tensors.len());
        self.values.push(self.run(&operator, operands, &shape));
        self.graph.tensors.push(tensor(index.to_string(), shape, quantized));
        let (name, inputs) = (kind.name().to_owned(), operands.to_vec());
        self.graph.steps.push(Step { index, name, inputs, output, operator });
        self.graph.outputs[0] = output;
        output
    }
}

fn tensor(name: String, shape: Vec<usize>, quantized: Quantized) -> Tensor {
    Tensor { name, shape, element: Element::INT8, quantization: Some(quantized), constant: None }
}
