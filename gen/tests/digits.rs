//! The float digits networks against the logits that TensorFlow gave, and their quantization by our own code.

use std::path::Path;

use qrtl_gen::digits::{Architecture, CLASSES, IMAGES, Images, TEST};
use qrtl_golden::Bounds;
use qrtl_golden::quantization::network::Scheme;
use qrtl_golden::quantization::{Calibration, Format, Granularity, Rounding, Symmetry, WeightQuantization};

/// Of float logits from TensorFlow's. Sums of at most 128 float32 products, in an order of its own, on logits of up to 40:
/// some float32 steps of 4e-6 each. A wrong padding, layout or epsilon is off by 0.01 and more.
const LOGIT_BOUND: f32 = 1e-4;

fn digits() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../models/digits"))
}

#[test]
fn float_logits_are_those_of_tensorflow() {
    let images = Images::read(digits()).unwrap();
    for architecture in Architecture::ALL {
        let values = architecture.read(digits()).unwrap().run(images.all()).unwrap();
        let (logits, recorded) = (values.last().unwrap().data(), architecture.recorded_logits(digits()).unwrap());
        assert_eq!(logits.len(), IMAGES * CLASSES);
        let greatest = logits.iter().zip(&recorded).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
        println!("{architecture}: {greatest:e}");
        assert!(greatest < LOGIT_BOUND, "{architecture}: {greatest}");
    }
}

/// A group as long as a channel is a channel: the same numbers in floats on the integers' grids, and in integers. They differ
/// where a value is near the middle of two integers, a step or two of a logit; and in the ties of the average pool of `cnn`,
/// as a quarter of its means are, a few steps. A zero point of the weights that is forgotten moves logits by 200.
#[test]
fn integers_are_the_rounded_floats() {
    let images = Images::read(digits()).unwrap();
    let test = images.test_set().unwrap();
    let symmetries = [Symmetry::SymmetricNarrow, Symmetry::Asymmetric];
    for (architecture, symmetry) in Architecture::ALL.into_iter().flat_map(|a| symmetries.map(|s| (a, s))) {
        let network = architecture.read(digits()).unwrap();
        let mut scheme = int8_per_channel();
        scheme.weights.format.symmetry = symmetry;
        let activations = scheme.calibrate(&network, &images.calibration_set().unwrap()).unwrap();
        let integers = scheme.quantize(&network, &activations).unwrap();
        scheme.weights.granularity = Granularity::PerGroup(128.try_into().unwrap());
        let floats = scheme.quantize(&network, &activations).unwrap();
        assert!(integers.is_integer() && !floats.is_integer());
        let step = activations.last().unwrap().scale();
        let (a, b) = (integers.run(&test).unwrap(), floats.run(&test).unwrap());
        let steps: Vec<f32> = a.data().iter().zip(b.data()).map(|(a, b)| ((a - b) / step).abs().round()).collect();
        let greatest = steps.iter().fold(0.0f32, |top, s| top.max(*s));
        println!("{architecture} {symmetry:?}: {greatest}");
        let bound = if architecture == Architecture::Cnn { 4.0 } else { 2.0 };
        assert!(greatest <= bound, "{architecture} {symmetry:?}: {greatest}");
    }
}

/// What TFLite does: int8, weights per channel and symmetric, activations asymmetric, min-max.
fn int8_per_channel() -> Scheme {
    Scheme {
        weights: WeightQuantization {
            format: Format::INT8_WEIGHT,
            granularity: Granularity::PerChannel,
            calibration: Calibration::MinMax,
            rounding: Rounding::HalfEven,
        },
        activations: Format::INT8_ACTIVATION,
        calibration: Calibration::MinMax,
    }
}

#[test]
fn int8_per_channel_loses_less_than_half_a_point() {
    let images = Images::read(digits()).unwrap();
    let test = images.test_set().unwrap();
    let scheme = int8_per_channel();
    assert_eq!(scheme.activations.integers, Bounds::INT8);
    for architecture in Architecture::ALL {
        let network = architecture.read(digits()).unwrap();
        let float = images.recognized(network.run(&test).unwrap().last().unwrap().data());
        let activations = scheme.calibrate(&network, &images.calibration_set().unwrap()).unwrap();
        let quantized = scheme.quantize(&network, &activations).unwrap();
        assert!(quantized.is_integer());
        let int8 = images.recognized(quantized.run(&test).unwrap().data());
        println!("{architecture}: {float} {int8}");
        // 0.5 points of 360 images are 1.8.
        assert!(float.abs_diff(int8) * 1000 <= 5 * TEST, "{architecture}: {float} of {TEST} in floats, {int8} in int8");
    }
}
