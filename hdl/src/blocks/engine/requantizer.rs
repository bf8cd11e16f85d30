//! A requantizer of the engine: of one rule or of the other, with the same way in and out.

use rust_hdl::prelude::*;

use super::config::{BIAS, EngineConfig};
use super::rule::EngineRule;
use crate::blocks::float_requantizer::{FloatRequantizer, FloatRequantizerConfig};
use crate::blocks::requantizer::{Requantizer, RequantizerConfig};
use crate::exact::{Clk, Int, Kernel, Port, Range};
use crate::parameter::Source;
use crate::targets::Target;

impl EngineConfig {
    /// Ranks between the addition of a bias and a requantizer. Without one, the requantizer adds the bias itself, in front of
    /// the registers of its operands: that spares iCE40 a copy of these.
    pub(super) fn bias_ranks(&self) -> usize {
        usize::from(self.target != Target::Ice40)
    }

    /// Clock edges from a sum of these values, with its bias, to its result.
    pub(super) fn requantizer_latency(&self, sum: Range) -> usize {
        match self.rule {
            EngineRule::TfliteDouble | EngineRule::Single => self.requantizer(sum).latency(),
            EngineRule::F32Even => self.float_requantizer(sum).latency(),
        }
    }

    /// Checks that there are requantizers for sums of these values.
    pub(super) fn validate_requantizer(&self, sum: Range) -> Result<(), String> {
        match self.rule {
            EngineRule::TfliteDouble | EngineRule::Single => self.requantizer(sum).validate(),
            EngineRule::F32Even if self.passes > 1 => {
                Err(format!("passes: {} is not 1, the passes of {}", self.passes, self.rule))
            }
            EngineRule::F32Even if self.target == Target::Ice40 => {
                Err(format!("rule: {} has no engine for {}", self.rule, self.target))
            }
            EngineRule::F32Even => self.float_requantizer(sum).validate(),
        }
    }

    /// A requantizer for sums of these values, with the bias of a channel.
    pub(super) fn requantizer(&self, sum: Range) -> RequantizerConfig {
        let (acc, bias) = match self.bias_ranks() {
            0 => (sum, Source::Port),
            _ => (biased(sum), Source::Constant(0)),
        };
        let standard = RequantizerConfig::default();
        RequantizerConfig {
            rule: self.rule.fixed().unwrap_or(standard.rule),
            acc: Some(acc),
            bias,
            biases: Some(BIAS),
            pipeline: self.pipeline,
            passes: self.passes,
            no_backpressure: true,
            // A step begins when the results of the step before are written. On larger devices the ranks are distance.
            steady: self.target == Target::Ice40,
            target: self.target,
            ..standard
        }
    }

    /// The same by a float32.
    fn float_requantizer(&self, sum: Range) -> FloatRequantizerConfig {
        FloatRequantizerConfig {
            acc_width: biased(sum).width(),
            pipeline: self.pipeline,
            no_backpressure: true,
            target: self.target,
            ..FloatRequantizerConfig::default()
        }
    }
}

/// Values of a sum with its bias.
fn biased(sum: Range) -> Range {
    sum + BIAS
}

/// What rounds the sums: a multiplier and a shift, or a float32. In the Verilog either block has the name of the field.
pub(super) enum EngineRequantizer {
    /// by a multiplier and a shift
    Fixed(Box<Requantizer>),
    /// by a float32
    Float(Box<FloatRequantizer>),
}

impl EngineRequantizer {
    /// As many requantizers for sums of these values.
    ///
    /// # Errors
    /// The errors of their configuration.
    pub(super) fn several(config: &EngineConfig, sum: Range, count: usize) -> Result<Vec<EngineRequantizer>, String> {
        let one = |_| {
            Ok(match config.rule {
                EngineRule::TfliteDouble | EngineRule::Single => {
                    EngineRequantizer::Fixed(Box::new(Requantizer::new(config.requantizer(sum))?))
                }
                EngineRule::F32Even => {
                    EngineRequantizer::Float(Box::new(FloatRequantizer::new(config.float_requantizer(sum))?))
                }
            })
        };
        (0..count).map(one).collect()
    }

    /// Connects clock and reset.
    pub(super) fn connect(&self, k: &Kernel, clk: &Clk, rst_n: Int<'_>) {
        let (own, reset) = match self {
            EngineRequantizer::Fixed(block) => (&block.clk, &block.rst_n),
            EngineRequantizer::Float(block) => (&block.clk, &block.rst_n),
        };
        k.pass_clock(clk, own);
        k.drive(reset, rst_n);
    }

    /// There is a sum.
    pub(super) fn in_valid(&self) -> &Port<In> {
        match self {
            EngineRequantizer::Fixed(block) => block.flow.in_valid(),
            EngineRequantizer::Float(block) => block.flow.in_valid(),
        }
    }

    /// The sum, with its bias unless that has a port of its own.
    pub(super) fn acc(&self) -> &Port<In> {
        match self {
            EngineRequantizer::Fixed(block) => &block.acc,
            EngineRequantizer::Float(block) => &block.acc,
        }
    }

    /// The bias, if the requantizer adds it.
    pub(super) fn bias(&self) -> Option<&Port<In>> {
        match self {
            EngineRequantizer::Fixed(block) => block.parameters.bias.get(),
            EngineRequantizer::Float(_) => None,
        }
    }

    /// The parts of the factor, in the order of [`ParameterMemory::factor`](super::parameters::ParameterMemory::factor).
    pub(super) fn factor(&self) -> Vec<&Port<In>> {
        match self {
            EngineRequantizer::Fixed(block) => [&block.parameters.multiplier, &block.parameters.shift]
                .into_iter()
                .filter_map(|port| port.get())
                .collect(),
            EngineRequantizer::Float(block) => vec![&block.scale],
        }
    }

    /// Zero point, least and greatest result.
    pub(super) fn output(&self) -> Vec<&Port<In>> {
        match self {
            EngineRequantizer::Fixed(block) => {
                let ports = [&block.parameters.zero_point, &block.parameters.min, &block.parameters.max];
                ports.into_iter().filter_map(|port| port.get()).collect()
            }
            EngineRequantizer::Float(block) => vec![&block.zero_point, &block.min, &block.max],
        }
    }

    /// There is a result.
    pub(super) fn out_valid(&self) -> &Port<Out> {
        match self {
            EngineRequantizer::Fixed(block) => block.flow.out_valid(),
            EngineRequantizer::Float(block) => block.flow.out_valid(),
        }
    }

    /// The result.
    pub(super) fn y(&self) -> &Port<Out> {
        match self {
            EngineRequantizer::Fixed(block) => &block.y,
            EngineRequantizer::Float(block) => &block.y,
        }
    }
}

impl Logic for EngineRequantizer {
    fn update(&mut self) {}
}

/// It is the block that it has.
impl Block for EngineRequantizer {
    fn connect_all(&mut self) {
        match self {
            EngineRequantizer::Fixed(block) => block.connect_all(),
            EngineRequantizer::Float(block) => block.connect_all(),
        }
    }
    fn update_all(&mut self) {
        match self {
            EngineRequantizer::Fixed(block) => block.update_all(),
            EngineRequantizer::Float(block) => block.update_all(),
        }
    }
    fn has_changed(&self) -> bool {
        match self {
            EngineRequantizer::Fixed(block) => block.has_changed(),
            EngineRequantizer::Float(block) => block.has_changed(),
        }
    }
    fn accept(&self, name: &str, probe: &mut dyn Probe) {
        match self {
            EngineRequantizer::Fixed(block) => block.accept(name, probe),
            EngineRequantizer::Float(block) => block.accept(name, probe),
        }
    }
}
