//! The network without the channels that are not computed.

use anyhow::{Context, Result};
use qrtl_golden::gemm::Matrix;
use qrtl_golden::graph::{Graph, Operator, Step, Tensor, Value, Weighted};
use qrtl_golden::numerics::AnyRequantization;
use qrtl_golden::operators::Array;
use qrtl_golden::{FixedMultiplier, MultiplierWidth, RealRequantization, RealRule, Requantization, Rule};
use qrtl_hdl::blocks::engine::config::BIAS;

use super::sums_channels;
use crate::engine::ranges::{Ranges, constant};

/// The network with the channels that are `kept`.
pub(super) fn rewritten(graph: &Graph, ranges: &[Ranges], kept: &[Vec<bool>], keep_constant: bool) -> Result<Graph> {
    let tensors = graph.tensors.iter().zip(kept).map(|(tensor, kept)| without_channels(tensor, kept));
    let mut new = Graph { tensors: tensors.collect::<Result<_>>()?, ..graph.clone() };
    for step in &mut new.steps {
        let (input, output) = (step.inputs[0], step.output);
        let channels = Channels {
            inputs: &kept[input],
            values: &ranges[input],
            outputs: &kept[output],
            results: &ranges[output],
            constants_stay: keep_constant,
            sums: sums_channels(graph, step),
        };
        channels.apply(step).with_context(|| crate::engine::plan::named(step))?;
    }
    Ok(new)
}

fn selected<T: Clone>(items: &[T], kept: &[bool]) -> Vec<T> {
    items.iter().zip(kept.iter().cycle()).filter(|(_, kept)| **kept).map(|(item, _)| item.clone()).collect()
}

fn without_channels(tensor: &Tensor, kept: &[bool]) -> Result<Tensor> {
    let mut tensor = tensor.clone();
    if let Some(last) = tensor.shape.last_mut() {
        *last = kept.iter().filter(|kept| **kept).count();
    }
    if let Some(Value::Integer(array)) = &tensor.constant {
        let data = selected(array.data(), kept);
        tensor.constant = Some(Value::Integer(Array::new("constant", tensor.shape.clone(), data)?));
    }
    Ok(tensor)
}

/// The channels of the input and the output of a layer.
struct Channels<'a> {
    /// which of the inputs are there
    inputs: &'a [bool],
    /// their values
    values: &'a Ranges,
    outputs: &'a [bool],
    results: &'a Ranges,
    /// outputs that are constant are computed like others
    constants_stay: bool,
    /// each output is a sum over all inputs
    sums: bool,
}

/// A requantization by 1 with the same ends, by a rule of the same kind, and its zero point.
fn by_one(requantization: &AnyRequantization) -> Result<(AnyRequantization, i64)> {
    Ok(match requantization {
        AnyRequantization::Fixed(r) => {
            let one = FixedMultiplier::new(MultiplierWidth::W32, 1 << 30, 1)?;
            let one = Requantization::new(Rule::TfliteDouble, one, r.zero_point(), r.output())?;
            (AnyRequantization::Fixed(one), r.zero_point())
        }
        AnyRequantization::Real(r) => {
            let one = RealRequantization::new(RealRule::F32Even, 1.0, r.zero_point(), r.output())?;
            (AnyRequantization::Real(one), r.zero_point())
        }
    })
}

impl Channels<'_> {
    fn apply(&self, step: &mut Step) -> Result<()> {
        match &mut step.operator {
            Operator::FullyConnected(layer) => {
                let (outputs, terms) = (layer.weights.rows(), layer.weights.cols());
                let weights = self.of_sums(layer, &mut layer.weights.data().to_vec(), [outputs, terms])?;
                let outputs = layer.bias.len();
                layer.weights = Matrix::new("weights", outputs, weights.len() / outputs, weights)?;
            }
            Operator::Conv2d { layer, .. } => {
                let &[outputs, rows, cols, depth] = layer.weights.shape() else { return Ok(()) };
                let weights =
                    self.of_sums(layer, &mut layer.weights.data().to_vec(), [outputs, rows * cols * depth])?;
                let outputs = layer.bias.len();
                let shape = vec![outputs, rows, cols, weights.len() / (outputs * rows * cols)];
                layer.weights = Array::new("weights", shape, weights)?;
            }
            Operator::DepthwiseConv2d { layer, .. } => {
                let &[one, rows, cols, outputs] = layer.weights.shape() else { return Ok(()) };
                let mut weights = layer.weights.data().to_vec();
                let places = |o: usize| (0..rows * cols).map(move |tap| tap * outputs + o);
                self.settle(layer, &mut weights, |o| places(o).collect())?;
                let weights = selected(&weights, self.outputs);
                let shape = vec![one, rows, cols, weights.len() / (rows * cols)];
                layer.weights = Array::new("weights", shape, weights)?;
                self.select(layer);
            }
            _ => {}
        }
        Ok(())
    }

    /// The weights of a layer whose outputs have `terms` weights each, without what is not computed.
    fn of_sums<W>(
        &self,
        layer: &mut Weighted<W>,
        weights: &mut [i32],
        [outputs, terms]: [usize; 2],
    ) -> Result<Vec<i32>> {
        if self.sums {
            // What is not there has the same value for every input.
            let values: Vec<Option<i32>> = self
                .inputs
                .iter()
                .zip(self.values)
                .map(|(there, &range)| if *there { None } else { constant(range) })
                .collect();
            for o in (0..outputs).filter(|&o| self.outputs[o] && constant(self.results[o]).is_none()) {
                let own = weights[o * terms..][..terms].iter().zip(values.iter().cycle());
                let parts = own.filter_map(|(&w, value)| {
                    Some(i64::from(w) * (i64::from((*value)?) - i64::from(layer.input_zero_point)))
                });
                let bias = i64::from(layer.bias[o]) + parts.sum::<i64>();
                layer.bias[o] = i32::try_from(bias).with_context(|| format!("channel {o}: bias {bias}"))?;
            }
        }
        self.settle(layer, weights, |o| (o * terms..(o + 1) * terms).collect())?;
        let rows = weights.chunks(terms).zip(self.outputs).filter(|(_, kept)| **kept);
        let there = if self.sums { self.inputs } else { &[true][..] };
        let weights = rows.flat_map(|(row, _)| selected(row, there)).collect();
        self.select(layer);
        Ok(weights)
    }

    fn select<W>(&self, layer: &mut Weighted<W>) {
        layer.bias = selected(&layer.bias, self.outputs);
        if layer.requantizations.len() > 1 {
            layer.requantizations = selected(&layer.requantizations, self.outputs);
        }
    }

    /// Gives an output that is constant, and is computed all the same, weights of 0 and its value as bias. Where constants
    /// stay, the output keeps its weights, unless its bias does not fit the engine.
    fn settle<W>(
        &self,
        layer: &mut Weighted<W>,
        weights: &mut [i32],
        places: impl Fn(usize) -> Vec<usize>,
    ) -> Result<()> {
        for (o, &result) in self.results.iter().enumerate() {
            let Some(value) = constant(result).filter(|_| self.outputs[o]) else { continue };
            let sum: i64 = places(o).iter().map(|&place| i64::from(weights[place])).sum();
            let bias = i64::from(layer.bias[o]) - i64::from(layer.input_zero_point) * sum;
            if self.constants_stay && BIAS.contains(bias.into()) {
                continue;
            }
            let same = if layer.requantizations.len() == 1 { layer.bias.len() } else { 1 };
            layer.requantizations = layer.requantizations.iter().flat_map(|r| vec![*r; same]).collect();
            let (one, zero_point) = by_one(&layer.requantizations[o])?;
            layer.requantizations[o] = one;
            layer.bias[o] = value - zero_point as i32;
            places(o).into_iter().for_each(|place| weights[place] = 0);
        }
        Ok(())
    }
}
