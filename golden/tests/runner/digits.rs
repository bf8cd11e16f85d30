//! The six digits models over all 1,797 images, against what TensorFlow Lite Micro and LiteRT's reference kernels gave:
//! every logit, and of the first test images the output of every operator.

use qrtl_golden::graph::{Graph, Value};
use qrtl_golden::import::npy::{Array as Npy, npz};
use qrtl_golden::import::tflite::Model;
use qrtl_golden::import::{Runtime, lower};
use qrtl_golden::operators::Array;

use crate::models::digits;

const IMAGES: usize = 1797;

/// A model and what was recorded beside it.
struct Digits {
    model: Model,
    files: String,
}

impl Digits {
    fn read(name: &str, variant: &str) -> Digits {
        let model = Model::read(digits(&format!("{name}_int8{variant}.tflite"))).unwrap();
        Digits { model, files: format!("{name}{variant}") }
    }

    fn array(&self, what: &str) -> Npy<i8> {
        Npy::read(digits(&format!("{}_{what}.npy", self.files))).unwrap()
    }

    /// Image `i` of all inputs.
    fn image(&self, inputs: &Npy<i8>, graph: &Graph, i: usize) -> Value {
        let size = inputs.data.len() / IMAGES;
        let data = inputs.data[i * size..][..size].iter().map(|&x| x.into()).collect();
        Value::Integer(Array::new("input", graph.tensors[graph.inputs[0]].shape.clone(), data).unwrap())
    }

    /// Logits that differ from the recorded ones, and images whose greatest logit is another.
    fn differences(&self, runtime: Runtime, recorded: &str) -> (usize, usize) {
        let (graph, inputs) = (lower(&self.model, runtime).unwrap(), self.array("input_int8_all"));
        let expected = self.array(recorded);
        assert_eq!((inputs.shape[0], &expected.shape[..]), (IMAGES, &[IMAGES, 10][..]));
        let (mut logits, mut answers) = (0, 0);
        for i in 0..IMAGES {
            let values = graph.run(&self.image(&inputs, &graph, i)).unwrap();
            let (got, expected) = (elements(&values[graph.output_step().unwrap()]), &expected.data[i * 10..][..10]);
            logits += got.iter().zip(expected).filter(|(got, expected)| got != expected).count();
            answers += usize::from(greatest(&got) != greatest(expected));
        }
        (logits, answers)
    }

    /// Elements of operators' outputs that differ from the recorded ones, and how many there are.
    fn layer_differences(&self) -> (usize, usize) {
        let graph = lower(&self.model, Runtime::LitertReference).unwrap();
        let inputs = self.array("input_int8_all");
        let recorded =
            npz::Archive::read(digits(&format!("{}_layer_outputs_reference_first8_test.npz", self.files))).unwrap();
        let test = Npy::<i32>::read(digits("test_indices.npy")).unwrap();
        assert_eq!(recorded.names().count(), self.model.operators().len());
        let (mut different, mut all) = (0, 0);
        for (n, &image) in test.data[..8].iter().enumerate() {
            let values = graph.run(&self.image(&inputs, &graph, image as usize)).unwrap();
            for (operator, value) in self.model.operators().iter().zip(&values) {
                let tensor = operator.outputs[0];
                let layer = recorded.array::<i8>(&format!("tensor_{tensor}")).unwrap();
                let size = layer.data.len() / 8;
                let (got, expected) = (elements(value), &layer.data[n * size..][..size]);
                assert_eq!(got.len(), size);
                different += got.iter().zip(expected).filter(|(got, expected)| got != expected).count();
                all += size;
            }
        }
        (different, all)
    }
}

fn elements(value: &Value) -> Vec<i8> {
    match value {
        Value::Integer(array) => array.data().iter().map(|&x| x as i8).collect(),
        Value::Float(_) => panic!("int8"),
    }
}

fn greatest(logits: &[i8]) -> Option<usize> {
    let greatest = logits.iter().max();
    logits.iter().position(|x| Some(x) == greatest)
}

/// All that was recorded of a model: of the two runtimes of LiteRT whose logits are not here, in how many of 17,970
/// they differ from the logits of the reference kernels.
fn check(name: &str, variant: &str, layer_elements: usize, builtin_and_xnnpack: [usize; 2]) {
    let digits = Digits::read(name, variant);
    assert_eq!(digits.differences(Runtime::Tflm, "logits_int8_tflm_all"), (0, 0), "tflm");
    assert_eq!(digits.differences(Runtime::LitertReference, "logits_int8_reference_all"), (0, 0), "litert_reference");
    assert_eq!(digits.layer_differences(), (0, layer_elements), "operators");
    for (runtime, expected) in [Runtime::LitertBuiltin, Runtime::Xnnpack].into_iter().zip(builtin_and_xnnpack) {
        assert_eq!(digits.differences(runtime, "logits_int8_reference_all"), (expected, 0), "{runtime}");
    }
}

#[test]
fn mlp() {
    check("mlp", "", 8 * (32 + 10), [51, 0]);
}

#[test]
fn mlp_per_tensor() {
    check("mlp", "_per_tensor", 8 * (32 + 10), [93, 0]);
}

#[test]
fn cnn() {
    check("cnn", "", 8 * (512 + 256 + 256 + 64 + 64 + 10), [75, 967]);
}

#[test]
fn cnn_per_tensor() {
    check("cnn", "_per_tensor", 8 * (512 + 256 + 256 + 64 + 64 + 10), [121, 1480]);
}

#[test]
fn rescnn() {
    check("rescnn", "", 8 * (512 + 512 + 512 + 128 + 128 + 10), [50, 511]);
}

#[test]
fn rescnn_per_tensor() {
    check("rescnn", "_per_tensor", 8 * (512 + 512 + 512 + 128 + 128 + 10), [83, 935]);
}
