//! `y = clamp(requant(acc + bias, multiplier, shift) + zero_point, min, max)`: the fixed-point requantizer.
//!
//! `requant(x, m, s)` is `x * m * 2^(s - (B-1))`, rounded by one of the rules of `docs/numerics.md`, where `B` is the
//! width of the multiplier: 8, 16 or 32 bits. The block equals the named reference for every accumulator that the
//! reference defines (`docs/numerics.md`, "Contract and overflow"). For other accumulators it saturates.
//!
//! ```text
//!             +-------------+
//!  in_valid ->|             |-> out_valid
//!  in_ready <-|             |<- out_ready
//!       acc ->| requantizer |-> y
//!   channel ->|             |   channel: where a parameter is a table
//!  multiplier, shift, … ->  |   a port each: where a parameter is a port
//!             +-------------+
//! ```
//!
//! There is a result in each clock, or in one of `passes` clocks. It comes `pipeline + passes - 1` clocks after its
//! accumulator. Every parameter that is a port travels with its accumulator. Without backpressure there is no
//! `in_ready` and no `out_ready`. Overflow is impossible: the product is exact, and the bits that the shifter drops
//! decide the clamp.

mod bits;
mod config;
mod cut;
pub(in crate::blocks) mod datapath;
mod parameters;
pub(in crate::blocks) mod partial;
mod pass_form;
mod passes;
pub(in crate::blocks) mod product;
mod rounding;
mod shifter;
mod stages;

use qrtl_golden::Contract;
use rust_hdl::core::atom::Atom;
use rust_hdl::prelude::*;

pub(in crate::blocks) use config::bounds_in_order;
pub use config::{DEFAULT_PIPELINE, OUTPUTS, RequantizerConfig};
pub use cut::{Cut, Read};
use datapath::{Bounds, OutOfBounds, Output, kept_bits, places};
pub use parameters::Parameters;
use pass_form::PassForm;
use passes::Passes;
use rounding::Rounding;
use shifter::{Rounded, Shifted};
use stages::Stages;

use crate::exact::{Clk, Describe, Header, Int, Kernel, Maybe, Port, Stage};
use crate::interface::{Streamed, Streams};
use crate::parameter::Source;
use crate::stream::PipelineStream;
use crate::targets::ecp5::{Mult18x18d, Registers};
use crate::targets::ice40::chain::Chain;
use crate::targets::{Place, Registered};
use crate::{describe_logic, ports};

/// See the [module](self).
#[derive(LogicBlock)]
pub struct Requantizer {
    /// clock
    pub clk: Clk,
    /// reset of the valid bits
    pub rst_n: Port<In>,
    /// stream ports
    pub flow: PipelineStream,
    /// accumulator
    pub acc: Port<In>,
    channel: Maybe<Port<In>>,
    /// ports of the parameters that are ports
    pub parameters: Parameters<Maybe<Port<In>>>,
    /// result
    pub y: Port<Out>,
    part: Vec<Mult18x18d>,
    chain: Maybe<Chain>,
    passes: Maybe<Passes>,
    held: Vec<Stage>,
    stages: Stages,
    _config: RequantizerConfig,
}

impl Requantizer {
    /// A requantizer.
    ///
    /// # Errors
    /// The errors of [`RequantizerConfig::validate`].
    pub fn new(config: RequantizerConfig) -> Result<Requantizer, String> {
        config.validate()?;
        let traits = config.target.traits();
        let registered = Registered::first(config.pipeline, traits.places(config.passes));
        let [input, pipeline, output] = [Place::Operands, Place::Multiply, Place::Partial].map(|p| registered.at(p));
        let inside = Registers { input, pipeline, output };
        let cells = if inside.output && config.passes == 1 { config.cells() } else { 0 };
        let chain = || {
            Chain::new(
                config.operands(),
                Rounding::of(config.rule).nudge().is_some(),
                registered,
                config.backpressure(),
            )
        };
        let form = PassForm {
            traits,
            operands: config.operands(),
            passes: config.passes,
            registered,
            enable: config.backpressure(),
        };
        // The operands of a beat hold for as many clocks as there are passes, and so does each rank behind them.
        let held = if config.passes > 1 { (form.latency() + 1).div_ceil(config.passes) } else { 0 };
        let docs = Parameters {
            bias: "added to the accumulator",
            multiplier: "fixed-point multiplier",
            shift: "left is positive, right is negative",
            zero_point: "output zero point",
            min: "least result",
            max: "greatest result",
        };
        let parameters = config.sources().zip(config.port_ranges().zip(docs));
        let parameters = parameters
            .map(|(_, (source, (range, doc)))| Maybe::when(*source == Source::Port, || Port::new(range, doc)));
        let channels = config.channels().unwrap_or(0) as i128;
        Ok(Requantizer {
            clk: Clk::new(),
            rst_n: Port::bit("synchronous reset, active low"),
            flow: PipelineStream::new(config.latency(), config.interval(), config.backpressure()),
            acc: Port::new(config.acc(), "accumulator"),
            channel: Maybe::when(channels > 0, || Port::new(0..=channels - 1, "channel, which selects table entries")),
            parameters,
            y: Port::new(config.output.range(), "result"),
            part: (0..cells).map(|_| Mult18x18d::new(inside, config.backpressure())).collect(),
            chain: Maybe::when(config.chained() && config.passes == 1, chain),
            passes: Maybe::when(config.passes > 1, || Passes::new(form)),
            held: (0..held).map(|_| Stage::new(true)).collect(),
            stages: Stages::new(registered),
            _config: config,
        })
    }

    /// Its configuration.
    pub fn config(&self) -> &RequantizerConfig {
        &self._config
    }

    /// The port that selects the entries of tables, if there are any.
    pub fn channel(&self) -> Option<&Port<In>> {
        self.channel.get()
    }

    /// The value of each parameter, from its port, its table or its constant.
    fn values<'k>(&self, k: &'k Kernel) -> Parameters<Int<'k>> {
        let sources = self._config.sources().zip(self.parameters.as_ref());
        sources.map(|(name, (source, port))| match (source, port.get(), self.channel.get()) {
            (Source::Port, Some(port), _) => k.read(port),
            (Source::Table(values), _, Some(channel)) => {
                let words: Vec<i128> = values.iter().map(|&v| v.into()).collect();
                k.rom(&words, k.read(channel)).named(format!("{name}_entry"))
            }
            (Source::Constant(v), ..) => k.lit((*v).into()),
            _ => unreachable!("the constructor makes the ports that the sources need"),
        })
    }
}

impl Streamed for Requantizer {
    fn streams(&self) -> Streams<'_> {
        let mut payload: Vec<&dyn Atom> = ports![&self.acc, self.channel.get()];
        let parameters = self.parameters.as_ref().named().into_iter();
        payload.extend(parameters.filter_map(|(_, port)| port.get()).map(|port| port as &dyn Atom));
        let interval = self._config.interval();
        Streams { input: self.flow.input(payload), output: self.flow.output(ports![&self.y]), interval }
    }
}

describe_logic!(Requantizer);

impl Describe for Requantizer {
    fn header(&self) -> Header {
        let c = &self._config;
        let b = c.multiplier_width.bits();
        let name = format!("requantizer_{}_acc{}_m{b}", c.rule, c.acc().width());
        let formula = "y = clamp(requant(acc + bias, multiplier, shift) + zero_point, min, max),";
        let mut header = Header::new(name, formula)
            .line(format!("requant(x, m, s) = x * m * 2^(s - {}), rounded by the rule {}.", b - 1, c.rule))
            .line(match c.rule.contract() {
                Contract::ShiftedAccumulator => {
                    "Defined where x * 2^max(s, 0) fits the accumulator's type; it saturates beyond."
                }
                Contract::Result => {
                    "Defined where x fits the accumulator's type, and requant(x, m, s) int32; it saturates beyond."
                }
            })
            .fact("rule", format!("{}: {}", c.rule, c.rule.reference()))
            .fact("acc", c.acc())
            .fact("y", format!("{}, {}", c.output, c.output.range()));
        for (name, (source, range)) in c.sources().zip(c.port_ranges()).named() {
            let text = match source {
                Source::Constant(v) => format!("{v} (constant)"),
                Source::Port => format!("port, {range}"),
                Source::Table(values) => format!("table of {} channels", values.len()),
            };
            header = header.fact(name, text);
        }
        let plural = if c.latency() == 1 { "" } else { "s" };
        let throughput = match c.interval() {
            1 => "one result per clock".to_owned(),
            n => format!("one result in {n} clocks"),
        };
        header.fact("latency", format!("{} cycle{plural}", c.latency())).fact("throughput", throughput)
    }

    fn describe(&self, k: &Kernel) {
        let c = &self._config;
        k.clock(&self.clk);
        k.reset(&self.rst_n);
        let advance = self.flow.describe(k);

        let Parameters { bias, multiplier: m, shift: s, zero_point, min, max } = self.values(k);
        let steady = c.steady;
        let output = Output { zero_point, steady, bounds: Bounds { min, max, steady } };

        // No reference defines a sum beyond its accumulator. A sum that wrapped would change its sign.
        let x = (k.read(&self.acc) + bias).clamp(c.rule.accumulator());
        let row = Rounding::of(c.rule);
        let (m, lift) = row.factor.of(c.multiplier_width, m);
        let (p, s, output) = self.product(k, advance, [x, m], s, output);
        let p = p << lift;

        let row = if self.chain.get().is_some() { row.nudged() } else { row };
        let (v, mut rounding) = Rounded::new(row, p);
        let (mut v, mut places, mut output) = (Shifted::new(k, v, rounding), places(s).named("places"), output);
        let keep = kept_bits(c.output.range());
        // Each rank is followed by shifts of as many places.
        let (wide, narrow): (&[u32], &[u32]) =
            if self.stages[Place::Narrow].latency() == 1 { (&[5, 4], &[3, 2]) } else { (&[5, 4, 3], &[2]) };
        for (place, bits, left) in [(Place::Wide, wide, 6 - wide.len()), (Place::Narrow, narrow, 2)] {
            for &bit in bits {
                v = v.shift(places, bit, rounding, keep);
            }
            let rank = k.stage(&self.stages[place], advance);
            (v, rounding, output) = (v.pass(rank), rounding.pass(rank), output.pass(rank));
            places = rank.pass("places", places.bits(0, left as u32));
        }
        let v = v.shift(places, 1, rounding, keep).shift(places, 0, rounding, keep).rounded(rounding);
        let rank = k.stage(&self.stages[Place::Fine], advance);
        let (v, output) = (v.pass(rank), output.pass(rank));

        let rank = k.stage(&self.stages[Place::Offset], advance);
        let z = rank.pass("z", v.offset(output.zero_point));
        let (beyond, negative) = (rank.pass("beyond", v.beyond), rank.pass("negative", v.negative));
        let bounds = output.bounds.pass(rank);

        let rank = k.stage(&self.stages[Place::Compare], advance);
        let side = OutOfBounds::new(beyond, negative, z, bounds).pass(rank);
        let (z, bounds) = (rank.pass("z", z), bounds.pass(rank));

        let rank = k.stage(&self.stages[Place::Result], advance);
        k.drive(&self.y, rank.pass("y", side.clamped(z, bounds, c.output.range())));
    }
}
