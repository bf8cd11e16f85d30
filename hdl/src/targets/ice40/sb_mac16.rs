//! The multiplier of iCE40 UltraPlus, with the adder and the registers that are in it.

use rust_hdl::prelude::*;

use crate::describe_logic;
use crate::exact::{Cell, Clk, Describe, Header, Kernel, Maybe, Port, Range, Stage};

/// `carry_out * 2^32 + sum = (a * b modulo 2^32) + addend + carry`, through up to four register ranks. Yosys infers the
/// cell, but no addend that comes from another cell, and no register before the adder. Lattice, "DSP Function Usage
/// Guide for iCE40 Devices", FPGA-TN-02007.
#[derive(LogicBlock)]
pub struct SbMac16 {
    /// clock
    pub clk: Clk,
    /// the registers move on where this is 1; without this port they move at each clock
    pub enable: Maybe<Port<In>>,
    /// first factor
    pub a: Port<In>,
    /// second factor
    pub b: Port<In>,
    /// added to the product: 32 bits of either sign
    pub addend: Port<In>,
    /// carry that is added as well
    pub carry: Maybe<Port<In>>,
    /// the low 32 bits of the sum
    pub sum: Port<Out>,
    /// carry out of the adder, before the registers of the sum
    pub carry_out: Port<Out>,
    factors: Stage,
    middle: Stage,
    product: Stage,
    addends: Stage,
    high: Stage,
    low: Stage,
    _form: MacForm,
}

/// The form of a [`SbMac16`].
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct MacForm {
    /// the first factor can be below 0; the second cannot
    pub signed: bool,
    /// there is a carry in
    pub carry: bool,
    /// its registers can be held
    pub enable: bool,
    /// the register ranks in use
    pub registers: MacRegisters,
}

/// Register ranks of a [`SbMac16`] that are in use.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct MacRegisters {
    /// the rank of the factors
    pub factors: bool,
    /// the rank in the middle of the multiplication
    pub middle: bool,
    /// the rank of the product
    pub product: bool,
    /// the rank of the addend
    pub addend: bool,
    /// the rank of the upper half of the sum
    pub high: bool,
    /// the rank of the lower half of the sum
    pub low: bool,
}

impl SbMac16 {
    /// A multiplier and adder of this form.
    pub fn new(form: MacForm) -> SbMac16 {
        let registers = form.registers;
        let first = if form.signed { Range::signed(16) } else { Range::unsigned(16) };
        SbMac16 {
            clk: Clk::new(),
            enable: Maybe::when(form.enable, || Port::bit("the registers move on")),
            a: Port::new(first, "factor"),
            b: Port::new(Range::unsigned(16), "factor"),
            addend: Port::new(Range::unsigned(32), "added to the product"),
            carry: Maybe::when(form.carry, || Port::bit("added as well")),
            sum: Port::new(Range::unsigned(32), "sum, low bits"),
            carry_out: Port::bit("carry out of the sum, not registered"),
            factors: Stage::new(registers.factors),
            middle: Stage::new(registers.middle),
            product: Stage::new(registers.product),
            addends: Stage::new(registers.addend),
            high: Stage::new(registers.high),
            low: Stage::new(registers.low),
            _form: form,
        }
    }

    fn cell(&self) -> Cell {
        let form = self._form;
        let (bit, pair) = (|on: bool| format!("1'b{}", u8::from(on)), |v: u8| format!("2'd{v}"));
        let r = form.registers;
        let parameters = vec![
            ("A_REG", bit(r.factors)),
            ("B_REG", bit(r.factors)),
            ("C_REG", bit(r.addend)),
            ("D_REG", bit(r.addend)),
            ("TOP_8x8_MULT_REG", bit(r.middle)),
            ("BOT_8x8_MULT_REG", bit(r.middle)),
            ("PIPELINE_16x16_MULT_REG1", bit(r.middle)),
            ("PIPELINE_16x16_MULT_REG2", bit(r.product)),
            ("TOPOUTPUT_SELECT", pair(r.high.into())),
            ("BOTOUTPUT_SELECT", pair(r.low.into())),
            ("TOPADDSUB_LOWERINPUT", pair(2)),
            ("BOTADDSUB_LOWERINPUT", pair(2)),
            ("TOPADDSUB_UPPERINPUT", bit(true)),
            ("BOTADDSUB_UPPERINPUT", bit(true)),
            ("TOPADDSUB_CARRYSELECT", pair(2)),
            ("BOTADDSUB_CARRYSELECT", pair(if form.carry { 3 } else { 0 })),
            ("MODE_8x8", bit(false)),
            ("A_SIGNED", bit(form.signed)),
            ("B_SIGNED", bit(false)),
        ];
        let when = |on: bool, port: &'static str, otherwise: &'static str| if on { port } else { otherwise };
        let used = [
            ("CLK", "clk"),
            ("CE", when(form.enable, "enable", "1'b1")),
            ("A", "a"),
            ("B", "b"),
            ("C", "addend[31:16]"),
            ("D", "addend[15:0]"),
            ("CI", when(form.carry, "carry", "1'b0")),
            ("O", "sum"),
            ("CO", "carry_out"),
        ];
        cell(parameters, &used)
    }
}

/// A cell with these parameters and connections. All other pins are tied to 0.
pub(super) fn cell(parameters: Vec<(&'static str, String)>, used: &[(&str, &str)]) -> Cell {
    let tied = TIED.iter().map(|&pin| (pin, "1'b0"));
    let pins = used.iter().copied().chain(tied).map(|(pin, to)| (pin.to_owned(), to.to_owned()));
    Cell { name: "SB_MAC16", model: include_str!("SB_MAC16.v"), parameters, pins: pins.collect(), open: vec![] }
}

/// Pins of functions that are not used: holds, resets, loads, subtraction.
const TIED: [&str; 14] = [
    "AHOLD",
    "BHOLD",
    "CHOLD",
    "DHOLD",
    "OHOLDTOP",
    "OHOLDBOT",
    "IRSTTOP",
    "IRSTBOT",
    "ORSTTOP",
    "ORSTBOT",
    "OLOADTOP",
    "OLOADBOT",
    "ADDSUBTOP",
    "ADDSUBBOT",
];

describe_logic!(SbMac16);

impl Describe for SbMac16 {
    fn header(&self) -> Header {
        let latency = |stages: &[&Stage]| stages.iter().map(|s| s.latency()).sum::<usize>();
        let product = latency(&[&self.factors, &self.middle, &self.product]);
        let (addend, high, low) = (self.addends.latency(), self.high.latency(), self.low.latency());
        let name = format!("sb_mac16_{product}{addend}{high}{low}");
        Header::new(name, "sum = a * b + addend + carry, in a multiplier of iCE40.")
            .fact(
                "ranks",
                format!("{product} before the adder, {addend} of the addend, {high} and {low} of the sum's halves"),
            )
            .cell(self.cell())
    }

    fn describe(&self, k: &Kernel) {
        k.clock(&self.clk);
        let enable = self.enable.get().map_or(k.lit(1), |port| k.read(port));
        let stages = [&self.factors, &self.middle, &self.product, &self.addends, &self.high, &self.low];
        let [factors, middle, product, addends, high, low] = stages.map(|s| k.stage(s, enable));
        let (a, b) = (factors.pass("a", k.read(&self.a)), factors.pass("b", k.read(&self.b)));
        let p = product.pass("p", middle.pass("p", (a * b).bits(0, 32)));
        let carry = self.carry.get().map_or(k.lit(0), |port| k.read(port));
        let sum = p + addends.pass("addend", k.read(&self.addend)) + carry;
        let halves = [high.pass("high", sum.bits(16, 16)), low.pass("low", sum.bits(0, 16))];
        k.drive(&self.sum, halves[0].concat(halves[1], 16));
        k.drive(&self.carry_out, sum.bit(32));
    }
}
