//! Operators that compute each element by itself, and SOFTMAX.

use qrtl_golden::graph::{Operator, Quantized};
use qrtl_golden::operators::{AddParameters, SoftmaxParameters};
use qrtl_random::Random;

use super::Kind;
use super::draft::Draft;
use super::output::{Output, Span};
use super::weighted::requantization;

/// Appends the sum of two tensors of one shape, or their difference for [`Kind::Sub`].
pub(super) fn sum(draft: &mut Draft, random: &mut Random, kind: Kind, operands: [usize; 2]) -> usize {
    /// How far the scale of the output may be below and above the greater scale of the inputs. The operator takes less
    /// than 2^19 and 2^11.
    const FINER: f32 = 4096.0;
    const COARSER: f32 = 1024.0;
    let subtract = kind == Kind::Sub;
    let [a, b] = operands.map(|operand| draft.quantized(operand));
    let real = |q: Quantized, x: &i32| f64::from(q.scale) * f64::from(x - q.zero_point);
    let pairs = draft.values(operands[0]).iter().zip(draft.values(operands[1]));
    let elements = pairs.flat_map(|(xs, ys)| xs.data().iter().zip(ys.data()));
    let sums = elements.map(|(x, y)| real(a, x) + if subtract { -real(b, y) } else { real(b, y) });
    let span = Span::of(sums);
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
    draft.push(kind, &operands, operator, draft.shape(operands[0]).to_vec(), quantized)
}

/// Appends a QUANTIZE of a tensor to another scale and zero point, which are drawn if they are not given.
pub(super) fn quantize(draft: &mut Draft, random: &mut Random, input: usize, given: Option<Quantized>) -> usize {
    let from = draft.quantized(input);
    let real = |x: &i32| f64::from(from.scale) * f64::from(x - from.zero_point);
    let span = Span::of(draft.values(input).iter().flat_map(|array| array.data().iter().map(real)));
    let to = given.unwrap_or_else(|| Output::draw(random, span).quantized(span));
    let factor = f64::from(from.scale) / f64::from(to.scale);
    let requantization = requantization(&Output::plain(to.zero_point), factor, 255);
    let operator = Operator::Requantize { zero_point: from.zero_point, requantization };
    draft.push(Kind::Quantize, &[input], operator, draft.shape(input).to_vec(), to)
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
