//! The parameters of the requantizers.

use anyhow::{Result, bail, ensure};
use qrtl_golden::numerics::AnyRequantization;
use qrtl_golden::{Bounds, MultiplierWidth, Requantization, Rule};
use qrtl_hdl::blocks::engine::config::BIAS;
use qrtl_hdl::blocks::engine::parameters::parameter_word;

/// Bias, multiplier and shift of a channel. The default gives the zero point.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub(in crate::engine) struct Channel {
    pub(super) bias: i64,
    pub(super) multiplier: i64,
    pub(super) shift: i64,
}

impl Channel {
    /// A factor of 1.
    pub(super) const ONE: Channel = Channel { bias: 0, multiplier: 1 << 30, shift: 1 };

    /// The word that an image holds.
    pub(in crate::engine) fn word(self) -> Result<u64> {
        parameter_word(self.bias, self.multiplier, self.shift).map_err(anyhow::Error::msg)
    }
}

/// The parameters of all channels of a step.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Scale {
    pub(super) channels: Vec<Channel>,
    pub(super) zero_point: i64,
    pub(super) bounds: Bounds,
}

impl Scale {
    /// The parameters of channels with these biases, which hold the zero point of the input. There is one requantization
    /// for all channels, or one for each.
    ///
    /// # Errors
    /// If a bias does not fit, or a requantization is not the engine's; the error names the channel.
    pub(super) fn new(biases: &[i64], requantizations: &[AnyRequantization]) -> Result<Scale> {
        let fixed = requantizations.iter().map(of_engine).collect::<Result<Vec<_>>>()?;
        let Some(first) = fixed.first() else { bail!("has no factor") };
        let channel = |(c, &bias): (usize, &i64)| {
            let r = fixed[if fixed.len() == 1 { 0 } else { c }];
            ensure!(
                r.zero_point() == first.zero_point() && r.output() == first.output(),
                "channel {c}: zero point or bounds differ from channel 0"
            );
            ensure!(BIAS.contains(bias.into()), "channel {c}: bias {bias}, zero point included, is outside {BIAS}");
            Ok(Channel { bias, multiplier: r.factor().multiplier(), shift: r.factor().shift().into() })
        };
        let channels = biases.iter().enumerate().map(channel).collect::<Result<_>>()?;
        Ok(Scale { channels, zero_point: first.zero_point(), bounds: first.output() })
    }

    /// The same values, clamped.
    pub(super) fn identity(channels: usize, bounds: Bounds) -> Scale {
        Scale { channels: vec![Channel::ONE; channels], zero_point: 0, bounds }
    }

    /// The parameters of the bytes of a pixel, whose channels stand at these positions.
    pub(super) fn at(&self, positions: &[usize], bytes: usize) -> Vec<Channel> {
        let mut channels = vec![Channel::default(); bytes];
        for (channel, &position) in self.channels.iter().zip(positions) {
            channels[position] = *channel;
        }
        channels
    }
}

/// The requantization, if it is TFLM's.
fn of_engine(requantization: &AnyRequantization) -> Result<Requantization> {
    let AnyRequantization::Fixed(fixed) = requantization else { bail!("multiplies by a real factor: not supported") };
    let (rule, width) = (fixed.rule(), fixed.factor().width());
    ensure!(
        rule == Rule::TfliteDouble && width == MultiplierWidth::W32,
        "rounds by {} with {} bits: only {} with 32 bits is supported",
        rule.name(),
        width.bits(),
        Rule::TfliteDouble.name()
    );
    Ok(*fixed)
}
