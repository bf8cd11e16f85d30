//! The form of a product in passes: the half of an operand that each pass takes, and the places of registers.

use crate::exact::Range;
use crate::targets::ice40::chain::Chain;
use crate::targets::{Multiplier, Place, Registered, Traits};

/// The operands, and the form of their product.
#[derive(Debug, Clone, Copy)]
pub(super) struct PassForm {
    pub traits: &'static Traits,
    /// values of `x` and `m`
    pub operands: [Range; 2],
    /// number of passes: 2 or 4, and no more than there are products
    pub passes: usize,
    /// the places that have a rank
    pub registered: Registered,
    /// whether its registers can be held
    pub enable: bool,
}

/// The places for ranks between the operands and the sum.
const WITHIN: [Place; 4] = [Place::Join, Place::Multiply, Place::Partial, Place::Middle];

impl PassForm {
    /// Clocks from the operands of a pass to the sum.
    pub(super) fn latency(self) -> usize {
        self.registered.count(&WITHIN)
    }

    /// Multipliers of ECP5 that a pass takes.
    pub(super) fn cells(self) -> usize {
        match self.traits.multiplier {
            Multiplier::Mult18x18d => self.traits.products(self.operands).map_or(0, |n| n / self.passes),
            Multiplier::Inferred | Multiplier::SbMac16 => 0,
        }
    }

    /// Whether a pass takes only one half of `x`, and of `m`.
    pub(super) fn halved(self) -> [bool; 2] {
        let [x, m] = self.operands.map(|of| !self.traits.takes(of));
        if self.passes == 4 { [x, m] } else { [!m, m] }
    }

    /// Whether a multiplier of iCE40 adds up the product.
    pub(super) fn in_mac(self) -> bool {
        match self.traits.multiplier {
            Multiplier::SbMac16 => Chain::fits(self.operands),
            Multiplier::Inferred | Multiplier::Mult18x18d => false,
        }
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
        let ([x, m], cut) = (self.operands, self.traits.cut);
        let (low, above) = (Range::unsigned(cut), |r: Range, cuts: u32| r >> Range::constant((cuts * cut).into()));
        let sums = match self.halved() {
            [true, true] => vec![low * low, above(x * low, 1), above(x * low, 1) + low * above(m, 1), above(x * m, 2)],
            [false, _] => vec![x * low, above(x * m, 1)],
            [true, false] => vec![low * m, above(x * m, 1)],
        };
        sums.into_iter().fold(Range::constant(0), Range::union).filled()
    }
}
