//! The rule of a request with its factor: a multiplier and a shift, or a real factor.

use serde::{Deserialize, Deserializer};

use super::tensor::Output;
use crate::numerics::{AnyRequantization, AnyRule};
use crate::{Bounds, Error, FixedMultiplier, MultiplierWidth, RealRequantization, RealRule, Requantization, Rule};

/// A rule with its factor: one number, or a list with one for all channels or one for each.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Scaling<M, R> {
    /// by a multiplier and a shift
    Fixed {
        /// rounding rule
        rule: Rule,
        /// multiplier of 32 bits
        multiplier: M,
        /// shift with TFLite's sign
        shift: M,
    },
    /// by a real factor, which no hardware has
    Real {
        /// rounding rule
        rule: RealRule,
        /// real factor
        factor: R,
    },
}

/// The scaling of an operator with channels.
pub(super) type ChannelScaling<'a> = Scaling<&'a [i64], &'a [f64]>;

impl<M, R> Scaling<M, R> {
    /// The rule with the factor that it takes.
    ///
    /// # Errors
    /// If the factor is missing, or there is a factor of another kind.
    pub(super) fn new(rule: AnyRule, multiplier: Option<M>, shift: Option<M>, real: Option<R>) -> Result<Self, Error> {
        match (rule, multiplier, shift, real) {
            (AnyRule::Fixed(rule), Some(multiplier), Some(shift), None) => {
                Ok(Scaling::Fixed { rule, multiplier, shift })
            }
            (AnyRule::Real(rule), None, None, Some(factor)) => Ok(Scaling::Real { rule, factor }),
            (AnyRule::Fixed(rule), ..) => {
                Err(Error::Takes { rule: rule.name(), takes: "multiplier and shift, and no real_multiplier" })
            }
            (AnyRule::Real(rule), ..) => {
                Err(Error::Takes { rule: rule.name(), takes: "real_multiplier, and neither multiplier nor shift" })
            }
        }
    }
}

impl Scaling<i64, f64> {
    /// The requantization by a multiplier and a shift.
    ///
    /// # Errors
    /// If a parameter is out of range, or the rule takes a real factor.
    pub(super) fn fixed(&self, output: &Output) -> Result<Requantization, Error> {
        match *self {
            Scaling::Fixed { rule, multiplier, shift } => fixed(rule, multiplier, shift, output),
            Scaling::Real { rule, .. } => Err(Error::NoHardware { rule: rule.name() }),
        }
    }

    /// The requantization by the factor of either kind.
    ///
    /// # Errors
    /// If a parameter is out of range.
    pub(super) fn any(&self, output: &Output) -> Result<AnyRequantization, Error> {
        match *self {
            Scaling::Fixed { rule, multiplier, shift } => {
                fixed(rule, multiplier, shift, output).map(AnyRequantization::Fixed)
            }
            Scaling::Real { rule, factor } => real(rule, factor, output).map(AnyRequantization::Real),
        }
    }
}

impl ChannelScaling<'_> {
    /// Checks that there is one factor for all channels, or one for each.
    ///
    /// # Errors
    /// If there is another number of factors.
    pub(super) fn check_channels(&self, channels: usize) -> Result<(), Error> {
        let (what, count) = match self {
            Scaling::Fixed { multiplier, .. } => ("multiplier", multiplier.len()),
            Scaling::Real { factor, .. } => ("real_multiplier", factor.len()),
        };
        if count != 1 && count != channels {
            return Err(Error::Shape { what, got: vec![count], expected: format!("[1] or [{channels}]") });
        }
        match self {
            Scaling::Fixed { shift, .. } if shift.len() != count => {
                let expected = format!("[{count}], as multiplier");
                Err(Error::Shape { what: "shift", got: vec![shift.len()], expected })
            }
            _ => Ok(()),
        }
    }

    /// The requantizations by multipliers and shifts, which are equally many.
    ///
    /// # Errors
    /// If a parameter is out of range, or the rule takes real factors.
    pub(super) fn all_fixed(&self, output: &Output) -> Result<Vec<Requantization>, Error> {
        match self {
            Scaling::Fixed { rule, multiplier, shift } => {
                multiplier.iter().zip(*shift).map(|(&m, &s)| fixed(*rule, m, s, output)).collect()
            }
            Scaling::Real { rule, .. } => Err(Error::NoHardware { rule: rule.name() }),
        }
    }

    /// The requantizations by factors of either kind.
    ///
    /// # Errors
    /// If a parameter is out of range.
    pub(super) fn all(&self, output: &Output) -> Result<Vec<AnyRequantization>, Error> {
        match self {
            Scaling::Fixed { .. } => Ok(self.all_fixed(output)?.into_iter().map(AnyRequantization::Fixed).collect()),
            Scaling::Real { rule, factor } => {
                factor.iter().map(|&f| real(*rule, f, output).map(AnyRequantization::Real)).collect()
            }
        }
    }
}

fn fixed(rule: Rule, multiplier: i64, shift: i64, output: &Output) -> Result<Requantization, Error> {
    let factor = FixedMultiplier::new(MultiplierWidth::W32, multiplier, shift)?;
    Requantization::new(rule, factor, output.zero_point, Bounds::new(output.min, output.max)?)
}

fn real(rule: RealRule, factor: f64, output: &Output) -> Result<RealRequantization, Error> {
    RealRequantization::new(rule, factor, output.zero_point, Bounds::new(output.min, output.max)?)
}

/// Reads a field that may be missing, but must not be null.
pub(super) fn present<'de, D: Deserializer<'de>, T: Deserialize<'de>>(deserializer: D) -> Result<Option<T>, D::Error> {
    T::deserialize(deserializer).map(Some)
}
