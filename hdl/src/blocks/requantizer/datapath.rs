//! The arithmetic of the requantizer, stage by stage.
//!
//! With `x = acc + bias` and `p = x * m`, brought to a multiplier of 32 bits, every rule is one shift by `k = 31 - s`:
//!
//! ```text
//! scaled = floor((p + c + 2^(k-1)) / 2^k)        c = 0 except:
//!   tflite_double   c = +-2^30 where k > 31, with the sign of x    (the first of its two roundings)
//!   half_up_twice   c = 2^30 where k > 31
//!   shift_away      c = -1 where p < 0                             (ties away from zero)
//! truncate          floor(p / 2^k)
//! ```
//!
//! The identity for `tflite_double` is proved in `docs/numerics.md`. The half is added behind the shift,
//! `floor((floor((p + c) / 2^(k-1)) + 1) / 2)`, where the word is narrow.

use qrtl_golden::{MultiplierWidth, Rule};

use crate::exact::{Int, Kernel, Range, Rank};

/// Bits that a scaled value needs, so that nothing beyond them changes the clamped result.
///
/// Zero point, min and max are values of the output type of `width` bits, so all that is at or beyond `+-2^width` ends at
/// the same bound.
pub(super) const fn kept_bits(output: Range) -> u32 {
    output.width() + 1
}

/// The multiplier that rule and width make of the given one, at 32 bits.
pub(super) fn effective_multiplier<'k>(rule: Rule, width: MultiplierWidth, m: Int<'k>) -> Int<'k> {
    match rule {
        // TFLite int16x8: 16 bits, rounded half up, with a ceiling; its scale is that of 32 bits.
        Rule::Reduced16 => ((m + (1 << 15)) >> 16).clamp(0..=0x7fff) << 16,
        _ => m << (32 - width.bits()),
    }
}

/// `p + c`: the product and what the rule adds before the shift.
pub(super) fn with_rounding_term<'k>(rule: Rule, p: Int<'k>, s: Int<'k>) -> Int<'k> {
    let right = s.lt(0);
    match rule {
        // The sign of x is that of p; where p is 0 either term gives 0.
        Rule::TfliteDouble => p + (right.mux(p.is_negative().mux(-1, 1), 0) << 30),
        Rule::HalfUpTwice => p + (right << 30),
        Rule::ShiftAway => p - p.is_negative(),
        _ => p,
    }
}

/// A value on its way through the shifter: the bits that can still matter, and whether any above them did.
#[derive(Debug, Clone, Copy)]
pub(super) struct Narrowed<'k> {
    /// the low bits, with the right sign unless `beyond`
    pub low: Int<'k>,
    /// the value does not fit the bits that are kept
    pub beyond: Int<'k>,
    /// sign of the value
    pub negative: Int<'k>,
}

/// `v >> n` for the bits `from..to` of `n`, largest first. After each, what lies above `keep` bits and the shifts still
/// to come (`rest`) is dropped: it can only say that the value is out of bounds.
pub(super) fn shift_right<'k>(v: Narrowed<'k>, n: Int<'k>, bits: &[u32], rest: u32, keep: u32) -> Narrowed<'k> {
    let mut v = v;
    for (i, &bit) in bits.iter().enumerate() {
        let by = 1 << bit;
        v.low = n.bit(bit).mux(v.low >> by, v.low);
        let later: u32 = bits[i + 1..].iter().map(|b| 1 << b).sum();
        v = v.keep(keep + later + rest);
    }
    v
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

impl<'k> Narrowed<'k> {
    /// Through a rank.
    pub(super) fn pass(self, rank: Rank<'k>) -> Narrowed<'k> {
        Narrowed {
            low: rank.pass("low", self.low),
            beyond: rank.pass("beyond", self.beyond),
            negative: rank.pass("negative", self.negative),
        }
    }

    /// All of `v`.
    pub(super) fn new(k: &'k Kernel, v: Int<'k>) -> Narrowed<'k> {
        Narrowed { low: v, beyond: k.lit(0), negative: v.is_negative() }
    }

    /// The low `bits`; the bits above are remembered as `beyond` where they are not copies of the sign.
    pub(super) fn keep(self, bits: u32) -> Narrowed<'k> {
        if self.low.range().width() <= bits {
            return self;
        }
        let upper = self.low >> (bits - 1);
        let fits = upper.equals(0) | upper.equals(-1);
        Narrowed { low: self.low.wrap(Range::signed(bits)), beyond: self.beyond | !fits, negative: self.negative }
    }
}

/// Rounds and offsets: `zero_point + floor((low + 1) / 2)`, or `zero_point + floor(low / 2)` for `truncate`.
pub(super) fn offset<'k>(rule: Rule, low: Int<'k>, zero_point: Int<'k>) -> Int<'k> {
    let half = i128::from(rule != Rule::Truncate);
    ((low + half) >> 1) + zero_point
}

/// The clamp: `beyond` decides before the comparators do.
pub(super) fn clamped<'k>(v: Narrowed<'k>, z: Int<'k>, output: Output<'k>, range: Range) -> Int<'k> {
    let below = v.beyond.mux(v.negative, z.lt(output.min));
    let above = v.beyond.mux(!v.negative, output.max.lt(z));
    below.mux(output.min, above.mux(output.max, z.within(range)))
}
