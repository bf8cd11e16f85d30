//! Operators of several tensors: which tensors they join, and layers that make a tensor fit.

use qrtl_random::Random;

use super::Kind;
use super::draft::Draft;
use super::elementwise::sum;
use super::layers::{Wanted, conv2d, fully_connected};
use super::windows::Reach;

/// Appends an ADD or SUB of the newest tensor and another one, if there is one of its shape. If not, and now and then if
/// there is, a layer before it makes one, where `room` leaves a step for it.
pub(super) fn residual(draft: &mut Draft, random: &mut Random, kind: Kind, room: usize) -> Option<usize> {
    let newest = draft.newest();
    let fitting: Vec<usize> =
        draft.tensors().filter(|&t| t != newest && draft.shape(t) == draft.shape(newest)).collect();
    // A tensor less itself is 0.
    let twice = match kind {
        _ if fitting.is_empty() && room < 2 => 4,
        Kind::Sub => 40,
        _ => 12,
    };
    let other = match fitting[..] {
        _ if random.one_in(twice) => newest,
        [_, ..] if room < 2 || !random.one_in(3) => random.pick(&fitting),
        _ if room >= 2 => arm(draft, random, newest)?,
        _ => return None,
    };
    let operands = if random.one_in(2) { [newest, other] } else { [other, newest] };
    Some(sum(draft, random, kind, operands))
}

/// Appends a layer of some tensor whose output has the shape of tensor `like`.
fn arm(draft: &mut Draft, random: &mut Random, like: usize) -> Option<usize> {
    match draft.map(like) {
        Some([.., channels]) => {
            let from = same_side(draft, random, like);
            conv2d(draft, random, from, Wanted { reach: Reach::Same, channels: Some(channels), quantized: None })
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
