//! The rule of a request and what it multiplies by: a multiplier and a shift, or a real factor.

use serde::{Deserialize, Deserializer};

use crate::{Error, RealRule, Rule};

/// A rule of either kind, by its name.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(try_from = "String")]
pub(super) enum AnyRule {
    Fixed(Rule),
    Real(RealRule),
}

impl TryFrom<String> for AnyRule {
    type Error = Error;
    fn try_from(name: String) -> Result<AnyRule, Error> {
        let fixed = name.parse().map(AnyRule::Fixed);
        fixed.or_else(|_| name.parse().map(AnyRule::Real)).map_err(|_: Error| {
            let names: Vec<_> =
                Rule::ALL.map(Rule::name).into_iter().chain(RealRule::ALL.map(RealRule::name)).collect();
            Error::unknown("rule", name, &names)
        })
    }
}

/// A rule that takes a real factor, and the factor.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RealFactor<T> {
    /// rounding rule
    pub rule: RealRule,
    /// real factor, or one for each channel
    pub factor: T,
}

/// What a rule was given.
pub(super) enum Factor<M, R> {
    Fixed { rule: Rule, multiplier: M, shift: M },
    Real(RealFactor<R>),
}

/// The rule with what it takes.
///
/// # Errors
/// If that is missing, or there is something else.
pub(super) fn factor<M, R>(
    rule: AnyRule,
    multiplier: Option<M>,
    shift: Option<M>,
    real: Option<R>,
) -> Result<Factor<M, R>, Error> {
    match (rule, multiplier, shift, real) {
        (AnyRule::Fixed(rule), Some(multiplier), Some(shift), None) => Ok(Factor::Fixed { rule, multiplier, shift }),
        (AnyRule::Real(rule), None, None, Some(factor)) => Ok(Factor::Real(RealFactor { rule, factor })),
        (AnyRule::Fixed(rule), ..) => {
            Err(Error::Takes { rule: rule.name(), takes: "multiplier and shift, and no real_multiplier" })
        }
        (AnyRule::Real(rule), ..) => {
            Err(Error::Takes { rule: rule.name(), takes: "real_multiplier, and neither multiplier nor shift" })
        }
    }
}

/// A field that may be missing, but that is no null.
pub(super) fn present<'de, D: Deserializer<'de>, T: Deserialize<'de>>(deserializer: D) -> Result<Option<T>, D::Error> {
    T::deserialize(deserializer).map(Some)
}
