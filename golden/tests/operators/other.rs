//! Pooling, softmax, conversions, padding and reshaping, each against its definition.

use qrtl_golden::numerics::requantizer::Requantize;
use qrtl_golden::operators::{
    Array, Axis, DequantizeRounding, LogSoftmaxParameters, Operand, OrtSoftmax, QuantizeRounding, Quantizer,
    SoftmaxParameters, Window, average_factor, average_pool, concatenation, dequantize, log_softmax, max_pool,
    ort_softmax, pad, quantize, requantize, reshape, softmax, softmax_by_table,
};
use qrtl_golden::{Bounds, FixedMultiplier, MultiplierWidth, Requantization, Rule};
use qrtl_random::Random;

use crate::seeded::seeded;

fn array(random: &mut Random, shape: &[usize]) -> Array {
    let data = (0..shape.iter().product()).map(|_| random.corner(-128, 127) as i32).collect();
    Array::new("test", shape.to_vec(), data).unwrap()
}

#[test]
fn pooling() {
    let mut random = seeded(10);
    for _ in 0..2000 {
        let mut size = || random.within(1, 6) as usize;
        let (height, width, channels) = (size(), size(), size());
        let filter = [size().min(height), size().min(width)];
        let axis = |size: usize, f: usize, stride: usize| Axis::same(size, f, stride, 1);
        let window = Window { rows: axis(height, filter[0], size()), cols: axis(width, filter[1], size()) };
        let input = array(&mut random, &[2, height, width, channels]);
        let bounds = Bounds::new(-100, 100).unwrap();
        let average = average_pool(&input, filter, &window, bounds).unwrap();
        let greatest = max_pool(&input, filter, &window, bounds).unwrap();
        let &[_, rows, cols, _] = average.shape() else { panic!() };
        for (flat, (&mean, &most)) in average.data().iter().zip(greatest.data()).enumerate() {
            let (c, j, i) = (flat % channels, flat / channels % cols, flat / channels / cols % rows);
            let n = flat / channels / cols / rows;
            let inside = |o: usize, k: usize, a: Axis, size: usize| {
                (o * a.stride + k).checked_sub(a.before).filter(|&x| x < size)
            };
            let mut taps = Vec::new();
            for (r, s) in (0..filter[0]).flat_map(|r| (0..filter[1]).map(move |s| (r, s))) {
                if let (Some(y), Some(x)) = (inside(i, r, window.rows, height), inside(j, s, window.cols, width)) {
                    taps.push(input.data()[((n * height + y) * width + x) * channels + c]);
                }
            }
            // Exact in f64: small integers, and a tie of halves stays one.
            let exact = f64::from(taps.iter().sum::<i32>()) / taps.len() as f64;
            assert_eq!(mean, (exact.round() as i32).clamp(-100, 100), "{taps:?}");
            assert_eq!(most, (*taps.iter().max().unwrap()).clamp(-100, 100), "{taps:?}");
        }
    }
}

/// A factor takes the place of the division, for every sum of every count.
#[test]
fn averages_by_a_factor() {
    for count in 1..=1024i64 {
        let r =
            Requantization::new(Rule::TfliteDouble, average_factor(count as usize).unwrap(), 0, Bounds::INT8).unwrap();
        for sum in -128 * count..=127 * count {
            // Half of a step is added to the size of the mean, and the rest is dropped.
            let size = (2 * sum.abs() + count) / (2 * count);
            assert_eq!(r.requantize_sum(sum.into()).unwrap(), (sum.signum() * size) as i32, "{sum} / {count}");
        }
    }
    let beyond = |count| average_factor(count).unwrap_err().to_string();
    assert_eq!(beyond(0), "count: 0 is outside 1..=1024");
    assert_eq!(beyond(1025), "count: 1025 is outside 1..=1024");
}

/// The integers stay within one step of the real softmax, and follow a permutation of the row.
#[test]
fn softmax_is_close_to_real() {
    let mut random = seeded(11);
    for _ in 0..5000 {
        let depth = random.within(1, 20) as usize;
        let (beta, scale) = (random.within(1, 4) as f32 / 2.0, random.within(1, 400) as f32 / 1000.0);
        let input = array(&mut random, &[3, depth]);
        let got = softmax(&input, &SoftmaxParameters::new(beta, scale).unwrap()).unwrap();
        for (xs, ys) in input.data().chunks(depth).zip(got.data().chunks(depth)) {
            let most = f64::from(*xs.iter().max().unwrap());
            let exp = |x: &i32| ((f64::from(*x) - most) * f64::from(beta) * f64::from(scale)).exp();
            let sum: f64 = xs.iter().map(exp).sum();
            for (x, &y) in xs.iter().zip(ys) {
                let real = (exp(x) / sum * 256.0 - 128.0).min(127.0);
                assert!((f64::from(y) - real).abs() <= 0.51, "{xs:?} {beta} {scale}: {y} for {real}");
            }
        }
    }
}

/// The exponentials stay within 2^-21 of the real ones, at all differences of two int8: the polynomial ends before
/// `(1/8)^5 / 120`, which is 546 here.
#[test]
fn exponentials_are_close_to_real() {
    for scale in [0.001, 0.02, 0.1, 0.3, 4.0] {
        let p = SoftmaxParameters::new(0.5, scale).unwrap();
        for below in 0..=u8::MAX {
            let real = (-0.5 * f64::from(scale) * f64::from(below)).exp() * 2f64.powi(31);
            let got = f64::from(p.exponential(below));
            assert!((got - real).abs() <= 600.0, "{scale} {below}: {got} for {real}");
        }
    }
}

/// The integers stay within one step of the real logarithms, down to where an exponential counts as 0, and follow a
/// permutation of the row.
#[test]
fn log_softmax_is_close_to_real() {
    let mut random = seeded(5);
    for depth in [1usize, 2, 10, 100, 1000] {
        for scale in [1e-4f32, 0.01, 0.1, 0.5, 3.0] {
            let parameters = LogSoftmaxParameters::new(scale).unwrap();
            let xs: Vec<i32> = (0..depth).map(|_| random.within(-128, 127) as i32).collect();
            let greatest = f64::from(*xs.iter().max().unwrap());
            let below = |x: i32| (f64::from(x) - greatest) * f64::from(scale);
            let sum: f64 = xs.iter().map(|&x| below(x).exp()).sum();
            let got = log_softmax(&Array::new("row", vec![1, depth], xs.clone()).unwrap(), &parameters).unwrap();
            for (x, y) in xs.iter().zip(got.data()) {
                let real = (16.0 * (below(*x) - sum.ln()) + 127.0).clamp(-128.0, 127.0);
                assert!((f64::from(*y) - real).abs() <= 1.0, "{depth}, {scale}: {y}, {real}");
            }
            let reversed: Vec<i32> = xs.into_iter().rev().collect();
            let again = log_softmax(&Array::new("row", vec![1, depth], reversed).unwrap(), &parameters).unwrap();
            assert!(again.data().iter().rev().eq(got.data()));
        }
    }
}

#[test]
fn log_softmax_has_limits() {
    // 16 ln 2 is 11.09, and 16 ln 4095 is 133.08.
    let parameters = LogSoftmaxParameters::new(0.5).unwrap();
    let of = |n: usize| log_softmax(&Array::new("row", vec![1, n], vec![3; n]).unwrap(), &parameters);
    assert_eq!([1, 2, 4095].map(|n| of(n).unwrap().data()[0]), [127, 116, -6]);
    assert_eq!(
        of(4096).unwrap_err().to_string(),
        "element [0]: sum of exponentials, in 2^-19: 2147483648 is outside 524288..=2147483647"
    );
    assert!(LogSoftmaxParameters::new(2f32.powi(-25)).is_ok());
    for small in [2f32.powi(-26), 2f32.powi(-27), 0.0] {
        assert!(LogSoftmaxParameters::new(small).is_err(), "{small}");
    }
}

#[test]
fn softmax_by_table_takes_the_table() {
    let row = Array::new("test", vec![3], vec![7, -128, 7]).unwrap();
    // exp(0) = 1 and exp(-135) = 1/2: 2/5 and 1/5 of 256 are 102.4 and 51.2.
    let mut exponentials = [0; 256];
    (exponentials[0], exponentials[135]) = (i32::MAX, 1 << 30);
    assert_eq!(softmax_by_table(&row, &exponentials).unwrap().data(), [-26, -77, -26]);
    exponentials[255] = -1;
    let error = softmax_by_table(&row, &exponentials).unwrap_err();
    assert_eq!(error.to_string(), "exponential: -1 is outside 0..=2147483647");
}

#[test]
fn softmax_of_rows_that_are_known() {
    let p = SoftmaxParameters::new(1.0, 1.0 / 16.0).unwrap();
    let row = |data: Vec<i32>| Array::new("test", vec![data.len()], data).unwrap();
    // One element is 256/256, which saturates; two halves; and a difference of 16 is a factor of e.
    assert_eq!(softmax(&row(vec![5]), &p).unwrap().data(), [127]);
    assert_eq!(softmax(&row(vec![-128, -128]), &p).unwrap().data(), [0, 0]);
    // 256 e / (1 + e) = 187.15
    assert_eq!(softmax(&row(vec![16, 0]), &p).unwrap().data(), [59, -59]);
    assert_eq!(softmax(&row(vec![127, -128]), &p).unwrap().data(), [127, -128]);
    // A factor of 2^30 and more: only the greatest count.
    for beta in [256.0, 1e9, f32::INFINITY] {
        let steep = SoftmaxParameters::new(beta, 1.0 / 16.0).unwrap();
        assert_eq!(softmax(&row(vec![3, 2, 3, -128]), &steep).unwrap().data(), [0, -128, 0, -128]);
    }
    // 511 equal ones have a 511th each, 512 are refused as the reference refuses them.
    assert_eq!(softmax(&row(vec![3; 511]), &p).unwrap().data(), [-127; 511]);
    assert_eq!(
        softmax(&row(vec![3; 512]), &p).unwrap_err().to_string(),
        "element [0]: sum of exponentials, in 2^-19: 268435456 is outside 524288..=268435455"
    );
}

#[test]
fn quantization_of_floats() {
    let row = |xs: &[f32]| Array::new("test", vec![xs.len()], xs.to_vec()).unwrap();
    let input = row(&[-2.5, -1.5, -0.5, -0.0, 0.5, 1.5, 2.5, 1e9, -1e9]);
    let q = |rounding| Quantizer { scale: 1.0, zero_point: 3, bounds: Bounds::INT8, rounding };
    let away = quantize(&input, &q(QuantizeRounding::Away)).unwrap();
    assert_eq!(away.data(), [0, 1, 2, 3, 4, 5, 6, 127, -128]);
    let even = quantize(&input, &q(QuantizeRounding::Reciprocal)).unwrap();
    assert_eq!(even.data(), [1, 1, 3, 3, 3, 5, 5, 127, -128]);
    // A whole group of 8, and one element left over.
    let ties = quantize(&row(&[0.5; 9]), &q(QuantizeRounding::LitertBuiltin)).unwrap();
    assert_eq!(ties.data(), [3, 3, 3, 3, 3, 3, 3, 3, 4]);
    let back = dequantize(Operand { array: &away, zero_point: 3 }, 0.5, DequantizeRounding::Once).unwrap();
    assert_eq!(back.data()[..7], [-1.5, -1.0, -0.5, 0.0, 0.5, 1.0, 1.5]);
    let nan = row(&[0.0, f32::NAN]);
    let error = |input, scale| quantize(input, &Quantizer { scale, ..q(QuantizeRounding::Away) }).unwrap_err();
    assert_eq!(error(&nan, 1.0).to_string(), "element [1]: real: NaN is not a number");
    assert_eq!(error(&nan, 0.0).to_string(), "real: 0.0 is not finite and above 0");
    for (x, y) in [(2_147_483_648.0, 127), (-1e30, -128), (f32::INFINITY, 127), (f32::NEG_INFINITY, -128)] {
        let beyond = row(&[x]);
        assert_eq!(quantize(&beyond, &q(QuantizeRounding::Reciprocal)).unwrap().data(), [y]);
        for rounding in [QuantizeRounding::Away, QuantizeRounding::LitertBuiltin] {
            let error = quantize(&beyond, &q(rounding)).unwrap_err().to_string();
            let what = "element [0]: quotient, in steps of the scale: ";
            assert!(error.starts_with(what) && error.ends_with(" is outside -2147483648..=2147483647"), "{error}");
        }
    }
}

/// 0.5 (x + 1) + 2: half up in the first step of `tflite_double`, which is the only one here.
#[test]
fn requantization_of_integers() {
    let half = FixedMultiplier::new(MultiplierWidth::W32, 1 << 30, 0).unwrap();
    let r = Requantization::new(Rule::TfliteDouble, half, 2, Bounds::INT8).unwrap();
    let input = Array::new("test", vec![2, 3], vec![-4, -3, -2, -1, 0, 1]).unwrap();
    let got = requantize(Operand { array: &input, zero_point: -1 }, &r).unwrap();
    assert_eq!((got.shape(), got.data()), (&[2, 3][..], &[1, 1, 2, 2, 3, 3][..]));
}

/// Two inputs and the first once more, along each of three dimensions.
#[test]
fn concatenations() {
    let mut random = seeded(12);
    for axis in 0..3 {
        let [a, b] = [2, 5].map(|size| {
            let mut shape = vec![3, 4, 2];
            shape[axis] = size;
            array(&mut random, &shape)
        });
        let inputs = [&a, &b, &a];
        let got = concatenation(&inputs, axis).unwrap();
        let mut shape = vec![3, 4, 2];
        shape[axis] = 2 + 5 + 2;
        assert_eq!(got.shape(), shape);
        let flat = |shape: &[usize], at: [usize; 3]| (at[0] * shape[1] + at[1]) * shape[2] + at[2];
        for i in 0..got.data().len() {
            let at = [i / shape[2] / shape[1], i / shape[2] % shape[1], i % shape[2]];
            let (input, before) = [(0, 0), (1, 2), (2, 7)].into_iter().rfind(|&(_, first)| first <= at[axis]).unwrap();
            let mut own = at;
            own[axis] -= before;
            assert_eq!(got.data()[i], inputs[input].data()[flat(inputs[input].shape(), own)], "{axis} {at:?}");
        }
    }
}

#[test]
fn padding_and_reshaping() {
    let input = Array::new("test", vec![2, 2], vec![1, 2, 3, 4]).unwrap();
    let padded = pad(&input, &[[1, 0], [0, 2]], -7).unwrap();
    assert_eq!(padded.shape(), [3, 4]);
    assert_eq!(padded.data(), [-7, -7, -7, -7, 1, 2, -7, -7, 3, 4, -7, -7]);
    let flat = reshape(&input, &[4, 1]).unwrap();
    assert_eq!((flat.shape(), flat.data()), (&[4, 1][..], input.data()));
}

/// 254 of these shares are 118.50001 and 135.49999, which floats would round to the ties 118.5 and 135.5. ONNX Runtime
/// 1.32.0 gives these outputs.
#[test]
fn shares_beside_a_tie() {
    let row = |data: Vec<i32>| Array::new("test", vec![data.len()], data).unwrap();
    let parameters = |row| OrtSoftmax::new([0.067_029_25, 1.0 / 255.0], row, -128, Bounds::INT8).unwrap();
    assert_eq!(ort_softmax(&row(vec![26, 28]), &parameters(2)).unwrap().data(), [-9, 7]);
    // One element has all steps.
    assert_eq!(ort_softmax(&row(vec![5]), &parameters(1)).unwrap().data(), [126]);
}
