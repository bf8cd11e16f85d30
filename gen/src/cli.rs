//! The command line of `gen`.

use std::fmt::Display;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result, ensure};
use clap::{Parser, Subcommand};
use qrtl_gen::blocks::{Summary, catalogue, proved};
use qrtl_gen::conformance;
use qrtl_gen::emit::{Package, file_word};
use qrtl_gen::explore::Explore;
use qrtl_gen::inspect::Inspect;
use qrtl_gen::model::{self, Emitted, ModelCommand};
use qrtl_gen::models::Models;
use qrtl_gen::quantize::Quantize;
use qrtl_gen::run::Run;
use qrtl_gen::run::format::AnyRuntime;
use qrtl_gen::schedule::Schedule;
use qrtl_gen::spec::Spec;
use qrtl_gen::study::Study;
use qrtl_gen::table::columns;
use qrtl_golden::request::{Request, answer, answer_lines};

use crate::multiplier::MultiplierCommand;
use crate::size::SizeCommand;

/// Quantized integer arithmetic as bit-exact Verilog. Without a verb: the default catalogue into build/.
#[derive(Parser)]
#[command(name = "gen", version, args_conflicts_with_subcommands = true)]
pub struct Cli {
    #[command(subcommand)]
    verb: Option<Verb>,
}

#[derive(Subcommand)]
enum Verb {
    /// the blocks of the default catalogue
    List,
    /// the configurations whose proofs `make prove ALL=1` runs, beside the default catalogue
    Proved {
        /// directory to write, with a directory for each configuration
        #[arg(short = 'o', long, value_name = "DIR")]
        out: PathBuf,
    },
    /// one block, described by flags or by a file: gen emit BLOCK [flags | --config FILE.toml] -o DIR
    Emit {
        /// directory to write; one that qrtl wrote before is replaced
        #[arg(short = 'o', long, value_name = "DIR", global = true)]
        out: Option<PathBuf>,
        /// name of the module; the block's if left out
        #[arg(long, global = true)]
        name: Option<String>,
        /// file that describes the block (TOML), in place of flags
        #[arg(long, value_name = "FILE.toml", global = true)]
        config: Option<PathBuf>,
        #[command(subcommand)]
        block: Option<Box<Spec>>,
    },
    /// an engine for a .tflite file with the image of the model, and the clocks that each step takes
    Model(Box<ModelCommand>),
    /// which engines suit a model on a device: exact clocks, estimated area, and the best of the two
    Explore(Explore),
    /// runs a .tflite or .onnx file over inputs, in the integers of a runtime
    Run(Run),
    /// what a .tflite or .onnx file is: operators, shapes, quantization, and which runtimes can be reproduced
    Inspect(Inspect),
    /// which model files of directories run, in golden and on the engine, and why others do not: tables in Markdown
    Models(Models),
    /// quantizes a float digits network, and shows its accuracy before and after
    Quantize(Quantize),
    /// quantizes the digits networks by every scheme, and compares them
    Study(Study),
    /// the fixed-point multiplier of a real factor, and its loss without normalization
    Multiplier(MultiplierCommand),
    /// bytes of a model, or of a number of parameters, at each bit width and granularity
    Size(SizeCommand),
    /// JSON requests for every rule and operator with golden's answers, for other implementations
    Conformance {
        /// directory to write; a pack that is there is replaced
        #[arg(short = 'o', long, value_name = "DIR")]
        out: PathBuf,
    },
    /// answers JSON requests, one a line, from standard input
    Golden,
}

impl Cli {
    /// Runs the verb.
    ///
    /// # Errors
    /// Bad input: what is wrong and where, the limit, and what it got.
    pub fn run(self) -> Result<ExitCode> {
        match self.verb {
            None => emit_catalogue(Path::new("build")),
            Some(Verb::List) => {
                let row = |(name, spec): (&str, Spec)| Ok(row(name, &spec.command()?, &spec.summary()));
                table("command", &catalogue().into_iter().map(row).collect::<Result<Vec<_>>>()?)
            }
            Some(Verb::Proved { out }) => emit_proved(&out),
            Some(Verb::Emit { out, name, config, block }) => {
                let output = out.context("emit: -o DIR is missing")?;
                emit(&output, name, config, block.map(|b| *b))
            }
            Some(Verb::Model(command)) => emit_model(&command),
            Some(Verb::Explore(explore)) => print_all(&explore.run()?.text),
            Some(Verb::Run(run)) => print(run.run()?),
            Some(Verb::Models(models)) => print_all(&models.run()?),
            Some(Verb::Inspect(inspect)) => print_all(&inspect.run()?),
            Some(Verb::Quantize(quantize)) => print(quantize.run()?),
            Some(Verb::Study(study)) => print(study.run()?),
            Some(Verb::Multiplier(command)) => command.run(),
            Some(Verb::Size(command)) => command.run(),
            Some(Verb::Conformance { out }) => {
                writeln!(std::io::stdout(), "{}", conformance::write(&out)?.join("\n"))?;
                Ok(ExitCode::SUCCESS)
            }
            Some(Verb::Golden) => golden(),
        }
    }
}

/// Prints a report on standard output.
fn print(report: impl Display) -> Result<ExitCode> {
    writeln!(std::io::stdout(), "{report}")?;
    Ok(ExitCode::SUCCESS)
}

fn row(name: &str, place: &str, s: &Summary) -> [String; 5] {
    [name, place, &s.parameters, &s.latency.to_string(), &s.throughput].map(str::to_owned)
}

/// Prints blocks in columns under a head.
fn table(place: &str, rows: &[[String; 5]]) -> Result<ExitCode> {
    print_all(&columns(["module", place, "parameters", "latency", "throughput"], rows))
}

/// Prints text that ends its own lines.
fn print_all(text: &str) -> Result<ExitCode> {
    std::io::stdout().lock().write_all(text.as_bytes())?;
    Ok(ExitCode::SUCCESS)
}

fn emit_catalogue(build: &Path) -> Result<ExitCode> {
    let mut rows = Vec::new();
    for (name, spec) in catalogue() {
        let package = Package::new(name, spec, "gen")?;
        let to = build.join(name);
        package.write(&to, &package.vectors()?)?;
        rows.push(row(name, &to.display().to_string(), &package.spec.summary()));
    }
    table("directory", &rows)
}

/// The configurations that are proved. A directory is named after what is proved in it, its module after the block.
fn emit_proved(to: &Path) -> Result<ExitCode> {
    let mut rows = Vec::new();
    for (name, spec) in proved() {
        let package = Package::new(spec.block(), spec.clone(), &format!("gen {}", spec.command()?))?;
        let to = to.join(&name);
        package.write(&to, &package.vectors()?)?;
        rows.push(row(&name, &to.display().to_string(), &package.spec.summary()));
    }
    table("directory", &rows)
}

fn emit(output: &Path, name: Option<String>, config: Option<PathBuf>, block: Option<Spec>) -> Result<ExitCode> {
    let (spec, command) = match (config, block) {
        (Some(file), block) => {
            let word = block.as_ref().map_or(String::new(), |block| format!("{} ", block.block()));
            (read_config(&file, block)?, format!("emit {word}--config {}", file_word(&file)))
        }
        (None, Some(spec)) => {
            let command = spec.command()?;
            (spec, command)
        }
        (None, None) => anyhow::bail!("emit: name a block or give --config FILE.toml; `gen list` shows the blocks"),
    };
    let named = name.as_ref().map_or(String::new(), |name| format!(" --name {name}"));
    let name = name.unwrap_or_else(|| spec.block().to_owned());
    let package = Package::new(&name, spec, &format!("gen {command}{named}"))?;
    package.write(output, &package.vectors()?)?;
    table("directory", &[row(&name, &output.display().to_string(), &package.spec.summary())])
}

fn read_config(file: &Path, block: Option<Spec>) -> Result<Spec> {
    let shown = file.display().to_string();
    let text = fs::read_to_string(file).with_context(|| shown.clone())?;
    let name = block.as_ref().map(Spec::block);
    let spec = Spec::from_toml(&text, name).with_context(|| shown.clone())?;
    let default = name.map(|n| Spec::from_toml("", Some(n))).transpose()?;
    ensure!(block == default, "{shown}: takes the place of flags; give the file or flags, not both");
    Ok(spec)
}

fn emit_model(command: &ModelCommand) -> Result<ExitCode> {
    let ModelCommand { file, out, name, per_layer, batch, network } = command;
    let name = name.as_deref().unwrap_or(if *per_layer { "layer" } else { "engine" });
    if !per_layer {
        return print_all(&network.emit(file, out, name)?);
    }
    let (sides, runtime) = (network.engine.sides(), AnyRuntime::of_tflite(network.runtime)?);
    let Emitted { blocks, clocks, host } = model::emit((file, runtime), out, name, sides, *batch as usize)?;
    let rows: Vec<_> = blocks.iter().map(|(name, place, summary)| row(name, place, summary)).collect();
    table("directory", &rows)?;
    if !host.is_empty() {
        print_all(&format!("\non the host: {}\n", host.join(", ")))?;
    }
    print_all(&format!("\n{}", columns(Schedule::HEAD, &clocks)))
}

fn golden() -> Result<ExitCode> {
    let answer = |r: &Request| answer(r).map_err(|e| e.to_string());
    let failed = answer_lines(std::io::stdin().lock(), std::io::stdout().lock(), answer)?;
    Ok(if failed { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}
