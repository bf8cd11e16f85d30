//! The 37 models of `models/onnx` over 200 images, against what ONNX Runtime gave: every output, and of the first images
//! the integers of every tensor that was recorded.

use qrtl_golden::graph::Value;
use qrtl_golden::import::npy::{Array as Npy, npz::Archive};
use qrtl_golden::import::onnx::{Ends, Import, Model, Runtime, lower};
use qrtl_golden::operators::Array;
use serde_json::Value as Json;

const IMAGES: usize = 200;

/// The path of a file of `models/onnx`.
pub fn onnx(file: &str) -> String {
    format!("{}/../models/onnx/{file}", env!("CARGO_MANIFEST_DIR"))
}

fn manifest() -> Vec<Json> {
    serde_json::from_str(&std::fs::read_to_string(onnx("manifest.json")).unwrap()).unwrap()
}

/// A model as a graph, and what was recorded of it.
struct Recorded {
    name: String,
    import: Import,
    archive: Archive,
    signed: bool,
    images: Npy<f32>,
}

impl Recorded {
    fn read(entry: &Json, runtime: Runtime) -> Recorded {
        let file = entry["file"].as_str().unwrap();
        let model = Model::read(onnx(file)).unwrap();
        let import = lower(&model, runtime, Ends::Integers).unwrap_or_else(|e| panic!("{file}: {e}"));
        Recorded {
            name: file.to_owned(),
            import,
            archive: Archive::read(onnx(&file.replace(".onnx", ".npz"))).unwrap(),
            signed: entry["output_dtype"] == "int8",
            images: Npy::read(onnx("images_f32.npy")).unwrap(),
        }
    }

    /// The values of all steps for image `i`.
    fn run(&self, i: usize) -> Vec<Value> {
        let shape = self.import.graph.tensors[self.import.graph.inputs[0]].shape.clone();
        let data = self.images.data[i * 64..][..64].to_vec();
        self.import.graph.run(&Value::Float(Array::new("input", shape, data).unwrap())).unwrap()
    }

    fn array(&self, name: &str) -> (Vec<usize>, Vec<i32>) {
        if self.signed {
            let array: Npy<i8> = self.archive.array(name).unwrap();
            return (array.shape, array.data.iter().map(|&x| x.into()).collect());
        }
        let array: Npy<u8> = self.archive.array(name).unwrap();
        (array.shape, array.data.iter().map(|&x| x.into()).collect())
    }

    /// Outputs that differ from a column.
    fn differences(&self, column: &str) -> usize {
        let (shape, expected) = self.array(column);
        assert_eq!(shape, [IMAGES, 10]);
        let of_image = |i: usize| {
            let got = self.import.value(&self.import.output, &self.run(i)).unwrap();
            assert_eq!(got.shape(), [1, 10]);
            integers(&got).iter().zip(&expected[i * 10..]).filter(|(got, expected)| got != expected).count()
        };
        (0..IMAGES).map(of_image).sum()
    }

    /// Elements of inner tensors that differ, and how many there are; and the tensors that the graph does not have.
    fn inner_differences(&self, column: &str) -> ([usize; 2], Vec<String>) {
        let prefix = format!("{column}__");
        let recorded: Vec<&str> = self.archive.names().filter_map(|name| name.strip_prefix(&prefix)).collect();
        let (mut different, mut all, mut missing) = (0, 0, Vec::new());
        let of_images: Vec<Vec<Value>> = (0..4).map(|i| self.run(i)).collect();
        for name in recorded {
            let (shape, expected) = self.array(&format!("{prefix}{name}"));
            let plain =
                |other: &&str| other.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).eq(name.chars());
            let Some(tensor) = self.import.tensors().find(plain) else {
                missing.push(name.to_owned());
                continue;
            };
            for (values, expected) in of_images.iter().zip(expected.chunks_exact(expected.len() / 4)) {
                let got = self.import.value(tensor, values).unwrap();
                assert_eq!(got.shape()[1..], shape[1..], "{}, {name}", self.name);
                different += integers(&got).iter().zip(expected).filter(|(got, expected)| got != expected).count();
                all += expected.len();
            }
        }
        ([different, all], missing)
    }
}

fn integers(value: &Value) -> &[i32] {
    match value {
        Value::Integer(array) => array.data(),
        Value::Float(_) => panic!("integers"),
    }
}

/// Every output and every inner tensor of column `exact`.
#[test]
fn exact_sums() {
    let (mut outputs, mut inner) = (0, 0);
    for entry in manifest() {
        let recorded = Recorded::read(&entry, Runtime::Onnxruntime);
        assert_eq!(recorded.differences("exact"), 0, "{}", recorded.name);
        let ([different, all], missing) = recorded.inner_differences("exact");
        assert_eq!((different, &missing[..]), (0, &[][..]), "{}", recorded.name);
        (outputs, inner) = (outputs + IMAGES * 10, inner + all);
    }
    println!("{outputs} outputs, {inner} elements of inner tensors");
    assert_eq!((outputs, inner), (74_000, 176_840));
}

/// Column `all`: the default options on a CPU without VNNI. What ONNX Runtime then leaves in float32 is refused.
#[test]
fn sums_in_pairs() {
    let (mut equal, mut refused) = (0, Vec::new());
    for entry in manifest() {
        let file = entry["file"].as_str().unwrap();
        let import = lower(&Model::read(onnx(file)).unwrap(), Runtime::OnnxruntimeAvx2, Ends::Integers);
        if let Err(error) = import {
            assert!(error.to_string().ends_with("so that ONNX Runtime computes it in float32 by default"), "{error}");
            refused.push(file.to_owned());
            continue;
        }
        assert_eq!(entry["differences"]["model_vs_all"], 0, "{file}");
        let recorded = Recorded::read(&entry, Runtime::OnnxruntimeAvx2);
        assert_eq!(recorded.differences("all"), 0, "{file}");
        let ([different, _], missing) = recorded.inner_differences("all");
        assert_eq!((different, &missing[..]), (0, &[][..]), "{file}");
        equal += 1;
    }
    assert_eq!(
        (equal, &refused[..]),
        (35, &["rescnn_qdq_s8s8_pc.onnx", "rescnn_qdq_s8s8_pt.onnx"].map(String::from)[..])
    );
}
