//! The saturator as users describe it.

use anyhow::{Result, ensure};
use clap::{Args, ValueEnum};
use qrtl_hdl::blocks::saturator::{Saturator, SaturatorConfig, SaturatorForm};
use qrtl_hdl::exact::Range;
use serde::{Deserialize, Serialize};

use super::{Built, StreamPorts, Summary, built, check};

/// Parameters of a saturator.
#[derive(Debug, Clone, PartialEq, Eq, Args, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SaturatorSpec {
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
    /// how it decides
    #[arg(long, value_enum, default_value_t = FormSpec::Auto)]
    pub form: FormSpec,
    /// one register rank behind a valid/ready stream
    #[arg(long)]
    pub registered: bool,
}

/// How a saturator decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[value(rename_all = "snake_case")]
pub enum FormSpec {
    /// from the upper bits where the bounds allow it
    Auto,
    /// two comparators and two multiplexers
    Compare,
    /// from the upper bits: bounds must be all of k bits
    UpperBits,
}

impl Default for SaturatorSpec {
    fn default() -> SaturatorSpec {
        SaturatorSpec {
            in_width: 32,
            in_unsigned: false,
            out_width: 8,
            min: 0,
            max: 255,
            run_time_bounds: false,
            form: FormSpec::Auto,
            registered: false,
        }
    }
}

/// Everything that `width` bits hold.
fn full(width: u32, signed: bool) -> Range {
    if signed { Range::signed(width) } else { Range::unsigned(width) }
}

impl SaturatorSpec {
    /// Values of x.
    pub fn input(&self) -> Range {
        full(self.in_width, !self.in_unsigned)
    }

    pub(super) fn build(&self, name: &str) -> Result<Built> {
        check("in_width", self.in_width.into(), 1, 64)?;
        check("out_width", self.out_width.into(), 1, 64)?;
        let default = SaturatorSpec::default();
        let unused = self.run_time_bounds && (self.min, self.max) != (default.min, default.max);
        ensure!(!unused, "run_time_bounds: min and max are ports then, and have no value");
        ensure!(self.min <= self.max, "min: {} is greater than max, {}", self.min, self.max);
        let output = full(self.out_width, self.min < 0 || self.run_time_bounds);
        let bounds = if self.run_time_bounds { output } else { Range::new(self.min.into(), self.max.into()) };
        ensure!(output.covers(bounds), "out_width: {} bits hold {output}, not {bounds}", self.out_width);
        let form = match self.form {
            FormSpec::Auto if self.run_time_bounds => SaturatorForm::Compare,
            FormSpec::Auto => SaturatorForm::for_bounds(bounds),
            FormSpec::Compare => SaturatorForm::Compare,
            FormSpec::UpperBits => SaturatorForm::UpperBits,
        };
        let full = bounds == bounds.filled();
        ensure!(form == SaturatorForm::Compare || full, "form: upper bits cannot decide {bounds}, use compare");
        let conflict = self.run_time_bounds && form == SaturatorForm::UpperBits;
        ensure!(!conflict, "form: upper bits cannot decide bounds that are ports");
        let (input, run_time_bounds, registered) = (self.input(), self.run_time_bounds, self.registered);
        let config = SaturatorConfig { input, output, bounds, run_time_bounds, form, registered };
        let stream = |valid, ready, payload| StreamPorts {
            valid: registered.then_some(valid),
            ready: registered.then_some(ready),
            payload,
        };
        let inputs = if run_time_bounds { vec!["x", "min", "max"] } else { vec!["x"] };
        let output = stream("out_valid", "out_ready", vec!["y"]);
        built(&Saturator::new(config), name, stream("in_valid", "in_ready", inputs), output)
    }

    pub(super) fn summary(&self) -> Summary {
        Summary {
            parameters: if self.run_time_bounds {
                format!("{} -> {} bits, bounds are ports", self.in_width, self.out_width)
            } else {
                format!("{} -> {} bits, {}..={}", self.in_width, self.out_width, self.min, self.max)
            },
            latency: if self.registered { "1" } else { "0" }.to_owned(),
            throughput: "1 result/clock".to_owned(),
        }
    }
}
