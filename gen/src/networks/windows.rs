//! How filters and pools move over a map.

use qrtl_golden::operators::{Axis, Window};
use qrtl_random::Random;

/// Greatest height and width of a filter.
const MAX_FILTER: usize = 7;

/// What an operator demands of its window.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Reach {
    /// any window
    Free,
    /// any window without dilation, as pools have it
    Undilated,
    /// a window that keeps height and width of the map
    Same,
    /// a window of 1 x 1
    Pointwise,
}

/// A filter and how it moves.
#[derive(Debug, Clone, Copy)]
pub(super) struct Moving {
    /// height and width of the filter
    pub(super) filter: [usize; 2],
    /// how it moves
    pub(super) window: Window,
    /// height and width of the output
    pub(super) outputs: [usize; 2],
}

impl Moving {
    /// A window over a map of this height and width. It always fits.
    pub(super) fn draw(random: &mut Random, map: [usize; 2], reach: Reach) -> Moving {
        let whole = reach == Reach::Undilated && random.one_in(5);
        let filter = match reach {
            Reach::Pointwise => [1, 1],
            _ if whole => map,
            _ => {
                // A pool of a single element does nothing.
                let least = if reach == Reach::Undilated && !random.one_in(8) { 2 } else { 1 };
                let side = |random: &mut Random| {
                    let most = if random.one_in(2) { 3 } else { MAX_FILTER };
                    random.size(least, most)
                };
                pair(random, side)
            }
        };
        let steps = |random: &mut Random| if random.one_in(2) { 1 } else { random.size(1, 3) };
        let stride = match reach {
            Reach::Same | Reach::Pointwise => [1, 1],
            Reach::Free | Reach::Undilated => pair(random, steps),
        };
        let dilation = match reach {
            Reach::Free | Reach::Same if random.one_in(3) => pair(random, |random| random.size(1, 3)),
            _ => [1, 1],
        };
        let same = reach == Reach::Same || random.one_in(2);
        let axis = |i: usize| match same {
            true => (filter[i], Axis::same(map[i], filter[i], stride[i], dilation[i])),
            // Without padding, a filter that is too large is cut.
            false => (filter[i].min((map[i] - 1) / dilation[i] + 1), Axis::valid(stride[i], dilation[i])),
        };
        let [rows, cols] = [axis(0), axis(1)];
        let outputs = [(map[0], rows), (map[1], cols)]
            .map(|(size, (filter, axis))| axis.outputs(size, filter).expect("the filter fits"));
        Moving { filter: [rows.0, cols.0], window: Window { rows: rows.1, cols: cols.1 }, outputs }
    }
}

/// The same number twice, or two numbers in one draw of three.
fn pair(random: &mut Random, draw: impl Fn(&mut Random) -> usize) -> [usize; 2] {
    let first = draw(random);
    [first, if random.one_in(3) { draw(random) } else { first }]
}
