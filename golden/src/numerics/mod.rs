//! What happens to one number: rounding rules, multipliers, requantization, saturation.
//!
//! - [`Rule`], [`FixedMultiplier`], [`Requantization`], [`Bounds`]: parameters, validated once;
//! - [`RealRule`], [`RealRequantization`]: the same for the runtimes that multiply by a float;
//! - [`multiplier`]: from a real factor to a fixed-point multiplier and shift;
//! - [`requantizer`], [`saturator`], [`fixed_point_multiplier`]: the operators, named as the hardware blocks;
//! - [`real_requantizer`]: the rounding of other runtimes, which no hardware computes;
//! - [`round`], [`gemmlowp`]: the steps that the rules are made of.

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
