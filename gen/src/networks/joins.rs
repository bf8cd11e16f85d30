//! Operators of several tensors: which tensors they join, and layers that make a tensor fit.

use qrtl_golden::graph::{Operator, Quantized};
use qrtl_golden::operators::Array;
use qrtl_random::Random;

use super::Kind;
use super::draft::{Draft, MAX_CHANNELS, MAX_SIDE, MAX_VECTOR};
use super::elementwise::{quantize, sum};
use super::layers::{Wanted, conv2d, fully_connected};
use super::windows::Reach;

/// Appends an ADD or SUB of the newest tensor and another one, if there is one of its shape. If not, and now and then if
/// there is, a layer before it makes one, where `room` leaves a step for it. One in six is the sum with a constant.
pub(super) fn residual(draft: &mut Draft, random: &mut Random, kind: Kind, room: usize) -> Option<usize> {
    let newest = draft.newest();
    if random.one_in(6) {
        let constant = constant(draft, random, newest);
        let operands = if random.one_in(2) { [newest, constant] } else { [constant, newest] };
        return Some(sum(draft, random, kind, operands));
    }
    let fitting: Vec<usize> =
        draft.tensors().filter(|&t| t != newest && draft.shape(t) == draft.shape(newest)).collect();
    let itself = match kind {
        // A tensor less itself is 0, which says nothing by itself.
        Kind::Sub => !fitting.is_empty() && random.one_in(20),
        _ => random.one_in(if fitting.is_empty() && room < 2 { 4 } else { 12 }),
    };
    let other = match fitting[..] {
        _ if itself => newest,
        [_, ..] if room < 2 || !random.one_in(3) => random.pick(&fitting),
        _ if room >= 2 => arm(draft, random, newest)?,
        _ => return None,
    };
    let operands = if random.one_in(2) { [newest, other] } else { [other, newest] };
    Some(sum(draft, random, kind, operands))
}

/// A constant that repeats into the shape of tensor `like`: a single element, one for each channel, or any other part.
fn constant(draft: &mut Draft, random: &mut Random, like: usize) -> usize {
    let mut shape = draft.shape(like).to_vec();
    let (last, style) = (shape.len() - 1, random.within(0, 3));
    for (axis, size) in shape.iter_mut().enumerate() {
        let repeats = match style {
            0 => true,
            1 => axis < last,
            2 => random.one_in(2),
            _ => false,
        };
        if repeats {
            *size = 1;
        }
    }
    if style == 1 && random.one_in(2) {
        shape.drain(..last);
    }
    let data = (0..shape.iter().product()).map(|_| random.between(-128, 127) as i32).collect();
    let array = Array::new("constant", shape, data).expect("as many elements as the shape says");
    let (scale, zero_point) = (draft.quantized(like).scale, random.corner(-128, 127) as i32);
    let scale = scale * random.real(0.1, 2.0) as f32;
    draft.constant(&array, Quantized { scale, zero_point })
}

/// Appends a layer of some tensor whose output has the shape of tensor `like`.
fn arm(draft: &mut Draft, random: &mut Random, like: usize) -> Option<usize> {
    match draft.map(like) {
        Some([.., channels]) => {
            let from = same_side(draft, random, like);
            conv2d(draft, random, from, Wanted { reach: Reach::Same, channels: Some(channels), ..Wanted::ANY })
        }
        None => {
            let all: Vec<usize> = draft.tensors().collect();
            let (from, channels) = (random.pick(&all), Some(draft.elements(like)));
            fully_connected(draft, random, from, Wanted { channels, ..Wanted::ANY })
        }
    }
}

/// A tensor of height and width of map `like`, which may be this map.
fn same_side(draft: &Draft, random: &mut Random, like: usize) -> usize {
    let side = |tensor| draft.map(tensor).map(|[height, width, _]| [height, width]);
    let maps: Vec<usize> = draft.tensors().filter(|&tensor| side(tensor) == side(like)).collect();
    random.pick(&maps)
}

/// Appends a CONCATENATION of the newest tensor and others, mostly over the last dimension. `None` if no other one fits.
pub(super) fn concatenation(draft: &mut Draft, random: &mut Random, room: usize) -> Option<usize> {
    let newest = draft.newest();
    let mut shape = draft.shape(newest).to_vec();
    let last = shape.len() - 1;
    let axis = if last == 3 && random.one_in(3) { random.size(1, 2) } else { last };
    let limit = match (axis, last) {
        (1, 1) => MAX_VECTOR,
        (3, _) => MAX_CHANNELS,
        _ => MAX_SIDE,
    };
    let count = random.pick(&[2, 2, 3, 4]);
    let twice = random.one_in(4);
    let (mut parts, mut steps_left) = (vec![newest], room - 1);
    while parts.len() < count && shape[axis] < limit {
        let steps = draft.steps();
        let (rest, used) = (limit - shape[axis], if twice { &[][..] } else { &parts });
        let Some(part) = part(draft, random, Part { like: newest, axis, limit: rest, used }, steps_left) else { break };
        steps_left -= draft.steps() - steps;
        shape[axis] += draft.shape(part)[axis];
        parts.insert(random.size(0, parts.len()), part);
    }
    let quantized = draft.quantized(newest);
    let joined = parts.len() > 1;
    joined.then(|| draft.push(Kind::Concatenation, &parts, Operator::Concatenation { axis }, shape, quantized))
}

/// A part of a concatenation.
struct Part<'a> {
    /// a tensor from which it differs at most in one dimension, and which has its scale and zero point
    like: usize,
    /// this dimension
    axis: usize,
    /// its greatest size in this dimension
    limit: usize,
    /// tensors that it is not
    used: &'a [usize],
}

/// The tensor of such a part. A convolution or a QUANTIZE is appended for it, if `room` leaves a step. `None` if there is no
/// such tensor.
fn part(draft: &mut Draft, random: &mut Random, wanted: Part<'_>, room: usize) -> Option<usize> {
    let Part { like, axis, limit, used } = wanted;
    let quantized = draft.quantized(like);
    if axis == 3 && room > 0 && random.one_in(2) {
        let (from, channels) = (same_side(draft, random, like), Some(random.size(1, limit)));
        return conv2d(
            draft,
            random,
            from,
            Wanted { reach: Reach::Same, channels, groups: None, quantized: Some(quantized) },
        );
    }
    let others = |tensor: usize| {
        let mut shape = draft.shape(tensor).to_vec();
        (axis < shape.len()).then(|| shape.remove(axis)).map(|_| shape)
    };
    let fits = |&tensor: &usize| {
        let free = room > 0 || draft.quantized(tensor) == quantized;
        free && !used.contains(&tensor) && others(tensor) == others(like) && draft.shape(tensor)[axis] <= limit
    };
    let fitting: Vec<usize> = draft.tensors().filter(fits).collect();
    let part = *fitting.get(random.size(0, fitting.len().checked_sub(1)?))?;
    Some(if draft.quantized(part) == quantized { part } else { quantize(draft, random, part, Some(quantized)) })
}
