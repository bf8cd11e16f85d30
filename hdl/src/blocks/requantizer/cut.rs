//! The products that a requantizer makes, for whoever proves that they are its product.

use super::config::RequantizerConfig;
use crate::exact::Range;
use crate::targets::{Multiplier, Place, Registered, Traits};

/// How the operands of a product are cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cut {
    /// bits of a lower half
    pub at: u32,
    /// whether accumulator and multiplier are cut
    pub operands: [bool; 2],
    /// how multipliers read the halves of the accumulator
    pub read: Read,
}

/// How multipliers read the halves of the accumulator. What they read wrong, something beside them adds or subtracts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Read {
    /// as they are
    Plain,
    /// an upper half below 0 as `2^at` more than it is
    UpperUnsigned,
    /// a lower half of `2^(at - 1)` and more as `2^at` less than it is
    LowerSigned,
}

impl RequantizerConfig {
    /// How its product is cut; `None` if one multiplication makes it.
    pub fn cut(&self) -> Option<Cut> {
        let traits = self.target.traits();
        let registered = Registered::first(self.pipeline, traits.places(self.passes));
        let operands = self.operands().map(|operand| !traits.takes(operand));
        let cut = |read| Some(Cut { at: traits.cut, operands, read });
        if self.passes > 1 {
            return match (self.chained(), traits.multiplier) {
                (true, _) => cut(Read::LowerSigned),
                (false, Multiplier::Inferred | Multiplier::SbMac16) if self.passes == 4 || !operands[1] => {
                    cut(Read::UpperUnsigned)
                }
                (false, _) => cut(Read::Plain),
            };
        }
        Cut::at_once(traits, self.operands(), self.chained(), registered)
    }
}

impl Cut {
    /// How a product at once is cut, if it is: `chained` in multipliers of iCE40, or into products with a rank behind them.
    pub(in crate::blocks) fn at_once(
        traits: &Traits,
        operands: [Range; 2],
        chained: bool,
        ranks: Registered,
    ) -> Option<Cut> {
        let operands = operands.map(|operand| !traits.takes(operand));
        let several = ranks.at(Place::Partial) && operands.contains(&true);
        (chained || several).then_some(Cut { at: traits.cut, operands, read: Read::Plain })
    }
}
