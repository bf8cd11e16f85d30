//! `x relu6(x + 3) / 6` of int8, in integers of 16 bits.

use super::table::{Table, tabulate};
use crate::numerics::multiplier::quantize_multiplier;
use crate::numerics::round::up;
use crate::{Error, FixedMultiplier, MultiplierWidth};

/// `HARD_SWISH` from scale and zero point of the input to scale and zero point of the output, the same in TFLM and LiteRT
/// (tflite-micro 90b983c2, `micro/kernels/hard_swish_common.cc`, `reference/hard_swish.h`). Factors are formed in `f32`
/// and have 16 bits.
///
/// # Errors
/// If `(sx / 128) / sy` is above 1 once rounded to a multiplier, as the reference demands, or `sx` is so great that the
/// factor of the gate is no multiplier.
pub fn hard_swish_table(scales: [f32; 2], zero_points: [i32; 2]) -> Result<Table, Error> {
    let fine = scales[0] / 128.0;
    // The gate has 32768 where x is 3.
    let (to_output, to_gate) = (fine / scales[1], fine / (3.0 / 32768.0));
    let output = quantize_multiplier(to_output.into(), MultiplierWidth::W32)?;
    let gate = quantize_multiplier(to_gate.into(), MultiplierWidth::W32)?;
    if output.shift() > 0 {
        return Err(Error::Real { limit: "below 1 once rounded to a multiplier", got: to_output.into() });
    }
    tabulate(|x| {
        // At most 255 * 128.
        let fine = ((x - zero_points[0]) * 128) as i16;
        let unshifted = high_product(fine, output);
        let product = gated(unshifted, gate_of(fine, gate));
        let y = i32::from(divide_by_power_of_two(product, output.right())) + zero_points[1];
        Ok(y.clamp(-128, 127))
    })
}

/// `(x / 3 + 1) / 2` within 0 and 1, in steps of 2^-15. A left shift saturates.
fn gate_of(fine: i16, factor: FixedMultiplier) -> i16 {
    let left = factor.left();
    let shifted = saturated(i64::from(fine) << left.saturating_sub(1));
    // The last bit of a left shift comes behind the product.
    let third = saturated(i64::from(high_product(shifted, factor)) << left.min(1));
    let third = divide_by_power_of_two(third, factor.right());
    ((i32::from(third) + (1 << 15)) >> 1) as i16
}

/// `x` times the gate, which is at least 0, rounded toward zero.
fn gated(x: i16, gate: i16) -> i16 {
    (i32::from(x) * i32::from(gate) / (1 << 15)) as i16
}

/// gemmlowp's `SaturatingRoundingDoublingHighMul` of 16 bits (16e8662c, `fixedpoint.h`), which cannot saturate, because
/// the multiplier is at least 0.
fn high_product(x: i16, factor: FixedMultiplier) -> i16 {
    up(i128::from(x) * i128::from(factor.reduced()), 15) as i16
}

/// gemmlowp's `RoundingDivideByPOT` of 16 bits (16e8662c, `fixedpoint.h`). From an exponent of 16 on, the mask keeps
/// 16 bits, all of them 1, so that a result is 1 or -1 where 0 is due.
fn divide_by_power_of_two(x: i16, exponent: u32) -> i16 {
    let mask = ((1i64 << exponent) - 1) as i16;
    let threshold = (mask >> 1) + i16::from(x < 0);
    let quotient = (i32::from(x) >> exponent) as i16;
    quotient + i16::from(x & mask > threshold)
}

fn saturated(x: i64) -> i16 {
    x.clamp(i16::MIN.into(), i16::MAX.into()) as i16
}
