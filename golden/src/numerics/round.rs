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

/// To nearest, ties to even: `up(p, k)`, or the even number below where `p` is an odd multiple of `2^(k-1)`.
pub fn even(p: i128, k: u32) -> i128 {
    let tie = p.trailing_zeros() + 1 == k;
    if tie { up(p, k) & !1 } else { up(p, k) }
}

#[cfg(test)]
mod tests {
    use super::{away, even, floor, up};

    /// No sum overflows and no shift is too far.
    #[test]
    fn any_number_of_bits() {
        let (least, most) = (i128::MIN + 1, i128::MAX);
        for (k, whole) in [(127, 1), (128, 0), (129, 0), (u32::MAX, 0)] {
            assert_eq!([floor(most, k), up(most, k), away(most, k), even(most, k)], [0, whole, whole, whole], "2^{k}");
            let got = [floor(least, k), up(least, k), away(least, k), even(least, k)];
            assert_eq!(got, [-1, -whole, -whole, -whole], "2^{k}");
        }
        for p in [least, most] {
            assert_eq!([floor(p, 0), up(p, 0), away(p, 0), even(p, 0)], [p; 4]);
        }
    }

    /// Quarters, ties of both parities and signs among them.
    #[test]
    fn ties_to_even() {
        let quarters = [-10, -7, -6, -5, -2, -1, 0, 1, 2, 3, 6, 9, 10, 11, 14];
        assert_eq!(quarters.map(|p| even(p, 2)), [-2, -2, -2, -1, 0, 0, 0, 0, 0, 1, 2, 2, 2, 3, 4]);
        assert_eq!([even(1 << 126, 127), even(3 << 125, 126), even(0, 129)], [0, 2, 0]);
    }
}
