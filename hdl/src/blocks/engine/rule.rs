//! How an engine rounds.

use clap::ValueEnum;
use qrtl_golden::{RealRule, Rule};
use serde::{Deserialize, Serialize};

use crate::display_word;

/// The rule of an engine's requantizers, by its name in `docs/numerics.md`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[value(rename_all = "snake_case")]
pub enum EngineRule {
    /// a channel has a multiplier and a shift
    TfliteDouble,
    /// the same, rounded once
    Single,
    /// a channel has a float32
    F32Even,
}

display_word!(EngineRule);

impl EngineRule {
    /// The rule, if it multiplies by a multiplier and a shift.
    pub const fn fixed(self) -> Option<Rule> {
        match self {
            EngineRule::TfliteDouble => Some(Rule::TfliteDouble),
            EngineRule::Single => Some(Rule::Single),
            EngineRule::F32Even => None,
        }
    }

    /// Its name, in files and on the command line.
    pub const fn name(self) -> &'static str {
        match self.fixed() {
            Some(rule) => rule.name(),
            None => RealRule::F32Even.name(),
        }
    }

    pub(super) fn is_default(&self) -> bool {
        *self == EngineRule::TfliteDouble
    }
}
