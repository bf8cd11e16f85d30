//! What occurs in a network, as words. They are read from the graph and from its activations, not from its drawing.

use std::collections::BTreeSet;

use qrtl_gen::networks::{Kind, MAX_STEPS};
use qrtl_golden::Bounds;
use qrtl_golden::graph::{Graph, Operator, Step, Weighted};
use qrtl_golden::numerics::AnyRequantization;
use qrtl_golden::operators::Window;

use super::distinct;

const CONVOLUTIONS: [&str; 2] = ["CONV_2D", "DEPTHWISE_CONV_2D"];
const POOLS: [&str; 2] = ["AVERAGE_POOL_2D", "MAX_POOL_2D"];
const BOUNDED: [&str; 7] =
    ["CONV_2D", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED", "ADD", "SUB", "AVERAGE_POOL_2D", "MAX_POOL_2D"];

/// All classes. Each occurs in some network, and no other class does.
pub fn all() -> BTreeSet<String> {
    let mut all: BTreeSet<String> = Kind::ALL.map(|kind| kind.name().to_owned()).into();
    // SUB could be alone with a constant, but hardly ever is.
    all.extend(Kind::ALL.into_iter().filter(|&kind| kind != Kind::Sub).map(|kind| format!("{kind}: alone")));
    let mut add = |of: &[&str], classes: &[&str]| {
        all.extend(of.iter().flat_map(|of| classes.iter().map(move |class| format!("{of}: {class}"))));
    };
    let windowed = [CONVOLUTIONS, POOLS].concat();
    add(
        &windowed,
        &["not square", "padded", "not padded", "padding and stride", "strides differ", "larger than the map"],
    );
    add(&CONVOLUTIONS, &["dilation and stride"]);
    add(&POOLS, &["whole map"]);
    add(&BOUNDED, &["no activation", "RELU", "RELU6"]);
    add(
        &BOUNDED[..3],
        &["one factor", "a factor for each channel", "factor above 1", "multiplier 0", "weights 0", "least"],
    );
    add(&["CONV_2D"], &["groups", "a group for each channel", "after DEPTHWISE_CONV_2D"]);
    add(&["FULLY_CONNECTED"], &["of a vector", "of a map", "of rows"]);
    add(&["ADD", "SUB"], &["of the input", "of one tensor", "of a vector", "of a map"]);
    add(&["ADD", "SUB"], &["and a constant", "of a constant", "of a single element", "of a constant for each channel"]);
    add(&["MEAN"], &["keeps dimensions", "drops dimensions", "of one pixel"]);
    add(&["CONCATENATION"], &["of 2", "of 3", "of 4", "over channels", "over height", "over width", "of vectors"]);
    add(&["CONCATENATION"], &["one tensor twice", "of a QUANTIZE", "of a layer", "of the input"]);
    add(&["RESHAPE"], &["to a vector", "to a map", "other channels", "other sides"]);
    add(&["PAD"], &["rows", "columns", "channels"]);
    add(&["SOFTMAX"], &["of a vector", "of a map"]);
    add(&["zero point"], &["-128", "127", "0", "between"]);
    add(&["activations"], &["spread", "constant", "saturated", "read late"]);
    let mut count = |of: &[&str], part: &str, most: usize| {
        all.extend(of.iter().flat_map(|of| (1..=most).map(move |n| format!("{of}{part} {n}"))));
    };
    count(&["steps:"], "", MAX_STEPS);
    count(&["height", "width"], "", 20);
    count(&["channels"], "", 40);
    count(&["DEPTHWISE_CONV_2D"], ": multiplier", 4);
    for side in ["row", "column"] {
        count(&windowed, &format!(": {side} stride"), 3);
        count(&CONVOLUTIONS, &format!(": {side} dilation"), 3);
        count(&CONVOLUTIONS, &format!(": {side}s of the filter"), 7);
    }
    all
}

/// The classes of a graph whose steps gave these integers, for all inputs together.
pub fn of(graph: &Graph, outputs: &[Vec<i32>]) -> BTreeSet<String> {
    let mut classes = BTreeSet::from([format!("steps: {}", graph.steps.len())]);
    if let [only] = &graph.steps[..] {
        classes.insert(format!("{}: alone", only.name));
    }
    for tensor in &graph.tensors {
        if let [1, height, width, channels] = tensor.shape[..] {
            classes.extend([format!("height {height}"), format!("width {width}"), format!("channels {channels}")]);
        }
        let zero_point = tensor.quantization.unwrap().zero_point;
        let known = [-128, 0, 127].contains(&zero_point);
        classes.insert(format!("zero point: {}", if known { zero_point.to_string() } else { "between".to_owned() }));
    }
    for (step, outputs) in graph.steps.iter().zip(outputs) {
        classes.insert(step.name.clone());
        let late = step
            .inputs
            .iter()
            .any(|&input| graph.steps[..step.index].iter().rev().skip(3).any(|old| old.output == input));
        let of_step = of_step(graph, step, outputs);
        classes.extend(of_step.into_iter().map(|class| format!("{}: {class}", step.name)));
        let saturated = outputs.iter().filter(|y| [-128, 127].contains(y)).count() * 2 > outputs.len();
        let of_activations = [
            ("spread", distinct(outputs) > 128),
            ("constant", distinct(outputs) == 1),
            ("saturated", saturated),
            ("read late", late),
        ];
        classes.extend(chosen(of_activations).map(|class| format!("activations: {class}")));
    }
    classes
}

fn chosen<const N: usize>(classes: [(&str, bool); N]) -> impl Iterator<Item = String> {
    classes.into_iter().filter(|(_, holds)| *holds).map(|(class, _)| class.to_owned())
}

fn of_step(graph: &Graph, step: &Step, outputs: &[i32]) -> Vec<String> {
    let [x, y] = [step.inputs[0], step.output].map(|tensor| &graph.tensors[tensor]);
    let (from, to) = (&*x.shape, &*y.shape);
    let zero_point = y.quantization.unwrap().zero_point.into();
    match &step.operator {
        Operator::Conv2d { layer, window } => {
            let [outputs_of_layer, rows, cols, depth] = layer.weights.shape().try_into().unwrap();
            let (channel, groups) = (|place| place / (rows * cols * depth), from[3] / depth);
            let before = graph.steps.iter().find(|before| before.output == step.inputs[0]);
            let depthwise = before.is_some_and(|before| before.name == "DEPTHWISE_CONV_2D") && rows * cols == 1;
            let own = [
                ("groups", groups > 1),
                ("a group for each channel", groups > 1 && depth == 1),
                ("after DEPTHWISE_CONV_2D", depthwise),
            ];
            let windowed = [moving(window, [rows, cols], from), dilated(window), filter([rows, cols])];
            let layer = weighted(layer, layer.weights.data(), channel, outputs_of_layer, outputs);
            windowed.concat().into_iter().chain(layer).chain(chosen(own)).collect()
        }
        Operator::DepthwiseConv2d { layer, window } => {
            let [_, rows, cols, channels] = layer.weights.shape().try_into().unwrap();
            let windowed = [moving(window, [rows, cols], from), dilated(window), filter([rows, cols])];
            let own = weighted(layer, layer.weights.data(), |place| place % channels, channels, outputs);
            let multiplier = format!("multiplier {}", channels / from[3]);
            windowed.concat().into_iter().chain(own).chain([multiplier]).collect()
        }
        Operator::FullyConnected(layer) => {
            let (channels, terms) = (layer.weights.rows(), layer.weights.cols());
            let rows = to.iter().product::<usize>() > channels;
            let of = [("of a vector", from.len() == 2), ("of a map", from.len() == 4 && !rows), ("of rows", rows)];
            let own = weighted(layer, layer.weights.data(), |place| place / terms, channels, outputs);
            chosen(of).chain(own).collect()
        }
        Operator::Add { parameters, .. } | Operator::Sub { parameters, .. } => {
            let [first, second] = [0, 1].map(|operand| &graph.tensors[step.inputs[operand]]);
            let mut constants = [first, second].into_iter().filter(|tensor| tensor.constant.is_some());
            let constant = constants.next().map(|tensor| (tensor.elements(), tensor.shape.last()));
            let own = [
                ("of the input", step.inputs.contains(&graph.inputs[0])),
                ("of one tensor", step.inputs[0] == step.inputs[1]),
                ("of a vector", to.len() == 2),
                ("of a map", to.len() == 4),
                ("and a constant", second.constant.is_some()),
                ("of a constant", first.constant.is_some()),
                ("of a single element", constant.is_some_and(|(elements, _)| elements == 1)),
                (
                    "of a constant for each channel",
                    constant.is_some_and(|(elements, last)| elements > 1 && last == Some(&elements)),
                ),
            ];
            chosen(own).chain([activation(parameters.output().output(), zero_point)]).collect()
        }
        Operator::AveragePool { filter, window, bounds } | Operator::MaxPool { filter, window, bounds } => {
            let whole = chosen([("whole map", filter[..] == from[1..3] && to[1..3] == [1, 1])]);
            let windowed = moving(window, *filter, from);
            windowed.into_iter().chain(whole).chain([activation(*bounds, zero_point)]).collect()
        }
        Operator::Reshape => {
            let maps = from.len() == 4 && to.len() == 4;
            let own = [
                ("to a vector", to.len() == 2),
                ("to a map", to.len() == 4),
                ("other channels", maps && from[3] != to[3]),
                ("other sides", maps && from[3] == to[3]),
            ];
            chosen(own).collect()
        }
        Operator::Pad { padding, .. } => {
            let padded = |axis: usize| padding[axis] != [0, 0];
            chosen([("rows", padded(1)), ("columns", padded(2)), ("channels", padded(3))]).collect()
        }
        Operator::Softmax(_) => chosen([("of a vector", from.len() == 2), ("of a map", from.len() == 4)]).collect(),
        Operator::Mean { .. } => {
            let own = [
                ("keeps dimensions", to.len() == 4),
                ("drops dimensions", to.len() == 2),
                ("of one pixel", from[1..3] == [1, 1]),
            ];
            chosen(own).collect()
        }
        Operator::Concatenation { axis } => concatenation(graph, step, *axis),
        Operator::Requantize { .. } | Operator::Table { .. } => Vec::new(),
        other => panic!("{other:?} is no operator of TFLM's int8 networks"),
    }
}

fn concatenation(graph: &Graph, step: &Step, axis: usize) -> Vec<String> {
    let map = graph.tensors[step.output].shape.len() == 4;
    let writers = step.inputs.iter().filter_map(|&input| graph.steps.iter().find(|old| old.output == input));
    let writers: Vec<&str> = writers.map(|writer| &*writer.name).collect();
    let parts: BTreeSet<_> = step.inputs.iter().collect();
    let own = [
        ("over channels", map && axis == 3),
        ("over height", map && axis == 1),
        ("over width", map && axis == 2),
        ("of vectors", !map),
        ("one tensor twice", parts.len() < step.inputs.len()),
        ("of a QUANTIZE", writers.contains(&"QUANTIZE")),
        ("of a layer", writers.contains(&"CONV_2D")),
        ("of the input", parts.contains(&graph.inputs[0])),
    ];
    chosen(own).chain([format!("of {}", step.inputs.len())]).collect()
}

fn filter([rows, cols]: [usize; 2]) -> Vec<String> {
    vec![format!("rows of the filter {rows}"), format!("columns of the filter {cols}")]
}

fn dilated(Window { rows, cols }: &Window) -> Vec<String> {
    let both = rows.dilation.max(cols.dilation) > 1 && rows.stride.max(cols.stride) > 1;
    let dilations = [format!("row dilation {}", rows.dilation), format!("column dilation {}", cols.dilation)];
    dilations.into_iter().chain(chosen([("dilation and stride", both)])).collect()
}

fn moving(Window { rows, cols }: &Window, filter: [usize; 2], from: &[usize]) -> Vec<String> {
    let padded = [rows, cols].iter().any(|axis| axis.before + axis.after > 0);
    let strided = rows.stride.max(cols.stride) > 1;
    let own = [
        ("not square", filter[0] != filter[1]),
        ("padded", padded),
        ("not padded", !padded && filter != [1, 1]),
        ("padding and stride", padded && strided),
        ("strides differ", rows.stride != cols.stride),
        ("larger than the map", filter[0] > from[1] && filter[1] > from[2]),
    ];
    let strides = [format!("row stride {}", rows.stride), format!("column stride {}", cols.stride)];
    strides.into_iter().chain(chosen(own)).collect()
}

fn activation(bounds: Bounds, zero_point: i64) -> String {
    match (bounds.min(), bounds.max()) {
        (-128, 127) => "no activation",
        (least, 127) if least == zero_point => "RELU",
        (least, _) if least == zero_point => "RELU6",
        _ => "bounds of no activation",
    }
    .to_owned()
}

/// The classes of the layer's integers. `channel` gives the output channel of a weight.
fn weighted<W>(
    layer: &Weighted<W>,
    weights: &[i32],
    channel: impl Fn(usize) -> usize,
    channels: usize,
    outputs: &[i32],
) -> Vec<String> {
    let fixed = |requantization: &AnyRequantization| match requantization {
        AnyRequantization::Fixed(fixed) => *fixed,
        AnyRequantization::Real(real) => panic!("{real:?} is no requantization of TFLM"),
    };
    let factors: Vec<_> = layer.requantizations.iter().map(fixed).collect();
    let blank = |c| weights.iter().enumerate().all(|(place, &weight)| channel(place) != c || weight == 0);
    let least = |c| outputs.iter().skip(c).step_by(channels).all(|&y| i64::from(y) == factors[0].zero_point());
    let own = [
        ("one factor", factors.len() == 1 && channels > 1),
        ("a factor for each channel", factors.len() > 1),
        ("factor above 1", factors.iter().any(|r| r.factor().shift() > 0)),
        ("multiplier 0", factors.iter().any(|r| r.factor().multiplier() == 0)),
        ("weights 0", (0..channels).any(blank)),
        ("least", (0..channels).any(|c| !blank(c) && least(c))),
    ];
    chosen(own).chain([activation(factors[0].output(), factors[0].zero_point())]).collect()
}
