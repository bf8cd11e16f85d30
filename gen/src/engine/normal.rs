//! The part of a network that the engine computes, in a form in which all steps say what they do to shapes.

use std::fmt;

use anyhow::{Result, bail, ensure};
use qrtl_golden::graph::{Element, Graph, Operator, Step};
use qrtl_golden::import::quoted;

use super::halves::halve_weights;
use super::plan::named;

/// A step that stays on the host, because its input or its output is not int8.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HostStep {
    /// index in the order of execution
    pub index: usize,
    /// its name, as `QUANTIZE`
    pub name: String,
}

impl fmt::Display for HostStep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.index, self.name)
    }
}

/// The steps between the ends that stay on the host.
///
/// # Errors
/// If the network has several inputs or outputs, or keeps state; if a tensor has another shape than its operator gives, or
/// is written twice; if a tensor between the ends is not int8, or a map has more than one picture.
pub(super) fn normalized(graph: &Graph) -> Result<(Graph, Vec<HostStep>)> {
    check_ends(graph)?;
    graph.check_shapes()?;
    check_written_once(graph)?;
    let mut graph = graph.clone();
    let mut host = Vec::new();
    let converts = |step: &Step| {
        matches!(
            step.operator,
            Operator::Quantize(_) | Operator::Requantize { .. } | Operator::Dequantize { .. } | Operator::Reshape
        )
    };
    let is_int8 = |graph: &Graph, tensor: usize| graph.tensors[tensor].element == Element::INT8;
    while !is_int8(&graph, graph.inputs[0]) {
        let first = graph.steps.iter().position(|step| step.inputs.contains(&graph.inputs[0]));
        let Some(first) = first.filter(|&i| converts(&graph.steps[i])) else { break };
        let step = graph.steps.remove(first);
        graph.inputs[0] = step.output;
        host.push(HostStep { index: step.index, name: step.name });
    }
    let before = host.len();
    while !is_int8(&graph, graph.outputs[0]) {
        let Some(last) = graph.output_step().filter(|&i| converts(&graph.steps[i])) else { break };
        let step = graph.steps.remove(last);
        graph.outputs[0] = step.inputs[0];
        host.insert(before, HostStep { index: step.index, name: step.name });
    }
    let names: Vec<String> = host.iter().map(ToString::to_string).collect();
    ensure!(!graph.steps.is_empty(), "no operator is left for the engine: {} stay on the host", names.join(", "));
    for step in &graph.steps {
        check(&graph, step).map_err(|why| why.context(named(step)))?;
    }
    reshape_products(&mut graph);
    fold_pads(&mut graph);
    halve_weights(&mut graph)?;
    Ok((graph, host))
}

fn check_ends(graph: &Graph) -> Result<()> {
    let [inputs, outputs] = [&graph.inputs, &graph.outputs].map(Vec::len);
    if let Some(first) = graph.variables.first() {
        let count = graph.variables.len();
        bail!(
            "the model keeps state in {count} variables, the first is {}: the engine keeps none",
            quoted(&first.name)
        );
    }
    ensure!([inputs, outputs] == [1, 1], "{inputs} inputs and {outputs} outputs: the engine has one of each");
    Ok(())
}

/// Each tensor has one place in the memory, so that nothing may write it anew.
fn check_written_once(graph: &Graph) -> Result<()> {
    let mut there: Vec<bool> = graph.tensors.iter().map(|tensor| tensor.constant.is_some()).collect();
    graph.inputs.iter().for_each(|&input| there[input] = true);
    for step in &graph.steps {
        let name = quoted(&graph.tensors[step.output].name);
        ensure!(!there[step.output], "{}: writes tensor {name}, which is there before it", named(step));
        there[step.output] = true;
    }
    Ok(())
}

fn check(graph: &Graph, step: &Step) -> Result<()> {
    for &tensor in step.inputs.iter().chain([&step.output]) {
        let tensor = &graph.tensors[tensor];
        ensure!(tensor.element == Element::INT8, "has a tensor of {}: the engine computes with INT8", tensor.element);
    }
    let moves_a_window = matches!(
        step.operator,
        Operator::Conv2d { .. }
            | Operator::DepthwiseConv2d { .. }
            | Operator::AveragePool { .. }
            | Operator::OrtAveragePool { .. }
            | Operator::MaxPool { .. }
    );
    let shape = &graph.tensors[step.inputs[0]].shape;
    match shape[..] {
        _ if !moves_a_window => Ok(()),
        [1, _, _, _] => Ok(()),
        _ => bail!("has an input of shape {shape:?}: only maps of one picture are supported"),
    }
}

/// Puts a RESHAPE before a fully connected layer whose input is not cut into rows already.
fn reshape_products(graph: &mut Graph) {
    let mut steps = Vec::new();
    for mut step in std::mem::take(&mut graph.steps) {
        if let Operator::FullyConnected(layer) = &step.operator {
            let (input, terms) = (&graph.tensors[step.inputs[0]], layer.weights.cols());
            if input.shape.last() != Some(&terms) {
                let mut rows = input.clone();
                rows.shape = vec![input.elements() / terms, terms];
                graph.tensors.push(rows);
                let output = graph.tensors.len() - 1;
                let inputs = std::mem::replace(&mut step.inputs, vec![output]);
                steps.push(Step { inputs, output, operator: Operator::Reshape, ..step.clone() });
            }
        }
        steps.push(step);
    }
    graph.steps = steps;
}

/// A PAD whose value is the zero point becomes a part of the windows of the convolutions that read it.
fn fold_pads(graph: &mut Graph) {
    for pad in (0..graph.steps.len()).rev() {
        let Operator::Pad { padding, value } = graph.steps[pad].operator.clone() else { continue };
        let &[[0, 0], rows, cols, [0, 0]] = &padding[..] else { continue };
        let (padded, input) = (graph.steps[pad].output, graph.steps[pad].inputs[0]);
        let reads = |step: &&mut Step| step.inputs.contains(&padded);
        let fits = |step: &Step| match &step.operator {
            Operator::Conv2d { layer, .. } | Operator::DepthwiseConv2d { layer, .. } => layer.input_zero_point == value,
            _ => false,
        };
        if graph.outputs[0] == padded || !graph.steps.iter().filter(|s| s.inputs.contains(&padded)).all(fits) {
            continue;
        }
        for step in graph.steps.iter_mut().filter(reads) {
            step.inputs = vec![input];
            if let Operator::Conv2d { window, .. } | Operator::DepthwiseConv2d { window, .. } = &mut step.operator {
                for (axis, [before, after]) in [(&mut window.rows, rows), (&mut window.cols, cols)] {
                    axis.before += before;
                    axis.after += after;
                }
            }
        }
        graph.steps.remove(pad);
    }
}
