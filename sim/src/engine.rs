//! Networks through the Verilated engine: results, every step's tensor against golden, and counted clocks.

use std::fmt::Write;

use anyhow::{Context, Result, bail, ensure};
use qrtl_gen::blocks::engine::{load, send};
use qrtl_gen::emit::Package;
use qrtl_gen::engine::{Output, Program, Tap};
use qrtl_gen::script::Script;
use qrtl_gen::spec::Spec;
use qrtl_golden::graph::{Graph, Value};
use qrtl_golden::operators::Array;
use qrtl_hdl::blocks::engine::EngineConfig;

use crate::conversation::Conversation;
use crate::simulation::Simulation;
use crate::verilator::Build;
use crate::workspace::Workspace;

/// A Verilated engine with a program.
pub struct Running {
    conversation: Conversation,
    script: Script,
    program: Program,
}

/// What an inference gave.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Inference {
    /// for each part of the output, its bytes
    pub parts: Vec<Vec<u8>>,
}

impl Running {
    /// Builds the engine, unless it has been built, and loads the program.
    ///
    /// # Errors
    /// If Verilator is missing or fails, or if the engine refuses the image.
    pub fn start(workspace: &Workspace, config: &EngineConfig, program: Program) -> Result<Running> {
        let package = Package::new("engine", Spec::Engine(config.clone()), "sim")?;
        let mut running = Running::holding(workspace, &package, program)?;
        let mut script = running.script.clone();
        load(&mut script, &running.program);
        script.flush();
        let beats = running.conversation.run(&script)?;
        let status = beats.last().and_then(|beat| beat.last()).copied();
        ensure!(status == Some(0), "the engine answers the image with status {status:?}");
        Ok(running)
    }

    /// Builds an engine that holds the program from the start, unless it has been built.
    ///
    /// # Errors
    /// If Verilator is missing or fails.
    pub fn holding(workspace: &Workspace, package: &Package, program: Program) -> Result<Running> {
        let simulation = Simulation::of(workspace, package, Build::default())?;
        let script = Script::new(&package.built.interface);
        Ok(Running { conversation: simulation.converse()?, script, program })
    }

    /// The program.
    pub fn program(&self) -> &Program {
        &self.program
    }

    /// Runs an input.
    ///
    /// # Errors
    /// If the input has another shape, or the engine hangs or answers with a status.
    pub fn infer(&mut self, input: &Array) -> Result<Inference> {
        let lanes = self.program.lanes;
        let mut script = self.script.clone();
        let words = self.program.input(input)?;
        send(&mut script, lanes, &words, false);
        let sizes: Vec<usize> = self.program.outputs.iter().map(|output| self.program.size(output)).collect();
        script.await_results(sizes.iter().map(|bytes| bytes.div_ceil(lanes)).sum());
        script.flush();
        let beats = self.conversation.run(&script)?;
        let mut beats = beats.into_iter();
        let mut parts = Vec::new();
        for bytes in sizes {
            let mut part = Vec::new();
            while part.len() < bytes {
                let beat = beats.next().context("the engine gives too few beats")?;
                ensure!(beat.last() == Some(&0), "the engine answers with status {:?}", beat.last());
                let kept = (0..lanes).filter(|&l| beat[lanes + l] == 1);
                part.extend(kept.map(|l| beat[l] as u8));
            }
            ensure!(part.len() == bytes, "a part of {} bytes, expected {bytes}", part.len());
            parts.push(part);
        }
        Ok(Inference { parts })
    }
}

/// What a comparison of all parts of an output with golden shows.
#[derive(Debug, Clone, Default)]
pub struct Comparison {
    /// elements that were compared
    pub elements: usize,
    /// elements that differ
    pub differ: usize,
    /// steps whose clocks were compared
    pub steps: usize,
    /// steps that took other clocks than the compiler says
    pub other_clocks: usize,
    /// the first difference of either kind, in words
    pub first: String,
}

impl Comparison {
    /// Adds what another comparison found.
    pub fn add(&mut self, other: &Comparison) {
        self.elements += other.elements;
        self.differ += other.differ;
        self.steps += other.steps;
        self.other_clocks += other.other_clocks;
        if self.first.is_empty() {
            self.first.clone_from(&other.first);
        }
    }
}

/// Compares an inference with what golden computes.
///
/// # Errors
/// If golden refuses the input.
pub fn compare(program: &Program, graph: &Graph, input: &Value, inference: &Inference) -> Result<Comparison> {
    let values = program.golden(graph, input)?;
    let mut found = Comparison::default();
    let mut step_before = String::new();
    for (output, part) in program.outputs.iter().zip(&inference.parts) {
        match output {
            Output::Restart => {}
            Output::Clocks { clocks } => {
                let bytes: Vec<u8> = part.iter().take(4).copied().collect();
                let counted = u32::from_le_bytes(bytes.try_into().unwrap_or_default());
                found.steps += 1;
                if u64::from(counted) != *clocks {
                    found.other_clocks += 1;
                    if found.other_clocks == 1 {
                        let _ = write!(step_before, "{counted} clocks, the compiler says {clocks}; ");
                    }
                }
            }
            Output::Tap(tap) => {
                let step = graph.steps.iter().rfind(|step| step.output == tap.tensor);
                let (step, value) = step.zip(values.get(&tap.tensor)).context("no step writes a tensor")?;
                let name = format!("operator {} ({})", step.index, step.name);
                let expected = tap_bytes(program, tap, value)?;
                if found.first.is_empty() && !step_before.is_empty() {
                    found.first = format!("{name}: {step_before}");
                }
                differences(&mut found, &name, &expected, part, tap.run);
            }
            Output::Result { .. } => {
                let Some(Value::Integer(array)) = values.get(&program.result) else { bail!("no result") };
                let expected: Vec<Option<u8>> = array.data().iter().map(|&y| Some(y as u8)).collect();
                differences(&mut found, "result", &expected, part, expected.len());
            }
        }
    }
    Ok(found)
}

fn tap_bytes(program: &Program, tap: &Tap, value: &Value) -> Result<Vec<Option<u8>>> {
    let Value::Integer(array) = value else { bail!("a tensor of floats") };
    Ok(program.bytes(tap, array.data()))
}

fn differences(found: &mut Comparison, name: &str, expected: &[Option<u8>], got: &[u8], pitch: usize) {
    for (i, (expected, &got)) in expected.iter().zip(got).enumerate() {
        let Some(expected) = *expected else { continue };
        found.elements += 1;
        if expected != got {
            found.differ += 1;
            if found.differ == 1 {
                let (expected, got) = (expected as i8, got as i8);
                let _ = write!(
                    found.first,
                    "{name}: pixel {}, byte {} of it: expected {expected}, got {got}",
                    i / pitch,
                    i % pitch
                );
            }
        }
    }
}
