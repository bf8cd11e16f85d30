//! Functions of some bits of a value, of the size that a LUT computes.

use crate::exact::{Int, Range};

/// `v`, with all bits inverted where `flipped` is 1.
pub(super) fn complemented<'k>(v: Int<'k>, flipped: Int<'k>) -> Int<'k> {
    v ^ flipped.mux(Range::unsigned(v.range().width()).hi(), 0).named("signs")
}

/// Number of bits that a LUT of four inputs takes beside a bit that gates them.
pub(super) const GATED: u32 = 3;

/// For each `size` bits of `v`, whether one of them is 1. The results are called `name`.
pub(super) fn groups<'k>(v: Int<'k>, size: u32, name: &str, gate: impl Fn(Int<'k>) -> Int<'k>) -> Vec<Int<'k>> {
    let width = if v.range() == Range::constant(0) { 0 } else { v.range().width() };
    let group = |lo: u32| gate(any(v.bits(lo, size.min(width - lo)))).named(format!("{name}_at_{lo}"));
    (0..width).step_by(size as usize).map(group).collect()
}

/// 1 where a bit of `v` is 1.
pub(super) fn any(v: Int<'_>) -> Int<'_> {
    if v.range().width() == 1 { v } else { !v.equals(0) }
}

/// The bits side by side, without bits that are always 0; 0 if no bit is left.
pub(super) fn gathered<'k>(zero: Int<'k>, bits: impl IntoIterator<Item = Int<'k>>) -> Int<'k> {
    let bits = bits.into_iter().filter(|b| b.range() != Range::constant(0));
    bits.reduce(|all, bit| bit.concat(all, all.range().width())).unwrap_or(zero)
}
