//! What is to be done, and where each tensor stands: the steps of a graph as tasks over places in buffers, with the moves
//! between layouts that they need.

mod binary;
mod concatenation;
mod fusion;
mod gaps;

use std::collections::HashMap;

use anyhow::{Context, Result, bail};
use qrtl_golden::graph::{Graph, Operator, Step};
use qrtl_hdl::blocks::engine::EngineConfig;

use super::Options;
use super::layout::{Layout, Place, map_of, padding_of};
use super::lower::merged_groups;

/// Bytes of the activation memory that belong together.
#[derive(Debug, Clone)]
pub(super) struct Buffer {
    /// name of the tensor for which it was made
    pub(super) name: String,
    pub(super) bytes: usize,
    /// what it holds in every run; the image brings it
    pub(super) contents: Option<Vec<u8>>,
}

/// What a task does.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Kind {
    /// the step
    Step,
    /// two steps at once: a depthwise convolution, and the convolution behind it
    Fused,
    /// element by element from a layout to another, for the step
    Move,
    /// the result goes to the stream
    Output,
}

/// A task, with the places of its operands by their index in [`Plan::places`].
#[derive(Debug, Clone)]
pub(super) struct Task<'g> {
    pub(super) kind: Kind,
    pub(super) steps: Vec<&'g Step>,
    pub(super) inputs: Vec<usize>,
    pub(super) output: usize,
}

/// Tasks in their order, and where everything stands.
#[derive(Debug)]
pub(super) struct Plan<'g> {
    pub(super) graph: &'g Graph,
    pub(super) lanes: usize,
    /// tensors with a word more than they need in each pixel
    pub(super) with_gaps: Vec<usize>,
    /// tensors that must have none
    without_gaps: &'g [usize],
    pub(super) buffers: Vec<Buffer>,
    pub(super) places: Vec<Place>,
    /// the place of each tensor
    pub(super) of_tensor: Vec<Option<usize>>,
    /// places of tensors that were moved to another layout
    moved: HashMap<usize, usize>,
    pub(super) tasks: Vec<Task<'g>>,
}

/// Plans all steps of a graph, and the output of its result. `without_gaps`: tensors whose pixels must not get a gap for
/// the sake of the lanes.
pub(super) fn plan<'g>(
    graph: &'g Graph,
    config: &EngineConfig,
    options: &Options,
    without_gaps: &'g [usize],
) -> Result<Plan<'g>> {
    let mut plan = Plan {
        graph,
        lanes: config.lanes,
        with_gaps: Vec::new(),
        without_gaps,
        buffers: Vec::new(),
        places: Vec::new(),
        of_tensor: vec![None; graph.tensors.len()],
        moved: HashMap::new(),
        tasks: Vec::new(),
    };
    let layout = Layout::dense(&graph.tensors[graph.inputs[0]].shape);
    let input = plan.place(&graph.tensors[graph.inputs[0]].name, layout);
    plan.of_tensor[graph.inputs[0]] = Some(input);
    for (i, step) in graph.steps.iter().enumerate() {
        let fused = options.fuse && plan.follower(i, config).is_some();
        if !fused {
            let before = if options.fuse { plan.leader(i, config) } else { None };
            plan.step(step, before, config).map_err(|why| why.context(named(step)))?;
        }
    }
    let step = graph.output_step().map(|i| &graph.steps[i]);
    let step = step.ok_or_else(|| anyhow::anyhow!("no step writes the result"))?;
    let result = plan.read(step, graph.outputs[0])?;
    let result = if plan.places[result].layout.is_in_order() { result } else { plan.standard(step, result)? };
    plan.tasks.push(Task { kind: Kind::Output, steps: vec![step], inputs: vec![result], output: result });
    Ok(plan)
}

/// A step in messages.
pub(super) fn named(step: &Step) -> String {
    format!("operator {} ({})", step.index, step.name)
}

impl<'g> Plan<'g> {
    /// A place in a new buffer.
    pub(super) fn place(&mut self, name: &str, layout: Layout) -> usize {
        let layout = layout.of_words(self.lanes);
        let bytes = layout.bytes().next_multiple_of(self.lanes);
        self.buffers.push(Buffer { name: name.to_owned(), bytes, contents: None });
        self.places.push(Place { buffer: self.buffers.len() - 1, offset: 0, layout });
        self.places.len() - 1
    }

    pub(super) fn lanes(&self) -> usize {
        self.lanes
    }

    fn shape(&self, tensor: usize) -> &'g [usize] {
        &self.graph.tensors[tensor].shape
    }

    /// The place of a tensor that a step reads. A constant gets one when it is read first.
    pub(super) fn read(&mut self, step: &Step, tensor: usize) -> Result<usize> {
        if let Some(place) = self.of_tensor[tensor] {
            return Ok(place);
        }
        let layout = Layout::standard(self.shape(tensor), self.lanes);
        let place = self.constant(tensor, layout, self.shape(tensor)).with_context(|| named(step))?;
        self.of_tensor[tensor] = Some(place);
        Ok(place)
    }

    /// Appends a task whose output is tensor `output` in this layout.
    fn push(&mut self, kind: Kind, steps: Vec<&'g Step>, inputs: Vec<usize>, layout: Layout) {
        let tensor = steps[steps.len() - 1].output;
        let output = self.place(&self.graph.tensors[tensor].name, layout);
        self.of_tensor[tensor] = Some(output);
        self.tasks.push(Task { kind, steps, inputs, output });
    }

    /// Appends a move from a place to a new one of this layout. Both have the same elements.
    pub(super) fn moved_to(&mut self, step: &'g Step, from: usize, layout: Layout) -> usize {
        let name = self.buffers[self.places[from].buffer].name.clone();
        let output = self.place(&name, layout);
        self.tasks.push(Task { kind: Kind::Move, steps: vec![step], inputs: vec![from], output });
        output
    }

    /// The same elements in order, filled up to words.
    pub(super) fn standard(&mut self, step: &'g Step, from: usize) -> Result<usize> {
        if let Some(&moved) = self.moved.get(&from) {
            return Ok(moved);
        }
        let Layout { height, width, positions, .. } = &self.places[from].layout;
        let layout = Layout::standard(&[1, *height, *width, positions.len()], self.lanes);
        let moved = self.moved_to(step, from, layout);
        self.moved.insert(from, moved);
        Ok(moved)
    }

    /// The place of a tensor as lanes can read it.
    fn in_words(&mut self, step: &'g Step, tensor: usize) -> Result<usize> {
        let place = self.read(step, tensor)?;
        if self.places[place].is_in_words(self.lanes) { Ok(place) } else { self.standard(step, place) }
    }

    /// The layout of an output whose pixels have the same bytes as those of an input in words.
    fn alike(&self, input: usize, shape: &[usize], times: usize) -> Layout {
        let (from, [height, width, _]) = (&self.places[input].layout, map_of(shape));
        let bytes = from.words(self.lanes) * self.lanes;
        // Channel c * times + m stands in the part m of the pixel.
        let channels = from.positions.iter().flat_map(|position| (0..times).map(move |m| m * bytes + position));
        Layout { height, width, pitch: times * bytes, positions: channels.collect() }
    }

    fn step(&mut self, step: &'g Step, before: Option<&'g Step>, config: &EngineConfig) -> Result<()> {
        let (shape, first) = (self.shape(step.output), step.inputs[0]);
        let standard = Layout::standard(shape, self.lanes);
        match &step.operator {
            Operator::Conv2d { layer, .. } => {
                if let Some(depthwise) = before {
                    let input = self.in_words(step, depthwise.inputs[0])?;
                    let layout = self.with_gap(step.output, standard, config);
                    self.push(Kind::Fused, vec![depthwise, step], vec![input], layout);
                    return Ok(());
                }
                let input = self.read(step, first)?;
                let groups = self.shape(first)[3] / layer.weights.shape()[3];
                let part = merged_groups(layer.weights.shape(), groups, config) * shape[3] / groups;
                let filled = part.next_multiple_of(self.lanes);
                let positions: Vec<usize> = (0..shape[3]).map(|c| c / part * filled + c % part).collect();
                let layout = Layout { pitch: shape[3] / part * filled, positions, ..standard };
                let layout = self.with_gap(step.output, layout, config);
                self.push(Kind::Step, vec![step], vec![input], layout);
            }
            Operator::FullyConnected(_) => {
                let input = self.read(step, first)?;
                self.push(Kind::Step, vec![step], vec![input], standard);
            }
            Operator::DepthwiseConv2d { .. } if self.shape(first)[3] == 1 => {
                let input = self.read(step, first)?;
                self.push(Kind::Step, vec![step], vec![input], standard);
            }
            Operator::DepthwiseConv2d { .. } => {
                let input = self.in_words(step, first)?;
                let layout = self.alike(input, shape, shape[3] / self.shape(first)[3]);
                let layout = self.with_gap(step.output, layout, config);
                self.push(Kind::Step, vec![step], vec![input], layout);
            }
            Operator::AveragePool { .. }
            | Operator::OrtAveragePool { .. }
            | Operator::MaxPool { .. }
            | Operator::Mean { .. }
            | Operator::OrtMean { .. } => {
                let input = self.in_words(step, first)?;
                let layout = self.alike(input, shape, 1);
                let layout = self.with_gap(step.output, layout, config);
                self.push(Kind::Step, vec![step], vec![input], layout);
            }
            Operator::Pad { padding, .. } => {
                let [_, _, channels] = padding_of(self.shape(first), padding)
                    .with_context(|| format!("paddings {padding:?}: only maps and their channels can be padded"))?;
                let input = if channels == [0, 0] { self.in_words(step, first)? } else { self.read(step, first)? };
                let layout = if channels == [0, 0] { self.alike(input, shape, 1) } else { standard };
                self.push(Kind::Step, vec![step], vec![input], layout);
            }
            Operator::Requantize { .. } | Operator::XnnpackConvert { .. } | Operator::Table { .. } => {
                let input = self.read(step, first)?;
                let layout = self.elementwise(input, shape);
                self.push(Kind::Step, vec![step], vec![input], layout);
            }
            Operator::Add { .. } | Operator::Sub { .. } | Operator::XnnpackAdd { .. } | Operator::OrtAdd(_) => {
                self.binary(step)?;
            }
            Operator::Softmax(_) => {
                let input = self.read(step, first)?;
                let place = &self.places[input];
                let fits = place.is_in_words(self.lanes) && place.layout.is_in_order();
                let input = if fits { input } else { self.standard(step, input)? };
                self.push(Kind::Step, vec![step], vec![input], standard);
            }
            Operator::Reshape => self.reshape(step)?,
            Operator::Concatenation { axis } => self.concatenation(step, *axis)?,
            _ => bail!("is not supported by the engine"),
        }
        Ok(())
    }

    /// A function of each element is computed of all bytes, wherever the channels stand.
    fn elementwise(&self, input: usize, shape: &[usize]) -> Layout {
        let place = &self.places[input];
        if place.is_in_words(self.lanes) {
            return self.alike(input, shape, 1);
        }
        let [height, width, _] = map_of(shape);
        Layout { height, width, ..place.layout.clone() }
    }

    fn reshape(&mut self, step: &'g Step) -> Result<()> {
        let (mut from, shape) = (self.read(step, step.inputs[0])?, self.shape(step.output));
        let mut layout = self.places[from].layout.reshaped(shape);
        if layout.is_none() {
            let dense = Layout::dense(&[1, 1, 1, shape.iter().product()]);
            from = self.moved_to(step, from, dense);
            layout = self.places[from].layout.reshaped(shape);
        }
        let Some(layout) = layout else { bail!("has no layout of shape {shape:?}") };
        self.places.push(Place { layout: layout.of_words(self.lanes), ..self.places[from].clone() });
        self.of_tensor[step.output] = Some(self.places.len() - 1);
        Ok(())
    }
}
