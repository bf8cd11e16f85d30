//! The executor, which runs every step in its turn.

use super::shapes::same;
use super::{Element, Error, Graph, Step, Tensor, Value, Variable};

/// The variables of a graph between two runs.
#[derive(Debug, Clone, PartialEq)]
pub struct State(Vec<Value>);

impl Graph {
    /// The variables before the first run.
    pub fn start(&self) -> State {
        State(self.variables.iter().map(|variable| variable.start.clone()).collect())
    }

    /// Runs a graph with one input by itself: its variables are what they are before the first run.
    ///
    /// # Errors
    /// The errors of [`run_on`](Graph::run_on).
    pub fn run(&self, input: &Value) -> Result<Vec<Value>, Error> {
        self.run_on(std::slice::from_ref(input), &mut self.start())
    }

    /// Runs all steps, and returns the output of each in the order of execution. Variables are left to the next run.
    ///
    /// # Errors
    /// If an input has another type or shape than the graph's input, or an integer beyond its bounds; or if a step
    /// leaves the contract of its operator, gives another shape than its output tensor has, or reads a tensor that no
    /// step has written.
    pub fn run_on(&self, inputs: &[Value], state: &mut State) -> Result<Vec<Value>, Error> {
        if inputs.len() != self.inputs.len() {
            let [got, expected] = [inputs.len(), self.inputs.len()].map(|count| format!("{count} arrays"));
            return Err(Error::Input { got, expected });
        }
        for (&tensor, input) in self.inputs.iter().zip(inputs) {
            check_input(&self.tensors[tensor], input)?;
        }
        // What each tensor holds before the first step.
        let mut given: Vec<Option<&Value>> = self.tensors.iter().map(|tensor| tensor.constant.as_ref()).collect();
        self.inputs.iter().zip(inputs).for_each(|(&tensor, input)| given[tensor] = Some(input));
        self.variables.iter().zip(&state.0).for_each(|(variable, value)| given[variable.before] = Some(value));
        let mut values: Vec<Value> = Vec::with_capacity(self.steps.len());
        // The step that has written each tensor.
        let mut writers = vec![None; self.tensors.len()];
        for (i, step) in self.steps.iter().enumerate() {
            let find = |&tensor: &usize| writers[tensor].map_or(given[tensor], |writer: usize| Some(&values[writer]));
            let error = |what| Error::Operator { index: step.index, name: step.name.clone(), what };
            let inputs: Option<Vec<&Value>> = step.inputs.iter().map(find).collect();
            let inputs = inputs.ok_or_else(|| error("reads a tensor before anything has written it".to_owned()))?;
            let value = self.run_step(step, &inputs).map_err(error)?;
            values.push(value);
            writers[step.output] = Some(i);
        }
        let kept = |variable: &Variable| match writers[variable.after] {
            Some(writer) => values[writer].clone(),
            None => given[variable.after].unwrap_or(&variable.start).clone(),
        };
        *state = State(self.variables.iter().map(kept).collect());
        Ok(values)
    }

    fn run_step(&self, step: &Step, inputs: &[&Value]) -> Result<Value, String> {
        let shape = &self.tensors[step.output].shape;
        let value = step.operator.run(inputs, shape)?;
        same(value.shape(), shape).map(|()| value)
    }
}

fn check_input(tensor: &Tensor, input: &Value) -> Result<(), Error> {
    let expected = format!("{} of shape {:?}", tensor.element, tensor.shape);
    let same_kind = matches!(
        (tensor.element, input),
        (Element::Float32, Value::Float(_)) | (Element::Integer(_), Value::Integer(_))
    );
    if !same_kind || input.shape() != tensor.shape {
        let kind = match (same_kind, input) {
            (true, _) => tensor.element.to_string(),
            (false, Value::Float(_)) => Element::Float32.to_string(),
            (false, Value::Integer(_)) => "integers".to_owned(),
        };
        return Err(Error::Input { got: format!("{kind} of shape {:?}", input.shape()), expected });
    }
    if let (Element::Integer(bounds), Value::Integer(array)) = (tensor.element, input)
        && let Some(outside) = array.data().iter().find(|&&v| !bounds.contains(v.into()))
    {
        return Err(Error::Input { got: format!("element {outside}"), expected });
    }
    Ok(())
}
