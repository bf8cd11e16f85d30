//! `gen model`: an engine for a model, with its image.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use clap::{Args, ValueEnum};
use qrtl_golden::graph::{Graph, Value};
use qrtl_golden::operators::Array;
use qrtl_hdl::blocks::engine::EngineConfig;
use qrtl_random::Random;

use super::source::{EngineFlags, Source};
use crate::blocks::engine::{infer, load};
use crate::emit::{Package, file_word, write_directory};
use crate::engine::{Options, Program, compile};
use crate::run::format::AnyRuntime;
use crate::script::Script;
use crate::spec::Spec;

/// How an engine comes by its model.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Image {
    /// an image comes through the input stream: one bitstream, any model
    Stream,
    /// the memories hold it from the start: no image, this model alone
    Rom,
}

/// How a model becomes a program of an engine.
#[derive(Args, Debug, Clone)]
pub struct Network {
    /// runtime whose bits the engine gives: of .tflite files tflm (if left out), litert_reference, litert_builtin or xnnpack;
    /// of .onnx files onnxruntime; xnnpack and onnxruntime have an engine of rule f32_even unless --rule says otherwise, and
    /// litert_reference has one of rule single where tflite_double has no factor for the sums of a layer
    #[arg(long)]
    pub runtime: Option<AnyRuntime>,
    /// last operator that is computed, by its index or by a name that no other has; operators behind it need not be
    /// supported
    #[arg(long, value_name = "OPERATOR")]
    pub until: Option<String>,
    /// keep channels that have the same value for every input
    #[arg(long)]
    pub keep_constant: bool,
    /// how the engine comes by the model
    #[arg(long, value_enum, default_value_t = Image::Stream)]
    pub image: Image,
    /// clock for which the latency is said, in MHz
    #[arg(long, default_value_t = 100.0)]
    pub mhz: f64,
    /// the engine
    #[command(flatten)]
    pub engine: EngineFlags,
}

/// Random inputs that are shipped beside an image.
const INPUTS: usize = 2;

impl Network {
    /// What a model file holds, as the runtime computes it.
    ///
    /// # Errors
    /// If the file is no model, or an operator is not supported.
    pub fn source(&self, file: &Path) -> Result<Source> {
        Source::read(file, self.runtime, self.until.as_deref())
    }

    /// The engine for a model.
    pub fn engine(&self, source: &Source) -> EngineConfig {
        self.engine.config(source.rule)
    }

    /// The program of a model.
    ///
    /// # Errors
    /// The errors of [`compile`].
    pub fn compile(&self, source: &Source, taps: bool) -> Result<Program> {
        let options = Options { keep_constant: self.keep_constant, taps, ..Options::default() };
        compile(&source.graph, &self.engine(source), &options)
    }

    /// The engine for a program, as a module of this name. `command` is the origin that its files state.
    ///
    /// # Errors
    /// If a memory cannot hold its part of the program, or the name is no identifier.
    pub fn package(&self, name: &str, engine: &EngineConfig, program: &Program, command: &str) -> Result<Package> {
        match self.image {
            Image::Stream => Package::new(name, Spec::Engine(engine.clone()), command),
            Image::Rom => Package::holding(name, engine, program, command),
        }
    }

    /// Writes a directory with the engine, the image of the model, and inputs with what golden makes of them. Returns
    /// the report.
    ///
    /// # Errors
    /// If the file is no model, an operator is not supported, the model does not fit the engine, or the directory cannot
    /// be written.
    pub fn emit(&self, file: &Path, output: &Path, name: &str) -> Result<String> {
        ensure!(self.mhz > 0.0, "mhz: {} is not positive", self.mhz);
        let source = self.source(file)?;
        let program = self.compile(&source, false).with_context(|| file.display().to_string())?;
        let base = file_word(file);
        let image = if self.image == Image::Rom { " --image rom" } else { "" };
        let runtime = self.runtime.map_or_else(String::new, |runtime| format!(" --runtime {runtime}"));
        let engine = self.engine(&source);
        let package = self.package(name, &engine, &program, &format!("gen model {base}{runtime}{image}"))?;
        let script = self.vectors(&package, &program, &source.graph)?;
        let mut report: String = source.notes(&program).into_iter().map(|note| note + "\n").collect();
        if !report.is_empty() {
            report.push('\n');
        }
        report += &program.report(&engine, self.mhz);
        write_directory(output, |dir| {
            package.write_files(dir, &script)?;
            fs::create_dir(dir.join("model"))?;
            if self.image == Image::Stream {
                let bytes = program.image.iter().flat_map(|word| word.to_le_bytes().into_iter().take(program.lanes));
                fs::write(dir.join("model/image.bin"), bytes.collect::<Vec<u8>>())?;
            }
            fs::write(dir.join("model/report.txt"), &report)?;
            Ok(())
        })?;
        Ok(report)
    }

    /// The image, if it comes through the stream, then random inputs with golden's results.
    fn vectors(&self, package: &Package, program: &Program, graph: &Graph) -> Result<Script> {
        let mut script = Script::new(&package.built.interface);
        if self.image == Image::Stream {
            load(&mut script, program);
        }
        let shape = &graph.tensors[program.input].shape;
        let mut random = Random::new(1);
        for _ in 0..INPUTS {
            let elements = (0..shape.iter().product()).map(|_| random.within(-128, 127) as i32).collect();
            let input = Array::new("input", shape.clone(), elements)?;
            infer(&mut script, program, graph, &Value::Integer(input))?;
        }
        script.flush();
        Ok(script)
    }
}

/// Flags of `gen model`.
#[derive(Args)]
pub struct ModelCommand {
    /// model file (.tflite of int8, or .onnx)
    pub file: PathBuf,
    /// directory to write
    #[arg(short = 'o', long, value_name = "DIR")]
    pub out: PathBuf,
    /// name of the module, engine if left out; with --per-layer, what the names of the modules begin with, layer if left
    /// out
    #[arg(long)]
    pub name: Option<String>,
    /// a GEMM block for each fully connected layer in place of an engine; --rows and --cols say how large
    #[arg(long)]
    pub per_layer: bool,
    /// with --per-layer: inputs in one product, for the clocks that are printed; the block takes any number
    #[arg(long, default_value_t = 1, requires = "per_layer", value_parser = clap::value_parser!(u32).range(1..=super::MAX_BATCH as i64))]
    pub batch: u32,
    /// the program and its engine
    #[command(flatten)]
    pub network: Network,
}
