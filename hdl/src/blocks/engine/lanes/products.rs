//! The multipliers of the lanes.

use rust_hdl::prelude::*;

use super::timing::{INT8, PRODUCT_RANKS};
use crate::blocks::delay::{open, through};
use crate::blocks::engine::config::EngineConfig;
use crate::describe_logic;
use crate::exact::{Bus, Clk, Describe, Header, Kernel, Stage};
use crate::targets::Multiplier;
use crate::targets::ecp5::{Mult18x18d, Registers};
use crate::targets::ice40::{PRODUCT_LATENCY, SbMac16Products};

/// A product in each lane, as many clocks after its factors on any target. A multiplier of iCE40 serves two lanes.
#[derive(LogicBlock)]
pub struct Products {
    /// clock
    pub clk: Clk,
    /// taps
    pub a: Bus<In>,
    /// weights
    pub b: Bus<In>,
    /// their products
    pub p: Bus<Out>,
    cell: Vec<Mult18x18d>,
    pair: Vec<SbMac16Products>,
    before: Vec<Stage>,
    product: Stage,
}

/// The register ranks of a multiplier of ECP5: all that it has.
const ALL: Registers = Registers { input: true, pipeline: true, output: true };

const _: () = assert!(PRODUCT_RANKS == PRODUCT_LATENCY, "a cell has as many ranks as a product");

impl Products {
    /// The multipliers of the engine that `config` describes.
    pub fn new(config: &EngineConfig) -> Products {
        let (lanes, multiplier) = (config.lanes, config.target.traits().multiplier);
        let (mut cells, mut pairs, mut before) = (0, 0, 0);
        match multiplier {
            Multiplier::Mult18x18d => cells = lanes,
            Multiplier::SbMac16 => pairs = lanes / SbMac16Products::products_of([INT8; 2]),
            Multiplier::Inferred => before = PRODUCT_RANKS - 1,
        }
        Products {
            clk: Clk::new(),
            a: Bus::new(lanes, INT8, "taps"),
            b: Bus::new(lanes, INT8, "weights"),
            p: Bus::new(lanes, INT8 * INT8, "their products"),
            cell: (0..cells).map(|_| Mult18x18d::new(ALL, false)).collect(),
            pair: (0..pairs).map(|_| SbMac16Products::new([INT8; 2])).collect(),
            before: (0..before).map(|_| Stage::new(true)).collect(),
            product: Stage::new(multiplier == Multiplier::Inferred),
        }
    }
}

describe_logic!(Products);

impl Describe for Products {
    fn header(&self) -> Header {
        let lanes = self.p.lanes();
        Header::new(format!("lane_products_{lanes}"), "p = a * b in each lane.")
            .fact("latency", format!("{PRODUCT_RANKS} cycles"))
    }

    fn describe(&self, k: &Kernel) {
        k.clock(&self.clk);
        for pair in &self.pair {
            k.pass_clock(&self.clk, &pair.clk);
        }
        let (before, product) = (open(k, &self.before), k.stage(&self.product, 1));
        for lane in 0..self.p.lanes() {
            let factors = [k.lane(&self.a, lane), k.lane(&self.b, lane)];
            let p = if let Some(cell) = self.cell.get(lane) {
                cell.multiply(k, &self.clk, k.lit(1), factors)
            } else if !self.pair.is_empty() {
                let lanes = self.p.lanes() / self.pair.len();
                let (pair, lane) = (&self.pair[lane / lanes], lane % lanes);
                k.drive_lane(&pair.a, lane, factors[0]);
                k.drive_lane(&pair.b, lane, factors[1]);
                k.lane(&pair.p, lane)
            } else {
                // Only one rank stands behind a product that is left to synthesis, for the reason in
                // `requantizer/product.rs`.
                let [a, b] = [("a", factors[0]), ("b", factors[1])].map(|(name, v)| through(&before, name, v));
                product.pass("product", a * b)
            };
            k.drive_lane(&self.p, lane, p);
        }
    }
}
