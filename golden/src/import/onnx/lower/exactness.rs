//! Where ONNX Runtime gives these bits.

use super::Model;
use crate::graph::Element;
use crate::import::onnx::{ElementType, Node};

/// What ONNX Runtime makes of a layer with weights.
#[derive(Debug, Clone, PartialEq)]
pub struct Exactness {
    /// index of the node
    pub index: usize,
    /// name of the node
    pub name: String,
    /// its operator
    pub operator: String,
    /// type of the activations
    pub activations: Element,
    /// type of the weights
    pub weights: ElementType,
    /// what the weights do to the sums
    pub sums: Weights,
    /// whether the model is in QDQ form here
    pub qdq: bool,
}

/// What weights do to ONNX Runtime's sums in pairs of `uint8` by `int8`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Weights {
    /// they have the type of the activations, or each channel is summed by itself: such sums never saturate
    Exact,
    /// they are so small that no pair can saturate
    Small,
    /// a pair can saturate on x86 without VNNI
    Saturating,
    /// they have 4 bits: ONNX Runtime computes in `float32`
    FourBits,
}

impl Weights {
    /// Of rows of raw weights, each `terms` long, in the order in which they are summed.
    pub(super) fn of(element: ElementType, alike: bool, raw: &[i32], terms: usize) -> Weights {
        let sum = |pair: &[i32], part: fn(i32) -> i32| 255 * pair.iter().map(|&w| part(w)).sum::<i32>();
        let fits = |pair: &[i32]| sum(pair, |w| w.max(0)) <= 32_767 && sum(pair, |w| w.min(0)) >= -32_768;
        match element {
            ElementType::Int4 | ElementType::Uint4 => Weights::FourBits,
            _ if alike => Weights::Exact,
            _ if raw.chunks(terms).flat_map(|row| row.chunks(2)).all(fits) => Weights::Small,
            _ => Weights::Saturating,
        }
    }
}

impl std::fmt::Display for Exactness {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Exactness { index, name, operator, activations, weights, .. } = self;
        write!(f, "node {index} {name:?} ({operator}): {activations} by {weights}, ")?;
        f.write_str(match (self.sums, self.activations) {
            (Weights::FourBits, _) => {
                "ONNX Runtime computes it in float32; these are its bits for the same weights as INT8"
            }
            (_, Element::INT8) if self.qdq => "ONNX Runtime gives these bits with session.qdqisint8allowed = 1",
            (Weights::Exact, _) => "ONNX Runtime gives these bits on every CPU",
            (Weights::Small, _) => "ONNX Runtime gives these bits on every CPU, as no pair of weights can saturate",
            (Weights::Saturating, _) => {
                "ONNX Runtime gives these bits on a CPU with VNNI, or with session.x64quantprecision = 1"
            }
        })
    }
}

/// The layer of a node.
pub(super) fn exactness(
    node: &Node,
    qdq: bool,
    activations: Element,
    weights: ElementType,
    sums: Weights,
) -> Exactness {
    let (index, name, operator) = (node.index, node.name.clone(), node.operator.clone());
    Exactness { index, name, operator, activations, weights, sums, qdq }
}

/// The session options by which ONNX Runtime gives the bits of all layers, on every CPU.
pub(super) fn options(model: &Model, layers: &[Exactness]) -> Vec<[&'static str; 2]> {
    let int8_activations = |node: &Node| {
        let zero_point = node.input(2).and_then(|name| model.constants().get(name));
        node.operator == "QuantizeLinear" && zero_point.is_some_and(|zero| zero.element == ElementType::Int8)
    };
    let reads = |node: &Node| node.input(0).is_some_and(|name| !model.constants().contains_key(name));
    let qdq = layers.iter().any(|layer| layer.qdq);
    let shifted = qdq && model.nodes().iter().any(|node| int8_activations(node) && reads(node));
    let saturates = |layer: &Exactness| layer.sums == Weights::Saturating && layer.activations == Element::UINT8;
    let mut options = Vec::new();
    if shifted {
        options.push(["session.qdqisint8allowed", "1"]);
    }
    if layers.iter().any(saturates) {
        options.push(["session.x64quantprecision", "1"]);
    }
    options
}
