//! Functions of one int8 as tables, against the real functions and by hand.

use qrtl_golden::Bounds;
use qrtl_golden::operators::{Table, clamp_table, hard_swish_table, logistic_table, relu_table, tanh_table};
use qrtl_random::Random;

use crate::seeded::seeded;

/// The entry of `x`.
fn entry(table: &Table, x: i32) -> f64 {
    table[(x + 128) as usize].into()
}

/// A scale of 2^-10 to 2, and a zero point.
fn quantization(random: &mut Random) -> (f32, i32) {
    (random.within(1 << 10, (1 << 21) - 1) as f32 / (1 << 20) as f32, random.corner(-128, 127) as i32)
}

/// The outputs are the real ones, rounded to nearest. The difference from one half is the error of the fixed point.
#[test]
fn logistic_and_tanh_are_rounded() {
    let mut random = seeded(20);
    for _ in 0..500 {
        let (scale, zero_point) = quantization(&mut random);
        let logistic = logistic_table(scale, zero_point).unwrap();
        let tanh = tanh_table(scale, zero_point).unwrap();
        for x in -128..=127 {
            let real = f64::from(scale) * f64::from(x - zero_point);
            let rounded = |y: f64, real: f64| (y - real.clamp(-128.0, 127.0)).abs() < 0.5001;
            assert!(rounded(entry(&logistic, x), 256.0 / (1.0 + (-real).exp()) - 128.0), "{scale} {zero_point} {x}");
            assert!(rounded(entry(&tanh, x), 128.0 * real.tanh()), "{scale} {zero_point} {x}");
        }
    }
}

/// From scale 4 on only the zero point is within the radius, which counts in the power of two above the scale.
#[test]
fn where_the_radius_is_1() {
    let [logistic, tanh] = [logistic_table(4.0, 3).unwrap(), tanh_table(4.0, 3).unwrap()];
    assert_eq!([2, 3, 4].map(|x| entry(&logistic, x)), [-128.0, 0.0, 127.0]);
    assert_eq!([2, 3, 4].map(|x| entry(&tanh, x)), [-128.0, 0.0, 127.0]);
}

/// From scale 8 on no input is within the radius, and the zero point goes the way of the inputs below it.
#[test]
fn where_the_radius_is_0() {
    for scale in [8.0, 100.0, 1e10] {
        for table in [logistic_table(scale, 3).unwrap(), tanh_table(scale, 3).unwrap()] {
            assert_eq!([2, 3, 4].map(|x| entry(&table, x)), [-128.0, -128.0, 127.0]);
        }
    }
}

/// The outputs stay within one step of the real ones, where a step is not far finer than 16 bits.
#[test]
fn hard_swish_is_close_to_real() {
    let mut random = seeded(21);
    for _ in 0..500 {
        let ((scale, zero_point), zero) = (quantization(&mut random), random.corner(-128, 127) as i32);
        let output = scale * random.within(50, 800) as f32 / 100.0;
        let table = hard_swish_table([scale, output], [zero_point, zero]).unwrap();
        for x in -128..=127 {
            let real = f64::from(scale) * f64::from(x - zero_point);
            let real = real * (real + 3.0).clamp(0.0, 6.0) / 6.0 / f64::from(output) + f64::from(zero);
            let difference = entry(&table, x) - real.clamp(-128.0, 127.0);
            assert!(difference.abs() < 1.0, "{scale} {zero_point} {output} {zero} {x}: {difference}");
        }
    }
}

/// Far below the output's scale, TFLite gives one step where the mean is 0.
#[test]
fn hard_swish_of_far_scales() {
    let table = hard_swish_table([1.0 / 4096.0, 8.0], [0, 0]).unwrap();
    assert_eq!([-128, -1, 0, 1, 127].map(|x| entry(&table, x)), [-1.0, -1.0, 1.0, 1.0, 1.0]);
}

#[test]
fn relus() {
    // 1/2 (x + 1) + 2: a tie goes up.
    let half = relu_table(0.5, [-1, 2], Bounds::new(2, 50).unwrap()).unwrap();
    assert_eq!([-128, -2, -1, 0, 1, 94, 95, 127].map(|x| entry(&half, x)), [2.0, 2.0, 2.0, 3.0, 3.0, 50.0, 50.0, 50.0]);
    let clamp = clamp_table(Bounds::new(-7, 9).unwrap());
    assert_eq!([-128, -8, -7, 0, 9, 10, 127].map(|x| entry(&clamp, x)), [-7.0, -7.0, -7.0, 0.0, 9.0, 9.0, 9.0]);
}
