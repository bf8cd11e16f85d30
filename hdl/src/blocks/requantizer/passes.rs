//! `p = x * m` in 2 or 4 passes through a half or a quarter of the multipliers that it takes at once.
//!
//! A pass multiplies one half of the operand that is cut, or, in 4 passes, one half of each, and adds to what the passes
//! before left. They go from the lowest product up, so that the low bits of the sum are done and move out of its way:
//!
//! ```text
//! 4 passes   sum = xl * ml                          2 passes   sum = x * ml
//!            sum = floor(sum / 2^c) + xh * ml                  sum = floor(sum / 2^c) + x * mh
//!            sum = sum + xl * mh
//!            sum = floor(sum / 2^c) + xh * mh
//! ```
//!
//! The operands hold while their passes enter; which pass is where, the valid bits of the pipeline say.

use rust_hdl::prelude::*;

use super::product::{Partial, cut, fits, in_cell, products};
use crate::cells::{Mult18x18d, Registers, Target};
use crate::describe_logic;
use crate::exact::{Clk, Describe, Header, Int, Kernel, Opt, Port, Range, Reg, Stage};

/// What is multiplied, and how.
#[derive(Debug, Clone, Copy)]
pub(super) struct PassForm {
    pub target: Target,
    /// values of `x` and `m`
    pub operands: [Range; 2],
    /// 2 or 4, and no more than there are products
    pub passes: usize,
    pub ranks: PassRanks,
    /// its registers can be held
    pub enable: bool,
}

/// Which ranks of registers there are between the operands and the sum, counted along the data path.
#[derive(Debug, Clone, Copy)]
pub(super) struct PassRanks {
    /// of the halves that a pass takes
    pub select: bool,
    /// in the multipliers
    pub multiply: bool,
    /// of the products
    pub partial: bool,
    /// of what a pass adds
    pub row: bool,
}

impl PassRanks {
    /// How many.
    pub(super) fn latency(self) -> usize {
        [self.select, self.multiply, self.partial, self.row].into_iter().map(usize::from).sum()
    }
}

impl PassForm {
    /// Which of `x` and `m` a pass takes one half of.
    fn halved(self) -> [bool; 2] {
        let [x, m] = self.operands.map(|of| !fits(self.target, of));
        if self.passes == 4 { [x, m] } else { [!m, m] }
    }

    /// Values of the sum.
    fn sum(self) -> Range {
        let ([x, m], cut) = (self.operands, cut(self.target));
        let (low, above) = (Range::unsigned(cut), |r: Range, cuts: u32| r >> Range::constant((cuts * cut).into()));
        let sums = match self.halved() {
            [true, true] => vec![low * low, above(x * low, 1), above(x * low, 1) + low * above(m, 1), above(x * m, 2)],
            [false, _] => vec![x * low, above(x * m, 1)],
            [true, false] => vec![low * m, above(x * m, 1)],
        };
        sums.into_iter().fold(Range::constant(0), Range::union).filled()
    }
}

/// See the [module](self).
#[derive(LogicBlock)]
pub struct Passes {
    /// clock
    pub clk: Clk,
    /// the registers move on; without it at each clock
    pub enable: Opt<Port<In>>,
    /// first operand
    pub x: Port<In>,
    /// second operand
    pub m: Port<In>,
    /// the pass takes the upper half of the first operand
    pub upper_x: Opt<Port<In>>,
    /// the pass takes the upper half of the second
    pub upper_m: Opt<Port<In>>,
    /// what the first pass adds is at the sum
    pub first: Port<In>,
    /// what is at the sum is added above the bits that are done
    pub shift: Port<In>,
    /// result, when the last pass was added
    pub p: Port<Out>,
    part: Vec<Mult18x18d>,
    select: Stage,
    multiply: Stage,
    partial: Stage,
    row: Stage,
    sum: Reg,
    done: Reg,
    _form: PassForm,
}

impl Passes {
    /// A product of this form.
    pub(super) fn new(form: PassForm) -> Passes {
        let PassForm { operands: [x, m], ranks, .. } = form;
        let cells = match form.target {
            Target::Ecp5 => products(form.target, form.operands).map_or(0, |n| n / form.passes),
            _ => 0,
        };
        let inside = Registers { input: ranks.select, pipeline: ranks.multiply, output: ranks.partial };
        let half = |halved: bool, doc| Opt::when(halved, || Port::bit(doc));
        let [x_halved, m_halved] = form.halved();
        Passes {
            clk: Clk::new(),
            enable: Opt::when(form.enable, || Port::bit("the registers move on")),
            x: Port::new(x, "first operand, holds for all passes"),
            m: Port::new(m, "second operand, holds for all passes"),
            upper_x: half(x_halved, "the pass takes the upper half of x"),
            upper_m: half(m_halved, "the pass takes the upper half of m"),
            first: Port::bit("what the first pass adds is at the sum"),
            shift: Port::bit("it is added above bits that are done"),
            p: Port::new((x * m).filled(), "product, when the last pass was added"),
            part: (0..cells).map(|_| Mult18x18d::new(inside, form.enable)).collect(),
            select: Stage::new(ranks.select),
            multiply: Stage::new(ranks.multiply),
            partial: Stage::new(ranks.partial),
            row: Stage::new(ranks.row),
            sum: Reg::new(form.sum()),
            done: Reg::new(Range::unsigned(cut(form.target) * form.passes as u32 / 2)),
            _form: form,
        }
    }

    /// Says which pass is where: in clock `n` from the first, 1 being that in which its operands are there, `at(n)` is 1.
    pub(super) fn control<'k>(&self, k: &'k Kernel, at: impl Fn(usize) -> Int<'k>) {
        let behind = self._form.ranks.latency();
        let in_any = |passes: Vec<usize>| passes.into_iter().map(&at).reduce(|a, b| a | b).unwrap_or(k.lit(0));
        let halves = self._form.passes / 2;
        self.upper_x.get().into_iter().for_each(|port| k.drive(port, in_any((1..=halves).map(|n| 2 * n).collect())));
        self.upper_m.get().into_iter().for_each(|port| k.drive(port, in_any((1..=halves).map(|n| halves + n).collect())));
        k.drive(&self.first, at(1 + behind));
        k.drive(&self.shift, in_any((1..=halves).map(|n| 2 * n + behind).collect()));
    }

    /// What a pass adds.
    fn added<'k>(&'k self, k: &'k Kernel, enable: Int<'k>) -> Int<'k> {
        let (target, cut) = (self._form.target, cut(self._form.target));
        let stages = [&self.select, &self.multiply, &self.partial, &self.row];
        let [select, multiply, partial, row] = stages.map(|stage| k.stage(stage, enable));
        let (x, m) = (k.read(&self.x), k.read(&self.m));
        let halves = |v: Int<'k>, upper: &Opt<Port<In>>, high: Int<'k>| match upper.get() {
            Some(upper) => k.read(upper).mux(high, v.bits(0, cut)),
            None => v,
        };
        let m = halves(m, &self.upper_m, m >> cut).named("m_taken");
        if target == Target::Ecp5 {
            let x = halves(x, &self.upper_x, x >> cut).named("x_taken");
            let mut cells = self.part.iter();
            let parts = Partial::new(target, [x, m], |_, a, b| in_cell(k, &self.clk, cells.next(), enable, [a, b]));
            return row.pass("row", parts.joined());
        }
        // Halves of one sign, for multipliers of 16 x 16 bits: an upper half below 0 is taken as 2^16 too much.
        let upper_x = self.upper_x.get().map_or(k.lit(0), |upper| k.read(upper));
        let negative = select.pass("negative", (upper_x & x.is_negative()).named("negative"));
        let x = select.pass("x", halves(x, &self.upper_x, (x >> cut).bits(0, cut)).named("x_taken"));
        let m = select.pass("m", m);
        let parts = Partial::new(target, [x, m], |name, a, b| partial.pass(name, multiply.pass(name, a * b)));
        let excess = partial.pass("excess", multiply.pass("excess", negative.mux(m, 0)));
        let sum = parts.joined();
        let sum = if self.upper_x.get().is_some() {
            ((sum >> cut) - excess).concat(sum.bits(0, cut), cut)
        } else {
            sum
        };
        row.pass("row", sum)
    }
}

describe_logic!(Passes);

impl Describe for Passes {
    fn header(&self) -> Header {
        let PassForm { passes, ranks, .. } = self._form;
        let name = format!("product_{}_{}_in_{passes}", self.x.range().width(), self.m.range().width());
        Header::new(name, format!("p = x * m, in {passes} passes through the same multipliers."))
            .fact("latency", format!("{} cycles from the first pass", ranks.latency() + passes))
    }

    fn describe(&self, k: &Kernel) {
        k.clock(&self.clk);
        let cut = cut(self._form.target);
        let enable = self.enable.get().map_or(k.lit(1), |port| k.read(port));
        let (first, shift) = (k.read(&self.first), k.read(&self.shift));
        let (sum, done) = (k.read(&self.sum), k.read(&self.done));
        // Of two passes, the one that is not the first shifts.
        let kept = if self._form.passes == 2 { sum >> cut } else { shift.mux(sum >> cut, sum) };
        let kept = first.mux(0, kept).named("kept");
        k.register_when(&self.sum, enable, (kept + self.added(k, enable)).wrap(self.sum.range()));
        let low = sum.bits(0, cut);
        let moved = if self._form.passes == 2 { low } else { low.concat(done >> cut, cut) };
        k.register_when(&self.done, enable & shift, moved);
        k.drive(&self.p, sum.concat(done, self.done.range().width()).wrap(self.p.range()));
    }
}
