//! Softmax of rows of int8: `y = round(256 exp(x) / sum exp(x)) - 128`, equal to TFLM's SOFTMAX to the last bit.
//!
//! ```text
//!             +---------+
//!  in_valid ->|         |-> out_valid        table_write, table_x, table_y: where the exponentials are loaded
//!  in_ready <-| softmax |<- out_ready
//!         x ->|         |-> y
//!    x_last ->|         |-> y_last
//!             +---------+
//! ```
//!
//! A row ends with `x_last`, or with its `max_length`th value. The values of a row are kept until the greatest is known.
//! Then the exponentials of `x - greatest`, which come from a table, are added up. The sum has one reciprocal, and
//! each value one product by the reciprocal. One multiplier computes all products, a few bits a clock.
//! [`SoftmaxConfig::clocks`] says how many clocks a row takes; there is one row in the block at a time.
//!
//! The table gives the exponential of a value that lies `below` the greatest by 0 to 255, in 2^-31, as golden's
//! `SoftmaxParameters::exponential` does. Entry 0 is `2^31 - 1`, which stands for 1; with another entry 0, results have no
//! meaning. The table is constant, or loaded as [`table`](crate::table) says; while a row is in the block, it must not
//! change.

mod config;
mod product;
mod reciprocal;

use config::EXPONENTIAL;
pub use config::SoftmaxConfig;
use product::SerialProduct;
use reciprocal::{Reciprocal, TERM};
use rust_hdl::prelude::*;

use crate::exact::{Clk, Describe, Header, Int, Kernel, Port, Range, Reg, Stage};
use crate::interface::{StreamPorts, Streamed, Streams};
use crate::memory::Memory;
use crate::table::Table;
use crate::{describe_logic, ports};

/// Values of `x` and `y`.
const INT8: Range = Range::signed(8);

/// Clock edges from the place of a value to its rounded exponential: two of the memory of the row, the difference, two of
/// the table, the rounding.
const READ: usize = 6;

/// See the [module](self).
#[derive(LogicBlock)]
pub struct Softmax {
    /// clock
    pub clk: Clk,
    /// reset, which drops the row; the table stays
    pub rst_n: Port<In>,
    /// a value is offered
    pub in_valid: Port<In>,
    /// the value is taken
    pub in_ready: Port<Out>,
    /// value
    pub x: Port<In>,
    /// the value is the last of its row
    pub x_last: Port<In>,
    /// exponentials
    pub table: Table,
    /// a result is offered
    pub out_valid: Port<Out>,
    /// the result is taken
    pub out_ready: Port<In>,
    /// result
    pub y: Port<Out>,
    /// the result is the last of its row
    pub y_last: Port<Out>,
    row: Memory,
    taken: Stage,
    greatest: Reg,
    taking: Reg,
    summing: Reg,
    scaling: Reg,
    index: Reg,
    last_index: Reg,
    read: Vec<Reg>,
    difference: Stage,
    term: Stage,
    complete: Reg,
    reciprocal: Reciprocal,
    product: SerialProduct,
    begins: Reg,
    last: Reg,
    finished: Reg,
    held: Reg,
    moved: Reg,
    offered: Reg,
    scaled: Stage,
    shifted: Stage,
    output: Stage,
    _config: SoftmaxConfig,
}

impl Softmax {
    /// A softmax.
    ///
    /// # Errors
    /// The errors of [`SoftmaxConfig::exponentials`].
    pub fn new(config: &SoftmaxConfig) -> Result<Softmax, String> {
        let entries = config.exponentials()?;
        let place = Range::new(0, i128::from(config.max_length) - 1);
        let flag = |init| Reg::control(0..=1, init);
        let rank = || Stage::new(true);
        Ok(Softmax {
            clk: Clk::new(),
            rst_n: Port::bit("synchronous reset, active low"),
            in_valid: Port::bit("a value is offered"),
            in_ready: Port::bit("the value is taken"),
            x: Port::new(INT8, "value"),
            x_last: Port::bit("the value is the last of its row"),
            table: Table::new(entries, Range::unsigned(8), EXPONENTIAL, "distance from the greatest value")
                .registered(config.target),
            out_valid: Port::bit("a result is offered"),
            out_ready: Port::bit("the result is taken"),
            y: Port::new(INT8, "result, in 1/256, less 128"),
            y_last: Port::bit("the result is the last of its row"),
            row: Memory::new(config.target, config.max_length as usize, INT8),
            taken: rank(),
            greatest: Reg::new(INT8),
            taking: flag(1),
            summing: flag(0),
            scaling: flag(0),
            index: Reg::control(place, 0),
            last_index: Reg::new(place),
            read: (0..READ).map(|_| flag(0)).collect(),
            difference: rank(),
            term: rank(),
            complete: flag(0),
            reciprocal: Reciprocal::new(config.max_length),
            product: SerialProduct::new(config.bits),
            begins: flag(0),
            last: Reg::new(0..=1),
            finished: flag(0),
            held: flag(0),
            moved: flag(0),
            offered: flag(0),
            scaled: rank(),
            shifted: rank(),
            output: rank(),
            _config: config.clone(),
        })
    }

    /// Describes how a row is taken: the memory, the greatest value, and the counter of places, which also runs through
    /// the row when its exponentials are added up and when its values are scaled. Gives the value at that place.
    fn row<'k>(&'k self, k: &'k Kernel) -> Int<'k> {
        let (taking, summing, index) = (k.read(&self.taking), k.read(&self.summing), k.read(&self.index));
        let (x, last_index) = (k.read(&self.x), k.read(&self.last_index));
        let accept = (k.read(&self.in_valid) & taking).named("accept");
        let full = index.equals(self.index.range().hi());
        let row_ends = (accept & (k.read(&self.x_last) | full)).named("row_ends");
        let at_end = index.equals(last_index).named("at_end");
        let scales = (k.read(&self.begins) & k.read(&self.scaling)).named("value_begins");

        let more = (index + 1).bounded(self.index.range(), "the row ends at the last place");
        let step = accept | summing | scales;
        k.register_when(&self.index, step, taking.mux(row_ends, at_end).mux(0, more));
        k.register_when(&self.last_index, row_ends, index);
        k.register(&self.summing, row_ends | (summing & !at_end));
        k.register_when(&self.last, scales, at_end);

        // The greatest value is known a clock later, long before it is needed.
        let taken = k.stage(&self.taken, 1);
        let (value, first) = (taken.pass("x", x), taken.pass("first", index.equals(0)));
        let (valid, greatest) = (taken.pass("accept", accept), k.read(&self.greatest));
        k.register_when(&self.greatest, valid & (first | greatest.lt_in_one_chain(value)), value);
        let row_leaves = k.read(&self.offered) & k.read(&self.out_ready) & k.read(&self.y_last);
        k.register(&self.taking, taking.mux(!row_ends, row_leaves));
        k.drive(&self.in_ready, taking);
        self.row.read(k, &self.clk, (accept, index, x), index)
    }

    /// Describes the way from a value to its exponential and to the sum, which nothing stops. Gives the exponential.
    fn exponential<'k>(&'k self, k: &'k Kernel, value: Int<'k>) -> Int<'k> {
        let [difference_rank, term_rank] = [&self.difference, &self.term].map(|rank| k.stage(rank, 1));
        // The greatest value is known, and no value above it, once the row is taken.
        let below = difference_rank.pass("below", (k.read(&self.greatest) - value).bits(0, 8));
        let exponential = self.table.read(k, &self.clk, k.lit(1), below);
        // To the nearest multiple of 2^-19, ties up.
        let term = term_rank.pass("term", ((exponential >> 11) + 1).named("twice_the_term") >> 1);

        let mut reads = k.read(&self.summing);
        for rank in &self.read {
            k.register(rank, reads);
            reads = k.read(rank);
        }
        let last = reads & !k.read(&self.read[READ - 2]);
        k.register(&self.complete, last);
        k.drive(&self.reciprocal.clear, k.read(&self.taking));
        k.drive(&self.reciprocal.add, reads);
        k.drive(&self.reciprocal.term, term.bounded(TERM, "an exponential is at most 1"));
        k.drive(&self.reciprocal.start, k.read(&self.complete));
        exponential
    }

    /// Describes whose factors the multiplier takes, and when a value begins. Gives the product.
    fn multiply<'k>(&'k self, k: &'k Kernel, advance: Int<'k>, exponential: Int<'k>) -> Int<'k> {
        let scaling = k.read(&self.scaling);
        let (part, product) = (&self.reciprocal, &self.product);
        let begins = k.read(&self.begins);
        k.drive(&product.start, begins | k.read(&part.multiply));
        k.drive(&product.a, k.read(&part.a));
        k.drive(&product.b, scaling.mux(exponential, k.read(&part.b)));
        k.drive(&product.negated, !scaling & k.read(&part.negated));

        let finished = k.read(&self.finished);
        k.register(&self.finished, k.read(&product.ends) | (finished & !advance));
        let scaled = (finished & scaling & advance).named("value_scaled");
        let done = k.read(&part.done);
        k.register(&self.begins, done | (scaled & !k.read(&self.last)));
        k.register(&self.scaling, done | (scaling & !(scaled & k.read(&self.last))));
        k.read(&product.p)
    }
}

impl Streamed for Softmax {
    fn streams(&self) -> Streams<'_> {
        let input = StreamPorts {
            valid: Some(&self.in_valid),
            ready: Some(&self.in_ready),
            payload: ports![&self.x, &self.x_last],
        };
        let output = StreamPorts {
            valid: Some(&self.out_valid),
            ready: Some(&self.out_ready),
            payload: ports![&self.y, &self.y_last],
        };
        Streams { input, output, interval: 1 }
    }
}

describe_logic!(Softmax);

impl Describe for Softmax {
    fn header(&self) -> Header {
        let config = &self._config;
        let (one, two) = (config.clocks(1), config.clocks(2));
        Header::new("softmax", "y = round(256 exp(x) / sum of exp over the row) - 128, saturated.")
            .fact("row", format!("1..={} values", config.max_length))
            .fact("table", self.table.source())
            .fact("clocks", format!("{} n + {} for a row of n values", two - one, 2 * one - two))
            .fact("exact to", "SOFTMAX of TFLM, int8 to int8; golden: softmax_by_table")
    }

    fn describe(&self, k: &Kernel) {
        k.clock(&self.clk);
        k.reset(&self.rst_n);
        k.pass_clock(&self.clk, &self.reciprocal.clk);
        k.pass_clock(&self.clk, &self.product.clk);
        k.drive(&self.reciprocal.rst_n, k.read(&self.rst_n));
        k.drive(&self.product.rst_n, k.read(&self.rst_n));

        let offered = k.read(&self.offered);
        let advance = (k.read(&self.out_ready) | !offered).named("advance");
        let exponential = self.exponential(k, self.row(k));
        let product = self.multiply(k, advance, exponential);

        // The product goes to the part that divides, or on to the result.
        let (held, moved, scaling) = (k.read(&self.held), k.read(&self.moved), k.read(&self.scaling));
        let [scaled, shifted, output] = [&self.scaled, &self.shifted, &self.output].map(|rank| k.stage(rank, advance));
        let finished = k.read(&self.finished);
        let is_result = scaled.pass("is_result", scaling);
        let last = scaled.pass("last", k.read(&self.last));
        let product = scaled.pass("product", product);
        k.register_when(&self.held, advance, finished);
        k.drive(&self.reciprocal.ready, held & !is_result);
        k.drive(&self.reciprocal.p, product);

        // The greatest shift leaves 9 bits, of which the lowest rounds.
        let twice = shifted.pass("twice", (product >> 22) >> k.read(&self.reciprocal.places));
        let last = shifted.pass("last", last);
        k.register_when(&self.moved, advance, held & is_result);
        let y = ((twice + 1).named("rounded") >> 1).clamp(0..=255) - 128;
        k.register_when(&self.offered, advance, moved);
        k.drive(&self.y, output.pass("y", y));
        k.drive(&self.y_last, output.pass("last", last));
        k.drive(&self.out_valid, offered);
    }
}
