//! Division by a power of two and what becomes of the remainder.

/// `floor(p / 2^k)`: the low bits of the two's complement dropped. Not C's truncation, which goes toward zero.
pub fn floor(p: i128, k: u32) -> i128 {
    p >> k.min(127)
}

/// To nearest, ties toward plus infinity: `floor((p + 2^(k-1)) / 2^k)`.
///
/// `|p| < 2^120`, `k <= 120`.
pub fn up(p: i128, k: u32) -> i128 {
    if k == 0 { p } else { (p + (1 << (k - 1))) >> k }
}

/// To nearest, ties away from zero. Range as [`up`].
pub fn away(p: i128, k: u32) -> i128 {
    if p < 0 { -up(-p, k) } else { up(p, k) }
}
