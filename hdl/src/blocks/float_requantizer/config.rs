//! Configuration of the float requantizer, and the places of its register ranks.

use std::ops::RangeInclusive;

use clap::Args;
use serde::{Deserialize, Serialize};

use crate::blocks::requantizer::{Cut, OUTPUTS};
use crate::default_from_flags;
use crate::exact::{Int, Kernel, Range};
use crate::parameter::{IntType, within};
use crate::targets::ice40::chain::Chain;
use crate::targets::{Multiplier, Place, Registered, Target};

/// Parameters of a float requantizer.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Args, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct FloatRequantizerConfig {
    /// bits of the accumulator, 4..=32
    #[arg(long, default_value_t = 32)]
    pub acc_width: u32,
    /// type of the result, and of the ports of zero point and bounds: int8, uint8 or int16
    #[arg(long, value_enum, default_value_t = IntType::Int8, hide_possible_values = true)]
    pub output: IntType,
    /// register ranks, 0..=16, or fewer where the accumulator has at most 25 bits
    #[arg(long, default_value_t = DEFAULT_PIPELINE)]
    pub pipeline: usize,
    /// no in_ready, no out_ready: results do not wait, and one is taken at each clock
    #[arg(long)]
    pub no_backpressure: bool,
    /// device whose multipliers the block instantiates
    #[arg(long, value_enum, default_value_t = Target::Generic)]
    pub target: Target,
}

/// The default depth: a rank after each of normalization, product, shift, zero point, and result.
const DEFAULT_PIPELINE: usize = 6;

/// Bits of the significand of a float32, the hidden one included.
pub(super) const SIGNIFICAND: u32 = 24;

/// Bits of the accumulator, sign included, that a float32 holds exactly.
pub(super) const EXACT: u32 = SIGNIFICAND + 1;

/// Bits of the widest accumulator.
pub(super) const WIDEST: u32 = 32;

/// Places of one step of the normalization, so that the leading bit of an accumulator comes to one of as many places.
pub(super) const STEP: u32 = 4;

/// The lowest bits of a normalized accumulator of 32 bits, which no rounding to a float leaves.
pub(super) const LOW: u32 = WIDEST - EXACT - (STEP - 1);

/// Rounded accumulators, without the lowest bits.
pub(super) const ROUNDED: Range = Range::new(-(1 << (WIDEST - 1 - LOW)), 1 << (WIDEST - 1 - LOW));

/// Significands of a normal float.
pub(super) const SIGNIFICANDS: Range = Range::new(1 << (SIGNIFICAND - 1), (1 << SIGNIFICAND) - 1);

default_from_flags!(FloatRequantizerConfig);

/// From the float of an accumulator to the operand of the product.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Scaling {
    /// places of one step to the left; there are as many steps as the accumulator has room for
    pub step: u32,
    /// further places to the left
    pub up: u32,
    /// places to the right behind that, of bits that are 0
    pub down: u32,
}

/// A place for a register rank.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Spot {
    /// behind the comparison of the accumulator's bits with their neighbours
    Rooms,
    /// behind the shift of the accumulator by 16 places
    Coarse,
    /// behind its shifts by 8 places and 4
    Fine,
    /// behind the decision how it is rounded to a float
    Up,
    /// behind its rounding
    Sum,
    /// one of the ranks of the product
    Product,
    /// behind the shifts of the product by 4 places and more
    Wide,
    /// behind the shifts by 2 places and 1
    Narrow,
    /// behind the addition of the zero point
    Offset,
    /// behind the comparison with the bounds
    Compare,
    /// behind the result
    Result,
}

/// All spots, in the order in which a deeper pipeline takes them.
const ORDER: [Spot; 16] = [
    Spot::Result,
    Spot::Product,
    Spot::Offset,
    Spot::Narrow,
    Spot::Fine,
    Spot::Product,
    Spot::Wide,
    Spot::Coarse,
    Spot::Up,
    Spot::Product,
    Spot::Compare,
    Spot::Product,
    Spot::Product,
    Spot::Sum,
    Spot::Rooms,
    Spot::Product,
];

/// The ranks of a product, in the order in which a deeper pipeline takes them.
const PRODUCT: [Place; 6] =
    [Place::Product, Place::Partial, Place::Operands, Place::Multiply, Place::Middle, Place::Join];

impl FloatRequantizerConfig {
    /// Values of the accumulator.
    pub fn acc(&self) -> Range {
        Range::signed(self.acc_width)
    }

    /// Whether a float32 holds every accumulator.
    pub(super) fn is_exact(&self) -> bool {
        self.acc_width <= EXACT
    }

    /// Bits of the product that are there for the rounding of the accumulator.
    pub(super) fn low(&self) -> u32 {
        if self.is_exact() { 0 } else { WIDEST - EXACT - LOW }
    }

    /// Bits of the number of places by which the product is shifted right.
    pub(super) fn bits_of_places(&self) -> u32 {
        Range::new(0, i128::from(self.output.range().width() + STEP)).width()
    }

    /// Places by which the product is shifted right for an exponent of 0, if the accumulator was shifted by this many steps.
    pub(super) fn places<'k>(&self, k: &'k Kernel, steps: Int<'k>) -> Int<'k> {
        // With as many places, 2^(exponent - 150) of the scale and the shifts of the accumulator leave `f1` in bit 0.
        let none = i128::from(131 + self.output.range().width() - self.acc_width);
        let table: Vec<i128> = (0..8).map(|steps| none + i128::from(STEP) * steps).collect();
        k.rom(&table, steps)
    }

    /// The operands of its product: the accumulator, shifted or rounded, and the significand of the scale.
    pub fn operands(&self) -> [Range; 2] {
        let significand = if self.is_exact() { self.acc() } else { ROUNDED };
        [significand, SIGNIFICANDS]
    }

    /// From the float of an accumulator to the first operand.
    pub fn scaling(&self) -> Scaling {
        match self.is_exact() {
            true => Scaling { step: STEP, up: 0, down: 0 },
            false => Scaling { step: STEP, up: WIDEST - self.acc_width, down: LOW },
        }
    }

    /// Whether multipliers of iCE40 put the product together.
    pub(super) fn chained(&self) -> bool {
        self.target.traits().multiplier == Multiplier::SbMac16 && Chain::fits(self.operands())
    }

    /// How its product is cut; `None` if one multiplication makes it.
    pub fn cut(&self) -> Option<Cut> {
        Cut::at_once(self.target.traits(), self.operands(), self.chained(), self.product_ranks())
    }

    /// The spots that there are, in the order in which a deeper pipeline takes them.
    fn spots(&self) -> impl Iterator<Item = Spot> {
        ORDER.into_iter().filter(|spot| match *spot {
            Spot::Up | Spot::Sum => !self.is_exact(),
            _ => true,
        })
    }

    /// Whether there is a rank at a spot.
    pub(super) fn has(&self, spot: Spot) -> bool {
        self.spots().take(self.pipeline).any(|taken| taken == spot)
    }

    /// The ranks of the product.
    pub(super) fn product_ranks(&self) -> Registered {
        let ranks = self.spots().take(self.pipeline).filter(|&spot| spot == Spot::Product).count();
        Registered::first(ranks, &PRODUCT)
    }

    /// The numbers of register ranks that are possible.
    pub fn pipelines(&self) -> RangeInclusive<usize> {
        0..=self.spots().count()
    }

    /// Clock edges from an accumulator to its result.
    pub fn latency(&self) -> usize {
        self.pipeline
    }

    /// Checks the limits that the types do not express.
    ///
    /// # Errors
    /// A sentence that names the parameter, the limit and what it got.
    pub fn validate(&self) -> Result<(), String> {
        within("acc_width", self.acc_width, 4, 32)?;
        self.output.among("output", &OUTPUTS)?;
        let pipelines = self.pipelines();
        if !pipelines.contains(&self.pipeline) {
            return Err(format!("pipeline: {} is outside {pipelines:?}", self.pipeline));
        }
        Ok(())
    }
}
