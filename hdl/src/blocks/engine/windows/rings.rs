//! What the windows delay in rings.

use super::{ADDRESS_RANKS, LATENCY};
use crate::blocks::ring::Ring;
use crate::bundle;

/// The rings, where a device has them: they stand in place of ranks between which nothing reads the values.
#[derive(Debug)]
pub(super) struct Rings {
    /// offset of the word in its run
    pub offset: Ring,
    /// position of the run in its item, and its place in the row
    pub place: Ring,
    /// entry of the weights, whether the row is one of the tensor, and the rotation
    pub later: Ring,
    /// what the loops say of a word
    pub marks: Ring,
}

bundle!(Rings { offset, place, later, marks });

impl Default for Rings {
    fn default() -> Rings {
        let [offset, place, later, marks] = [3, 2, ADDRESS_RANKS, LATENCY].map(Ring::new);
        Rings { offset, place, later, marks }
    }
}
