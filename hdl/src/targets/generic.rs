//! Any device: synthesis makes multipliers and memories.

use super::places::Place::*;
use super::traits::{GemmRanks, Memory, Multiplier, RequantizerRanks, Traits};
use crate::exact::Range;

pub(super) const TRAITS: Traits = Traits {
    multiplier: Multiplier::Inferred,
    // What nearly every device has at least.
    factors: &[Range::signed(16), Range::unsigned(16)],
    cut: 16,
    memory: Memory::Inferred,
    ranks: RequantizerRanks {
        at_once: &[Result, Product, Offset, Narrow, Partial, Wide, Compare, Fine, Middle, Operands, Join],
        in_passes: &[Operands, Product, Result, Partial, Offset, Narrow, Join, Wide, Fine, Multiply, Compare, Middle],
    },
    // A multiplier that is inferred has one rank, behind the product.
    gemm: GemmRanks { multiply: 1, multiply_in_luts: 3, hold: 0, restarts: false, memory: 2 },
    crosses: false,
    copies: true,
    rings: false,
};
