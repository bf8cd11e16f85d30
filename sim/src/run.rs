//! `sim run`: a model file through the Verilated engine.

use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::{Context, Result, ensure};
use clap::Args;
use qrtl_gen::emit::write_file;
use qrtl_gen::model::{Image, Network, Source};
use qrtl_gen::progress::Progress;
use qrtl_golden::graph::Value;
use qrtl_golden::import::npy;

use crate::engine::{Comparison, Running, compare};
use crate::workspace::Workspace;

/// Flags of `sim run`.
#[derive(Args)]
pub struct Run {
    /// model file (.tflite of int8, or .onnx)
    model: PathBuf,
    /// inputs (.npy), [N, ...]: the model's integers; or floats, if the model takes floats
    #[arg(long, value_name = "X.npy")]
    input: PathBuf,
    /// results (.npy), [N, ...]
    #[arg(short = 'o', long, value_name = "Y.npy")]
    out: Option<PathBuf>,
    /// compare the tensor of every step with golden, and its clocks with the compiler's
    #[arg(long)]
    check: bool,
    /// number of inputs to run, from the first on; all if left out
    #[arg(long, value_name = "N")]
    first: Option<usize>,
    #[command(flatten)]
    network: Network,
}

impl Run {
    /// Runs all inputs, and prints the clocks of an inference.
    ///
    /// # Errors
    /// If a file cannot be read or written, the model is not supported or does not fit the engine, or a result differs.
    pub fn run(&self, workspace: &Workspace) -> Result<()> {
        let shown = || self.model.display().to_string();
        let source = self.network.source(&self.model)?;
        let program = self.network.compile(&source, self.check).with_context(shown)?;
        let clocks = self.network.compile(&source, false).with_context(shown)?.clocks();
        let inputs = source.inputs(&program, &self.input)?;
        let inputs = &inputs[..self.first.unwrap_or(inputs.len()).min(inputs.len())];
        for note in source.notes(&program) {
            println!("{note}");
        }
        let engine = self.network.engine(&source);
        let mut running = match self.network.image {
            Image::Stream => Running::start(workspace, &engine, program)?,
            Image::Rom => {
                let package = self.network.package("engine", &engine, &program, "sim").with_context(shown)?;
                Running::holding(workspace, &package, program)?
            }
        };
        let progress = Progress::new(inputs.len());
        let begin = Instant::now();
        let mut results = Vec::new();
        let mut found = Comparison::default();
        for (n, input) in inputs.iter().enumerate() {
            let inference = running.infer(input)?;
            if self.check {
                let one = compare(running.program(), &source.graph, &Value::Integer(input.clone()), &inference)?;
                ensure!(one.differ == 0 && one.other_clocks == 0, "input {n}: {}", one.first);
                found.add(&one);
            }
            progress.step(|| "inputs".to_owned());
            results.extend(inference.parts.last().into_iter().flatten().map(|&byte| byte as i8));
        }
        let seconds = begin.elapsed().as_secs_f64();
        if let Some(out) = &self.out {
            self.write(out, &source, running.program().result, results, inputs.len())?;
        }
        println!("{} inputs, {clocks} clocks an inference, {seconds:.1} s", inputs.len());
        if self.check {
            println!(
                "{} elements of all steps equal golden's, {} steps take the compiler's clocks",
                found.elements, found.steps
            );
        }
        Ok(())
    }

    fn write(&self, out: &Path, source: &Source, result: usize, data: Vec<i8>, inputs: usize) -> Result<()> {
        let mut shape = source.graph.tensors[result].shape.clone();
        match shape.first_mut() {
            Some(first) => *first *= inputs,
            None => shape.push(inputs),
        }
        write_file(out, |place| {
            match source.less(result) {
                0 => npy::Array { shape, data }.write(place)?,
                less => {
                    let data = data.iter().map(|&y| (i32::from(y) + less) as u8).collect::<Vec<u8>>();
                    npy::Array { shape, data }.write(place)?;
                }
            }
            Ok(())
        })
    }
}
