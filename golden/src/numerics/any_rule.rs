//! A rounding rule of either kind.

use std::str::FromStr;

use serde::Deserialize;

use super::{RealRule, Rule};
use crate::Error;

/// A rule that multiplies by a multiplier and a shift, or a rule that multiplies by a real factor.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub enum AnyRule {
    /// by a multiplier and a shift
    Fixed(Rule),
    /// by a real factor
    Real(RealRule),
}

impl AnyRule {
    /// All rules of the first kind, then all rules of the second kind.
    pub const ALL: [AnyRule; Rule::ALL.len() + RealRule::ALL.len()] = {
        let mut all = [AnyRule::Fixed(Rule::ALL[0]); Rule::ALL.len() + RealRule::ALL.len()];
        let mut i = 0;
        while i < all.len() {
            all[i] = match i.checked_sub(Rule::ALL.len()) {
                None => AnyRule::Fixed(Rule::ALL[i]),
                Some(real) => AnyRule::Real(RealRule::ALL[real]),
            };
            i += 1;
        }
        all
    };

    /// The name of the rule in requests.
    pub const fn name(self) -> &'static str {
        match self {
            AnyRule::Fixed(rule) => rule.name(),
            AnyRule::Real(rule) => rule.name(),
        }
    }
}

impl FromStr for AnyRule {
    type Err = Error;
    fn from_str(name: &str) -> Result<AnyRule, Error> {
        let unknown = || Error::unknown("rule", name, &AnyRule::ALL.map(AnyRule::name));
        AnyRule::ALL.into_iter().find(|rule| rule.name() == name).ok_or_else(unknown)
    }
}

impl TryFrom<String> for AnyRule {
    type Error = Error;
    fn try_from(name: String) -> Result<AnyRule, Error> {
        name.parse()
    }
}
