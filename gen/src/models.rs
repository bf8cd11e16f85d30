//! `gen models`: which model files run, in golden and on the engine, and why others do not: tables for a document.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use clap::Args;
use qrtl_golden::import::{Runtime, onnx};
use qrtl_hdl::blocks::engine::EngineConfig;

use crate::engine::{Options, compile};
use crate::model::Source;
use crate::run::format::{AnyModel, AnyRuntime};
use crate::table::{Column, Table};

/// Bytes of activations of the engine that models are compiled for; all else is the default's.
const ACTIVATION_BYTES: usize = 1 << 18;

/// Flags of `gen models`.
#[derive(Args)]
pub struct Models {
    /// directories of model files (.tflite or .onnx)
    #[arg(required = true)]
    directories: Vec<PathBuf>,
}

/// What becomes of a file.
struct Row {
    file: String,
    operators: String,
    golden: String,
    engine: String,
    /// who refuses what
    refusals: Vec<[String; 3]>,
}

const FILES: [Column<Row>; 4] = [
    Column::words("file", |row| row.file.clone()),
    Column::words("operators", |row| row.operators.clone()),
    Column::words("golden runs it as", |row| row.golden.clone()),
    Column::words("on the engine", |row| row.engine.clone()),
];

/// Operator and reason, who refuses it, and in which files, by their rows.
type Refusal = ([String; 2], BTreeSet<String>, BTreeSet<usize>);

const REFUSALS: [Column<Refusal>; 4] = [
    Column::words("operator", |([operator, _], ..)| operator.clone()),
    Column::words("reason", |([_, reason], ..)| reason.clone()),
    Column::words("for", |(_, by, _)| by.iter().map(String::as_str).collect::<Vec<_>>().join(", ")),
    Column::numbers("files", |(.., files)| files.len().to_string()),
];

const NO: &str = "no";
const ALL: &str = "all";

impl Models {
    /// How many files run, a row for each file, and the reasons for which others do not.
    ///
    /// # Errors
    /// If a directory cannot be read, or holds no model.
    pub fn run(&self) -> Result<String> {
        let mut rows = Vec::new();
        for directory in &self.directories {
            let mut files = Vec::new();
            find(directory, &mut files)?;
            files.sort();
            ensure!(!files.is_empty(), "{}: holds no .tflite or .onnx file", directory.display());
            let name = directory.file_name().unwrap_or_default();
            rows.extend(files.iter().map(|file| {
                let within = file.strip_prefix(directory).unwrap_or(file);
                row(Path::new(name).join(within).display().to_string(), file)
            }));
        }
        let refusals = refusals(&rows);
        let files = Table::new(&FILES, &rows).markdown();
        Ok(format!("{}\n\n{files}\n{}", summary(&rows), Table::new(&REFUSALS, &refusals).markdown()))
    }
}

fn refusals(rows: &[Row]) -> Vec<Refusal> {
    let mut all: BTreeMap<[String; 2], (BTreeSet<String>, BTreeSet<usize>)> = BTreeMap::new();
    for (index, row) in rows.iter().enumerate() {
        for [by, operator, reason] in &row.refusals {
            let (of, files) = all.entry([operator.clone(), reason.clone()]).or_default();
            of.insert(by.clone());
            files.insert(index);
        }
    }
    all.into_iter().map(|(refusal, (by, files))| (refusal, by, files)).collect()
}

fn summary(rows: &[Row]) -> String {
    let of = |ending: &&str| {
        let all: Vec<&Row> = rows.iter().filter(|row| row.file.ends_with(*ending)).collect();
        let golden = all.iter().filter(|row| row.golden != NO).count();
        let engine = all.iter().filter(|row| row.engine.starts_with(ALL)).count();
        let count = all.len();
        let line = || {
            format!(
                "Of {count} {ending} files, golden runs {golden}, and the engine {engine}, with conversions at the ends on the host."
            )
        };
        (count > 0).then(line)
    };
    [".tflite", ".onnx"].iter().filter_map(of).collect::<Vec<_>>().join("\n")
}

fn find(place: &Path, files: &mut Vec<PathBuf>) -> Result<()> {
    let shown = || place.display().to_string();
    for entry in fs::read_dir(place).with_context(shown)? {
        let path = entry.with_context(shown)?.path();
        if path.is_dir() {
            find(&path, files)?;
        } else if path.extension().is_some_and(|of| of == "tflite" || of == "onnx") {
            files.push(path);
        }
    }
    Ok(())
}

fn row(file: String, path: &Path) -> Row {
    let model = match AnyModel::read(path) {
        Ok(model) => model,
        Err(why) => {
            let refusals = vec![refusal("the reader", &why.root_cause().to_string())];
            return Row { file, operators: String::new(), golden: NO.to_owned(), engine: NO.to_owned(), refusals };
        }
    };
    let mut row =
        Row { file, operators: operators(&model), golden: String::new(), engine: String::new(), refusals: Vec::new() };
    let mut runtimes = Vec::new();
    for runtime in all_runtimes(&model) {
        match model.load(Some(runtime), None, false) {
            Ok(_) => runtimes.push(runtime),
            Err(why) => row.refusals.push(refusal(runtime.name(), &format!("{why:#}"))),
        }
    }
    let names: Vec<&str> = runtimes.iter().map(|runtime| runtime.name()).collect();
    row.golden = if names.is_empty() { NO.to_owned() } else { names.join(", ") };
    row.engine = match runtimes.first().map(|first| on_engine(&model, *first, None)) {
        None => NO.to_owned(),
        Some(Ok(host)) if host.is_empty() => ALL.to_owned(),
        Some(Ok(host)) => format!("{ALL} but {}", host.join(", ")),
        Some(Err(why)) => {
            row.refusals.push(refusal("the engine", &format!("{why:#}")));
            last_computed(&model, runtimes[0]).map_or_else(|| NO.to_owned(), |last| format!("up to {last}"))
        }
    };
    row
}

fn all_runtimes(model: &AnyModel) -> Vec<AnyRuntime> {
    match model {
        AnyModel::Tflite(_) => Runtime::ALL.map(AnyRuntime::Tflite).to_vec(),
        AnyModel::Onnx(_) => onnx::Runtime::ALL.map(AnyRuntime::Onnx).to_vec(),
    }
}

/// The operators of a model, each once, in the order of their names.
fn operators(model: &AnyModel) -> String {
    let names: BTreeSet<&str> = match model {
        AnyModel::Tflite(model) => model.operators().iter().map(|operator| &*operator.name).collect(),
        AnyModel::Onnx(model) => model.nodes().iter().map(|node| &*node.operator).collect(),
    };
    names.into_iter().collect::<Vec<_>>().join(", ")
}

/// What the engine leaves to the host.
fn on_engine(model: &AnyModel, runtime: AnyRuntime, until: Option<&str>) -> Result<Vec<String>> {
    let source = Source::of(model, Some(runtime), until)?;
    let config = EngineConfig { activation_bytes: ACTIVATION_BYTES, rule: source.rule, ..EngineConfig::default() };
    let program = compile(&source.graph, &config, &Options::default())?;
    Ok(program.host.iter().map(ToString::to_string).collect())
}

/// The last operator of a `.tflite` file up to which the engine computes all.
fn last_computed(model: &AnyModel, runtime: AnyRuntime) -> Option<String> {
    let AnyModel::Tflite(tflite) = model else { return None };
    let computed = |index: &usize| on_engine(model, runtime, Some(&index.to_string())).is_ok();
    let last = (0..tflite.operators().len()).rev().find(computed)?;
    Some(format!("{last} {}", tflite.operators()[last].name))
}

/// Who refuses which operator, and why. Numbers and names are left out, so that the same reason is the same in all files.
fn refusal(by: &str, text: &str) -> [String; 3] {
    let operator = text.split_once("): ").and_then(|(head, what)| Some((head.rsplit_once('(')?.1, what)));
    let unknown = || text.strip_prefix("operator ")?.split_once(" is ")?.1.split_once(": supported are ");
    let (operator, what) = match (operator, unknown()) {
        (Some(found), _) => found,
        (None, Some((name, _))) => (name, "is not supported"),
        (None, None) => ("", text),
    };
    let what = what.split_once("; supported are").map_or(what, |(what, _)| what);
    [by.to_owned(), operator.to_owned(), without_numbers(&without_names(what))]
}

/// The text without what stands in quotes.
fn without_names(text: &str) -> String {
    let outside = text.split('"').step_by(2).collect::<Vec<_>>();
    outside.join("\"...\"")
}

/// The text with n for each number; digits of words such as INT8 stay.
fn without_numbers(text: &str) -> String {
    let mut shown = String::new();
    let mut before = ' ';
    for c in text.chars() {
        let in_word =
            before.is_ascii_alphabetic() || before == '_' || (before.is_ascii_digit() && !shown.ends_with('n'));
        match c {
            '0'..='9' if !in_word => {
                if !(before.is_ascii_digit() && shown.ends_with('n')) {
                    shown.push('n');
                }
            }
            '|' => shown.push('/'),
            c => shown.push(c),
        }
        before = c;
    }
    shown
}
