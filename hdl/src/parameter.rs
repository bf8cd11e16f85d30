//! Types for parameters of blocks. One type is the flags of a block on the command line (clap), its description in a
//! file (serde), and the configuration of its hardware, so that each default and each word stands once.

mod hardware_rule;
mod textual;

use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{Args, Command, ValueEnum};
use qrtl_golden::{Bounds, MultiplierWidth, Rule};
use serde::{Deserialize, Serialize};

use crate::exact::Range;
pub use hardware_rule::{HardwareRule, hardware_rule};
pub use textual::{Dimension, Source, ZeroPoint};

/// Implements `Display` for a choice that clap knows, by its word on the command line, which is also its word in files.
#[macro_export]
macro_rules! display_word {
    ($($choice:ty),*) => {
        $(impl std::fmt::Display for $choice {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                let value = clap::ValueEnum::to_possible_value(self);
                f.pad(value.as_ref().map_or("", |value| value.get_name()))
            }
        })*
    };
}

/// `Default` of a configuration: what the command line gives without any flag, so that defaults stand beside their flags
/// and nowhere else.
#[macro_export]
macro_rules! default_from_flags {
    ($config:ty) => {
        impl Default for $config {
            fn default() -> $config {
                $crate::parameter::defaults()
            }
        }
    };
}

/// The configuration that the command line gives without any flag. It is the `Default` of a configuration, so that
/// defaults stand beside the flags and nowhere else.
///
/// # Panics
/// If a flag of `T` has no default.
pub fn defaults<T: Args>() -> T {
    of_flags(&[])
}

/// The configuration that the command line gives with these flags.
///
/// # Panics
/// If they are none of `T`'s, or another flag has no default.
pub(crate) fn of_flags<T: Args>(flags: &[&'static str]) -> T {
    let command = T::augment_args(Command::new("flags").no_binary_name(true));
    T::from_arg_matches(&command.get_matches_from(flags)).expect("each flag of a block has a default")
}

/// An integer type of the frameworks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum IntType {
    /// -8..=7
    Int4,
    /// -128..=127
    Int8,
    /// 0..=255
    Uint8,
    /// -32768..=32767
    Int16,
    /// -2147483648..=2147483647
    Int32,
}

impl IntType {
    /// The values of the type.
    pub const fn range(self) -> Range {
        match self {
            IntType::Int4 => Range::signed(4),
            IntType::Int8 => Range::signed(8),
            IntType::Uint8 => Range::unsigned(8),
            IntType::Int16 => Range::signed(16),
            IntType::Int32 => Range::signed(32),
        }
    }

    /// Bytes that hold a value.
    pub fn bytes(self) -> usize {
        self.range().width().div_ceil(8) as usize
    }

    /// Checks that the parameter `what`, which has this type, may have it.
    ///
    /// # Errors
    /// A sentence that names the parameter, the types that it may have, and this one.
    pub fn among(self, what: &str, allowed: &[IntType]) -> Result<(), String> {
        let words: Vec<String> = allowed.iter().map(IntType::to_string).collect();
        if allowed.contains(&self) { Ok(()) } else { Err(format!("{what}: {self} is none of {}", words.join(", "))) }
    }
}

display_word!(IntType);

impl From<Bounds> for Range {
    fn from(bounds: Bounds) -> Range {
        Range::new(bounds.min().into(), bounds.max().into())
    }
}

/// Parses the name of a rounding rule. The help shows all names.
pub fn rule() -> impl TypedValueParser<Value = Rule> {
    PossibleValuesParser::new(Rule::ALL.map(Rule::name)).try_map(|name| name.parse::<Rule>())
}

/// Parses the bits of a multiplier.
///
/// # Errors
/// If no multiplier has this width.
pub fn multiplier_width(text: &str) -> Result<MultiplierWidth, String> {
    let known = || MultiplierWidth::ALL.map(|width| width.bits().to_string());
    let found = MultiplierWidth::ALL.into_iter().find(|width| width.bits().to_string() == text);
    found.ok_or_else(|| format!("{text} is none of {}", known().join(", ")))
}

/// Checks that the parameter `what`, whose value is `v`, lies in `min..=max`.
///
/// # Errors
/// A sentence that names the parameter, the limits and the value.
pub fn within(what: &str, v: u32, min: u32, max: u32) -> Result<(), String> {
    if (min..=max).contains(&v) { Ok(()) } else { Err(format!("{what}: {v} is outside {min}..={max}")) }
}
