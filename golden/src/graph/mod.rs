//! The integer graph: a quantized network as data, and its only executor.
//!
//! A [`Graph`] has tensors and steps. A [`Step`] is an operator with its integer parameters and its requantization. It
//! refers by index to the tensors that it reads and to the tensor that it writes. A graph does not depend on a file
//! format. A `.tflite` file is lowered to a graph ([`import`](crate::import)), and a float network is quantized to a
//! graph ([`quantization`](crate::quantization)). Whoever makes hardware of a network reads the same fields that
//! [`Graph::run`] reads.

mod error;
mod operator;
mod run;
mod shapes;
mod tensor;

pub use error::Error;
pub use operator::{Operator, Weighted};
pub use run::State;
pub use tensor::{Element, Quantized, Tensor, Value};

/// A network. All its integers are decided.
#[derive(Debug, Clone, PartialEq)]
pub struct Graph {
    /// the tensors that steps read and write; weights and biases are no tensors but belong to their operator
    pub tensors: Vec<Tensor>,
    /// the operators, in the order of execution
    pub steps: Vec<Step>,
    /// the tensors that are fed from outside
    pub inputs: Vec<usize>,
    /// the tensors that are the results, each of which a step writes
    pub outputs: Vec<usize>,
    /// what is kept from one run to the next
    pub variables: Vec<Variable>,
}

/// A variable, which a run takes from the run before it and leaves to the next.
#[derive(Debug, Clone, PartialEq)]
pub struct Variable {
    /// its name in the network from which the graph was made
    pub name: String,
    /// the tensor that holds it when a run begins
    pub before: usize,
    /// the tensor that holds it when a run ends; it has as many elements
    pub after: usize,
    /// what it is before the first run
    pub start: Value,
}

/// An operator, and the tensors that it is applied to.
#[derive(Debug, Clone, PartialEq)]
pub struct Step {
    /// number of the operator in the network from which it was made, in the order of execution
    pub index: usize,
    /// name of the operator in this network, as `CONV_2D`, for people
    pub name: String,
    /// the tensors that it reads, by their index in [`Graph::tensors`]
    pub inputs: Vec<usize>,
    /// the tensor that it writes
    pub output: usize,
    /// the operator
    pub operator: Operator,
}

impl Graph {
    /// The index among [`Graph::steps`] of the step that writes the first output; `None` if there is none.
    pub fn output_step(&self) -> Option<usize> {
        self.writer(*self.outputs.first()?)
    }

    /// The index among [`Graph::steps`] of the step that writes a tensor.
    pub fn writer(&self, tensor: usize) -> Option<usize> {
        self.steps.iter().rposition(|step| step.output == tensor)
    }

    /// Number of multiplications of inputs by weights in one run, taps in the padding included.
    pub fn macs(&self) -> u64 {
        let macs = |step: &Step| self.tensors[step.output].elements() as u64 * step.operator.terms() as u64;
        self.steps.iter().map(macs).sum()
    }
}
