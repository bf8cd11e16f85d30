//! What is refused, and by which words.

use qrtl_golden::import::onnx::{Ends, Model, Runtime, lower};

use crate::builder::{Elements, Message, model, node, tensor};

fn error(bytes: &[u8]) -> String {
    let import = Model::from_bytes(bytes).and_then(|model| lower(&model, Runtime::Onnxruntime, Ends::Model));
    import.map(|_| ()).unwrap_err().to_string()
}

fn constants() -> Vec<Message> {
    vec![
        tensor("s", &[], Elements::F32(&[0.5])),
        tensor("t", &[], Elements::F32(&[0.25])),
        tensor("z", &[], Elements::U8(&[3])),
        tensor("w", &[4, 2], Elements::U8(&[1, 2, 3, 4, 5, 6, 7, 8])),
        tensor("s2", &[2], Elements::F32(&[0.5, 0.5])),
        tensor("z2", &[2], Elements::U8(&[3, 4])),
        tensor("f", &[4, 2], Elements::F32(&[0.0; 8])),
        tensor("least", &[], Elements::U8(&[0])),
        tensor("greatest", &[], Elements::U8(&[255])),
        tensor("bias", &[2], Elements::F32(&[1.0, 2.0])),
    ]
}

/// The error of a model of these nodes behind a QuantizeLinear of `x` to `q`.
fn refused(nodes: &[Message]) -> String {
    let all: Vec<Message> = [&[node("QuantizeLinear", &["x", "s", "z"], &["q"])], nodes].concat();
    error(&model(&[2, 4], &constants(), &all))
}

#[test]
fn operators_by_name_and_reason() {
    let dequantize = node("DequantizeLinear", &["q", "s", "z"], &["d"]);
    let back = |name: &str| node("QuantizeLinear", &[name, "s", "z"], &["r"]);
    let end = node("DequantizeLinear", &["r", "s", "z"], &["y"]);
    let matmul = node("MatMul", &["d", "e"], &["m"]);
    let weights = node("DequantizeLinear", &["w", "s", "z"], &["e"]);
    let cases: [(&[Message], &str); 15] = [
        (
            &[
                node("DynamicQuantizeLinear", &["x"], &["a", "b", "c"]),
                node("DequantizeLinear", &["a", "s", "z"], &["y"]),
            ],
            "node 1 \"n\" (DynamicQuantizeLinear): its scales depend on the input (dynamic quantization): \
             only static quantization is supported",
        ),
        (
            &[node("QLinearMatMul", &["q", "s", "z", "w", "s2", "z2", "s", "z"], &["r"]), end.clone()],
            "node 1 \"n\" (QLinearMatMul): several zero points of weights: ONNX Runtime has no such kernel",
        ),
        (
            &[node("QLinearMatMul", &["q", "s2", "z2", "w", "s", "z", "s", "z"], &["r"]), end.clone()],
            "node 1 \"n\" (QLinearMatMul): an activation with 2 scales: must be 1",
        ),
        (
            &[node("QLinearMatMul", &["q", "x", "z", "w", "s", "z", "s", "z"], &["r"]), end.clone()],
            "node 1 \"n\" (QLinearMatMul): its scale, input 1, is no constant",
        ),
        (
            &[
                node("If", &["q"], &["r"]).message(5, &Message::default().bytes(1, "then_branch").int(20, 5)),
                end.clone(),
            ],
            "node 1 \"n\" (If): control flow is not supported",
        ),
        (
            &[dequantize.clone(), node("MatMul", &["d", "f"], &["m"]), back("m"), end.clone()],
            "node 3 \"n\" (QuantizeLinear): MatMul \"n\" before it: only products of an activation by constant weights are \
             supported",
        ),
        (
            &[
                dequantize.clone(),
                weights.clone(),
                matmul.clone(),
                node("Relu", &["m"], &["n"]),
                back("n"),
                end.clone(),
            ],
            "node 5 \"n\" (QuantizeLinear): MatMul \"n\" before it is computed in float32 by ONNX Runtime: QuantizeLinear \
             does not repeat the Relu between them",
        ),
        (
            &[
                dequantize.clone(),
                weights.clone(),
                matmul.clone(),
                back("m"),
                node("QuantizeLinear", &["m", "t", "z"], &["u"]),
                node("QLinearAdd", &["r", "s", "z", "u", "t", "z", "s", "z"], &["v"]),
                node("DequantizeLinear", &["v", "s", "z"], &["y"]),
            ],
            "node 4 \"n\" (QuantizeLinear): MatMul \"n\" before it is computed in float32 by ONNX Runtime: 2 read its floats \
             \"m\", and not one QuantizeLinear alone",
        ),
        (
            &[
                node("QuantizeLinear", &["x", "s", "least"], &["a"]),
                node("DequantizeLinear", &["a", "s", "least"], &["b"]),
                node("QuantizeLinear", &["b", "t", "greatest"], &["c"]),
                node("DequantizeLinear", &["c", "t", "greatest"], &["y"]),
            ],
            "node 1 \"n\" (QuantizeLinear): pairs in a row whose ranges have no scale in common",
        ),
        (
            &[dequantize.clone(), weights.clone(), node("Gemm", &["d", "e", "bias"], &["y"])],
            "model: its output: Gemm \"n\" is computed in float32 by ONNX Runtime: it has a bias of floats, and no \
             QuantizeLinear behind it",
        ),
        (
            &[node("Relu", &["x"], &["d"]), weights.clone(), matmul.clone(), back("m"), end.clone()],
            "node 1 \"n\" (Relu): its input comes from no DequantizeLinear: float layers are not supported",
        ),
        (
            &[node("Erf", &["q"], &["r"]), end.clone()],
            "node 1 \"n\" (Erf): is not supported; supported are the integer operators QLinearConv, ",
        ),
        (
            &[node("DequantizeLinear", &["q", "s", "z2"], &["y"])],
            "node 1 \"n\" (DequantizeLinear): 2 zero points for 1 scales",
        ),
        (
            &[node("Relu", &["nothing"], &["y"])],
            "node 1 \"n\" (Relu): reads \"nothing\", which nothing has written before it",
        ),
        (&[node("Relu", &["q"], &["q"])], "node 1 \"n\" (Relu): writes \"q\", which is there already"),
    ];
    for (nodes, expected) in cases {
        let got = refused(nodes);
        assert!(got.starts_with(expected), "got      {got}\nexpected {expected}");
    }
}

#[test]
fn files() {
    let end = node("DequantizeLinear", &["q", "s", "z"], &["y"]);
    let whole = |constants: &[Message]| {
        model(&[2, 4], constants, &[node("QuantizeLinear", &["x", "s", "z"], &["q"]), end.clone()])
    };
    let mut with = constants();
    with[0] = Message::default().int(2, 1).bytes(8, "s").int(14, 1);
    let expected = "tensor \"s\": its elements are in another file (external data): only models of one file are read";
    assert_eq!(error(&whole(&with)), expected);
    with[0] = tensor("s", &[2], Elements::F32(&[0.5]));
    assert_eq!(error(&whole(&with)), "tensor \"s\": 4 bytes of data: its shape needs 2 times 4");
    with[0] = tensor("s", &[1 << 20, 1 << 20], Elements::F32(&[0.5]));
    let expected = "tensor \"s\": dimension 1 is 1048576: must be at least 0, and all elements at most 2147483647";
    assert_eq!(error(&whole(&with)), expected);
    with[0] = tensor("s", &[], Elements::F32(&[f32::NAN]));
    let expected = "node 0 \"n\" (QuantizeLinear): a scale is NaN: must be finite and above 0";
    assert_eq!(error(&whole(&with)), expected);
    // INT16 has the number 5.
    let mut with = constants();
    with[2] = Message::default().int(2, 5).bytes(8, "z").bytes(9, [0, 0]);
    assert_eq!(error(&whole(&with)), "node 0 \"n\" (QuantizeLinear): a zero point of INT16");

    let shown = error(b"TFL3");
    assert!(shown.starts_with("not an ONNX model, or a damaged one, of 4 bytes: "), "{shown}");
    assert!(error(b"").ends_with("of 0 bytes: it has no graph, or one without nodes"));
    let floats = model(&[2, 4], &[], &[node("Relu", &["x"], &["y"])]);
    assert_eq!(error(&floats), "model: no node quantizes anything: it computes in floats");
}

/// What follows the last DequantizeLinear stays on the host, and is named.
#[test]
fn tails_stay_on_the_host() {
    let nodes = [
        node("QuantizeLinear", &["x", "s", "z"], &["q"]),
        node("DequantizeLinear", &["q", "s", "z"], &["d"]),
        node("Softmax", &["d"], &["p"]),
        node("Tanh", &["p"], &["y"]),
    ];
    let model = Model::from_bytes(&model(&[2, 4], &constants(), &nodes)).unwrap();
    let import = lower(&model, Runtime::Onnxruntime, Ends::Model).unwrap();
    assert_eq!((&*import.output, &import.host[..]), ("d", &["2 Softmax \"n\"", "3 Tanh \"n\""].map(String::from)[..]));
    let import = lower(&model, Runtime::Onnxruntime, Ends::Integers).unwrap();
    assert_eq!((&*import.output, import.host.len(), import.graph.steps.len()), ("q", 3, 1));
}
