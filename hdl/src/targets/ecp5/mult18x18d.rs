//! The multiplier of ECP5 with the registers that are in it.

use rust_hdl::prelude::*;

use crate::describe_logic;
use crate::exact::{Cell, Clk, Describe, Header, Int, Kernel, Maybe, Port, Range, Stage};

/// `p = a * b`, through up to three register ranks. Yosys infers the cell, but none of its registers, and without them
/// a product takes 4.5 ns. Lattice, "ECP5 and ECP5-5G sysDSP Usage Guide", FPGA-TN-02205.
#[derive(LogicBlock)]
pub struct Mult18x18d {
    /// clock
    pub clk: Clk,
    /// the registers move on where this is 1; without this port they move at each clock
    pub enable: Maybe<Port<In>>,
    /// first factor
    pub a: Port<In>,
    /// second factor
    pub b: Port<In>,
    /// product
    pub p: Port<Out>,
    input: Stage,
    pipeline: Stage,
    output: Stage,
}

/// Values of a factor.
pub const FACTOR: Range = Range::signed(18);

/// The register ranks of the cell that are in use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Registers {
    /// the rank of the factors
    pub input: bool,
    /// the rank in the middle of the multiplication
    pub pipeline: bool,
    /// the rank of the product
    pub output: bool,
}

impl Mult18x18d {
    /// A multiplier with these ranks. They move at each clock or, with `enable`, where the port `enable` is 1.
    pub fn new(registers: Registers, enable: bool) -> Mult18x18d {
        Mult18x18d {
            clk: Clk::new(),
            enable: Maybe::when(enable, || Port::bit("the registers move on")),
            a: Port::new(FACTOR, "factor"),
            b: Port::new(FACTOR, "factor"),
            p: Port::new(Range::signed(36), "product"),
            input: Stage::new(registers.input),
            pipeline: Stage::new(registers.pipeline),
            output: Stage::new(registers.output),
        }
    }

    /// `a * b` by this cell, with its registers, for a block whose clock is `clk`; they move on where `enable` is 1.
    pub(crate) fn multiply<'k>(&'k self, k: &'k Kernel, clk: &Clk, enable: Int<'k>, [a, b]: [Int<'k>; 2]) -> Int<'k> {
        k.pass_clock(clk, &self.clk);
        k.drive(&self.a, a);
        k.drive(&self.b, b);
        if let Some(port) = self.enable.get() {
            k.drive(port, enable);
        }
        k.read(&self.p).bounded((a * b).range(), "it is the product of the two factors")
    }

    fn cell(&self) -> Cell {
        let clock = |stage: &Stage| if stage.latency() == 1 { "\"CLK0\"" } else { "\"NONE\"" }.to_owned();
        let parameters = vec![
            ("REG_INPUTA_CLK", clock(&self.input)),
            ("REG_INPUTB_CLK", clock(&self.input)),
            ("REG_PIPELINE_CLK", clock(&self.pipeline)),
            ("REG_OUTPUT_CLK", clock(&self.output)),
        ];
        let enable = if self.enable.get().is_some() { "enable" } else { "1'b1" };
        let control = [
            ("CLK0", "clk"),
            ("CE0", enable),
            ("RST0", "1'b0"),
            ("SIGNEDA", "1'b1"),
            ("SIGNEDB", "1'b1"),
            ("SOURCEA", "1'b0"),
            ("SOURCEB", "1'b0"),
        ];
        let bits = [("A", "a", 18), ("B", "b", 18), ("P", "p", 36)];
        let bits = bits
            .into_iter()
            .flat_map(|(pin, port, width)| (0..width).map(move |i| (format!("{pin}{i}"), format!("{port}[{i}]"))));
        let pins = control.into_iter().map(|(pin, to)| (pin.to_owned(), to.to_owned())).chain(bits).collect();
        Cell { name: "MULT18X18D", model: include_str!("MULT18X18D.v"), parameters, pins, open: vec![] }
    }
}

describe_logic!(Mult18x18d);

impl Describe for Mult18x18d {
    fn header(&self) -> Header {
        let ranks = [&self.input, &self.pipeline, &self.output].map(Stage::latency).iter().sum::<usize>();
        Header::new(format!("mult18x18d_{ranks}"), "p = a * b, in a multiplier of ECP5.")
            .fact("latency", format!("{ranks} cycles"))
            .cell(self.cell())
    }

    fn describe(&self, k: &Kernel) {
        k.clock(&self.clk);
        let enable = self.enable.get().map_or(k.lit(1), |port| k.read(port));
        let [input, pipeline, output] = [&self.input, &self.pipeline, &self.output].map(|s| k.stage(s, enable));
        let (a, b) = (input.pass("a", k.read(&self.a)), input.pass("b", k.read(&self.b)));
        k.drive(&self.p, output.pass("p", pipeline.pass("p", a * b)));
    }
}

/// The next of the cells that a configuration has counted, one for each product.
pub(crate) fn next_cell<'a>(cells: &mut impl Iterator<Item = &'a Mult18x18d>) -> &'a Mult18x18d {
    cells.next().expect("the configuration counts the products")
}
