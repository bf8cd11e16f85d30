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

use qrtl_golden::{MultiplierWidth, Rule};

use crate::exact::{Int, Kernel, Range, Rank};

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
        Rule::Reduced16 => (((m + (1 << 15)) >> 16).clamp(0..=0x7fff), 16),
        _ => (m, 32 - width.bits()),
    }
}

/// Bits of the lower part of an operand whose product is built of four: a signed multiplier of 18 bits takes it.
const SPLIT: u32 = 17;

/// The four products of two operands cut at bit 17.
#[derive(Debug, Clone, Copy)]
pub(super) struct Partial<'k> {
    high: Int<'k>,
    middle: [Int<'k>; 2],
    low: Int<'k>,
}

impl<'k> Partial<'k> {
    pub(super) fn new(x: Int<'k>, m: Int<'k>) -> Partial<'k> {
        let [(x_high, x_low), (m_high, m_low)] = [x, m].map(|v| (v >> SPLIT, v.bits(0, SPLIT)));
        Partial { high: x_high * m_high, middle: [x_high * m_low, x_low * m_high], low: x_low * m_low }
    }

    pub(super) fn pass(self, rank: Rank<'k>) -> Partial<'k> {
        Partial {
            high: rank.pass("high", self.high),
            middle: [rank.pass("middle_0", self.middle[0]), rank.pass("middle_1", self.middle[1])],
            low: rank.pass("low", self.low),
        }
    }

    /// The two parts that one addition puts together: what is aligned, and what is 17 places further left.
    pub(super) fn sums(self) -> [Int<'k>; 2] {
        [self.high.concat(self.low, 2 * SPLIT), self.middle[0] + self.middle[1]]
    }
}

/// `outer + middle * 2^17`, whose low bits need no adder.
pub(super) fn joined<'k>([outer, middle]: [Int<'k>; 2], exact: Range) -> Int<'k> {
    let sum = ((outer >> SPLIT) + middle).concat(outer.bits(0, SPLIT), SPLIT);
    sum.bounded(exact, "it is the product of the two operands")
}

/// `k = 31 - s` for `s` in -32..=31: as 6 bits, the low 5 bits of `s` inverted. No subtractor.
pub(super) fn places(s: Int<'_>) -> Int<'_> {
    if s.range().singleton().is_some() { 31 - s } else { s.bits(0, 6) ^ s.lit(31) }
}

/// What the rounding of a rule needs to know of the product beside its bits.
#[derive(Debug, Clone, Copy)]
pub(super) struct Rounding<'k> {
    rule: Rule,
    /// the product is below 0
    pub negative: Int<'k>,
}

impl<'k> Rounding<'k> {
    /// The value to be shifted, and how to go on.
    pub(super) fn new(rule: Rule, p: Int<'k>) -> (Int<'k>, Rounding<'k>) {
        let rounding = Rounding { rule, negative: p.is_negative() };
        match rounding.flipped() {
            Some(flipped) if p.range().is_signed() => {
                let width = p.range().width() - 1;
                (complemented(p.bits(0, width), flipped).named("magnitude"), rounding)
            }
            _ => (p, rounding),
        }
    }

    /// Whether the value that is shifted is the complement of the product, for the rules that are symmetric about 0.
    fn flipped(self) -> Option<Int<'k>> {
        matches!(self.rule, Rule::TfliteDouble | Rule::ShiftAway).then_some(self.negative)
    }

    /// Guard and sticky bit before anything was shifted out of `v`.
    fn start(self, v: Int<'k>) -> (Int<'k>, Int<'k>) {
        match self.rule {
            // The first bit that is shifted out finds nothing before it.
            Rule::ShiftAway => (v.lit(1), self.negative),
            // The sticky bit of a shift by 32; without that shift the guard is 0, and the next shift clears it.
            Rule::TfliteDouble | Rule::HalfUpTwice => (v.lit(0), v.bit(30)),
            _ => (v.lit(0), v.lit(0)),
        }
    }

    /// The sticky bit once `v` is shifted by 32.
    fn sticky_of_32(self, v: Shifted<'k>) -> Int<'k> {
        if self.rule == Rule::ShiftAway { self.negative & all_ones(v.low, 31) } else { v.sticky }
    }

    /// The bit that was shifted out last; `truncate` does not ask.
    fn guard(self, shifts: Int<'k>, last: Int<'k>, before: Int<'k>) -> Int<'k> {
        if self.rule == Rule::Truncate { before } else { shifts.mux(last, before) }
    }

    /// The carry that rounds, into the addition of the zero point.
    fn carry(self, v: Shifted<'k>) -> Int<'k> {
        match self.rule {
            Rule::Truncate | Rule::Single | Rule::Reduced16 => v.guard,
            Rule::HalfUpTwice => v.guard | v.sticky,
            Rule::TfliteDouble | Rule::ShiftAway => (v.guard | v.sticky) ^ self.negative,
        }
    }

    pub(super) fn pass(self, rank: Rank<'k>) -> Rounding<'k> {
        Rounding { negative: rank.pass("negative", self.negative), ..self }
    }
}

/// All bits of `v` inverted where `flipped`.
fn complemented<'k>(v: Int<'k>, flipped: Int<'k>) -> Int<'k> {
    v ^ flipped.mux(Range::unsigned(v.range().width()).hi(), 0)
}

fn all_ones<'k>(v: Int<'k>, bits: u32) -> Int<'k> {
    if bits == 0 { v.lit(1) } else { v.bits(0, bits).equals(Range::unsigned(bits).hi()) }
}

/// A value on its way through the shifter.
#[derive(Debug, Clone, Copy)]
pub(super) struct Shifted<'k> {
    /// the bits that can still matter, right unless `beyond`
    low: Int<'k>,
    /// a bit above them differs from the sign
    pub beyond: Int<'k>,
    /// the bit that was shifted out last
    guard: Int<'k>,
    /// those before it are as the rule asks
    sticky: Int<'k>,
}

impl<'k> Shifted<'k> {
    pub(super) fn new(k: &'k Kernel, v: Int<'k>, rounding: Rounding<'k>) -> Shifted<'k> {
        let (guard, sticky) = rounding.start(v);
        Shifted { low: v, beyond: k.lit(0), guard, sticky }
    }

    /// Through a rank.
    pub(super) fn pass(self, rank: Rank<'k>) -> Shifted<'k> {
        Shifted {
            low: rank.pass("low", self.low),
            beyond: rank.pass("beyond", self.beyond),
            guard: rank.pass("guard", self.guard),
            sticky: rank.pass("sticky", self.sticky),
        }
    }

    /// Shifted right by `2^bit` where that bit of `places` is 1. Then what lies above `keep` bits and the shifts still to
    /// come is dropped: it can only say that the value is out of bounds.
    pub(super) fn shift(self, places: Int<'k>, bit: u32, rounding: Rounding<'k>, keep: u32) -> Shifted<'k> {
        let (by, shifts) = (1 << bit, places.bit(bit));
        let sticky = match bit {
            5 => rounding.sticky_of_32(self),
            _ => self.sticky & self.guard & all_ones(self.low, by - 1),
        };
        let low = shifts.mux(self.low >> by, self.low).named(format!("low_{by}"));
        let (kept, beyond) = keep_low(low, keep + by - 1);
        Shifted {
            low: kept,
            beyond: (self.beyond | beyond).named(format!("beyond_{by}")),
            guard: rounding.guard(shifts, self.low.bit(by - 1), self.guard).named(format!("guard_{by}")),
            sticky: shifts.mux(sticky, self.sticky).named(format!("sticky_{by}")),
        }
    }

    /// `zero_point + floor(v / 2^k) + carry`, the second complemented where the value is.
    pub(super) fn offset(self, rounding: Rounding<'k>, zero_point: Int<'k>) -> Int<'k> {
        let carry = rounding.carry(self).named("carry");
        let scaled = match rounding.flipped() {
            Some(flipped) if !self.low.range().is_signed() => {
                flipped.as_signed().concat(complemented(self.low, flipped), self.low.range().width())
            }
            _ => self.low,
        };
        if carry.range().singleton() == Some(0) {
            return scaled + zero_point;
        }
        // One adder: a place below the lowest makes the carry.
        (scaled.concat(carry, 1) + zero_point.concat(carry, 1)) >> 1
    }
}

/// The low bits of `v`, `bits` and a sign, and whether any above them differs from the sign.
fn keep_low<'k>(v: Int<'k>, bits: u32) -> (Int<'k>, Int<'k>) {
    let (range, all) = (v.range(), if v.range().is_signed() { Range::signed(bits + 1) } else { Range::unsigned(bits) });
    if all.covers(range) {
        return (v, v.lit(0));
    }
    let upper = v >> bits;
    let fits = if range.is_signed() { upper.equals(0) | upper.equals(-1) } else { upper.equals(0) };
    (v.wrap(all), !fits)
}

/// What the end of the pipeline needs and its beginning is given.
#[derive(Debug, Clone, Copy)]
pub(super) struct Output<'k> {
    /// output zero point
    pub zero_point: Int<'k>,
    /// least result
    pub min: Int<'k>,
    /// greatest result
    pub max: Int<'k>,
}

impl<'k> Output<'k> {
    /// Through a rank, beside the data.
    pub(super) fn pass(self, rank: Rank<'k>) -> Output<'k> {
        Output {
            zero_point: rank.pass("zero_point", self.zero_point),
            min: rank.pass("min", self.min),
            max: rank.pass("max", self.max),
        }
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
    pub(super) fn new(beyond: Int<'k>, negative: Int<'k>, z: Int<'k>, output: Output<'k>) -> Side<'k> {
        Side {
            below: beyond.mux(negative, (z - output.min).is_negative()).named("below"),
            above: beyond.mux(!negative, (output.max - z).is_negative()).named("above"),
        }
    }

    pub(super) fn pass(self, rank: Rank<'k>) -> Side<'k> {
        Side { below: rank.pass("below", self.below), above: rank.pass("above", self.above) }
    }

    /// The clamp.
    pub(super) fn clamped(self, z: Int<'k>, output: Output<'k>, range: Range) -> Int<'k> {
        self.below.mux(output.min, self.above.mux(output.max, z.within(range)))
    }
}
