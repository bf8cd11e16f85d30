//! Division by a power of two with rounding. Results are exact for every `p > i128::MIN` and every `k`.

/// `floor(p / 2^k)`: the low bits of the two's complement dropped. Not C's truncation, which goes toward zero.
pub fn floor(p: i128, k: u32) -> i128 {
    p >> k.min(127)
}

/// To nearest, ties toward plus infinity: `floor((p + 2^(k-1)) / 2^k)`. It is computed as the floor plus the highest of
/// the dropped bits, and so cannot overflow.
pub fn up(p: i128, k: u32) -> i128 {
    if k == 0 { p } else { floor(p, k) + (floor(p, k - 1) & 1) }
}

/// To nearest, ties away from zero: `sign(p) * floor((|p| + 2^(k-1)) / 2^k)`.
pub fn away(p: i128, k: u32) -> i128 {
    if p < 0 { -up(-p, k) } else { up(p, k) }
}

#[cfg(test)]
mod tests {
    use super::{away, floor, up};

    /// No sum overflows and no shift is too far.
    #[test]
    fn any_number_of_bits() {
        let (least, most) = (i128::MIN + 1, i128::MAX);
        for (k, whole) in [(127, 1), (128, 0), (129, 0), (u32::MAX, 0)] {
            assert_eq!([floor(most, k), up(most, k), away(most, k)], [0, whole, whole], "2^{k}");
            assert_eq!([floor(least, k), up(least, k), away(least, k)], [-1, -whole, -whole], "2^{k}");
        }
        for p in [least, most] {
            assert_eq!([floor(p, 0), up(p, 0), away(p, 0)], [p; 3]);
        }
    }
}
