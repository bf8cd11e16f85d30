//! Exact rationals.

use num_bigint::BigInt;
use num_rational::BigRational;
use num_traits::ToPrimitive;
use qrtl_golden::Bounds;

pub fn integer(v: i64) -> BigRational {
    BigRational::from_integer(BigInt::from(v))
}

/// `2^e`
pub fn power(e: i32) -> BigRational {
    let p = BigRational::from_integer(BigInt::from(1) << e.unsigned_abs());
    if e < 0 { p.recip() } else { p }
}

/// Adds the zero point and clamps.
pub fn quantized(scaled: &BigInt, zero_point: i64, output: Bounds) -> i64 {
    let y = scaled + BigInt::from(zero_point);
    if y < BigInt::from(output.min()) {
        output.min()
    } else if y > BigInt::from(output.max()) {
        output.max()
    } else {
        y.to_i64().unwrap()
    }
}
