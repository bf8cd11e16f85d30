//! The arithmetic of the requantizer, stage by stage.
//!
//! With `x = acc + bias` and `p = x * m`, brought to a multiplier of 32 bits, every rule is one shift by `k = 31 - s`, and
//! nothing is added to `p`: the rounding is one bit `r`, which comes from the bits that are shifted out,
//!
//! ```text
//! scaled = floor(p / 2^k) + r        with the guard g = p[k-1], and the sticky bit t:
//!   truncate             r = 0
//!   single, reduced_16   r = g
//!   half_up_twice        r = g or t        t: k > 31 and p[k-2..=30] are all ones
//! ```
//!
//! `tflite_double` and `shift_away` are symmetric about 0: they are described of `v = p` or, where `p < 0`, `v = not p`,
//!
//! ```text
//! scaled = floor(v / 2^k) + r, or its negative where p < 0
//!   tflite_double        r = g or t        t: k > 31 and v[k-2..=30] are all ones
//!   shift_away           r = g or t        t: p < 0 and v[k-2..=0] are all ones
//! ```
//!
//! and `zero_point - floor(v / 2^k) - r` is `zero_point + not floor(v / 2^k) + (1 - r)`: an adder with a carry either way.
//! The identities are proved in `docs/numerics.md`.
//!
//! A product may come with a [`nudge`] in it: half a unit of the first of two roundings. Then `half_up_twice` and
//! `tflite_double` have no sticky bit: `r` is bit `k-1` of `p` with the nudge.

use qrtl_golden::{MultiplierWidth, Rule};

use crate::exact::{Int, Range, Rank};

/// Bits that the magnitude of a scaled value needs, so that nothing beyond them changes the clamped result.
///
/// Zero point, min and max are values of the output type of `width` bits, so all that is at or beyond `+-2^width` ends at
/// the same bound.
pub(super) const fn kept_bits(output: Range) -> u32 {
    output.width()
}

/// The multiplier that the rule makes of the given one, and the left shift that brings the product to a multiplier of 32
/// bits.
pub(super) fn effective_multiplier(rule: Rule, width: MultiplierWidth, m: Int<'_>) -> (Int<'_>, u32) {
    match rule {
        // TFLite int16x8: 16 bits, rounded half up, with a ceiling; its scale is that of 32 bits.
        Rule::Reduced16 => (((m + (1 << 15)) >> 16).clamp(effective_range(rule, m.range())), 16),
        _ => (m, 32 - width.bits()),
    }
}

/// Whether the rounding of a product with [`nudge`] is that of one bit.
pub(super) fn takes_nudge(rule: Rule) -> bool {
    matches!(rule, Rule::TfliteDouble | Rule::HalfUpTwice)
}

/// What a product has to have added at bit 16 so that nothing but the guard rounds it: the half unit of the first of two
/// roundings, where there are two.
pub(super) fn nudge<'k>(rule: Rule, x: Int<'k>, s: Int<'k>) -> Int<'k> {
    let half = 1 << 14;
    let nudge = match rule {
        Rule::TfliteDouble => x.is_negative().mux(-half, half),
        Rule::HalfUpTwice => x.lit(half),
        _ => x.lit(0),
    };
    s.is_negative().mux(nudge, 0)
}

/// Values of that multiplier.
pub(super) fn effective_range(rule: Rule, given: Range) -> Range {
    if rule == Rule::Reduced16 { Range::new(0, 0x7fff) } else { given }
}

/// `k = 31 - s` for `s` in -32..=31: as 6 bits, the low 5 bits of `s` inverted. No subtractor.
pub(super) fn places(s: Int<'_>) -> Int<'_> {
    if s.range().singleton().is_some() { 31 - s } else { s.bits(0, 6) ^ s.lit(31) }
}

/// What the end of the pipeline needs and its beginning is given.
#[derive(Debug, Clone, Copy)]
pub(super) struct Output<'k> {
    /// output zero point
    pub zero_point: Int<'k>,
    pub bounds: Bounds<'k>,
}

/// Least and greatest result.
#[derive(Debug, Clone, Copy)]
pub(super) struct Bounds<'k> {
    pub min: Int<'k>,
    pub max: Int<'k>,
}

impl<'k> Output<'k> {
    /// Through a rank, beside the data.
    pub(super) fn pass(self, rank: Rank<'k>) -> Output<'k> {
        Output { zero_point: rank.pass("zero_point", self.zero_point), bounds: self.bounds.pass(rank) }
    }
}

impl<'k> Bounds<'k> {
    /// Through a rank, beside the data.
    pub(super) fn pass(self, rank: Rank<'k>) -> Bounds<'k> {
        Bounds { min: rank.pass("min", self.min), max: rank.pass("max", self.max) }
    }
}

/// On which side of the bounds a value lies.
#[derive(Debug, Clone, Copy)]
pub(super) struct Side<'k> {
    below: Int<'k>,
    above: Int<'k>,
}

impl<'k> Side<'k> {
    /// `beyond` and the sign decide before the comparators do. These are subtractors, whose sign is ready sooner than a
    /// carry out of a comparator.
    pub(super) fn new(beyond: Int<'k>, negative: Int<'k>, z: Int<'k>, bounds: Bounds<'k>) -> Side<'k> {
        Side {
            below: beyond.mux(negative, (z - bounds.min).is_negative()).named("below"),
            above: beyond.mux(!negative, (bounds.max - z).is_negative()).named("above"),
        }
    }

    pub(super) fn pass(self, rank: Rank<'k>) -> Side<'k> {
        Side { below: rank.pass("below", self.below), above: rank.pass("above", self.above) }
    }

    /// The clamp.
    pub(super) fn clamped(self, z: Int<'k>, bounds: Bounds<'k>, range: Range) -> Int<'k> {
        self.below.mux(bounds.min, self.above.mux(bounds.max, z.within(range)))
    }
}
