//! Which elements LiteRT's own kernels compute in vectors.
//!
//! A vector kernel takes the elements of a run in whole groups. The elements left over at the end of the run go through
//! a loop with other steps, which rounds differently. So the number of elements decides how each element is rounded.

use super::broadcast::padded;

/// Whether element `place` of a run of `run` elements belongs to a whole group of `group` elements.
pub(crate) fn in_whole_group(place: usize, run: usize, group: usize) -> bool {
    place < run / group * group
}

/// How LiteRT's kernels go through two operands whose shapes repeat into one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Walk {
    /// runs of as many elements of one operand as of the other
    Pairs { run: usize },
    /// one element of an operand with a run of the other operand
    OneWithMany { run: usize },
    /// the dimensions that repeat do not have the five-fold pattern: the reference kernel computes element by element
    Reference,
}

/// How LiteRT goes through operands of these shapes, which repeat into one (LiteRT f6745779,
/// `process_broadcast_shapes.h`).
///
/// The operand that repeats in the last dimension that differs is called `fast`. Seen from the last dimension there
/// must be, in this order, dimensions that are equal, that repeat `fast`, that are equal, that repeat the other
/// operand, and that are equal; each kind may be absent. The first or, where it has one element, the second of the five
/// makes the runs.
pub(super) fn walk(a: &[usize], b: &[usize]) -> Walk {
    let rank = a.len().max(b.len());
    let (a, b) = (padded(a, rank), padded(b, rank));
    let Some(last) = (0..rank).rev().find(|&i| a[i] != b[i]) else {
        return Walk::Pairs { run: a.iter().product() };
    };
    let (fast, other) = if a[last] == 1 { (a, b) } else { (b, a) };
    let mut rest = rank;
    // Number of elements in the last dimensions of one kind, among the dimensions that are left.
    let mut take = |kind: fn(usize, usize) -> bool| {
        let mut elements = 1;
        while rest > 0 && kind(fast[rest - 1], other[rest - 1]) {
            rest -= 1;
            elements *= fast[rest].max(other[rest]);
        }
        elements
    };
    let equal = |fast: usize, other: usize| fast == other;
    let pairs = take(equal);
    let many = take(|fast, _| fast == 1);
    take(equal);
    take(|_, other| other == 1);
    take(equal);
    match pairs {
        _ if rest > 0 => Walk::Reference,
        1 => Walk::OneWithMany { run: many },
        run => Walk::Pairs { run },
    }
}

#[cfg(test)]
mod tests {
    use super::{Walk, walk};

    #[test]
    fn shapes_decide_on_the_walk() {
        let pairs = |run| Walk::Pairs { run };
        let one = |run| Walk::OneWithMany { run };
        let cases: [(&[usize], &[usize], Walk); 13] = [
            (&[2, 3, 4], &[2, 3, 4], pairs(24)),
            (&[1, 24], &[24], pairs(24)),
            (&[2, 3, 4], &[4], pairs(4)),
            (&[2, 3, 4], &[3, 4], pairs(12)),
            (&[2, 3, 4], &[1], one(24)),
            (&[1, 1], &[2, 3, 4], one(24)),
            (&[2, 3, 4], &[2, 3, 1], one(4)),
            // A last dimension of 1 is equal, and is skipped.
            (&[2, 3, 1], &[1, 1, 1], one(6)),
            (&[2, 1, 4], &[1, 3, 4], pairs(4)),
            (&[2, 5, 3, 1], &[2, 1, 3, 7], one(7)),
            // `fast` may repeat in one place only.
            (&[2, 1, 3, 1], &[2, 5, 3, 7], Walk::Reference),
            (&[5, 1, 5, 1], &[1, 5, 1, 5], Walk::Reference),
            (&[2, 1, 2, 1, 2], &[1, 2, 1, 2, 2], Walk::Reference),
        ];
        for (a, b, expected) in cases {
            assert_eq!(walk(a, b), expected, "{a:?} and {b:?}");
        }
    }
}
