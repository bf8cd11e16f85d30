//! `p = x * m + nudge * 2^16` in four multipliers of iCE40, put together by the adders in them.
//!
//! With `x = xh * 2^16 + xl` and `m = mh * 2^16 + ml`, each sum is part of the addend of the next sum:
//!
//! ```text
//! first  = xh * ml + nudge
//! second = xl * mh + first
//! low    = xl * ml + (second mod 2^16) * 2^16          its carry goes to
//! high   = xh * mh + floor(second / 2^16) + carry      p = high * 2^32 + low
//! ```
//!
//! The operands of the later multipliers wait in registers of the cells, so that they need no registers beside the
//! cells, except for the carry. A sum goes to the register of the next addend, not to a register of its own, so that a
//! path goes through one adder and never through two.

use rust_hdl::prelude::*;

use super::{MacForm, MacRegisters, SbMac16};
use crate::describe_logic;
use crate::exact::{Clk, Describe, Header, Int, Kernel, Maybe, Port, Range, Stage};
use crate::targets::places::{Place, Registered};

/// Bits of the lower part of an operand.
const CUT: u32 = 16;

/// Values that are added to the middle of the product: `2^30`, or its negative, for the first of two roundings.
pub(crate) const NUDGE: Range = Range::new(-(1 << 14), 1 << 14);

/// See the [module](self).
#[derive(LogicBlock)]
pub struct Chain {
    /// clock
    pub clk: Clk,
    /// the registers move on where this is 1; without this port they move at each clock
    pub enable: Maybe<Port<In>>,
    /// first operand
    pub x: Port<In>,
    /// second operand
    pub m: Port<In>,
    /// added to the middle
    pub nudge: Maybe<Port<In>>,
    /// result
    pub p: Port<Out>,
    first: SbMac16,
    second: SbMac16,
    low: SbMac16,
    high: SbMac16,
    after_first: Stage,
    after_second: Stage,
    beside_low: Stage,
    beside_high: Stage,
    _latency: usize,
}

impl Chain {
    /// Whether multipliers of iCE40 put the product together: the operands need four multipliers, and four are enough
    /// for them.
    pub(crate) fn fits([x, m]: [Range; 2]) -> bool {
        let cut = |r: Range| r.width() > CUT;
        let enough = Range::signed(2 * CUT).covers(x) && Range::unsigned(2 * CUT - 1).covers(m);
        cut(x) && cut(m) && enough
    }

    /// A product of operands that satisfy [`Chain::fits`]. With `enable`, its registers can be held.
    pub(crate) fn new([x, m]: [Range; 2], nudged: bool, registered: Registered, enable: bool) -> Chain {
        let ranks = [Place::Operands, Place::Multiply, Place::Partial, Place::Middle, Place::Product];
        let [operands_rank, first_rank, second_rank, low_rank, product_rank] = ranks.map(|place| registered.at(place));
        let base = MacForm { enable, ..MacForm::default() };
        let registers = MacRegisters { factors: operands_rank, ..MacRegisters::default() };
        // The operands of `low` and `high` wait for two sums, in these registers.
        let late = MacRegisters { middle: first_rank, product: second_rank, ..registers };
        let first = MacRegisters { addend: operands_rank, ..registers };
        let second = MacRegisters { product: first_rank, addend: first_rank, high: second_rank, ..registers };
        let low_out = low_rank || product_rank;
        let low = MacRegisters { addend: second_rank, high: low_out, low: low_out, ..late };
        let high = MacRegisters { addend: low_rank, high: product_rank, low: product_rank, ..late };
        let nudge = if nudged { NUDGE } else { Range::constant(0) };
        Chain {
            clk: Clk::new(),
            enable: Maybe::when(enable, || Port::bit("the registers move on")),
            x: Port::new(x, "first operand"),
            m: Port::new(m, "second operand"),
            nudge: Maybe::when(nudged, || Port::new(NUDGE, "added at bit 16")),
            p: Port::new(x * m + nudge * Range::constant(1 << CUT), "product and nudge"),
            first: SbMac16::new(MacForm { signed: true, registers: first, ..base }),
            second: SbMac16::new(MacForm { registers: second, ..base }),
            low: SbMac16::new(MacForm { registers: low, ..base }),
            high: SbMac16::new(MacForm { signed: true, carry: true, registers: high, ..base }),
            after_first: Stage::new(first_rank),
            after_second: Stage::new(second_rank),
            beside_low: Stage::new(low_rank),
            beside_high: Stage::new(low_rank && product_rank),
            _latency: registered.count(&ranks),
        }
    }

    /// The low 32 bits of a sum, and the bit above them.
    fn sum<'k>(
        &'k self,
        k: &'k Kernel,
        cell: &'k SbMac16,
        [a, b]: [Int<'k>; 2],
        addend: Int<'k>,
    ) -> (Int<'k>, Int<'k>) {
        k.pass_clock(&self.clk, &cell.clk);
        if let (Some(from), Some(to)) = (self.enable.get(), cell.enable.get()) {
            k.drive(to, k.read(from));
        }
        k.drive(&cell.a, a);
        k.drive(&cell.b, b);
        k.drive(&cell.addend, addend.bits(0, 2 * CUT));
        (k.read(&cell.sum), k.read(&cell.carry_out))
    }
}

describe_logic!(Chain);

impl Describe for Chain {
    fn header(&self) -> Header {
        let name = format!("product_{}_{}", self.x.range().width(), self.m.range().width());
        let formula = if self.nudge.get().is_some() { "p = x * m + nudge * 2^16" } else { "p = x * m" };
        Header::new(name, format!("{formula}, in four multipliers of iCE40."))
            .fact("latency", format!("{} cycles", self._latency))
    }

    fn describe(&self, k: &Kernel) {
        k.clock(&self.clk);
        let enable = self.enable.get().map_or(k.lit(1), |port| k.read(port));
        let stages = [&self.after_first, &self.after_second, &self.beside_low, &self.beside_high];
        let [after_first, after_second, beside_low, beside_high] = stages.map(|s| k.stage(s, enable));
        let (x, m) = (k.read(&self.x), k.read(&self.m));
        let ([xh, xl], [mh, ml]) = ([x >> CUT, x.bits(0, CUT)], [m >> CUT, m.bits(0, CUT)]);

        let nudge = self.nudge.get().map_or(k.lit(0), |port| k.read(port));
        let (first, _) = self.sum(k, &self.first, [xh, ml], nudge);
        let (second, carry) = self.sum(k, &self.second, [xl, mh], first);
        // The second sum has 33 bits and a sign: `first` is signed, and the product beside it is not.
        let first_sign = after_first.pass("sign", first.bit(2 * CUT - 1));
        let negative = after_second.pass("negative", (first_sign & !carry).named("negative"));

        let (low, carry) = self.sum(k, &self.low, [xl, ml], second.bits(0, CUT) << CUT);
        let upper = negative.as_signed().concat(second.bits(CUT, CUT), CUT).named("upper");
        let late = [beside_low.pass("xh", xh), beside_low.pass("mh", mh)];
        let (high, _) = self.sum(k, &self.high, late, upper);
        if let Some(port) = self.high.carry.get() {
            k.drive(port, beside_low.pass("carry", carry));
        }
        let high = high.bits(0, 2 * CUT - 1).as_signed();
        let p = high.concat(beside_high.pass("low", low), 2 * CUT);
        k.drive(&self.p, p.bounded(self.p.range(), "it is a product of two operands, and the nudge"));
    }
}
