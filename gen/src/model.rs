//! From a model file to hardware: an engine with an image, or blocks for the fully connected layers of a `.tflite` file.

mod dense;
mod emit;
mod network;
mod signed;
mod source;

use std::path::Path;

use anyhow::{Context, Result};
use qrtl_golden::graph::{Operator, Step, Tensor};
use qrtl_golden::import::tflite::{Error, Model};
use qrtl_golden::import::{Runtime, lower_steps};

use crate::schedule::Product;

pub use dense::{DenseLayer, HostOperator, Layers};
pub use emit::{Emitted, emit};
pub use network::{Image, ModelCommand, Network};
pub use source::{EngineFlags, Source};

/// Greatest number of rows of a product, which are the batch.
pub const MAX_BATCH: usize = 1 << 16;

/// Reads a model file. An error names the file once.
///
/// # Errors
/// If the file cannot be read, or is no model.
pub fn read_model(path: &Path) -> Result<Model> {
    match Model::read(path) {
        // This error names the file already.
        Err(error @ Error::Read { .. }) => Err(error.into()),
        other => other.with_context(|| path.display().to_string()),
    }
}

/// The matrix products of a model for a batch of inputs: of `FULLY_CONNECTED`, and of `CONV_2D` with each place of its
/// window as a row. A convolution has a product for each of its groups, because each group sees other channels. Other
/// operators have none, and need not be supported.
///
/// # Errors
/// If one of these two operators contradicts its tensors, or is not int8.
pub fn products(model: &Model, batch: usize) -> Result<Vec<Product>> {
    let (tensors, steps) =
        lower_steps(model, Runtime::Tflm, |operator| matches!(&*operator.name, "FULLY_CONNECTED" | "CONV_2D"))?;
    steps.iter().try_for_each(|step| step.check_shapes(&tensors))?;
    Ok(steps.iter().flat_map(|step| products_of(step, &tensors, batch)).collect())
}

fn products_of(step: &Step, tensors: &[Tensor], batch: usize) -> Vec<Product> {
    let name = format!("{} {}", step.index, step.name);
    let elements = tensors[step.output].elements() * batch;
    match &step.operator {
        Operator::FullyConnected(layer) => {
            let (n, k) = (layer.weights.rows(), layer.weights.cols());
            vec![Product { name, size: [elements / n, n, k] }]
        }
        Operator::Conv2d { layer, .. } => {
            let (outputs, depth) = (layer.weights.shape()[0], layer.weights.shape()[3]);
            let groups = tensors[step.inputs[0]].shape[3] / depth;
            let size = [elements / outputs, outputs / groups, step.operator.terms()];
            match groups {
                1 => vec![Product { name, size }],
                _ => (0..groups).map(|g| Product { name: format!("{name}, group {g}"), size }).collect(),
            }
        }
        _ => Vec::new(),
    }
}
