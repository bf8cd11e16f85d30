//! `y = min(max(x, min), max)`: saturation.
//!
//! Two forms compute it. The general one is two comparators and two multiplexers. Where the bounds are everything that
//! `k` bits can hold, the upper bits of `x` decide: `x` fits if they are all equal (signed) or all 0 (unsigned).
//!
//! ```text
//!            +-----------+
//!   x  ----->| saturator |-----> y
//!            +-----------+
//! ```
//!
//! Combinational, or with one register rank behind a valid/ready stream. Overflow is impossible: there is no arithmetic.

use rust_hdl::prelude::*;

use crate::describe_logic;
use crate::exact::{Clk, Describe, Header, Int, Kernel, Maybe, Port, Range, Stage};
use crate::stream::PipelineStream;

/// Configuration of a [`Saturator`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SaturatorConfig {
    /// values of `x`
    pub input: Range,
    /// values that `y`'s port can hold; covers `bounds`
    pub output: Range,
    /// `min..=max`; what the ports can hold, if the bounds are ports
    pub bounds: Range,
    /// `min` and `max` are ports
    pub run_time_bounds: bool,
    /// how it decides
    pub form: SaturatorForm,
    /// one register rank and a valid/ready stream
    pub registered: bool,
}

/// How a [`Saturator`] decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SaturatorForm {
    /// two comparators and two multiplexers, for any bounds
    Compare,
    /// from the upper bits, for bounds that are all of `k` bits
    UpperBits,
}

impl SaturatorForm {
    /// The smaller form that `bounds` allow.
    pub fn for_bounds(bounds: Range) -> SaturatorForm {
        if bounds == bounds.filled() { SaturatorForm::UpperBits } else { SaturatorForm::Compare }
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
    /// # Panics
    /// If `output` does not cover `bounds`, or the bounds do not allow the form.
    pub fn new(config: SaturatorConfig) -> Saturator {
        assert!(config.output.covers(config.bounds), "{} in a port of {}", config.bounds, config.output);
        let any_form = config.form == SaturatorForm::Compare;
        assert!(any_form || config.bounds == config.bounds.filled(), "upper bits cannot decide {}", config.bounds);
        let registered = config.registered;
        Saturator {
            clk: Maybe::when(registered, Clk::new),
            rst_n: Maybe::when(registered, || Port::bit("synchronous reset, active low")),
            flow: Maybe::when(registered, || PipelineStream::new(1, 1, true)),
            x: Port::new(config.input, "value"),
            min: Maybe::when(config.run_time_bounds, || Port::new(config.bounds, "least result")),
            max: Maybe::when(config.run_time_bounds, || Port::new(config.bounds, "greatest result")),
            y: Port::new(config.output, &format!("value within {}", config.bounds)),
            output: Stage::new(registered),
            _config: config,
        }
    }
}

/// `x`, or the bound that it exceeds, decided from the bits of `x` above those of `bounds`.
fn by_upper_bits(x: Int<'_>, bounds: Range) -> Int<'_> {
    let kept = if bounds.is_signed() { bounds.width() - 1 } else { bounds.width() };
    // All copies of the sign where x fits: 0, or -1 for a negative x within signed bounds.
    let upper = (x >> kept).named("upper");
    let fits = if bounds.is_signed() { upper.equals(0) | upper.equals(-1) } else { upper.equals(0) };
    let inside = x.bits(0, bounds.width());
    let inside = if bounds.is_signed() { inside.as_signed() } else { inside };
    fits.mux(inside, x.is_negative().mux(bounds.lo(), bounds.hi()))
}

describe_logic!(Saturator);

impl Describe for Saturator {
    fn header(&self) -> Header {
        let SaturatorConfig { input, bounds, form, registered, .. } = self._config;
        let form = match form {
            SaturatorForm::Compare => "two comparators and two multiplexers",
            SaturatorForm::UpperBits => "decided from the upper bits",
        };
        let timing = if registered { "1 cycle; one result per clock" } else { "combinational" };
        let name = format!("saturator_{}_to_{}", input.width(), self._config.output.width());
        let fixed = format!("y = min(max(x, {}), {}).", bounds.lo(), bounds.hi());
        let formula =
            if self._config.run_time_bounds { "y = min(max(x, min), max), min <= max.".to_owned() } else { fixed };
        Header::new(name, formula)
            .fact("x", input)
            .fact("form", form)
            .fact("latency", timing)
            .fact("exact to", "clamp of every framework; golden: saturate")
    }

    fn describe(&self, k: &Kernel) {
        let x = k.read(&self.x);
        let y = match self._config.form {
            SaturatorForm::Compare if self._config.run_time_bounds => {
                let bound = |port: &Maybe<Port<In>>| port.get().map_or(k.lit(0), |p| k.read(p));
                x.clamp_to(bound(&self.min), bound(&self.max))
            }
            SaturatorForm::Compare => x.clamp(self._config.bounds),
            SaturatorForm::UpperBits if x.range().width() <= self._config.bounds.width() => {
                x.clamp(self._config.bounds)
            }
            SaturatorForm::UpperBits => by_upper_bits(x, self._config.bounds),
        };
        self.clk.get().into_iter().for_each(|clk| k.clock(clk));
        self.rst_n.get().into_iter().for_each(|rst_n| k.reset(rst_n));
        let enable = self.flow.get().map_or(k.lit(1), |flow| flow.describe(k));
        k.drive(&self.y, k.stage(&self.output, enable).pass("y", y));
    }
}
