//! The parameters of the requantizers.

use anyhow::{Context, Result, bail, ensure};
use qrtl_golden::numerics::AnyRequantization;
use qrtl_golden::{Bounds, MultiplierWidth, RealRule};
use qrtl_hdl::blocks::engine::EngineRule;
use qrtl_hdl::blocks::engine::config::BIAS;
use qrtl_hdl::blocks::engine::parameters::{float_parameter_word, parameter_word};

use super::exact::{self, Ends};

/// What the sum of a channel is multiplied by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(in crate::engine) enum Factor {
    /// a multiplier and a shift
    Fixed {
        /// in 2^-31
        multiplier: i64,
        /// left is positive
        shift: i64,
    },
    /// a float32 by its bits
    Float(u32),
}

/// In either form the parameters of a channel are a word of zeros, and give the zero point.
impl Default for Factor {
    fn default() -> Factor {
        Factor::Fixed { multiplier: 0, shift: 0 }
    }
}

impl Factor {
    /// A factor of 1.
    pub(super) fn one(rule: EngineRule) -> Factor {
        match rule {
            EngineRule::TfliteDouble | EngineRule::Single => Factor::Fixed { multiplier: 1 << 30, shift: 1 },
            EngineRule::F32Even => Factor::Float(1f32.to_bits()),
        }
    }
}

/// Bias and factor of a channel. The default gives the zero point.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub(in crate::engine) struct Channel {
    pub(super) bias: i64,
    pub(super) factor: Factor,
}

impl Channel {
    /// The word that an image holds.
    pub(in crate::engine) fn word(self) -> Result<u64> {
        match self.factor {
            Factor::Fixed { multiplier, shift } => parameter_word(self.bias, multiplier, shift),
            Factor::Float(bits) => float_parameter_word(self.bias, bits),
        }
        .map_err(anyhow::Error::msg)
    }
}

/// The sums of a channel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Sums {
    /// holds the zero point of the input
    pub(super) bias: i64,
    /// the least and the greatest sum, bias included
    pub(super) range: [i64; 2],
}

impl Sums {
    /// The sums of inputs of any int8, less the zero point, with these weights.
    pub(super) fn new(weights: impl Iterator<Item = i32>, bias: i64, zero_point: i64) -> Sums {
        let of_input = |[bias, least, greatest]: [i64; 3], w: i32| {
            let [a, b] = [-128, 127].map(|x| i64::from(w) * x);
            [bias - zero_point * i64::from(w), least + a.min(b), greatest + a.max(b)]
        };
        let [bias, least, greatest] = weights.fold([bias, 0, 0], of_input);
        Sums { bias, range: [least + bias, greatest + bias] }
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
    /// The parameters of channels with these sums, for an engine of this rule. There is one requantization for all
    /// channels, or one for each.
    ///
    /// # Errors
    /// If a bias does not fit, or the engine has no factor for a requantization; the error names the channel.
    pub(super) fn new(sums: &[Sums], requantizations: &[AnyRequantization], rule: EngineRule) -> Result<Scale> {
        let Some(first) = requantizations.first().map(|first| ends_of(first, rule)) else { bail!("has no factor") };
        let channel = |(c, sums): (usize, &Sums)| {
            let requantization = &requantizations[if requantizations.len() == 1 { 0 } else { c }];
            ensure!(ends_of(requantization, rule) == first, "channel {c}: zero point or bounds differ from channel 0");
            let bias = sums.bias;
            ensure!(BIAS.contains(bias.into()), "channel {c}: bias {bias}, zero point included, is outside {BIAS}");
            let factor = factor_of(requantization, sums.range, rule).with_context(|| format!("channel {c}"))?;
            Ok(Channel { bias, factor })
        };
        let channels = sums.iter().enumerate().map(channel).collect::<Result<_>>()?;
        Ok(Scale { channels, zero_point: first.zero_point, bounds: first.bounds })
    }

    /// The same values, clamped.
    pub(super) fn identity(channels: usize, bounds: Bounds, rule: EngineRule) -> Scale {
        let one = Channel { bias: 0, factor: Factor::one(rule) };
        Scale { channels: vec![one; channels], zero_point: 0, bounds }
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

fn ends_of(requantization: &AnyRequantization, rule: EngineRule) -> Ends {
    match requantization {
        AnyRequantization::Fixed(r) => Ends { rule, zero_point: r.zero_point(), bounds: r.output() },
        AnyRequantization::Real(r) => Ends { rule, zero_point: r.zero_point(), bounds: r.output() },
    }
}

/// The factor of a requantization. One of another rule than the engine's becomes a factor that gives the same for all of
/// these sums.
fn factor_of(requantization: &AnyRequantization, sums: [i64; 2], rule: EngineRule) -> Result<Factor> {
    match (rule, requantization) {
        (_, AnyRequantization::Fixed(r))
            if rule.fixed() == Some(r.rule()) && r.factor().width() == MultiplierWidth::W32 =>
        {
            Ok(Factor::Fixed { multiplier: r.factor().multiplier(), shift: r.factor().shift().into() })
        }
        (EngineRule::F32Even, AnyRequantization::Real(r)) if r.rule() == RealRule::F32Even => {
            // The rule holds its factor as a float.
            Ok(Factor::Float((r.factor() as f32).to_bits()))
        }
        _ => {
            let own = match requantization {
                AnyRequantization::Fixed(r) => r.rule().name(),
                AnyRequantization::Real(r) => r.rule().name(),
            };
            exact::factor(requantization, ends_of(requantization, rule), sums)
                .with_context(|| format!("rounds by {own}"))
        }
    }
}
