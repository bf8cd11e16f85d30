//! The way to memories that are near.

use super::{LATENCY, Memory};
use crate::blocks::ring::Ring;
use crate::bundle;
use crate::exact::{Int, Kernel, Maybe};
use crate::targets::Target;

/// What is read, on the way to memories that are [near](Memory::near): a ring in place of their ranks. On other devices
/// it is nothing, and the ranks stand in the memories.
#[derive(Debug)]
pub struct Approach {
    ring: Maybe<Ring>,
}

bundle!(Approach { ring });

impl Approach {
    /// The way to a memory, or to several of the same kind.
    pub fn new(target: Target, to: &Memory) -> Approach {
        // The cell takes a clock, and where reads and writes share a port, their selection takes another.
        let clocks = LATENCY - 1 - usize::from(to.has_one_port());
        Approach { ring: Ring::when(target.traits().rings, clocks) }
    }

    /// Whether a word is read, and its address, for the memories.
    pub fn pass<'k>(&self, k: &'k Kernel, read: [Int<'k>; 2]) -> [Int<'k>; 2] {
        self.ring.get().map_or(read, |ring| ring.pass(k, read))
    }
}
