//! Every model of `tests/cases` under every runtime: what the runtime itself computed, element by element, or the one
//! error that is right.

use std::collections::BTreeSet;
use std::fmt::Display;
use std::path::PathBuf;

use qrtl_golden::graph::{Element, Graph, Tensor, Value};
use qrtl_golden::import::npy::Array as Npy;
use qrtl_golden::import::tflite::Model;
use qrtl_golden::import::{Runtime, lower};
use qrtl_golden::operators::Array;

const ALL: &[Runtime] = &Runtime::ALL;
const NO_TFLM: &[Runtime] = &[Runtime::LitertReference, Runtime::LitertBuiltin, Runtime::Xnnpack];
const LEAKY_RELU_BY_XNNPACK: &str = "(LEAKY_RELU): what XNNPACK computes here is not known to the last bit";
const INT16_BY_LITERT: &str = "is INT16: what LiteRT computes with it is not known to the last bit";
const LOGISTIC_BY_LITERT: &str = "(LOGISTIC): what LiteRT computes here is not known to the last bit";
const LOG_SOFTMAX_BY_LITERT: &str = "operator 0 (LOG_SOFTMAX): what LiteRT computes here is not known to the last bit";
const MEAN_BY_XNNPACK: &str = "(MEAN): what XNNPACK computes here is not known to the last bit";
const BY_KERNELS: &str = "what LiteRT's own kernel and XNNPACK compute here is not known to the last bit";
const SUM_BY_LITERT: &str = "operator 0 (SUM): what LiteRT computes here is not known to the last bit";
const TANH_BY_LITERT: &str = "(TANH): what LiteRT computes here is not known to the last bit";

/// A model, a runtime, and the end of the error that it gives.
const ERRORS: &[(&str, &[Runtime], &str)] = {
    use Runtime::{LitertBuiltin, LitertReference, Tflm, Xnnpack};
    &[
        (
            "average_pool_other_scale",
            &[Tflm],
            "input has scale 1e-1 and zero point 3, output 2e-1 and 3: must be the same for tflm",
        ),
        (
            "max_pool_other_zero_point",
            &[Tflm, Xnnpack],
            "input has scale 1e-1 and zero point 3, output 1e-1 and -20: must be the same for ",
        ),
        (
            "pad_other_scale",
            &[Xnnpack],
            "input has scale 1e-1 and zero point 3, output 2e-1 and -20: must be the same for xnnpack",
        ),
        ("concatenation_11_inputs", &[Tflm], "operator 0 (CONCATENATION): 11 inputs: at most 10 for tflm"),
        (
            "concatenation_other_scale",
            &[Tflm, LitertReference, LitertBuiltin, Xnnpack],
            "tensor 1 has scale 2e-1 and zero point -7, the output 1e-1 and -7: must be the same",
        ),
        ("fc_int4", &[Xnnpack], "(FULLY_CONNECTED): what XNNPACK computes with INT4 is not known to the last bit"),
        ("leaky_relu", &[Xnnpack], LEAKY_RELU_BY_XNNPACK),
        ("leaky_relu_other", &[Xnnpack], LEAKY_RELU_BY_XNNPACK),
        ("logistic", NO_TFLM, LOGISTIC_BY_LITERT),
        ("logistic_scale_8", NO_TFLM, LOGISTIC_BY_LITERT),
        ("log_softmax", NO_TFLM, LOG_SOFTMAX_BY_LITERT),
        ("log_softmax_of_1500", NO_TFLM, LOG_SOFTMAX_BY_LITERT),
        ("log_softmax_of_maps", NO_TFLM, LOG_SOFTMAX_BY_LITERT),
        ("log_softmax_scale_20", NO_TFLM, LOG_SOFTMAX_BY_LITERT),
        ("mean_drops_dimensions", &[Xnnpack], MEAN_BY_XNNPACK),
        (
            "mean_height_and_width",
            &[LitertBuiltin],
            "(MEAN): what LiteRT's own kernel computes here is not known to the last bit",
        ),
        ("mean_height_and_width", &[Xnnpack], MEAN_BY_XNNPACK),
        ("mean_negative_and_repeated_axes", &[Xnnpack], MEAN_BY_XNNPACK),
        ("mean_of_1000", &[Xnnpack], MEAN_BY_XNNPACK),
        ("mean_ties_of_10", &[Xnnpack], MEAN_BY_XNNPACK),
        ("resize_bilinear", &[LitertBuiltin, Xnnpack], BY_KERNELS),
        ("resize_bilinear_other", &[LitertBuiltin, Xnnpack], BY_KERNELS),
        ("transpose_conv", &[LitertBuiltin, Xnnpack], BY_KERNELS),
        ("add_int16", NO_TFLM, INT16_BY_LITERT),
        ("average_pool_int16", NO_TFLM, INT16_BY_LITERT),
        ("conv_int16", NO_TFLM, INT16_BY_LITERT),
        ("conv_int16_bias_of_32_bits", NO_TFLM, INT16_BY_LITERT),
        ("depthwise_int16", NO_TFLM, INT16_BY_LITERT),
        ("fc_int16", NO_TFLM, INT16_BY_LITERT),
        ("fc_int16_bias_of_32_bits", NO_TFLM, INT16_BY_LITERT),
        ("max_pool_int16", NO_TFLM, INT16_BY_LITERT),
        ("mul_int16", NO_TFLM, INT16_BY_LITERT),
        ("sub_int16", NO_TFLM, INT16_BY_LITERT),
        ("neg", &[Tflm], "operator 0 (NEG): of INT8: TensorFlow Lite Micro has no such kernel"),
        ("sum", NO_TFLM, SUM_BY_LITERT),
        ("sum_height_and_width", NO_TFLM, SUM_BY_LITERT),
        ("state_never_assigned", ALL, "model: variable \"v\" is read, and nothing has been assigned to it before"),
        ("state_other_size", ALL, "model: variable \"v\" has 5 elements, and CALL_ONCE assigns 4"),
        (
            "state_start_is_computed",
            ALL,
            "operator 0 (CALL_ONCE): subgraph 1: it has ADD: only constants may be assigned to variables",
        ),
        ("streaming_wake_word", NO_TFLM, LOGISTIC_BY_LITERT),
        ("streaming_without_start", NO_TFLM, LOGISTIC_BY_LITERT),
        ("tanh", NO_TFLM, TANH_BY_LITERT),
        ("tanh_other_output", NO_TFLM, TANH_BY_LITERT),
        ("tanh_scale_1_256", NO_TFLM, TANH_BY_LITERT),
        ("pad_int64", &[Tflm], "tensor 1 is INT64: paddings must be a constant of INT32"),
        ("pad_int64_other_scale", &[Tflm], "tensor 1 is INT64: paddings must be a constant of INT32"),
        (
            "conv_kind_of_options_without_options",
            &[Tflm, LitertReference, LitertBuiltin, Xnnpack],
            "operator 0 (CONV_2D): stride is 0: must be in 1..=65536",
        ),
        ("depthwise_depth_multiplier_0", &[Tflm], "depth multiplier is 0: 4 channels do not give 4 outputs"),
        ("depthwise_wrong_multiplier", &[Tflm, Xnnpack], "depth multiplier is 2: 4 channels do not give 12 outputs"),
        (
            "depthwise_bias_of_shape_1_n",
            &[LitertReference, LitertBuiltin, Xnnpack],
            "bias of shape [1, 6]: must be [6] for LiteRT",
        ),
        (
            "fc_between_float_with_softmax",
            &[LitertBuiltin, Xnnpack],
            "(SOFTMAX): what LiteRT's own kernel computes here is not known to the last bit",
        ),
        (
            "fc_weights_behind_the_flatbuffer",
            &[Tflm],
            "the data of tensor 1 stands beside the flatbuffer, where TensorFlow Lite Micro does not read it",
        ),
        (
            "quantize_beyond_int32",
            &[Tflm, LitertReference, LitertBuiltin],
            "(QUANTIZE): element [0, 2]: quotient, in steps of the scale: 2160000000 is outside -2147483648..=2147483647",
        ),
        ("quantize_to_uint8", &[Tflm], "from FLOAT32 to UINT8: TensorFlow Lite Micro has no such kernel"),
        ("requantize_uint8", &[Tflm], "from UINT8 to UINT8: TensorFlow Lite Micro has no such kernel"),
    ]
};

fn path(file: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/cases").join(file)
}

/// The elements of a file, whatever their type: as integers or as the bits of floats.
fn read(file: &str, element: Element) -> (Vec<usize>, Vec<i64>) {
    let bytes = std::fs::read(path(file)).unwrap_or_else(|e| panic!("{file}: {e}"));
    fn wide<T: Copy + Into<i64>>(array: Npy<T>) -> (Vec<usize>, Vec<i64>) {
        (array.shape, array.data.iter().map(|&x| x.into()).collect())
    }
    match element {
        Element::INT8 => wide(Npy::<i8>::from_bytes(&bytes).unwrap()),
        Element::INT16 => wide(Npy::<i16>::from_bytes(&bytes).unwrap()),
        Element::UINT8 => wide(Npy::<u8>::from_bytes(&bytes).unwrap()),
        Element::Float32 => {
            let array = Npy::<f32>::from_bytes(&bytes).unwrap();
            (array.shape, array.data.iter().map(|x| x.to_bits().into()).collect())
        }
        other => panic!("{file}: {other}"),
    }
}

fn value(element: Element, shape: &[usize], elements: &[i64]) -> Value {
    let shape = shape.to_vec();
    match element {
        Element::Float32 => {
            let data = elements.iter().map(|&bits| f32::from_bits(bits as u32)).collect();
            Value::Float(Array::new("input", shape, data).unwrap())
        }
        Element::Integer(_) => {
            Value::Integer(Array::new("input", shape, elements.iter().map(|&x| x as i32).collect()).unwrap())
        }
    }
}

fn elements(value: &Value) -> Vec<i64> {
    match value {
        Value::Integer(array) => array.data().iter().map(|&x| x.into()).collect(),
        Value::Float(array) => array.data().iter().map(|x| x.to_bits().into()).collect(),
    }
}

/// The file of an input or output: further ones have their number at the end.
fn file(name: &str, of: impl Display, number: usize) -> String {
    let number = if number == 0 { String::new() } else { format!("_{number}") };
    format!("{name}.{of}{number}.npy")
}

/// Each output, of all batches one after the other. State is kept from batch to batch.
fn outputs(name: &str, runtime: Runtime) -> Result<(Graph, Vec<Vec<i64>>), String> {
    let model = Model::read(path(&format!("{name}.tflite"))).map_err(|e| e.to_string())?;
    let graph = lower(&model, runtime).map_err(|e| e.to_string())?;
    let tensors: Vec<_> = graph.inputs.iter().map(|&input| &graph.tensors[input]).collect();
    let files = tensors.iter().enumerate().map(|(i, tensor)| read(&file(name, "input", i), tensor.element).1);
    let data: Vec<Vec<i64>> = files.collect();
    let (mut all, mut state) = (vec![Vec::new(); graph.outputs.len()], graph.start());
    for run in 0..data[0].len() / tensors[0].elements() {
        let batch = |(tensor, data): (&&Tensor, &Vec<i64>)| {
            value(tensor.element, &tensor.shape, &data[run * tensor.elements()..][..tensor.elements()])
        };
        let inputs: Vec<Value> = tensors.iter().zip(&data).map(batch).collect();
        let values = graph.run_on(&inputs, &mut state).map_err(|e| e.to_string())?;
        for (all, &output) in all.iter_mut().zip(&graph.outputs) {
            all.extend(elements(&values[graph.writer(output).unwrap()]));
        }
    }
    Ok((graph, all))
}

/// Names of the models that have an input.
fn names() -> BTreeSet<String> {
    let files = std::fs::read_dir(path("")).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    files.filter_map(|file| file.strip_suffix(".input.npy").map(str::to_owned)).collect()
}

fn error(name: &str, runtime: Runtime) -> Option<&'static str> {
    let of = |(case, runtimes, _): &&(&str, &[Runtime], &str)| *case == name && runtimes.contains(&runtime);
    ERRORS.iter().find(of).map(|&(_, _, text)| text)
}

#[test]
fn every_model_under_every_runtime() {
    let mut wrong = Vec::new();
    for name in names() {
        for runtime in Runtime::ALL {
            let recorded = format!("{name}.{runtime}.npy");
            let got = outputs(&name, runtime);
            match (error(&name, runtime), got) {
                (Some(text), Err(got)) if got.contains(text) => assert!(!path(&recorded).exists(), "{recorded}"),
                (None, Ok((graph, got))) => {
                    for (i, got) in got.iter().enumerate() {
                        let (recorded, output) = (file(&name, runtime, i), &graph.tensors[graph.outputs[i]]);
                        let (shape, expected) = read(&recorded, output.element);
                        assert_eq!(shape[1..], output.shape[1..], "{recorded}");
                        let different = got.iter().zip(&expected).filter(|(got, expected)| got != expected).count();
                        if got.len() != expected.len() || different > 0 {
                            wrong.push(format!("{recorded}: {different} of {} differ", expected.len()));
                        }
                    }
                }
                (expected, got) => {
                    let got = got.map(|(_, outputs)| format!("{} outputs", outputs.len()));
                    wrong.push(format!("{recorded}: {got:?}, expected {}", expected.unwrap_or("what was recorded")));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// The cases are there, and no error is expected of a model that is not.
#[test]
fn errors_are_of_models_that_are_there() {
    let names = names();
    assert!(names.len() > 50, "{} models", names.len());
    for (name, runtimes, _) in ERRORS {
        assert!(names.contains(*name) && !runtimes.is_empty(), "{name}");
    }
}
