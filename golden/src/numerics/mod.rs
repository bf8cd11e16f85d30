//! The integers of one number: rounding rules, multipliers, requantization, saturation.

mod any_requantization;
mod any_rule;
pub mod fixed_point_multiplier;
mod formula;
pub mod gemmlowp;
pub mod multiplier;
pub mod real_requantizer;
mod real_rule;
mod requantization;
pub mod requantizer;
pub mod round;
mod rule;
pub mod saturator;
pub(crate) mod types;

pub use any_requantization::AnyRequantization;
pub use any_rule::AnyRule;
pub use real_requantizer::RealRequantization;
pub use real_rule::RealRule;
pub use requantization::Requantization;
pub use rule::{Contract, Rule};
pub use types::{Bounds, FixedMultiplier, MultiplierWidth};
