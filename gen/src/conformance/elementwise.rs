//! Requests of operators that take their elements one by one, or two by two.

use qrtl_golden::numerics::multiplier::quantize_multiplier;
use qrtl_golden::quantization::Rounding;
use qrtl_golden::{MultiplierWidth, Rule};
use qrtl_random::Random;
use serde_json::{Value, json};

use super::draw::{INT8, INT16, Type, UINT8, factors, magnitude, output, put_scaling, rule, tensor, ties, zero_point};

/// Two tensors of a type whose shapes go together.
fn operands(random: &mut Random, of: Type, small: bool) -> [Value; 2] {
    let full: Vec<usize> = (0..3).map(|_| random.size(2, 4)).collect();
    let repeating = random.one_in(3);
    [0, 1].map(|_| {
        let mut shape = full.clone();
        if repeating {
            let axis = random.size(0, 2);
            shape[axis] = 1;
            shape.drain(..random.size(0, 1));
        }
        let zero = zero_point(random, of);
        tensor(random, &shape, of, zero, small)
    })
}

pub(super) fn add(random: &mut Random, i: usize) -> Value {
    sum("add", random, i)
}

pub(super) fn sub(random: &mut Random, i: usize) -> Value {
    sum("sub", random, i)
}

/// Multipliers and shifts of a sum follow from three scales, as TFLite forms them. In half of the requests, the scales
/// make every other sum a tie.
fn sum(op: &str, random: &mut Random, i: usize) -> Value {
    let of = random.pick(&[INT8, UINT8, INT16]);
    let [input1, input2] = operands(random, of, false);
    let mut scale = || random.within(1 << 10, 1 << 12) as f64 / f64::from(1 << 18);
    let [a, b, c] = if i.is_multiple_of(2) { [1.0, 1.0, 2.0] } else { [scale(), scale(), scale() * 1.5] };
    let (twice, left) = (2.0 * a.max(b), if of == INT16 { 15 } else { 20 });
    let mut request = json!({"op": op, "input1": input1, "input2": input2, "left_shift": left});
    let rule = [None, Some(Rule::TfliteDouble), Some(Rule::Single)][i / 3 % 3];
    if let Some(rule) = rule {
        request["rule"] = rule.name().into();
    }
    for (name, real) in [("input1", a / twice), ("input2", b / twice), ("output", twice / f64::from(1 << left) / c)] {
        if let Ok(scale) = quantize_multiplier(real, MultiplierWidth::W32) {
            request[format!("{name}_multiplier")] = scale.multiplier().into();
            request[format!("{name}_shift")] = scale.shift().into();
        }
    }
    request["output"] = output(random, of);
    request
}

pub(super) fn mul(random: &mut Random, i: usize) -> Value {
    let (of, small) = (random.pick(&[INT8, UINT8, INT16]), ties(i));
    let [input1, input2] = operands(random, of, small);
    let mut request = json!({"op": "mul", "rule": null, "input1": input1, "input2": input2});
    let factors = factors(random, 1, magnitude(1, of, of), of, small);
    put_scaling(&mut request, rule(i), &factors, false);
    request["output"] = output(random, of);
    request
}

/// Reals. Every third is an exact tie or next to one, and some are beyond all integers of the output.
pub(super) fn quantize(random: &mut Random, i: usize) -> Value {
    let of = random.pick(&[INT8, UINT8, INT16, [-8, 7]]);
    // The reciprocals of odd numbers are rounded, and some ties are gone then.
    let scale = match i % 4 {
        0 => random.pick(&[0.5f32, 0.25, 2.0, 1.0]),
        1 => random.pick(&[41.0f32, 47.0, 55.0, 61.0]),
        _ => random.within(1 << 20, 1 << 24) as f32 / f32::from(1u16 << 15) / 1024.0,
    };
    let mut real = || {
        let steps = random.between(of[0] - 2, of[1] + 2) as f32;
        match random.within(0, 5) {
            0 | 1 => (steps + 0.5) * scale,
            2 => ((steps + 0.5) * scale).next_up(),
            3 => ((steps + 0.5) * scale).next_down(),
            4 => steps * scale * 1.25,
            _ => random.pick(&[0.0f32, 1e30, -1e30, 1e-30]),
        }
    };
    let reals: Vec<f64> = (0..16).map(|_| real().into()).collect();
    let (zero, rounding) = (zero_point(random, of), Rounding::ALL[i % 3]);
    json!({"op": "quantize", "real": reals, "scale": f64::from(scale), "zero_point": zero, "min": of[0], "max": of[1],
        "rounding": rounding.name()})
}

pub(super) fn dequantize(random: &mut Random, _: usize) -> Value {
    let of = random.pick(&[INT8, UINT8, INT16]);
    let shape: Vec<usize> = (0..random.size(1, 3)).map(|_| random.size(1, 4)).collect();
    let zero = zero_point(random, of);
    let scale = random.within(1 << 23, 1 << 24) as f32 / f32::from(1u16 << 15) / 2048.0;
    json!({"op": "dequantize", "input": tensor(random, &shape, of, zero, false), "scale": f64::from(scale)})
}
