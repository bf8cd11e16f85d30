//! A row of the array: the elements of one pixel.

use rust_hdl::prelude::*;

use super::element::Element;
use super::timing::INT8;
use crate::blocks::engine::EngineConfig;
use crate::describe_logic;
use crate::exact::{Bus, Clk, Describe, Header, Int, Kernel, Maybe, Port, Stage};
use crate::targets::Multiplier;
use crate::targets::ice40::SbMac16Products;

/// All elements of the row get the same activation, and each gets a weight of its own. What is to happen comes through a
/// register beside the row.
///
/// Where the device is large, activation and weights cross it in a rank of their own, in which a few neighbouring elements
/// share a copy of the activation.
#[derive(LogicBlock)]
pub struct Row {
    /// clock
    pub clk: Clk,
    /// activation
    pub a: Port<In>,
    /// weights, one for each column
    pub b: Bus<In>,
    /// sums begin with the product of two clocks later
    pub first: Port<In>,
    /// sums are complete two clocks later
    pub load: Port<In>,
    /// drain registers take a sum two clocks later
    pub moves: Maybe<Port<In>>,
    /// for each column, the sum of the element behind
    pub drain_in: Bus<In>,
    /// for each column, the sum held
    pub drain_out: Bus<Out>,
    control: Stage,
    copies: Maybe<Stage>,
    crossing: Stage,
    element: Vec<Element>,
    cell: Vec<SbMac16Products>,
}

/// Elements that share a copy of the activation. They are near each other, while a whole row is as wide as the device.
const SHARE: usize = 4;

impl Row {
    /// Row `index` of the array that `config` describes.
    pub fn new(config: &EngineConfig, index: usize) -> Row {
        let (cols, sum) = (config.cols, config.element_sum());
        let in_cells = config.dsp_elements().saturating_sub(index * cols).min(cols);
        let (factors, crosses) = ([INT8; 2], config.crossing_ranks() > 0);
        let copies = config.target.traits().copies;
        let cells = match config.target.traits().multiplier {
            Multiplier::SbMac16 => in_cells.div_ceil(SbMac16Products::products_of(factors)),
            Multiplier::Mult18x18d | Multiplier::Inferred => 0,
        };
        Row {
            clk: Clk::new(),
            a: Port::new(INT8, "activation"),
            b: Bus::new(cols, INT8, "weights, one for each column"),
            first: Port::bit("sums begin"),
            load: Port::bit("sums are complete"),
            moves: Maybe::when(config.passes > 1, || Port::bit("drain registers take a sum")),
            drain_in: Bus::new(cols, sum, "sums of the elements behind"),
            drain_out: Bus::new(cols, sum, "sums held"),
            control: Stage::kept_if(copies),
            copies: Maybe::when(crosses, || Stage::kept_if(copies)),
            crossing: Stage::new(crosses),
            element: (0..cols).map(|column| Element::new(config, index * cols + column)).collect(),
            cell: (0..cells).map(|_| SbMac16Products::new(factors)).collect(),
        }
    }

    /// Activation and weight of each element, behind the edge of the array.
    fn factors<'k>(&'k self, k: &'k Kernel) -> Vec<[Int<'k>; 2]> {
        let (a, crossing) = (k.read(&self.a), k.stage(&self.crossing, 1));
        let copies = self.copies.get().map(|stage| k.stage(stage, 1));
        let columns: Vec<usize> = (0..self.element.len()).collect();
        let mut factors = Vec::new();
        for neighbours in columns.chunks(SHARE) {
            let a = copies.map_or(a, |copies| copies.pass("a", a));
            factors.extend(neighbours.iter().map(|&c| [a, crossing.pass("b", k.lane(&self.b, c))]));
        }
        factors
    }

    /// Products in cells that neighbours share.
    fn multiply_in_cells(&self, k: &Kernel, factors: &[[Int<'_>; 2]]) {
        let mut elements = self.element.iter().enumerate();
        for cell in &self.cell {
            k.pass_clock(&self.clk, &cell.clk);
            for (lane, (c, element)) in (0..cell.p.lanes()).zip(elements.by_ref()) {
                k.drive_lane(&cell.a, lane, factors[c][0]);
                k.drive_lane(&cell.b, lane, factors[c][1]);
                if let Some(p) = element.p.get() {
                    k.drive(p, k.lane(&cell.p, lane).bounded(p.range(), "it is the product of the two factors"));
                }
            }
        }
    }
}

describe_logic!(Row);

impl Describe for Row {
    fn header(&self) -> Header {
        let cols = self.element.len();
        Header::new(format!("matrix_row_{cols}"), format!("{cols} elements that share an activation."))
    }

    fn describe(&self, k: &Kernel) {
        k.clock(&self.clk);
        let factors = self.factors(k);
        self.multiply_in_cells(k, &factors);
        let control = k.stage(&self.control, 1);
        let [first, load] =
            [("first", &self.first), ("load", &self.load)].map(|(name, p)| control.pass(name, k.read(p)));
        let moves = self.moves.get().map(|port| control.pass("moves", k.read(port)));
        for (c, element) in self.element.iter().enumerate() {
            k.pass_clock(&self.clk, &element.clk);
            for (to, from) in [&element.a, &element.b].into_iter().zip(factors[c]) {
                if let Some(to) = to.get() {
                    k.drive(to, from);
                }
            }
            k.drive(&element.first, first);
            k.drive(&element.load, load);
            if let Some((to, moves)) = element.moves.get().zip(moves) {
                k.drive(to, moves);
            }
            k.drive(&element.drain_in, k.lane(&self.drain_in, c));
            k.drive_lane(&self.drain_out, c, k.read(&element.drain_out));
        }
    }
}
