//! Operators that compute each element by itself, and SOFTMAX.

use qrtl_golden::graph::{Operator, Quantized};
use qrtl_golden::operators::{
    AddParameters, SoftmaxParameters, Table, clamp_table, hard_swish_table, logistic_table, relu_table, tanh_table,
};
use qrtl_random::Random;

use super::Kind;
use super::draft::Draft;
use super::output::{Output, Span, relu_bounds, relu6_bounds};
use super::weighted::requantization;

/// Appends the sum of two tensors, or their difference for [`Kind::Sub`]. One of them has the shape of the output, into which
/// the other one repeats.
pub(super) fn sum(draft: &mut Draft, random: &mut Random, kind: Kind, operands: [usize; 2]) -> usize {
    /// How far the scale of the output may be below and above the greater scale of the inputs. The operator takes less
    /// than 2^19 and 2^11.
    const FINER: f32 = 4096.0;
    const COARSER: f32 = 1024.0;
    let subtract = kind == Kind::Sub;
    let [a, b] = operands.map(|operand| draft.quantized(operand));
    let [of_a, of_b] = [(operands[0], 1.0), (operands[1], if subtract { -1.0 } else { 1.0 })]
        .map(|(operand, sign)| span_of(draft, operand, |x| sign * x));
    let span = Span { lo: of_a.lo + of_b.lo, hi: of_a.hi + of_b.hi };
    let output = Output::draw(random, span);
    let greater = a.scale.max(b.scale);
    let scale = output.quantized(span).scale.clamp(greater / FINER, greater * COARSER);
    let (zero_points, scales) = ([a.zero_point, b.zero_point], [a.scale, b.scale, scale]);
    let parameters = AddParameters::new(AddParameters::LEFT_SHIFT_8, scales, output.zero_point.into(), output.bounds);
    let parameters = parameters.expect("scales are as near as the operator demands");
    let operator = match subtract {
        true => Operator::Sub { zero_points, parameters },
        false => Operator::Add { zero_points, parameters },
    };
    let quantized = Quantized { scale, zero_point: output.zero_point };
    let [a, b] = operands.map(|operand| draft.shape(operand));
    let larger = |shape: &[usize]| (shape.iter().product::<usize>(), shape.len());
    let shape = if larger(a) >= larger(b) { a } else { b }.to_vec();
    draft.push(kind, &operands, operator, shape, quantized)
}

/// The span of `f` of a tensor's real elements.
fn span_of(draft: &Draft, tensor: usize, f: impl Fn(f64) -> f64) -> Span {
    let Quantized { scale, zero_point } = draft.quantized(tensor);
    let real = |&x: &i32| f(f64::from(scale) * f64::from(x - zero_point));
    Span::of(draft.values(tensor).iter().flat_map(|array| array.data()).map(real))
}

/// Appends a QUANTIZE of a tensor to another scale and zero point, which are drawn if they are not given.
pub(super) fn quantize(draft: &mut Draft, random: &mut Random, input: usize, given: Option<Quantized>) -> usize {
    let (from, span) = (draft.quantized(input), span_of(draft, input, |x| x));
    let to = given.unwrap_or_else(|| Output::draw(random, span).quantized(span));
    let factor = f64::from(from.scale) / f64::from(to.scale);
    let requantization = requantization(&Output::plain(to.zero_point), factor, 255);
    let operator = Operator::Requantize { zero_point: from.zero_point, requantization };
    draft.push(Kind::Quantize, &[input], operator, draft.shape(input).to_vec(), to)
}

/// Appends a LOGISTIC of the newest tensor, if TFLM has a table for its scale.
pub(super) fn logistic(draft: &mut Draft) -> Option<usize> {
    let Quantized { scale, zero_point } = draft.quantized(draft.newest());
    let to = Quantized { scale: 1.0 / 256.0, zero_point: -128 };
    Some(function(draft, Kind::Logistic, logistic_table(scale, zero_point).ok()?, to))
}

/// Appends a TANH of the newest tensor, if TFLM has a table for its scale.
pub(super) fn tanh(draft: &mut Draft) -> Option<usize> {
    let Quantized { scale, zero_point } = draft.quantized(draft.newest());
    let to = Quantized { scale: 1.0 / 128.0, zero_point: 0 };
    Some(function(draft, Kind::Tanh, tanh_table(scale, zero_point).ok()?, to))
}

/// Appends a HARD_SWISH of the newest tensor, if TFLM has a table for the scales.
pub(super) fn hard_swish(draft: &mut Draft, random: &mut Random) -> Option<usize> {
    let from = draft.quantized(draft.newest());
    let span = span_of(draft, draft.newest(), |x| x * (x + 3.0).clamp(0.0, 6.0) / 6.0);
    let to = Output::draw(random, span).quantized(span);
    let entries = hard_swish_table([from.scale, to.scale], [from.zero_point, to.zero_point]).ok()?;
    Some(function(draft, Kind::HardSwish, entries, to))
}

/// Appends a RELU of the newest tensor, if the rule is defined for the scales.
pub(super) fn relu(draft: &mut Draft, random: &mut Random) -> Option<usize> {
    let from = draft.quantized(draft.newest());
    let span = span_of(draft, draft.newest(), |x| x.max(0.0));
    let to = Output::draw(random, span).quantized(span);
    let (factor, zero_points) = (f64::from(from.scale) / f64::from(to.scale), [from.zero_point, to.zero_point]);
    let entries = relu_table(factor, zero_points, relu_bounds(to.zero_point)).ok()?;
    Some(function(draft, Kind::Relu, entries, to))
}

/// Appends a RELU6 of the newest tensor, which keeps its scale and zero point.
pub(super) fn relu6(draft: &mut Draft, random: &mut Random) -> Option<usize> {
    let to = draft.quantized(draft.newest());
    let entries = clamp_table(relu6_bounds(random, to.zero_point));
    Some(function(draft, Kind::Relu6, entries, to))
}

fn function(draft: &mut Draft, kind: Kind, entries: Table, to: Quantized) -> usize {
    let (input, operator) = (draft.newest(), Operator::Table { entries });
    draft.push(kind, &[input], operator, draft.shape(input).to_vec(), to)
}

/// Appends a SOFTMAX of the newest tensor, if its rows are neither single elements nor long.
pub(super) fn softmax(draft: &mut Draft, random: &mut Random) -> Option<usize> {
    /// Exponentials of 512 equal elements would sum up to more than the operator takes.
    const LONGEST: usize = 64;
    const SHORTEST: usize = 2;
    let input = draft.newest();
    let shape = draft.shape(input).to_vec();
    let beta = random.pick(&[1.0, 1.0, 0.5, 3.0]);
    let parameters = SoftmaxParameters::new(beta, draft.quantized(input).scale).expect("scales are above 2^-24");
    let to = Quantized { scale: 1.0 / 256.0, zero_point: -128 };
    let short = shape.last().is_some_and(|row| (SHORTEST..=LONGEST).contains(row));
    short.then(|| draft.push(Kind::Softmax, &[input], Operator::Softmax(parameters), shape, to))
}
