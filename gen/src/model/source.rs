//! A model file as an engine computes it, and the engine's flags.

use std::path::Path;

use anyhow::{Context, Result, bail};
use clap::parser::ValueSource;
use clap::{ArgMatches, Args, Command, Error, FromArgMatches};
use qrtl_golden::graph::{Element, Graph, Value};
use qrtl_golden::import::Runtime;
use qrtl_golden::operators::Array;
use qrtl_hdl::blocks::engine::{EngineConfig, EngineRule};

use super::signed::{LESS, array_less, signed};
use crate::engine::{Program, computes};
use crate::run::format::{AnyModel, AnyRuntime, Loaded};
use crate::run::read_inputs;

/// A model as a runtime computes it.
pub struct Source {
    /// the network as the engine computes it: all integers are INT8
    pub graph: Graph,
    /// the network of the model, whose tensors have the same indices
    model: Graph,
    /// the rule of an engine for it
    pub rule: EngineRule,
    notes: Vec<String>,
}

impl Source {
    /// Reads a model file for a runtime, or for the usual one: of a `.tflite` file up to the operator `until`, of an `.onnx`
    /// file up to the last DequantizeLinear.
    ///
    /// # Errors
    /// If the file is no model, there is no such operator, or an operator is not supported.
    pub fn read(file: &Path, runtime: Option<AnyRuntime>, until: Option<&str>) -> Result<Source> {
        Source::of(&AnyModel::read(file)?, runtime, until).with_context(|| file.display().to_string())
    }

    /// The same of a model that is read.
    ///
    /// # Errors
    /// If there is no such operator, or an operator is not supported.
    pub fn of(model: &AnyModel, runtime: Option<AnyRuntime>, until: Option<&str>) -> Result<Source> {
        let integers = matches!(model, AnyModel::Onnx(_));
        let Loaded { graph: model, runtime, notes } = model.load(runtime, until, integers)?;
        let graph = if integers { signed(&model)? } else { model.clone() };
        let rule = rule_of(runtime, &graph);
        Ok(Source { graph, model, rule, notes })
    }

    /// What is to be said of the model beside its program.
    pub fn notes(&self, program: &Program) -> Vec<String> {
        let host: Vec<String> = program.host.iter().map(ToString::to_string).collect();
        let mut notes = self.notes.clone();
        if !host.is_empty() {
            notes.push(format!("on the host: {}", host.join(", ")));
        }
        for (what, tensor) in [("input", program.input), ("result", program.result)] {
            if self.less(tensor) > 0 {
                notes.push(format!("the engine's {what} is INT8, {LESS} less than the model's UINT8"));
            }
        }
        notes
    }

    /// How much less the engine's integers of a tensor are than the model's.
    pub fn less(&self, tensor: usize) -> i32 {
        if self.model.tensors[tensor].element == self.graph.tensors[tensor].element { 0 } else { LESS }
    }

    /// The inputs of the engine that a file holds (`.npy`): the model's integers; or floats, if the model takes floats, of
    /// which golden makes integers as the host would.
    ///
    /// # Errors
    /// If the file is no such array.
    pub fn inputs(&self, program: &Program, file: &Path) -> Result<Vec<Array>> {
        let (ends, first) = (&self.model.tensors[self.model.inputs[0]], &self.model.tensors[program.input]);
        let inputs = match read_inputs(file, first) {
            Err(_) if ends.element == Element::Float32 => read_inputs(file, ends),
            inputs => inputs,
        };
        let inputs = inputs.with_context(|| file.display().to_string())?;
        let integers = inputs.into_iter().map(|input| match input {
            Value::Integer(array) => Ok(array_less(&array, self.less(program.input))?),
            floats => self.quantized(program, &floats),
        });
        integers.collect()
    }

    /// The engine's input for an input of the model: what the steps give that come before the engine.
    ///
    /// # Errors
    /// If golden refuses the input.
    pub fn quantized(&self, program: &Program, input: &Value) -> Result<Array> {
        let written = self.graph.steps.iter().position(|step| step.output == program.input);
        let steps = self.graph.steps[..=written.context("no step writes the engine's input")?].to_vec();
        let host = Graph { steps, outputs: vec![program.input], ..self.graph.clone() };
        match host.run(input)?.pop() {
            Some(Value::Integer(array)) => Ok(array),
            _ => bail!("the steps before the engine give no integers"),
        }
    }
}

/// The rule by which a runtime rounds the sums of convolutions; or the rule that has factors for all sums of the network, where
/// that rule has none.
fn rule_of(runtime: AnyRuntime, graph: &Graph) -> EngineRule {
    let only = |rule, other| computes(graph, rule).is_err() && computes(graph, other).is_ok();
    match runtime {
        AnyRuntime::Tflite(Runtime::Xnnpack) | AnyRuntime::Onnx(_) => EngineRule::F32Even,
        AnyRuntime::Tflite(Runtime::LitertReference) if only(EngineRule::TfliteDouble, EngineRule::Single) => {
            EngineRule::Single
        }
        AnyRuntime::Tflite(_) => EngineRule::TfliteDouble,
    }
}

/// The flags of an engine. They know whether the rule is one of them: else it is the runtime's.
#[derive(Debug, Clone)]
pub struct EngineFlags {
    config: EngineConfig,
    rule_given: bool,
}

impl EngineFlags {
    /// The engine of the flags, of this rule unless a flag says otherwise.
    pub fn config(&self, rule: EngineRule) -> EngineConfig {
        let config = self.config.clone();
        if self.rule_given { config } else { EngineConfig { rule, ..config } }
    }

    /// Rows and columns of the array.
    pub fn sides(&self) -> [usize; 2] {
        [self.config.rows, self.config.cols]
    }
}

impl FromArgMatches for EngineFlags {
    fn from_arg_matches(matches: &ArgMatches) -> Result<EngineFlags, Error> {
        let rule_given = matches.value_source("rule") == Some(ValueSource::CommandLine);
        Ok(EngineFlags { config: EngineConfig::from_arg_matches(matches)?, rule_given })
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), Error> {
        *self = EngineFlags::from_arg_matches(matches)?;
        Ok(())
    }
}

impl Args for EngineFlags {
    fn augment_args(command: Command) -> Command {
        EngineConfig::augment_args(command)
    }

    fn augment_args_for_update(command: Command) -> Command {
        EngineConfig::augment_args_for_update(command)
    }
}
