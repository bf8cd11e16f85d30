//! The rounding rules that blocks compute.

use std::fmt;
use std::str::FromStr;

use clap::builder::{PossibleValuesParser, TypedValueParser};
use qrtl_golden::{Bounds, RealRule, Rule};
use serde::{Deserialize, Serialize};

/// A rounding rule of a block whose requantizers multiply by a multiplier and a shift, or by a float32.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(into = "&'static str", try_from = "String")]
pub enum HardwareRule {
    /// by a multiplier and a shift
    Fixed(Rule),
    /// by a float32
    F32Even,
}

impl HardwareRule {
    /// The rule, if it multiplies by a multiplier and a shift.
    pub const fn fixed(self) -> Option<Rule> {
        match self {
            HardwareRule::Fixed(rule) => Some(rule),
            HardwareRule::F32Even => None,
        }
    }

    /// Its name, in files and on the command line.
    pub const fn name(self) -> &'static str {
        match self {
            HardwareRule::Fixed(rule) => rule.name(),
            HardwareRule::F32Even => RealRule::F32Even.name(),
        }
    }

    /// Who computes exactly this.
    pub const fn reference(self) -> &'static str {
        match self {
            HardwareRule::Fixed(rule) => rule.reference(),
            HardwareRule::F32Even => RealRule::F32Even.reference(),
        }
    }

    /// Accumulators that the rule's reference can hold.
    pub const fn accumulator(self) -> Bounds {
        match self {
            HardwareRule::Fixed(rule) => rule.accumulator(),
            HardwareRule::F32Even => RealRule::F32Even.accumulator(),
        }
    }

    /// All rules.
    fn all() -> impl Iterator<Item = HardwareRule> {
        Rule::ALL.into_iter().map(HardwareRule::Fixed).chain([HardwareRule::F32Even])
    }
}

impl fmt::Display for HardwareRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for HardwareRule {
    type Err = String;
    fn from_str(name: &str) -> Result<HardwareRule, String> {
        let known = || HardwareRule::all().map(HardwareRule::name).collect::<Vec<_>>().join(", ");
        HardwareRule::all().find(|rule| rule.name() == name).ok_or_else(|| format!("{name} is none of {}", known()))
    }
}

impl TryFrom<String> for HardwareRule {
    type Error = String;
    fn try_from(name: String) -> Result<HardwareRule, String> {
        name.parse()
    }
}

impl From<HardwareRule> for &'static str {
    fn from(rule: HardwareRule) -> &'static str {
        rule.name()
    }
}

/// Parses the name of a rule. The help shows all names.
pub fn hardware_rule() -> impl TypedValueParser<Value = HardwareRule> {
    let names = HardwareRule::all().map(HardwareRule::name).collect::<Vec<_>>();
    PossibleValuesParser::new(names).try_map(|name| name.parse::<HardwareRule>())
}
