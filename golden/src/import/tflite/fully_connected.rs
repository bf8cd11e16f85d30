//! Fully connected layers in integers, from the operators and tensors of a model.
//!
//! The rules are those of TensorFlow Lite Micro: weights `[outputs, inputs]` with zero point 0, a bias of int32 at the
//! scale of the accumulator, one multiplier per layer or per output, bounds from the fused activation.

mod operands;

use super::error::{Budget, quoted};
use super::{Error, Model, Operator, Options, Tensor};

/// `y = clamp(output.zero_point + requantize(sum((x - input.zero_point) * w) + bias), min, max)`,
/// with int8 `x`, `w` and `y`.
#[derive(Clone, Debug, PartialEq)]
pub struct FullyConnected {
    /// Name of the output tensor: the layers that were fused into this one.
    pub name: String,
    /// Length of an input row, K.
    pub inputs: usize,
    /// Length of an output row, N.
    pub outputs: usize,
    /// N rows of K weights; their zero point is 0.
    pub weights: Vec<i8>,
    /// One for each output; zeros where the model has none.
    pub bias: Vec<i32>,
    /// Scale and zero point of the input.
    pub input: Quantized,
    /// Scale and zero point of the output.
    pub output: Quantized,
    /// One, or one for each output.
    pub weight_scales: Vec<f32>,
    /// `(multiplier, shift)`, as many as weight scales: the real factor is `multiplier * 2^(shift - 31)`.
    pub multipliers: Vec<(i32, i32)>,
    /// Least and greatest output: of int8, or narrower by a fused activation.
    pub activation: (i32, i32),
}

/// Scale and zero point of an int8 activation: `real = scale * (q - zero_point)`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Quantized {
    /// Finite and positive.
    pub scale: f32,
    /// From -128 to 127.
    pub zero_point: i32,
}

impl Model {
    /// The model as a chain of fully connected layers, from its one input to its one output.
    ///
    /// # Errors
    ///
    /// Names the first operator of another kind, or the operator or tensor that breaks the rules of an int8 chain.
    pub fn fully_connected_layers(&self) -> Result<Vec<FullyConnected>, Error> {
        // What the model is made of comes first, whatever else may be wrong with it.
        let other = |operator: &Operator| !matches!(operator.options, Options::FullyConnected { .. });
        if let Some(index) = self.operators.iter().position(other) {
            return Err(Error::UnsupportedOperator { index, name: self.operators[index].name.to_string() });
        }
        let mut current = single("input", &self.inputs)?;
        let mut budget = Budget::of_file(self.file_len);
        let mut layers = Vec::new();
        for (index, operator) in self.operators.iter().enumerate() {
            let step = Step { model: self, index, operator };
            let operands = step.operands()?;
            let input = operands.input;
            if input != current {
                let expected = if index == 0 { "the input of the model" } else { "the output of the operator before" };
                return Err(step.fail(format!(
                    "reads tensor {input} and not tensor {current}, {expected}: only chains are supported"
                )));
            }
            layers.push(step.layer(&operands, &mut budget)?);
            current = operands.output;
        }
        let result = single("output", &self.outputs)?;
        if result != current {
            let what =
                format!("its output is tensor {result} and not tensor {current}, where the chain of layers ends");
            return Err(Error::Model { what });
        }
        Ok(layers)
    }
}

impl Model {
    /// The layer of one operator, whatever stands before and after it.
    pub(crate) fn fully_connected(&self, index: usize, budget: &mut Budget) -> Result<FullyConnected, Error> {
        let step = Step { model: self, index, operator: &self.operators[index] };
        step.layer(&step.operands()?, budget)
    }

    /// As much as the constants of this model may take once they are written out.
    pub(crate) fn budget(&self) -> Budget {
        Budget::of_file(self.file_len)
    }
}

fn single(what: &str, tensors: &[usize]) -> Result<usize, Error> {
    match tensors {
        [tensor] => Ok(*tensor),
        _ => Err(Error::Model { what: format!("{} {what}s: exactly 1 is supported", tensors.len()) }),
    }
}

/// Indices of the tensors of one operator.
struct Operands {
    input: usize,
    weights: usize,
    bias: Option<usize>,
    output: usize,
}

/// One operator of a model.
struct Step<'a> {
    model: &'a Model,
    index: usize,
    operator: &'a Operator,
}

impl<'a> Step<'a> {
    fn fail(&self, what: String) -> Error {
        Error::Operator { index: self.index, name: self.operator.name.to_string(), what }
    }

    /// What `check` makes of the tensor, its complaint completed by the name of the tensor.
    fn at<T>(&self, index: usize, check: impl FnOnce(&'a Tensor) -> Result<T, String>) -> Result<T, Error> {
        let tensor = &self.model.tensors[index];
        check(tensor).map_err(|what| Error::Tensor { index, name: quoted(&tensor.name), what })
    }

    fn operands(&self) -> Result<Operands, Error> {
        match (&self.operator.inputs[..], &self.operator.outputs[..]) {
            (&[Some(input), Some(weights)], &[output]) => Ok(Operands { input, weights, bias: None, output }),
            (&[Some(input), Some(weights), bias], &[output]) => Ok(Operands { input, weights, bias, output }),
            (inputs, outputs) => Err(self.fail(format!(
                "{} inputs and {} outputs: must be input, weights and an optional bias, and one output",
                inputs.len(),
                outputs.len()
            ))),
        }
    }

    fn layer(&self, operands: &Operands, budget: &mut Budget) -> Result<FullyConnected, Error> {
        let &Operands { input, weights, bias, output } = operands;
        let weights = self.at(weights, operands::weights)?;
        let (x, y) = (self.at(input, operands::activation)?, self.at(output, operands::activation)?);
        self.check_shapes(input, &weights, output)?;
        let name = &self.model.tensors[output].name;
        budget.take(weights.bytes_of_layer().saturating_add(name.len()))?;

        let multipliers = operands::multipliers(x.scale, weights.scales, y.scale).map_err(|what| self.fail(what))?;
        let bias = match bias {
            Some(bias) => self.at(bias, |tensor| operands::bias(tensor, &weights, x.scale, y.scale))?,
            None => vec![0; weights.n],
        };
        let activation = match self.operator.options {
            Options::FullyConnected { activation, .. } => activation.int8_bounds(y.scale, y.zero_point),
            _ => Err("options were not read".to_owned()),
        };
        Ok(FullyConnected {
            name: name.clone(),
            inputs: weights.k,
            outputs: weights.n,
            weights: weights.data.to_vec(),
            bias,
            input: x,
            output: y,
            weight_scales: weights.scales.to_vec(),
            multipliers,
            activation: activation.map_err(|what| self.fail(what))?,
        })
    }

    /// The input has rows of K elements in whatever shape, the output is `[rows, N]`; or, if dimensions are kept, both
    /// have the same sizes but for K and N at the end.
    fn check_shapes(&self, input: usize, weights: &operands::Weights<'_>, output: usize) -> Result<(), Error> {
        let (input, output) = (&self.model.tensors[input].shape, &self.model.tensors[output].shape);
        let &operands::Weights { n, k, .. } = weights;
        let elements: usize = input.iter().product();
        let rows = elements.checked_div(k).unwrap_or(0);
        let keep = matches!(self.operator.options, Options::FullyConnected { keep_num_dims: true, .. });
        let expected = match input.split_last() {
            Some((&last, leading)) if keep && last == k => [leading, &[n]].concat(),
            _ => vec![rows, n],
        };
        if n > 0 && rows > 0 && rows * k == elements && *output == expected {
            return Ok(());
        }
        Err(self.fail(format!(
            "input of shape {input:?} and weights of shape [{n}, {k}] do not give an output of shape {output:?}"
        )))
    }
}
