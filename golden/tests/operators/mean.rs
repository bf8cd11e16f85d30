//! The mean over whole dimensions, against its formula in i128.

use qrtl_golden::numerics::multiplier::quantize_multiplier;
use qrtl_golden::operators::{Array, Operand, mean, mean_factor};
use qrtl_golden::{Bounds, FixedMultiplier, MultiplierWidth, Requantization, Rule};

use crate::seeded::seeded;

/// The sum of the elements that meet in one output, for each output.
fn sums(input: &Array, axes: &[usize], zero_point: i32) -> Vec<i128> {
    let shape = input.shape();
    // The place of an element, and of the output that it belongs to, digit by digit.
    let index = |flat: usize, axis: usize| flat / shape[axis + 1..].iter().product::<usize>() % shape[axis];
    let kept = |axis: usize| if axes.contains(&axis) { 1 } else { shape[axis] };
    let output = |flat: usize| {
        let digit = |axis: usize| if axes.contains(&axis) { 0 } else { index(flat, axis) };
        (0..shape.len()).fold(0, |place, axis| place * kept(axis) + digit(axis))
    };
    let mut sums = vec![0; (0..shape.len()).map(kept).product()];
    for (flat, &x) in input.data().iter().enumerate() {
        sums[output(flat)] += i128::from(x - zero_point);
    }
    sums
}

/// Half up at 2^31, then half away from zero.
fn tflite_double(x: i128, s: FixedMultiplier) -> i128 {
    let high = ((x << s.left()) * i128::from(s.multiplier()) + (1 << 30)) >> 31;
    let half = (1 << s.right()) >> 1;
    high.signum() * ((high.abs() + half) >> s.right())
}

#[test]
fn means_of_any_dimensions() {
    let mut random = seeded(22);
    for _ in 0..2000 {
        let shape: Vec<usize> = (0..random.within(1, 4)).map(|_| random.within(1, 7) as usize).collect();
        let axes: Vec<usize> = (0..shape.len()).filter(|_| random.one_in(2)).collect();
        let [input_zero, output_zero] = [(); 2].map(|()| random.corner(-128, 127) as i32);
        let [input_scale, output_scale] = [(); 2].map(|()| random.within(1, 1 << 12) as f32 / (1 << 10) as f32);
        let data = (0..shape.iter().product()).map(|_| random.corner(-128, 127) as i32).collect();
        let input = Array::new("test", shape.clone(), data).unwrap();
        let count: usize = axes.iter().map(|&axis| shape[axis]).product();
        let factor = mean_factor([input_scale, output_scale], count).unwrap();
        let requantization = Requantization::new(Rule::TfliteDouble, factor, output_zero.into(), Bounds::INT8).unwrap();
        let got = mean(Operand { array: &input, zero_point: input_zero }, &axes, &requantization).unwrap();
        let kept: Vec<usize> = (0..shape.len()).map(|a| if axes.contains(&a) { 1 } else { shape[a] }).collect();
        assert_eq!(got.shape(), kept);
        for (&y, sum) in got.data().iter().zip(sums(&input, &axes, input_zero)) {
            let exact = tflite_double(sum, factor) + i128::from(output_zero);
            assert_eq!(i128::from(y), exact.clamp(-128, 127), "{shape:?} {axes:?}");
        }
    }
}

/// The multiplier keeps as many bits as the count leaves it, and is rounded down.
#[test]
fn factors() {
    let factor = |scales, count| mean_factor(scales, count).map(|f| (f.multiplier(), f.shift())).unwrap();
    assert_eq!(factor([1.0, 1.0], 1), (1 << 30, 1));
    assert_eq!(factor([1.0, 1.0], 8), (1 << 30, -2));
    assert_eq!(factor([1.0, 1.0], 7), ((1 << 32) / 7, -1));
    assert_eq!(factor([1.0, 1.0], 1000), ((1 << 39) / 1000, -8));
    // A shift of -20 leaves 11 bits of the 14 of the count, and a shift of -31 leaves none.
    assert_eq!(factor([1.0, 2_097_152.0], 10_000), ((1 << 41) / 10_000, -31));
    assert_eq!(factor([1.0, 4_294_967_296.0], 3), ((1 << 30) / 3, -31));
    assert_eq!(factor([1.0, 1e30], 3), (0, -1));
    let third = quantize_multiplier(1.0 / 3.0, MultiplierWidth::W32).unwrap();
    assert_eq!(factor([1.0, 3.0], 5), (third.multiplier() * 4 / 5, third.shift() - 2));
}
