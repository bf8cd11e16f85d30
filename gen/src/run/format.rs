//! Models of either format, and the runtimes of each.

use std::fmt;
use std::path::Path;
use std::str::FromStr;

use anyhow::{Context, Result, bail, ensure};
use qrtl_golden::graph::Graph;
use qrtl_golden::import::onnx::{self, Ends};
use qrtl_golden::import::{Runtime, lower, lower_until, tflite};

use super::index_of;
use crate::model::read_model;

/// A model file.
pub enum AnyModel {
    /// `.tflite`
    Tflite(tflite::Model),
    /// `.onnx`
    Onnx(onnx::Model),
}

/// A runtime of either format.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AnyRuntime {
    /// of `.tflite` files
    Tflite(Runtime),
    /// of `.onnx` files
    Onnx(onnx::Runtime),
}

impl AnyRuntime {
    /// The word that names it.
    pub const fn name(self) -> &'static str {
        match self {
            AnyRuntime::Tflite(runtime) => runtime.name(),
            AnyRuntime::Onnx(runtime) => runtime.name(),
        }
    }

    /// The runtime of a `.tflite` file, if it is this one, or the usual one.
    ///
    /// # Errors
    /// If the runtime is one of the other format.
    pub fn of_tflite(runtime: Option<AnyRuntime>) -> Result<Runtime> {
        match runtime {
            None => Ok(Runtime::Tflm),
            Some(AnyRuntime::Tflite(runtime)) => Ok(runtime),
            Some(runtime) => {
                let all = Runtime::ALL.map(Runtime::name).join(", ");
                bail!("runtime: {runtime} runs .onnx files, and this is a .tflite file, which is run by {all}")
            }
        }
    }
}

impl fmt::Display for AnyRuntime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for AnyRuntime {
    type Err = qrtl_golden::Error;
    fn from_str(word: &str) -> Result<AnyRuntime, qrtl_golden::Error> {
        let words = Runtime::ALL.map(Runtime::name).into_iter().chain(onnx::Runtime::ALL.map(onnx::Runtime::name));
        let unknown = || qrtl_golden::Error::unknown("runtime", word, &words.collect::<Vec<_>>());
        let tflite = word.parse().map(AnyRuntime::Tflite);
        tflite.or_else(|_| word.parse().map(AnyRuntime::Onnx)).map_err(|_: qrtl_golden::Error| unknown())
    }
}

/// A model as a graph, and what is to be said of it.
pub struct Loaded {
    /// the graph
    pub graph: Graph,
    /// the runtime in whose integers it is
    pub runtime: AnyRuntime,
    /// lines about what stays on the host, and about the runtime itself
    pub notes: Vec<String>,
}

impl AnyModel {
    /// Reads a model file: ONNX if its name ends in `.onnx`, else TFLite.
    ///
    /// # Errors
    /// If the file cannot be read, or is no model.
    pub fn read(path: &Path) -> Result<AnyModel> {
        if !path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("onnx")) {
            return read_model(path).map(AnyModel::Tflite);
        }
        match onnx::Model::read(path) {
            // This error names the file already.
            Err(error @ onnx::Error::Read { .. }) => Err(error.into()),
            other => other.map(AnyModel::Onnx).with_context(|| path.display().to_string()),
        }
    }

    /// The graph of the model for a runtime, or for the usual one; up to operator `until`, or to the integers before the
    /// last DequantizeLinear.
    ///
    /// # Errors
    /// If the runtime is one of the other format, or an operator is not supported.
    pub fn load(&self, runtime: Option<AnyRuntime>, until: Option<&str>, integers: bool) -> Result<Loaded> {
        match (self, runtime) {
            (AnyModel::Tflite(model), runtime) => tflite(model, AnyRuntime::of_tflite(runtime)?, until, integers),
            (AnyModel::Onnx(model), None) => self::onnx(model, onnx::Runtime::Onnxruntime, until, integers),
            (AnyModel::Onnx(model), Some(AnyRuntime::Onnx(runtime))) => self::onnx(model, runtime, until, integers),
            (AnyModel::Onnx(_), Some(runtime)) => {
                let all = onnx::Runtime::ALL.map(onnx::Runtime::name).join(", ");
                bail!("runtime: {runtime} runs .tflite files, and this is an .onnx file, which is run by {all}")
            }
        }
    }
}

fn tflite(model: &tflite::Model, runtime: Runtime, until: Option<&str>, integers: bool) -> Result<Loaded> {
    ensure!(!integers, "integers: for .onnx files; --until names the last operator of a .tflite file");
    let graph = match until {
        None => lower(model, runtime)?,
        Some(operator) => lower_until(model, runtime, index_of(model, operator)?)?,
    };
    Ok(Loaded { graph, runtime: AnyRuntime::Tflite(runtime), notes: Vec::new() })
}

fn onnx(model: &onnx::Model, runtime: onnx::Runtime, until: Option<&str>, integers: bool) -> Result<Loaded> {
    ensure!(
        until.is_none(),
        "until: for .tflite files; --integers leaves out the last DequantizeLinear of an .onnx file"
    );
    let import = onnx::lower(model, runtime, if integers { Ends::Integers } else { Ends::Model })?;
    Ok(Loaded { notes: notes(&import, runtime), graph: import.graph, runtime: AnyRuntime::Onnx(runtime) })
}

/// What an import says beside the graph.
pub(crate) fn notes(import: &onnx::Import, runtime: onnx::Runtime) -> Vec<String> {
    let mut notes = Vec::new();
    if !import.host.is_empty() {
        notes.push(format!("on the host: {}", import.host.join(", ")));
    }
    if runtime == onnx::Runtime::OnnxruntimeAvx2 {
        notes.push("ONNX Runtime gives these bits on x86-64 with AVX2 and without VNNI, by default".to_owned());
        return notes;
    }
    notes.extend(import.layers.iter().map(ToString::to_string));
    let options: Vec<String> = import.options.iter().map(|[key, value]| format!("{key} = {value}")).collect();
    notes.push(match &options[..] {
        [] => "session options of ONNX Runtime: the defaults".to_owned(),
        options => format!("session options of ONNX Runtime: {}", options.join(", ")),
    });
    notes
}
