//! The imported networks over all 1,797 images, against the logits of TensorFlow Lite Micro: every bit must be equal.
//!
//! The arithmetic is written out here, from the definition and in 64 bits, and shares nothing with the crate: what is
//! under test is the import.

use qrtl_golden::gemm::Matrix;
use qrtl_golden::graph::{Operator, Step, Weighted};
use qrtl_golden::import::npy::Array;
use qrtl_golden::import::tflite::Model;
use qrtl_golden::import::{Runtime, lower};
use qrtl_golden::numerics::AnyRequantization;

use crate::models::digits;

/// TensorFlow Lite's two roundings, right shifts only: half up at 2^31, then half away from zero at 2^-shift.
fn requantize(acc: i64, (multiplier, shift): (i64, i32)) -> i64 {
    assert!((-31..0).contains(&shift));
    let high = (acc * multiplier + (1 << 30)) >> 31;
    let half = 1 << (-shift - 1);
    high.signum() * ((high.abs() + half) >> -shift)
}

fn run(Weighted { weights, bias, requantizations, input_zero_point }: &Weighted<Matrix>, input: &[i8]) -> Vec<i8> {
    let rows = weights.data().chunks_exact(weights.cols()).zip(bias).enumerate();
    rows.map(|(n, (weights, bias))| {
        let taps = input.iter().zip(weights);
        let acc = taps
            .fold(i64::from(*bias), |acc, (x, w)| acc + (i64::from(*x) - i64::from(*input_zero_point)) * i64::from(*w));
        let AnyRequantization::Fixed(r) = requantizations[if requantizations.len() == 1 { 0 } else { n }] else {
            panic!("a multiplier")
        };
        let y = requantize(acc, (r.factor().multiplier(), r.factor().shift())) + r.zero_point();
        y.clamp(r.output().min(), r.output().max()) as i8
    })
    .collect()
}

fn layer(step: &Step) -> &Weighted<Matrix> {
    let Operator::FullyConnected(layer) = &step.operator else { panic!("fully connected") };
    layer
}

/// Differences from the recorded logits, and the share of the test images that are recognized.
fn compare(model: &str, logits: &str) -> (usize, f64) {
    let graph = lower(&Model::read(digits(model)).unwrap(), Runtime::Tflm).unwrap();
    let images = Array::<i8>::read(digits("mlp_input_int8_all.npy")).unwrap();
    let expected = Array::<i8>::read(digits(logits)).unwrap();
    let labels = Array::<u8>::read(digits("labels_all.npy")).unwrap();
    let test = Array::<i32>::read(digits("test_indices.npy")).unwrap();
    assert_eq!((&images.shape[..], &expected.shape[..]), (&[1797, 64][..], &[1797, 10][..]));

    let got: Vec<Vec<i8>> = images
        .data
        .chunks_exact(64)
        .map(|image| graph.steps.iter().fold(image.to_vec(), |input, step| run(layer(step), &input)))
        .collect();
    let differences = got.iter().flatten().zip(&expected.data).filter(|(got, expected)| got != expected).count();
    let recognized = test.data.iter().filter(|image| {
        let logits = &got[**image as usize];
        let largest = logits.iter().max().unwrap();
        logits.iter().position(|logit| logit == largest) == Some(labels.data[**image as usize].into())
    });
    (differences, recognized.count() as f64 / test.data.len() as f64)
}

#[test]
fn the_per_channel_network_equals_tensorflow_lite_micro() {
    let (differences, accuracy) = compare("mlp_int8.tflite", "mlp_logits_int8_tflm_all.npy");
    assert_eq!(differences, 0);
    assert!((accuracy - 0.9667).abs() < 1e-4, "{accuracy}");
}

#[test]
fn the_per_tensor_network_equals_tensorflow_lite_micro() {
    let (differences, accuracy) = compare("mlp_int8_per_tensor.tflite", "mlp_per_tensor_logits_int8_tflm_all.npy");
    assert_eq!(differences, 0);
    assert!((accuracy - 0.9667).abs() < 1e-4, "{accuracy}");
}
