//! Networks of UINT8 for an engine of INT8: all integers are 128 less.
//!
//! ONNX models mostly have activations of UINT8. A product sums `(x - zero_point) * w`, which stays what it is if `x` and
//! the zero point are both 128 less, and so do a maximum and a mean. A result is rounded before its zero point is added. So
//! the network on integers that are 128 less gives results that are 128 less, bit for bit: the bytes of both differ in their
//! highest bit.

use anyhow::{Context, Result, bail, ensure};
use qrtl_golden::graph::{Element, Graph, Operator, Step, Tensor, Value, Weighted};
use qrtl_golden::numerics::AnyRequantization;
use qrtl_golden::operators::{Array, Table};
use qrtl_golden::{Bounds, Error, RealRequantization, Requantization};

/// How much less an INT8 is than the UINT8 that it stands for.
pub const LESS: i32 = 128;

/// The network whose tensors of UINT8 are of INT8 instead: each integer is [`LESS`] less.
///
/// # Errors
/// If an operator on UINT8 has no such form; the error names it.
pub fn signed(graph: &Graph) -> Result<Graph> {
    let less: Vec<i32> = graph.tensors.iter().map(|t| if t.element == Element::UINT8 { LESS } else { 0 }).collect();
    let tensors = graph.tensors.iter().zip(&less).map(|(tensor, &less)| Ok(tensor_less(tensor, less)?));
    let steps = graph.steps.iter().map(|step| {
        let of = |tensor: &usize| less[*tensor];
        let inputs: Vec<i32> = step.inputs.iter().map(of).collect();
        let operator = operator_less(&step.operator, &inputs, of(&step.output));
        let operator = operator.with_context(|| format!("operator {} ({})", step.index, step.name))?;
        Ok(Step { operator, ..step.clone() })
    });
    Ok(Graph { tensors: tensors.collect::<Result<_>>()?, steps: steps.collect::<Result<_>>()?, ..graph.clone() })
}

fn tensor_less(tensor: &Tensor, less: i32) -> Result<Tensor, Error> {
    let mut tensor = tensor.clone();
    if less == 0 {
        return Ok(tensor);
    }
    tensor.element = Element::INT8;
    if let Some(quantized) = &mut tensor.quantization {
        quantized.zero_point -= less;
    }
    if let Some(Value::Integer(array)) = &tensor.constant {
        tensor.constant = Some(Value::Integer(array_less(array, less)?));
    }
    Ok(tensor)
}

/// The same elements, each this much less.
pub(super) fn array_less(array: &Array, less: i32) -> Result<Array, Error> {
    Array::new("elements", array.shape().to_vec(), array.data().iter().map(|x| x - less).collect())
}

fn operator_less(operator: &Operator, inputs: &[i32], output: i32) -> Result<Operator> {
    let mut operator = operator.clone();
    let first = inputs.first().copied().unwrap_or(0);
    let alike = inputs.iter().all(|&input| input == output);
    match &mut operator {
        Operator::Conv2d { layer, .. } | Operator::DepthwiseConv2d { layer, .. } => layer_less(layer, first, output)?,
        Operator::FullyConnected(layer) => layer_less(layer, first, output)?,
        Operator::MaxPool { bounds, .. } if alike => *bounds = bounds_less(*bounds, output)?,
        Operator::Pad { value, .. } if alike => *value -= output,
        Operator::OrtAdd(sum) if alike => *sum = sum.of_less(output),
        Operator::OrtAveragePool { zero_point, parameters, .. } => {
            *zero_point -= first;
            *parameters = parameters.of_less(output);
        }
        Operator::Requantize { zero_point, requantization } | Operator::OrtMean { zero_point, requantization, .. } => {
            *zero_point -= first;
            *requantization = requantization_less(requantization, output)?;
        }
        Operator::Quantize(quantizer) => {
            quantizer.zero_point -= output;
            quantizer.bounds = bounds_less(quantizer.bounds, output)?;
        }
        Operator::Dequantize { zero_point, .. } => *zero_point -= first,
        Operator::Lookup { least, entries } => {
            ensure!(*least - first == Bounds::INT8.min() as i32, "has a table that begins at {least}");
            let entries: Vec<i8> =
                entries.iter().map(|entry| i8::try_from(entry - output)).collect::<Result<_, _>>()?;
            return Ok(Operator::Table { entries: Table::try_from(&entries[..])? });
        }
        // These move elements, and do not look at them.
        Operator::Reshape
        | Operator::Concatenation { .. }
        | Operator::Pack { .. }
        | Operator::Transpose { .. }
        | Operator::Select { .. }
        | Operator::Extremum { .. }
            if alike => {}
        _ if alike && output == 0 => {}
        _ => bail!("is not supported by the engine"),
    }
    Ok(operator)
}

fn layer_less<W>(layer: &mut Weighted<W>, input: i32, output: i32) -> Result<()> {
    layer.input_zero_point -= input;
    for requantization in &mut layer.requantizations {
        *requantization = requantization_less(requantization, output)?;
    }
    Ok(())
}

fn requantization_less(requantization: &AnyRequantization, less: i32) -> Result<AnyRequantization, Error> {
    let zero_point = |zero_point: i64| zero_point - i64::from(less);
    Ok(match requantization {
        AnyRequantization::Fixed(r) => {
            let bounds = bounds_less(r.output(), less)?;
            AnyRequantization::Fixed(Requantization::new(r.rule(), r.factor(), zero_point(r.zero_point()), bounds)?)
        }
        AnyRequantization::Real(r) => {
            let bounds = bounds_less(r.output(), less)?;
            AnyRequantization::Real(RealRequantization::new(r.rule(), r.factor(), zero_point(r.zero_point()), bounds)?)
        }
    })
}

fn bounds_less(bounds: Bounds, less: i32) -> Result<Bounds, Error> {
    Bounds::new(bounds.min() - i64::from(less), bounds.max() - i64::from(less))
}
