//! Accumulators, multipliers and shifts: corners, random ones, and ties made on purpose.

use qrtl_golden::{Bounds, Contract, MultiplierWidth, Rule};
use qrtl_random::Random;

/// One product.
#[derive(Debug, Clone, Copy)]
pub struct Case {
    pub acc: i64,
    pub multiplier: i64,
    pub shift: i32,
}

fn fraction_bits(width: MultiplierWidth) -> i32 {
    width.bits() as i32 - 1
}

fn bits(rule: Rule) -> i64 {
    i64::from(rule.accumulator_bits()) - 1
}

fn shift(rule: Rule, random: &mut Random) -> i32 {
    let highest = i64::from(*rule.shift_range().end());
    // Mostly those of layers: small, and to the right.
    match random.bits() % 4 {
        0 => random.between(-31, highest) as i32,
        1 => random.between(-3, 3) as i32,
        _ => random.between(-12, 0) as i32,
    }
}

/// Bits of a magnitude for which, after the shift, no type overflows.
fn defined_bits(rule: Rule, shift: i32) -> i64 {
    let before = if rule == Rule::Reduced16 { shift } else { shift.max(0) };
    (31 - i64::from(before)).min(bits(rule))
}

/// Of any magnitude; usually one that its shift leaves in range.
pub fn accumulator(rule: Rule, shift: i32, random: &mut Random) -> i64 {
    let range = if random.bits().is_multiple_of(16) { bits(rule) } else { defined_bits(rule, shift) };
    if random.bits() & 1 == 0 {
        return random.between(-(1 << range), (1 << range) - 1);
    }
    random.magnitude(range) * random.sign()
}

/// Every corner of accumulator and multiplier at every shift.
pub fn corners(rule: Rule, width: MultiplierWidth) -> Vec<Case> {
    let (top, one) = (bits(rule), 1i64 << fraction_bits(width));
    let mut accs = vec![-(1 << top) - 1, -(1 << top), -(1 << top) + 1, (1 << top) - 1, 1 << top];
    for power in (0..top).map(|e| 1 << e) {
        accs.extend([power - 1, power, power + 1].into_iter().flat_map(|v| [v, -v]));
    }
    let mut multipliers = vec![0, 1, one / 2 - 1, one / 2, one / 2 + 1, one - 2, one - 1];
    if rule == Rule::Reduced16 {
        multipliers.extend([0x7fff, 0x8000, 0x7ffe_ffff, 0x7fff_0000, 0x7fff_7fff, 0x4000_7fff, 0x4000_8000]);
    }
    let mut all = Vec::new();
    for shift in rule.shift_range() {
        for &multiplier in &multipliers {
            all.extend(accs.iter().map(|&acc| Case { acc, multiplier, shift }));
        }
    }
    all
}

/// A random accumulator, a multiplier that is normalized three times out of four, a shift. Of a rule that shifts only the
/// product, one in eight is anything, with a left shift: half of these accumulators could not be shifted themselves.
pub fn ordinary(rule: Rule, width: MultiplierWidth, random: &mut Random) -> Case {
    let one = 1i64 << fraction_bits(width);
    if rule.contract() == Contract::Result && random.one_in(8) {
        let (acc, multiplier) =
            (random.magnitude(bits(rule)) * random.sign(), random.magnitude(fraction_bits(width).into()));
        return Case { acc, multiplier, shift: random.between(1, (*rule.shift_range().end()).into()) as i32 };
    }
    let least = if random.bits().is_multiple_of(4) { 0 } else { one / 2 };
    let shift = shift(rule, random);
    Case { acc: accumulator(rule, shift, random), multiplier: random.between(least, one - 1), shift }
}

/// A product exactly between two integers: `acc` and `multiplier` are odd numbers times powers of two that make
/// `2^(k-1)`. Of `reduced_16`, `multiplier` is one of which no bit is lost.
pub fn tie(rule: Rule, width: MultiplierWidth, random: &mut Random) -> Case {
    let (fraction, lost) = if rule == Rule::Reduced16 { (15, 16) } else { (fraction_bits(width), 0) };
    loop {
        let shift = shift(rule, random);
        let powers = i64::from(fraction - shift - 1);
        let top = defined_bits(rule, shift) - 1;
        let (least, most) = (powers.saturating_sub(top).max(0), powers.min(i64::from(fraction) - 1));
        if powers < 0 || least > most || top < 0 {
            continue;
        }
        let in_multiplier = random.between(least, most);
        let in_acc = powers - in_multiplier;
        let mut odd = |bits: i64| random.between(0, (1 << bits) - 1) | 1;
        let multiplier = (odd(i64::from(fraction) - in_multiplier) << in_multiplier) << lost;
        let acc = odd(top + 1 - in_acc) << in_acc;
        return Case { acc: acc * random.sign(), multiplier, shift };
    }
}

/// A first rounding to `high`, which the right shift then finds exactly between two integers.
pub fn second_tie(width: MultiplierWidth, random: &mut Random) -> Case {
    let one = 1i64 << fraction_bits(width);
    let right = random.between(1, 30);
    let odd = random.between(0, (1 << (31 - right)) - 1) | 1;
    let high = odd << (right - 1);
    let multiplier = random.between(one / 2 + 1, one - 1);
    // Nearest to high / (multiplier / one); the product is then off by at most half.
    let acc = (i128::from(high) * i128::from(one) * 2 + i128::from(multiplier)) / (2 * i128::from(multiplier));
    Case { acc: acc as i64 * random.sign(), multiplier, shift: -(right as i32) }
}

/// A zero point and bounds. Bounds are the bounds of a type, or any; zero points are mostly near 0.
pub fn any_output(random: &mut Random) -> (i64, Bounds) {
    let ends = [random.between(-70_000, 70_000), random.between(-70_000, 70_000)];
    let own = Bounds::new(ends[0].min(ends[1]), ends[0].max(ends[1])).unwrap();
    let bounds = random.pick(&[Bounds::INT4, Bounds::INT8, Bounds::UINT8, Bounds::INT16, Bounds::INT32, own]);
    let far = random.pick(&[i64::from(i32::MIN), i64::from(i32::MAX), -1, 1]);
    let near = random.between(-1000, 1000);
    (random.pick(&[near, near, 128, -128, far]), bounds)
}
