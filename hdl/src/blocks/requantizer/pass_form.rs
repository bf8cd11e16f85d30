//! How a product in passes is made: which half of an operand each pass takes, and where there are registers.

use super::product::{cut, fits};
use crate::exact::Range;
use crate::targets::Target;
use crate::targets::ice40::chain::Chain;

/// What is multiplied, and how.
#[derive(Debug, Clone, Copy)]
pub(super) struct PassForm {
    pub target: Target,
    /// values of `x` and `m`
    pub operands: [Range; 2],
    /// 2 or 4, and no more than there are products
    pub passes: usize,
    pub ranks: PassRanks,
    /// its registers can be held
    pub enable: bool,
}

/// Which ranks of registers there are between the operands and the sum, counted along the data path.
#[derive(Debug, Clone, Copy)]
pub(super) struct PassRanks {
    /// of the halves that a pass takes
    pub select: bool,
    /// in the multipliers
    pub multiply: bool,
    /// of the products
    pub partial: bool,
    /// of what a pass adds
    pub row: bool,
}

impl PassRanks {
    /// How many.
    pub(super) fn latency(self) -> usize {
        [self.select, self.multiply, self.partial, self.row].into_iter().map(usize::from).sum()
    }
}

impl PassForm {
    /// Which of `x` and `m` a pass takes one half of.
    pub(super) fn halved(self) -> [bool; 2] {
        let [x, m] = self.operands.map(|of| !fits(self.target, of));
        if self.passes == 4 { [x, m] } else { [!m, m] }
    }

    /// A multiplier of iCE40 adds up the product.
    pub(super) fn in_mac(self) -> bool {
        Chain::fits(self.target, self.operands)
    }

    /// Passes that take the upper half of `x`, and of `m`, counted from 1.
    pub(super) fn upper(self) -> [Vec<usize>; 2] {
        let (even, late) = match self.passes {
            2 => (vec![2], vec![2]),
            _ => (vec![2, 4], vec![3, 4]),
        };
        if self.in_mac() { [late, even] } else { [even, late] }
    }

    /// Values of the sum.
    pub(super) fn sum(self) -> Range {
        let ([x, m], cut) = (self.operands, cut(self.target));
        let (low, above) = (Range::unsigned(cut), |r: Range, cuts: u32| r >> Range::constant((cuts * cut).into()));
        let sums = match self.halved() {
            [true, true] => vec![low * low, above(x * low, 1), above(x * low, 1) + low * above(m, 1), above(x * m, 2)],
            [false, _] => vec![x * low, above(x * m, 1)],
            [true, false] => vec![low * m, above(x * m, 1)],
        };
        sums.into_iter().fold(Range::constant(0), Range::union).filled()
    }
}
