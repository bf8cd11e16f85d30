//! The requantizer as users describe it.

use anyhow::{Result, anyhow};
use clap::{Args, ValueEnum};
use qrtl_golden::Rule;
use qrtl_hdl::blocks::requantizer::{DEFAULT_PIPELINE, OutputType, Requantizer, RequantizerConfig};
use qrtl_hdl::exact::Range;
use serde::{Deserialize, Serialize};

use super::{Built, Parameter, StreamPorts, Summary, TargetSpec, built, check, multiplier_width, word};

/// Parameters of a requantizer. Those that are a number, numbers with commas (one for each channel) or `port` say so.
#[derive(Debug, Clone, PartialEq, Eq, Args, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RequantizerSpec {
    /// truncate, single, tflite_double, half_up_twice, reduced_16 or shift_away
    #[arg(long, default_value_t = Rule::TfliteDouble)]
    pub rule: Rule,
    /// bits of the accumulator, 2..=32 (48 for reduced_16)
    #[arg(long, default_value_t = 32)]
    pub acc_width: u32,
    /// bits of the multiplier, sign included: 8, 16 or 32
    #[arg(long, default_value_t = 32)]
    pub multiplier_width: u32,
    /// type of the result
    #[arg(long, value_enum, default_value_t = OutputSpec::Int8)]
    pub output: OutputSpec,
    /// multiplier: port or numbers
    #[arg(long, default_value_t = Parameter::Port, allow_hyphen_values = true)]
    pub multiplier: Parameter,
    /// shift, left is positive: port or numbers
    #[arg(long, default_value_t = Parameter::Port, allow_hyphen_values = true)]
    pub shift: Parameter,
    /// added to the accumulator: port or numbers
    #[arg(long, default_value_t = Parameter::Constant(0), allow_hyphen_values = true)]
    pub bias: Parameter,
    /// output zero point: port or numbers
    #[arg(long, default_value_t = Parameter::Port, allow_hyphen_values = true)]
    pub zero_point: Parameter,
    /// least result: port or numbers
    #[arg(long, default_value_t = Parameter::Port, allow_hyphen_values = true)]
    pub min: Parameter,
    /// greatest result: port or numbers
    #[arg(long, default_value_t = Parameter::Port, allow_hyphen_values = true)]
    pub max: Parameter,
    /// register ranks, 0..=11, or 0..=12 for ecp5 and ice40; 2..=12 where there are passes
    #[arg(long, default_value_t = DEFAULT_PIPELINE)]
    pub pipeline: usize,
    /// passes of the product through its multipliers: 1, or 2 or 4 with a half or a quarter of them, and a result in 2 or 4
    /// clocks
    #[arg(long, default_value_t = 1)]
    pub passes: usize,
    /// no in_ready, no out_ready: results do not wait, one at each clock is taken
    #[arg(long)]
    pub no_backpressure: bool,
    /// whose multipliers it instantiates
    #[arg(long, value_enum, default_value_t = TargetSpec::Generic)]
    pub target: TargetSpec,
}

/// The integer type of a result.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OutputSpec {
    /// -128..=127
    Int8,
    /// 0..=255
    Uint8,
    /// -32768..=32767
    Int16,
}

impl OutputSpec {
    /// As the hardware takes it.
    pub fn output_type(self) -> OutputType {
        match self {
            OutputSpec::Int8 => OutputType::Int8,
            OutputSpec::Uint8 => OutputType::Uint8,
            OutputSpec::Int16 => OutputType::Int16,
        }
    }
}

impl Default for RequantizerSpec {
    fn default() -> RequantizerSpec {
        RequantizerSpec {
            rule: Rule::TfliteDouble,
            acc_width: 32,
            multiplier_width: 32,
            output: OutputSpec::Int8,
            multiplier: Parameter::Port,
            shift: Parameter::Port,
            bias: Parameter::Constant(0),
            zero_point: Parameter::Port,
            min: Parameter::Port,
            max: Parameter::Port,
            pipeline: DEFAULT_PIPELINE,
            passes: 1,
            no_backpressure: false,
            target: TargetSpec::Generic,
        }
    }
}

impl RequantizerSpec {
    /// As the hardware takes it.
    ///
    /// # Errors
    /// If a parameter is out of range.
    pub fn config(&self) -> Result<RequantizerConfig> {
        let widest = if self.rule == Rule::Reduced16 { 48 } else { 32 };
        check("acc_width", self.acc_width.into(), 2, widest)?;
        let config = RequantizerConfig {
            multiplier_width: multiplier_width(self.multiplier_width)?,
            multiplier: self.multiplier.source(),
            shift: self.shift.source(),
            bias: self.bias.source(),
            zero_point: self.zero_point.source(),
            min: self.min.source(),
            max: self.max.source(),
            pipeline: self.pipeline,
            passes: self.passes,
            backpressure: !self.no_backpressure,
            target: self.target.target(),
            ..RequantizerConfig::run_time(self.rule, Range::signed(self.acc_width), self.output.output_type())
        };
        config.validate().map_err(|e| anyhow!(e))?;
        Ok(config)
    }

    /// Every parameter with its name, in the order of the payload.
    pub fn parameters(&self) -> [(&'static str, &Parameter); 6] {
        [
            ("bias", &self.bias),
            ("multiplier", &self.multiplier),
            ("shift", &self.shift),
            ("zero_point", &self.zero_point),
            ("min", &self.min),
            ("max", &self.max),
        ]
    }

    pub(super) fn build(&self, name: &str) -> Result<Built> {
        let config = self.config()?;
        let interval = config.interval();
        let block = Requantizer::new(config).map_err(|e| anyhow!(e))?;
        let mut payload = vec!["acc"];
        let tables = self.parameters().iter().any(|(_, p)| matches!(p, Parameter::Table(_)));
        payload.extend(tables.then_some("channel"));
        let ports = self.parameters().into_iter().filter(|(_, p)| **p == Parameter::Port);
        payload.extend(ports.map(|(n, _)| n));
        let ready = |name| (!self.no_backpressure).then_some(name);
        let input = StreamPorts { valid: Some("in_valid"), ready: ready("in_ready"), payload };
        let output = StreamPorts { valid: Some("out_valid"), ready: ready("out_ready"), payload: vec!["y"] };
        let mut built = built(&block, name, input, output)?;
        built.interface.interval = interval;
        Ok(built)
    }

    pub(super) fn summary(&self) -> Summary {
        Summary {
            parameters: format!(
                "{}, {} x {} bits -> {}",
                self.rule,
                self.acc_width,
                self.multiplier_width,
                word(self.output)
            ),
            // A description that is refused has no latency; whoever builds it says why.
            latency: self.config().map_or_else(|_| "-".to_owned(), |c| c.latency().to_string()),
            throughput: match self.passes {
                1 => "1 result/clock".to_owned(),
                n => format!("1 result/{n} clocks"),
            },
        }
    }
}
