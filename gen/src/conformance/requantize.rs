//! Requests about single numbers. Random multipliers never hit a tie, and long shifts hide almost every rounding bug.
//! So two of five accumulators are a tie or next to one, by factors of few bits, and a third accumulator is next to a
//! tie by any factor.

use qrtl_golden::{RealRule, Rule};
use qrtl_random::Random;
use serde_json::{Value, json};

use super::draw::{INT8, INT16, INT32, Type, UINT8, zero_point};

/// A request with an accumulator, a multiplier and a shift.
pub(super) fn by_multiplier(rule: Rule, random: &mut Random, i: usize) -> Value {
    let (to, rest) = output(random, i, INT32);
    let [acc, multiplier, shift] = match i % 5 {
        0 => exact_tie(random, &to),
        1 => beside(exact_tie(random, &to), random),
        2 => near_tie(random, &to),
        3 => [
            random.within(-1 << 31, (1 << 31) - 1) as i64 >> random.within(0, 24),
            normalized(random),
            random.between(-20, 0),
        ],
        _ => {
            let (acc, shifts) = (rule.accumulator(), rule.shift_range());
            [
                random.corner(acc.min().into(), acc.max().into()) as i64,
                random.corner(0, (1 << 31) - 1) as i64,
                random.between((*shifts.start()).into(), (*shifts.end()).into()),
            ]
        }
    };
    merged(json!({"op": "requantize", "rule": rule.name(), "acc": acc, "multiplier": multiplier, "shift": shift}), rest)
}

/// Bounds for `f32_even`, which must be floats.
const INT25: Type = [-(1 << 24), (1 << 24) - 1];

/// Type and zero point of an output.
struct To {
    of: Type,
    zero_point: i64,
}

/// Zero point and clamp of an output. One in five has the widest type.
fn output(random: &mut Random, i: usize, widest: Type) -> (To, Value) {
    let of = [INT8, UINT8, INT8, INT16, widest][i / 5 % 5];
    let zero_point = if of == widest { 0 } else { zero_point(random, of) };
    let min = if random.one_in(6) { zero_point } else { of[0] };
    (To { of, zero_point }, json!({"zero_point": zero_point, "min": min, "max": of[1]}))
}

fn merged(mut request: Value, rest: Value) -> Value {
    if let (Value::Object(to), Value::Object(from)) = (&mut request, rest) {
        to.extend(from);
    }
    request
}

/// An odd number of halves that is rounded to a value of the output. For a wide output, the value is near 0.
fn wanted(random: &mut Random, to: &To) -> i64 {
    let [least, most] = to.of.map(|end| end.clamp(-(1 << 12), 1 << 12));
    2 * (random.between(least, most) - to.zero_point) - random.pick(&[-1, 1])
}

/// An exact tie: `acc m / 2^(31 - s)` is an odd number of halves. The multiplier `j 2^e` has few bits, and the
/// accumulator ends in as many zeros as are shifted out.
fn exact_tie(random: &mut Random, to: &To) -> [i64; 3] {
    let j = random.pick(&[1i64, 1, 1, 3, 5, 7]);
    let e = 30 - j.ilog2();
    let shift = random.between(-12, 0);
    let zeros = 30 - shift - i64::from(e);
    let odd = (wanted(random, to) / j) | 1;
    [odd << zeros, j << e, shift]
}

/// One off a tie, in the accumulator or the multiplier.
fn beside([acc, multiplier, shift]: [i64; 3], random: &mut Random) -> [i64; 3] {
    let by = random.pick(&[-1, 1]);
    if random.one_in(2) { [acc + by, multiplier, shift] } else { [acc, (multiplier + by).min((1 << 31) - 1), shift] }
}

/// The accumulator whose product by any multiplier is nearest to a tie, of the whole or of the second rounding.
fn near_tie(random: &mut Random, to: &To) -> [i64; 3] {
    let (multiplier, shift) = (normalized(random), random.between(-12, 0));
    let tie = i128::from(wanted(random, to)) << (30 - shift);
    [(tie / i128::from(multiplier)) as i64 + random.between(-1, 1), multiplier, shift]
}

fn normalized(random: &mut Random) -> i64 {
    random.within(1 << 30, (1 << 31) - 1) as i64
}

/// A request with an accumulator and a real factor.
pub(super) fn by_real(rule: RealRule, random: &mut Random, i: usize) -> Value {
    let (to, rest) = output(random, i, INT25);
    let (acc, factor) = match i % 5 {
        0 => real_tie(random, &to),
        1 => beside_real(real_tie(random, &to), rule, random),
        2 => near_real_tie(random, &to),
        3 => (random.within(-1 << 31, (1 << 31) - 1) as i64 >> random.within(0, 24), any_factor(random, -20)),
        _ => {
            // Not every reader of JSON takes integers beyond 2^53.
            let bits = if rule == RealRule::F64Away && random.one_in(2) { 53 } else { 31 };
            (random.corner(-(1 << bits), (1 << bits) - 1) as i64, any_factor(random, -40))
        }
    };
    let held = if rule == RealRule::F64Away { factor } else { (factor as f32).into() };
    merged(json!({"op": "requantize", "rule": rule.name(), "acc": acc, "real_multiplier": held}), rest)
}

/// An exact tie: `acc j / 2^k` is an odd number of halves.
fn real_tie(random: &mut Random, to: &To) -> (i64, f64) {
    let (j, k) = (random.pick(&[1i64, 1, 3, 5, 7]), random.between(3, 12));
    let odd = (wanted(random, to) / j) | 1;
    (odd << (k - 1), j as f64 / f64::from(1 << k))
}

/// One off a tie, in the accumulator or in the last bit of the factor.
fn beside_real((acc, factor): (i64, f64), rule: RealRule, random: &mut Random) -> (i64, f64) {
    let up = random.one_in(2);
    match (random.one_in(2), rule) {
        (true, _) => (acc + if up { 1 } else { -1 }, factor),
        (_, RealRule::F64Away) => (acc, if up { factor.next_up() } else { factor.next_down() }),
        _ => (acc, (if up { (factor as f32).next_up() } else { (factor as f32).next_down() }).into()),
    }
}

/// A factor whose product would be a tie without the rounding of the factor. The rounding of the product often makes it
/// a tie again.
fn near_real_tie(random: &mut Random, to: &To) -> (i64, f64) {
    let (odd, acc) = (wanted(random, to).abs(), random.between(1 << 9, 1 << 18));
    (if random.one_in(2) { acc } else { -acc }, odd as f64 / 2.0 / acc as f64)
}

/// Any factor of 24 or of 53 bits, from a power of two up.
fn any_factor(random: &mut Random, least: i64) -> f64 {
    let bits = random.pick(&[24, 53]);
    let significand = random.within(1 << (bits - 1), (1 << bits) - 1) as f64;
    significand * 2f64.powi(random.between(least, 0) as i32 - bits)
}

/// A real factor to be made a multiplier.
pub(super) fn factor(random: &mut Random, i: usize) -> Value {
    const ENDS: [f64; 8] = [0.0, 1.0, 0.5, 0.2, 1.0 / 8_589_934_592.0, 1.0 / 4_294_967_296.0, 536_870_912.0, 1e-300];
    let bits = [32, 16, 8][i % 3];
    let mut power = |least| 2f64.powi(random.between(least, 0) as i32);
    let greatest = 2.0 - 2f64.powi(1 - bits);
    let real = match i / 3 % 4 {
        0 if i / 12 < ENDS.len() => ENDS[i / 12],
        // The factor is a multiplier and a half.
        1 => power(-40) * (random.within(1 << (bits - 2), (1 << (bits - 1)) - 1) as f64 + 0.5),
        // The factor rounds up to the next power of two, or just does not.
        2 => power(-34) * random.pick(&[greatest, greatest.next_down()]),
        _ => any_factor(random, -34),
    };
    json!({"op": "quantize_multiplier", "real": real, "bits": bits})
}

/// A value to be saturated. It is within 2^53, because not every reader of JSON is exact beyond.
pub(super) fn saturate(random: &mut Random, _: usize) -> Value {
    let limit = 1i128 << random.pick(&[7, 8, 31, 52]);
    let [x, a, b] = [(); 3].map(|()| random.corner(-limit, limit) as i64);
    let x = if random.one_in(3) { random.pick(&[a - 1, a, a + 1, b - 1, b, b + 1]) } else { x };
    json!({"op": "saturate", "x": x, "min": a.min(b), "max": a.max(b)})
}
