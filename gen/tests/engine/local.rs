//! The models of MLPerf Tiny, which are not part of the project: `QRTL_MODELS` names the folder with their files.

use std::path::{Path, PathBuf};
use std::process::Command;

use qrtl_gen::engine::{CompiledStep, Options, compile};
use qrtl_gen::model::Source;
use qrtl_gen::run::format::AnyRuntime;
use qrtl_golden::graph::Graph;
use qrtl_golden::import::npy::Array as Npy;
use qrtl_golden::import::tflite::Model;
use qrtl_golden::import::{Runtime, lower};
use qrtl_golden::operators::Array;
use qrtl_hdl::blocks::engine::{EngineConfig, EngineRule};

use crate::check::{Loaded, engine, engines};

const MODELS: [(&str, &str); 4] = [
    ("kws", "kws_ref_model.tflite"),
    ("vww", "vww_96_int8.tflite"),
    ("ic", "pretrainedResnet_quant.tflite"),
    ("ad", "ad01_int8.tflite"),
];

fn file(name: &str) -> PathBuf {
    let folder = std::env::var("QRTL_MODELS").expect("QRTL_MODELS: the folder with the files of MLPerf Tiny");
    let path = PathBuf::from(folder).join(name);
    assert!(path.exists(), "{}: is not there", path.display());
    path
}

fn graph(name: &str) -> Graph {
    let (_, model) = MODELS.iter().find(|(known, _)| *known == name).unwrap();
    lower(&Model::read(file(model)).unwrap(), Runtime::Tflm).unwrap()
}

fn input(name: &str, graph: &Graph, n: usize) -> Array {
    let all = Npy::<i8>::read(file(&format!("{name}_input.npy"))).unwrap();
    let tensor = &graph.tensors[graph.inputs[0]];
    let data = all.data[n * tensor.elements()..][..tensor.elements()].iter().map(|&x| x.into()).collect();
    Array::new("input", tensor.shape.clone(), data).unwrap()
}

/// Every tensor of two inputs, on all engines.
#[test]
#[ignore = "needs the files that QRTL_MODELS names"]
fn tensors_of_mlperf_tiny() {
    for (name, _) in MODELS {
        let graph = graph(name);
        for config in engines() {
            for (taps, fuse) in [(true, false), (false, true)] {
                for keep_constant in [true, false] {
                    let options = Options { taps, fuse, keep_constant };
                    let mut loaded = Loaded::new(&graph, &config, &options).unwrap();
                    for n in [0, 31] {
                        let (all, differ) = loaded.compare(&input(name, &graph, n), name);
                        println!("{name}, {options:?}: {all} elements, {differ} differ");
                        assert_eq!(differ, 0);
                    }
                }
            }
        }
    }
}

/// The network of a runtime, up to the SOFTMAX.
fn until_softmax(name: &str, runtime: Runtime) -> Source {
    let (_, path) = MODELS.iter().find(|(known, _)| *known == name).unwrap();
    let model = Model::read(file(path)).unwrap();
    let softmax = model.operators().iter().position(|operator| &*operator.name == "SOFTMAX");
    let last = softmax.unwrap_or(model.operators().len()) - 1;
    Source::read(&file(path), Some(AnyRuntime::Tflite(runtime)), Some(&last.to_string())).unwrap()
}

/// Every tensor of an input as LiteRT computes it, with each of its runtimes whose bits an engine has.
#[test]
#[ignore = "needs the files that QRTL_MODELS names"]
fn tensors_of_mlperf_tiny_by_other_runtimes() {
    for runtime in [Runtime::Xnnpack, Runtime::LitertReference] {
        for (name, _) in MODELS {
            let source = until_softmax(name, runtime);
            // No multiplier that rounds twice has the sums of its last layer, and all its layers are fully connected.
            let single = runtime == Runtime::LitertReference && name == "ad";
            assert_eq!(source.rule == EngineRule::Single, single, "{name}, {runtime}");
            let config = EngineConfig { rule: source.rule, ..engine(4, 16, 8, [4, 2]) };
            let graph = source.graph;
            for keep_constant in [false, true] {
                let options = Options { taps: true, fuse: true, keep_constant };
                let mut loaded = Loaded::new(&graph, &config, &options).unwrap_or_else(|e| panic!("{name}: {e}"));
                let (all, differ) = loaded.compare(&input(name, &graph, 1), name);
                println!("{name}, {runtime}, {options:?}: {all} elements, {differ} differ");
                assert_eq!(differ, 0);
            }
        }
    }
}

/// What `gen model` prints for a file in the folder, with these flags.
fn listing(file_name: &str, flags: &str) -> String {
    let directory = tempfile::tempdir().unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_gen"));
    command.arg("model").arg(file(file_name)).arg("-o").arg(directory.path().join("model"));
    let output = command.args(flags.split_whitespace()).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

fn document(name: &str) -> String {
    std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(name)).unwrap()
}

/// Every line of the tables in `docs/engine.md` is what `gen model` prints.
#[test]
#[ignore = "needs the files that QRTL_MODELS names"]
fn layers_of_mlperf_tiny_are_documented() {
    let text = document("docs/engine.md");
    for (name, model) in MODELS {
        let begin = format!("$ gen model {model} -o build/{name}\n");
        let shown = text.split_once(&begin).unwrap_or_else(|| panic!("no {begin}")).1.split_once("```").unwrap().0;
        let printed = listing(model, "");
        assert!(shown.lines().count() > 10);
        for line in shown.lines() {
            assert!(printed.lines().any(|l| l.trim_end() == line), "{name}: {line}\n{printed}");
        }
    }
}

/// Every row of clocks in the README is what `gen model` prints, with the flags of the row.
#[test]
#[ignore = "needs the files that QRTL_MODELS names"]
fn clocks_of_mlperf_tiny_are_documented() {
    let readme = document("README.md");
    let rows = readme.lines().filter(|l| l.starts_with("| none: 4 x 16") || l.starts_with("| `--rows"));
    let mut compared = 0;
    for row in rows {
        let fields: Vec<&str> = row.split('|').map(str::trim).collect();
        let flags = fields[1].split('`').nth(1).unwrap_or("");
        for ((_, model), clocks) in MODELS.iter().zip(&fields[3..]) {
            let (printed, shown) = (listing(model, flags), clocks.replace(',', ""));
            assert!(printed.contains(&format!("\n{shown} clocks an inference")), "{row}\n{printed}");
            compared += 1;
        }
    }
    assert_eq!(compared, 12);
}

/// What is left of vww: 1,667 of its 2,738 channels are constant, and more are read only by constant channels or with
/// weights of 0. A tap of a window counts as padding only if it lies in the padding for some output. If every tap of a
/// window with padding did, 1,650 channels would be constant.
#[test]
#[ignore = "needs the files that QRTL_MODELS names"]
fn constant_channels_of_mlperf_tiny() {
    for (name, expected) in [
        ("kws", [2_656_768, 2_656_768, 22_016]),
        ("vww", [7_489_664, 3_727_313, 29_066]),
        ("ic", [12_501_632, 12_501_632, 77_360]),
        ("ad", [264_192, 264_192, 264_192]),
    ] {
        let program = compile(&graph(name), &engine(4, 16, 8, [4, 2]), &Options::default()).unwrap();
        let sum = |of: fn(&CompiledStep) -> u64| program.steps.iter().map(of).sum::<u64>();
        let counted = [sum(|step| step.macs), sum(|step| step.macs_left), sum(|step| step.weights as u64)];
        assert_eq!(counted, expected, "{name}");
    }
}
