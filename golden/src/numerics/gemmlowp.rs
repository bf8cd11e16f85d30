//! gemmlowp's two fixed-point steps as its `fixedpoint.h` writes them (16e8662c), from which TFLite's rounding is made.

/// `SaturatingRoundingDoublingHighMul`: `2 a b / 2^32`, to nearest; NEON's `vqrdmulh`.
///
/// The nudge is `2^30` or `1 - 2^30`, and the division rounds toward zero. Together the two steps are
/// [`up`](crate::numerics::round::up) by 31 bits: ties go toward plus infinity, not away from zero. The one product that leaves
/// `i32`, of `i32::MIN` by itself, saturates.
pub fn saturating_rounding_doubling_high_mul(a: i32, b: i32) -> i32 {
    if a == i32::MIN && b == i32::MIN {
        return i32::MAX;
    }
    let product = i64::from(a) * i64::from(b);
    let nudge = if product >= 0 { 1 << 30 } else { 1 - (1 << 30) };
    // The result is at most 2^31 - 1, because the only product of 2^62 has been dealt with.
    ((product + nudge) / (1 << 31)) as i32
}

/// `RoundingDivideByPOT`: `x / 2^exponent`, to nearest, ties away from zero: [`away`](crate::numerics::round::away).
///
/// # Panics
/// If `exponent > 31`, as gemmlowp asserts.
pub fn rounding_divide_by_pot(x: i32, exponent: u32) -> i32 {
    assert!(exponent <= 31, "exponent: {exponent} is outside 0..=31");
    // The mask is computed in 64 bits, because a mask of 31 bits plus 1 is no i32.
    let x = i64::from(x);
    let mask = (1i64 << exponent) - 1;
    let remainder = x & mask;
    let threshold = (mask >> 1) + i64::from(x < 0);
    // The result is no larger than x.
    ((x >> exponent) + i64::from(remainder > threshold)) as i32
}
