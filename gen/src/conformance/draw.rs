//! The parts of requests: types, tensors, and factors that bring sums into an output.

use qrtl_golden::MultiplierWidth;
use qrtl_golden::numerics::AnyRule;
use qrtl_golden::numerics::multiplier::quantize_multiplier;
use qrtl_random::Random;
use serde_json::{Value, json};

/// Least and greatest integer of a type.
pub(super) type Type = [i64; 2];

pub(super) const INT8: Type = [-128, 127];
pub(super) const UINT8: Type = [0, 255];
pub(super) const INT16: Type = [-32768, 32767];
pub(super) const INT32: Type = [i32::MIN as i64, i32::MAX as i64];

/// Whether the i-th request of an operator by every rule is made for ties. As many requests as there are rules are, and
/// as many after them are not, so that each rule gets both kinds.
pub(super) fn ties(i: usize) -> bool {
    (i / AnyRule::ALL.len()).is_multiple_of(2)
}

/// A zero point of a type. One in three is a corner. The zero point of int16 is 0, as in every framework.
pub(super) fn zero_point(random: &mut Random, of: Type) -> i64 {
    match of {
        INT16 => 0,
        [lo, hi] if random.one_in(3) => random.corner(lo.into(), hi.into()) as i64,
        [lo, hi] => random.between(lo + (hi - lo) / 4, hi - (hi - lo) / 4),
    }
}

/// A tensor of a type. It has small numbers around the zero point if ties are wanted.
pub(super) fn tensor(random: &mut Random, shape: &[usize], of: Type, zero_point: i64, small: bool) -> Value {
    let mut element = || match small {
        true => (zero_point + random.between(-4, 4)).clamp(of[0], of[1]),
        false if random.one_in(8) => random.corner(of[0].into(), of[1].into()) as i64,
        false => random.between(of[0], of[1]),
    };
    let data: Vec<i64> = (0..shape.iter().product()).map(|_| element()).collect();
    json!({"shape": shape, "data": data, "zero_point": zero_point})
}

/// Output type, zero point and clamp. One output in four has an activation.
pub(super) fn output(random: &mut Random, of: Type) -> Value {
    let zero_point = if of == INT16 { 0 } else { random.between(of[0] / 4 + of[1] / 4, of[1] / 2) };
    let min = if random.one_in(4) { zero_point } else { of[0] };
    json!({"zero_point": zero_point, "min": min, "max": of[1]})
}

/// Every rule, in turn.
pub(super) fn rule(i: usize) -> AnyRule {
    AnyRule::ALL[i % AnyRule::ALL.len()]
}

/// Factors that bring sums of about `magnitude` into a type: one for all channels, or one for each. For ties, they are
/// 1/4, 1/2 and 1/8 in turn.
pub(super) fn factors(random: &mut Random, channels: usize, magnitude: f64, to: Type, small: bool) -> Vec<f64> {
    if small {
        return (0..channels).map(|c| [0.25, 0.5, 0.125][c % 3]).collect();
    }
    let count = if random.one_in(2) { 1 } else { channels };
    let wanted = (to[1] - to[0]) as f64 / 4.0 / magnitude;
    (0..count).map(|_| wanted * random.within(1 << 20, 1 << 22) as f64 / f64::from(1 << 21)).collect()
}

/// Puts a rule and its factors into a request, as numbers or as lists.
pub(super) fn put_scaling(request: &mut Value, rule: AnyRule, factors: &[f64], list: bool) {
    let shown = |values: Vec<Value>| if list { Value::Array(values) } else { values[0].clone() };
    request["rule"] = rule.name().into();
    match rule {
        AnyRule::Real(_) => {
            request["real_multiplier"] = shown(factors.iter().map(|&f| f.into()).collect());
        }
        AnyRule::Fixed(_) => {
            let [multipliers, shifts] = multipliers(factors);
            request["multiplier"] = shown(multipliers);
            request["shift"] = shown(shifts);
        }
    }
}

/// Factors as multipliers and shifts. A factor that has none becomes 0.
fn multipliers(factors: &[f64]) -> [Vec<Value>; 2] {
    let scales = factors.iter().map(|&f| quantize_multiplier(f, MultiplierWidth::W32).ok());
    let pairs: Vec<[i64; 2]> = scales.map(|s| s.map_or([0, 0], |s| [s.multiplier(), s.shift().into()])).collect();
    [0, 1].map(|part| pairs.iter().map(|pair| pair[part].into()).collect())
}

/// About the root mean square of a sum of products of such operands.
pub(super) fn magnitude(terms: usize, a: Type, b: Type) -> f64 {
    let spread = |[lo, hi]: Type| (hi - lo) as f64 / 3.0;
    (terms as f64).sqrt() * spread(a) * spread(b)
}
