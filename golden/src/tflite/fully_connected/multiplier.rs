//! From a real factor to a multiplier of 32 bits and a shift.
//!
//! The importer's own copy of the rule, of one width: to be replaced by the crate's `multiplier` module.

/// `(m, s)` with `m * 2^(s - 31)` nearest to `real`, ties away from zero, and `m` in `2^30..2^31`, or `(0, 0)` for what
/// is too small.
pub(super) fn quantize_multiplier(real: f64) -> Result<(i32, i32), String> {
    const MANTISSA_BITS: u32 = 52;
    const LEFT_MOST: i32 = 30;
    const RIGHT_MOST: i32 = -31;
    if !(real.is_finite() && real >= 0.0) {
        return Err("must be finite and at least 0".to_owned());
    }
    // real = fraction * 2^exponent with the fraction in 0.5..1; zero and subnormals get the least exponent, which is
    // far below the smallest shift.
    let exponent = (real.to_bits() >> MANTISSA_BITS) as i32 - 1022;
    let mantissa = real.to_bits() & ((1 << MANTISSA_BITS) - 1) | 1 << MANTISSA_BITS;
    // From 53 bits to 31: half of the last bit is added, the rest falls off.
    let rounded = (mantissa + (1 << 21)) >> 22;
    let (multiplier, shift) = if rounded == 1 << 31 {
        (1 << 30, exponent + 1)
    } else {
        (rounded, exponent)
    };
    if shift < RIGHT_MOST {
        return Ok((0, 0));
    }
    if shift > LEFT_MOST {
        return Err(format!("must be below 2^{LEFT_MOST}"));
    }
    let multiplier = i32::try_from(multiplier).map_err(|error| error.to_string())?;
    Ok((multiplier, shift))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_reference_pairs() {
        let power = |exponent: i32| 2.0_f64.powi(exponent);
        for (real, expected) in [
            (0.0, (0, 0)),
            (0.2, (1_717_986_918, -2)),
            (0.5, (1 << 30, 0)),
            (1.0, (1 << 30, 1)),
            (1.0 - power(-31), (i32::MAX, 0)),
            (1.0 - power(-32), (1 << 30, 1)),
            (0.5 + power(-32), ((1 << 30) + 1, 0)),
            (power(-32), (1 << 30, -31)),
            (power(-32) * (1.0 - power(-33)), (1 << 30, -31)),
            (power(-33), (0, 0)),
            (f64::from_bits(1), (0, 0)),
            (power(29), (1 << 30, 30)),
        ] {
            assert_eq!(quantize_multiplier(real), Ok(expected), "{real:e}");
        }
    }

    #[test]
    fn factors_that_have_no_multiplier() {
        assert_eq!(
            quantize_multiplier(2.0_f64.powi(30)),
            Err("must be below 2^30".to_owned())
        );
        for real in [f64::NAN, f64::INFINITY, -1.0] {
            assert_eq!(
                quantize_multiplier(real),
                Err("must be finite and at least 0".to_owned())
            );
        }
    }
}
