//! The reciprocal of a sum of exponentials, as gemmlowp computes it: three steps of Newton's division.
//!
//! The sum `s` is moved left until its first bit is 1. This is `half`, in 1/2..1. With `x` as a multiple of 2^-29,
//!
//! ```text
//!   x    = 48/17 - half 32/17                     operation 0
//!   rest = 1 - half x;  x = x + 4 (x rest)        operations 1 and 2, 3 and 4, 5 and 6
//! ```
//!
//! where each product is the block's only multiplier, beyond this part. At last `2 x`, saturated, is the reciprocal as a
//! multiple of 2^-31. Two clocks follow each product: one makes it an addend, one adds it.

use rust_hdl::prelude::*;

use super::config::EXPONENTIAL;
use super::product::FACTOR;
use crate::describe_logic;
use crate::exact::{Clk, Describe, Header, Int, Kernel, Port, Range, Reg};

/// Values of a term, in 2^-19.
pub(super) const TERM: Range = Range::new(0, 1 << 19);

/// Values of the sum, in 2^-19, before and after its first bit is brought to the top.
const SUM: Range = Range::unsigned(28);

/// Greatest number of places by which the sum moves: a sum of at least 1 has at least 20 of 28 bits.
const PLACES: i128 = 8;

/// The last operation.
const LAST: i128 = 6;

/// gemmlowp's constants as multiples of 2^-29.
const C48_OVER_17: i128 = 1_515_870_810;
const C32_OVER_17: i128 = 1_010_580_540;
const ONE: i128 = 1 << 29;

/// Values of `1 - half x`: the first `x` is within 1/17 of the reciprocal.
const REST: Range = Range::signed(26);

/// See the [module](self).
#[derive(LogicBlock)]
pub(super) struct Reciprocal {
    /// clock
    pub clk: Clk,
    /// reset
    pub rst_n: Port<In>,
    /// the sum becomes 0
    pub clear: Port<In>,
    /// the term is added to the sum
    pub add: Port<In>,
    /// term
    pub term: Port<In>,
    /// the sum is complete
    pub start: Port<In>,
    /// the product of this part stands at `p`
    pub ready: Port<In>,
    /// product
    pub p: Port<In>,
    /// the multiplier takes the factors
    pub multiply: Port<Out>,
    /// first factor; behind `done` it is the reciprocal in 2^-31 of the sum moved left, until the next start
    pub a: Port<Out>,
    /// second factor
    pub b: Port<Out>,
    /// the product is negated
    pub negated: Port<Out>,
    /// the reciprocal stands at `a` from the next clock on
    pub done: Port<Out>,
    /// places by which the sum was moved less than it could be
    pub places: Port<Out>,
    sum: Reg,
    moving: Reg,
    step: Reg,
    fewer: Reg,
    operation: Reg,
    begins: Reg,
    adding: Reg,
    doubling: Reg,
    estimate: Reg,
    addend: Reg,
    turned: Reg,
    rest: Reg,
    size: Reg,
    negative: Reg,
    takes_x: Reg,
    _terms: u32,
}

impl Reciprocal {
    /// The reciprocal of a sum of at most `terms` terms.
    pub(super) fn new(terms: u32) -> Reciprocal {
        let flag = || Reg::control(0..=1, 0);
        Reciprocal {
            clk: Clk::new(),
            rst_n: Port::bit("synchronous reset, active low"),
            clear: Port::bit("the sum becomes 0"),
            add: Port::bit("the term is added"),
            term: Port::new(TERM, "term in 2^-19"),
            start: Port::bit("the sum is complete"),
            ready: Port::bit("the product stands at p"),
            p: Port::new(FACTOR, "product of the factors"),
            multiply: Port::bit("the multiplier takes the factors"),
            a: Port::new(FACTOR, "factor; the reciprocal once it is done"),
            b: Port::new(FACTOR, "factor"),
            negated: Port::bit("the product is negated"),
            done: Port::bit("the reciprocal stands at a from the next clock on"),
            places: Port::new(0..=PLACES, "8, less the places by which the sum was moved"),
            sum: Reg::new(SUM),
            moving: flag(),
            step: Reg::control(0..=PLACES - 1, 0),
            fewer: Reg::new(0..=PLACES),
            operation: Reg::new(0..=LAST),
            begins: flag(),
            adding: flag(),
            doubling: flag(),
            estimate: Reg::new(EXPONENTIAL),
            addend: Reg::new(FACTOR),
            turned: Reg::new(0..=1),
            rest: Reg::new(REST),
            size: Reg::new(Range::unsigned(REST.width() - 1)),
            negative: Reg::new(0..=1),
            takes_x: Reg::new(0..=1),
            _terms: terms,
        }
    }

    /// Describes the sum, and how it moves left for as many clocks as it may have to. Gives 1 in the last of them.
    fn sum<'k>(&'k self, k: &'k Kernel, moving: Int<'k>) -> Int<'k> {
        let (sum, places, step) = (k.read(&self.sum), k.read(&self.fewer), k.read(&self.step));
        let (clear, add, start) = (k.read(&self.clear), k.read(&self.add), k.read(&self.start));
        let most = TERM.hi() * i128::from(self._terms);
        let more = (sum + k.read(&self.term)).bounded(0..=most, "a row has no more terms");
        let up = (moving & !sum.bit(SUM.width() - 1)).named("up");
        let moved = sum.bits(0, SUM.width() - 1) << 1;
        k.register_when(&self.sum, clear | add | up, clear.mux(0, add.mux(more, moved)));
        k.register_when(
            &self.fewer,
            start | up,
            start.mux(PLACES, (places - 1).bounded(0..=PLACES, "8 places at most")),
        );
        let last = (moving & step.equals(PLACES - 1)).named("moved");
        k.register_when(&self.step, moving, last.mux(0, (step + 1).within(self.step.range())));
        k.register(&self.moving, start | (moving & !last));
        last
    }

    /// Describes `x`. A product that is subtracted is added with all its bits inverted, and 1.
    fn estimate<'k>(&'k self, k: &'k Kernel, first: Int<'k>, x: Int<'k>) {
        let (start, ready, adding, doubling) =
            (k.read(&self.start), k.read(&self.ready), k.read(&self.adding), k.read(&self.doubling));
        let (addend, turned) = (k.read(&self.addend), k.read(&self.turned));
        let adds = (adding & !k.read(&self.operation).bit(0)).named("adds");

        // x is at most 2, so half of it times the rest has no more bits than the rest.
        let change = k.read(&self.p).bits(0, REST.width() - 1) << 2;
        let turns = (first | k.read(&self.negative)).named("turns");
        let signs = turns.mux(FACTOR.hi(), 0);
        k.register_when(&self.addend, ready, first.mux(k.read(&self.p), change) ^ signs);
        k.register_when(&self.turned, ready, turns);

        // One carry chain, which begins with the 1.
        let addend = turned.concat(addend, FACTOR.width()).as_signed().concat(turned, 1);
        let sum = (x.concat(k.lit(1), 1) + addend).named("twice_the_sum") >> 1;
        let sum = sum.bounded(EXPONENTIAL, "the reciprocal of 1/2..1 is 1..2");
        // 2 is no number of 31 bits, and becomes the greatest.
        let above = x.bit(FACTOR.width() - 1);
        let doubled = above.mux(EXPONENTIAL.hi(), x.bits(0, FACTOR.width() - 1) << 1);
        // The first product was taken with 32/17 as x.
        let constant = start.mux(C32_OVER_17, C48_OVER_17);
        let next = adds.mux(sum, doubling.mux(doubled, constant));
        k.register_when(&self.estimate, start | adds | doubling | (ready & first), next);
    }
}

describe_logic!(Reciprocal);

impl Describe for Reciprocal {
    fn header(&self) -> Header {
        Header::new("reciprocal", "x = 1 / sum of terms, by three steps of Newton's division.")
            .fact("exact to", "gemmlowp one_over_one_plus_x_for_x_in_0_1 (fixedpoint.h)")
    }

    fn describe(&self, k: &Kernel) {
        k.clock(&self.clk);
        k.reset(&self.rst_n);
        let moved = self.sum(k, k.read(&self.moving));
        let (start, ready, p) = (k.read(&self.start), k.read(&self.ready), k.read(&self.p));
        let (operation, adding) = (k.read(&self.operation), k.read(&self.adding));
        let (x, rest, negative) = (k.read(&self.estimate), k.read(&self.rest), k.read(&self.negative));
        let takes_x = k.read(&self.takes_x);

        let last = operation.equals(LAST).named("last");
        let first = operation.equals(0).named("first");
        // Operations 2, 4 and 6 improve x, operations 1, 3 and 5 give its rest.
        let gives_rest = operation.bit(0);
        let next = last.mux(0, (operation + 1).within(self.operation.range()));
        k.register_when(&self.operation, start | adding, start.mux(0, next));
        k.register(&self.adding, ready);
        k.register(&self.begins, moved | (adding & !last));
        k.register(&self.doubling, adding & last);

        let new_rest = (k.lit(ONE) - p).bounded(REST, "x is within 1/17 of the reciprocal");
        let size = (rest.is_negative().mux(-rest, rest)).bounded(self.size.range(), "a rest is less than 1/16");
        k.register_when(&self.rest, gives_rest & ready, new_rest);
        k.register_when(&self.size, gives_rest & adding, size);
        k.register_when(&self.negative, gives_rest & adding, rest.is_negative());
        // A register chooses the factors, because it has many readers.
        k.register_when(&self.takes_x, start | adding, !start & (gives_rest | last));
        self.estimate(k, first, x);

        k.drive(&self.multiply, k.read(&self.begins));
        k.drive(&self.a, takes_x.mux(x, k.read(&self.sum) << (FACTOR.width() - SUM.width())));
        k.drive(&self.b, takes_x.mux(k.read(&self.size), x));
        k.drive(&self.negated, first | (takes_x & negative));
        k.drive(&self.done, k.read(&self.doubling));
        k.drive(&self.places, k.read(&self.fewer));
    }
}
