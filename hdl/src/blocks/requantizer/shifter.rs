//! The shift of the product and its rounding: by halving steps, each of which keeps only what can still matter.

use qrtl_golden::Rule;

use super::datapath::takes_nudge;
use super::product::with_carry;
use crate::exact::{Int, Kernel, Range, Rank};

/// What the rounding of a rule needs to know of the product beside its bits.
#[derive(Debug, Clone, Copy)]
pub(super) struct Rounding<'k> {
    rule: Rule,
    /// the first of two roundings is in the product
    nudged: bool,
    /// the product is below 0
    pub negative: Int<'k>,
}

impl<'k> Rounding<'k> {
    /// The value to be shifted, and how to go on; `nudged` if [`nudge`] is in `p`.
    pub(super) fn new(rule: Rule, p: Int<'k>, nudged: bool) -> (Int<'k>, Rounding<'k>) {
        let rounding = Rounding { rule, nudged: nudged && takes_nudge(rule), negative: p.is_negative() };
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

    /// Guard and sticky bit before anything was shifted out of `v`; no sticky bit where the rule asks for none.
    fn start(self, v: Int<'k>) -> (Int<'k>, Option<Int<'k>>) {
        match self.rule {
            // The first bit that is shifted out finds nothing before it.
            Rule::ShiftAway => (v.lit(1), Some(self.negative)),
            // The sticky bit of a shift by 32; without that shift the guard is 0, and the next shift clears it.
            Rule::TfliteDouble | Rule::HalfUpTwice if !self.nudged => (v.lit(0), Some(v.bit(30))),
            _ => (v.lit(0), None),
        }
    }

    /// What a shift by `by` adds to the reasons against the sticky bit.
    fn reasons(self, v: &Shifted<'k>, shifts: Int<'k>, by: u32) -> Vec<Int<'k>> {
        match self.rule {
            // What a shift by 32 brings is there from the start.
            Rule::TfliteDouble | Rule::HalfUpTwice if by == 32 => Vec::new(),
            _ => {
                let (bits, ones) = (v.low.bits(0, by - 1), Range::unsigned(by - 1).hi());
                if !bits.range().contains(ones) {
                    return vec![shifts];
                }
                let inverted = (bits ^ v.low.lit(ones)).named(format!("inverted_{by}"));
                let zeros = groups(inverted, GATED, &format!("zero_{by}"), |zeros| shifts & zeros);
                let no_guard = (shifts & !v.guard).named(format!("no_guard_{by}"));
                std::iter::once(no_guard).chain(zeros).collect()
            }
        }
    }

    /// The bit that was shifted out last; `truncate` does not ask.
    fn guard(self, shifts: Int<'k>, last: Int<'k>, before: Int<'k>) -> Int<'k> {
        if self.rule == Rule::Truncate { before } else { shifts.mux(last, before) }
    }

    /// The bit that rounds: it is added with the zero point.
    fn carry(self, v: &Shifted<'k>) -> Int<'k> {
        let up = v.missed.map_or(v.guard, |missed| v.guard | !any(missed));
        if self.flipped().is_some() { up ^ self.negative } else { up }
    }

    pub(super) fn pass(self, rank: Rank<'k>) -> Rounding<'k> {
        Rounding { negative: rank.pass("negative", self.negative), ..self }
    }
}

/// All bits of `v` inverted where `flipped`.
fn complemented<'k>(v: Int<'k>, flipped: Int<'k>) -> Int<'k> {
    v ^ flipped.mux(Range::unsigned(v.range().width()).hi(), 0).named("signs")
}

/// Bits that a LUT of four inputs takes in beside one that gates them.
const GATED: u32 = 3;

/// Whether a bit of `v` is 1, asked of at most `size` bits at a time; the answers are called `name`.
fn groups<'k>(v: Int<'k>, size: u32, name: &str, gate: impl Fn(Int<'k>) -> Int<'k>) -> Vec<Int<'k>> {
    let width = if v.range() == Range::constant(0) { 0 } else { v.range().width() };
    let group = |lo: u32| gate(any(v.bits(lo, size.min(width - lo)))).named(format!("{name}_at_{lo}"));
    (0..width).step_by(size as usize).map(group).collect()
}

/// 1 where a bit of `v` is.
fn any(v: Int<'_>) -> Int<'_> {
    if v.range().width() == 1 { v } else { !v.equals(0) }
}

/// The bits side by side, without those that are always 0; 0 if there are no others.
fn gathered<'k>(zero: Int<'k>, bits: impl IntoIterator<Item = Int<'k>>) -> Int<'k> {
    let bits = bits.into_iter().filter(|b| b.range() != Range::constant(0));
    bits.reduce(|all, bit| bit.concat(all, all.range().width())).unwrap_or(zero)
}

/// A value on its way through the shifter.
///
/// That it has left its bounds, and that it is sticky, depends on many bits. They are gathered a few at a time, and put
/// together behind the next rank: both are asked for only at the end.
#[derive(Debug, Clone, Copy)]
pub(super) struct Shifted<'k> {
    /// the bits that can still matter, right unless `beyond`
    low: Int<'k>,
    /// where any is 1, a bit above them differs from the sign
    pub beyond: Int<'k>,
    /// the bit that was shifted out last
    guard: Int<'k>,
    /// where any is 1, those before it are not as the rule asks
    missed: Option<Int<'k>>,
}

impl<'k> Shifted<'k> {
    pub(super) fn new(k: &'k Kernel, v: Int<'k>, rounding: Rounding<'k>) -> Shifted<'k> {
        let (guard, sticky) = rounding.start(v);
        Shifted { low: v, beyond: k.lit(0), guard, missed: sticky.map(|s| !s) }
    }

    /// Through a rank.
    pub(super) fn pass(self, rank: Rank<'k>) -> Shifted<'k> {
        Shifted {
            low: rank.pass("low", self.low),
            beyond: any(rank.pass("beyond", self.beyond)),
            guard: rank.pass("guard", self.guard),
            missed: self.missed.map(|missed| any(rank.pass("missed", missed))),
        }
    }

    /// Shifted right by `2^bit` where that bit of `places` is 1. Then what lies above `keep` bits and the shifts still to
    /// come is dropped: it can only say that the value is out of bounds.
    pub(super) fn shift(self, places: Int<'k>, bit: u32, rounding: Rounding<'k>, keep: u32) -> Shifted<'k> {
        let (by, shifts) = (1 << bit, places.bit(bit));
        let kept = keep + by - 1;
        let low = shifts.mux(self.low >> by, self.low).named(format!("low_{by}"));
        let reasons = rounding.reasons(&self, shifts, by);
        Shifted {
            low: kept_bits_of(low, kept),
            beyond: gathered(low.lit(0), std::iter::once(self.beyond).chain(beyond(self.low, shifts, by, kept))),
            guard: rounding.guard(shifts, self.low.bit(by - 1), self.guard).named(format!("guard_{by}")),
            missed: self.missed.map(|missed| gathered(missed, std::iter::once(missed).chain(reasons))),
        }
    }

    /// What is left to be added, once nothing more is shifted.
    pub(super) fn rounded(self, rounding: Rounding<'k>) -> Scaled<'k> {
        let floor = match rounding.flipped() {
            Some(flipped) if !self.low.range().is_signed() => {
                flipped.as_signed().concat(complemented(self.low, flipped), self.low.range().width())
            }
            _ => self.low,
        };
        let carry = rounding.carry(&self).named("carry");
        Scaled { floor: floor.named("floor"), beyond: self.beyond, carry, negative: rounding.negative }
    }
}

/// The low bits of `v`, `bits` and a sign.
fn kept_bits_of(v: Int<'_>, bits: u32) -> Int<'_> {
    let all = if v.range().is_signed() { Range::signed(bits + 1) } else { Range::unsigned(bits) };
    if all.covers(v.range()) { v } else { v.wrap(all) }
}

/// Bits that differ from the sign of `v` and that its low `kept` bits, after a shift by `by` if it `shifts`, do not have.
fn beyond<'k>(v: Int<'k>, shifts: Int<'k>, by: u32, kept: u32) -> Vec<Int<'k>> {
    let width = v.range().width() - u32::from(v.range().is_signed());
    let window = |lo: u32, hi: u32| match (hi > lo, v.range().is_signed()) {
        (false, _) => v.lit(0),
        (true, false) => v.bits(lo, hi - lo),
        (true, true) => complemented(v.bits(lo, hi - lo), v.is_negative()),
    };
    // Above what both leave, and what only the unshifted value has.
    let both = window((kept + by).min(width), width);
    let unshifted = window(kept.min(width), (kept + by).min(width));
    let above = groups(both, GATED + 1, &format!("above_{by}"), |bits| bits);
    let name = format!("left_{by}");
    // A bit of the first shift is one of the product and its sign: no gate fits beside three of them.
    let unshifted = match by {
        32 => gathered(v.lit(0), groups(unshifted, GATED, &format!("high_{by}"), |bits| bits)),
        _ => unshifted,
    };
    above.into_iter().chain(groups(unshifted, GATED, &name, |bits| bits & !shifts)).collect()
}

/// A scaled value: `floor + carry`, unless it is `beyond`, out of bounds on the side of its sign.
#[derive(Debug, Clone, Copy)]
pub(super) struct Scaled<'k> {
    /// rounded down, or, of what was complemented, complemented again
    floor: Int<'k>,
    carry: Int<'k>,
    /// where any is 1, the value is beyond what `floor` holds
    pub beyond: Int<'k>,
    /// the product is below 0
    pub negative: Int<'k>,
}

impl<'k> Scaled<'k> {
    /// Through a rank.
    pub(super) fn pass(self, rank: Rank<'k>) -> Scaled<'k> {
        Scaled {
            floor: rank.pass("floor", self.floor),
            carry: rank.pass("carry", self.carry),
            beyond: any(rank.pass("beyond", self.beyond)),
            negative: rank.pass("negative", self.negative),
        }
    }

    /// The zero point added.
    pub(super) fn offset(self, zero_point: Int<'k>) -> Int<'k> {
        with_carry(self.floor, zero_point, self.carry).named("z")
    }
}
