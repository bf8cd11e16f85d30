//! The imported networks over all 1,797 images, against the logits of TensorFlow Lite Micro: every bit must be equal.
//!
//! The arithmetic is written out here, from the definition and in 64 bits, and shares nothing with the crate: what is
//! under test is the import.

use qrtl_golden::import::npy::Array;
use qrtl_golden::import::tflite::{FullyConnected, Model};

use crate::models::digits;

/// TensorFlow Lite's two roundings, right shifts only: half up at 2^31, then half away from zero at 2^-shift.
fn requantize(acc: i64, (multiplier, shift): (i32, i32)) -> i64 {
    assert!((-31..0).contains(&shift));
    let high = (acc * i64::from(multiplier) + (1 << 30)) >> 31;
    let half = 1 << (-shift - 1);
    high.signum() * ((high.abs() + half) >> -shift)
}

fn run(layer: &FullyConnected, input: &[i8]) -> Vec<i8> {
    let rows = layer.weights.chunks_exact(layer.inputs).zip(&layer.bias).enumerate();
    rows.map(|(n, (weights, bias))| {
        let taps = input.iter().zip(weights);
        let acc = taps.fold(i64::from(*bias), |acc, (x, w)| {
            acc + (i64::from(*x) - i64::from(layer.input.zero_point)) * i64::from(*w)
        });
        let multiplier = layer.multipliers[if layer.multipliers.len() == 1 { 0 } else { n }];
        let y = requantize(acc, multiplier) + i64::from(layer.output.zero_point);
        y.clamp(layer.activation.0.into(), layer.activation.1.into()) as i8
    })
    .collect()
}

/// Differences from the recorded logits, and the share of the test images that are recognized.
fn compare(model: &str, logits: &str) -> (usize, f64) {
    let layers = Model::read(digits(model)).unwrap().fully_connected_layers().unwrap();
    let images = Array::<i8>::read(digits("mlp_input_int8_all.npy")).unwrap();
    let expected = Array::<i8>::read(digits(logits)).unwrap();
    let labels = Array::<u8>::read(digits("labels_all.npy")).unwrap();
    let test = Array::<i32>::read(digits("test_indices.npy")).unwrap();
    assert_eq!((&images.shape[..], &expected.shape[..]), (&[1797, 64][..], &[1797, 10][..]));

    let got: Vec<Vec<i8>> = images
        .data
        .chunks_exact(64)
        .map(|image| layers.iter().fold(image.to_vec(), |input, layer| run(layer, &input)))
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
