//! Which bytes of a word lie inside the tensor.

use crate::exact::{Int, Range};

/// `v`, or the nearest end of 0..=2^bits. A comparison with the upper end would be a chain of carries as long as `v`.
pub(super) fn cut(v: Int<'_>, bits: u32) -> Int<'_> {
    let range = Range::new(0, 1 << bits);
    if v.range().hi() < range.hi() {
        return v.clamp(range);
    }
    let above = !v.bits(bits, v.range().width() - bits).equals(0);
    v.lt(0).mux(0, above.mux(1 << bits, v.bits(0, bits)))
}

/// Bit l is 1 where `v <= l`: `v` has been cut to 0..=lanes.
pub(super) fn from<'k>(v: Int<'k>, l: usize) -> Int<'k> {
    v.lt(l as i128 + 1)
}
