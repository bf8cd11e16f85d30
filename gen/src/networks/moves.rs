//! Operators that move the elements of one tensor: RESHAPE and PAD.

use qrtl_golden::graph::Operator;
use qrtl_random::Random;

use super::Kind;
use super::draft::{Draft, MAX_CHANNELS, MAX_SIDE};

/// Appends a RESHAPE of the newest tensor to a vector or to a map, if there is another shape for it.
pub(super) fn reshape(draft: &mut Draft, random: &mut Random) -> Option<usize> {
    let input = draft.newest();
    let (elements, old) = (draft.elements(input), draft.shape(input));
    let sides = 1..=MAX_SIDE;
    let maps = sides.clone().flat_map(|height| sides.clone().map(move |width| (height, width)));
    let whole = maps.filter(|(height, width)| elements % (height * width) == 0);
    let shapes = whole.map(|(height, width)| vec![1, height, width, elements / (height * width)]);
    let mut shapes: Vec<Vec<usize>> = shapes.filter(|shape| shape[3] <= MAX_CHANNELS && shape != old).collect();
    // Half of the shapes keep the channels together, where that is possible.
    let together: Vec<_> = shapes.iter().filter(|shape| shape.last() == old.last()).cloned().collect();
    if !together.is_empty() && random.one_in(2) {
        shapes = together;
    }
    if old.len() != 2 && (shapes.is_empty() || random.one_in(3)) {
        shapes = vec![vec![1, elements]];
    }
    let place = random.size(0, shapes.len().checked_sub(1)?);
    let quantized = draft.quantized(input);
    Some(draft.push(Kind::Reshape, &[input], Operator::Reshape, shapes.swap_remove(place), quantized))
}

/// Appends a PAD of the newest tensor, if it is a map that may still grow.
pub(super) fn pad(draft: &mut Draft, random: &mut Random) -> Option<usize> {
    const MOST: usize = 3;
    let input = draft.newest();
    let map = draft.map(input)?;
    let over_channels = random.one_in(4);
    let mut around = |size: usize, limit: usize| {
        let before = random.size(0, MOST.min(limit - size));
        [before, random.size(0, MOST.min(limit - size - before))]
    };
    let [rows, cols] = [around(map[0], MAX_SIDE), around(map[1], MAX_SIDE)];
    let padding = vec![[0, 0], rows, cols, if over_channels { around(map[2], MAX_CHANNELS) } else { [0, 0] }];
    let shape: Vec<usize> = draft.shape(input).iter().zip(&padding).map(|(size, [a, b])| size + a + b).collect();
    let quantized = draft.quantized(input);
    let operator = Operator::Pad { padding, value: quantized.zero_point };
    (shape != draft.shape(input)).then(|| draft.push(Kind::Pad, &[input], operator, shape, quantized))
}
