//! The requantizers of an engine, of one rule or of the other.

use super::config::{BIAS, EngineConfig};
use super::rule::EngineRule;
use crate::blocks::any_requantizer::AnyRequantizerConfig;
use crate::blocks::float_requantizer::FloatRequantizerConfig;
use crate::blocks::requantizer::RequantizerConfig;
use crate::exact::Range;
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
        self.any_requantizer(sum).latency()
    }

    /// Checks that there are requantizers for sums of these values.
    pub(super) fn validate_requantizer(&self, sum: Range) -> Result<(), String> {
        let requantizer = self.any_requantizer(sum);
        if self.target == Target::Ice40 && matches!(requantizer, AnyRequantizerConfig::Float(_)) {
            return Err(format!("rule: {} has no engine for {}", self.rule, self.target));
        }
        requantizer.validate(self.passes)
    }

    /// The requantizer of the engine's rule for sums of these values.
    pub(super) fn any_requantizer(&self, sum: Range) -> AnyRequantizerConfig {
        match self.rule {
            EngineRule::TfliteDouble | EngineRule::Single => {
                AnyRequantizerConfig::Fixed(Box::new(self.requantizer(sum)))
            }
            EngineRule::F32Even => AnyRequantizerConfig::Float(self.float_requantizer(sum)),
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
