//! The integer graph: a quantized network as data, and the one executor of it.
//!
//! A [`Graph`] has tensors and steps. A [`Step`] is an operator with its integer parameters and its requantization; it says by
//! index which tensors it reads and which one it writes. Nothing of it depends on a file format: a `.tflite` file is lowered to
//! a graph ([`import`](crate::import)), a float network is quantized to one ([`quantization`](crate::quantization)), and whoever
//! makes hardware of a network reads the same fields that [`Graph::run`] reads.

mod error;
mod operator;
mod run;
mod tensor;

pub use error::Error;
pub use operator::{Operator, Weighted};
pub use tensor::{Element, Quantized, Tensor, Value};

/// A network with one input and one output, all of whose integers are decided.
#[derive(Debug, Clone, PartialEq)]
pub struct Graph {
    /// what steps read and write; weights and biases are no tensors, they belong to their operator
    pub tensors: Vec<Tensor>,
    /// the operators, in the order of execution
    pub steps: Vec<Step>,
    /// the tensor that is fed from outside
    pub input: usize,
    /// the tensor that is the result; a step writes it
    pub output: usize,
}

/// An operator, and the tensors that it is applied to.
#[derive(Debug, Clone, PartialEq)]
pub struct Step {
    /// place among the operators of the network that it comes from, in the order of execution
    pub index: usize,
    /// the operator's name there, as `CONV_2D`: for people
    pub name: String,
    /// the tensors that it reads, by their index in [`Graph::tensors`]
    pub inputs: Vec<usize>,
    /// the tensor that it writes
    pub output: usize,
    /// what it computes
    pub operator: Operator,
}

impl Graph {
    /// The index among [`Graph::steps`] of the step that writes the result; `None` if there is none.
    pub fn output_step(&self) -> Option<usize> {
        self.steps.iter().rposition(|step| step.output == self.output)
    }

    /// Multiplications of inputs by weights in one run, those of taps in the padding included.
    pub fn macs(&self) -> u64 {
        let macs = |step: &Step| self.tensors[step.output].elements() as u64 * step.operator.terms() as u64;
        self.steps.iter().map(macs).sum()
    }
}
