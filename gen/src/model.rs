//! From a `.tflite` file to one GEMM block for each fully connected layer.

use std::path::Path;

use anyhow::{Context, Result};
use qrtl_golden::Rule;
use qrtl_golden::gemm::Matrix;
use qrtl_golden::import::tflite::{Error, FullyConnected, Model, Operator};
use qrtl_hdl::blocks::gemm::{Channel, Dimension};

use crate::spec::{DimensionSpec, GemmSpec, OperandType, OutputSpec, Parameter, ZeroPointSpec};
use crate::vectors::Layer;

/// Rows of one product that a block takes: the batch.
pub const MAX_BATCH: usize = 1 << 16;

/// The fully connected layers of a model file.
///
/// # Errors
/// If the file is no model, or has an operator that is not FULLY_CONNECTED; the error names it and its index.
pub fn layers(path: &Path) -> Result<Vec<FullyConnected>> {
    read_model(path)?.fully_connected_layers().with_context(|| path.display().to_string())
}

/// A model file; the error names it once.
///
/// # Errors
/// If the file cannot be read, or is no model.
pub fn read_model(path: &Path) -> Result<Model> {
    match Model::read(path) {
        // This one names the file already.
        Err(error @ Error::Read { .. }) => Err(error.into()),
        other => other.with_context(|| path.display().to_string()),
    }
}

/// The channels of a layer with the zero point of its input folded into the bias:
/// `sum (x - zx) w + bias = sum x w + (bias - zx sum w)`.
fn channels(layer: &FullyConnected) -> Vec<Channel> {
    let zero_point = i64::from(layer.input.zero_point);
    let channel = |n: usize| {
        let weights = &layer.weights[n * layer.inputs..(n + 1) * layer.inputs];
        let sum: i64 = weights.iter().map(|&w| i64::from(w)).sum();
        let (multiplier, shift) = layer.multipliers[n.min(layer.multipliers.len() - 1)];
        Channel {
            bias: i64::from(layer.bias[n]) - zero_point * sum,
            multiplier: multiplier.into(),
            shift: shift.into(),
        }
    };
    (0..layer.outputs).map(channel).collect()
}

/// The GEMM block of a layer: K, N, parameters and clamp are the layer's, M is the batch; TFLM's rounding.
pub fn layer_spec(layer: &FullyConnected, rows: usize, cols: usize) -> GemmSpec {
    let channels = channels(layer);
    let table = |of: fn(&Channel) -> i64| Parameter::Table(channels.iter().map(of).collect());
    GemmSpec {
        rows,
        cols,
        a: OperandType::Int8,
        b: OperandType::Int8,
        a_zero_point: ZeroPointSpec::None,
        b_zero_point: ZeroPointSpec::None,
        m: DimensionSpec(Dimension::UpTo(MAX_BATCH)),
        n: DimensionSpec(Dimension::Fixed(layer.outputs)),
        k: DimensionSpec(Dimension::Fixed(layer.inputs)),
        rule: Rule::TfliteDouble,
        bias: table(|c| c.bias),
        multiplier: table(|c| c.multiplier),
        shift: table(|c| c.shift),
        output: OutputSpec::Int8,
        zero_point: Parameter::Constant(layer.output.zero_point.into()),
        min: Parameter::Constant(layer.activation.0.into()),
        max: Parameter::Constant(layer.activation.1.into()),
        ..GemmSpec::default()
    }
}

/// A product of matrices in a model.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Product {
    /// its operator: index and name
    pub name: String,
    /// M, N and K
    pub size: [usize; 3],
}

impl Product {
    /// M x N x K in words.
    pub fn shape(&self) -> String {
        self.size.map(|v| v.to_string()).join(" x ")
    }
}

/// The products of a model for a batch of inputs: `FULLY_CONNECTED`, and `CONV_2D` with each place of its window as a row.
/// Other operators are none.
pub fn products(model: &Model, batch: usize) -> Vec<Product> {
    let of = |operator: &Operator| {
        let weights = &model.tensors()[(*operator.inputs.get(1)?)?].shape;
        let output: usize = model.tensors()[*operator.outputs.first()?].shape.iter().product();
        let (n, k) = (*weights.first()?, weights.iter().skip(1).product());
        Some([output.checked_div(n)?.checked_mul(batch)?, n, k])
    };
    let is_product = |o: &Operator| matches!(&*o.name, "FULLY_CONNECTED" | "CONV_2D");
    let operators = model.operators().iter().enumerate().filter(|(_, o)| is_product(o));
    operators.filter_map(|(i, o)| Some(Product { name: format!("{i} {}", o.name), size: of(o)? })).collect()
}

/// A batch of inputs (batch x K) to a layer, as the product that its block computes.
///
/// # Errors
/// If the batch has another number of columns than the layer has inputs.
pub fn layer_product(layer: &FullyConnected, batch: &Matrix) -> Result<Layer> {
    anyhow::ensure!(
        batch.cols() == layer.inputs,
        "{}: inputs of {} elements, expected {}",
        layer.name,
        batch.cols(),
        layer.inputs
    );
    let weights = layer.weights.iter().map(|&w| w.into()).collect();
    let weights = Matrix::new("weights", layer.outputs, layer.inputs, weights)?;
    Ok(Layer {
        a: batch.clone(),
        b: weights.transposed(),
        zero_points: [0, 0],
        channels: channels(layer),
        output: [layer.output.zero_point, layer.activation.0, layer.activation.1].map(i64::from),
    })
}
