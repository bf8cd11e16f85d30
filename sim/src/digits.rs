//! The main job on a real model: the digits MLP, layer by layer through the emitted GEMM blocks, against the logits that
//! TFLM computed.

use std::path::Path;

use anyhow::{Context, Result, bail, ensure};
use qrtl_gen::blocks::gemm::{collect_results, gemm_layer};
use qrtl_gen::emit::Package;
use qrtl_gen::model::Layers;
use qrtl_gen::script::Script;
use qrtl_gen::spec::Spec;
use qrtl_golden::gemm::Matrix;
use qrtl_golden::import::npy::Array;

use crate::process::Bench;
use crate::verilator::{Build, build};

/// The models of `models/digits` that have fully connected layers only: name, file, logits.
const MODELS: [[&str; 3]; 2] = [
    ["digits mlp", "mlp_int8.tflite", "mlp_logits_int8_tflm_all.npy"],
    ["digits mlp per tensor", "mlp_int8_per_tensor.tflite", "mlp_per_tensor_logits_int8_tflm_all.npy"],
];

/// Runs every image through every model.
///
/// # Errors
/// If a logit differs, or a file is missing.
pub fn run(models: &Path) -> Result<()> {
    let mut differ = 0;
    for [name, file, logits] in MODELS {
        differ += run_model(models, name, file, logits).with_context(|| name.to_owned())?;
    }
    ensure!(differ == 0, "{differ} logits differ from TFLM");
    Ok(())
}

fn matrix(what: &'static str, file: &Path) -> Result<Matrix> {
    let array: Array<i8> = Array::read(file).with_context(|| file.display().to_string())?;
    let [rows, cols] = rows_and_cols(&array.shape)?;
    Ok(Matrix::new(what, rows, cols, array.data.iter().map(|&v| v.into()).collect())?)
}

fn rows_and_cols(shape: &[usize]) -> Result<[usize; 2]> {
    match *shape {
        [rows, cols] => Ok([rows, cols]),
        // Images of 8 x 8 x 1.
        [rows, ref rest @ ..] => Ok([rows, rest.iter().product()]),
        [] => bail!("a scalar"),
    }
}

/// Number of logits that differ.
fn run_model(models: &Path, name: &str, file: &str, logits: &str) -> Result<usize> {
    let expected = matrix("logits", &models.join(logits))?;
    let mut activations = matrix("input", &models.join("mlp_input_int8_all.npy"))?;
    for (i, layer) in Layers::read(&models.join(file))?.dense.iter().enumerate() {
        eprintln!("{name}: layer {i}, {} x {}", layer.inputs(), layer.outputs());
        let spec = layer.spec(4, 4);
        let package = Package::new(&format!("layer_{i}"), Spec::Gemm(spec.clone()), "sim")?;
        let product = layer.vectors(&activations)?;
        let mut script = Script::new(&package.built.interface);
        gemm_layer(&mut script, &spec, &product, None);
        let executable = build(&package.simulated(), &package.built.interface, Build::default())?;
        let beats = Bench::start(&executable, &package.built.interface)?.run(&script)?;
        activations = collect_results(&spec, activations.rows(), layer.outputs(), &beats)?;
    }
    let images = expected.rows();
    ensure!(activations.rows() == images && activations.cols() == expected.cols(), "logits of another shape");
    let differ = activations.data().iter().zip(expected.data()).filter(|(a, b)| a != b).count();
    let labels: Array<u8> = Array::read(models.join("labels_all.npy"))?;
    let right = (0..images).filter(|&i| argmax(&activations, i) == usize::from(labels.data[i])).count();
    let accuracy = right as f64 / images as f64;
    let count = expected.data().len();
    println!("{name}: {images} images, {count} logits, {differ} differ from TFLM; accuracy {accuracy:.4}");
    Ok(differ)
}

/// Column of the greatest element of a row, the first of equals.
fn argmax(m: &Matrix, row: usize) -> usize {
    (0..m.cols()).max_by_key(|&c| (m.at(row, c), std::cmp::Reverse(c))).unwrap_or(0)
}
