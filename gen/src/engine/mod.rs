//! The compiler of the engine: from golden's integer graph to an image, which the engine loads through its input stream.
//!
//! | part | what it does |
//! |---|---|
//! | `normal` | leaves the ends of the network to the host, and makes its shapes explicit |
//! | `halves` | makes weights of 9 bits sums of two |
//! | `constants` | leaves out channels that need not be computed |
//! | `plan` | says what is to be done, and in which layout each tensor stands |
//! | `lower` | makes instructions, with their weights, parameters and tables |
//! | `memory` | finds addresses |
//! | [`clocks`] | says how many clocks an instruction takes |
//! | `port` | leaves clocks for writes where the memory of activations has one port |
//! | [`image`] | writes everything down as words of the stream |
//! | [`interpreter`] | executes an image, to check it without hardware |

pub mod clocks;
mod constants;
mod halves;
pub mod image;
pub mod interpreter;
mod layout;
mod lower;
mod memory;
mod normal;
mod plan;
mod port;
mod program;
mod ranges;
mod report;

use anyhow::{Context, Result};
use qrtl_golden::graph::Graph;
use qrtl_hdl::blocks::engine::instruction::{Instruction, Kind, WORDS};
use qrtl_hdl::blocks::engine::sequencer::STEP_LATENCY;
use qrtl_hdl::blocks::engine::{EngineConfig, EngineRule};

pub use constants::Channel;
pub use layout::Layout;
pub use memory::Memory;
pub use normal::HostStep;
pub use program::{CompiledStep, Output, Program, Tap};

use lower::{Emitted, Lowering};
use plan::{Buffer, Plan};

/// How a model is compiled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Options {
    /// channels that have the same value for every input stay as they are; else they become a part of the bias of what
    /// reads them, and are not computed
    pub keep_constant: bool,
    /// a depthwise convolution is computed together with the 1 x 1 convolution behind it
    pub fuse: bool,
    /// after each step, its tensor goes to the output stream, and behind it the clocks that the step took
    pub taps: bool,
}

impl Default for Options {
    fn default() -> Options {
        Options { keep_constant: false, fuse: true, taps: false }
    }
}

/// Compiles a network for an engine.
///
/// # Errors
/// An operator that the engine does not support, by name and index; or what does not fit the engine: the parameter, what
/// the model needs, and what the engine has.
pub fn compile(graph: &Graph, config: &EngineConfig, options: &Options) -> Result<Program> {
    compiled(graph, config, options, memory::lifetime)
}

/// What is lowered: the steps that stay on the host, the network between them with the channels that are computed, and what
/// has become of all channels. Whatever is lowered comes this way, because it checks the sizes.
fn prepared(
    graph: &Graph,
    config: &EngineConfig,
    options: &Options,
) -> Result<(Vec<HostStep>, Graph, Vec<Vec<Channel>>)> {
    let (inner, host) = normal::normalized(graph)?;
    memory::check_sizes(&inner, config.activation_bytes)?;
    let (inner, channels) = constants::folded(&inner, options.keep_constant)?;
    Ok((host, inner, channels))
}

/// Whether an engine of this rule computes a network, if its memories are large enough.
///
/// # Errors
/// An operator that it does not compute, by name and index; or a tensor far beyond the memories of the default engine.
pub fn computes(graph: &Graph, rule: EngineRule) -> Result<()> {
    let (config, options) = (EngineConfig { rule, ..EngineConfig::default() }, Options::default());
    let (_, inner, _) = prepared(graph, &config, &options)?;
    lowered(&plan::plan(&inner, &config, &options, &[])?, &config, &options).map(drop)
}

/// [`compile`] with a rule for how long a buffer is in use.
fn compiled(graph: &Graph, config: &EngineConfig, options: &Options, lifetime: memory::Rule) -> Result<Program> {
    config.validate().map_err(anyhow::Error::msg)?;
    let (host, inner, channels) = prepared(graph, config, options)?;
    // Where the activations do not fit, pixels do without gaps, tensor by tensor.
    let mut without_gaps = Vec::new();
    loop {
        let plan = plan::plan(&inner, config, options, &without_gaps)?;
        let (lowering, taps) = lowered(&plan, config, options)?;
        let input = input_buffer(&plan)?;
        let buffers = buffers(&plan, &lowering);
        let lifetimes: Vec<_> =
            (0..buffers.len()).map(|buffer| lifetime(buffer, &buffers, &lowering.emitted, input)).collect();
        match memory::addresses(&buffers, &lifetimes, config.activation_bytes) {
            Ok(places) => {
                let program = assembled(graph, &plan, lowering, places, taps, config)?;
                return Ok(Program { host, channels, ..program });
            }
            Err(why) => {
                let Some(tensor) = plan.widest_gap() else { return Err(why) };
                without_gaps.push(tensor);
            }
        }
    }
}

/// The instructions of all tasks, and the tensors that they show.
fn lowered<'a>(plan: &Plan<'_>, config: &'a EngineConfig, options: &Options) -> Result<(Lowering<'a>, Vec<Tap>)> {
    let mut lowering = Lowering::new(config);
    let mut taps = Vec::new();
    for (index, task) in plan.tasks.iter().enumerate() {
        lowering.task(index, plan, task)?;
        if options.taps && matches!(task.kind, plan::Kind::Step | plan::Kind::Fused) {
            taps.push(lowering.tap(plan, task)?);
        }
    }
    Ok((lowering, taps))
}

/// The buffer of the input.
fn input_buffer(plan: &Plan<'_>) -> Result<usize> {
    let input = plan.of_tensor[plan.graph.inputs[0]].map(|place| &plan.places[place]);
    input.map(|place| place.buffer).context("the network has no input")
}

/// The buffers, as large as the instructions use them.
fn buffers(plan: &Plan<'_>, lowering: &Lowering<'_>) -> Vec<Buffer> {
    let mut buffers = plan.buffers.clone();
    for &(buffer, bytes) in &lowering.grown {
        let buffer = &mut buffers[buffer];
        buffer.bytes = buffer.bytes.max(bytes).next_multiple_of(plan.lanes);
    }
    buffers
}

/// The program with the addresses of its buffers, but without what does not depend on its instructions.
fn assembled(
    graph: &Graph,
    plan: &Plan<'_>,
    lowering: Lowering<'_>,
    (addresses, activations): (Vec<usize>, Memory),
    taps: Vec<Tap>,
    config: &EngineConfig,
) -> Result<Program> {
    let (inner, input) = (plan.graph, input_buffer(plan)?);
    let Lowering { memories, mut emitted, .. } = lowering;
    emitted.iter_mut().for_each(|emitted| resolve(emitted, &addresses, config.lanes));
    let length = emitted.iter().map(|emitted| emitted.blocks.len() + WORDS).sum::<usize>() + WORDS;
    if !config.resident {
        // The program lies in front of the weights.
        emitted
            .iter_mut()
            .filter(|emitted| emitted.reads_weights())
            .for_each(|e| e.instruction.weights += length as i64);
    }
    let input_bytes = inner.tensors[inner.inputs[0]].elements();
    let constants = plan.buffers.iter().zip(&addresses);
    let constants =
        constants.filter_map(|(buffer, &address)| Some((address, &buffer.contents.as_ref()?[..]))).collect();
    let used: Vec<Memory> = [activations].into_iter().chain(memories.used(length, config)).collect();
    used.iter().try_for_each(Memory::check)?;
    let mut program = Vec::new();
    for Emitted { instruction, task, blocks, .. } in &emitted {
        let of_step = || plan.tasks[*task].steps.last().map_or_else(String::new, |step| plan::named(step));
        program.extend(blocks);
        instruction.check(config).map_err(anyhow::Error::msg).with_context(of_step)?;
        program.extend(instruction.words().map_err(anyhow::Error::msg).with_context(of_step)?);
    }
    program.extend(end().words().map_err(anyhow::Error::msg)?);
    let contents = image::Contents { program: &program, input: [addresses[input], input_bytes], constants };
    let sections = image::sections(&contents, &memories, config)?;
    let program = program::program(graph, inner, plan, &emitted, taps, config);
    let (image, end_clocks) = (image::words(&sections, config), STEP_LATENCY as u64);
    Ok(Program { image, sections, memories: used, end_clocks, ..program })
}

fn end() -> Instruction {
    Instruction { kind: Kind::End as i64, ..Instruction::default() }
}

/// Adds the addresses of its buffers to an instruction.
fn resolve(emitted: &mut Emitted, addresses: &[usize], lanes: usize) {
    let i = &mut emitted.instruction;
    if let Some(&first) = emitted.reads.first() {
        i.address += addresses[first] as i64;
        if let Some(&second) = emitted.reads.get(1) {
            i.tap_row_step += addresses[second] as i64 - addresses[first] as i64;
        }
    }
    if let Some(out) = emitted.writes {
        i.out += (addresses[out] / lanes) as i64;
    }
}
