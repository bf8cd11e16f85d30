//! Division by a power of two and what becomes of the remainder. Exact for every `p > i128::MIN` and every `k`.

/// `floor(p / 2^k)`: the low bits of the two's complement dropped. Not C's truncation, which goes toward zero.
pub fn floor(p: i128, k: u32) -> i128 {
    p >> k.min(127)
}

/// To nearest, ties toward plus infinity: `floor((p + 2^(k-1)) / 2^k)`, which is the floor plus the highest of the bits
/// that it drops, and so cannot overflow.
pub fn up(p: i128, k: u32) -> i128 {
    if k == 0 { p } else { floor(p, k) + (floor(p, k - 1) & 1) }
}

/// To nearest, ties away from zero: `sign(p) * floor((|p| + 2^(k-1)) / 2^k)`.
pub fn away(p: i128, k: u32) -> i128 {
    if p < 0 { -up(-p, k) } else { up(p, k) }
}
