//! Runs a quantized model, operator by operator, in the integers of a named runtime.
//!
//! [`Runner::new`] forms all multipliers from the scales of the model once, as the [`Runtime`] forms them, and refuses
//! what it cannot compute bit for bit; [`Runner::run`] gives the output of every operator. Activations are int8, beside
//! the floats that QUANTIZE reads and DEQUANTIZE gives.
//!
//! | runtime | fully connected | convolutions | ADD, SUB | MUL | QUANTIZE of floats | SOFTMAX |
//! |---|---|---|---|---|---|---|
//! | `tflm` | `tflite_double` | `tflite_double` | `tflite_double` | `tflite_double` | half away | integers |
//! | `litert_reference` | `f64_away` | `tflite_double` | `tflite_double` | `tflite_double` | half away | integers |
//! | `litert_builtin` | `half_up_twice` | `half_up_twice` | `tflite_double` | refused | reciprocal, even | refused |
//! | `xnnpack` | `f32_even` | `f32_even` | 21 bits, half up | refused | reciprocal, even | refused |
//!
//! Refused is what is not known to the last bit. Pooling, RESHAPE and PAD are the same everywhere. How well the rest is
//! checked: all logits of six models equal those of the first two runtimes, and as many as recorded differ in the others
//! (`models/digits`).

mod error;
pub(crate) mod operator;

use std::sync::Arc;

use crate::import::tflite::{Data, ElementType, Model, Tensor};
use crate::operators::Array;

pub use error::Error;

use crate::import::{Runtime, lower};
use operator::Kernel;

/// The most elements that an output may have, 2^26: a file of a few bytes can ask for any number.
const MAX_ELEMENTS: usize = 1 << 26;

/// What a tensor holds while a model runs.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// quantized, elements from -128 to 127
    Int8(Array),
    /// before QUANTIZE or after DEQUANTIZE
    Float(Array<f32>),
}

impl Value {
    /// Sizes, slowest first.
    pub fn shape(&self) -> &[usize] {
        match self {
            Value::Int8(array) => array.shape(),
            Value::Float(array) => array.shape(),
        }
    }

    fn element(&self) -> ElementType {
        match self {
            Value::Int8(_) => ElementType::Int8,
            Value::Float(_) => ElementType::Float32,
        }
    }
}

/// Where an operator finds an input.
#[derive(Debug, Clone, Copy)]
enum Source {
    Input,
    Constant(usize),
    Step(usize),
}

/// One operator, ready to run.
#[derive(Debug)]
struct Step {
    name: Arc<str>,
    sources: Vec<Source>,
    tensor: usize,
    shape: Vec<usize>,
    macs: u64,
    kernel: Kernel,
}

/// A model together with the runtime that it is computed as.
#[derive(Debug)]
pub struct Runner {
    element: ElementType,
    input: Vec<usize>,
    constants: Vec<Value>,
    steps: Vec<Step>,
    output: usize,
}

/// The output of every operator, in the order of execution; the first error if there is one. To run a model more than
/// once, keep a [`Runner`].
///
/// # Errors
/// As [`Runner::new`] and [`Runner::run`].
pub fn run(model: &Model, input: &Value, runtime: Runtime) -> Result<Vec<Value>, Error> {
    Runner::new(model, runtime)?.run(input)
}

impl Runner {
    /// Prepares the operators of a model with one input and one output.
    ///
    /// # Errors
    /// Names the first operator that is not supported, or that contradicts its tensors, and its index.
    pub fn new(model: &Model, runtime: Runtime) -> Result<Runner, Error> {
        // What the model is made of comes first, whatever else may be wrong with it.
        for (index, operator) in model.operators().iter().enumerate() {
            if !lower::SUPPORTED.contains(&&*operator.name) {
                return Err(Error::Unsupported { index, name: operator.name.to_string() });
            }
        }
        let (input, output) = (single("input", model.inputs())?, single("output", model.outputs())?);
        let Tensor { shape, element, .. } = &model.tensors()[input];
        if ![ElementType::Int8, ElementType::Float32].contains(element) {
            return Err(Error::Shape(format!("its input is {element}: only INT8 and FLOAT32 are supported")));
        }
        let mut places = vec![None; model.tensors().len()];
        places[input] = Some(Source::Input);
        let mut runner =
            Runner { element: *element, input: shape.clone(), constants: Vec::new(), steps: Vec::new(), output: 0 };
        let mut budget = model.budget();
        for index in 0..model.operators().len() {
            let lowered = lower::lower(model, index, runtime, &mut budget)?;
            let step = runner.place(model, index, lowered, &mut places)?;
            places[step.tensor] = Some(Source::Step(index));
            runner.steps.push(step);
        }
        match places[output] {
            Some(Source::Step(step)) => runner.output = step,
            _ => return Err(Error::Shape(format!("its output, tensor {output}, is written by no operator"))),
        }
        Ok(runner)
    }

    /// Finds where each input comes from; constants are taken along.
    fn place(
        &mut self,
        model: &Model,
        index: usize,
        lowered: lower::Lowered,
        places: &mut [Option<Source>],
    ) -> Result<Step, Error> {
        let name = Arc::clone(&model.operators()[index].name);
        let mut sources = Vec::new();
        for &tensor in &lowered.inputs {
            if let (None, Some(value)) = (places[tensor], constant(&model.tensors()[tensor])) {
                places[tensor] = Some(Source::Constant(self.constants.len()));
                self.constants.push(value);
            }
            let what = || format!("reads tensor {tensor} before anything has written it");
            let error = || Error::Operator { index, name: name.to_string(), what: what() };
            sources.push(places[tensor].ok_or_else(error)?);
        }
        let shape = model.tensors()[lowered.output].shape.clone();
        let elements: usize = shape.iter().product();
        if elements > MAX_ELEMENTS {
            let what = format!("its output has {elements} elements: at most {MAX_ELEMENTS} are computed");
            return Err(Error::Operator { index, name: name.to_string(), what });
        }
        Ok(Step { name, sources, tensor: lowered.output, shape, macs: lowered.macs, kernel: lowered.kernel })
    }

    /// Runs all operators: the output of each, in the order of execution.
    ///
    /// # Errors
    /// If the input has another type or shape than the model's, or an operator leaves its contract.
    pub fn run(&self, input: &Value) -> Result<Vec<Value>, Error> {
        self.check_input(input)?;
        let mut values: Vec<Value> = Vec::with_capacity(self.steps.len());
        for (index, step) in self.steps.iter().enumerate() {
            let find = |source: &Source| match *source {
                Source::Input => input,
                Source::Constant(i) => &self.constants[i],
                Source::Step(i) => &values[i],
            };
            let inputs: Vec<&Value> = step.sources.iter().map(find).collect();
            let error = |what| Error::Operator { index, name: step.name.to_string(), what };
            let value = step.kernel.run(&inputs, &step.shape).map_err(error)?;
            if value.shape() != step.shape {
                let (got, expected) = (value.shape(), &step.shape);
                return Err(error(format!("gives shape {got:?}, and the model says {expected:?}")));
            }
            values.push(value);
        }
        Ok(values)
    }

    fn check_input(&self, input: &Value) -> Result<(), Error> {
        let outside = |array: &Array| array.data().iter().copied().find(|v| !(-128..=127).contains(v));
        let expected = format!("{} of shape {:?}", self.element, self.input);
        if input.shape() != self.input || input.element() != self.element {
            return Err(Error::Input { got: format!("{} of shape {:?}", input.element(), input.shape()), expected });
        }
        match input {
            Value::Int8(array) if outside(array).is_some() => {
                Err(Error::Input { got: format!("element {}", outside(array).unwrap_or(0)), expected })
            }
            _ => Ok(()),
        }
    }

    /// Type of the elements of the input.
    pub fn input_element(&self) -> ElementType {
        self.element
    }

    /// Shape of the input, batch first.
    pub fn input_shape(&self) -> &[usize] {
        &self.input
    }

    /// Names of the operators, in the order of execution.
    pub fn operators(&self) -> impl Iterator<Item = &str> {
        self.steps.iter().map(|step| &*step.name)
    }

    /// Index of the tensor that each operator writes.
    pub fn tensors(&self) -> impl Iterator<Item = usize> {
        self.steps.iter().map(|step| step.tensor)
    }

    /// The operator whose output is that of the model.
    pub fn output(&self) -> usize {
        self.output
    }

    /// Multiplications of inputs by weights in one run, those of taps in the padding included.
    pub fn macs(&self) -> u64 {
        self.steps.iter().map(|step| step.macs).sum()
    }
}

fn single(what: &str, tensors: &[usize]) -> Result<usize, Error> {
    match tensors {
        [tensor] => Ok(*tensor),
        _ => Err(Error::Shape(format!("{} {what}s: exactly 1 is supported", tensors.len()))),
    }
}

/// A constant operand of ADD and its like.
fn constant(tensor: &Tensor) -> Option<Value> {
    let Some(Data::I8(data)) = &tensor.data else { return None };
    let data = data.iter().map(|&x| x.into()).collect();
    Some(Value::Int8(Array::new("constant", tensor.shape.clone(), data).ok()?))
}
