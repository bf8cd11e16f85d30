//! The linear layer in floats, and what weight-only, dynamic and static quantization make of one.

use qrtl_golden::gemm::Matrix;
use qrtl_golden::quantization::linear::linear;
use qrtl_golden::quantization::modes::{StaticLayer, dynamic, weight_only};
use qrtl_golden::quantization::{
    Calibration, FloatMatrix, Format, Granularity, Parameters, QuantizedWeights, Rounding, Symmetry,
    WeightQuantization, dequantize, quantize,
};
use qrtl_golden::{Bounds, Error, Rule};
use qrtl_random::Random;

use crate::seeded::seeded;

const PER_CHANNEL: WeightQuantization = WeightQuantization {
    format: Format::INT8_WEIGHT,
    granularity: Granularity::PerChannel,
    calibration: Calibration::MinMax,
    rounding: Rounding::HalfEven,
};

fn matrix<const C: usize>(rows: &[[f32; C]]) -> FloatMatrix {
    FloatMatrix::new("m", rows.len(), C, rows.as_flattened().to_vec()).unwrap()
}

fn random_matrix(rows: usize, cols: usize, random: &mut Random) -> FloatMatrix {
    let data = (0..rows * cols).map(|_| random.between(-1000, 1000) as f32 / 700.0).collect();
    FloatMatrix::new("m", rows, cols, data).unwrap()
}

/// The integers of a layer's input.
fn integers(x: &FloatMatrix, input: &Parameters) -> Matrix {
    let data = x.data().iter().map(|&x| quantize(x, input, Rounding::HalfEven).unwrap()).collect();
    Matrix::new("x", x.rows(), x.cols(), data).unwrap()
}

#[track_caller]
fn says<T: std::fmt::Debug>(result: Result<T, Error>, text: &str) {
    assert_eq!(result.unwrap_err().to_string(), text);
}

#[test]
fn by_hand() {
    let y =
        linear(&matrix(&[[1.0, 2.0], [3.0, 4.0]]), &matrix(&[[5.0, 6.0], [-1.0, 0.5], [0.0, 0.0]]), &[0.5, 0.0, 7.0]);
    assert_eq!(y.unwrap(), matrix(&[[17.5, 0.0, 7.0], [39.5, -1.0, 7.0]]));
}

#[test]
fn words() {
    let (x, w) = (matrix(&[[1.0, 2.0]]), matrix(&[[1.0, 2.0, 3.0]]));
    says(linear(&x, &w, &[0.0]), "weights: shape [1, 3], expected [n, 2], as the input");
    says(linear(&x, &x, &[0.0; 2]), "bias: shape [2], expected [1]");
    says(linear(&x, &x, &[f32::NAN]), "bias: element 0 is NaN, not finite");
    let huge = matrix(&[[f32::MAX, f32::MAX]]);
    says(linear(&huge, &x, &[0.0]), "output: element 0 is inf, not finite");
    says(FloatMatrix::new("x", 1, 2, vec![0.0, f32::NEG_INFINITY]), "x: element 1 is -inf, not finite");
    says(FloatMatrix::new("x", 1, 2, vec![0.0]), "x: shape [1, 2], expected that of its 1 elements, at least one");
    says(FloatMatrix::new("x", 0, 2, vec![]), "x: shape [0, 2], expected that of its 0 elements, at least one");
}

/// Weights at 1/64: 127 and -64. 1 and 2 at 1/16 with zero point -3: 13 and 29. The bias of 1/2 at 1/1024: 512.
/// 16 * 127 - 32 * 64 + 512 = 496, times 1/1024 over 1/4: 1.9375, which is 2; plus 5.
#[test]
fn static_by_hand() {
    let weights = QuantizedWeights::new(&matrix(&[[127.0 / 64.0, -1.0]]), &PER_CHANNEL).unwrap();
    assert_eq!((weights.matrix().data(), weights.parameters()[0].scale()), (&[127, -64][..], 1.0 / 64.0));
    let input = Parameters::new(1.0 / 16.0, -3, Bounds::INT8).unwrap();
    let output = Parameters::new(0.25, 5, Bounds::INT8).unwrap();
    let layer = StaticLayer::new(weights, &[0.5], input, &output, Rule::TfliteDouble).unwrap();
    assert_eq!(layer.bias(), [512]);
    let factor = layer.requantizations()[0].factor();
    assert_eq!((factor.multiplier(), factor.shift()), (1 << 30, -7));
    let x = integers(&matrix(&[[1.0, 2.0]]), &input);
    assert_eq!(x.data(), [13, 29]);
    assert_eq!(layer.run(&x).unwrap().data(), [7]);
    says(layer.run(&Matrix::new("x", 1, 1, vec![0]).unwrap()), "weights: shape [1, 2], expected [n, 1], as the input");
}

/// 0 and 255/128 have the scale 1/128 and are exact; so is 127/64 and -1 at 1/64, and the sum.
#[test]
fn dynamic_by_hand() {
    let weights = QuantizedWeights::new(&matrix(&[[127.0 / 64.0, -1.0]]), &PER_CHANNEL).unwrap();
    let x = matrix(&[[0.0, 255.0 / 128.0], [255.0 / 128.0, 0.0]]);
    let y = dynamic(&x, Format::INT8_ACTIVATION, &weights, &[0.5]).unwrap();
    assert_eq!(y.data(), [0.5 - 255.0 / 128.0, 0.5 + 127.0 / 64.0 * (255.0 / 128.0)]);
    assert_eq!(weight_only(&x, &weights, &[0.5]).unwrap(), y);
    let half = matrix(&[[0.3, 255.0 / 128.0]]);
    // 0.3 is 38.4 steps: 38 of them.
    let y = dynamic(&half, Format::INT8_ACTIVATION, &weights, &[0.5]).unwrap();
    assert_eq!(y.data(), [0.5 + 38.0 / 128.0 * (127.0 / 64.0) - 255.0 / 128.0]);
}

/// Each mode is the float layer of the numbers that its integers stand for.
#[test]
fn modes_are_float_layers() {
    let mut random = seeded(2026);
    for granularity in [Granularity::PerTensor, Granularity::PerChannel, Granularity::PerGroup(7.try_into().unwrap())] {
        for symmetry in [Symmetry::Asymmetric, Symmetry::SymmetricNarrow] {
            let how =
                WeightQuantization { granularity, format: Format { integers: Bounds::INT4, symmetry }, ..PER_CHANNEL };
            let (x, w) = (random_matrix(5, 24, &mut random), random_matrix(6, 24, &mut random));
            let bias: Vec<f32> = (0..6).map(|_| random.between(-99, 99) as f32 / 50.0).collect();
            let weights = QuantizedWeights::new(&w, &how).unwrap();
            let real = weights.dequantized().unwrap();
            let expected = linear(&x, &real, &bias).unwrap();
            assert_eq!(weight_only(&x, &weights, &bias).unwrap(), expected, "{how:?}");

            let (min, max) = x.data().iter().fold((0f32, 0f32), |(a, b), v| (a.min(*v), b.max(*v)));
            let p = Parameters::from_range(min, max, Format::INT8_ACTIVATION).unwrap();
            let back = |v: &f32| dequantize(quantize(*v, &p, Rounding::HalfEven).unwrap(), &p);
            let seen = FloatMatrix::new("x", 5, 24, x.data().iter().map(back).collect()).unwrap();
            let expected = linear(&seen, &real, &bias).unwrap();
            let got = dynamic(&x, Format::INT8_ACTIVATION, &weights, &bias).unwrap();
            for (got, expected) in got.data().iter().zip(expected.data()) {
                // 24 terms of less than 3, rounded to float32 twice each.
                assert!((got - expected).abs() < 24.0 * 3.0 * 3.0 * 2f32.powi(-24), "{how:?}: {got}, {expected}");
            }
        }
    }
}

/// Within half an output step and what the bias and the rule's own rounding add, of the same layer in floats.
#[test]
fn static_is_close_to_floats() {
    let mut random = seeded(2026);
    let (x, w) = (random_matrix(20, 24, &mut random), random_matrix(6, 24, &mut random));
    let bias = [0.25, -1.0, 0.0, 0.5, 0.125, 2.0];
    let weights = QuantizedWeights::new(&w, &PER_CHANNEL).unwrap();
    let real = weights.dequantized().unwrap();
    let input = Parameters::from_range(-1.5, 1.5, Format::INT8_ACTIVATION).unwrap();
    let output = Parameters::from_range(-40.0, 40.0, Format::INT8_ACTIVATION).unwrap();
    let layer = StaticLayer::new(weights, &bias, input, &output, Rule::Single).unwrap();
    let integers = integers(&x, &input);
    let seen = integers.data().iter().map(|q| dequantize(*q, &input)).collect();
    let expected = linear(&FloatMatrix::new("x", 20, 24, seen).unwrap(), &real, &bias).unwrap();
    for (q, expected) in layer.run(&integers).unwrap().data().iter().zip(expected.data()) {
        let error = (dequantize(*q, &output) - expected).abs() / output.scale();
        assert!(error < 0.501, "{q}: {error} steps");
    }
}

#[test]
fn static_words() {
    let parameters = Parameters::new(1.0, 0, Bounds::INT8).unwrap();
    let w = matrix(&[[1.0, 2.0], [-3.0, 4.0]]);
    let new = |how: &WeightQuantization, bias: &[f32], output: &Parameters| {
        let weights = QuantizedWeights::new(&w, how).unwrap();
        StaticLayer::new(weights, bias, parameters, output, Rule::Single)
    };
    let grouped = WeightQuantization { granularity: Granularity::PerGroup(2.try_into().unwrap()), ..PER_CHANNEL };
    let expected = "granularity: per_group_2 is none of per_tensor, per_channel";
    says(new(&grouped, &[0.0; 2], &parameters), expected);
    let asymmetric = WeightQuantization { format: Format::INT8_ACTIVATION, ..PER_CHANNEL };
    says(new(&asymmetric, &[0.0; 2], &parameters), "zero_point: -19 is outside -128..=-128");
    says(new(&PER_CHANNEL, &[0.0], &parameters), "bias: shape [1], expected [2]");
    says(new(&PER_CHANNEL, &[0.0, f32::INFINITY], &parameters), "bias: element 1 is inf, not finite");
    let fine = Parameters::new(1e-30, 0, Bounds::INT8).unwrap();
    assert!(new(&PER_CHANNEL, &[0.0; 2], &fine).unwrap_err().to_string().starts_with("real: 1.57"));
    // A bias beyond int32 saturates.
    assert_eq!(new(&PER_CHANNEL, &[f32::MAX, f32::MIN], &parameters).unwrap().bias(), [i32::MAX, i32::MIN]);
}
