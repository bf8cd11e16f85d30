//! Questions about some bits of a value, as a LUT asks them.

use crate::exact::{Int, Range};

/// All bits of `v` inverted where `flipped`.
pub(super) fn complemented<'k>(v: Int<'k>, flipped: Int<'k>) -> Int<'k> {
    v ^ flipped.mux(Range::unsigned(v.range().width()).hi(), 0).named("signs")
}

/// Bits that a LUT of four inputs takes in beside one that gates them.
pub(super) const GATED: u32 = 3;

/// Whether a bit of `v` is 1, asked of at most `size` bits at a time; the answers are called `name`.
pub(super) fn groups<'k>(v: Int<'k>, size: u32, name: &str, gate: impl Fn(Int<'k>) -> Int<'k>) -> Vec<Int<'k>> {
    let width = if v.range() == Range::constant(0) { 0 } else { v.range().width() };
    let group = |lo: u32| gate(any(v.bits(lo, size.min(width - lo)))).named(format!("{name}_at_{lo}"));
    (0..width).step_by(size as usize).map(group).collect()
}

/// 1 where a bit of `v` is.
pub(super) fn any(v: Int<'_>) -> Int<'_> {
    if v.range().width() == 1 { v } else { !v.equals(0) }
}

/// The bits side by side, without those that are always 0; 0 if there are no others.
pub(super) fn gathered<'k>(zero: Int<'k>, bits: impl IntoIterator<Item = Int<'k>>) -> Int<'k> {
    let bits = bits.into_iter().filter(|b| b.range() != Range::constant(0));
    bits.reduce(|all, bit| bit.concat(all, all.range().width())).unwrap_or(zero)
}
