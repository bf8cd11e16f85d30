//! Batch norm folding: the same layer in floats, and other quantized outputs where channels share a scale.

use qrtl_golden::quantization::batch_norm::BatchNorm;
use qrtl_golden::quantization::linear::linear;
use qrtl_golden::quantization::{
    Calibration, FloatMatrix, Format, Granularity, Parameters, QuantizedWeights, Rounding, Symmetry,
    WeightQuantization, quantize,
};
use qrtl_golden::{Bounds, Error};

use crate::seeded::seeded;

const INT4: WeightQuantization = WeightQuantization {
    format: Format { integers: Bounds::INT4, symmetry: Symmetry::SymmetricNarrow },
    granularity: Granularity::PerTensor,
    calibration: Calibration::MinMax,
    rounding: Rounding::HalfEven,
};

fn matrix(rows: usize, cols: usize, data: Vec<f32>) -> FloatMatrix {
    FloatMatrix::new("m", rows, cols, data).unwrap()
}

#[track_caller]
fn says<T: std::fmt::Debug>(result: Result<T, Error>, text: &str) {
    assert_eq!(result.unwrap_err().to_string(), text);
}

/// The factor is 3 / sqrt(3 + 1) = 1.5: weight 2 becomes 3, bias 4 + (1 - 5) 1.5 = -2. Of 7: 15, then 19; and 21 - 2.
#[test]
fn by_hand() {
    let bn = BatchNorm::new(vec![3.0], vec![4.0], vec![5.0], vec![3.0], 1.0).unwrap();
    let (w, x) = (matrix(1, 1, vec![2.0]), matrix(1, 1, vec![7.0]));
    assert_eq!(bn.apply(&linear(&x, &w, &[1.0]).unwrap()).unwrap().data(), [19.0]);
    let (folded, bias) = bn.fold(&w, &[1.0]).unwrap();
    assert_eq!((folded.data(), &bias[..]), (&[3.0][..], &[-2.0][..]));
    assert_eq!(linear(&x, &folded, &bias).unwrap().data(), [19.0]);
}

/// Layer and batch norm, against the folded layer, in floats.
///
/// What float32 rounds, each by 2^-24 of its size at most: the weights and the bias of the folded layer, the output of
/// the layer before its batch norm, and either result. All else is float64.
#[test]
fn folding_keeps_the_function() {
    let mut random = seeded(2026);
    let mut differ = 0;
    for _ in 0..200 {
        let (n, k) = (random.between(1, 8) as usize, random.between(1, 30) as usize);
        let mut some = |count: usize, min, max| -> Vec<f32> {
            (0..count).map(|_| random.between(min, max) as f32 / 997.0).collect()
        };
        let (w, b) = (matrix(n, k, some(n * k, -999, 999)), some(n, -999, 999));
        let x = matrix(4, k, some(4 * k, -2000, 2000));
        let (gamma, mean) = (some(n, -3000, 3000), some(n, -999, 999));
        let variance = some(n, 0, 4000);
        let bn = BatchNorm::new(gamma.clone(), some(n, -999, 999), mean, variance.clone(), 1e-3).unwrap();
        let before = linear(&x, &w, &b).unwrap();
        let apart = bn.apply(&before).unwrap();
        let (fw, fb) = bn.fold(&w, &b).unwrap();
        let folded = linear(&x, &fw, &fb).unwrap();
        for (r, c) in (0..4).flat_map(|r| (0..n).map(move |c| (r, c))) {
            let (p, q) = (f64::from(apart.row(r)[c]), f64::from(folded.row(r)[c]));
            let products = x.row(r).iter().zip(fw.row(c)).map(|(x, w)| f64::from(x * w).abs());
            let factor = f64::from(gamma[c]) / (f64::from(variance[c]) + 1e-3).sqrt();
            let sizes = products.sum::<f64>()
                + f64::from(fb[c]).abs()
                + (factor * f64::from(before.row(r)[c])).abs()
                + p.abs()
                + q.abs();
            assert!((p - q).abs() <= sizes * 2f64.powi(-24) * 1.001, "{p} and {q}, at most {sizes} * 2^-24");
            differ += usize::from(p != q);
        }
    }
    assert!(differ > 1_000, "{differ} differ: is anything folded?");
}

/// Weights 1 and 1, normalized by 1 and 8, in 4 bits. Apart, both are 7 steps of 1/7: exactly 1. Folded, 1 is one step of
/// 8/7: 16 and 18 steps of an output in sixteenths. With a scale for each channel, folding changes nothing.
#[test]
fn folding_before_quantization() {
    let bn = BatchNorm::new(vec![1.0, 8.0], vec![0.0; 2], vec![0.0; 2], vec![1.0; 2], 0.0).unwrap();
    let (weights, x) = (matrix(2, 1, vec![1.0, 1.0]), matrix(2, 1, vec![1.0, -1.0]));
    let output = Parameters::new(1.0 / 16.0, 0, Bounds::INT8).unwrap();
    let steps = |y: FloatMatrix| -> Vec<i32> {
        y.data().iter().map(|&y| quantize(y, &output, Rounding::HalfEven).unwrap()).collect()
    };
    let seen = |weights: &FloatMatrix, how: &WeightQuantization| {
        QuantizedWeights::new(weights, how).unwrap().dequantized().unwrap()
    };
    let per_channel = WeightQuantization { granularity: Granularity::PerChannel, ..INT4 };
    for (how, folded_steps) in [(&INT4, [18, 127, -18, -128]), (&per_channel, [16, 127, -16, -128])] {
        let apart = bn.apply(&linear(&x, &seen(&weights, how), &[0.0; 2]).unwrap()).unwrap();
        assert_eq!(steps(apart), [16, 127, -16, -128], "{how:?}");
        let (folded, bias) = bn.fold(&weights, &[0.0; 2]).unwrap();
        assert_eq!(steps(linear(&x, &seen(&folded, how), &bias).unwrap()), folded_steps, "{how:?}");
    }
}

#[test]
fn words() {
    let new = |gamma: &[f32], variance: &[f32], epsilon| {
        BatchNorm::new(gamma.to_vec(), vec![0.0; 2], vec![0.0; 2], variance.to_vec(), epsilon)
    };
    says(new(&[1.0], &[1.0; 2], 0.1), "beta: shape [2], expected [1]");
    says(new(&[1.0; 2], &[1.0], 0.1), "variance: shape [1], expected [2]");
    says(new(&[1.0, f32::NAN], &[1.0; 2], 0.1), "gamma: element 1 is NaN, not finite");
    let expected = "variance: element 1 is -0.5, not at least 0, and above it together with epsilon";
    says(new(&[1.0; 2], &[1.0, -0.5], 1.0), expected);
    let expected = "variance: element 0 is 0.0, not at least 0, and above it together with epsilon";
    says(new(&[1.0; 2], &[0.0; 2], 0.0), expected);
    says(new(&[1.0; 2], &[1.0; 2], -1.0), "epsilon: -1.0 is not finite and at least 0");
    says(new(&[1.0; 2], &[1.0; 2], f32::INFINITY), "epsilon: inf is not finite and at least 0");
    let bn = new(&[f32::MAX; 2], &[0.0; 2], 1e-6).unwrap();
    assert_eq!(bn.channels(), 2);
    says(bn.apply(&matrix(1, 3, vec![0.0; 3])), "y: shape [1, 3], expected 2 channels");
    says(bn.fold(&matrix(1, 2, vec![0.0; 2]), &[0.0]), "weights: shape [1, 2], expected 2 channels");
    says(bn.fold(&matrix(2, 1, vec![0.0; 2]), &[0.0]), "bias: shape [1], expected [2]");
    says(bn.fold(&matrix(2, 1, vec![0.0, 9.0]), &[0.0; 2]), "output: element 1 is inf, not finite");
    says(bn.fold(&matrix(2, 1, vec![0.0; 2]), &[0.0, 9.0]), "bias: element 1 is inf, not finite");
}
