//! `p = x * m` in 2 or 4 passes, with a half or a quarter of the multipliers that the product takes at once.
//!
//! Operands are cut at bit `c`: `x = xh * 2^c + xl` and `m = mh * 2^c + ml`. A pass multiplies one half of the operand that
//! is cut, or, in 4 passes, one half of each operand, and adds the product to the sum. Passes go from the lowest product up,
//! so that the low bits of the sum are done, and move out of its way:
//!
//! ```text
//! 4 passes   sum = xl * ml                          2 passes   sum = x * ml
//!            sum = floor(sum / 2^c) + xh * ml                  sum = floor(sum / 2^c) + x * mh
//!            sum = sum + xl * mh
//!            sum = floor(sum / 2^c) + xh * mh
//! ```
//!
//! The multiplier of iCE40 adds, too, and takes 32 bits of addend and sum. Its first factor is signed, so that it reads a
//! lower half `xl` of 2^15 and more as `xl' = xl - 2^16`. The addend corrects the product, because it has room:
//!
//! ```text
//! xl * mi = xl' * mi + 2^16 * mi where xl >= 2^15     mi is mh or ml
//!
//! pass   product    addend: upper half                lower half
//! 1      xl' * ml   ml, or 0 where xl < 2^15          0
//! 2      xl' * mh   mh, or 0 where xl < 2^15          sum, upper half
//! 3      xh * ml    sum, upper half                   sum, lower half
//! 4      xh * mh    sign of sum                       sum, upper half
//! ```
//!
//! The addend has this room only if both products of `xl` come first. The sum of pass 2 is below 2^31 and not negative,
//! since `m < 2^31`. Only the sum of pass 3 can be negative, and only where `xh` is.
//!
//! The operands hold while their passes enter. The valid bits of the pipeline say where each pass is.

use rust_hdl::prelude::*;

use super::partial::Partial;
use super::pass_form::PassForm;
use crate::describe_logic;
use crate::exact::{Clk, Describe, Header, Int, Kernel, Maybe, Port, Range, Reg, Stage};
use crate::targets::ecp5::{Mult18x18d, Registers, next_cell};
use crate::targets::ice40::{MacForm, MacRegisters, SbMac16};
use crate::targets::{Multiplier, Place};

/// See the [module](self).
#[derive(LogicBlock)]
pub struct Passes {
    /// clock
    pub clk: Clk,
    /// the registers move on where this is 1; without this port they move at each clock
    pub enable: Maybe<Port<In>>,
    /// first operand
    pub x: Port<In>,
    /// second operand
    pub m: Port<In>,
    /// the pass of the next clock takes the upper half of the first operand
    pub upper_x: Maybe<Port<In>>,
    /// the pass of the next clock takes the upper half of the second operand
    pub upper_m: Maybe<Port<In>>,
    /// the product of the first pass is at the sum
    pub first: Port<In>,
    /// the product at the sum in the next clock is added above the bits that are done
    pub shift: Port<In>,
    /// the product, valid when the last pass was added
    pub p: Port<Out>,
    part: Vec<Mult18x18d>,
    mac: Maybe<SbMac16>,
    control: Stage,
    select: Stage,
    multiply: Stage,
    partial: Stage,
    row: Stage,
    sum: Maybe<Reg>,
    done: Reg,
    _form: PassForm,
}

impl Passes {
    /// A product of this form.
    pub(super) fn new(form: PassForm) -> Passes {
        let [x, m] = form.operands;
        let at = |place| form.registered.at(place);
        let [select, multiply, partial, row] = [Place::Join, Place::Multiply, Place::Partial, Place::Middle].map(at);
        let inside = Registers { input: select, pipeline: multiply, output: partial };
        let registers = MacRegisters {
            factors: select,
            middle: multiply,
            product: partial,
            high: true,
            low: true,
            ..MacRegisters::default()
        };
        let mac = || SbMac16::new(MacForm { signed: true, carry: false, enable: form.enable, registers });
        let half = |halved: bool, doc| Maybe::when(halved, || Port::bit(doc));
        let [x_halved, m_halved] = form.halved();
        Passes {
            clk: Clk::new(),
            enable: Maybe::when(form.enable, || Port::bit("the registers move on")),
            x: Port::new(x, "first operand, holds for all passes"),
            m: Port::new(m, "second operand, holds for all passes"),
            upper_x: half(x_halved, "the next pass takes the upper half of x"),
            upper_m: half(m_halved, "the next pass takes the upper half of m"),
            first: Port::bit("what the first pass adds is at the sum"),
            shift: Port::bit("what is there next is added above bits that are done"),
            p: Port::new((x * m).filled(), "product, when the last pass was added"),
            part: (0..form.cells()).map(|_| Mult18x18d::new(inside, form.enable)).collect(),
            mac: Maybe::when(form.in_mac(), mac),
            control: Stage::new(true),
            select: Stage::new(select),
            multiply: Stage::new(multiply),
            partial: Stage::new(partial),
            row: Stage::new(row),
            sum: Maybe::when(!form.in_mac(), || Reg::new(form.sum())),
            done: Reg::new(Range::unsigned(form.traits.cut * form.passes as u32 / 2)),
            _form: form,
        }
    }

    /// Describes the control of the passes. `at(n)` is 1 in the `n`th clock of a product, where its operands are there
    /// in clock 1.
    pub(super) fn control<'k>(&self, k: &'k Kernel, at: impl Fn(usize) -> Int<'k>) {
        let behind = self._form.latency();
        let before = |passes: &[usize], ranks: usize| {
            let each = passes.iter().map(|pass| at(pass - 1 + ranks));
            each.reduce(|a, b| a | b).unwrap_or(k.lit(0))
        };
        let [upper_x, upper_m] = self._form.upper();
        for (port, passes) in [(&self.upper_x, upper_x), (&self.upper_m, upper_m)] {
            if let Some(port) = port.get() {
                k.drive(port, before(&passes, 0));
            }
        }
        k.drive(&self.first, at(1 + behind));
        k.drive(&self.shift, before(if self._form.passes == 2 { &[2] } else { &[2, 4] }, behind));
    }

    /// The product that a pass adds: a half of `x` by a half of `m`, in the multipliers of the target.
    fn added<'k>(&'k self, k: &'k Kernel, enable: Int<'k>, upper: Upper<'k>) -> Int<'k> {
        match self._form.traits.multiplier {
            Multiplier::Mult18x18d => self.added_by_cells(k, enable, upper),
            Multiplier::Inferred | Multiplier::SbMac16 => self.added_by_inferred(k, enable, upper),
        }
    }

    fn added_by_cells<'k>(&'k self, k: &'k Kernel, enable: Int<'k>, [upper_x, upper_m]: Upper<'k>) -> Int<'k> {
        let (traits, cut) = (self._form.traits, self._form.traits.cut);
        let row = k.stage(&self.row, enable);
        let (x, m) = (k.read(&self.x), k.read(&self.m));
        let m = half_taken(m, upper_m, m >> cut, cut).named("m_taken");
        let x = half_taken(x, upper_x, x >> cut, cut).named("x_taken");
        let mut cells = self.part.iter();
        let parts =
            Partial::new(traits, [x, m], |_, a, b| next_cell(&mut cells).multiply(k, &self.clk, enable, [a, b]));
        row.pass("row", parts.joined())
    }

    /// The product for unsigned multipliers of 16 x 16 bits. They read an upper half below 0 as 2^16 too much, and the
    /// excess is subtracted.
    fn added_by_inferred<'k>(&'k self, k: &'k Kernel, enable: Int<'k>, [upper_x, upper_m]: Upper<'k>) -> Int<'k> {
        let (traits, cut) = (self._form.traits, self._form.traits.cut);
        let stages = [&self.select, &self.multiply, &self.partial, &self.row];
        let [select, multiply, partial, row] = stages.map(|stage| k.stage(stage, enable));
        let (x, m) = (k.read(&self.x), k.read(&self.m));
        let m = half_taken(m, upper_m, m >> cut, cut).named("m_taken");
        let negative = upper_x.map_or(k.lit(0), |upper| (upper & x.is_negative()).named("negative"));
        let x = half_taken(x, upper_x, (x >> cut).bits(0, cut), cut).named("x_taken");
        let [x, m, negative] =
            [("x", x), ("m", m), ("negative", negative)].map(|(name, v)| multiply.pass(name, select.pass(name, v)));
        let parts = Partial::new(traits, [x, m], |name, a, b| partial.pass(name, a * b));
        let excess = partial.pass("excess", negative.mux(m, 0));
        let sum = parts.joined();
        let sum = if upper_x.is_some() { ((sum >> cut) - excess).concat(sum.bits(0, cut), cut) } else { sum };
        row.pass("row", sum)
    }

    /// The sum of the passes so far, in a register.
    fn in_fabric<'k>(&'k self, k: &'k Kernel, sum: &'k Reg, enable: Int<'k>, at: PassPosition<'k>) -> Int<'k> {
        let last = k.read(sum);
        let above = last >> self._form.traits.cut;
        // Of two passes, the second shifts.
        let kept = if self._form.passes == 2 { above } else { at.shift.mux(above, last) };
        let kept = at.first.mux(0, kept).named("kept");
        k.register_when(sum, enable, (kept + self.added(k, enable, at.upper)).wrap(sum.range()));
        last
    }

    /// The low 32 bits of the sum, in a multiplier of iCE40. The table in the head of this file says what each pass
    /// adds.
    fn in_cell<'k>(&'k self, k: &'k Kernel, cell: &'k SbMac16, enable: Int<'k>, at: PassPosition<'k>) -> Int<'k> {
        let ranks = [&self.select, &self.multiply, &self.partial].map(|stage| k.stage(stage, enable));
        let at_sum = |name: &str, v| ranks.iter().fold(v, |v, rank| rank.pass(name, v));
        let (x, m, half) = (k.read(&self.x), k.read(&self.m), self._form.traits.cut);
        let upper_x = at.upper[0].unwrap_or(k.lit(0));
        let m_taken = half_taken(m, at.upper[1], m >> half, half).named("m_taken");
        k.pass_clock(&self.clk, &cell.clk);
        if let Some(port) = cell.enable.get() {
            k.drive(port, enable);
        }
        k.drive(&cell.a, half_taken(x, at.upper[0], (x >> half).bits(0, half), half).named("x_taken").as_signed());
        k.drive(&cell.b, m_taken);

        let sum = k.read(&cell.sum);
        let (above, low) = (sum.bits(half, half), sum.bits(0, half));
        let xl_is_negative = at_sum("too_little", !upper_x & x.bit(half - 1));
        let xh_is_negative = at_sum("below_zero", upper_x & x.is_negative());
        let correction = at_sum("m", m_taken);
        let sum_is_negative = (at.shift & xh_is_negative & sum.bit(2 * half - 1)).named("negative");
        // Two bits choose the upper half of the addend among four values: 0, the correction, the upper half of the sum,
        // and the sign of the sum.
        let correction_or_sign = (xl_is_negative | sum_is_negative).named("operand_or_sign");
        let sum_or_sign = (!(at.first | at.shift) | sum_is_negative).named("sum_or_sign");
        let sign = Range::unsigned(half).hi();
        let high = correction_or_sign.mux(sum_or_sign.mux(sign, correction), sum_or_sign.mux(above, 0));
        k.drive(&cell.addend, high.concat(at.first.mux(0, at.shift.mux(above, low)), half));
        sum.bits(0, 2 * half - 1).as_signed()
    }
}

/// The half of an operand that a pass takes. `high` is its upper half. An operand that is not cut is taken whole.
fn half_taken<'k>(v: Int<'k>, upper: Option<Int<'k>>, high: Int<'k>, cut: u32) -> Int<'k> {
    upper.map_or(v, |upper| upper.mux(high, v.bits(0, cut)))
}

/// Whether a pass takes the upper half of `x`, and of `m`; nothing for an operand that is not cut.
type Upper<'k> = [Option<Int<'k>>; 2];

/// The places of the passes in this clock.
#[derive(Debug, Clone, Copy)]
struct PassPosition<'k> {
    /// the halves that the pass at the operands takes
    upper: Upper<'k>,
    /// the pass at the sum is the first
    first: Int<'k>,
    /// the pass at the sum adds above bits that are done
    shift: Int<'k>,
}

describe_logic!(Passes);

impl Describe for Passes {
    fn header(&self) -> Header {
        let passes = self._form.passes;
        let name = format!("product_{}_{}_in_{passes}", self.x.range().width(), self.m.range().width());
        Header::new(name, format!("p = x * m, in {passes} passes through the same multipliers."))
            .fact("latency", format!("{} cycles from the first pass", self._form.latency() + passes))
    }

    fn describe(&self, k: &Kernel) {
        k.clock(&self.clk);
        let cut = self._form.traits.cut;
        let enable = self.enable.get().map_or(k.lit(1), |port| k.read(port));
        let control = k.stage(&self.control, enable);
        let upper = [("x_upper", &self.upper_x), ("m_upper", &self.upper_m)];
        let upper = upper.map(|(name, port)| port.get().map(|port| control.pass(name, k.read(port))));
        let at = PassPosition { upper, first: k.read(&self.first), shift: control.pass("shift", k.read(&self.shift)) };
        let sum = match (self.mac.get(), self.sum.get()) {
            (Some(cell), _) => self.in_cell(k, cell, enable, at),
            (None, Some(sum)) => self.in_fabric(k, sum, enable, at),
            _ => unreachable!("the constructor makes one of them"),
        };
        let (low, done) = (sum.bits(0, cut), k.read(&self.done));
        let moved = if self._form.passes == 2 { low } else { low.concat(done >> cut, cut) };
        k.register_when(&self.done, enable & at.shift, moved);
        k.drive(&self.p, sum.concat(done, self.done.range().width()).wrap(self.p.range()));
    }
}
