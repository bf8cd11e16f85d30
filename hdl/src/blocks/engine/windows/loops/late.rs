//! A command that comes a clock late.

use crate::bundle;
use crate::exact::{BIT, Int, Kernel, Reg};

/// What moves an offset, in registers. Where an outer level ends is known late in a clock, and the offset has many bits, far
/// apart. A clock later it is known at once, and the windows need the offsets of the outer levels no earlier.
#[derive(Debug)]
pub(super) struct Late {
    moves: Reg,
    again: Reg,
}

bundle!(Late { moves, again });

impl Default for Late {
    fn default() -> Late {
        Late { moves: Reg::new(BIT), again: Reg::new(BIT) }
    }
}

impl Late {
    /// Whether an offset `moves`, and whether it begins `again`, a clock later.
    pub fn describe<'k>(&self, k: &'k Kernel, moves: Int<'k>, again: Int<'k>) -> [Int<'k>; 2] {
        [(&self.moves, moves), (&self.again, again)].map(|(reg, now)| {
            k.register(reg, now);
            k.read(reg)
        })
    }
}
