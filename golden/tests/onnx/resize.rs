//! Resize by the nearest element, where coordinates lie beside a half.

use qrtl_golden::graph::Value;
use qrtl_golden::import::onnx::{Ends, Model, Runtime, lower};
use qrtl_golden::operators::Array;

use crate::builder::{Elements, Message, model, node, tensor};

fn text(name: &str, value: &str) -> Message {
    Message::default().bytes(1, name).bytes(4, value).int(20, 3)
}

/// The elements that Resize takes of 7, for a scale of 2/7. The second has the coordinate 3.4999998.
fn taken(nearest_mode: &str) -> Vec<f32> {
    let constants = [
        tensor("s", &[], Elements::F32(&[1.0])),
        tensor("z", &[], Elements::U8(&[0])),
        tensor("r", &[4], Elements::F32(&[1.0, 1.0, 2.0 / 7.0, 1.0])),
    ];
    let resize = node("Resize", &["q", "", "r"], &["t"])
        .message(5, &text("mode", "nearest"))
        .message(5, &text("coordinate_transformation_mode", "asymmetric"))
        .message(5, &text("nearest_mode", nearest_mode));
    let nodes =
        [node("QuantizeLinear", &["x", "s", "z"], &["q"]), resize, node("DequantizeLinear", &["t", "s", "z"], &["y"])];
    let model = Model::from_bytes(&model(&[1, 1, 7, 1], &constants, &nodes)).unwrap();
    let graph = lower(&model, Runtime::Onnxruntime, Ends::Model).unwrap().graph;
    let input = Array::new("x", vec![1, 1, 7, 1], (0..7).map(|x| x as f32).collect()).unwrap();
    match graph.run(&Value::Float(input)).unwrap().pop() {
        Some(Value::Float(output)) => output.data().to_vec(),
        other => panic!("{other:?}"),
    }
}

/// ONNX Runtime 1.32.0 gives these.
#[test]
fn a_coordinate_beside_a_half_is_a_tie() {
    assert_eq!(taken("round_prefer_ceil"), [0.0, 4.0]);
    assert_eq!(taken("round_prefer_floor"), [0.0, 3.0]);
    assert_eq!(taken("floor"), [0.0, 3.0]);
    assert_eq!(taken("ceil"), [0.0, 4.0]);
}
