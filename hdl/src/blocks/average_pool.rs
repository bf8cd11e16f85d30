//! `y = clamp(round(sum x / n), min, max)` over a window of `n` int8, ties away from zero, equal to TFLM's
//! AVERAGE_POOL_2D.
//!
//! ```text
//!             +--------------+
//!  in_valid ->|              |-> out_valid
//!  in_ready <-| average_pool |<- out_ready
//!         x ->|              |-> y             a result for each window
//!    x_last ->|              |                 where windows differ in size
//!             +--------------+
//! ```
//!
//! The values of a window come in any order, one a beat; values outside of the image are left out. A requantizer divides:
//! its multiplier is a little more than `2^31 / n`, so that ties of either sign go away from zero. Golden's
//! `average_factor` gives the same multiplier, and a test of golden tries it for every sum.

use clap::Args;
use qrtl_golden::Rule;
use rust_hdl::prelude::*;
use serde::{Deserialize, Serialize};

use super::requantizer::{DEFAULT_PIPELINE, Requantizer, RequantizerConfig};
use crate::exact::{Clk, Describe, Header, Kernel, Port, Range, Reg, Stage};
use crate::interface::{StreamPorts, Streamed, Streams};
use crate::parameter::{Dimension, Source};
use crate::targets::Target;
use crate::window::{self, Window};
use crate::{default_from_flags, describe_logic, ports};

/// Parameters of an average.
#[derive(Debug, Clone, PartialEq, Eq, Args, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AveragePoolConfig {
    /// values of a window: a number, or ..MAX, where a last bit ends a window; 2 to 1024
    #[arg(long, default_value_t = Dimension::UpTo(64))]
    pub size: Dimension,
    /// least result
    #[arg(long, default_value_t = -128, allow_negative_numbers = true)]
    pub min: i64,
    /// greatest result
    #[arg(long, default_value_t = 127, allow_negative_numbers = true)]
    pub max: i64,
    /// register ranks of the requantizer
    #[arg(long, default_value_t = DEFAULT_PIPELINE)]
    pub pipeline: usize,
    /// device whose multipliers the block instantiates
    #[arg(long, value_enum, default_value_t = Target::Generic)]
    pub target: Target,
}

default_from_flags!(AveragePoolConfig);

/// Values of `x`.
const INT8: Range = Range::signed(8);

/// The multiplier of a window of `count` values, in 2^-31. A single value is multiplied by the greatest multiplier there is.
fn multiplier(count: i64) -> i64 {
    ((1 << 31) / count + 1).min((1 << 31) - 1)
}

impl AveragePoolConfig {
    /// Checks the limits that the types do not express.
    ///
    /// # Errors
    /// A sentence that names the parameter, the limit and what it got.
    pub fn validate(&self) -> Result<(), String> {
        window::validate(self.size, 1 << 10)?;
        window::bounds(self.min, self.max)
    }

    /// The requantizer of the sum.
    fn requantizer(&self) -> RequantizerConfig {
        let most = self.size.max() as i64;
        let multiplier = match self.size {
            Dimension::Fixed(_) => Source::Constant(multiplier(most)),
            Dimension::UpTo(_) => Source::Table((1..=most).map(multiplier).collect()),
        };
        RequantizerConfig {
            rule: Rule::TfliteDouble,
            acc: Some(INT8 * Range::constant(most.into())),
            multiplier,
            shift: Source::Constant(0),
            zero_point: Source::Constant(0),
            min: Source::Constant(self.min),
            max: Source::Constant(self.max),
            pipeline: self.pipeline,
            target: self.target,
            ..RequantizerConfig::default()
        }
    }

    /// Clock edges from the last value of a window to its result.
    pub fn latency(&self) -> usize {
        1 + self.requantizer().latency()
    }
}

/// See the [module](self).
#[derive(LogicBlock)]
pub struct AveragePool {
    clk: Clk,
    rst_n: Port<In>,
    in_valid: Port<In>,
    in_ready: Port<Out>,
    x: Port<In>,
    window: Window,
    out_valid: Port<Out>,
    out_ready: Port<In>,
    y: Port<Out>,
    sum: Reg,
    ended: Reg,
    count: Stage,
    requantizer: Requantizer,
    _config: AveragePoolConfig,
}

impl AveragePool {
    /// An average.
    ///
    /// # Errors
    /// The errors of [`AveragePoolConfig::validate`] and of the requantizer.
    pub fn new(config: &AveragePoolConfig) -> Result<AveragePool, String> {
        config.validate()?;
        let requantizer = Requantizer::new(config.requantizer())?;
        Ok(AveragePool {
            clk: Clk::new(),
            rst_n: Port::bit("synchronous reset, active low"),
            in_valid: Port::bit("a value is offered"),
            in_ready: Port::bit("the value is taken"),
            x: Port::new(INT8, "value"),
            window: Window::new(config.size),
            out_valid: Port::bit("a result is offered"),
            out_ready: Port::bit("the result is taken"),
            y: Port::new(INT8, "mean of the window"),
            sum: Reg::new(requantizer.acc.range()),
            ended: Reg::control(0..=1, 0),
            count: Stage::new(true),
            requantizer,
            _config: config.clone(),
        })
    }
}

impl Streamed for AveragePool {
    fn streams(&self) -> Streams<'_> {
        let payload = ports![&self.x, self.window.last()];
        let input = StreamPorts { valid: Some(&self.in_valid), ready: Some(&self.in_ready), payload };
        let output =
            StreamPorts { valid: Some(&self.out_valid), ready: Some(&self.out_ready), payload: ports![&self.y] };
        Streams { input, output, interval: 1 }
    }
}

describe_logic!(AveragePool);

impl Describe for AveragePool {
    fn header(&self) -> Header {
        let c = &self._config;
        Header::new("average_pool", "y = clamp(round(sum x / n), min, max) over a window of n values.")
            .fact("window", format!("{} values", c.size))
            .fact("bounds", format!("{}..={}", c.min, c.max))
            .fact("rounding", "to nearest, ties away from zero")
            .fact("latency", format!("{} cycles from the last value; one value per clock", c.latency()))
            .fact("exact to", "AVERAGE_POOL_2D of TFLM, int8; golden: average_pool")
    }

    fn describe(&self, k: &Kernel) {
        k.clock(&self.clk);
        k.reset(&self.rst_n);
        k.pass_clock(&self.clk, &self.requantizer.clk);
        k.drive(&self.requantizer.rst_n, k.read(&self.rst_n));
        let (in_ready, out_ready) = self.requantizer.flow.ready().expect("results can wait");
        let (ended, sum) = (k.read(&self.ended), k.read(&self.sum));
        let advance = (k.read(in_ready) | !ended).named("advance");
        let accept = (k.read(&self.in_valid) & advance).named("accept");
        let position = self.window.position(k, accept);
        let more = position.first.mux(0, sum).named("so_far") + k.read(&self.x);
        let more = more.bounded(self.sum.range(), "a window has no more values");
        k.register_when(&self.sum, accept, more);
        k.register_when(&self.ended, advance, accept & position.last);
        let earlier = k.stage(&self.count, accept).pass("earlier", position.earlier);

        if let Some(channel) = self.requantizer.channel() {
            k.drive(channel, earlier);
        }
        k.drive(&self.requantizer.acc, sum);
        k.drive(self.requantizer.flow.in_valid(), ended);
        k.drive(out_ready, k.read(&self.out_ready));
        k.drive(&self.in_ready, advance);
        k.drive(&self.out_valid, k.read(self.requantizer.flow.out_valid()));
        k.drive(&self.y, k.read(&self.requantizer.y));
    }
}
