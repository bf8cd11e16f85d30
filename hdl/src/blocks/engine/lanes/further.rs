//! The second and the third tap of a clock: their products are added to the product of the first, and a maximum is the
//! greatest of the three.

use rust_hdl::prelude::In;

use super::Lanes;
use super::drain::ENDS;
use super::products::Products;
use super::timing::{FRONT, INT8};
use crate::blocks::delay::{delays, open, through};
use crate::blocks::engine::banks::READS;
use crate::blocks::engine::config::EngineConfig;
use crate::blocks::engine::instruction::{self, Kept};
use crate::bundle;
use crate::exact::{BIT, Bus, Clk, Int, Kernel, Reg, Stage};

/// What lanes of three taps a clock have beside the others.
pub struct Further {
    /// the taps behind the first, bytes for the lanes: first the bytes of the second
    pub tap: Bus<In>,
    /// their weights, a byte for each lane
    pub weights: Bus<In>,
    kept: Kept,
    products: Vec<Products>,
    valid: Vec<Reg>,
    marks: Vec<Stage>,
    two: Stage,
    decided: Stage,
    sum: Stage,
}

bundle!(Further { tap, weights, kept, products, valid, marks, two, decided, sum });

/// What comes with a tap: whether there is one, whether it is the first and the last of its item, and the item's ends.
pub(super) struct Marks<'k> {
    pub(super) valid: Int<'k>,
    pub(super) first: Int<'k>,
    pub(super) last: Int<'k>,
    pub(super) ends: [Int<'k>; ENDS],
}

impl Further {
    /// The further taps of the engine that `config` describes.
    pub(super) fn new(config: &EngineConfig) -> Further {
        let stages = |n: usize| (0..n).map(|_| Stage::new(true)).collect();
        Further {
            tap: Bus::new((READS - 1) * config.lanes, INT8, "the taps behind the first"),
            weights: Bus::new(READS - 1, config.word(), "weights for these taps"),
            kept: Kept::new(config.target, &[(instruction::TRIPLE, instruction::TRIPLE.range())]),
            products: (1..READS).map(|_| Products::new(config)).collect(),
            valid: (0..FRONT).map(|_| Reg::control(BIT, 0)).collect(),
            marks: stages(FRONT),
            two: Stage::new(true),
            decided: Stage::new(true),
            sum: Stage::new(true),
        }
    }

    /// The multipliers get the clock of the lanes.
    pub(super) fn pass_clock(&self, k: &Kernel, clk: &Clk) {
        self.products.iter().for_each(|products| k.pass_clock(clk, &products.clk));
    }

    /// The marks of a tap, behind the ranks in which the taps of a clock become one.
    pub(super) fn later<'k>(&'k self, k: &'k Kernel, marks: &Marks<'k>) -> Marks<'k> {
        let valid = delays(k, &self.valid, marks.valid);
        let ranks = open(k, &self.marks);
        let later = |name: &str, mark| through(&ranks, name, mark);
        let [pixel, block, step] = marks.ends;
        Marks {
            valid: valid[FRONT - 1],
            first: later("first", marks.first),
            last: later("last", marks.last),
            ends: [later("pixel_end", pixel), later("block_end", block), later("step_end", step)],
        }
    }
}

impl Lanes {
    /// The products of the three taps of a clock, and their sum. A maximum takes the greatest of them, with weight 1, and
    /// nothing else. Where a step has one tap a clock, the weights of the others are 0. Returns the first tap of each lane,
    /// or the greatest, as it goes to the multiplier.
    pub(super) fn multiply_three<'k>(&'k self, k: &'k Kernel, further: &'k Further, begin: Int<'k>) -> Vec<Int<'k>> {
        let maximum = self.kept.read(k, instruction::MAXIMUM);
        further.kept.describe(k, &self.instruction);
        let triple = further.kept.read(k, instruction::TRIPLE);
        let (two, arrived) = (k.stage(&further.two, 1), k.stage(&self.arrived, 1));
        let (decided, sum) = (k.stage(&further.decided, 1), k.stage(&further.sum, 1));
        let valid = k.read(&self.tap_valid);
        let there = (valid & triple).named("there_are_three");
        let multiplied = (triple & !maximum).named("three_are_multiplied");
        let begin = decided.pass("begin", begin);
        let greater = |a: Int<'k>, b: Int<'k>| (maximum & a.lt_in_one_chain(b)).mux(b, a);
        let lanes = self.lane.len();
        let mut taps = Vec::new();
        for (l, lane) in self.lane.iter().enumerate() {
            let byte = |word: Int<'k>| word.bits(8 * l as u32, 8).as_signed();
            let a = valid.mux(k.lane(&self.tap, l), INT8.lo());
            let [b, c] = [0, 1].map(|n| there.mux(k.lane(&further.tap, n * lanes + l), INT8.lo()));
            let weight = maximum.mux(1, byte(k.read(&self.weights)));
            let weights = [0, 1].map(|n| multiplied.mux(byte(k.lane(&further.weights, n)), 0));
            let a = two.pass(&format!("tap_{l}"), greater(a, b));
            let [b, c] = [("b", b), ("c", c)].map(|(name, tap)| two.pass(&format!("tap_{name}_{l}"), tap));
            let tap = arrived.pass(&format!("tap_{l}"), greater(a, c));
            k.drive_lane(&self.products.a, l, tap);
            let weight = two.pass(&format!("weight_{l}"), weight);
            k.drive_lane(&self.products.b, l, arrived.pass(&format!("weight_{l}"), weight));
            let mut product = k.lane(&self.products.p, l);
            for (n, (products, (tap, weight))) in
                further.products.iter().zip([b, c].into_iter().zip(weights)).enumerate()
            {
                let name = |what: &str| format!("{what}_{}_{l}", n + 1);
                k.drive_lane(&products.a, l, arrived.pass(&name("tap"), tap));
                let weight = two.pass(&name("weight"), weight);
                k.drive_lane(&products.b, l, arrived.pass(&name("weight"), weight));
                product = product + k.lane(&products.p, l);
            }
            k.drive(&lane.tap, decided.pass(&format!("tap_{l}"), tap));
            k.drive(&lane.begin, begin);
            k.drive(&lane.maximum, maximum);
            k.drive(&lane.product, sum.pass(&format!("sum_{l}"), product));
            taps.push(tap);
        }
        taps
    }
}
