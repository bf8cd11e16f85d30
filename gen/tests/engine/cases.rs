//! Golden's models of one operator or few, for which TFLM's outputs are recorded: the engine computes the same tensors, or the
//! compiler gives one error, which names the operator.

use std::path::PathBuf;

use qrtl_gen::engine::Options;
use qrtl_gen::run::read_inputs;
use qrtl_golden::import::tflite::Model;
use qrtl_golden::import::{Runtime, lower};

use crate::check::{Loaded, engines};

/// Models that the compiler refuses, and its error.
const REFUSED: &[(&str, &str)] = &[
    ("add_int16", "operator 0 (ADD): has a tensor of INT16: the engine computes with INT8"),
    ("add_pattern_of_the_reference", "operator 0 (ADD): its input repeats: not supported"),
    ("add_rows_and_columns_repeat", "operator 0 (ADD): its input repeats: not supported"),
    ("average_pool_int16", "operator 0 (AVERAGE_POOL_2D): has a tensor of INT16: the engine computes with INT8"),
    ("conv_int16", "operator 0 (CONV_2D): has a tensor of INT16: the engine computes with INT8"),
    ("conv_int16_bias_of_32_bits", "operator 0 (CONV_2D): has a tensor of INT16: the engine computes with INT8"),
    ("conv_int4", "operator 0 (CONV_2D): has an input of shape [2, 5, 1, 4]: only maps of one picture are supported"),
    ("depthwise_int16", "operator 0 (DEPTHWISE_CONV_2D): has a tensor of INT16: the engine computes with INT8"),
    (
        "depthwise_int4",
        "operator 0 (DEPTHWISE_CONV_2D): has an input of shape [2, 4, 1, 4]: only maps of one picture are supported",
    ),
    ("dequantize_21", "no operator is left for the engine: 0 DEQUANTIZE stay on the host"),
    ("dequantize_uint8", "no operator is left for the engine: 0 DEQUANTIZE stay on the host"),
    ("fc_int16", "operator 0 (FULLY_CONNECTED): has a tensor of INT16: the engine computes with INT8"),
    ("fc_int16_bias_of_32_bits", "operator 0 (FULLY_CONNECTED): has a tensor of INT16: the engine computes with INT8"),
    ("log_softmax", "operator 0 (LOG_SOFTMAX): is not supported by the engine"),
    ("log_softmax_of_1500", "operator 0 (LOG_SOFTMAX): is not supported by the engine"),
    ("log_softmax_of_maps", "operator 0 (LOG_SOFTMAX): is not supported by the engine"),
    ("log_softmax_scale_20", "operator 0 (LOG_SOFTMAX): is not supported by the engine"),
    ("max_pool_int16", "operator 0 (MAX_POOL_2D): has a tensor of INT16: the engine computes with INT8"),
    ("maximum", "operator 0 (MAXIMUM): is not supported by the engine"),
    ("maximum_other", "operator 0 (MAXIMUM): is not supported by the engine"),
    ("mean_negative_and_repeated_axes", "operator 0 (MEAN): is a mean over channels: not supported"),
    ("minimum", "operator 0 (MINIMUM): is not supported by the engine"),
    ("minimum_other", "operator 0 (MINIMUM): is not supported by the engine"),
    ("mul_40_elements", "operator 0 (MUL): is not supported by the engine"),
    ("mul_int16", "operator 0 (MUL): has a tensor of INT16: the engine computes with INT8"),
    ("mul_one_element_beyond_16_bits", "operator 0 (MUL): is not supported by the engine"),
    ("mul_pairs_beyond_16_bits", "operator 0 (MUL): is not supported by the engine"),
    ("mul_square", "operator 0 (MUL): is not supported by the engine"),
    ("pack", "operator 0 (PACK): is not supported by the engine"),
    ("pack_other", "operator 0 (PACK): is not supported by the engine"),
    (
        "padv2",
        "operator 0 (PADV2): paddings [[1, 1], [0, 2], [1, 2], [1, 0]]: only maps and their channels can be padded",
    ),
    ("prelu", "operator 0 (PRELU): is not supported by the engine"),
    ("quantize_21_floats", "no operator is left for the engine: 0 QUANTIZE stay on the host"),
    ("reduce_max", "operator 0 (REDUCE_MAX): is not supported by the engine"),
    ("reduce_min", "operator 0 (REDUCE_MIN): is not supported by the engine"),
    ("requantize_int8_to_uint8", "no operator is left for the engine: 0 QUANTIZE stay on the host"),
    ("requantize_uint8_to_int8", "no operator is left for the engine: 0 QUANTIZE stay on the host"),
    ("resize_bilinear", "operator 0 (RESIZE_BILINEAR): is not supported by the engine"),
    ("resize_bilinear_other", "operator 0 (RESIZE_BILINEAR): is not supported by the engine"),
    ("resize_nearest_neighbor", "operator 0 (RESIZE_NEAREST_NEIGHBOR): is not supported by the engine"),
    ("resize_nearest_neighbor_other", "operator 0 (RESIZE_NEAREST_NEIGHBOR): is not supported by the engine"),
    ("several_ends", "3 inputs and 3 outputs: the engine has one of each"),
    ("slice", "operator 0 (SLICE): is not supported by the engine"),
    ("slice_other", "operator 0 (SLICE): is not supported by the engine"),
    ("split", "operator 0 (SPLIT): is not supported by the engine"),
    ("split_other", "operator 0 (SPLIT): is not supported by the engine"),
    ("split_v", "operator 0 (SPLIT_V): is not supported by the engine"),
    ("squared_difference", "operator 0 (SQUARED_DIFFERENCE): is not supported by the engine"),
    ("state_read_again", "the model keeps state in 1 variables, the first is \"v\": the engine keeps none"),
    ("streaming_layers", "the model keeps state in 2 variables, the first is \"stream_0\": the engine keeps none"),
    ("streaming_wake_word", "the model keeps state in 3 variables, the first is \"stream\": the engine keeps none"),
    ("streaming_without_start", "the model keeps state in 5 variables, the first is \"stream\": the engine keeps none"),
    ("strided_slice", "operator 0 (STRIDED_SLICE): is not supported by the engine"),
    ("strided_slice_other", "operator 0 (STRIDED_SLICE): is not supported by the engine"),
    ("sub_int16", "operator 0 (SUB): has a tensor of INT16: the engine computes with INT8"),
    ("sum", "operator 0 (SUM): is a mean over channels: not supported"),
    ("transpose", "operator 0 (TRANSPOSE): is not supported by the engine"),
    ("transpose_conv", "operator 0 (TRANSPOSE_CONV): is not supported by the engine"),
    ("transpose_other", "operator 0 (TRANSPOSE): is not supported by the engine"),
    ("unpack", "operator 0 (UNPACK): is not supported by the engine"),
];

fn path(file: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../golden/tests/cases").join(file)
}

/// The models that TFLM runs.
fn names() -> Vec<String> {
    let files = std::fs::read_dir(path("")).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<String> = files.filter_map(|file| file.strip_suffix(".tflm.npy").map(str::to_owned)).collect();
    names.sort();
    names
}

/// Compares every tensor for every input, on each engine. Gives the compiler's error if it refuses the model.
fn check(name: &str) -> Result<usize, String> {
    let graph = lower(&Model::read(path(&format!("{name}.tflite"))).unwrap(), Runtime::Tflm).unwrap();
    let inputs = read_inputs(&path(&format!("{name}.input.npy")), &graph.tensors[graph.inputs[0]]).unwrap();
    let mut compared = 0;
    for config in engines() {
        for keep_constant in [false, true] {
            let options = Options { taps: true, keep_constant, ..Options::default() };
            let mut loaded = Loaded::new(&graph, &config, &options)?;
            for input in &inputs {
                let (all, differ) = loaded.compare_from(input, name);
                assert!(all > 0, "{name}");
                assert_eq!(differ, 0, "{name}, {config:?}, {options:?}");
                compared += all;
            }
        }
    }
    Ok(compared)
}

#[test]
fn models_of_golden_are_computed_or_refused() {
    let names = names();
    assert!(names.len() > 50, "{} models", names.len());
    let refused: Vec<(&str, String)> = names.iter().filter_map(|name| Some((&**name, check(name).err()?))).collect();
    let refused: Vec<(&str, &str)> = refused.iter().map(|(name, why)| (*name, &**why)).collect();
    assert_eq!(refused, REFUSED);
}
