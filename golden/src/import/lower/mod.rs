//! From a model to its graph. Multipliers, bounds and everything else that an operator needs are formed once, as the
//! runtime forms them. An operator that is not known bit for bit is refused. Nothing is run.

mod concatenation;
mod elementwise;
mod error;
mod mean;
mod moves;
mod operands;
mod operator;
mod resize;
mod slices;
mod state;
mod table;
mod weighted;
mod xnnpack;

use std::collections::{HashMap, HashSet};

use crate::graph::{Element, Graph, Step, Tensor, Value};
use crate::import::Runtime;
use crate::import::tflite::{self, Budget, Data, ElementType, Model};
use crate::numerics::AnyRequantization;
use crate::operators::Array;

pub use error::Error;

use error::SUPPORTED;
use operands::Operands;
use operator::Lowered;
use state::Variables;

/// Greatest number of elements of an output, 2^26. Without a limit, a file of a few bytes could ask for any number.
const MAX_ELEMENTS: usize = 1 << 26;

/// Greatest number of indices that all operators of a model keep, 2^21.
const MAX_INDICES: usize = 1 << 21;

/// The graph of a model, in the integers of `runtime`.
///
/// # Errors
/// The first operator that is not supported, or that contradicts its tensors, by name and index.
pub fn lower(model: &Model, runtime: Runtime) -> Result<Graph, Error> {
    let all = model.operators().len();
    check_supported(model, all)?;
    first_operators(model, runtime, all)?.graph(model.outputs())
}

/// The graph of a model up to and including operator `last`, whose outputs become the outputs of the graph. Operators
/// behind it are not looked at.
///
/// # Errors
/// The errors of [`lower`]; and if there is no such operator.
pub fn lower_until(model: &Model, runtime: Runtime, last: usize) -> Result<Graph, Error> {
    let Some(operator) = model.operators().get(last) else {
        return Err(Error::Shape(format!("it has {} operators, and none of index {last}", model.operators().len())));
    };
    check_supported(model, last + 1)?;
    first_operators(model, runtime, last + 1)?.graph(&operator.outputs)
}

/// The operators that `wanted` picks, each by itself, and the tensors that they read and write. The operators between
/// them need not be supported, because the result is no graph that can be run.
///
/// # Errors
/// The errors of [`lower`], for the operators that are picked.
pub fn lower_steps(
    model: &Model,
    runtime: Runtime,
    wanted: impl Fn(&tflite::Operator) -> bool,
) -> Result<(Vec<Tensor>, Vec<Step>), Error> {
    let mut lowering = Lowering::new(model, runtime);
    for index in (0..model.operators().len()).filter(|&i| wanted(&model.operators()[i])) {
        lowering.step(index)?;
    }
    Ok((lowering.tensors, lowering.steps))
}

/// Operators that are not supported are reported first, whatever else is wrong with the model.
fn check_supported(model: &Model, operators: usize) -> Result<(), Error> {
    let mut names = model.operators()[..operators].iter().map(|operator| &*operator.name).enumerate();
    match names.find(|(_, name)| !SUPPORTED.contains(name)) {
        Some((index, name)) => Err(Error::Unsupported { index, name: name.to_owned() }),
        None => Ok(()),
    }
}

/// Lowers operators in the order of execution. Each reads tensors that exist by then.
fn first_operators(model: &Model, runtime: Runtime, count: usize) -> Result<Lowering<'_>, Error> {
    let mut lowering = Lowering::new(model, runtime);
    let mut there = vec![false; model.tensors().len()];
    for &input in model.inputs() {
        let element = model.tensors()[input].element;
        let types = [ElementType::Int8, ElementType::Uint8, ElementType::Int16, ElementType::Float32];
        if !types.contains(&element) {
            let what = format!("its input is {element}: only INT8, UINT8, INT16 and FLOAT32 are supported");
            return Err(Error::Shape(what));
        }
        lowering.tensor(input).map_err(Error::Shape)?;
        there[input] = true;
    }
    for index in 0..count {
        let Written { inputs, outputs } = lowering.step(index)?;
        for &tensor in &inputs {
            if !there[tensor] && constant(&model.tensors()[tensor]).is_none() {
                let what = format!("reads tensor {tensor} before anything has written it");
                return Err(fail(model, index, what));
            }
        }
        outputs.iter().for_each(|&output| there[output] = true);
    }
    Ok(lowering)
}

fn fail(model: &Model, index: usize, what: String) -> Error {
    Error::Operator { index, name: model.operators()[index].name.to_string(), what }
}

/// A graph that is being made.
struct Lowering<'a> {
    model: &'a Model,
    runtime: Runtime,
    budget: Budget,
    tensors: Vec<Tensor>,
    /// place of each tensor of the model in `tensors`
    places: Vec<Option<usize>>,
    steps: Vec<Step>,
    /// indices that the steps keep
    indices: usize,
    /// integers that are known from shapes, by the tensor of the model that has them
    folded: HashMap<usize, Vec<i64>>,
    variables: Variables,
}

/// The tensors of the model that an operator reads and writes; none if its output is known before the model runs.
#[derive(Default)]
struct Written {
    inputs: Vec<usize>,
    outputs: Vec<usize>,
}

impl<'a> Lowering<'a> {
    fn new(model: &'a Model, runtime: Runtime) -> Lowering<'a> {
        let places = vec![None; model.tensors().len()];
        let (tensors, steps, folded, variables) = (Vec::new(), Vec::new(), HashMap::new(), Variables::default());
        Lowering { model, runtime, budget: model.budget(), tensors, places, steps, indices: 0, folded, variables }
    }

    /// Appends the steps of an operator: one for each output.
    fn step(&mut self, index: usize) -> Result<Written, Error> {
        let operator = &self.model.operators()[index];
        if !SUPPORTED.contains(&&*operator.name) {
            return Err(Error::Unsupported { index, name: operator.name.to_string() });
        }
        for &input in operator.inputs.iter().flatten() {
            self.budget.take(bytes(&self.model.tensors()[input]))?;
        }
        let fail = |what| fail(self.model, index, what);
        if let Some(written) = self.state(index, operator).map_err(fail)? {
            return Ok(written);
        }
        let operands = Operands::new(self.model, operator, self.runtime, &self.folded).map_err(fail)?;
        if let Some(values) = operands.folded().map_err(fail)? {
            self.folded.insert(operands.output().map_err(fail)?, values);
            return Ok(Written::default());
        }
        let mut written = Written::default();
        for lowered in operator::lower(operands).map_err(fail)? {
            written.outputs.push(lowered.output);
            written.inputs.extend(&lowered.inputs);
            self.append(index, lowered).map_err(fail)?;
        }
        Ok(written)
    }

    fn append(&mut self, index: usize, lowered: Lowered) -> Result<(), String> {
        let Lowered { inputs, output, operator } = lowered;
        let elements: usize = self.model.tensors()[output].shape.iter().product();
        if elements > MAX_ELEMENTS {
            return Err(format!("its output has {elements} elements: at most {MAX_ELEMENTS} are computed"));
        }
        self.indices += operator.indices();
        if self.indices > MAX_INDICES {
            return Err(format!("with it, operators pick elements by more than {MAX_INDICES} indices"));
        }
        let inputs = inputs.iter().map(|&tensor| self.tensor(tensor)).collect::<Result<_, _>>()?;
        let (output, name) = (self.tensor(output)?, self.model.operators()[index].name.to_string());
        self.steps.push(Step { index, name, inputs, output, operator });
        Ok(())
    }

    /// The place of a tensor of the model in the graph. The tensor is put there if it is missing.
    fn tensor(&mut self, index: usize) -> Result<usize, String> {
        if let Some(place) = self.places[index] {
            return Ok(place);
        }
        let tensor = &self.model.tensors()[index];
        let element = match tensor.element {
            ElementType::Float32 => Element::Float32,
            ElementType::Int8 => Element::INT8,
            ElementType::Uint8 => Element::UINT8,
            ElementType::Int16 => Element::INT16,
            other => return Err(format!("tensor {index} is {other}: must be INT8, UINT8, INT16 or FLOAT32")),
        };
        let (name, shape) = (tensor.name.clone(), tensor.shape.clone());
        let quantization = tensor.quantization.as_ref().and_then(operands::per_tensor);
        self.tensors.push(Tensor { name, shape, element, quantization, constant: constant(tensor) });
        self.places[index] = Some(self.tensors.len() - 1);
        Ok(self.tensors.len() - 1)
    }

    fn graph(mut self, outputs: &[usize]) -> Result<Graph, Error> {
        let variables = self.kept().map_err(Error::Shape)?;
        let Lowering { model, tensors, places, steps, .. } = self;
        let written: HashSet<usize> = steps.iter().map(|step| step.output).collect();
        let place = |&output: &usize| {
            let place = places[output].filter(|place| written.contains(place));
            place.ok_or_else(|| Error::Shape(format!("its output, tensor {output}, is written by no operator")))
        };
        let outputs: Vec<usize> = outputs.iter().map(place).collect::<Result<_, _>>()?;
        let inputs: Vec<usize> = model.inputs().iter().filter_map(|&input| places[input]).collect();
        match (&inputs[..], &outputs[..]) {
            ([], _) => Err(Error::Shape("it has no input".to_owned())),
            (_, []) => Err(Error::Shape("it has no output".to_owned())),
            _ => Ok(Graph { tensors, steps, inputs, outputs, variables }),
        }
    }
}

/// Bytes that the constant of an operator takes once it is written out: its elements as `i32`, and a requantization for
/// each scale.
fn bytes(tensor: &tflite::Tensor) -> usize {
    if tensor.data.is_none() {
        return 0;
    }
    let scales = tensor.quantization.as_ref().map_or(0, |q| q.scales.len());
    let elements = tensor.shape.iter().product::<usize>();
    elements.saturating_mul(4).saturating_add(scales.saturating_mul(size_of::<AnyRequantization>()))
}

/// A constant operand of an elementwise operator such as ADD.
fn constant(tensor: &tflite::Tensor) -> Option<Value> {
    let data = match &tensor.data {
        Some(Data::I8(data)) => data.iter().map(|&x| x.into()).collect(),
        Some(Data::I16(data)) => data.iter().map(|&x| x.into()).collect(),
        _ => return None,
    };
    Some(Value::Integer(Array::new("constant", tensor.shape.clone(), data).ok()?))
}
