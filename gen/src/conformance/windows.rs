//! Requests of operators that sum or compare many elements. Half of them have small numbers and short shifts, so that
//! ties are common.

use qrtl_random::Random;
use serde_json::{Value, json};

use super::draw::{INT8, INT16, Type, UINT8, factors, magnitude, output, put_scaling, rule, tensor, ties, zero_point};

/// Types of input, weights and output, and whether numbers are small.
fn types(random: &mut Random, i: usize) -> ([Type; 3], bool) {
    // Weights of TFLite's int8 operators are symmetric.
    let of = random.pick(&[[INT8, [-127, 127], INT8], [UINT8, UINT8, UINT8], [INT16, [-127, 127], INT16]]);
    (of, ties(i))
}

/// Input, weights, bias, rule, factors and output of a layer with these shapes and terms.
fn layer(op: &str, random: &mut Random, i: usize, x: &[usize], w: &[usize], channels: usize, terms: usize) -> Value {
    let ([a, b, to], small) = types(random, i);
    let zero = if b == UINT8 { zero_point(random, b) } else { 0 };
    let own = zero_point(random, a);
    let input = tensor(random, x, a, own, small);
    let weights = tensor(random, w, b, zero, small);
    let sums = magnitude(terms, a, b);
    let span = if small { 9 } else { sums as i64 / 2 };
    let mut request = json!({"op": op, "rule": null, "input": input, "weights": weights});
    // One request in four has no bias, which means zeros.
    if !random.one_in(4) {
        request["bias"] = (0..channels).map(|_| random.between(-span, span)).collect();
    }
    let factors = factors(random, channels, sums, to, small);
    put_scaling(&mut request, rule(i), &factors, true);
    request["output"] = output(random, to);
    request
}

pub(super) fn fully_connected(random: &mut Random, i: usize) -> Value {
    let [batch, outputs, inputs] = [random.size(1, 4), random.size(2, 8), random.size(1, 24)];
    layer("fully_connected", random, i, &[batch, inputs], &[outputs, inputs], outputs, inputs)
}

/// Batch, height and width of an image, and height and width of a filter.
fn image(random: &mut Random) -> ([usize; 3], [usize; 2]) {
    let sides = [random.size(1, 2), random.size(2, 6), random.size(2, 6)];
    (sides, [random.size(1, 3), random.size(1, 3)])
}

/// Two of three windows are padded.
fn put_window(request: &mut Value, random: &mut Random, dilated: bool) {
    let mut of = |least, most| random.size(least, most);
    request["stride"] = json!([of(1, 2), of(1, 2)]);
    if dilated {
        request["dilation"] = json!([of(1, 2), of(1, 2)]);
    }
    if of(0, 2) > 0 {
        request["padding"] = json!([of(0, 2), of(0, 2), of(0, 2), of(0, 2)]);
    }
}

pub(super) fn conv2d(random: &mut Random, i: usize) -> Value {
    let ([batch, height, width], [rows, cols]) = image(random);
    let (groups, depth) = (random.pick(&[1, 1, 2, 3]), random.size(1, 3));
    let outputs = groups * random.size(1, 2);
    let (x, w) = ([batch, height, width, groups * depth], [outputs, rows, cols, depth]);
    let mut request = layer("conv2d", random, i, &x, &w, outputs, rows * cols * depth);
    put_window(&mut request, random, true);
    request["groups"] = groups.into();
    request
}

pub(super) fn depthwise(random: &mut Random, i: usize) -> Value {
    let ([batch, height, width], [rows, cols]) = image(random);
    let (channels, multiplier) = (random.size(1, 3), random.size(1, 2));
    let outputs = channels * multiplier;
    let (x, w) = ([batch, height, width, channels], [1, rows, cols, outputs]);
    let mut request = layer("depthwise_conv2d", random, i, &x, &w, outputs, rows * cols);
    put_window(&mut request, random, true);
    request["depth_multiplier"] = multiplier.into();
    request
}

pub(super) fn average_pool(random: &mut Random, i: usize) -> Value {
    pool("average_pool", random, i)
}

pub(super) fn max_pool(random: &mut Random, i: usize) -> Value {
    pool("max_pool", random, i)
}

fn pool(op: &str, random: &mut Random, i: usize) -> Value {
    let ([batch, height, width], filter) = image(random);
    let (of, channels) = (random.pick(&[INT8, UINT8, INT16]), random.size(1, 3));
    let zero = zero_point(random, of);
    let input = tensor(random, &[batch, height, width, channels], of, zero, i.is_multiple_of(2));
    let mut request = json!({"op": op, "input": input, "filter": filter});
    put_window(&mut request, random, false);
    let min = if random.one_in(4) { zero } else { of[0] };
    request["output"] = json!({"min": min, "max": of[1]});
    request
}
