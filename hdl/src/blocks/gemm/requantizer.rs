//! The requantizers of a GEMM block: by a multiplier and a shift, or by a float32.

use super::config::{Channels, GemmConfig};
use crate::blocks::any_requantizer::AnyRequantizerConfig;
use crate::blocks::float_requantizer::{FloatRequantizerConfig, SCALE};
use crate::blocks::requantizer::{Parameters, RequantizerConfig, bounds_in_order};
use crate::exact::Range;
use crate::parameter::{HardwareRule, Source};

/// Values of the parameters of a channel.
#[derive(Debug, Clone, Copy)]
pub(super) struct ChannelRanges {
    pub bias: Range,
    pub multiplier: Range,
    /// there is none beside a float32
    pub shift: Option<Range>,
}

impl GemmConfig {
    /// Whether a channel has a shift.
    pub fn has_shift(&self) -> bool {
        self.rule.fixed().is_some()
    }

    /// Values of the parameters of a channel.
    pub(super) fn channel_ranges(&self) -> ChannelRanges {
        let (multiplier, shift) = match self.requantizer() {
            AnyRequantizerConfig::Fixed(config) => {
                let Parameters { multiplier, shift, .. } = config.port_ranges();
                (multiplier, Some(shift))
            }
            AnyRequantizerConfig::Float(_) => (SCALE, None),
        };
        ChannelRanges { bias: self.bias_range(), multiplier, shift }
    }

    /// Configuration of each requantizer.
    pub(super) fn requantizer(&self) -> AnyRequantizerConfig {
        let acc = self.biased().clamp(self.sum_limit());
        let Some(rule) = self.rule.fixed() else {
            return AnyRequantizerConfig::Float(FloatRequantizerConfig {
                acc_width: acc.width(),
                output: self.output,
                pipeline: self.pipeline,
                no_backpressure: true,
                target: self.target,
            });
        };
        let constant_or_port = |source: &Source| match (self.channels(), source) {
            (Channels::Same, Source::Constant(v)) => Source::Constant(*v),
            _ => Source::Port,
        };
        AnyRequantizerConfig::Fixed(Box::new(RequantizerConfig {
            rule,
            acc: Some(acc),
            multiplier_width: self.multiplier_width,
            output: self.output,
            multiplier: constant_or_port(&self.multiplier),
            shift: constant_or_port(&self.shift),
            zero_point: self.zero_point.clone(),
            min: self.min.clone(),
            max: self.max.clone(),
            pipeline: self.pipeline,
            passes: self.passes,
            no_backpressure: true,
            target: self.target,
            ..RequantizerConfig::default()
        }))
    }

    /// Checks the parameters of the requantizers.
    pub(super) fn validate_requantizer(&self) -> Result<(), String> {
        if self.rule == HardwareRule::F32Even {
            self.validate_float()?;
        }
        self.requantizer().validate(self.passes)
    }

    /// Checks what a float requantizer gets from this block: all its parameters are ports, and it has no shift.
    fn validate_float(&self) -> Result<(), String> {
        let standard = RequantizerConfig::default();
        if self.shift != standard.shift {
            return Err(format!("shift: {} has none: its multiplier is the bits of a float32", self.rule));
        }
        if self.multiplier_width != standard.multiplier_width {
            return Err(format!("multiplier_width: {} is not 32, the bits of a float32", self.multiplier_width.bits()));
        }
        let output = self.output.range();
        for (name, source, limit) in [
            // A memory may hold a 0 for a channel that does not exist, but no layer has a scale of 0.
            ("multiplier", &self.multiplier, Range::new(1, SCALE.hi())),
            ("zero_point", &self.zero_point, output),
            ("min", &self.min, output),
            ("max", &self.max, output),
        ] {
            source.check(name, limit)?;
        }
        bounds_in_order(&self.min, &self.max, 0)
    }
}
