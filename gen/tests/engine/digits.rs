//! The six digits models.

use qrtl_gen::engine::Options;
use qrtl_golden::import::npy::Array as Npy;
use qrtl_golden::import::tflite::Model;
use qrtl_golden::import::{Runtime, lower};
use qrtl_golden::operators::Array;

use crate::check::{Loaded, engines};

fn digits(file: &str) -> String {
    format!("{}/../models/digits/{file}", env!("CARGO_MANIFEST_DIR"))
}

/// Every tensor of a few images.
#[track_caller]
fn check(name: &str) {
    for variant in ["", "_per_tensor"] {
        let graph =
            lower(&Model::read(digits(&format!("{name}_int8{variant}.tflite"))).unwrap(), Runtime::Tflm).unwrap();
        let images = Npy::<i8>::read(digits(&format!("{name}{variant}_input_int8_all.npy"))).unwrap();
        let shape = &graph.tensors[graph.inputs[0]].shape;
        let size = graph.tensors[graph.inputs[0]].elements();
        for config in engines() {
            for (taps, fuse) in [(true, false), (false, true)] {
                let options = Options { taps, fuse, ..Options::default() };
                let mut loaded = Loaded::new(&graph, &config, &options).unwrap();
                for n in [0, 7] {
                    let data = images.data[n * size..][..size].iter().map(|&x| x.into()).collect();
                    let input = Array::new("input", shape.clone(), data).unwrap();
                    let (all, differ) = loaded.compare(&input, name);
                    assert!(all >= 10);
                    assert_eq!(differ, 0, "{name}{variant}, {config:?}, {options:?}");
                }
            }
        }
    }
}

#[test]
fn mlp() {
    check("mlp");
}

#[test]
fn cnn() {
    check("cnn");
}

#[test]
fn rescnn() {
    check("rescnn");
}
