//! Variables: VAR_HANDLE, READ_VARIABLE, ASSIGN_VARIABLE, and CALL_ONCE, which says what they are at first.
//!
//! A graph has no operators for them. A variable is a tensor when a run begins and a tensor when it ends, and what is read
//! behind an assignment is what was assigned.

use std::collections::{BTreeMap, HashMap, HashSet};

use super::operands::{Operands, per_tensor};
use super::{Lowering, Written};
use crate::graph::{Element, Operator, Step, Tensor, Value, Variable};
use crate::import::Runtime;
use crate::import::tflite::{self, Data, Options, Subgraph};
use crate::operators::Array;

/// The variables of a model while it is lowered, by their numbers.
#[derive(Default)]
pub(super) struct Variables {
    /// the variable of each handle, by the tensor of the model that holds the handle
    handles: HashMap<usize, usize>,
    held: BTreeMap<usize, Held>,
    /// subgraphs that CALL_ONCE has run
    called: HashSet<usize>,
}

#[derive(Default)]
struct Held {
    /// subgraph and tensor of the constant that CALL_ONCE assigns
    start: Option<(usize, usize)>,
    /// the tensor of the graph that it is before it is assigned, once it has been read
    before: Option<usize>,
    /// the tensors of the model that have been assigned first and last
    assigned: Option<[usize; 2]>,
}

impl Lowering<'_> {
    /// Lowers an operator on variables; `None` for any other.
    pub(super) fn state(&mut self, index: usize, operator: &tflite::Operator) -> Result<Option<Written>, String> {
        let nothing = HashMap::new();
        let operands = Operands { model: self.model, operator, runtime: self.runtime, folded: &nothing };
        match (&*operands.operator.name, operands.operator.options) {
            (_, Options::VarHandle { variable }) => {
                self.variables.handles.insert(operands.output()?, variable);
            }
            (_, Options::CallOnce { subgraph }) => self.call_once(subgraph)?,
            ("READ_VARIABLE", _) => return self.read_variable(index, operands).map(Some),
            ("ASSIGN_VARIABLE", _) => {
                let (variable, value) = (self.variable(operands.input(0)?)?, operands.input(1)?);
                self.tensor(value)?;
                let held = self.variables.held.entry(variable).or_default();
                held.assigned = Some([held.assigned.map_or(value, |[first, _]| first), value]);
                return Ok(Some(Written { inputs: vec![value], outputs: Vec::new() }));
            }
            _ => return Ok(None),
        }
        Ok(Some(Written::default()))
    }

    /// The number of the variable of a handle.
    fn variable(&self, handle: usize) -> Result<usize, String> {
        let variable = self.variables.handles.get(&handle).copied();
        variable.ok_or_else(|| format!("tensor {handle} is no handle that VAR_HANDLE has written before"))
    }

    /// Takes what a subgraph assigns as what variables are at first.
    fn call_once(&mut self, number: usize) -> Result<(), String> {
        let subgraph = self.model.subgraph(number).ok_or_else(|| format!("there is no subgraph {number}"))?;
        if !self.variables.called.insert(number) {
            return Ok(());
        }
        for (variable, value) in constants_assigned(subgraph).map_err(|why| format!("subgraph {number}: {why}"))? {
            let held = self.variables.held.entry(variable).or_default();
            if held.before.is_some() || held.assigned.is_some() {
                let name = &self.model.variables()[variable];
                return Err(format!("variable {name:?} is read or assigned before it"));
            }
            held.start = Some((number, value));
        }
        Ok(())
    }

    fn read_variable(&mut self, index: usize, operands: Operands<'_>) -> Result<Written, String> {
        let (variable, output) = (self.variable(operands.input(0)?)?, operands.output()?);
        let place = self.tensor(output)?;
        let held = self.variables.held.entry(variable).or_default();
        let (from, inputs) = match (held.assigned, held.before) {
            (Some([_, value]), _) => (self.tensor(value)?, vec![value]),
            (None, Some(before)) => (before, Vec::new()),
            (None, None) => {
                let before = self.tensors.len();
                held.before = Some(before);
                let name = self.model.variables()[variable].clone();
                self.tensors.push(Tensor { name, constant: None, ..self.tensors[place].clone() });
                (before, Vec::new())
            }
        };
        self.same_elements(variable, &self.tensors[from], &self.tensors[place])?;
        let name = operands.operator.name.to_string();
        self.steps.push(Step { index, name, inputs: vec![from], output: place, operator: Operator::Reshape });
        Ok(Written { inputs, outputs: vec![output] })
    }

    fn same_elements(&self, variable: usize, a: &Tensor, b: &Tensor) -> Result<(), String> {
        if a.element == b.element && a.elements() == b.elements() {
            return Ok(());
        }
        let name = &self.model.variables()[variable];
        let of = |tensor: &Tensor| format!("{} of shape {:?}", tensor.element, tensor.shape);
        Err(format!("variable {name:?} is {} and {}: type and number of elements must stay", of(a), of(b)))
    }

    /// The variables that are read before they are assigned, which are kept from one run to the next.
    pub(super) fn kept(&mut self) -> Result<Vec<Variable>, String> {
        let mut kept = Vec::new();
        for (variable, held) in std::mem::take(&mut self.variables.held) {
            let Some(before) = held.before else { continue };
            let after = match held.assigned {
                Some([_, last]) => self.tensor(last)?,
                None => before,
            };
            self.same_elements(variable, &self.tensors[before], &self.tensors[after])?;
            let name = self.model.variables()[variable].clone();
            let bytes = self.tensors[before].elements().saturating_mul(4);
            self.budget.take(bytes).map_err(|e| e.to_string())?;
            let start = self.start(&held, &self.tensors[before]).map_err(|why| format!("variable {name:?} {why}"))?;
            kept.push(Variable { name, before, after, start });
        }
        Ok(kept)
    }

    /// What a variable is at first: what CALL_ONCE assigns. Without it, TFLM takes the zero point of what is assigned to it
    /// (tflite-micro 90b983c2, `micro/micro_resource_variable.cc`), and LiteRT ends with an error.
    fn start(&self, held: &Held, tensor: &Tensor) -> Result<Value, String> {
        let shape = tensor.shape.clone();
        let Some((subgraph, constant)) = held.start else {
            let [first, _] = held
                .assigned
                .filter(|_| self.runtime == Runtime::Tflm)
                .ok_or_else(|| "is read, and nothing has been assigned to it before".to_owned())?;
            let zero =
                self.model.tensors()[first].quantization.as_ref().and_then(per_tensor).map_or(0, |q| q.zero_point);
            let elements = tensor.elements();
            return match tensor.element {
                Element::Float32 => Array::new("variable", shape, vec![0.0; elements]).map(Value::Float),
                Element::Integer(_) => Array::new("variable", shape, vec![zero; elements]).map(Value::Integer),
            }
            .map_err(|e| e.to_string());
        };
        let constant = self.model.subgraph(subgraph).map(|subgraph| &subgraph.tensors[constant]);
        let assigned = constant.map_or(0, |constant| constant.shape.iter().product());
        if assigned != tensor.elements() {
            return Err(format!("has {} elements, and CALL_ONCE assigns {assigned}", tensor.elements()));
        }
        let array = |data| Array::new("variable", shape.clone(), data).map(Value::Integer);
        match (constant.and_then(|constant| constant.data.as_ref()), tensor.element) {
            (Some(Data::I8(data)), Element::INT8) => array(data.iter().map(|&x| x.into()).collect()),
            (Some(Data::U8(data)), Element::UINT8) => array(data.iter().map(|&x| x.into()).collect()),
            (Some(Data::F32(data)), Element::Float32) => {
                Array::new("variable", shape.clone(), data.clone()).map(Value::Float)
            }
            _ => return Err(format!("is {}, and CALL_ONCE assigns another type", tensor.element)),
        }
        .map_err(|e| e.to_string())
    }
}

/// The variables that a subgraph assigns, and the constants that it assigns to them.
fn constants_assigned(subgraph: &Subgraph) -> Result<Vec<(usize, usize)>, String> {
    let mut handles = HashMap::new();
    let mut assigned = Vec::new();
    for tflite::Operator { name, inputs, outputs, options } in &subgraph.operators {
        match (&**name, &inputs[..], &outputs[..], *options) {
            ("VAR_HANDLE", _, &[handle], Options::VarHandle { variable }) => {
                handles.insert(handle, variable);
            }
            ("ASSIGN_VARIABLE", &[Some(handle), Some(value)], ..) => {
                let constant = subgraph.tensors[value].data.is_some();
                let variable = handles.get(&handle).filter(|_| constant);
                assigned.push((*variable.ok_or("ASSIGN_VARIABLE must assign a constant")?, value));
            }
            _ => return Err(format!("it has {name}: only constants may be assigned to variables")),
        }
    }
    Ok(assigned)
}
