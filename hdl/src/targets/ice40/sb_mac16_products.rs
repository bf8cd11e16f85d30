//! The multiplier of iCE40 UltraPlus as one multiplier of 16 x 16 bits, or two of 8 x 8.

use rust_hdl::prelude::*;

use super::sb_mac16;
use crate::describe_logic;
use crate::exact::{Bus, Cell, Clk, Describe, Header, Kernel, Port, Range, Stage};

/// `p = a * b` in each lane, through all three register ranks: at the factors, in the middle of the multiplication, and
/// behind the adder, which adds nothing. Yosys infers one multiplier of a cell where the cell could be two. Lattice,
/// FPGA-TN-02007.
#[derive(LogicBlock)]
pub struct SbMac16Products {
    /// clock
    pub clk: Clk,
    /// first factors
    pub a: Bus<In>,
    /// second factors
    pub b: Bus<In>,
    /// products
    pub p: Bus<Out>,
    /// carry out of the adder: always 0
    pub carry_out: Port<Out>,
    factors: Stage,
    middle: Stage,
    output: Stage,
}

/// Clocks from factors to their product.
pub const PRODUCT_LATENCY: usize = 3;

/// Bits of a factor where a cell makes two products.
const HALF: u32 = 8;

/// Bits of a factor where a cell makes one product.
const WHOLE: u32 = 16;

impl SbMac16Products {
    /// Multipliers of factors of these ranges. Both lanes of a factor have the sign of its range.
    ///
    /// # Panics
    /// If [`products_of`](Self::products_of) the ranges is 0.
    pub fn new(factors: [Range; 2]) -> SbMac16Products {
        let lanes = Self::products_of(factors);
        let bits = if lanes == 2 { HALF } else { WHOLE };
        let [a, b] = factors.map(|f| if f.is_signed() { Range::signed(bits) } else { Range::unsigned(bits) });
        SbMac16Products {
            clk: Clk::new(),
            a: Bus::new(lanes, a, "factors"),
            b: Bus::new(lanes, b, "factors"),
            p: Bus::new(lanes, a * b, "products"),
            carry_out: Port::bit("carry out of the adder: none"),
            factors: Stage::new(true),
            middle: Stage::new(true),
            output: Stage::new(true),
        }
    }

    /// Number of products of such factors that a cell makes: 2, 1, or 0 for wider factors.
    pub fn products_of(factors: [Range; 2]) -> usize {
        match factors.map(Range::width).into_iter().max() {
            Some(0..=HALF) => 2,
            Some(0..=WHOLE) => 1,
            _ => 0,
        }
    }

    fn cell(&self) -> Cell {
        let two = self.p.lanes() == 2;
        let (bit, pair) = (|on: bool| format!("1'b{}", u8::from(on)), |v: u8| format!("2'd{v}"));
        // The adder takes two products of 8 x 8 bits, or the two halves of a product of 16 x 16 bits.
        let product = if two { 1 } else { 2 };
        let parameters = vec![
            ("A_REG", bit(true)),
            ("B_REG", bit(true)),
            ("C_REG", bit(false)),
            ("D_REG", bit(false)),
            ("TOP_8x8_MULT_REG", bit(true)),
            ("BOT_8x8_MULT_REG", bit(true)),
            ("PIPELINE_16x16_MULT_REG1", bit(!two)),
            ("PIPELINE_16x16_MULT_REG2", bit(false)),
            ("TOPOUTPUT_SELECT", pair(1)),
            ("BOTOUTPUT_SELECT", pair(1)),
            ("TOPADDSUB_LOWERINPUT", pair(product)),
            ("BOTADDSUB_LOWERINPUT", pair(product)),
            ("TOPADDSUB_UPPERINPUT", bit(true)),
            ("BOTADDSUB_UPPERINPUT", bit(true)),
            ("TOPADDSUB_CARRYSELECT", pair(if two { 0 } else { 2 })),
            ("BOTADDSUB_CARRYSELECT", pair(0)),
            ("MODE_8x8", bit(two)),
            ("A_SIGNED", bit(self.a.range().is_signed())),
            ("B_SIGNED", bit(self.b.range().is_signed())),
        ];
        let used = [
            ("CLK", "clk"),
            ("CE", "1'b1"),
            ("A", "a"),
            ("B", "b"),
            ("C", "16'd0"),
            ("D", "16'd0"),
            ("CI", "1'b0"),
            ("O", "p"),
            ("CO", "carry_out"),
        ];
        sb_mac16::cell(parameters, &used)
    }
}

describe_logic!(SbMac16Products);

impl Describe for SbMac16Products {
    fn header(&self) -> Header {
        let sign = |range: Range| if range.is_signed() { 's' } else { 'u' };
        let (a, b, lanes) = (self.a.range(), self.b.range(), self.p.lanes());
        let name = format!("sb_mac16_{lanes}x_{}{}_{}{}", sign(a), a.width(), sign(b), b.width());
        Header::new(name, "p = a * b in each lane, in a multiplier of iCE40.")
            .fact("products", lanes.to_string())
            .fact("latency", format!("{PRODUCT_LATENCY} cycles"))
            .cell(self.cell())
    }

    fn describe(&self, k: &Kernel) {
        k.clock(&self.clk);
        let [factors, middle, output] = [&self.factors, &self.middle, &self.output].map(|s| k.stage(s, 1));
        for lane in 0..self.p.lanes() {
            let a = factors.pass(&format!("a_{lane}"), k.lane(&self.a, lane));
            let b = factors.pass(&format!("b_{lane}"), k.lane(&self.b, lane));
            let p = format!("p_{lane}");
            k.drive_lane(&self.p, lane, output.pass(&p, middle.pass(&p, a * b)));
        }
        k.drive(&self.carry_out, 0);
    }
}
