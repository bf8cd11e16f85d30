//! Lattice iCE40 UltraPlus.

pub(crate) mod chain;
mod sb_mac16;
mod sb_mac16_products;
mod sb_spram256ka;

pub use sb_mac16::{MacForm, MacRegisters, SbMac16};
pub use sb_mac16_products::{PRODUCT_LATENCY, SbMac16Products};
pub use sb_spram256ka::SbSpram256ka;

use super::places::Place::*;
use super::traits::{GemmRanks, Memory, Multiplier, RequantizerRanks, Traits};
use crate::exact::Range;

pub(super) const TRAITS: Traits = Traits {
    multiplier: Multiplier::SbMac16,
    factors: &[Range::signed(16), Range::unsigned(16)],
    cut: 16,
    memory: Memory::Spram,
    ranks: RequantizerRanks {
        // The ranks from Operands to Middle are registers of the cells.
        at_once: &[Result, Product, Offset, Partial, Operands, Wide, Fine, Multiply, Middle, Narrow, Compare, Join],
        // The cell adds the product of a pass itself, so there is no place before the sum.
        in_passes: &[Operands, Product, Result, Partial, Offset, Narrow, Join, Wide, Fine, Multiply, Compare],
    },
    // A sum that begins with its first product takes the LUTs of the adder and no more.
    gemm: GemmRanks {
        multiply: PRODUCT_LATENCY,
        multiply_in_luts: PRODUCT_LATENCY,
        hold: 1,
        restarts: true,
        memory: 2,
    },
    crosses: false,
    copies: false,
    rings: true,
};
