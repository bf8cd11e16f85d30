//! From tasks to instructions, with the weights, parameters and tables that they read.
//!
//! Addresses of an instruction count from the beginning of its buffers, until it is known where these stand.

mod elementwise;
mod exact;
mod float_pool;
mod fused;
mod images;
mod kernel;
mod lanes;
mod matrix;
mod memories;
mod moves;
mod output;
mod pool;
mod product;
mod scale;
mod windows;

use anyhow::{Context, Result, bail};
use qrtl_golden::graph::{Operator, Step};
use qrtl_golden::numerics::AnyRequantization;
use qrtl_hdl::blocks::engine::instruction::{self, Instruction};
use qrtl_hdl::blocks::engine::{EngineConfig, EngineRule};

use super::layout::{Place, padding_of};
use super::plan::{Kind, Plan, Task, named};
use super::{clocks, port};
pub(super) use exact::Ends;
pub(super) use kernel::merged_groups;
pub(super) use memories::Memories;
pub(super) use scale::Factor;

/// An instruction, with the buffers to which its addresses belong.
#[derive(Debug, Clone)]
pub(super) struct Emitted {
    pub(super) instruction: Instruction,
    /// the buffer of `address`; with two, the second tap row of each pixel lies in the other one
    pub(super) reads: Vec<usize>,
    /// the buffer of `out`
    pub(super) writes: Option<usize>,
    /// index of the task
    pub(super) task: usize,
    /// words of the program in front of the instruction
    pub(super) blocks: Vec<u32>,
}

impl Emitted {
    /// Whether the array works.
    pub(super) fn reads_weights(&self) -> bool {
        [instruction::Kind::Matrix, instruction::Kind::Fused].iter().any(|&kind| self.instruction.kind == kind as i64)
    }

    /// Clocks of the instruction, with those in which the words in front of it are read.
    pub(super) fn clocks(&self, config: &EngineConfig) -> u64 {
        clocks::of(&self.instruction, config) + self.blocks.len() as u64
    }
}

/// Makes instructions of tasks.
#[derive(Debug)]
pub(super) struct Lowering<'a> {
    config: &'a EngineConfig,
    pub(super) memories: Memories,
    pub(super) emitted: Vec<Emitted>,
    /// bytes of a buffer that are written beyond its tensor
    pub(super) grown: Vec<(usize, usize)>,
    /// what the tables of the lanes hold, and the table of the softmax
    loaded: [Option<Vec<i32>>; 2],
    task: usize,
}

impl<'a> Lowering<'a> {
    pub(super) fn new(config: &'a EngineConfig) -> Lowering<'a> {
        Lowering {
            config,
            memories: Memories::new(config),
            emitted: Vec::new(),
            grown: Vec::new(),
            loaded: [None, None],
            task: 0,
        }
    }

    /// Appends the instructions of a task, whose index is `index`.
    pub(super) fn task(&mut self, index: usize, plan: &Plan<'_>, task: &Task<'_>) -> Result<()> {
        self.task = index;
        let place = |index: &usize| &plan.places[*index];
        let inputs: Vec<&Place> = task.inputs.iter().map(place).collect();
        let output = place(&task.output);
        let result = match (task.kind, &task.steps[..]) {
            (Kind::Move, _) => self.move_elements(inputs[0], output),
            (Kind::Output, _) => self.output(inputs[0]),
            (Kind::Fused, [depthwise, convolution]) => self.fused(depthwise, convolution, inputs[0], output),
            (_, [step, ..]) => self.step(plan, step, &inputs, output),
            (_, []) => bail!("a task without a step"),
        };
        result.map_err(|why| why.context(task.steps.last().map_or_else(String::new, |step| named(step))))
    }

    fn step(&mut self, plan: &Plan<'_>, step: &Step, inputs: &[&Place], output: &Place) -> Result<()> {
        let double = self.config.rule == EngineRule::TfliteDouble;
        match (&step.operator, inputs) {
            (Operator::Conv2d { layer, window }, [input]) => self.convolution(layer, window, input, output),
            (Operator::FullyConnected(layer), [input]) => self.fully_connected(layer, input, output),
            (Operator::DepthwiseConv2d { layer, window }, [input]) => self.depthwise(layer, window, input, output),
            (Operator::AveragePool { filter, window, bounds }, [input]) => {
                self.average_pool(*filter, window, *bounds, input, output)
            }
            (Operator::OrtAveragePool { filter, window, zero_point, parameters }, &[input]) => {
                self.float_average_pool(plan, step, (*filter, window), (*zero_point, parameters), [input, output])
            }
            (Operator::MaxPool { filter, window, bounds }, [input]) => {
                self.max_pool(*filter, window, *bounds, input, output)
            }
            (Operator::Mean { axes, zero_point, requantization }, [input]) => {
                let filter = whole_dimensions(&plan.graph.tensors[step.inputs[0]].shape, axes)?;
                self.mean(filter, *zero_point, &AnyRequantization::Fixed(*requantization), input, output)
            }
            (Operator::OrtMean { axes, zero_point, requantization }, [input]) => {
                let filter = whole_dimensions(&plan.graph.tensors[step.inputs[0]].shape, axes)?;
                self.mean(filter, *zero_point, requantization, input, output)
            }
            (Operator::Pad { padding, value }, [input]) => {
                let padding = padding_of(&plan.graph.tensors[step.inputs[0]].shape, padding);
                self.pad(padding.context("pads other dimensions")?, *value, input, output)
            }
            (Operator::Requantize { zero_point, requantization }, [input]) => {
                let by_factor = self.requantize(*zero_point, requantization, input, output);
                by_factor.or_else(|why| self.function(plan, step, input, output).map_err(|_| why))
            }
            (Operator::XnnpackConvert { .. }, [input]) => self.function(plan, step, input, output),
            (Operator::Table { entries }, [input]) => self.table(entries, input, output),
            (Operator::Add { zero_points, parameters }, [a, b]) if double => {
                self.sum(*zero_points, parameters, 1, [a, b], output)
            }
            (Operator::Sub { zero_points, parameters }, [a, b]) if double => {
                self.sum(*zero_points, parameters, -1, [a, b], output)
            }
            (
                Operator::Add { .. } | Operator::Sub { .. } | Operator::XnnpackAdd { .. } | Operator::OrtAdd(_),
                [a, b],
            ) => self.pairs(plan, step, [a, b], output),
            (Operator::Softmax(parameters), [input]) => self.softmax(parameters, input, output),
            _ => bail!("is not supported by the engine"),
        }
    }

    fn emit(&mut self, instruction: Instruction, reads: &[usize], writes: Option<usize>) -> Result<()> {
        let instruction = port::with_clocks_for_writes(instruction, self.config);
        let blocks = self.memories.blocks()?;
        self.emitted.push(Emitted { instruction, reads: reads.to_vec(), writes, task: self.task, blocks });
        Ok(())
    }
}

/// Rows and columns of the window that covers dimensions `axes` of a tensor.
fn whole_dimensions(shape: &[usize], axes: &[usize]) -> Result<[usize; 2]> {
    let size = |axis: usize| if axes.contains(&axis) { shape[axis] } else { 1 };
    let pixels = &shape[..shape.len().saturating_sub(1)];
    let all = (0..pixels.len()).all(|axis| size(axis) == shape[axis]);
    match *shape {
        _ if axes.contains(&pixels.len()) => bail!("is a mean over channels: not supported"),
        [1, _, _, _] => Ok([size(1), size(2)]),
        _ if all => Ok([1, pixels.iter().product()]),
        _ => bail!("is a mean over dimensions {axes:?} of {shape:?}: only rows and columns of a map are supported"),
    }
}
