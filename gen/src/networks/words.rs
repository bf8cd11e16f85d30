//! A network in one line.

use std::fmt::Write;

use qrtl_golden::graph::{Graph, Operator, Step};
use qrtl_golden::operators::{Axis, Window};

/// The shape of the input, then each step: number, operator, its inputs as `x` or the number of a step, parameters, shape of
/// the output.
pub(super) fn describe(graph: &Graph) -> String {
    let sizes = |tensor: usize| join(&graph.tensors[tensor].shape);
    let mut words = format!("x {}", sizes(graph.inputs[0]));
    for step in &graph.steps {
        let inputs: Vec<&str> = step.inputs.iter().map(|&tensor| &*graph.tensors[tensor].name).collect();
        let (parameters, output) = (parameters(graph, step), sizes(step.output));
        // Writing to a string does not fail.
        let _ = write!(words, "; {} {}({}){parameters} {output}", step.index, step.name, inputs.join(", "));
    }
    words
}

fn parameters(graph: &Graph, step: &Step) -> String {
    match &step.operator {
        Operator::Conv2d { layer, window } => {
            let (filter, channels) = (&layer.weights.shape()[1..3], graph.tensors[step.inputs[0]].shape[3]);
            format!(" {}{} groups {}", join(filter), moving(window), channels / layer.weights.shape()[3])
        }
        Operator::DepthwiseConv2d { layer, window } => {
            format!(" {}{}", join(&layer.weights.shape()[1..3]), moving(window))
        }
        Operator::AveragePool { filter, window, .. } | Operator::MaxPool { filter, window, .. } => {
            format!(" {}{}", join(filter), moving(window))
        }
        Operator::Pad { padding, .. } => format!(" {padding:?}"),
        _ => String::new(),
    }
}

/// Stride, dilation and padding: rows, then columns.
fn moving(Window { rows, cols }: &Window) -> String {
    let both = |part: fn(&Axis) -> usize| join(&[part(rows), part(cols)]);
    let (stride, dilation) = (both(|axis| axis.stride), both(|axis| axis.dilation));
    let (before, after) = (both(|axis| axis.before), both(|axis| axis.after));
    format!(" stride {stride} dilation {dilation} before {before} after {after}")
}

fn join(sizes: &[usize]) -> String {
    sizes.iter().map(usize::to_string).collect::<Vec<_>>().join("x")
}
