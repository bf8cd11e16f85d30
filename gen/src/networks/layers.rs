//! Convolutions and fully connected layers.

use qrtl_golden::gemm::Matrix;
use qrtl_golden::graph::{Operator, Quantized, Weighted};
use qrtl_golden::operators::Array;
use qrtl_random::Random;

use super::Kind;
use super::draft::{Draft, MAX_CHANNELS};
use super::weighted::{Sizes, layer};
use super::windows::{Moving, Reach};

/// About how many multiplications by weights a network has at most, taps in the padding included.
const MAX_MACS: u64 = 200_000;
/// Most elements that an output of a fully connected layer sums up.
const MAX_TERMS: usize = 2048;

/// What a layer has to be, beside what is drawn.
#[derive(Debug, Clone, Copy)]
pub(super) struct Wanted {
    /// the window
    pub(super) reach: Reach,
    /// number of output channels
    pub(super) channels: Option<usize>,
    /// number of groups
    pub(super) groups: Option<usize>,
    /// scale and zero point of the output
    pub(super) quantized: Option<Quantized>,
}

impl Wanted {
    /// Any layer.
    pub(super) const ANY: Wanted = Wanted { reach: Reach::Free, channels: None, groups: None, quantized: None };
}

/// Whether a step of so many multiplications leaves the network small. Most steps have at most a fifth of them all.
fn affordable(draft: &Draft, random: &mut Random, macs: usize) -> bool {
    let share = if random.one_in(8) { MAX_MACS } else { MAX_MACS / 5 };
    macs as u64 <= share.min(MAX_MACS.saturating_sub(draft.macs()))
}

/// The sizes of a convolution, drawn until it is small. `None` if the input is no map, or is too large.
fn sized<T>(
    draft: &Draft,
    random: &mut Random,
    input: usize,
    draw: impl Fn(&mut Random, [usize; 3]) -> (T, usize),
) -> Option<T> {
    const TRIES: usize = 20;
    let map = draft.map(input)?;
    (0..TRIES).find_map(|_| {
        let (sizes, macs) = draw(random, map);
        affordable(draft, random, macs).then_some(sizes)
    })
}

/// Appends a CONV_2D of tensor `input`, if one is possible.
pub(super) fn conv2d(draft: &mut Draft, random: &mut Random, input: usize, wanted: Wanted) -> Option<usize> {
    let draw = |random: &mut Random, [height, width, channels]: [usize; 3]| {
        let moving = Moving::draw(random, [height, width], wanted.reach);
        let outputs = wanted.channels.unwrap_or_else(|| channels_of(random));
        let groups = wanted.groups.unwrap_or_else(|| groups(random, channels, outputs));
        let macs = moving.outputs.iter().chain(&moving.filter).product::<usize>() * outputs * (channels / groups);
        ((moving, outputs, channels / groups), macs)
    };
    let (Moving { filter: [rows, cols], window, outputs: [height, width] }, outputs, depth) =
        sized(draft, random, input, draw)?;
    let (terms, shape) = (rows * cols * depth, vec![1, height, width, outputs]);
    let sizes = Sizes { outputs, weights: outputs * terms, channel: &|place| place / terms, shape: &shape };
    let (operator, quantized) = layer(draft, random, input, &sizes, wanted.quantized, |weighted| Operator::Conv2d {
        layer: shaped(weighted, vec![outputs, rows, cols, depth]),
        window,
    });
    Some(draft.push(Kind::Conv2d, &[input], operator, shape, quantized))
}

/// Appends a DEPTHWISE_CONV_2D of the newest tensor, if one is possible. The multiplier is drawn if it is not given.
pub(super) fn depthwise(draft: &mut Draft, random: &mut Random, multiplier: Option<usize>) -> Option<usize> {
    let input = draft.newest();
    const MAX_MULTIPLIER: usize = 4;
    let drawn = |random: &mut Random| if random.one_in(2) { 1 } else { random.size(1, MAX_MULTIPLIER) };
    let draw = |random: &mut Random, [height, width, channels]: [usize; 3]| {
        let moving = Moving::draw(random, [height, width], Reach::Free);
        let multiplier = multiplier.unwrap_or_else(|| drawn(random));
        let outputs = channels * multiplier.min(MAX_CHANNELS / channels);
        ((moving, outputs), moving.outputs.iter().chain(&moving.filter).product::<usize>() * outputs)
    };
    let (Moving { filter: [rows, cols], window, outputs: [height, width] }, outputs) =
        sized(draft, random, input, draw)?;
    let shape = vec![1, height, width, outputs];
    let channel = |place| place % outputs;
    let sizes = Sizes { outputs, weights: outputs * rows * cols, channel: &channel, shape: &shape };
    let (operator, quantized) = layer(draft, random, input, &sizes, None, |weighted| Operator::DepthwiseConv2d {
        layer: shaped(weighted, vec![1, rows, cols, outputs]),
        window,
    });
    Some(draft.push(Kind::DepthwiseConv2d, &[input], operator, shape, quantized))
}

/// Appends a FULLY_CONNECTED layer of all elements of tensor `input`, or now and then of each of its rows, if one is
/// possible.
pub(super) fn fully_connected(draft: &mut Draft, random: &mut Random, input: usize, wanted: Wanted) -> Option<usize> {
    let (elements, shape) = (draft.elements(input), draft.shape(input));
    let (leading, terms) = match *shape {
        [ref leading @ .., last] if wanted.channels.is_none() && random.one_in(5) => (leading.to_vec(), last),
        _ => (vec![1], elements),
    };
    let outputs = wanted.channels.unwrap_or_else(|| channels_of(random));
    if terms > MAX_TERMS || !affordable(draft, random, elements * outputs) {
        return None;
    }
    let shape = [leading, vec![outputs]].concat();
    let sizes = Sizes { outputs, weights: outputs * terms, channel: &|place| place / terms, shape: &shape };
    let (operator, quantized) = layer(draft, random, input, &sizes, wanted.quantized, |weighted| {
        let Weighted { weights, bias, requantizations, input_zero_point } = weighted;
        let weights = Matrix::new("weights", outputs, terms, weights).expect("as many weights as the sizes say");
        Operator::FullyConnected(Weighted { weights, bias, requantizations, input_zero_point })
    });
    Some(draft.push(Kind::FullyConnected, &[input], operator, shape, quantized))
}

fn shaped(weighted: Weighted<Vec<i32>>, shape: Vec<usize>) -> Weighted<Array> {
    let Weighted { weights, bias, requantizations, input_zero_point } = weighted;
    let weights = Array::new("weights", shape, weights).expect("as many weights as the sizes say");
    Weighted { weights, bias, requantizations, input_zero_point }
}

/// A number of channels; half of them are small.
pub(super) fn channels_of(random: &mut Random) -> usize {
    let most = random.pick(&[8, MAX_CHANNELS]);
    random.size(1, most)
}

/// A number of groups that divides inputs and outputs: 1 in three draws of four.
fn groups(random: &mut Random, channels: usize, outputs: usize) -> usize {
    if !random.one_in(4) {
        return 1;
    }
    let common: Vec<usize> =
        (1..=channels.min(outputs)).filter(|g| channels.is_multiple_of(*g) && outputs.is_multiple_of(*g)).collect();
    random.pick(&common)
}
