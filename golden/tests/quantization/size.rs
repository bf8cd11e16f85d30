//! Bytes of models, counted by hand.

use qrtl_golden::import::size::{layer_shapes, stored_size};
use qrtl_golden::import::tflite::Model;
use qrtl_golden::quantization::Granularity;
use qrtl_golden::quantization::model_size::{LayerShape, ModelSize, Storage, bytes, parameters, size};

use crate::models::digits;

fn int(bits: u32, granularity: Granularity, symmetric: bool) -> Storage {
    Storage::Quantized { bits, granularity, symmetric }
}

fn sizes(weights: u64, scales: u64, zero_points: u64, biases: u64) -> ModelSize {
    ModelSize { weights, scales, zero_points, biases }
}

/// The lab's: 50 MB of FP32 are 12.5 M parameters, which are 12.5 MB at INT8.
#[test]
fn the_labs_figure() {
    assert_eq!(parameters(50_000_000, 32), Ok(12_500_000));
    assert_eq!(bytes(12_500_000, 32), Ok(50_000_000));
    assert_eq!([16, 8, 4, 2].map(|b| bytes(12_500_000, b).unwrap()), [25_000_000, 12_500_000, 6_250_000, 3_125_000]);
    // Packed: 3 numbers of 3 bits are 9 bits.
    assert_eq!((bytes(3, 3), parameters(2, 3), bytes(0, 8)), (Ok(2), Ok(5), Ok(0)));
    assert_eq!(bytes(1, 0).unwrap_err().to_string(), "bits: 0 is outside 1..=64");
    assert_eq!(parameters(1, 65).unwrap_err().to_string(), "bits: 65 is outside 1..=64");
    let expected = "parameters: 9223372036854775807 is outside 0..=72057594037927936";
    assert_eq!(bytes(u64::MAX, 8).unwrap_err().to_string(), expected);
}

/// Ten outputs of 64 inputs: 640 weights; groups of 48 leave a second of 16 in each row.
#[test]
fn a_layer_by_hand() {
    let of = |storage| size(&[LayerShape { channels: 10, inputs: 64, biases: 10 }], storage).unwrap();
    let groups = Granularity::PerGroup(48.try_into().unwrap());
    assert_eq!(of(Storage::Float32), sizes(2560, 0, 0, 40));
    assert_eq!(of(int(8, Granularity::PerTensor, true)), sizes(640, 4, 0, 40));
    assert_eq!(of(int(8, Granularity::PerChannel, false)), sizes(640, 40, 10, 40));
    assert_eq!(of(int(4, groups, false)), sizes(320, 80, 10, 40));
    assert_eq!(of(int(3, groups, true)), sizes(240, 80, 0, 40));
    assert_eq!(of(int(16, Granularity::PerChannel, true)).total(), 1280 + 40 + 40);
    let nothing = [LayerShape { channels: 0, inputs: 1, biases: 2 }];
    assert_eq!(size(&nothing, int(8, Granularity::PerTensor, false)).unwrap(), sizes(0, 0, 0, 8));
}

/// 64 to 32 to 10: 2,048 and 320 weights, 42 outputs. The file has a scale and a zero point for every output, of
/// weights and biases; or for every tensor.
#[test]
fn the_digits_mlp() {
    let model = Model::read(digits("mlp_int8.tflite")).unwrap();
    assert_eq!(stored_size(&model), sizes(2368, 84 * 4, 84 * 8, 168));
    let shapes = layer_shapes(&model);
    let shape = |channels, inputs| LayerShape { channels, inputs, biases: channels };
    assert_eq!(shapes, [shape(32, 64), shape(10, 32)]);
    assert_eq!(size(&shapes, Storage::Float32).unwrap(), sizes(4 * 2368, 0, 0, 168));
    assert_eq!(size(&shapes, int(4, Granularity::PerChannel, true)).unwrap(), sizes(1184, 168, 0, 168));
    let model = Model::read(digits("mlp_int8_per_tensor.tflite")).unwrap();
    assert_eq!(stored_size(&model), sizes(2368, 4 * 4, 4 * 8, 168));
}

/// The convolutional network: in a depthwise layer each channel has only its own 3 x 3 weights. 50 outputs in all.
#[test]
fn the_digits_cnn() {
    let model = Model::read(digits("cnn_int8.tflite")).unwrap();
    let shapes = layer_shapes(&model).iter().map(|l| (l.channels, l.inputs)).collect::<Vec<_>>();
    assert_eq!(shapes, [(8, 9), (16, 9 * 8), (16, 9), (10, 64)]);
    assert_eq!(stored_size(&model), sizes(72 + 1152 + 144 + 640, 100 * 4, 100 * 8, 50 * 4));
}
