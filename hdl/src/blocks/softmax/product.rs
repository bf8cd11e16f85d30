//! The multiplier of the softmax: a few bits of a factor a clock, in LUTs.
//!
//! The product is gemmlowp's `SaturatingRoundingDoublingHighMul`, `2 a b / 2^32` to the nearest integer, ties up. Each
//! bit of `a` is a row: `b` or 0 is added to the sum, and the sum moves right by a place. The sum is kept as two numbers,
//! of which one holds carries, so that no carry passes through a row. What stands at the beginning of the sum rounds
//! it.

use rust_hdl::prelude::*;

use crate::describe_logic;
use crate::exact::{Clk, Describe, Header, Int, Kernel, Port, Range, Reg};

/// Number of rows: the bits of `2 a`.
pub(super) const ROWS: u32 = 32;

/// Values of a factor and of the product.
pub(super) const FACTOR: Range = Range::unsigned(ROWS - 1);

/// See the [module](self).
#[derive(LogicBlock)]
pub(super) struct SerialProduct {
    /// clock
    pub clk: Clk,
    /// reset
    pub rst_n: Port<In>,
    /// the factors are taken
    pub start: Port<In>,
    /// factor whose bits are taken a few a clock
    pub a: Port<In>,
    /// factor that is added
    pub b: Port<In>,
    /// a tie goes down: the product is negated
    pub negated: Port<In>,
    /// the last rows are added in this clock
    pub ends: Port<Out>,
    /// product, from the clock after `ends` until a start
    pub p: Port<Out>,
    running: Reg,
    left: Reg,
    digits: Reg,
    factor: Reg,
    sum: Reg,
    carries: Reg,
    _bits: u32,
}

impl SerialProduct {
    /// A multiplier that takes `bits` bits of `a` in a clock.
    pub(super) fn new(bits: u32) -> SerialProduct {
        SerialProduct {
            clk: Clk::new(),
            rst_n: Port::bit("synchronous reset, active low"),
            start: Port::bit("the factors are taken"),
            a: Port::new(FACTOR, "factor whose bits are taken"),
            b: Port::new(FACTOR, "factor that is added"),
            negated: Port::bit("the product is negated, so a tie goes down"),
            ends: Port::bit("the last bits are taken in this clock"),
            p: Port::new(FACTOR, "product, from the next clock until a start"),
            running: Reg::control(0..=1, 0),
            left: Reg::new(0..=i128::from(ROWS / bits) - 1),
            digits: Reg::new(Range::unsigned(ROWS)),
            factor: Reg::new(FACTOR),
            sum: Reg::new(Range::unsigned(ROWS)),
            carries: Reg::new(FACTOR),
            _bits: bits,
        }
    }
}

/// The sum and the carries after a row that adds `b`: `2 * (sum + carries)` and the bit that is dropped.
fn row<'k>([sum, carries]: [Int<'k>; 2], b: Int<'k>) -> [Int<'k>; 2] {
    let majority = (sum & carries) | (sum & b) | (carries & b);
    [(sum ^ carries ^ b).named("row") >> 1, majority.named("majority")]
}

describe_logic!(SerialProduct);

impl Describe for SerialProduct {
    fn header(&self) -> Header {
        let bits = self._bits;
        Header::new(format!("serial_product_{bits}"), "p = 2 a b / 2^32, to nearest; ties up, or down if negated.")
            .fact("latency", format!("{} cycles from the start to the last bits", ROWS / bits))
    }

    fn describe(&self, k: &Kernel) {
        k.clock(&self.clk);
        k.reset(&self.rst_n);
        let (start, running, left) = (k.read(&self.start), k.read(&self.running), k.read(&self.left));
        let ends = (running & left.equals(0)).named("last_rows");
        let moves = (start | running).named("moves");
        k.register_when(&self.running, moves, start | !ends);
        let fewer = ends.mux(0, (left - 1).within(self.left.range()));
        k.register_when(&self.left, moves, start.mux(self.left.range().hi(), fewer));

        let (digits, factor) = (k.read(&self.digits), k.read(&self.factor));
        k.register_when(&self.digits, moves, start.mux(k.read(&self.a) << 1, digits >> self._bits));
        k.register_when(&self.factor, start, k.read(&self.b));
        let half = 1i128 << (ROWS - 1);
        let rounding = k.read(&self.negated).mux(half - 1, half);
        let [mut sum, mut carries] = [&self.sum, &self.carries].map(|reg| k.read(reg));
        // A product of two numbers below 1 is below 1.
        let p = (sum + carries).bits(0, FACTOR.width());
        for bit in 0..self._bits {
            [sum, carries] = row([sum, carries], digits.bit(bit).mux(factor, 0).named("added"));
        }
        k.register_when(&self.sum, moves, start.mux(rounding, sum));
        k.register_when(&self.carries, moves, start.mux(0, carries));
        k.drive(&self.ends, ends);
        k.drive(&self.p, p);
    }
}

#[cfg(test)]
mod tests {
    use qrtl_golden::numerics::gemmlowp::saturating_rounding_doubling_high_mul;
    use qrtl_random::Random;

    use super::*;
    use crate::exact::{FlatSim, elaborate};

    /// Ties hardly ever occur in a softmax, so they are tried here.
    #[test]
    fn the_product_is_gemmlowps() {
        let mut random = Random::new(1);
        for bits in [1, 2, 4] {
            let design = elaborate(&SerialProduct::new(bits), "product").unwrap_or_else(|faults| panic!("{faults}"));
            let mut sim = FlatSim::new(&design);
            sim.set("rst_n", 1);
            for _ in 0..3000 {
                let shift = random.within(0, 30);
                let (a, b) = match random.one_in(2) {
                    // An odd number by 2^30: a tie.
                    true => (((2 * random.within(0, 1 << 29) + 1) << shift) & FACTOR.hi(), 1 << (30 - shift)),
                    false => (random.corner(0, FACTOR.hi()), random.corner(0, FACTOR.hi())),
                };
                for negated in [false, true] {
                    sim.set("start", 1);
                    sim.set("a", a);
                    sim.set("b", b);
                    sim.set("negated", negated.into());
                    sim.step().unwrap();
                    sim.set("start", 0);
                    while sim.get("ends") == 0 {
                        sim.step().unwrap();
                    }
                    sim.step().unwrap();
                    let p = if negated { -sim.get("p") } else { sim.get("p") };
                    let signed = if negated { -b } else { b };
                    let expected = saturating_rounding_doubling_high_mul(a as i32, signed as i32);
                    assert_eq!(p, expected.into(), "{a} x {signed}, {bits} bits a clock");
                }
            }
        }
    }
}
