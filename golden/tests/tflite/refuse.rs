//! Files and models that the importer refuses, each with the one error that it gives.

use qrtl_golden::Bounds;
use qrtl_golden::graph::{Operator, Weighted};
use qrtl_golden::import::tflite::Model;
use qrtl_golden::import::{Runtime, lower};
use qrtl_golden::numerics::AnyRequantization;

use crate::builder::{Builder, Offset, slot};
use crate::patch::{Patch, model_bytes};

/// The error of reading and lowering `bytes`.
fn error(bytes: &[u8]) -> String {
    let lowered = |model| lower(&model, Runtime::Tflm).map_err(|e| e.to_string());
    Model::from_bytes(bytes).map_err(|e| e.to_string()).and_then(lowered).unwrap_err()
}

#[test]
fn other_operators_are_named() {
    let numbered = error(&Patch::new("mlp_int8").operator_code(0, 200));
    assert!(numbered.starts_with("operator 0 is BUILTIN_200: supported are ABS, ADD, "), "{numbered}");
    let custom = error(&Patch::new("mlp_int8").operator_code(0, 32));
    assert!(custom.starts_with("operator 0 is CUSTOM: supported are ABS, ADD, "), "{custom}");
}

#[test]
fn files_that_are_no_models() {
    assert_eq!(error(b""), "not a TensorFlow Lite model: bytes 4 to 7 must be \"TFL3\", got a file of 0 bytes");
    assert_eq!(
        error(b"PK\x03\x04\x14\x00\x00\x00\x08\x00"),
        "not a TensorFlow Lite model: bytes 4 to 7 must be \"TFL3\", got \"\\x14\\x00\\x00\\x00\""
    );
    let bytes = model_bytes("mlp_int8");
    let truncated = error(&bytes[..3000]);
    assert!(truncated.starts_with("damaged TensorFlow Lite file of 3000 bytes: Range ["), "{truncated}");
    assert!(!truncated.contains('\n'), "one line: {truncated}");
    let missing = Model::read("no/such/model.tflite").unwrap_err().to_string();
    assert!(missing.starts_with("cannot read no/such/model.tflite: "), "{missing}");
}

#[test]
fn every_truncation_is_refused() {
    let bytes = model_bytes("mlp_int8_per_tensor");
    for length in 0..bytes.len() {
        // The last bytes are padding of the last table, or not: in any case a model that is read is the whole one.
        if let Ok(model) = Model::from_bytes(&bytes[..length]) {
            let whole = Model::from_bytes(&bytes).unwrap();
            assert_eq!(model.tensors(), whole.tensors(), "{length} bytes");
        }
    }
}

#[test]
fn models_that_are_not_supported() {
    let patch = Patch::new;
    assert_eq!(error(&patch("mlp_int8").version(4)), "model: schema version is 4: only 3 is supported");
    assert_eq!(error(&patch("mlp_int8").subgraphs(0)), "model: it has no subgraph");
    assert_eq!(
        error(&patch("mlp_int8").fused_activation(0, 4)),
        "operator 0 (FULLY_CONNECTED): fused activation is TANH: only NONE, RELU, RELU_N1_TO_1 and RELU6 are supported"
    );
    assert_eq!(error(&patch("mlp_int8").input(1, 1, 7)), "operator 1 (FULLY_CONNECTED): inputs: tensor 7 of 7");
    assert_eq!(
        error(&patch("mlp_int8").input(0, 1, 5)),
        "operator 0 (FULLY_CONNECTED): tensor 5 is an activation of INT8: weights must be a constant of INT8"
    );
}

#[test]
fn quantization_that_is_wrong() {
    let patch = Patch::new;
    for (bits, shown) in
        [(0x7fc0_0000, "NaN"), (0x7f80_0000, "inf"), (0, "0.0"), (0x8000_0000, "-0.0"), (0xbf80_0000, "-1.0")]
    {
        assert_eq!(
            error(&patch("mlp_int8").scale(6, 0, bits)),
            format!("tensor 6 (\"Identity\"): scale 0 is {shown}: must be finite and above 0")
        );
    }
    assert_eq!(
        error(&patch("mlp_int8").zero_point(6, 0, 128)),
        "tensor 6 (\"Identity\"): zero point 0 is 128: must be in -128..=127 for INT8"
    );
    assert_eq!(
        error(&patch("mlp_int8").zero_point(2, 9, 1)),
        "operator 1 (FULLY_CONNECTED): tensor 2: zero point 9 is 1: must be 0 for int8 weights"
    );
    assert_eq!(
        error(&patch("mlp_int8").zero_point(1, 3, 1)),
        "operator 1 (FULLY_CONNECTED): tensor 1: zero point 3 is 1: must be 0 for a bias"
    );
}

/// TFLM compares the first scale of every layer, LiteRT the scale of a layer with one scale, and XNNPACK none.
#[test]
fn the_scale_of_a_bias() {
    let of = |name: &str, operator: usize, refusing: &[Runtime]| {
        let model = Model::from_bytes(&model_bytes(name)).unwrap();
        let inputs = model.operators()[operator].inputs.iter().flatten().copied().collect::<Vec<_>>();
        let scale = |input: usize| f64::from(model.tensors()[inputs[input]].quantization.as_ref().unwrap().scales[0]);
        let (bias, sum, operator) = (inputs[2], scale(0) * scale(1), &model.operators()[operator].name);
        let bytes = Patch::new(name).scale(bias, 0, 1.0_f32.to_bits());
        for runtime in Runtime::ALL {
            let graph = Model::from_bytes(&bytes).map(|model| lower(&model, runtime)).unwrap();
            if refusing.contains(&runtime) {
                let expected = format!(
                    " ({operator}): tensor {bias}: scale 0 is 1e0: must be {sum:e}, the scale of the input times the weights'"
                );
                let error = graph.unwrap_err().to_string();
                assert!(error.ends_with(&expected), "{name}, {runtime}: {error}");
            } else {
                assert!(graph.is_ok(), "{name}, {runtime}");
            }
        }
    };
    of("mlp_int8_per_tensor", 1, &[Runtime::Tflm, Runtime::LitertReference, Runtime::LitertBuiltin]);
    for (name, operator) in [("mlp_int8", 1), ("cnn_int8", 0), ("cnn_int8", 2), ("cnn_int8_per_tensor", 0)] {
        of(name, operator, &[]);
    }
    assert_eq!(
        error(&Patch::new("mlp_int8_per_tensor").scale(1, 0, 1.0_f32.to_bits())),
        "operator 1 (FULLY_CONNECTED): tensor 1: scale 0 is 1e0: must be 4.6452355565378134e-4, the scale of the input times \
         the weights'"
    );
}

#[test]
fn shapes_that_are_wrong() {
    let patch = Patch::new;
    let weights = "tensor 2 (\"sequential_1/dense_1_2/MatMul\")";
    assert_eq!(error(&patch("mlp_int8").size(2, 1, -32)), format!("{weights}: dimension 1 is -32: must be at least 0"));
    assert_eq!(
        error(&patch("mlp_int8").size(2, 1, 31)),
        format!("{weights}: 320 bytes of data for 310 elements of INT8")
    );
    assert_eq!(
        error(&patch("mlp_int8").size(2, 1, i32::MAX)),
        format!("{weights}: more than 2147483647 elements up to dimension 1")
    );
    assert_eq!(
        error(&patch("mlp_int8").size(2, 0, 20)),
        format!("{weights}: 10 scales along dimension 0 of shape [20, 32]")
    );
    assert_eq!(
        error(&patch("mlp_int8").size(6, 1, 11)),
        "operator 1 (FULLY_CONNECTED): input of shape [1, 32] and weights of shape [10, 32] do not give an output of \
         shape [1, 11]"
    );
    assert_eq!(
        error(&patch("mlp_int8").buffer(2, 99)),
        format!("{weights}: refers to buffer 99 of {}", Patch::new("mlp_int8").buffers())
    );
}

/// One layer of 3 inputs and 3 outputs, with the given inputs of the operator and options.
fn one_layer(inputs: &[i32], options: impl Fn(&mut Builder<'_>) -> Option<Offset>) -> Vec<u8> {
    let mut model = Builder::default();
    let name = model.name(1);
    let tensors = [model.tensor(&[1, 3], 0, name), model.tensor(&[3, 3], 1, name)];
    let options = options(&mut model);
    let layer = model.layer(inputs, options);
    model.finish(&tensors, &[layer], &[1; 9])
}

#[test]
fn what_may_be_absent() {
    for inputs in [&[0, 1][..], &[0, 1, -1]] {
        let model = Model::from_bytes(&one_layer(inputs, |_| None)).unwrap();
        let graph = lower(&model, Runtime::Tflm).unwrap();
        let Operator::FullyConnected(Weighted { bias, requantizations, .. }) = &graph.steps[0].operator else {
            panic!()
        };
        assert_eq!(*bias, [0, 0, 0], "no bias is a bias of zeros");
        let [AnyRequantization::Fixed(r)] = requantizations[..] else { panic!() };
        assert_eq!(r.output(), Bounds::INT8, "no options are no activation");
        assert_eq!((r.factor().multiplier(), r.factor().shift()), (1 << 30, 0), "0.5 * 0.5 / 0.5");
    }
}

#[test]
fn operators_that_are_not_supported() {
    let options = |id, value| one_layer(&[0, 1], |model| Some(model.options(id, value)));
    let operator = "operator 0 (FULLY_CONNECTED)";
    assert_eq!(
        error(&options(0, 9)),
        format!("{operator}: fused activation is number 9: only NONE, RELU, RELU_N1_TO_1 and RELU6 are supported")
    );
    assert_eq!(error(&options(1, 1)), format!("{operator}: weights format is 1: only 0, row-major, is supported"));
    assert_eq!(error(&options(4, 7)), format!("{operator}: bias type is INT16: only INT32 and INT64 are supported"));
    for (inputs, count) in [(&[0][..], 1), (&[0, 1, -1, -1], 4)] {
        assert_eq!(
            error(&one_layer(inputs, |_| None)),
            format!("{operator}: {count} inputs: must be input, weights and an optional bias")
        );
    }
    assert_eq!(error(&one_layer(&[-1, 1], |_| None)), format!("{operator}: 2 inputs: input 0 is missing"));
    assert_eq!(
        error(&one_layer(&[0, 1, 1], |_| None)),
        "operator 0 (FULLY_CONNECTED): tensor 1 is a constant of INT8: a bias must be a constant of INT32"
    );
}

/// Options whose kind is not named: the verifier of the flatbuffers crate has the names of the two fields the wrong way round.
#[test]
fn a_union_of_which_half_is_there() {
    let mut model = Builder::default();
    let name = model.name(1);
    let tensors = [model.tensor(&[1, 3], 0, name), model.tensor(&[3, 3], 1, name)];
    let (options, inputs, outputs) = (model.options(0, 0), model.vector(&[0, 1]), model.vector(&[0]));
    let layer = model.table(|fbb| {
        fbb.push_slot_always(slot(1), inputs);
        fbb.push_slot_always(slot(2), outputs);
        fbb.push_slot_always(slot(4), options);
    });
    let got = error(&model.finish(&tensors, &[layer], &[1; 9]));
    let what = "union discriminant (`builtin_options_type`) and value (`builtin_options`) are present";
    assert!(got.starts_with("damaged TensorFlow Lite file of ") && got.contains(what), "{got}");
}

/// Data beside the flatbuffer, cut off.
#[test]
fn data_beyond_the_end_of_the_file() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/cases/fc_weights_behind_the_flatbuffer.tflite");
    let mut bytes = std::fs::read(path).unwrap();
    let length = bytes.len();
    bytes.truncate(length - 1);
    let got = error(&bytes);
    let what = format!("96 bytes of data from byte {} on, in a file of {} bytes", length - 96, length - 1);
    assert!(got.ends_with(&what), "{got}");
}
