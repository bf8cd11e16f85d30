//! Operators that reduce a map: pools and MEAN.

use qrtl_golden::graph::Operator;
use qrtl_golden::operators::{Window, mean_factor};
use qrtl_golden::{Bounds, Requantization, Rule};
use qrtl_random::Random;

use super::Kind;
use super::draft::Draft;
use super::output::{Output, Span, bounds};
use super::windows::{Moving, Reach};

/// Appends an AVERAGE_POOL_2D of the newest tensor, if it is a map.
pub(super) fn average_pool(draft: &mut Draft, random: &mut Random) -> Option<usize> {
    let average_pool = |filter, window, bounds| Operator::AveragePool { filter, window, bounds };
    pool(draft, random, Kind::AveragePool, average_pool)
}

/// Appends a MAX_POOL_2D of the newest tensor, if it is a map.
pub(super) fn max_pool(draft: &mut Draft, random: &mut Random) -> Option<usize> {
    let max_pool = |filter, window, bounds| Operator::MaxPool { filter, window, bounds };
    pool(draft, random, Kind::MaxPool, max_pool)
}

fn pool(
    draft: &mut Draft,
    random: &mut Random,
    kind: Kind,
    build: impl Fn([usize; 2], Window, Bounds) -> Operator,
) -> Option<usize> {
    let input = draft.newest();
    let [height, width, channels] = draft.map(input)?;
    let Moving { filter, window, outputs: [rows, cols] } = Moving::draw(random, [height, width], Reach::Undilated);
    let quantized = draft.quantized(input);
    let operator = build(filter, window, bounds(random, quantized.zero_point));
    Some(draft.push(kind, &[input], operator, vec![1, rows, cols, channels], quantized))
}

/// Appends a MEAN of the newest tensor over height and width, if it is a map, and the rule is defined for the sums.
pub(super) fn mean(draft: &mut Draft, random: &mut Random) -> Option<usize> {
    let input = draft.newest();
    let [height, width, channels] = draft.map(input)?;
    let (from, count) = (draft.quantized(input), height * width);
    let of_channel = |array: &[i32], channel: usize| -> f64 {
        array.iter().skip(channel).step_by(channels).map(|&x| f64::from(x - from.zero_point)).sum()
    };
    let sums = draft.values(input).iter().flat_map(|array| (0..channels).map(|c| of_channel(array.data(), c)));
    let span = Span::of(sums.map(|sum| f64::from(from.scale) * sum / count as f64));
    let to = Output::draw(random, span).quantized(span);
    let factor = mean_factor([from.scale, to.scale], count).ok()?;
    let requantization = Requantization::new(Rule::TfliteDouble, factor, to.zero_point.into(), Bounds::INT8).ok()?;
    let limit = 255 * count as i64;
    [-limit, limit].iter().try_for_each(|&sum| requantization.check_accumulator(sum)).ok()?;
    let shape = if random.one_in(2) { vec![1, 1, 1, channels] } else { vec![1, channels] };
    let operator = Operator::Mean { axes: vec![1, 2], zero_point: from.zero_point, requantization };
    Some(draft.push(Kind::Mean, &[input], operator, shape, to))
}
