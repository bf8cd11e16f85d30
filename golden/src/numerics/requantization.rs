//! A rounding rule with its parameters, validated once.

use super::rule::Contract;
use super::types::{check_output, within};
use crate::{Bounds, Error, FixedMultiplier, Rule};

/// Everything that turns an accumulator into a quantized value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Requantization {
    rule: Rule,
    factor: FixedMultiplier,
    zero_point: i64,
    output: Bounds,
}

impl Requantization {
    /// Rounding rule, factor, output zero point and clamp; the last two are any `i32`.
    ///
    /// # Errors
    /// If the rule is not defined for the shift or the width of the multiplier, or zero point, least or greatest output
    /// is no `i32`.
    pub fn new(rule: Rule, factor: FixedMultiplier, zero_point: i64, output: Bounds) -> Result<Requantization, Error> {
        let shifts = rule.shift_range();
        within("shift", factor.shift().into(), (*shifts.start()).into()..=(*shifts.end()).into())?;
        check_output(zero_point, output)?;
        if !rule.widths().contains(&factor.width()) {
            return Err(Error::Width { rule: rule.name(), bits: factor.width().bits() });
        }
        Ok(Requantization { rule, factor, zero_point, output })
    }

    /// Rounding rule.
    pub const fn rule(&self) -> Rule {
        self.rule
    }

    /// Real factor.
    pub const fn factor(&self) -> FixedMultiplier {
        self.factor
    }

    /// Output zero point.
    pub const fn zero_point(&self) -> i64 {
        self.zero_point
    }

    /// Clamp.
    pub const fn output(&self) -> Bounds {
        self.output
    }

    /// The accumulators for which the reference defines the result ([`Rule::contract`]): an interval around 0.
    pub fn accumulator(&self) -> Bounds {
        self.rule.accumulator().around_zero(|acc| self.defined(acc).is_some())
    }

    /// Checks that `acc` lies in [`accumulator`](Requantization::accumulator).
    ///
    /// Outside, every build of TFLite that was tried wraps, and nobody may rely on the wrapped value
    /// (`docs/numerics.md`).
    ///
    /// # Errors
    /// If `acc` lies outside.
    pub fn check_accumulator(&self, acc: i64) -> Result<(), Error> {
        self.scaled(acc.into()).map(drop)
    }

    /// The product with the factor, rounded, before zero point and clamp: an `i32`.
    ///
    /// # Errors
    /// If the reference does not define the product for `acc`.
    pub(super) fn scaled(&self, acc: i128) -> Result<i128, Error> {
        let in_range = self.rule.accumulator().contains(acc);
        // The cast is exact: the accumulator of no rule has more than 64 bits.
        in_range.then(|| self.defined(acc as i64)).flatten().ok_or_else(|| {
            let (range, rule) = (self.accumulator(), self.rule.name());
            let (multiplier, shift) = (self.factor.multiplier(), self.factor.shift());
            Error::Accumulator { acc, min: range.min(), max: range.max(), rule, multiplier, shift }
        })
    }

    /// The same product for an accumulator of the rule; `None` if the reference does not define it.
    fn defined(&self, acc: i64) -> Option<i128> {
        let shifted = i128::from(acc) << self.factor.left();
        let starts = match self.rule.contract() {
            Contract::ShiftedAccumulator => self.rule.accumulator().contains(shifted),
            Contract::Result => true,
        };
        starts.then(|| self.rule.scaled(acc, self.factor)).filter(|&scaled| Bounds::INT32.contains(scaled))
    }
}
