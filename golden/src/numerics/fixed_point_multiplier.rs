//! Fixed-point products.

use crate::numerics::round::{floor, up};
use crate::numerics::types::within;
use crate::{Bounds, Error, MultiplierWidth, Rule};

/// The lab's Figure 4: `a` and `b` are unsigned `Q1.(B-1)`; the product has 2 integer bits and `2(B-1)` fraction bits,
/// of which the lowest integer bit and the upper `B - 1` fraction bits are kept: `floor(a b / 2^(B-1)) mod 2^B`.
///
/// # Errors
/// If an operand has more than `B` bits.
pub fn unsigned(a: u64, b: u64, width: MultiplierWidth) -> Result<u64, Error> {
    let bits = width.bits();
    let limit = (1i64 << bits) - 1;
    for (what, v) in [("a", a), ("b", b)] {
        within(what, i64::try_from(v).unwrap_or(i64::MAX), 0..=limit)?;
    }
    let product = u128::from(a) * u128::from(b);
    Ok((product >> (bits - 1)) as u64 & limit as u64)
}

/// `acc * m / 2^(B-1)` of an `i32` accumulator and a multiplier `0..2^(B-1)`, rounded by `Truncate` (floor) or `Single`
/// (half up).
///
/// # Errors
/// If an operand is out of range, or the rule is another one.
pub fn signed(acc: i64, m: i64, width: MultiplierWidth, rule: Rule) -> Result<i64, Error> {
    within("acc", acc, Bounds::INT32.min()..=Bounds::INT32.max())?;
    within("m", m, 0..=width.max())?;
    let (product, k) = (i128::from(acc) * i128::from(m), width.bits() - 1);
    let rounded = match rule {
        Rule::Truncate => floor(product, k),
        Rule::Single => up(product, k),
        _ => return Err(Error::unknown("rule", rule, &[Rule::Truncate, Rule::Single])),
    };
    // The result is no larger than the accumulator, because m / 2^(B-1) < 1.
    Ok(rounded as i64)
}
