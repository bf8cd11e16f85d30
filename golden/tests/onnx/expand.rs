//! Files that stand for far more than their length: they are refused before much memory is taken.

use qrtl_golden::import::onnx::Runtime;

use crate::builder::{Elements, Message, model, node, tensor};
use crate::counting::memory_limit;
use crate::mutations::peak_of_reading;

fn assert_refused(what: &str, bytes: &[u8], expected: &str) {
    let (peak, import) = peak_of_reading(bytes, Runtime::Onnxruntime);
    let error = import.unwrap_err().to_string();
    assert!(error.contains(expected), "{what}: {error}");
    assert!(peak <= memory_limit(bytes.len()), "{what}: {peak} bytes alive, {} in the file", bytes.len());
    println!("{what}: {} bytes, {peak} alive at most", bytes.len());
}

#[test]
fn files_that_expand_are_refused() {
    let scale = tensor("s", &[], Elements::F32(&[1.0]));
    let zero = tensor("z", &[], Elements::U8(&[0]));
    let weights = tensor("w", &[200, 200], Elements::U8(&[1; 40_000]));
    let mut nodes = vec![node("QuantizeLinear", &["x", "s", "z"], &["t0"])];
    for i in 0..1000 {
        let (from, to) = (format!("t{i}"), format!("t{}", i + 1));
        nodes.push(node("QLinearMatMul", &[&from, "s", "z", "w", "s", "z", "s", "z"], &[&to]));
    }
    nodes.push(node("DequantizeLinear", &["t1000", "s", "z"], &["y"]));
    let bytes = model(&[1, 200], &[scale.clone(), zero.clone(), weights], &nodes);
    assert_refused("1,000 layers of the same weights", &bytes, "(QLinearMatMul): the model stands for more than");

    let picked = tensor("r", &[2], Elements::F32(&[1.0, 8e6]));
    let nodes = [
        node("QuantizeLinear", &["x", "s", "z"], &["q"]),
        node("Resize", &["q", "", "r"], &["t"]),
        node("DequantizeLinear", &["t", "s", "z"], &["y"]),
    ];
    let bytes = model(&[1, 8], &[scale.clone(), zero.clone(), picked], &nodes);
    assert_refused("an image of 64 million elements", &bytes, "(Resize): the model stands for more than");

    // The smallest message is a byte for its field and one for its length.
    let graph = (0..1_000_000).fold(Message::default(), |graph, _| graph.bytes(1, []));
    let bytes = crate::builder::of_graph(&graph);
    assert_refused("1,000,000 empty nodes", &bytes, "node 0 \"\" (): it has no operator, or no output");

    let nodes = vec![Message::default().bytes(4, "R").bytes(2, []); 500_000];
    assert_refused("500,000 nodes without a name", &model(&[1, 8], &[], &nodes), "model: its output");

    let many = (0..1_000_000).fold(node("Relu", &[], &["z"]), |node, _| node.bytes(1, []));
    assert_refused("a node of 1,000,000 inputs", &model(&[1, 8], &[], &[many]), "model: its output");
}
