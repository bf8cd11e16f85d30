//! A compiled model: its image, its steps, and what goes through its streams.

use std::collections::BTreeMap;

use anyhow::{Result, ensure};
use qrtl_golden::graph::{self, Graph, Operator, Step, Value};
use qrtl_golden::operators::Array;
use qrtl_hdl::blocks::engine::EngineConfig;
use qrtl_hdl::blocks::engine::instruction::{Instruction, Kind};
use qrtl_hdl::blocks::engine::model::Section;
use qrtl_hdl::blocks::engine::sequencer::STEP_LATENCY;

use super::lower::{Emitted, Lowering};
use super::memory::Memory;
use super::normal::HostStep;
use super::plan::{self, Plan, Task};
use super::{Channel, Layout, image};

/// A model for an engine.
#[derive(Debug, Clone, Default)]
pub struct Program {
    /// its steps, in the order of execution, the output of the result included
    pub steps: Vec<CompiledStep>,
    /// operators that stay on the host
    pub host: Vec<HostStep>,
    /// the words of the image, one for each beat
    pub image: Vec<u64>,
    /// the sections of the image
    pub sections: Vec<Section>,
    /// clocks of the end of the program
    pub end_clocks: u64,
    /// bytes of a beat
    pub lanes: usize,
    /// what the output stream holds for an input, in this order
    pub outputs: Vec<Output>,
    /// elements of an input
    pub input_elements: usize,
    /// index of the tensor of the graph that is the input
    pub input: usize,
    /// index of the tensor of the graph that is the result
    pub result: usize,
    /// what has become of the channels of each tensor of the graph
    pub channels: Vec<Vec<Channel>>,
    /// what the model takes of each memory
    pub memories: Vec<Memory>,
}

/// Instructions for one operator, or for two at once.
#[derive(Debug, Clone)]
pub struct CompiledStep {
    /// index of each operator in the order of execution
    pub indices: Vec<usize>,
    /// their names, with what else is done for them
    pub name: String,
    /// shapes of input and output, without the channels that are not computed
    pub shapes: [Vec<usize>; 2],
    /// the instructions, with all addresses
    pub instructions: Vec<Instruction>,
    /// clocks of each instruction
    pub clocks: Vec<u64>,
    /// multiplications by weights that the operator asks for
    pub macs: u64,
    /// those that are left for channels that are computed and not the same for every input
    pub macs_left: u64,
    /// number of their weights
    pub weights: usize,
}

/// A part of the output stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Output {
    /// the tensor that a step writes
    Tap(Tap),
    /// one beat with the clocks of all instructions since the last restart, which are known beforehand
    Clocks {
        /// from the begin of the first of these instructions to the report
        clocks: u64,
    },
    /// one beat, after which clocks count anew
    Restart,
    /// the result, without gaps
    Result {
        /// number of its bytes
        bytes: usize,
    },
}

/// A tensor as it stands in the activation memory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tap {
    /// index of the tensor in the graph
    pub tensor: usize,
    /// where its elements stand
    pub layout: Layout,
    /// bytes of each pixel that go to the stream
    pub run: usize,
}

impl Lowering<'_> {
    /// Sends the tensor of a task to the stream, and the clocks behind it.
    pub(super) fn tap(&mut self, plan: &Plan<'_>, task: &Task<'_>) -> Result<Tap> {
        let place = &plan.places[task.output];
        let lanes = plan.lanes();
        let run = if place.is_in_words(lanes) { place.layout.words(lanes) * lanes } else { place.layout.pitch };
        self.report()?;
        self.stream(place, run)?;
        self.report()?;
        let tensor = task.steps.last().map_or(0, |step| step.output);
        Ok(Tap { tensor, layout: place.layout.clone(), run })
    }
}

/// What the instructions send to the stream, in their order.
fn outputs(emitted: &[Emitted], taps: Vec<Tap>, result: Output, config: &EngineConfig) -> Vec<Output> {
    let mut taps = taps.into_iter();
    let (mut counts, mut since) = (true, 0);
    let output = |emitted: &Emitted| {
        let i = &emitted.instruction;
        let report = i.kind == Kind::Report as i64;
        let clocks = since + STEP_LATENCY as u64;
        since = if report { 0 } else { since + emitted.clocks(config) };
        counts ^= report;
        match i.kind {
            _ if report => Some(if counts { Output::Restart } else { Output::Clocks { clocks } }),
            kind if kind == Kind::Output as i64 => Some(taps.next().map_or_else(|| result.clone(), Output::Tap)),
            _ => None,
        }
    };
    emitted.iter().filter_map(output).collect()
}

/// A program with its steps, and what goes through its streams.
pub(super) fn program(
    graph: &Graph,
    inner: &Graph,
    plan: &Plan<'_>,
    emitted: &[Emitted],
    taps: Vec<Tap>,
    config: &EngineConfig,
) -> Program {
    let result = Output::Result { bytes: inner.tensors[inner.outputs[0]].elements() };
    let outputs = outputs(emitted, taps, result, config);
    let steps = plan.tasks.iter().enumerate().map(|(n, task)| {
        let own = || emitted.iter().filter(|e| e.task == n);
        let shape = |place: usize| {
            let layout = &plan.places[place].layout;
            vec![layout.height, layout.width, layout.positions.len()]
        };
        let names: Vec<&str> = task.steps.iter().map(|step| &*step.name).collect();
        let computes = matches!(task.kind, plan::Kind::Step | plan::Kind::Fused);
        let steps = || task.steps.iter().copied().filter(|_| computes);
        // Steps that the compiler puts in have no weights.
        let whole =
            |step: &Step| graph.steps.iter().find(|whole| whole.index == step.index && whole.output == step.output);
        let macs = |step: &Step| graph.tensors[step.output].elements() as u64 * step.operator.terms() as u64;
        let macs_left = |step: &Step| {
            let pixels = inner.tensors[step.output].shape.split_last().map_or(1, |(_, sizes)| sizes.iter().product());
            (weights(&step.operator) * pixels) as u64
        };
        CompiledStep {
            indices: task.steps.iter().map(|step| step.index).collect(),
            name: match task.kind {
                plan::Kind::Move => format!("move for {}", names.join(" + ")),
                plan::Kind::Output => "output".to_owned(),
                _ => names.join(" + "),
            },
            shapes: [shape(task.inputs[0]), shape(task.output)],
            clocks: own().map(|emitted| emitted.clocks(config)).collect(),
            instructions: own().map(|emitted| emitted.instruction.clone()).collect(),
            macs: steps().filter_map(whole).map(macs).sum(),
            macs_left: steps().map(macs_left).sum(),
            weights: steps().map(|step| weights(&step.operator)).sum(),
        }
    });
    Program {
        steps: steps.collect(),
        lanes: config.lanes,
        outputs,
        input_elements: inner.tensors[inner.inputs[0]].elements(),
        input: inner.inputs[0],
        result: inner.outputs[0],
        ..Program::default()
    }
}

/// Weights of an operator for the outputs that have a weight other than 0. The others are the same for every input.
fn weights(operator: &Operator) -> usize {
    let (data, outputs, outputs_last) = match operator {
        Operator::FullyConnected(layer) => (layer.weights.data(), layer.weights.rows(), false),
        Operator::Conv2d { layer, .. } => (layer.weights.data(), layer.weights.shape()[0], false),
        Operator::DepthwiseConv2d { layer, .. } => (layer.weights.data(), layer.weights.shape()[3], true),
        _ => return 0,
    };
    let terms = data.len() / outputs;
    let weight = |output: usize, k: usize| data[if outputs_last { k * outputs + output } else { output * terms + k }];
    terms * (0..outputs).filter(|&output| (0..terms).any(|k| weight(output, k) != 0)).count()
}

impl Program {
    /// Clocks of an inference, from the last beat of the input to the end of the program.
    pub fn clocks(&self) -> u64 {
        self.steps.iter().flat_map(|step| &step.clocks).sum::<u64>() + self.end_clocks
    }

    /// What golden makes of an input of the engine: the value of each tensor, by its index in `graph`, that a step of the
    /// engine writes. Operators that stay on the host do not run.
    ///
    /// # Errors
    /// If golden refuses the input.
    pub fn golden(&self, graph: &Graph, input: &Value) -> Result<BTreeMap<usize, Value>, graph::Error> {
        let on_host = |step: &&Step| self.host.iter().any(|host| host.index == step.index);
        let steps: Vec<Step> = graph.steps.iter().filter(|step| !on_host(step)).cloned().collect();
        let (inputs, outputs) = (vec![self.input], vec![self.result]);
        let inner = Graph { tensors: graph.tensors.clone(), steps, inputs, outputs, variables: Vec::new() };
        let values = inner.run(input)?;
        Ok(inner.steps.iter().map(|step| step.output).zip(values).collect())
    }

    /// The beats of an input.
    ///
    /// # Errors
    /// If it has another number of elements than the input of the network.
    pub fn input(&self, input: &Array) -> Result<Vec<u64>> {
        let (got, expected) = (input.data().len(), self.input_elements);
        ensure!(got == expected, "input: {got} elements, expected {expected}");
        let bytes: Vec<u8> = input.data().iter().map(|&x| x as u8).collect();
        Ok(image::packed(&bytes, self.lanes))
    }

    /// Bytes of a part of the output.
    pub fn size(&self, output: &Output) -> usize {
        match output {
            Output::Tap(tap) => tap.layout.pixels() * tap.run,
            Output::Clocks { .. } | Output::Restart => self.lanes,
            Output::Result { bytes } => *bytes,
        }
    }

    /// The parts of a packet of results, with the bytes of each.
    ///
    /// # Errors
    /// If the packet has another number of bytes.
    pub fn parts<'a>(&'a self, packet: &'a [u8]) -> Result<Vec<(&'a Output, &'a [u8])>> {
        let size = |output: &Output| self.size(output);
        let expected = self.outputs.iter().map(size).sum::<usize>();
        ensure!(packet.len() == expected, "packet: {} bytes, expected {expected}", packet.len());
        let mut rest = packet;
        let mut parts = Vec::new();
        for output in &self.outputs {
            let (part, behind) = rest.split_at(size(output));
            parts.push((output, part));
            rest = behind;
        }
        Ok(parts)
    }

    /// The elements of the tensor of a tap, from the bytes of the stream; `None` for those of channels that are not
    /// computed because nothing reads them.
    pub fn elements(&self, tap: &Tap, bytes: &[u8]) -> Vec<Option<i8>> {
        let element = |pixel: &[u8], channel: &Channel| match *channel {
            Channel::Computed(c) => Some(pixel[tap.layout.positions[c]] as i8),
            Channel::Constant(value) => Some(value as i8),
            Channel::Unread => None,
        };
        let pixels = bytes.chunks(tap.run);
        pixels.flat_map(|pixel| self.channels[tap.tensor].iter().map(move |channel| element(pixel, channel))).collect()
    }

    /// The bytes of the stream, from the elements of the tensor of a tap; `None` in the gaps.
    pub fn bytes(&self, tap: &Tap, elements: &[i32]) -> Vec<Option<u8>> {
        let channels = &self.channels[tap.tensor];
        let pixel = |elements: &[i32]| {
            let mut bytes = vec![None; tap.run];
            for (channel, &element) in channels.iter().zip(elements) {
                if let Channel::Computed(c) = *channel {
                    bytes[tap.layout.positions[c]] = Some(element as u8);
                }
            }
            bytes
        };
        elements.chunks(channels.len()).flat_map(pixel).collect()
    }
}
