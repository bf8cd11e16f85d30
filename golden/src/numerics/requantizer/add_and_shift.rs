//! The rules for a multiplier of 32 bits as one addition and one shift in 64 bits: for speed, not for reading.

use crate::{Bounds, MultiplierWidth, Requantization, Rule};

/// `clamp(((x m + add) >> k) + zero_point, min, max)`, where `add` depends on the sign of `x`.
///
/// The identities are proved in `docs/numerics.md`, "Two roundings by one addition"; `golden/tests/operators/fast.rs` compares with
/// the rules as they are defined.
#[derive(Debug, Clone, Copy)]
pub struct AddAndShift {
    accumulator: Bounds,
    multiplier: i64,
    /// the addends for `x >= 0` and for `x < 0`
    add: [i64; 2],
    shift: u32,
    zero_point: i64,
    output: Bounds,
}

impl AddAndShift {
    /// The form of a requantization. `None` for a multiplier of another width, and for a rule that has no such form.
    pub fn new(r: &Requantization) -> Option<AddAndShift> {
        if r.factor().width() != MultiplierWidth::W32 {
            return None;
        }
        let k = (31 - r.factor().shift()).unsigned_abs();
        let half = 1i64 << (k - 1);
        let first = if k > 31 { 1i64 << 30 } else { 0 };
        let add = match r.rule() {
            Rule::Truncate => [0, 0],
            Rule::Single => [half, half],
            Rule::TfliteDouble => [half + first, half - first],
            Rule::HalfUpTwice => [half + first, half + first],
            Rule::ShiftAway => [half, half - 1],
            // A tie to even depends on a bit of the quotient, and the accumulator of `reduced_16` has 48 bits.
            Rule::HalfEven | Rule::Reduced16 => return None,
        };
        let (multiplier, zero_point) = (r.factor().multiplier(), r.zero_point());
        Some(AddAndShift { accumulator: r.accumulator(), multiplier, add, shift: k, zero_point, output: r.output() })
    }

    /// Whether the reference defines the result for `acc`.
    pub fn takes(&self, acc: i64) -> bool {
        self.accumulator.min() <= acc && acc <= self.accumulator.max()
    }

    /// The quantized value of an accumulator that it [`takes`](AddAndShift::takes); of another one of 33 bits, any value.
    pub fn requantize(&self, acc: i64) -> i32 {
        // Where it takes acc, |x m| < 2^62 and the addend is below 2^62.
        let scaled = acc.wrapping_mul(self.multiplier).wrapping_add(self.add[usize::from(acc < 0)]) >> self.shift;
        (scaled + self.zero_point).clamp(self.output.min(), self.output.max()) as i32
    }
}
