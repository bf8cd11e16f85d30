//! `y = min(max(x, min), max)`: saturation.
//!
//! There are two forms. The general form has two comparators and two multiplexers. If the bounds are everything that
//! `k` bits can hold, the upper bits of `x` decide: `x` fits if they are all equal (signed) or all 0 (unsigned).
//!
//! ```text
//!            +-----------+
//!   x  ----->| saturator |-----> y
//!            +-----------+
//! ```
//!
//! The block is combinational, or has one register rank behind a valid/ready stream. Overflow is impossible, because
//! there is no arithmetic.

use clap::{Args, ValueEnum};
use rust_hdl::prelude::*;
use serde::{Deserialize, Serialize};

use crate::exact::{Clk, Describe, Header, Int, Kernel, Maybe, Port, Range, Stage};
use crate::interface::{StreamPorts, Streamed, Streams};
use crate::parameter::within;
use crate::stream::PipelineStream;
use crate::{default_from_flags, describe_logic, display_word, ports};

/// Parameters of a saturator.
#[derive(Debug, Clone, PartialEq, Eq, Args, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SaturatorConfig {
    /// bits of x, 1..=64
    #[arg(long, default_value_t = 32)]
    pub in_width: u32,
    /// x has no sign
    #[arg(long)]
    pub in_unsigned: bool,
    /// bits of y, 1..=64; signed if min is negative
    #[arg(long, default_value_t = 8)]
    pub out_width: u32,
    /// least result
    #[arg(long, default_value_t = 0, allow_negative_numbers = true)]
    pub min: i64,
    /// greatest result
    #[arg(long, default_value_t = 255, allow_negative_numbers = true)]
    pub max: i64,
    /// min and max are ports
    #[arg(long)]
    pub run_time_bounds: bool,
    /// how the saturator decides
    #[arg(long, value_enum, default_value_t = SaturatorForm::Auto)]
    pub form: SaturatorForm,
    /// one register rank behind a valid/ready stream
    #[arg(long)]
    pub registered: bool,
}

/// How a [`Saturator`] decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[value(rename_all = "snake_case")]
pub enum SaturatorForm {
    /// from the upper bits where the bounds allow it
    Auto,
    /// two comparators and two multiplexers
    Compare,
    /// from the upper bits: bounds must be all of k bits
    UpperBits,
}

display_word!(SaturatorForm);

default_from_flags!(SaturatorConfig);

/// Everything that `width` bits hold.
fn full(width: u32, signed: bool) -> Range {
    if signed { Range::signed(width) } else { Range::unsigned(width) }
}

impl SaturatorConfig {
    /// Values of `x`.
    pub fn input(&self) -> Range {
        full(self.in_width, !self.in_unsigned)
    }

    /// Values that `y`'s port can hold.
    pub fn output(&self) -> Range {
        full(self.out_width, self.min < 0 || self.run_time_bounds)
    }

    /// `min..=max`, or the values that the ports can hold, if the bounds are ports.
    pub fn bounds(&self) -> Range {
        if self.run_time_bounds { self.output() } else { Range::new(self.min.into(), self.max.into()) }
    }

    /// Whether the bounds are fixed, and are everything that `k` bits can hold.
    fn bounds_are_full(&self) -> bool {
        !self.run_time_bounds && self.bounds() == self.bounds().filled()
    }

    /// Whether the upper bits decide, and not comparators.
    fn by_upper_bits(&self) -> bool {
        match self.form {
            SaturatorForm::Auto => self.bounds_are_full(),
            SaturatorForm::Compare => false,
            SaturatorForm::UpperBits => true,
        }
    }

    /// Clock edges from `x` to `y`.
    pub fn latency(&self) -> usize {
        usize::from(self.registered)
    }

    /// Checks the limits that the types do not express.
    ///
    /// # Errors
    /// A sentence that names the parameter, the limit and what it got.
    pub fn validate(&self) -> Result<(), String> {
        within("in_width", self.in_width, 1, 64)?;
        within("out_width", self.out_width, 1, 64)?;
        let default = SaturatorConfig::default();
        if self.run_time_bounds && (self.min, self.max) != (default.min, default.max) {
            return Err("run_time_bounds: min and max are ports then, and have no value".to_owned());
        }
        if self.min > self.max {
            return Err(format!("min: {} is greater than max, {}", self.min, self.max));
        }
        let (output, bounds) = (self.output(), self.bounds());
        if !output.covers(bounds) {
            return Err(format!("out_width: {} bits hold {output}, not {bounds}", self.out_width));
        }
        if self.run_time_bounds && self.by_upper_bits() {
            return Err("form: upper bits cannot decide bounds that are ports".to_owned());
        }
        if self.by_upper_bits() && !self.bounds_are_full() {
            return Err(format!("form: upper bits cannot decide {bounds}, use compare"));
        }
        Ok(())
    }
}

/// See the [module](self).
#[derive(LogicBlock)]
pub struct Saturator {
    /// clock and reset of the registered form
    clk: Maybe<Clk>,
    rst_n: Maybe<Port<In>>,
    flow: Maybe<PipelineStream>,
    /// the value
    pub x: Port<In>,
    /// least result
    pub min: Maybe<Port<In>>,
    /// greatest result
    pub max: Maybe<Port<In>>,
    /// the value, saturated
    pub y: Port<Out>,
    output: Stage,
    _config: SaturatorConfig,
}

impl Saturator {
    /// A saturator.
    ///
    /// # Errors
    /// The errors of [`SaturatorConfig::validate`].
    pub fn new(config: SaturatorConfig) -> Result<Saturator, String> {
        config.validate()?;
        let (registered, bounds) = (config.registered, config.bounds());
        Ok(Saturator {
            clk: Maybe::when(registered, Clk::new),
            rst_n: Maybe::when(registered, || Port::bit("synchronous reset, active low")),
            flow: Maybe::when(registered, || PipelineStream::new(1, 1, true)),
            x: Port::new(config.input(), "value"),
            min: Maybe::when(config.run_time_bounds, || Port::new(bounds, "least result")),
            max: Maybe::when(config.run_time_bounds, || Port::new(bounds, "greatest result")),
            y: Port::new(config.output(), &format!("value within {bounds}")),
            output: Stage::new(registered),
            _config: config,
        })
    }
}

impl Streamed for Saturator {
    fn streams(&self) -> Streams<'_> {
        let payload = ports![&self.x, self.min.get(), self.max.get()];
        let result = ports![&self.y];
        let (input, output) = match self.flow.get() {
            Some(flow) => (flow.input(payload), flow.output(result)),
            None => (StreamPorts::plain(payload), StreamPorts::plain(result)),
        };
        Streams { input, output, interval: 1 }
    }
}

/// `x`, or the bound that it exceeds. The bits of `x` above the bits of `bounds` decide.
fn by_upper_bits(x: Int<'_>, bounds: Range) -> Int<'_> {
    let kept = if bounds.is_signed() { bounds.width() - 1 } else { bounds.width() };
    // If x fits, all upper bits are copies of the sign: 0, or -1 for a negative x within signed bounds.
    let upper = (x >> kept).named("upper");
    let fits = if bounds.is_signed() { upper.equals(0) | upper.equals(-1) } else { upper.equals(0) };
    let inside = x.bits(0, bounds.width());
    let inside = if bounds.is_signed() { inside.as_signed() } else { inside };
    fits.mux(inside, x.is_negative().mux(bounds.lo(), bounds.hi()))
}

describe_logic!(Saturator);

impl Describe for Saturator {
    fn header(&self) -> Header {
        let config = &self._config;
        let (input, bounds) = (config.input(), config.bounds());
        let form = match config.by_upper_bits() {
            false => "two comparators and two multiplexers",
            true => "decided from the upper bits",
        };
        let timing = if config.registered { "1 cycle; one result per clock" } else { "combinational" };
        let name = format!("saturator_{}_to_{}", input.width(), config.output().width());
        let fixed = format!("y = min(max(x, {}), {}).", bounds.lo(), bounds.hi());
        let formula = if config.run_time_bounds { "y = min(max(x, min), max), min <= max.".to_owned() } else { fixed };
        Header::new(name, formula)
            .fact("x", input)
            .fact("form", form)
            .fact("latency", timing)
            .fact("exact to", "clamp of every framework; golden: saturate")
    }

    fn describe(&self, k: &Kernel) {
        let x = k.read(&self.x);
        let bounds = self._config.bounds();
        let y = match (self.min.get(), self.max.get()) {
            (Some(min), Some(max)) => x.clamp_to(k.read(min), k.read(max)),
            _ if self._config.by_upper_bits() && x.range().width() > bounds.width() => by_upper_bits(x, bounds),
            _ => x.clamp(bounds),
        };
        if let Some(clk) = self.clk.get() {
            k.clock(clk);
        }
        if let Some(rst_n) = self.rst_n.get() {
            k.reset(rst_n);
        }
        let enable = self.flow.get().map_or(k.lit(1), |flow| flow.describe(k));
        k.drive(&self.y, k.stage(&self.output, enable).pass("y", y));
    }
}
