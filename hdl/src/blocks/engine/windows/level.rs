//! A level of a loop nest.

use crate::bundle;
use crate::exact::{BIT, Int, Kernel, Range, Reg};

/// A level of a loop nest: it counts down, and a register says that its last round has begun, so that nothing has to be
/// compared where the level inside it ends.
#[derive(Debug)]
pub(in crate::blocks::engine) struct Level {
    left: Reg,
    last: Reg,
}

bundle!(Level { left, last });

impl Level {
    /// A level of at most as many rounds as `count_1` says, plus 1.
    pub fn new(count_1: Range) -> Level {
        Level { left: Reg::new(count_1), last: Reg::new(BIT) }
    }

    /// 1 in the last round.
    pub fn last<'k>(&self, k: &'k Kernel) -> Int<'k> {
        k.read(&self.last)
    }

    /// The level begins at `start`. A round ends at `step`. There are `count_1` + 1 rounds, and after the last comes the
    /// first again.
    pub fn describe<'k>(&self, k: &'k Kernel, start: Int<'k>, step: Int<'k>, count_1: Int<'k>) {
        let (left, last) = (k.read(&self.left), k.read(&self.last));
        let (again, moves) = (start | last, start | step);
        let fewer = (left - 1).bounded(left.range(), "the last round has not begun");
        k.register_when(&self.left, moves, again.mux(count_1, fewer));
        k.register_when(&self.last, moves, again.mux(count_1.equals(0), left.equals(1)));
    }
}
