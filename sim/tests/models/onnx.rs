//! ONNX models of the digits networks through the Verilated engine, against the integers that ONNX Runtime gave.

use std::path::{Path, PathBuf};

use qrtl_gen::engine::{Options, compile};
use qrtl_gen::model::Source;
use qrtl_golden::graph::Value;
use qrtl_golden::import::npy::{Array as Npy, npz::Archive};
use qrtl_golden::operators::Array;
use qrtl_hdl::blocks::engine::EngineConfig;
use qrtl_sim::engine::{Comparison, Running, compare};
use qrtl_sim::workspace::Workspace;

/// Models whose layers the engine has, by form, types and granularity. The others have an average pool of the same scale at
/// both ends, whose result is not a function of the sum of integers; or a depthwise convolution whose weights have 9 bits.
const MODELS: [&str; 28] = [
    "cnn_qop_s8s8_pc",
    "cnn_qop_s8s8_pt",
    "cnn_qop_u8s8_pc",
    "cnn_qop_u8s8_pt",
    "mlp_fakequant_u8s8_pc",
    "mlp_qdq_s8s8_pc",
    "mlp_qdq_s8s8_pt",
    "mlp_qdq_u8int4_pc",
    "mlp_qdq_u8s8_pc",
    "mlp_qdq_u8s8_pt",
    "mlp_qdq_u8u8_pt",
    "mlp_qop_s8s8_pc",
    "mlp_qop_s8s8_pt",
    "mlp_qop_u8s8_pc",
    "mlp_qop_u8s8_pt",
    "mlp_qop_u8u8_pt",
    "rescnn_qcdq_u6w4_pc",
    "rescnn_qdq_s8s8_pc",
    "rescnn_qdq_s8s8_pt",
    "rescnn_qdq_u8int4_pc",
    "rescnn_qdq_u8s8_pc",
    "rescnn_qdq_u8s8_pt",
    "rescnn_qdq_u8u8_pt",
    "rescnn_qop_s8s8_pc",
    "rescnn_qop_s8s8_pt",
    "rescnn_qop_u8s8_pc",
    "rescnn_qop_u8s8_pt",
    "rescnn_qop_u8u8_pt",
];

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../models/onnx")
}

/// The first images, in the shape of the model's input.
fn images(shape: &[usize], count: usize) -> Vec<Value> {
    let images = Npy::<f32>::read(folder().join("images_f32.npy")).unwrap();
    let of = |pixels: &[f32]| Value::Float(Array::new("image", shape.to_vec(), pixels.to_vec()).unwrap());
    images.data.chunks_exact(64).take(count).map(of).collect()
}

/// What ONNX Runtime gave for all images, less what the engine's integers are less.
fn recorded(name: &str, less: i32) -> Vec<i32> {
    let archive = Archive::read(folder().join(format!("{name}.npz"))).unwrap();
    match less {
        0 => archive.array::<i8>("exact").unwrap().data.into_iter().map(i32::from).collect(),
        less => archive.array::<u8>("exact").unwrap().data.into_iter().map(|y| i32::from(y) - less).collect(),
    }
}

/// The outputs of a model that differ, and all that were compared.
fn run(name: &str) -> [usize; 2] {
    let source = Source::read(&folder().join(format!("{name}.onnx")), None, None).unwrap();
    let engine = EngineConfig { rule: source.rule, ..EngineConfig::default() };
    let program = compile(&source.graph, &engine, &Options { taps: true, ..Options::default() }).unwrap();
    let expected = recorded(name, source.less(program.result));
    let inputs = images(&source.graph.tensors[source.graph.inputs[0]].shape, expected.len() / 10);
    let inputs: Vec<Array> = inputs.iter().map(|image| source.quantized(&program, image).unwrap()).collect();
    let mut running = Running::start(Workspace::compiled_in().unwrap(), &engine, program).unwrap();
    let (mut found, mut got) = (Comparison::default(), Vec::new());
    for input in inputs {
        let inference = running.infer(&input).unwrap();
        found.add(&compare(running.program(), &source.graph, &Value::Integer(input), &inference).unwrap());
        got.extend(inference.parts.last().unwrap().iter().map(|&byte| i32::from(byte as i8)));
    }
    assert_eq!((found.differ, found.other_clocks), (0, 0), "{name}: {}", found.first);
    assert_eq!(got.len(), expected.len(), "{name}");
    [got.iter().zip(&expected).filter(|(got, expected)| got != expected).count(), got.len()]
}

#[test]
fn the_engine_gives_onnx_runtimes_integers() {
    let mut compared = 0;
    for name in MODELS {
        let [differ, all] = run(name);
        assert_eq!(differ, 0, "{name}: {differ} of {all} outputs differ from ONNX Runtime's");
        compared += all;
    }
    println!("{} models, {compared} outputs", MODELS.len());
    assert_eq!(compared, MODELS.len() * 2_000);
}
