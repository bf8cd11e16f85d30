//! `gen model` and `gen explore` on models of users, and parts of a model that `gen run` runs.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use qrtl_gen::model::{Layers, products, read_model};
use qrtl_gen::schedule::Product;
use qrtl_golden::gemm::Matrix;
use qrtl_golden::graph::Value;
use qrtl_golden::import::{Runtime, lower};
use qrtl_golden::operators::Array;
use qrtl_random::Random;

fn generate(dir: &Path, args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_gen")).current_dir(dir).args(args).output().unwrap()
}

fn case(file: &str) -> String {
    format!("{}/../golden/tests/cases/{file}", env!("CARGO_MANIFEST_DIR"))
}

fn digits(file: &str) -> String {
    format!("{}/../models/digits/{file}", env!("CARGO_MANIFEST_DIR"))
}

/// What `gen model` prints, and the manifest that it writes.
#[track_caller]
fn emitted(model: &str) -> (String, serde_json::Value) {
    let dir = tempfile::tempdir().unwrap();
    let output = generate(dir.path(), &["model", model, "--per-layer", "--cols", "4", "-o", "out"]);
    assert!(output.status.success(), "{output:?}");
    let manifest = fs::read_to_string(dir.path().join("out/manifest.json")).unwrap();
    (String::from_utf8(output.stdout).unwrap(), serde_json::from_str(&manifest).unwrap())
}

/// The README and the document of the engine show what the command prints.
#[test]
fn the_listing_of_rescnn_is_documented() {
    let dir = tempfile::tempdir().unwrap();
    let output = generate(dir.path(), &["model", &digits("rescnn_int8.tflite"), "-o", "out"]);
    let printed = String::from_utf8(output.stdout).unwrap();
    for document in ["README.md", "docs/engine.md"] {
        let text = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(document)).unwrap();
        let (_, shown) = text.split_once("model models/digits/rescnn_int8.tflite -o build/rescnn\n").unwrap();
        let shown = shown.split_once("```").unwrap().0.lines();
        assert!(shown.clone().count() > 8);
        for line in shown {
            assert!(printed.lines().any(|l| l.trim_end() == line), "{document}: {line}\n{printed}");
        }
    }
}

#[test]
fn operators_at_the_ends_stay_on_the_host_and_are_named() {
    for (model, host) in [
        ("fc_between_float_with_softmax", &["0 QUANTIZE", "2 SOFTMAX", "3 DEQUANTIZE"][..]),
        ("fc_between_uint8", &["0 QUANTIZE", "2 QUANTIZE"]),
    ] {
        let (text, manifest) = emitted(&case(&format!("{model}.tflite")));
        assert!(text.contains(&format!("\n\non the host: {}\n\n", host.join(", "))), "{text}");
        assert_eq!(manifest["host"], serde_json::json!(host));
        assert_eq!(manifest["blocks"], serde_json::json!(["layer_0"]));
    }
    let (text, manifest) = emitted(&digits("mlp_int8.tflite"));
    assert!(!text.contains("host") && manifest["host"] == serde_json::json!([]), "{text}");
}

/// Layer by layer, by the parameters of the blocks, golden computes what it computes of the whole model.
#[test]
fn layers_round_as_their_runtime_does() {
    let model = read_model(digits("mlp_int8.tflite").as_ref()).unwrap();
    let mut random = Random::new(5);
    for (runtime, rule) in [(Runtime::Tflm, "tflite_double"), (Runtime::Xnnpack, "f32_even")] {
        let graph = lower(&model, runtime).unwrap();
        let shape = graph.tensors[graph.inputs[0]].shape.clone();
        let layers = Layers::of(&model, runtime).unwrap().dense;
        for _ in 0..50 {
            let input: Vec<i32> = (0..layers[0].inputs()).map(|_| random.within(-128, 127) as i32).collect();
            let expected = graph.run(&Value::Integer(Array::new("x", shape.clone(), input.clone()).unwrap())).unwrap();
            let mut x = Matrix::new("x", 1, input.len(), input).unwrap();
            for layer in &layers {
                let spec = layer.spec(4, 4);
                assert_eq!(spec.rule.name(), rule);
                x = layer.vectors(&x).unwrap().golden(&spec).unwrap();
            }
            let Some(Value::Integer(y)) = expected.last() else { panic!("{expected:?}") };
            assert_eq!(x.data(), y.data(), "{runtime}");
        }
    }
    let error = Layers::of(&model, Runtime::LitertReference).unwrap_err();
    assert_eq!(format!("{error:#}"), "f64_away is no rule of gemm");
    let dir = tempfile::tempdir().unwrap();
    let mlp = digits("mlp_int8.tflite");
    let output = generate(dir.path(), &["model", &mlp, "--per-layer", "--runtime", "onnxruntime", "-o", "out"]);
    let text = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.code() == Some(2) && text.contains("onnxruntime runs .onnx files"), "{text}");
}

/// The directory of an engine has inputs of int8 with golden's results, whatever its model's own ends are.
#[test]
fn an_engine_is_emitted_between_the_ends() {
    for (model, host) in
        [("fc_between_float_with_softmax", "0 QUANTIZE, 3 DEQUANTIZE"), ("fc_between_uint8", "0 QUANTIZE, 2 QUANTIZE")]
    {
        let dir = tempfile::tempdir().unwrap();
        let output = generate(dir.path(), &["model", &case(&format!("{model}.tflite")), "-o", "out"]);
        assert!(output.status.success(), "{output:?}");
        let text = String::from_utf8(output.stdout).unwrap();
        assert!(text.starts_with(&format!("on the host: {host}\n\n")), "{text}");
        assert!(dir.path().join("out/model/image.bin").exists());
    }
}

/// The flag keeps the dimensions of the output, of which all but the last are rows.
#[test]
fn rows_are_what_is_left_of_the_input() {
    for (model, size) in [("fc_keep_num_dims_rank_2", [1, 6, 16]), ("fc_keep_num_dims_rank_3", [3, 6, 16])] {
        let path = case(&format!("{model}.tflite"));
        let product = Product { name: "0 FULLY_CONNECTED".to_owned(), size };
        let (text, _) = emitted(&path);
        assert!(text.contains(&product.shape()), "{text}");
        assert_eq!(products(&read_model(path.as_ref()).unwrap(), 1).unwrap(), [product]);
    }
}

/// Two groups of 3 outputs, each of 3 x 3 x 2 terms of its own channels: with 2 columns there are 4 columns of tiles.
#[test]
fn groups_of_a_convolution_are_products_of_their_own() {
    let path = case("conv_2_groups_for_explore.tflite");
    let product = |g| Product { name: format!("0 CONV_2D, group {g}"), size: [49, 3, 18] };
    assert_eq!(products(&read_model(path.as_ref()).unwrap(), 1).unwrap(), [product(0), product(1)]);
    let dir = tempfile::tempdir().unwrap();
    let array = ["--device", "ecp5-85", "--rows", "2", "--cols", "2", "--pipeline", "9", "--target", "ecp5"];
    let clocks = |model: &[&str]| {
        let output =
            generate(dir.path(), &[&["explore", "--per-layer"], model, &array[..], &["--csv", "a.csv"]].concat());
        assert!(output.status.success(), "{output:?}");
        let csv = fs::read_to_string(dir.path().join("a.csv")).unwrap();
        let column = csv.lines().next().unwrap().split(',').position(|name| name == "clocks").unwrap();
        csv.lines().nth(1).unwrap().split(',').nth(column).unwrap().parse::<u64>().unwrap()
    };
    assert_eq!(clocks(&[&path]), 2 * clocks(&["--m", "49", "--n", "3", "--k", "18"]));
}

/// Operator 1 reads tensor 5, which operator 0 writes; here it is made to read the input of the model.
#[test]
fn only_chains_are_models_of_layers() {
    let dir = tempfile::tempdir().unwrap();
    let mut bytes = fs::read(digits("mlp_int8.tflite")).unwrap();
    let inputs: Vec<u8> = [3i32, 5, 2, 1].iter().flat_map(|v| v.to_le_bytes()).collect();
    let at = bytes.windows(16).position(|window| window == inputs).unwrap();
    bytes[at + 4] = 0;
    fs::write(dir.path().join("fork.tflite"), bytes).unwrap();
    let output = generate(dir.path(), &["model", "fork.tflite", "--per-layer", "-o", "out"]);
    let text = String::from_utf8(output.stderr).unwrap();
    let expected = "error: fork.tflite: operator 1 (FULLY_CONNECTED): reads tensor 0 and not tensor 5, the output of the \
                    operator before: only chains are supported\n";
    assert_eq!((&*text, output.status.code()), (expected, Some(2)));
    assert!(!dir.path().join("out").exists());
}

/// SOFTMAX is refused under some runtimes; what stands before it is not.
#[test]
fn a_model_is_run_up_to_an_operator() {
    let dir = tempfile::tempdir().unwrap();
    let (model, input) =
        (case("fc_between_float_with_softmax.tflite"), case("fc_between_float_with_softmax.input.npy"));
    let run = |more: &[&str]| generate(dir.path(), &[&["run", &model, "--input", &input], more].concat());
    let bytes = |name: &str| fs::read(dir.path().join(name)).unwrap();
    assert!(run(&["--layers", "whole"]).status.success());
    for (operator, file) in
        [("1", "01_FULLY_CONNECTED"), ("FULLY_CONNECTED", "01_FULLY_CONNECTED"), ("SOFTMAX", "02_SOFTMAX")]
    {
        let output = run(&["--until", operator, "-o", "y.npy", "--layers", "part"]);
        assert!(output.status.success(), "{output:?}");
        assert_eq!(bytes("y.npy"), bytes(&format!("whole/{file}.npy")), "{operator}");
        assert!(dir.path().join(format!("part/{file}.npy")).exists());
        assert!(!dir.path().join("part/03_DEQUANTIZE.npy").exists());
    }
    let of_xnnpack = ["--runtime", "xnnpack"];
    assert!(String::from_utf8(run(&of_xnnpack).stderr).unwrap().contains("operator 2 (SOFTMAX): "));
    assert!(run(&[&of_xnnpack[..], &["--until", "1"]].concat()).status.success());
    let refused = |operator: &str, expected: &str| {
        let output = run(&["--until", operator]);
        let text = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2));
        assert!(text.ends_with(&format!("fc_between_float_with_softmax.tflite: until: {expected}\n")), "{text}");
    };
    refused("4", "4 is no operator, there are 4, from 0 on");
    refused("TANH", "no operator is TANH");
    let cnn = digits("cnn_int8.tflite");
    let output = generate(dir.path(), &["run", &cnn, "--input", &input, "--until", "CONV_2D"]);
    let text = String::from_utf8(output.stderr).unwrap();
    assert!(text.ends_with("until: 2 operators are CONV_2D, give one of the indices [0, 1]\n"), "{text}");
}

/// What `gen model` writes with these flags, by path, or its error.
#[track_caller]
fn engine(model: &str, flags: &[&str]) -> Result<BTreeMap<String, String>, String> {
    let dir = tempfile::tempdir().unwrap();
    let output = generate(dir.path(), &[&["model", model, "-o", "out"], flags].concat());
    if !output.status.success() {
        assert_eq!(output.status.code(), Some(2), "{output:?}");
        return Err(String::from_utf8(output.stderr).unwrap());
    }
    let text = |path: &Path| String::from_utf8_lossy(&fs::read(path).unwrap()).into_owned();
    let files = ["rtl", "model", "vectors"].into_iter().flat_map(|folder| {
        let entries = fs::read_dir(dir.path().join("out").join(folder)).unwrap();
        entries.map(move |entry| (format!("{folder}/{}", entry.unwrap().file_name().to_string_lossy()), folder))
    });
    Ok(files.map(|(name, _)| (name.clone(), text(&dir.path().join("out").join(&name)))).collect())
}

#[test]
fn an_engine_that_holds_its_model_needs_no_image() {
    let model = digits("rescnn_int8.tflite");
    let [stream, rom, ecp5] = [&[][..], &["--image", "rom"], &["--image", "rom", "--target", "ecp5"]]
        .map(|flags| engine(&model, flags).unwrap());
    assert_eq!(rom, engine(&model, &["--image", "rom"]).unwrap(), "the same bytes each time");
    let beats =
        |files: &BTreeMap<String, String>| files["vectors/in.txt"].lines().filter(|l| l.starts_with('>')).count();
    // Two inputs of 8 words.
    assert_eq!([&rom, &ecp5].map(beats), [16; 2]);
    assert!(beats(&stream) > 500 && stream.contains_key("model/image.bin") && !rom.contains_key("model/image.bin"));
    let read = |files: &BTreeMap<String, String>| -> Vec<String> {
        let names = files.values().filter_map(|text| text.split_once("$readmemh(\"")?.1.split('"').next());
        names.map(|name| format!("rtl/{name}")).collect()
    };
    assert!(read(&rom).len() > 8 && read(&rom).iter().all(|name| rom.contains_key(name)));
    assert!(read(&stream).is_empty() && read(&ecp5).is_empty());
    assert!(ecp5.values().any(|text| text.contains(".INITVAL_00")));
    for (name, text) in rom.iter().filter(|(name, _)| name.ends_with(".hex")) {
        let words = name.strip_prefix("rtl/memory_").unwrap().split('x').next().unwrap();
        assert_eq!(text.lines().count().to_string(), words, "{name}: every word of a memory has a line");
    }
}

#[test]
fn a_model_that_memories_cannot_hold_is_refused() {
    let flags =
        ["--image", "rom", "--target", "ice40", "--rows", "2", "--cols", "4", "--lanes", "4", "--requantizers", "1"];
    let flags = [&flags[..], &["--lane-requantizers", "1", "--pipeline", "11", "--weight-bytes", "65536"]].concat();
    assert_eq!(
        engine(&digits("rescnn_int8.tflite"), &flags).unwrap_err(),
        "error: image rom: weight_bytes: 8192 words of 32 bits take SPRAM of UP5K, which holds nothing from the start\n"
    );
    assert_eq!(
        engine(&case("add_39_elements.tflite"), &["--image", "rom"]).unwrap_err(),
        "error: image rom: the model has constants among its activations, which only an image can bring\n"
    );
}
