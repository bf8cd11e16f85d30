//! `y = clamp(even(f32(f32(acc) * scale)) + zero_point, min, max)`: the requantizer whose factor is a float32.
//!
//! The block computes the rule `f32_even` of `docs/numerics.md` with integers alone: the accumulator is rounded to a
//! float, the product is rounded to a float, and the float to the nearest integer, ties to even. ONNX Runtime, XNNPACK,
//! FBGEMM and PyTorch requantize so, and the block equals them to the last bit.
//!
//! ```text
//!             +-------------------+
//!  in_valid ->|                   |-> out_valid
//!  in_ready <-|                   |<- out_ready
//!       acc ->| float_requantizer |-> y
//!     scale ->|                   |
//!  zero_point, min, max ->        |
//!             +-------------------+
//! ```
//!
//! `scale` is the float32 itself without its sign bit: 8 bits of exponent and 23 of fraction. A scale below 2^-126 counts
//! as 0, which changes no result. There is a result in each clock, `pipeline` clocks after its accumulator. Overflow is
//! impossible: the product is exact, and a product beyond the bounds is known by its exponent.
//!
//! 1. The accumulator is shifted left by a multiple of 4 places, until its five upper bits differ. If a float does not hold
//!    it, it is rounded to 24 bits from its leading bit on (`normalizer.rs`).
//! 2. Its product by the significand of the scale is exact, and has its leading bit at one of five places.
//! 3. Exponent and shift say by how many places it is shifted right. Only a few bits more are shifted than the result has
//!    (`shifter.rs`).
//! 4. Two bits about everything below decide the rounding, which is added together with the zero point.

mod config;
mod normalizer;
mod shifter;

use rust_hdl::prelude::*;

use config::Spot;
pub use config::{FloatRequantizerConfig, Scaling};
use normalizer::Normalized;
use shifter::{Shifted, dropped_groups};

use crate::blocks::requantizer::datapath::{Bounds, OutOfBounds, Output};
use crate::blocks::requantizer::product::AtOnce;
use crate::exact::{Clk, Describe, Header, Int, Kernel, Maybe, Port, Range, Stage};
use crate::interface::{Streamed, Streams};
use crate::stream::PipelineStream;
use crate::targets::ecp5::{Mult18x18d, Registers};
use crate::targets::ice40::chain::Chain;
use crate::targets::{Multiplier, Place};
use crate::{describe_logic, ports};

/// Values of the port of the scale: all floats that are not negative, and not infinite.
pub const SCALE: Range = Range::new(0, 0x7f7f_ffff);

/// See the [module](self).
#[derive(LogicBlock)]
pub struct FloatRequantizer {
    /// clock
    pub clk: Clk,
    /// reset of the valid bits
    pub rst_n: Port<In>,
    /// stream ports
    pub flow: PipelineStream,
    /// accumulator
    pub acc: Port<In>,
    /// scale
    pub scale: Port<In>,
    /// output zero point
    pub zero_point: Port<In>,
    /// least result
    pub min: Port<In>,
    /// greatest result
    pub max: Port<In>,
    /// result
    pub y: Port<Out>,
    part: Vec<Mult18x18d>,
    chain: Maybe<Chain>,
    rooms: Stage,
    coarse: Stage,
    fine: Stage,
    up: Stage,
    sum: Stage,
    product: Vec<Stage>,
    wide: Stage,
    narrow: Stage,
    offset: Stage,
    compare: Stage,
    result: Stage,
    _config: FloatRequantizerConfig,
}

impl FloatRequantizer {
    /// A float requantizer.
    ///
    /// # Errors
    /// The errors of [`FloatRequantizerConfig::validate`].
    pub fn new(config: FloatRequantizerConfig) -> Result<FloatRequantizer, String> {
        config.validate()?;
        let (traits, registered) = (config.target.traits(), config.product_ranks());
        let [input, pipeline, output] = [Place::Operands, Place::Multiply, Place::Partial].map(|p| registered.at(p));
        let inside = Registers { input, pipeline, output };
        let operands = config.operands();
        let cells = match traits.multiplier {
            Multiplier::Mult18x18d if inside.output => traits.products(operands).unwrap_or(0),
            _ => 0,
        };
        let chained = config.chained();
        let backpressure = !config.no_backpressure;
        let stage = |spot| Stage::new(config.has(spot));
        let values = config.output.range();
        Ok(FloatRequantizer {
            clk: Clk::new(),
            rst_n: Port::bit("synchronous reset, active low"),
            flow: PipelineStream::new(config.latency(), 1, backpressure),
            acc: Port::new(config.acc(), "accumulator"),
            scale: Port::new(SCALE, "float32 without its sign bit"),
            zero_point: Port::new(values, "output zero point"),
            min: Port::new(values, "least result"),
            max: Port::new(values, "greatest result"),
            y: Port::new(values, "result"),
            part: (0..cells).map(|_| Mult18x18d::new(inside, backpressure)).collect(),
            chain: Maybe::when(chained, || Chain::new(operands, false, registered, backpressure)),
            rooms: stage(Spot::Rooms),
            coarse: stage(Spot::Coarse),
            fine: stage(Spot::Fine),
            up: stage(Spot::Up),
            sum: stage(Spot::Sum),
            product: AtOnce::PLACES.iter().map(|&place| Stage::new(registered.at(place))).collect(),
            wide: stage(Spot::Wide),
            narrow: stage(Spot::Narrow),
            offset: stage(Spot::Offset),
            compare: stage(Spot::Compare),
            result: stage(Spot::Result),
            _config: config,
        })
    }

    /// Its configuration.
    pub fn config(&self) -> &FloatRequantizerConfig {
        &self._config
    }

    /// The product of the significands, with what is needed behind it.
    fn multiply<'k>(&'k self, k: &'k Kernel, advance: Int<'k>, x: Normalized<'k>) -> Multiplied<'k> {
        let c = &self._config;
        let ranks = std::array::from_fn(|i| k.stage(&self.product[i], advance));
        let before = [&self.rooms, &self.coarse, &self.fine, &self.up, &self.sum].map(Stage::latency).iter().sum();
        let at_once = AtOnce {
            traits: c.target.traits(),
            clk: &self.clk,
            advance,
            flow: (&self.flow, before),
            chain: self.chain.get(),
            cells: &self.part,
            ranks,
        };
        let [first, between @ .., last] = ranks;
        let right = first.pass("right", x.places);
        // As many places as these bits count leave no more than the sign.
        let bits = c.bits_of_places();
        let short = right.bits(bits, right.range().width() - bits).equals(0);
        let places = short.mux(right.bits(0, bits), (1 << bits) - 1).named("places");
        let beside = (places, right.is_negative(), x.output.pass(first));
        let (places, left, output) = between.iter().fold(beside, |(places, left, output), rank| {
            (rank.pass("places", places), rank.pass("left", left), output.pass(*rank))
        });
        // Behind the product there is no time to find which groups are dropped.
        let drops = dropped_groups(places).into_iter().map(|drops| last.pass("drops", drops)).collect();
        let (places, left, output) = (last.pass("places", places), last.pass("left", left), output.pass(last));
        let p = at_once.product(k, [x.significand, x.scale], || k.lit(0));
        // What was not rounded has fewer bits.
        let p = if c.is_exact() { p << (config::EXACT - c.acc_width) } else { p };
        Multiplied { p, places, drops, left, output }
    }
}

/// A product, and what is needed behind it.
struct Multiplied<'k> {
    p: Int<'k>,
    /// places by which it is shifted right
    places: Int<'k>,
    /// groups of bits that are dropped thereby
    drops: Vec<Int<'k>>,
    /// unless it is 0, it is beyond the bounds
    left: Int<'k>,
    output: Output<'k>,
}

impl Streamed for FloatRequantizer {
    fn streams(&self) -> Streams<'_> {
        let payload = ports![&self.acc, &self.scale, &self.zero_point, &self.min, &self.max];
        Streams { input: self.flow.input(payload), output: self.flow.output(ports![&self.y]), interval: 1 }
    }
}

describe_logic!(FloatRequantizer);

impl Describe for FloatRequantizer {
    fn header(&self) -> Header {
        let c = &self._config;
        let name = format!("float_requantizer_acc{}_{}", c.acc_width, c.output);
        let plural = if c.latency() == 1 { "" } else { "s" };
        Header::new(name, "y = clamp(even(f32(f32(acc) * scale)) + zero_point, min, max),".to_owned())
            .line("rounded to nearest, ties to even, three times.")
            .fact("rule", "f32_even: ONNX Runtime, XNNPACK, FBGEMM, PyTorch")
            .fact("acc", c.acc())
            .fact("scale", "float32, without its sign bit")
            .fact("y", format!("{}, {}", c.output, c.output.range()))
            .fact("latency", format!("{} cycle{plural}", c.latency()))
            .fact("throughput", "one result per clock")
    }

    fn describe(&self, k: &Kernel) {
        let range = self._config.output.range();
        let width = range.width();
        k.clock(&self.clk);
        k.reset(&self.rst_n);
        let advance = self.flow.describe(k);
        let bounds = Bounds { min: k.read(&self.min), max: k.read(&self.max), steady: false };
        let output = Output { zero_point: k.read(&self.zero_point), steady: false, bounds };
        let x = self.normalized(k, advance, output);
        let Multiplied { p, places, drops, left, mut output } = self.multiply(k, advance, x);

        let rank = k.stage(&self.wide, advance);
        let shifted = Shifted::new(p, width, self._config.low()).shift_groups(places, &drops).pass(rank);
        let few = rank.pass("few", (places >> 2).equals(0));
        let (places, left) = (rank.pass("places", places.bits(0, 2)), rank.pass("left", left));
        output = output.pass(rank);

        let rank = k.stage(&self.narrow, advance);
        let beyond = rank.pass("beyond", shifted.is_beyond([left, few], places));
        let settled = shifted.shift_bits(places).settled().pass(rank);
        output = output.pass(rank);

        let rank = k.stage(&self.offset, advance);
        let z = rank.pass("z", settled.offset(output.zero_point));
        let (beyond, negative) = (rank.pass("beyond", beyond), rank.pass("negative", settled.negative));
        let bounds = output.bounds.pass(rank);

        let rank = k.stage(&self.compare, advance);
        let side = OutOfBounds::new(beyond, negative, z, bounds).pass(rank);
        let (z, bounds) = (rank.pass("z", z), bounds.pass(rank));

        let rank = k.stage(&self.result, advance);
        k.drive(&self.y, rank.pass("y", side.clamped(z, bounds, range)));
    }
}
