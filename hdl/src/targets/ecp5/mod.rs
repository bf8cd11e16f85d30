//! Lattice ECP5.

mod ebr;
mod initial;
mod mult18x18d;

pub use ebr::{BITS as EBR_BITS, Ebr};
pub(crate) use mult18x18d::next_cell;
pub use mult18x18d::{FACTOR, Mult18x18d, Registers};

use super::places::Place::*;
use super::traits::{GemmRanks, Memory, Multiplier, RequantizerRanks, Traits};

pub(super) const TRAITS: Traits = Traits {
    multiplier: Multiplier::Mult18x18d,
    factors: &[FACTOR],
    // What an unsigned factor may have.
    cut: 17,
    memory: Memory::Ebr,
    ranks: RequantizerRanks {
        // Operands, Multiply and Partial are the registers of the cell.
        at_once: &[Result, Product, Offset, Partial, Operands, Wide, Fine, Multiply, Middle, Narrow, Compare, Join],
        in_passes: &[Operands, Product, Result, Partial, Offset, Narrow, Join, Wide, Fine, Multiply, Compare, Middle],
    },
    // Three ranks in the cell, and a fourth beside the adder, because the way from the cell to the adder is long. A memory
    // has one inside, one at its output, which is slow, and one beside what receives the word.
    gemm: GemmRanks { multiply: 4, multiply_in_luts: 4, hold: 1, restarts: false, memory: 3 },
    // The multipliers of an array lie in rows that are as wide as the device.
    crosses: true,
    copies: true,
    rings: false,
};
