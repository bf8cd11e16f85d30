//! The questions that blocks ask of a target. Each target answers all of them in its own folder.

use super::places::Place;
use crate::exact::Range;

/// The answers of a target.
#[derive(Debug)]
pub struct Traits {
    /// the maker of products
    pub multiplier: Multiplier,
    /// ranges of a factor that one multiplier of the device takes; an operand within none of them is cut in two
    pub factors: &'static [Range],
    /// bits of the lower part of an operand that is cut
    pub cut: u32,
    /// the maker of memories
    pub memory: Memory,
    /// places for register ranks of a requantizer
    pub ranks: RequantizerRanks,
    /// numbers of register ranks of the GEMM block
    pub gemm: GemmRanks,
    /// an engine's factors cross the device to their multipliers in a rank of their own
    pub crosses: bool,
    /// registers of an engine whose readers lie far apart have copies that synthesis must keep
    pub copies: bool,
    /// long delays of an engine lie in block memories, because a flip-flop without logic before it takes a whole cell
    pub rings: bool,
}

/// The maker of products.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Multiplier {
    /// synthesis maps a product as it can
    Inferred,
    /// [`Mult18x18d`](super::ecp5::Mult18x18d), one for each product
    Mult18x18d,
    /// [`SbMac16`](super::ice40::SbMac16), whose adders put products together, and
    /// [`SbMac16Products`](super::ice40::SbMac16Products) in an array
    SbMac16,
}

/// The memories of blocks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Memory {
    /// synthesis maps a memory as it can
    Inferred,
    /// [`Ebr`](super::ecp5::Ebr), where the words are not more than it has
    Ebr,
    /// [`SbSpram256ka`](super::ice40::SbSpram256ka) for a memory that is greater than all block memories together
    Spram,
}

/// The places for register ranks of a requantizer, in the order in which a deeper pipeline takes them.
#[derive(Debug)]
pub struct RequantizerRanks {
    /// places for a product at once
    pub at_once: &'static [Place],
    /// places for a product in passes; the first two must have a rank
    pub in_passes: &'static [Place],
}

/// Numbers of register ranks of the GEMM block.
#[derive(Debug)]
pub struct GemmRanks {
    /// ranks of a product in an array whose elements all have a multiplier
    pub multiply: usize,
    /// ranks of a product in an array some of whose elements make it in LUTs
    pub multiply_in_luts: usize,
    /// ranks between accumulator and drain register, 0 or 1
    pub hold: usize,
    /// whether a sum begins with its first product instead of 0, and drains out of the accumulator, which is its hold
    /// rank
    pub restarts: bool,
    /// ranks of a memory of parameters
    pub memory: usize,
}

impl Traits {
    /// The places for ranks of a requantizer that makes a product in `passes`.
    pub fn places(&self, passes: usize) -> &'static [Place] {
        if passes > 1 { self.ranks.in_passes } else { self.ranks.at_once }
    }

    /// Whether a multiplier takes an operand of this range uncut.
    pub fn takes(&self, operand: Range) -> bool {
        self.factors.iter().any(|factor| factor.covers(operand))
    }

    /// Number of multipliers for a product of operands of these ranges. `None` if the halves of an operand are no
    /// factors, as with 48 bits.
    pub fn products(&self, operands: [Range; 2]) -> Option<usize> {
        let wide = operands.iter().any(|operand| operand.width() > 2 * self.cut);
        let parts = |operand| if self.takes(operand) { 1 } else { 2 };
        (!wide).then(|| operands.map(parts).iter().product())
    }

    /// The same without multipliers whose product is always 0: of a constant operand, a half may be 0.
    pub fn nonzero_products(&self, operands: [Range; 2]) -> Option<usize> {
        let zero = |v: i128| if self.takes(Range::constant(v)) { v == 0 } else { v & ((1 << self.cut) - 1) == 0 };
        let parts = |operand: Range| {
            let all = if self.takes(operand) { 1 } else { 2 };
            all - usize::from(operand.singleton().is_some_and(zero))
        };
        self.products(operands).map(|_| operands.map(parts).iter().product())
    }
}
