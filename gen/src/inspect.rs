//! `gen inspect`: what a model is, which runtimes can be reproduced with it, and what would stay on the host.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::PathBuf;

use anyhow::{Context, Result};
use clap::Args;
use qrtl_golden::graph::{Element, Graph, Quantized, Tensor};
use qrtl_golden::import::onnx::{self, Ends};
use qrtl_golden::import::{Runtime, lower, tflite};
use qrtl_hdl::blocks::engine::EngineConfig;

use crate::engine::{Options, compile};
use crate::run::format::{AnyModel, notes};
use crate::table::columns;

/// Flags of `gen inspect`.
#[derive(Args)]
pub struct Inspect {
    /// model file (.tflite or .onnx)
    model: PathBuf,
}

impl Inspect {
    /// The description of the model.
    ///
    /// # Errors
    /// If the file cannot be read, or is no model.
    pub fn run(&self) -> Result<String> {
        describe(&AnyModel::read(&self.model)?).with_context(|| self.model.display().to_string())
    }
}

/// The description of a model.
///
/// # Errors
/// None that the model causes: what cannot be run is a part of the description.
pub fn describe(model: &AnyModel) -> Result<String> {
    match model {
        AnyModel::Tflite(model) => of_tflite(model),
        AnyModel::Onnx(model) => of_onnx(model),
    }
}

fn of_tflite(model: &tflite::Model) -> Result<String> {
    let mut text = "TensorFlow Lite\n".to_owned();
    let ends = |indices: &[usize]| {
        let shown = |&i: &usize| {
            let tensor = &model.tensors()[i];
            format!("{} {:?}", tensor.element, tensor.shape)
        };
        indices.iter().map(shown).collect::<Vec<_>>().join(", ")
    };
    writeln!(text, "inputs   {}\noutputs  {}\n", ends(model.inputs()), ends(model.outputs()))?;
    let row = |(index, operator): (usize, &tflite::Operator)| {
        let output = operator.outputs.first().map(|&i| &model.tensors()[i]);
        let quantization = output.and_then(|tensor| tensor.quantization.as_ref());
        let one = quantization.filter(|q| q.scales.len() == 1);
        [
            index.to_string(),
            operator.name.to_string(),
            output.map_or(String::new(), |tensor| format!("{:?}", tensor.shape)),
            output.map_or(String::new(), |tensor| tensor.element.to_string()),
            one.map_or(String::new(), |q| format!("{:e}", q.scales[0])),
            one.map_or(String::new(), |q| q.zero_points[0].to_string()),
        ]
    };
    text += &columns(HEAD, &model.operators().iter().enumerate().map(row).collect::<Vec<_>>());
    text.push('\n');
    for runtime in Runtime::ALL {
        match lower(model, runtime) {
            Ok(graph) if runtime == Runtime::Tflm => writeln!(text, "{runtime}: {}", runs(&graph))?,
            Ok(_) => writeln!(text, "{runtime}: runs")?,
            Err(why) => writeln!(text, "{runtime}: {why}")?,
        }
    }
    Ok(text)
}

fn of_onnx(model: &onnx::Model) -> Result<String> {
    let opset = |(domain, version): (&String, &i64)| match &**domain {
        "" => format!("opset {version}"),
        domain => format!("{domain} {version}"),
    };
    let opsets: Vec<String> = model.opsets().iter().map(opset).collect();
    let producer = if model.producer().is_empty() { String::new() } else { format!(", from {:?}", model.producer()) };
    let mut text = format!("ONNX, {}{producer}\n", opsets.join(", "));
    let input = |input: &onnx::Input| {
        let size = |size: &Option<usize>| size.map_or("?".to_owned(), |size| size.to_string());
        let sizes: Vec<String> = input.shape.iter().map(size).collect();
        format!("{:?} {} [{}]", input.name, input.element, sizes.join(", "))
    };
    let inputs: Vec<String> = model.inputs().iter().map(input).collect();
    let outputs: Vec<String> = model.outputs().iter().map(|name| format!("{name:?}")).collect();
    writeln!(text, "inputs   {}\noutputs  {}", inputs.join(", "), outputs.join(", "))?;
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    model.nodes().iter().for_each(|node| *counts.entry(&node.operator).or_default() += 1);
    let counts: Vec<String> = counts.iter().map(|(name, count)| format!("{count} {name}")).collect();
    writeln!(text, "nodes    {}\n", counts.join(", "))?;
    for runtime in onnx::Runtime::ALL {
        match onnx::lower(model, runtime, Ends::Model) {
            Err(why) => writeln!(text, "{runtime}: {why}")?,
            Ok(import) => {
                if runtime == onnx::Runtime::Onnxruntime {
                    text += &steps(&import.graph);
                    text.push('\n');
                }
                writeln!(text, "{runtime}: {}", runs(&import.graph))?;
                notes(&import, runtime).iter().try_for_each(|note| writeln!(text, "  {note}"))?;
            }
        }
    }
    Ok(text)
}

const HEAD: [&str; 6] = ["index", "operator", "output", "type", "scale", "zero point"];

/// A line for each step of a graph.
fn steps(graph: &Graph) -> String {
    let rows: Vec<[String; 6]> = graph
        .steps
        .iter()
        .map(|step| {
            let Tensor { shape, element, quantization, .. } = &graph.tensors[step.output];
            let (scale, zero_point) = match quantization {
                Some(Quantized { scale, zero_point }) if *element != Element::Float32 => {
                    (format!("{scale:e}"), zero_point.to_string())
                }
                _ => (String::new(), String::new()),
            };
            [step.index.to_string(), step.name.clone(), format!("{shape:?}"), element.to_string(), scale, zero_point]
        })
        .collect();
    columns(HEAD, &rows)
}

/// That a graph runs, and what the default engine makes of it.
fn runs(graph: &Graph) -> String {
    match compile(graph, &EngineConfig::default(), &Options::default()) {
        Ok(program) if program.host.is_empty() => "runs; the default engine computes all of it".to_owned(),
        Ok(program) => {
            let host: Vec<String> = program.host.iter().map(ToString::to_string).collect();
            format!("runs; the default engine leaves to the host: {}", host.join(", "))
        }
        Err(why) => format!("runs; not on the default engine: {why:#}"),
    }
}
