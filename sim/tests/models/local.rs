//! Models that are not part of the project, through the Verilated engine. `QRTL_MODELS` names the folder with the models
//! of MLPerf Tiny (github.com/mlcommons/tiny), with inputs `NAME_input.npy` and the outputs of TFLM for them,
//! `NAME_output_tflm.npy`; `QRTL_TFLM` the folder with models and pictures of TFLM's examples
//! (github.com/tensorflow/tflite-micro). `make test` leaves out tests in files of this name.

use std::path::PathBuf;

use qrtl_gen::engine::{Options, compile};
use qrtl_gen::model::read_model;
use qrtl_gen::run::read_inputs;
use qrtl_golden::graph::{Graph, Value};
use qrtl_golden::import::npy::Array as Npy;
use qrtl_golden::import::{Runtime, lower, lower_until};
use qrtl_golden::operators::Array;
use qrtl_hdl::blocks::engine::{EngineConfig, EngineRule};
use qrtl_random::Random;
use qrtl_sim::engine::{Comparison, Running, compare};
use qrtl_sim::workspace::Workspace;

/// The file in the folder that a variable of the environment names.
fn file(variable: &str, name: &str) -> PathBuf {
    let folder = std::env::var(variable).unwrap_or_else(|_| panic!("{variable}: the folder with {name}"));
    let path = PathBuf::from(folder).join(name);
    assert!(path.exists(), "{}: is not there", path.display());
    path
}

fn graph(variable: &str, name: &str) -> Graph {
    lower(&read_model(&file(variable, name)).unwrap(), Runtime::Tflm).unwrap()
}

/// A model, loaded into an engine whose memories hold each of these models.
fn start(graph: &Graph, rule: EngineRule, options: &Options) -> Running {
    let config = EngineConfig { rule, activation_bytes: 1 << 17, weight_bytes: 1 << 19, ..EngineConfig::default() };
    let program = compile(graph, &config, options).unwrap();
    Running::start(Workspace::compiled_in().unwrap(), &config, program).unwrap()
}

fn array(input: &Value) -> &Array {
    let Value::Integer(array) = input else { panic!("an input of floats") };
    array
}

/// The ways to treat constant channels: left out, and kept.
const WAYS: [bool; 2] = [false, true];

/// Every step of these inputs against golden, and its clocks against the compiler's.
fn check_steps(name: &str, graph: &Graph, inputs: &[Value], keep_constant: bool) {
    let mut running =
        start(graph, EngineRule::TfliteDouble, &Options { taps: true, keep_constant, ..Options::default() });
    let mut found = Comparison::default();
    for input in inputs {
        let inference = running.infer(array(input)).unwrap();
        found.add(&compare(running.program(), graph, input, &inference).unwrap());
    }
    println!("{name}, constant channels kept: {keep_constant}: {} inputs, {found:?}", inputs.len());
    assert!(found.elements > 0 && found.steps > 0);
    assert_eq!((found.differ, found.other_clocks), (0, 0), "{name}: {}", found.first);
}

#[test]
#[ignore = "needs the files that QRTL_MODELS names"]
fn mlperf_tiny() {
    for (name, model) in [
        ("kws", "kws_ref_model.tflite"),
        ("vww", "vww_96_int8.tflite"),
        ("ic", "pretrainedResnet_quant.tflite"),
        ("ad", "ad01_int8.tflite"),
    ] {
        let graph = graph("QRTL_MODELS", model);
        let of = |what: &str| file("QRTL_MODELS", &format!("{name}_{what}.npy"));
        let inputs = read_inputs(&of("input"), &graph.tensors[graph.inputs[0]]).unwrap();
        let expected = Npy::<i8>::read(of("output_tflm")).unwrap();
        assert_eq!(expected.shape[0], inputs.len());
        for keep_constant in WAYS {
            let mut running = start(&graph, EngineRule::TfliteDouble, &Options { keep_constant, ..Options::default() });
            let outputs = inputs.iter().flat_map(|input| running.infer(array(input)).unwrap().parts.concat());
            let got: Vec<i8> = outputs.map(|byte| byte as i8).collect();
            let clocks = running.program().clocks();
            println!("{name}, constant channels kept: {keep_constant}: {} outputs, {clocks} clocks", got.len());
            assert!(got == expected.data, "{name}: not TFLM's outputs");
            check_steps(name, &graph, &inputs[..2], keep_constant);
        }
    }
}

/// Up to the SOFTMAX, by the runtimes whose bits an engine of another rule has.
#[test]
#[ignore = "needs the files that QRTL_MODELS names"]
fn mlperf_tiny_by_other_runtimes() {
    for (runtime, name, file_name, rule) in [
        (Runtime::Xnnpack, "kws", "kws_ref_model.tflite", EngineRule::F32Even),
        (Runtime::Xnnpack, "vww", "vww_96_int8.tflite", EngineRule::F32Even),
        (Runtime::Xnnpack, "ic", "pretrainedResnet_quant.tflite", EngineRule::F32Even),
        (Runtime::Xnnpack, "ad", "ad01_int8.tflite", EngineRule::F32Even),
        (Runtime::LitertReference, "kws", "kws_ref_model.tflite", EngineRule::TfliteDouble),
        (Runtime::LitertReference, "vww", "vww_96_int8.tflite", EngineRule::TfliteDouble),
        (Runtime::LitertReference, "ic", "pretrainedResnet_quant.tflite", EngineRule::TfliteDouble),
        // No multiplier that rounds twice has the sums of its last layer.
        (Runtime::LitertReference, "ad", "ad01_int8.tflite", EngineRule::Single),
    ] {
        let model = read_model(&file("QRTL_MODELS", file_name)).unwrap();
        let softmax = model.operators().iter().position(|operator| &*operator.name == "SOFTMAX");
        let graph = lower_until(&model, runtime, softmax.unwrap_or(model.operators().len()) - 1).unwrap();
        let inputs = read_inputs(&file("QRTL_MODELS", &format!("{name}_input.npy")), &graph.tensors[graph.inputs[0]]);
        let what = if softmax.is_some() { "logits" } else { "output" };
        let expected = Npy::<i8>::read(file("QRTL_MODELS", &format!("{name}_{what}_{runtime}.npy"))).unwrap();
        assert_eq!(expected.shape[0], 32);
        let mut running = start(&graph, rule, &Options { taps: true, ..Options::default() });
        let (mut got, mut found) = (Vec::new(), Comparison::default());
        for input in inputs.unwrap() {
            let inference = running.infer(array(&input)).unwrap();
            found.add(&compare(running.program(), &graph, &input, &inference).unwrap());
            got.extend(inference.parts.last().unwrap().iter().map(|&byte| byte as i8));
        }
        println!("{name} by {runtime}: {} {what}, {found:?}", got.len());
        assert_eq!((found.differ, found.other_clocks), (0, 0), "{name}: {}", found.first);
        assert!(got == expected.data, "{name}: not the outputs of {runtime}");
    }
}

/// Two pictures. A pixel of a picture less 128 is an element of the input.
#[test]
#[ignore = "needs the files that QRTL_TFLM names"]
fn person_detect() {
    let graph = graph("QRTL_TFLM", "person_detect.tflite");
    let shape = &graph.tensors[graph.inputs[0]].shape;
    let [_, rows, cols, _] = shape[..] else { panic!("{shape:?}") };
    let picture = |name: &str| {
        let bytes = std::fs::read(file("QRTL_TFLM", name)).unwrap();
        // The pixels stand at the end, a byte each, the lowest row first.
        let pixels = &bytes[bytes.len() - rows * cols..];
        let elements = pixels.chunks(cols).rev().flatten().map(|&pixel| i32::from(pixel) - 128).collect();
        Value::Integer(Array::new("picture", shape.clone(), elements).unwrap())
    };
    let pictures = ["person.bmp", "no_person.bmp"].map(picture);
    WAYS.into_iter().for_each(|keep| check_steps("person_detect", &graph, &pictures, keep));
}

#[test]
#[ignore = "needs the files that QRTL_TFLM names"]
fn micro_speech() {
    let graph = graph("QRTL_TFLM", "micro_speech_quantized.tflite");
    let shape = &graph.tensors[graph.inputs[0]].shape;
    let mut random = Random::new(1);
    let inputs: Vec<Value> = (0..8)
        .map(|_| {
            let elements = (0..shape.iter().product()).map(|_| random.within(-128, 127) as i32).collect();
            Value::Integer(Array::new("input", shape.clone(), elements).unwrap())
        })
        .collect();
    WAYS.into_iter().for_each(|keep| check_steps("micro_speech", &graph, &inputs, keep));
}
