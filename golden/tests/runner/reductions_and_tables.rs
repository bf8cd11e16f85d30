//! Models of one MEAN, one CONCATENATION or one function of an int8: results by hand, and what is refused.

use qrtl_golden::import::Runtime::{LitertBuiltin, LitertReference, Tflm, Xnnpack};

use crate::operators::{int8, output, refusal};
use crate::tiny::{Field, Tensor, model};

const CONCATENATION: i8 = 2;
const LOGISTIC: i8 = 14;
const RELU: i8 = 19;
const RELU6: i8 = 21;
const TANH: i8 = 28;
const MEAN: i8 = 40;
const HARD_SWISH: i8 = 117;

const KEEP_DIMS: Option<(u8, &[Field])> = Some((27, &[Field::Byte(0, 1)]));

/// Of shape [2, 3], over these axes.
fn mean(axes: Tensor, options: Option<(u8, &[Field])>, shape: &[i32]) -> Vec<u8> {
    model(&[Tensor::int8(&[2, 3], 1.0, 1), axes, Tensor::int8(shape, 0.5, -2)], MEAN, options)
}

#[test]
fn means() {
    let axes = |axes: &[i32]| Tensor::int32(&[axes.len() as i32], axes);
    let input = int8(&[2, 3], &[1, 2, 4, -5, 0, 6]);
    // The mean less 1, in steps of 1/2, plus the zero point of -2.
    let kept = int8(&[2, 1], &[1, -3]);
    assert_eq!(output(&mean(axes(&[-1, 1]), KEEP_DIMS, &[2, 1]), &input, Tflm).unwrap(), kept);
    let dropped = mean(axes(&[0]), None, &[3]);
    for runtime in [Tflm, LitertReference, LitertBuiltin] {
        assert_eq!(output(&dropped, &input, runtime).unwrap(), int8(&[3], &[-8, -2, 6]));
    }
    assert_eq!(
        refusal(&dropped, Xnnpack),
        "operator 0 (MEAN): what XNNPACK computes here is not known to the last bit"
    );
    let error = |axes, shape: &[i32]| refusal(&mean(axes, None, shape), Tflm);
    assert_eq!(error(axes(&[-3]), &[3]), "operator 0 (MEAN): axis is -3: must be one of 2 dimensions");
    assert_eq!(
        error(axes(&[0]), &[1, 3]),
        "operator 0 (MEAN): axes [0] of [2, 3] do not give an output of shape [1, 3]"
    );
    let int8_axes = "operator 0 (MEAN): tensor 1 is INT8: axes must be a constant of INT32";
    assert_eq!(error(Tensor::int8(&[1], 1.0, 0).with(&[1]), &[2]), int8_axes);
    let wrong_kind = mean(axes(&[0]), Some((8, &[])), &[3]);
    assert_eq!(refusal(&wrong_kind, Tflm), "operator 0 (MEAN): options are of kind 8: must be ReducerOptions");
}

#[test]
fn concatenations() {
    let tensors = |shape: &[i32]| {
        let constant = Tensor::int8(&[2, 1], 0.5, 3).with(&[7, 8]);
        [Tensor::int8(&[2, 2], 0.5, 3), constant, Tensor::int8(shape, 0.5, 3)]
    };
    let along = |axis| [Field::Int(0, axis)];
    let input = int8(&[2, 2], &[1, 2, 3, 4]);
    for (runtime, axis) in [(Tflm, 1), (LitertReference, 1), (LitertBuiltin, -1), (Xnnpack, -1)] {
        let bytes = model(&tensors(&[2, 3]), CONCATENATION, Some((10, &along(axis))));
        assert_eq!(output(&bytes, &input, runtime).unwrap(), int8(&[2, 3], &[1, 2, 7, 3, 4, 8]));
    }
    let error = |shape: &[i32], options: Option<(u8, &[Field])>| {
        let refusal = refusal(&model(&tensors(shape), CONCATENATION, options), Tflm);
        refusal.strip_prefix("operator 0 (CONCATENATION): ").unwrap().to_owned()
    };
    // Absent options are the defaults, and the default of the axis is 0.
    assert_eq!(error(&[2, 3], None), "input: shape [2, 1], expected [2, 2], but for dimension 0");
    assert_eq!(error(&[2, 3], Some((10, &along(2)))), "axis is 2: must be one of 2 dimensions");
    assert_eq!(error(&[3, 2], Some((10, &along(1)))), "its inputs make shape [2, 3], its output has [3, 2]");
    let relu = [Field::Int(0, 1), Field::Byte(1, 1)];
    assert_eq!(error(&[2, 3], Some((10, &relu))), "fused activation is Relu: must be None");
}

/// The one operator between these quantizations.
fn function(code: i8, x: (f32, i64), y: (f32, i64)) -> Vec<u8> {
    model(&[Tensor::int8(&[1, 3], x.0, x.1), Tensor::int8(&[1, 3], y.0, y.1)], code, None)
}

#[test]
fn functions_of_one_int8() {
    // 0, 1/2 and 4, by scale 1/2 and zero point 2.
    let (x, input) = ((0.5, 2), int8(&[1, 3], &[2, 3, 10]));
    let by_tflm = |code, y| output(&function(code, x, y), &input, Tflm).unwrap();
    // 256 / (1 + exp(-1/2)) - 128 is 31.3, and the output's scale counts for nothing.
    assert_eq!(by_tflm(LOGISTIC, (1.0, -128)), int8(&[1, 3], &[0, 31, 123]));
    // 128 tanh(1/2) is 59.2.
    assert_eq!(by_tflm(TANH, (1.0, 99)), int8(&[1, 3], &[0, 59, 127]));
    // x relu6(x + 3) / 6, in steps of 1/8: 2.33 and 32.
    assert_eq!(by_tflm(HARD_SWISH, (0.125, -1)), int8(&[1, 3], &[-1, 1, 31]));
    assert_eq!(by_tflm(RELU, (0.25, -1)), int8(&[1, 3], &[-1, 1, 15]));
    // TFLM clamps at 2 + 12. LiteRT goes to the output's scale first.
    let relu6 = function(RELU6, x, (0.25, -1));
    let beyond = int8(&[1, 3], &[0, 13, 20]);
    assert_eq!(output(&relu6, &beyond, Tflm).unwrap(), int8(&[1, 3], &[2, 13, 14]));
    for runtime in [LitertReference, LitertBuiltin, Xnnpack] {
        assert_eq!(output(&relu6, &beyond, runtime).unwrap(), int8(&[1, 3], &[-1, 21, 23]));
    }
}

#[test]
fn functions_that_are_refused() {
    let error = |code, x, y| refusal(&function(code, x, y), Tflm);
    assert_eq!(
        error(LOGISTIC, (0.5, 0), (1.0 / 256.0, 0)),
        "operator 0 (LOGISTIC): output has zero point 0: must be -128"
    );
    assert_eq!(
        error(HARD_SWISH, (1.0, 0), (1.0 / 256.0, 0)),
        "operator 0 (HARD_SWISH): real: 2.0 is not below 1 once rounded to a multiplier"
    );
    let float = model(&[Tensor::float(&[1, 3]), Tensor::int8(&[1, 3], 1.0, 0)], TANH, None);
    assert_eq!(refusal(&float, Tflm), "operator 0 (TANH): tensor 0 is FLOAT32: must be INT8");
    for (code, name) in [(LOGISTIC, "LOGISTIC"), (TANH, "TANH")] {
        for runtime in [LitertReference, LitertBuiltin, Xnnpack] {
            let unknown = format!("operator 0 ({name}): what LiteRT computes here is not known to the last bit");
            assert_eq!(refusal(&function(code, (0.5, 0), (1.0, -128)), runtime), unknown);
        }
    }
}
