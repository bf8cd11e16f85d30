//! Where the graph ends: behind the last DequantizeLinear, or before it.

use std::collections::{BTreeSet, HashMap};

use super::{Ends, moves};
use crate::import::onnx::reader::model_error;
use crate::import::onnx::{Error, Model, Node};
use crate::import::quoted;

/// The part of a model that becomes a graph.
pub(super) struct Cut<'a> {
    /// the output
    pub(super) target: &'a str,
    /// whether a node is computed for the target
    pub(super) wanted: Vec<bool>,
    /// nodes behind the target, which stay on the host
    pub(super) host: Vec<String>,
}

/// Cuts the model where operators on floats follow the last DequantizeLinear.
pub(super) fn cut(model: &Model, ends: Ends) -> Result<Cut<'_>, Error> {
    let [output] = model.outputs() else {
        return Err(model_error(format!("{} outputs: exactly 1 is supported", model.outputs().len())));
    };
    let nodes = model.nodes();
    if !nodes.iter().any(is_integer) {
        return Err(model_error("no node quantizes anything: it computes in floats".to_owned()));
    }
    let writers: HashMap<&str, usize> =
        nodes.iter().enumerate().flat_map(|(i, node)| node.outputs.iter().map(move |name| (&**name, i))).collect();
    let wanted = wanted(nodes, &writers, output);
    let tail = tail(nodes, &writers, &wanted);
    let mut target = &**output;
    if tail.iter().any(|&in_tail| in_tail) {
        let computed = computed(model);
        let inside = |name: &&str| writers.get(name).is_some_and(|&writer| !tail[writer] && computed[writer]);
        let of_tail = nodes.iter().zip(&tail).filter(|(_, in_tail)| **in_tail);
        let read: BTreeSet<&str> =
            of_tail.flat_map(|(node, _)| node.inputs.iter().map(String::as_str)).filter(inside).collect();
        match read.into_iter().collect::<Vec<_>>()[..] {
            [only] => target = only,
            [] => return Err(model_error("only constants of it are quantized: it computes in floats".to_owned())),
            ref several => {
                let names: Vec<String> = several.iter().map(|name| quoted(name)).collect();
                return Err(model_error(format!(
                    "{} tensors go from its integers to the operators on floats behind them ({}): exactly 1 is supported",
                    several.len(),
                    names.join(", ")
                )));
            }
        }
    }
    let shown = |node: &Node| format!("{} {} {}", node.index, node.operator, quoted(&node.name));
    let mut host: Vec<String> = nodes.iter().zip(&tail).filter(|(_, t)| **t).map(|(node, _)| shown(node)).collect();
    if ends == Ends::Integers {
        let mut behind = Vec::new();
        target = before_floats(nodes, &writers, target, |node| behind.push(shown(node)))?;
        behind.reverse();
        host = [behind, host].concat();
    }
    let wanted = self::wanted(nodes, &writers, target);
    Ok(Cut { target, wanted, host })
}

/// Whether the node reads or gives integers, or is control flow: it is no operator on floats.
fn is_integer(node: &Node) -> bool {
    const NAMES: [&str; 10] = [
        "QuantizeLinear",
        "DequantizeLinear",
        "QGemm",
        "MatMulIntegerToFloat",
        "DynamicQuantizeLinear",
        "MatMulInteger",
        "ConvInteger",
        "If",
        "Loop",
        "Scan",
    ];
    NAMES.contains(&&*node.operator) || node.operator.starts_with("QLinear")
}

/// The nodes that the tensor depends on.
fn wanted(nodes: &[Node], writers: &HashMap<&str, usize>, target: &str) -> Vec<bool> {
    let mut wanted = vec![false; nodes.len()];
    if let Some(&last) = writers.get(target) {
        wanted[last] = true;
    }
    for (i, node) in nodes.iter().enumerate().rev() {
        if wanted[i] {
            node.inputs.iter().filter_map(|name| writers.get(&**name)).for_each(|&writer| wanted[writer] = true);
        }
    }
    wanted
}

/// Whether each node computes with more than constants.
fn computed(model: &Model) -> Vec<bool> {
    let mut varying: BTreeSet<&str> = model.inputs().iter().map(|input| &*input.name).collect();
    let varies = |node: &Node, varying: &BTreeSet<&str>| node.inputs.iter().any(|name| varying.contains(&**name));
    let mut computed = Vec::with_capacity(model.nodes().len());
    for node in model.nodes() {
        computed.push(varies(node, &varying));
        if computed[computed.len() - 1] {
            varying.extend(node.outputs.iter().map(|name| &**name));
        }
    }
    computed
}

/// The wanted nodes on floats behind the last DequantizeLinear. Operators that only move elements do not belong to them,
/// nor does a product of matrices that is an integer operator with a float output.
fn tail(nodes: &[Node], writers: &HashMap<&str, usize>, wanted: &[bool]) -> Vec<bool> {
    let mut leads = vec![false; nodes.len()];
    for (i, node) in nodes.iter().enumerate().rev() {
        leads[i] |= is_integer(node);
        if leads[i] {
            node.inputs.iter().filter_map(|name| writers.get(&**name)).for_each(|&writer| leads[writer] = true);
        }
    }
    let dequantized = |name: Option<&String>| {
        let writer = name.and_then(|name| writers.get(&**name));
        writer.is_some_and(|&writer| nodes[writer].operator == "DequantizeLinear")
    };
    let mut tail = vec![false; nodes.len()];
    for (i, node) in nodes.iter().enumerate().filter(|&(i, _)| wanted[i] && !leads[i]) {
        let behind = node.inputs.iter().any(|name| writers.get(&**name).is_some_and(|&writer| tail[writer]));
        let stays = match &*node.operator {
            "MatMul" | "Gemm" => dequantized(node.inputs.first()) && dequantized(node.inputs.get(1)),
            other => moves::is_move(other),
        };
        tail[i] = behind || !stays;
    }
    tail
}

/// The integers from which a tensor of floats is dequantized, and moved.
fn before_floats<'a>(
    nodes: &'a [Node],
    writers: &HashMap<&str, usize>,
    target: &'a str,
    mut passed: impl FnMut(&'a Node),
) -> Result<&'a str, Error> {
    let mut target = target;
    loop {
        let writer = writers.get(target).map(|&writer| &nodes[writer]);
        match writer {
            Some(node) if node.operator == "DequantizeLinear" || moves::is_move(&node.operator) => {
                passed(node);
                target = node.input(0).unwrap_or_default();
                if node.operator == "DequantizeLinear" {
                    return Ok(target);
                }
            }
            _ => return Err(model_error("its output does not come from a DequantizeLinear".to_owned())),
        }
    }
}
