//! The fully connected layers of a model, and the operators that are left for a host.

use std::fmt;
use std::path::Path;

use anyhow::{Context, Result, bail, ensure};
use qrtl_golden::RealRule;
use qrtl_golden::gemm::Matrix;
use qrtl_golden::graph::{self, Step, Tensor, Weighted};
use qrtl_golden::import::tflite::{Model, Operator};
use qrtl_golden::import::{Runtime, lower_steps};
use qrtl_golden::numerics::AnyRequantization;
use qrtl_hdl::blocks::gemm::{Channel, GemmConfig};
use qrtl_hdl::parameter::{Dimension, HardwareRule, IntType, Source, ZeroPoint};

use super::{MAX_BATCH, read_model};
use crate::blocks::gemm::{Layer, Output};
use crate::schedule::Product;

/// A model that is a chain of fully connected layers, from its one input to its one output.
#[derive(Debug, Clone)]
pub struct Layers {
    /// the layers that become hardware, in the order of execution
    pub dense: Vec<DenseLayer>,
    /// operators before and after them
    pub host: Vec<HostOperator>,
}

/// An operator that stays on the host: it quantizes the input, or makes real numbers of the output.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HostOperator {
    /// index in the order of execution
    pub index: usize,
    /// its name, as `QUANTIZE`
    pub name: String,
}

impl fmt::Display for HostOperator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.index, self.name)
    }
}

/// A fully connected layer with the rounding of a runtime, as a block computes it.
#[derive(Debug, Clone)]
pub struct DenseLayer {
    /// name of the tensor that it writes
    pub name: String,
    /// rows that one input of the model gives
    pub rows: usize,
    /// weights with a row for each output, N x K
    weights: Matrix,
    rule: HardwareRule,
    /// bias, with the zero point of the input folded in, and factor of each output
    channels: Vec<Channel>,
    /// the parameters that all channels share
    output: Output,
}

/// The operators that may stand before the first layer.
const BEFORE: [&str; 1] = ["QUANTIZE"];

/// The operators that may stand behind the last layer.
const AFTER: [&str; 3] = ["SOFTMAX", "DEQUANTIZE", "QUANTIZE"];

impl Layers {
    /// The layers of a model file, as a runtime computes them.
    ///
    /// # Errors
    /// If the file is no model; if the runtime rounds as no hardware does; if an operator is neither `FULLY_CONNECTED` nor one that may stay on the host where it stands, or the
    /// operators are no chain: the error names it and its index.
    pub fn read(path: &Path, runtime: Runtime) -> Result<Layers> {
        Layers::of(&read_model(path)?, runtime).with_context(|| path.display().to_string())
    }

    /// The layers of a model.
    ///
    /// # Errors
    /// The errors of [`read`](Layers::read), without the name of a file.
    pub fn of(model: &Model, runtime: Runtime) -> Result<Layers> {
        let host = host(model.operators())?;
        check_chain(model)?;
        let (tensors, steps) = lower_steps(model, runtime, is_dense)?;
        let dense = steps.iter().map(|step| DenseLayer::new(step, &tensors)).collect::<Result<_>>()?;
        Ok(Layers { dense, host })
    }
}

fn is_dense(operator: &Operator) -> bool {
    &*operator.name == "FULLY_CONNECTED"
}

/// The operators that are no hardware. Each must be one that may stay on the host where it stands.
fn host(operators: &[Operator]) -> Result<Vec<HostOperator>> {
    ensure!(!operators.is_empty(), "the model has no operator");
    let ends = (operators.iter().position(is_dense), operators.iter().rposition(is_dense));
    let mut host = Vec::new();
    for (index, operator) in operators.iter().enumerate().filter(|(_, operator)| !is_dense(operator)) {
        let name = &*operator.name;
        let stays = match ends {
            (Some(first), _) if index < first => BEFORE.contains(&name),
            (_, Some(last)) if index > last => AFTER.contains(&name),
            _ => false,
        };
        ensure!(stays, "operator {index} is {name}: only FULLY_CONNECTED is supported");
        host.push(HostOperator { index, name: name.to_owned() });
    }
    Ok(host)
}

/// Checks that each operator reads the tensor that the previous operator writes.
fn check_chain(model: &Model) -> Result<()> {
    let single = |what: &str, tensors: &[usize]| match tensors {
        [tensor] => Ok(*tensor),
        _ => bail!("model: {} {what}s: exactly 1 is supported", tensors.len()),
    };
    let mut current = single("input", model.inputs())?;
    for (index, operator) in model.operators().iter().enumerate() {
        let name = &operator.name;
        let (Some(Some(input)), [output]) = (operator.inputs.first(), &operator.outputs[..]) else {
            bail!("operator {index} ({name}): has no input, or not one output");
        };
        let expected = if index == 0 { "the input of the model" } else { "the output of the operator before" };
        ensure!(
            *input == current,
            "operator {index} ({name}): reads tensor {input} and not tensor {current}, {expected}: only chains are supported"
        );
        current = *output;
    }
    let result = single("output", model.outputs())?;
    ensure!(
        result == current,
        "model: its output is tensor {result} and not tensor {current}, where the chain of layers ends"
    );
    Ok(())
}

impl DenseLayer {
    fn new(step: &Step, tensors: &[Tensor]) -> Result<DenseLayer> {
        let graph::Operator::FullyConnected(layer) = &step.operator else {
            bail!("operator {} ({}): no fully connected layer", step.index, step.name);
        };
        let tensor = &tensors[step.output];
        let scales = layer.requantizations.iter().map(scale).collect::<Result<Vec<_>>>()?;
        let of_output = |n: usize| scales[if scales.len() == 1 { 0 } else { n }];
        let weights = &layer.weights;
        let Scale { rule, output, .. } = of_output(0);
        Ok(DenseLayer {
            name: tensor.name.clone(),
            rows: tensor.elements() / weights.rows(),
            rule,
            channels: (0..weights.rows()).map(|n| channel(layer, n, &of_output(n))).collect(),
            output,
            weights: weights.clone(),
        })
    }

    /// Number of outputs of a row.
    pub fn outputs(&self) -> usize {
        self.weights.rows()
    }

    /// Number of inputs of a row.
    pub fn inputs(&self) -> usize {
        self.weights.cols()
    }

    /// The matrix product for a number of inputs of the model.
    pub fn product(&self, name: &str, batch: usize) -> Product {
        Product { name: name.to_owned(), size: [self.rows * batch, self.outputs(), self.inputs()] }
    }

    /// The GEMM block for the layer, with its K, N, rule, parameters and clamp. M is any number of rows.
    pub fn spec(&self, rows: usize, cols: usize) -> GemmConfig {
        let table = |of: fn(&Channel) -> i64| Source::Table(self.channels.iter().map(of).collect());
        let Output { zero_point, min, max } = self.output;
        GemmConfig {
            rows,
            cols,
            a: IntType::Int8,
            b: IntType::Int8,
            a_zero_point: ZeroPoint::None,
            b_zero_point: ZeroPoint::None,
            m: Dimension::UpTo(MAX_BATCH),
            n: Dimension::Fixed(self.outputs()),
            k: Dimension::Fixed(self.inputs()),
            rule: self.rule,
            bias: table(|c| c.bias),
            multiplier: table(|c| c.multiplier),
            shift: if self.rule == HardwareRule::F32Even { Source::Port } else { table(|c| c.shift) },
            output: IntType::Int8,
            zero_point: Source::Constant(zero_point),
            min: Source::Constant(min),
            max: Source::Constant(max),
            ..GemmConfig::default()
        }
    }

    /// The product that the block computes for rows of inputs (rows x K).
    ///
    /// # Errors
    /// If they have another number of columns than the layer has inputs.
    pub fn vectors(&self, inputs: &Matrix) -> Result<Layer> {
        let (got, expected) = (inputs.cols(), self.inputs());
        ensure!(got == expected, "{}: inputs of {got} elements, expected {expected}", self.name);
        Ok(Layer {
            a: inputs.clone(),
            b: self.weights.transposed(),
            a_zero_point: 0,
            b_zero_point: 0,
            channels: self.channels.clone(),
            output: self.output,
        })
    }
}

/// The zero point of the input is folded into the bias: `sum (x - zx) w + bias = sum x w + (bias - zx sum w)`.
fn channel(layer: &Weighted<Matrix>, n: usize, scale: &Scale) -> Channel {
    let sum: i64 = (0..layer.weights.cols()).map(|k| i64::from(layer.weights.at(n, k))).sum();
    let [multiplier, shift] = scale.factor;
    Channel { bias: i64::from(layer.bias[n]) - i64::from(layer.input_zero_point) * sum, multiplier, shift }
}

/// A requantization as a block computes it.
#[derive(Clone, Copy)]
struct Scale {
    rule: HardwareRule,
    /// multiplier and shift of a channel
    factor: [i64; 2],
    output: Output,
}

fn scale(requantization: &AnyRequantization) -> Result<Scale> {
    let (rule, factor, zero_point, bounds) = match requantization {
        AnyRequantization::Fixed(fixed) => {
            let factor = [fixed.factor().multiplier(), fixed.factor().shift().into()];
            (HardwareRule::Fixed(fixed.rule()), factor, fixed.zero_point(), fixed.output())
        }
        AnyRequantization::Real(real) if real.rule() == RealRule::F32Even => {
            let factor = [(real.factor() as f32).to_bits().into(), 0];
            (HardwareRule::F32Even, factor, real.zero_point(), real.output())
        }
        AnyRequantization::Real(real) => bail!("{} is no rule of gemm", real.rule()),
    };
    Ok(Scale { rule, factor, output: Output { zero_point, min: bounds.min(), max: bounds.max() } })
}
