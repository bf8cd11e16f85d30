//! The values that each channel of each tensor can have, from the int8 range of the input through all operators.
//!
//! Factors are not negative, so a requantization never falls, and golden's own function of the least and the greatest sum
//! gives the least and the greatest output. A function by a table is tried for all its arguments.

use qrtl_golden::graph::{Graph, Operator, Step, Value, Weighted};
use qrtl_golden::numerics::requantizer::Requantize;
use qrtl_golden::operators::{AddParameters, Array, Axis, Operand, Window, XnnpackAdd, xnnpack_add};

/// The least and the greatest value.
pub(super) type Range = [i32; 2];

/// Any int8.
pub(super) const ANY: Range = [-128, 127];

/// The ranges of the channels of a tensor, which are its last dimension.
pub(super) type Ranges = Vec<Range>;

/// The ranges of all tensors.
pub(super) fn ranges(graph: &Graph) -> Vec<Ranges> {
    let mut ranges: Vec<Ranges> = (0..graph.tensors.len()).map(|tensor| before(graph, tensor)).collect();
    for step in &graph.steps {
        let inputs: Vec<&Ranges> = step.inputs.iter().map(|&tensor| &ranges[tensor]).collect();
        ranges[step.output] = of_step(graph, step, &inputs);
    }
    ranges
}

/// The value of a channel that has the same value for every input.
pub(super) fn constant([least, greatest]: Range) -> Option<i32> {
    (least == greatest).then_some(least)
}

/// The ranges of a tensor that no step writes.
fn before(graph: &Graph, tensor: usize) -> Ranges {
    let tensor = &graph.tensors[tensor];
    let channels = tensor.shape.last().copied().unwrap_or(1);
    match &tensor.constant {
        Some(Value::Integer(array)) => joined(array.data().iter().map(|&x| [x, x]), channels),
        _ => vec![ANY; channels],
    }
}

/// The ranges of `channels` channels, of which each element in turn belongs to the next one.
fn joined(elements: impl Iterator<Item = Range>, channels: usize) -> Ranges {
    let mut joined: Vec<Option<Range>> = vec![None; channels];
    for (flat, element) in elements.enumerate() {
        let channel = &mut joined[flat % channels];
        *channel = Some(channel.map_or(element, |known| hull(known, element)));
    }
    joined.into_iter().map(|range| range.unwrap_or(ANY)).collect()
}

fn hull([a, b]: Range, [c, d]: Range) -> Range {
    [a.min(c), b.max(d)]
}

fn of_step(graph: &Graph, step: &Step, inputs: &[&Ranges]) -> Ranges {
    let (input, output) = (&graph.tensors[step.inputs[0]].shape, &graph.tensors[step.output].shape);
    let channels = output.last().copied().unwrap_or(1);
    let first = inputs[0];
    let each = |f: &dyn Fn(Range) -> Range| first.iter().map(|&range| f(range)).collect();
    match &step.operator {
        Operator::Conv2d { layer, window } => convolution(layer, window, input, output, first),
        Operator::DepthwiseConv2d { layer, window } => depthwise(layer, window, input, output, first),
        Operator::FullyConnected(layer) if first.len() == layer.weights.cols() => {
            let terms =
                |o: usize| layer.weights.data()[o * first.len()..].iter().zip(first).map(|(&w, &x)| (w, x, false));
            (0..channels).map(|o| of_sum(layer, o, terms(o))).collect()
        }
        Operator::Add { zero_points, parameters } => {
            binary(inputs, channels, |a, b| sum(*zero_points, parameters, a, b, 1))
        }
        Operator::Sub { zero_points, parameters } => {
            binary(inputs, channels, |a, b| sum(*zero_points, parameters, a, b, -1))
        }
        Operator::OrtAdd(sum) => binary(inputs, channels, |a, b| of_ends(a, b, |x, y| Some(sum.apply(x, y)))),
        Operator::XnnpackAdd { zero_points, parameters } => {
            binary(inputs, channels, |a, b| of_ends(a, b, |x, y| xnnpack_sum(*zero_points, parameters, x, y)))
        }
        // The mean and the greatest of values lie among them.
        Operator::AveragePool { bounds, .. } | Operator::MaxPool { bounds, .. } => {
            each(&|range| range.map(|x| i64::from(x).clamp(bounds.min(), bounds.max()) as i32))
        }
        Operator::Mean { axes, zero_point, requantization } if !holds_last(axes, input) => {
            each(&|range| mean(range, *zero_point, axes.iter().map(|&axis| input[axis]).product(), requantization))
        }
        Operator::OrtMean { axes, zero_point, requantization } if !holds_last(axes, input) => {
            each(&|range| mean(range, *zero_point, axes.iter().map(|&axis| input[axis]).product(), requantization))
        }
        Operator::Pad { padding, value } if padding.last() == Some(&[0, 0]) => {
            each(&|range| hull(range, [*value, *value]))
        }
        Operator::Reshape => {
            let elements = (0..input.iter().product()).map(|flat: usize| first[flat % first.len()]);
            joined(elements, channels)
        }
        Operator::Concatenation { axis } if axis + 1 == output.len() => {
            inputs.iter().copied().flatten().copied().collect()
        }
        Operator::Concatenation { .. } => joined(inputs.iter().copied().flatten().copied(), channels),
        Operator::Table { entries } => each(&|[least, greatest]| {
            let images = (least..=greatest).map(|x| i32::from(entries[(x + 128) as usize]));
            images.map(|y| [y, y]).reduce(hull).unwrap_or(ANY)
        }),
        Operator::Requantize { zero_point, requantization } => {
            each(&|range| requantized(range, |x| requantization.requantize_sum((x - zero_point).into())))
        }
        _ => vec![ANY; channels],
    }
}

/// Whether the channels of a tensor, its last dimension, are among these dimensions.
pub(super) fn holds_last(axes: &[usize], shape: &[usize]) -> bool {
    shape.len().checked_sub(1).is_some_and(|last| axes.contains(&last))
}

/// The images of both ends under a function that never falls; any value, if it is not defined for one of them.
fn requantized<E>(range: Range, of: impl Fn(i32) -> Result<i32, E>) -> Range {
    match range.map(of) {
        [Ok(least), Ok(greatest)] => [least, greatest],
        _ => ANY,
    }
}

/// The range of output `o` of a layer, whose terms have a weight and an input each. A term that may lie in the padding may
/// also be 0.
fn of_sum<W>(layer: &Weighted<W>, o: usize, terms: impl Iterator<Item = (i32, Range, bool)>) -> Range {
    let zero_point = i64::from(layer.input_zero_point);
    let (mut least, mut greatest) = (i64::from(layer.bias[o]), i64::from(layer.bias[o]));
    for (w, x, padded) in terms {
        let [a, b] = x.map(|x| (i64::from(x) - zero_point) * i64::from(w));
        let (low, high) = (a.min(b), a.max(b));
        least += if padded { low.min(0) } else { low };
        greatest += if padded { high.max(0) } else { high };
    }
    let requantization = &layer.requantizations[if layer.requantizations.len() == 1 { 0 } else { o }];
    match [least, greatest].map(|sum| requantization.requantize_sum(sum.into())) {
        [Ok(least), Ok(greatest)] => [least, greatest],
        _ => ANY,
    }
}

/// The taps along an axis that meet the input for some output, each with whether it lies in the padding for another.
fn taps(axis: &Axis, [outputs, size, filter]: [usize; 3]) -> Vec<(usize, bool)> {
    let inside = |tap: usize, output: usize| {
        (output * axis.stride + tap * axis.dilation).checked_sub(axis.before).is_some_and(|place| place < size)
    };
    let meets = |tap: &usize| (0..outputs).any(|output| inside(*tap, output));
    (0..filter).filter(meets).map(|tap| (tap, !(0..outputs).all(|output| inside(tap, output)))).collect()
}

/// All taps that meet the input: row, column, and whether the tap may lie in the padding.
fn taps_of_window(window: &Window, input: &[usize], output: &[usize], filter: [usize; 2]) -> Vec<(usize, usize, bool)> {
    let rows = taps(&window.rows, [output[1], input[1], filter[0]]);
    let cols = taps(&window.cols, [output[2], input[2], filter[1]]);
    rows.iter().flat_map(|&(r, above)| cols.iter().map(move |&(c, beside)| (r, c, above || beside))).collect()
}

/// Whether some tap of a window lies in the padding.
pub(super) fn is_padded(window: &Window, input: &[usize], output: &[usize], filter: [usize; 2]) -> bool {
    let taps = taps_of_window(window, input, output, filter);
    taps.len() < filter[0] * filter[1] || taps.iter().any(|(_, _, padded)| *padded)
}

fn convolution(layer: &Weighted<Array>, window: &Window, input: &[usize], output: &[usize], xs: &Ranges) -> Ranges {
    let &[outputs, rows, cols, depth] = layer.weights.shape() else { return vec![ANY; output[3]] };
    let taps = taps_of_window(window, input, output, [rows, cols]);
    let group = outputs / (xs.len() / depth);
    let terms = |o: usize| {
        taps.iter().flat_map(move |&(r, c, padded)| {
            let weights = &layer.weights.data()[((o * rows + r) * cols + c) * depth..][..depth];
            weights.iter().zip(&xs[o / group * depth..]).map(move |(&w, &x)| (w, x, padded))
        })
    };
    (0..outputs).map(|o| of_sum(layer, o, terms(o))).collect()
}

fn depthwise(layer: &Weighted<Array>, window: &Window, input: &[usize], output: &[usize], xs: &Ranges) -> Ranges {
    let &[_, rows, cols, outputs] = layer.weights.shape() else { return vec![ANY; output[3]] };
    let taps = taps_of_window(window, input, output, [rows, cols]);
    let term = |o: usize, (r, c, padded): (usize, usize, bool)| {
        (layer.weights.data()[(r * cols + c) * outputs + o], xs[o / (outputs / xs.len())], padded)
    };
    (0..outputs).map(|o| of_sum(layer, o, taps.iter().map(|&tap| term(o, tap)))).collect()
}

/// `f` of the ranges of both operands for each channel. The one channel of an operand repeats.
fn binary(inputs: &[&Ranges], channels: usize, f: impl Fn(Range, Range) -> Range) -> Ranges {
    let of = |n: usize, c: usize| inputs.get(n).map_or(ANY, |ranges| ranges[if ranges.len() == 1 { 0 } else { c }]);
    (0..channels).map(|c| f(of(0, c), of(1, c))).collect()
}

/// The range of a mean of `count` elements.
fn mean(range: Range, zero_point: i32, count: usize, requantization: &impl Requantize) -> Range {
    let sum = |x: i32| (i128::from(x) - i128::from(zero_point)) * count as i128;
    requantized(range, |x| requantization.requantize_sum(sum(x)))
}

/// The range of a function that rises or falls with either operand, whatever the other one is.
fn of_ends(a: Range, b: Range, of: impl Fn(i32, i32) -> Option<i32>) -> Range {
    let images = a.into_iter().flat_map(|x| b.map(|y| of(x, y)));
    let images: Option<Vec<Range>> = images.map(|image| image.map(|y| [y, y])).collect();
    images.and_then(|images| images.into_iter().reduce(hull)).unwrap_or(ANY)
}

fn xnnpack_sum(zero_points: [i32; 2], parameters: &XnnpackAdd, x: i32, y: i32) -> Option<i32> {
    let [a, b] = [x, y].map(|x| Array::new("element", vec![1], vec![x]).ok());
    let operand = |array, zero_point| Operand { array, zero_point };
    let sum = xnnpack_add(operand(a.as_ref()?, zero_points[0]), operand(b.as_ref()?, zero_points[1]), parameters);
    sum.ok()?.data().first().copied()
}

/// The range of the sum of the first operand and `sign` times the second.
fn sum(zero_points: [i32; 2], parameters: &AddParameters, a: Range, b: Range, sign: i32) -> Range {
    let b = if sign < 0 { [b[1], b[0]] } else { b };
    let of = |a: i32, b: i32| {
        let differences = [(a, zero_points[0]), (b, zero_points[1])].map(|(x, z)| i64::from(x) - i64::from(z));
        let [a, b] = parameters.scaled(differences)?;
        parameters.output().requantize_sum(i128::from(a) + i128::from(sign) * i128::from(b))
    };
    match [of(a[0], b[0]), of(a[1], b[1])] {
        [Ok(least), Ok(greatest)] => [least, greatest],
        _ => ANY,
    }
}
