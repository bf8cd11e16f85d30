//! One processing element: a product, an accumulator and a place to hold a finished sum while it drains.

use rust_hdl::prelude::*;

use super::config::{Forwarding, GemmConfig};
use super::lut_product::product_in_luts;
use crate::describe_logic;
use crate::exact::{BIT, Clk, Describe, Header, Int, Kernel, Maybe, Port, Reg, Stage};
use crate::targets::Multiplier;
use crate::targets::ecp5::{Mult18x18d, Registers};

/// `acc = acc + a * b`. With its last product, the sum goes to the drain register, and the accumulator restarts at 0.
///
/// A multiplier makes the product. It may stand outside the element and serve two elements. In an array with more
/// elements than the device has multipliers, LUTs make some of the products. All products of an array have the same
/// number of register ranks, which move at each clock and never stop. Overflow is impossible: the accumulator holds the
/// sum of K products, and the configuration limits K.
///
/// On iCE40 a sum begins with its first product, which takes the LUTs of the adder and no more. The sum is complete one
/// clock before it drains directly out of the accumulator, so that no selection stands behind the adder.
#[derive(LogicBlock)]
pub struct Pe {
    /// clock
    pub clk: Clk,
    /// element of A
    pub a: Maybe<Port<In>>,
    /// element of B
    pub b: Maybe<Port<In>>,
    /// their product, if it is made outside the element, as many clocks later as products inside take
    pub p: Maybe<Port<In>>,
    /// the product is to be added
    pub accumulate: Port<In>,
    /// the accumulator restarts at 0, or with this product where elements have cells of iCE40
    pub clear: Port<In>,
    /// the sum is complete with this product
    pub load: Port<In>,
    /// the drain register takes a sum: the element's own if complete, else the sum of the element behind
    pub shift: Port<In>,
    /// sum of the element behind
    pub drain_in: Port<In>,
    /// sum held
    pub drain_out: Port<Out>,
    /// `a` for the element to the right, where operands are forwarded
    pub a_out: Maybe<Port<Out>>,
    /// `accumulate` for the element to the right
    pub accumulate_out: Maybe<Port<Out>>,
    /// `clear` for the element to the right
    pub clear_out: Maybe<Port<Out>>,
    /// `load` for the element to the right
    pub load_out: Maybe<Port<Out>>,
    /// `b` for the element below
    pub b_out: Maybe<Port<Out>>,
    passed: Stage,
    multiplier: Maybe<Mult18x18d>,
    first: Stage,
    second: Stage,
    third: Stage,
    product: Stage,
    acc: Reg,
    held: Stage,
    loads: Stage,
    moves: Stage,
    drained: Reg,
    _form: Form,
    _restarts: bool,
}

/// The maker of an element's product.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// a multiplier, left to synthesis
    Inferred,
    /// a multiplier cell of the target
    Cell,
    /// a multiplier cell beside the element, which another element may share
    Given,
    /// LUTs
    Luts,
}

impl Pe {
    /// Element `index` of the array that `config` describes, counted row by row.
    pub fn new(config: &GemmConfig, index: usize) -> Pe {
        let (a, b, acc) = (config.left().in_array(), config.right().in_array(), config.raw_acc());
        let form = match config.target.traits().multiplier {
            _ if index >= config.dsp_elements() => Form::Luts,
            Multiplier::Mult18x18d => Form::Cell,
            Multiplier::SbMac16 => Form::Given,
            Multiplier::Inferred => Form::Inferred,
        };
        let systolic = config.forwarding == Forwarding::Systolic;
        let passes = |range, doc| Maybe::when(systolic, || Port::new(range, doc));
        let all = Registers { input: true, pipeline: true, output: true };
        // A cell has its ranks inside.
        let before = if matches!(form, Form::Cell | Form::Given) { 0 } else { config.multiply_ranks() - 1 };
        let given = form == Form::Given;
        let restarts = config.restarts();
        let holds = config.hold_ranks() > 0;
        Pe {
            clk: Clk::new(),
            a: Maybe::when(!given || systolic, || Port::new(a, "element of A")),
            b: Maybe::when(!given || systolic, || Port::new(b, "element of B")),
            p: Maybe::when(given, || Port::new(a * b, "their product")),
            accumulate: Port::bit("the product is to be added"),
            clear: Port::bit(if restarts { "a sum begins with this product" } else { "the accumulator restarts at 0" }),
            load: Port::bit("the sum is complete"),
            shift: Port::bit("the drain register takes a sum"),
            drain_in: Port::new(acc, "sum of the element behind"),
            drain_out: Port::new(acc, "sum held"),
            a_out: passes(a, "element of A for the element to the right"),
            accumulate_out: passes(BIT, "its product is to be added"),
            clear_out: passes(BIT, "its accumulator restarts at 0"),
            load_out: passes(BIT, "its sum is complete"),
            b_out: passes(b, "element of B for the element below"),
            passed: Stage::new(systolic),
            multiplier: Maybe::when(form == Form::Cell, || Mult18x18d::new(all, false)),
            first: Stage::new(before > 0),
            second: Stage::new(before > 1),
            third: Stage::new(before > 2),
            product: Stage::new(!given),
            acc: Reg::new(acc),
            held: Stage::new(holds && !restarts),
            loads: Stage::new(holds),
            moves: Stage::new(holds),
            drained: Reg::new(acc),
            _form: form,
            _restarts: restarts,
        }
    }

    /// `a * b`, through all ranks but the last.
    fn multiply<'k>(&'k self, k: &'k Kernel) -> Int<'k> {
        if let Some(p) = self.p.get() {
            return k.read(p);
        }
        let [a, b] = [&self.a, &self.b].map(|operand| operand.get().map_or(k.lit(0), |port| k.read(port)));
        if let Some(cell) = self.multiplier.get() {
            k.pass_clock(&self.clk, &cell.clk);
            k.drive(&cell.a, a);
            k.drive(&cell.b, b);
            return k.read(&cell.p).bounded((a * b).range(), "it is the product of the two factors");
        }
        let ranks = [&self.first, &self.second, &self.third].map(|stage| k.stage(stage, 1));
        if self._form == Form::Luts {
            return product_in_luts(a, b, ranks);
        }
        // Only one rank stands behind a product that is left to synthesis, for the reason in `requantizer/product.rs`.
        let [a, b] = [("a", a), ("b", b)].map(|(name, v)| ranks.iter().fold(v, |v, rank| rank.pass(name, v)));
        a * b
    }

    /// Passes operands and controls to the neighbours, one clock later.
    fn pass_on<'k>(&'k self, k: &'k Kernel) {
        let passed = k.stage(&self.passed, 1);
        for (name, to, from) in [
            ("a", &self.a_out, self.a.get()),
            ("accumulate", &self.accumulate_out, Some(&self.accumulate)),
            ("clear", &self.clear_out, Some(&self.clear)),
            ("load", &self.load_out, Some(&self.load)),
            ("b", &self.b_out, self.b.get()),
        ] {
            if let Some((to, from)) = to.get().zip(from) {
                k.drive(to, passed.pass(name, k.read(from)));
            }
        }
    }

    /// When the drain register takes a sum: at a step of the drain and, in a systolic array, when the element's own sum
    /// is complete.
    fn moves<'k>(&'k self, k: &'k Kernel) -> Int<'k> {
        let shift = k.read(&self.shift);
        if self.a_out.get().is_none() {
            return shift;
        }
        k.stage(&self.moves, 1).pass("moves", shift | k.read(&self.load))
    }
}

describe_logic!(Pe);

impl Describe for Pe {
    fn header(&self) -> Header {
        let form = if self._form == Form::Luts { "_luts" } else { "" };
        let operands = [("a", &self.a), ("b", &self.b), ("p", &self.p)];
        let ranges = operands.into_iter().filter_map(|(name, port)| Some((name, port.get()?.range())));
        let ranges: Vec<_> = ranges.chain([("acc", self.acc.range())]).collect();
        let widths: String = ranges.iter().map(|(name, range)| format!("_{name}{}", range.width())).collect();
        let product = if self._form == Form::Given { "p" } else { "a * b" };
        let restart = if self._restarts { "the next begins with its first product" } else { "acc restarts at 0" };
        let passes = if self.a_out.get().is_some() { "_systolic" } else { "" };
        let header =
            Header::new(format!("pe{widths}{form}{passes}"), format!("acc = acc + {product}, one product per clock."))
                .line(format!(
                    "When a sum is complete it moves to a register of its own, from which it drains; {restart}."
                ));
        ranges.into_iter().fold(header, |header, (name, range)| header.fact(name, range))
    }

    fn describe(&self, k: &Kernel) {
        k.clock(&self.clk);
        let product = self.multiply(k).named("product");
        let product = k.stage(&self.product, 1).pass("product", product);
        let (acc, load) = (k.read(&self.acc), k.read(&self.load));
        let sum = (acc + product).bounded(acc.range(), "a sum has at most K products").named("sum");
        let (clear, accumulate) = (k.read(&self.clear), k.read(&self.accumulate));
        let complete = if self._restarts {
            k.register_when(&self.acc, accumulate, clear.mux(product, sum));
            acc
        } else {
            k.register(&self.acc, clear.mux(0, accumulate.mux(sum, acc)));
            sum
        };
        let held = k.stage(&self.held, load).pass("sum", complete);
        let loads = k.stage(&self.loads, 1).pass("load", load);
        k.register_when(&self.drained, self.moves(k), loads.mux(held, k.read(&self.drain_in)));
        k.drive(&self.drain_out, k.read(&self.drained));
        self.pass_on(k);
    }
}
