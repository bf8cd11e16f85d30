//! The main job on real models: the digits MLP, layer by layer through the emitted GEMM blocks, and digits networks through
//! the engine, against the logits that TFLM computed.

use std::fmt::Write;
use std::path::Path;

use anyhow::{Context, Result, bail, ensure};
use qrtl_gen::blocks::gemm::{collect_results, gemm_layer};
use qrtl_gen::digits::CLASSES;
use qrtl_gen::emit::Package;
use qrtl_gen::engine::{Options, compile};
use qrtl_gen::model::{Layers, read_model};
use qrtl_gen::run::read_inputs;
use qrtl_gen::script::Script;
use qrtl_gen::spec::Spec;
use qrtl_golden::gemm::Matrix;
use qrtl_golden::graph::Value;
use qrtl_golden::import::npy::Array;
use qrtl_golden::import::{Runtime, lower};
use qrtl_hdl::blocks::engine::EngineConfig;

use crate::checks::{Check, Done};
use crate::engine::Running;
use crate::simulation::{Outcome, Simulation};
use crate::verilator::Build;
use crate::workspace::Workspace;

/// A model of `models/digits` that has fully connected layers only.
#[derive(Debug, Clone, Copy)]
pub struct Model {
    name: &'static str,
    file: &'static str,
    logits: &'static str,
}

/// The model that is quantized per channel.
pub const MLP: Model = Model { name: "digits mlp", file: "mlp_int8.tflite", logits: "mlp_logits_int8_tflm_all.npy" };

/// The model that is quantized per tensor.
pub const MLP_PER_TENSOR: Model = Model {
    name: "digits mlp per tensor",
    file: "mlp_int8_per_tensor.tflite",
    logits: "mlp_per_tensor_logits_int8_tflm_all.npy",
};

/// The comparisons for the models, of the logits of every image.
pub fn checks<'w>(workspace: &'w Workspace, models: &[Model]) -> Vec<Check<'w>> {
    let check = |&model: &Model| Check {
        group: model.name.to_owned(),
        words: "logits of every image against TFLM".to_owned(),
        again: "digits".to_owned(),
        run: Box::new(move || run(workspace, model)),
    };
    models.iter().map(check).collect()
}

fn matrix(what: &'static str, file: &Path) -> Result<Matrix> {
    let array: Array<i8> = Array::read(file).with_context(|| file.display().to_string())?;
    let [rows, cols] = rows_and_cols(&array.shape)?;
    Ok(Matrix::new(what, rows, cols, array.data.iter().map(|&v| v.into()).collect())?)
}

fn rows_and_cols(shape: &[usize]) -> Result<[usize; 2]> {
    match *shape {
        [rows, cols] => Ok([rows, cols]),
        // The images are 8 x 8 x 1.
        [rows, ref rest @ ..] => Ok([rows, rest.iter().product()]),
        [] => bail!("a scalar"),
    }
}

fn run(workspace: &Workspace, model: Model) -> Result<Done> {
    let models = workspace.models();
    let expected = matrix("logits", &models.join(model.logits))?;
    let mut activations = matrix("input", &models.join("mlp_input_int8_all.npy"))?;
    for (i, layer) in Layers::read(&models.join(model.file), Runtime::Tflm)?.dense.iter().enumerate() {
        let spec = layer.spec(4, 4);
        let package = Package::new(&format!("layer_{i}"), Spec::Gemm(spec.clone()), "sim")?;
        let product = layer.vectors(&activations)?;
        let mut script = Script::new(&package.built.interface);
        gemm_layer(&mut script, &spec, &product, None);
        let simulation = Simulation::of(workspace, &package, Build::default())?;
        let beats = simulation.converse()?.run(&script)?;
        activations = collect_results(&spec, activations.rows(), layer.outputs(), &beats)?;
    }
    let images = expected.rows();
    ensure!(activations.rows() == images && activations.cols() == expected.cols(), "logits of another shape");
    let differ: Vec<usize> =
        (0..expected.data().len()).filter(|&i| activations.data()[i] != expected.data()[i]).collect();
    let labels: Array<u8> = Array::read(models.join("labels_all.npy"))?;
    let right = (0..images).filter(|&i| argmax(&activations, i) == usize::from(labels.data[i])).count();
    let first = |&i: &usize| format!("logit {i}: got {}, expected {}\n", activations.data()[i], expected.data()[i]);
    Ok(Done {
        outcome: Outcome { vectors: expected.data().len(), mismatches: differ.len() },
        mismatches: differ.iter().take(10).map(first).collect(),
        remark: format!("{images} images, TFLM's logits, accuracy {:.4}", right as f64 / images as f64),
    })
}

/// Images that are compared.
#[derive(Debug, Clone, Copy)]
pub enum Images {
    /// so many, from the first on
    First(usize),
    /// all 1,797
    All,
}

/// The comparisons for networks of `models/digits` through the engine. They are quantized per channel, unless the name ends
/// in `_per_tensor`.
pub fn through_the_engine<'w>(workspace: &'w Workspace, names: &[&'static str], images: Images) -> Vec<Check<'w>> {
    let check = |&name: &&'static str| Check {
        group: format!("digits {name} through the engine"),
        words: "logits against TFLM".to_owned(),
        again: "digits".to_owned(),
        run: Box::new(move || run_engine(workspace, name, images)),
    };
    names.iter().map(check).collect()
}

fn run_engine(workspace: &Workspace, name: &str, images: Images) -> Result<Done> {
    let (models, config) = (workspace.models(), EngineConfig::default());
    let file = match name.strip_suffix("_per_tensor") {
        Some(network) => format!("{network}_int8_per_tensor.tflite"),
        None => format!("{name}_int8.tflite"),
    };
    let graph = lower(&read_model(&models.join(file))?, Runtime::Tflm)?;
    let program = compile(&graph, &config, &Options::default())?;
    let clocks = program.clocks();
    let inputs = read_inputs(&models.join(format!("{name}_input_int8_all.npy")), &graph.tensors[program.input])?;
    let logits: Array<i8> = Array::read(models.join(format!("{name}_logits_int8_tflm_all.npy")))?;
    ensure!(logits.shape == [inputs.len(), CLASSES], "logits of another shape");
    let count = match images {
        Images::First(count) => count,
        Images::All => inputs.len(),
    };
    let mut running = Running::start(workspace, &config, program)?;
    let (mut outcome, mut mismatches) = (Outcome::default(), String::new());
    for (image, (input, expected)) in inputs.iter().zip(logits.data.chunks(CLASSES)).take(count).enumerate() {
        let Value::Integer(input) = input else { bail!("an input of floats") };
        let inference = running.infer(input)?;
        let got: Vec<i8> = inference.parts.concat().into_iter().map(|byte| byte as i8).collect();
        outcome.vectors += CLASSES;
        if got != expected {
            outcome.mismatches += 1;
            let _ = writeln!(mismatches, "image {image}: got {got:?}, expected {expected:?}");
        }
    }
    Ok(Done { outcome, mismatches, remark: format!("{count} images, TFLM's logits, {clocks} clocks an inference") })
}

/// Column of the greatest element of a row, or of the first of equal ones.
fn argmax(m: &Matrix, row: usize) -> usize {
    (0..m.cols()).max_by_key(|&c| (m.at(row, c), std::cmp::Reverse(c))).unwrap_or(0)
}
