//! Models of one operator: what each runtime makes of them, by hand, and what the runner refuses.

use qrtl_golden::graph::Value;
use qrtl_golden::import::Runtime::{self, LitertBuiltin, LitertReference, Tflm, Xnnpack};
use qrtl_golden::import::lower;
use qrtl_golden::import::tflite::Model;
use qrtl_golden::operators::Array;

use crate::tiny::{Field, Tensor, model};

const ADD: i8 = 0;
const CONV_2D: i8 = 3;
const DEQUANTIZE: i8 = 6;
const DEPTHWISE_CONV_2D: i8 = 4;
const MAX_POOL_2D: i8 = 17;
const MUL: i8 = 18;
const RESHAPE: i8 = 22;
const SOFTMAX: i8 = 25;
const PAD: i8 = 34;
const SUB: i8 = 41;
const QUANTIZE: i8 = 114;

pub fn int8(shape: &[usize], data: &[i32]) -> Value {
    Value::Integer(Array::new("input", shape.to_vec(), data.to_vec()).unwrap())
}

fn float(shape: &[usize], data: &[f32]) -> Value {
    Value::Float(Array::new("input", shape.to_vec(), data.to_vec()).unwrap())
}

/// The output of the one operator.
pub fn output(bytes: &[u8], input: &Value, runtime: Runtime) -> Result<Value, String> {
    let model = Model::from_bytes(bytes).map_err(|e| e.to_string())?;
    let graph = lower(&model, runtime).map_err(|e| e.to_string())?;
    let values = graph.run(input).map_err(|e| e.to_string())?;
    Ok(values.into_iter().next().unwrap())
}

/// The error of the one operator.
pub fn refusal(bytes: &[u8], runtime: Runtime) -> String {
    Model::from_bytes(bytes).map_or_else(|e| e.to_string(), |m| lower(&m, runtime).unwrap_err().to_string())
}

/// With a constant operand that repeats: -2.5 is a tie.
#[test]
fn sums_and_differences() {
    let tensors =
        [Tensor::int8(&[1, 2], 1.0, 0), Tensor::int8(&[1], 1.0, 0).with(&[-2]), Tensor::int8(&[1, 2], 2.0, 0)];
    let input = int8(&[1, 2], &[-3, 4]);
    for (runtime, sum) in [(Tflm, -3), (LitertReference, -3), (LitertBuiltin, -3), (Xnnpack, -2)] {
        assert_eq!(output(&model(&tensors, ADD, None), &input, runtime).unwrap(), int8(&[1, 2], &[sum, 1]));
    }
    // -3 + 2 is -0.5 in steps of 2, 4 + 2 is 3.
    for (runtime, difference) in [(Tflm, -1), (LitertReference, -1), (LitertBuiltin, -1), (Xnnpack, 0)] {
        assert_eq!(output(&model(&tensors, SUB, None), &input, runtime).unwrap(), int8(&[1, 2], &[difference, 3]));
    }
    // relu6 with steps of 2: 0 and 3.
    let clamped = model(&tensors, ADD, Some((11, &[Field::Byte(0, 3)])));
    assert_eq!(output(&clamped, &int8(&[1, 2], &[-3, 100]), Tflm).unwrap(), int8(&[1, 2], &[0, 3]));
}

#[test]
fn products() {
    let factor = Tensor::int8(&[1, 2], 0.5, 1).with(&[3, -2]);
    let tensors = [Tensor::int8(&[1, 2], 0.5, 0), factor, Tensor::int8(&[1, 2], 0.5, -1)];
    let bytes = model(&tensors, MUL, None);
    // 5 * 2 / 2 - 1, 5 * -3 / 2 = -7.5: half up in the one step that rounds.
    for runtime in [Tflm, LitertReference] {
        assert_eq!(output(&bytes, &int8(&[1, 2], &[5, 5]), runtime).unwrap(), int8(&[1, 2], &[4, -8]));
    }
    // XNNPACK rounds the tie to even.
    for (runtime, product) in [(LitertBuiltin, -8), (Xnnpack, -9)] {
        assert_eq!(output(&bytes, &int8(&[1, 2], &[5, 5]), runtime).unwrap(), int8(&[1, 2], &[4, product]));
    }
}

#[test]
fn floats_in_and_out() {
    let bytes = model(&[Tensor::float(&[1, 3]), Tensor::int8(&[1, 3], 2.0, 10)], QUANTIZE, None);
    let input = float(&[1, 3], &[1.0, -5.0, 1e9]);
    for (runtime, expected) in
        [(Tflm, [11, 7, 127]), (LitertReference, [11, 7, 127]), (LitertBuiltin, [11, 7, 127]), (Xnnpack, [10, 8, 127])]
    {
        assert_eq!(output(&bytes, &input, runtime).unwrap(), int8(&[1, 3], &expected), "{runtime}");
    }
    let bytes = model(&[Tensor::int8(&[1, 3], 0.5, 10), Tensor::float(&[1, 3])], DEQUANTIZE, None);
    assert_eq!(output(&bytes, &int8(&[1, 3], &[10, 0, 127]), Xnnpack).unwrap(), float(&[1, 3], &[0.0, -5.0, 58.5]));
}

/// A factor of 1/4: -2 is a tie after the first rounding, which the two go apart at.
#[test]
fn from_one_quantization_to_another() {
    let bytes = model(&[Tensor::int8(&[1, 2], 0.25, 0), Tensor::int8(&[1, 2], 1.0, 3)], QUANTIZE, None);
    let input = int8(&[1, 2], &[-2, 6]);
    // XNNPACK rounds once, half up; LiteRT's own kernels round so few elements as the reference.
    for (runtime, expected) in [(Tflm, [2, 5]), (LitertReference, [2, 5]), (LitertBuiltin, [2, 5]), (Xnnpack, [3, 5])] {
        assert_eq!(output(&bytes, &input, runtime).unwrap(), int8(&[1, 2], &expected), "{runtime}");
    }
}

#[test]
fn softmax() {
    let tensors = [Tensor::int8(&[1, 2], 1.0 / 16.0, 7), Tensor::int8(&[1, 2], 1.0 / 256.0, -128)];
    let bytes = model(&tensors, SOFTMAX, Some((9, &[Field::Float(0, 1.0)])));
    for runtime in [Tflm, LitertReference] {
        assert_eq!(output(&bytes, &int8(&[1, 2], &[16, 0]), runtime).unwrap(), int8(&[1, 2], &[59, -59]));
    }
    for runtime in [LitertBuiltin, Xnnpack] {
        let unknown = "operator 0 (SOFTMAX): what LiteRT's own kernel computes here is not known to the last bit";
        assert_eq!(refusal(&bytes, runtime), unknown);
    }
    // Absent options are the defaults, and the default of beta is 0.
    let absent = "operator 0 (SOFTMAX): real: 0.0 is not beta * scale * 2^26 above 1";
    assert_eq!(refusal(&model(&tensors, SOFTMAX, None), Tflm), absent);
    let tensors = [tensors[0].clone(), Tensor::int8(&[1, 2], 1.0 / 128.0, -128)];
    assert_eq!(
        refusal(&model(&tensors, SOFTMAX, Some((9, &[Field::Float(0, 1.0)]))), Tflm),
        "operator 0 (SOFTMAX): output has scale 7.8125e-3 and zero point -128: must be 1/256 and -128"
    );
}

#[test]
fn padding_and_reshaping() {
    let paddings = Tensor::int32(&[2, 2], &[0, 0, 1, 2]);
    let pad = |n| model(&[Tensor::int8(&[1, 2], 1.0, 5), paddings.clone(), Tensor::int8(&[1, n], 1.0, 5)], PAD, None);
    assert_eq!(output(&pad(5), &int8(&[1, 2], &[8, 9]), Xnnpack).unwrap(), int8(&[1, 5], &[5, 8, 9, 5, 5]));
    assert_eq!(
        refusal(&pad(4), Tflm),
        "operator 0 (PAD): paddings [[0, 0], [1, 2]] do not make shape [1, 4] of [1, 2]"
    );
    let reshape = |q: Tensor| model(&[Tensor::int8(&[2, 3], 1.0, 5), q], RESHAPE, None);
    let input = int8(&[2, 3], &[1, 2, 3, 4, 5, 6]);
    assert_eq!(output(&reshape(Tensor::int8(&[6], 1.0, 5)), &input, Tflm).unwrap(), int8(&[6], &[1, 2, 3, 4, 5, 6]));
    assert_eq!(
        output(&reshape(Tensor::int8(&[5], 1.0, 5)), &input, Tflm).unwrap_err(),
        "operator 0 (RESHAPE): shape: shape [5], expected that of its 6 elements, at least one"
    );
    // The integers are moved, whatever they stand for.
    let other = reshape(Tensor::int8(&[6], 0.25, 4));
    assert_eq!(output(&other, &input, Tflm).unwrap(), int8(&[6], &[1, 2, 3, 4, 5, 6]));
}

/// A convolution of one element, with these weights, options and output.
fn convolution(weights: Tensor, options: &[Field], output: Tensor) -> Vec<u8> {
    model(&[Tensor::int8(&[1, 2, 2, 1], 1.0, 0), weights, output], CONV_2D, Some((1, options)))
}

#[test]
fn convolutions_that_are_refused() {
    let (weights, output) = (Tensor::int8(&[1, 1, 1, 1], 0.5, 0).with(&[1]), Tensor::int8(&[1, 2, 2, 1], 1.0, 0));
    let stride = [Field::Int(1, 1), Field::Int(2, 1)];
    let valid = convolution(weights.clone(), &stride, output.clone());
    // 1/2 and -1/2: up, then none.
    assert_eq!(
        self::output(&valid, &int8(&[1, 2, 2, 1], &[1, -1, 2, 3]), Tflm).unwrap(),
        int8(&[1, 2, 2, 1], &[1, 0, 1, 2])
    );
    assert_eq!(
        refusal(&convolution(weights.clone(), &[Field::Int(1, 1)], output.clone()), Tflm),
        "operator 0 (CONV_2D): stride is 0: must be in 1..=65536"
    );
    let odd = |w: Tensor| refusal(&convolution(w, &stride, output.clone()), Tflm);
    assert_eq!(
        odd(Tensor::int8(&[1, 1, 1, 1], 0.5, 0)),
        "operator 0 (CONV_2D): tensor 1 is an activation of INT8: weights must be a constant of INT8"
    );
    assert_eq!(
        odd(Tensor::int8(&[1, 1, 1, 1], 0.5, 3).with(&[1])),
        "operator 0 (CONV_2D): tensor 1: zero point 0 is 3: must be 0 for int8 weights"
    );
    assert_eq!(
        odd(Tensor::int8(&[1, 1], 0.5, 0).with(&[1])),
        "operator 0 (CONV_2D): tensor 1 has shape [1, 1]: must have 4 dimensions, none empty"
    );
    let small = convolution(weights, &stride, Tensor::int8(&[1, 2, 1, 1], 1.0, 0));
    assert_eq!(
        self::output(&small, &int8(&[1, 2, 2, 1], &[0; 4]), Tflm).unwrap_err(),
        "operator 0 (CONV_2D): gives shape [1, 2, 2, 1], and the model says [1, 2, 1, 1]"
    );
    let mut scales = Tensor::int8(&[1, 1, 1, 2], 0.5, 0).with(&[1, 1]);
    scales.quantization = vec![(0.5, 0), (0.25, 0)];
    assert_eq!(odd(scales), "operator 0 (CONV_2D): tensor 1: scales along dimension 3: must be 0, the outputs");
}

#[test]
fn a_depth_multiplier_that_does_not_fit() {
    let weights = Tensor::int8(&[1, 1, 1, 2], 0.5, 0).with(&[1, 1]);
    let tensors = [Tensor::int8(&[1, 1, 1, 1], 1.0, 0), weights, Tensor::int8(&[1, 1, 1, 2], 1.0, 0)];
    let options = |n| [Field::Int(1, 1), Field::Int(2, 1), Field::Int(3, n)];
    let bytes = model(&tensors, DEPTHWISE_CONV_2D, Some((2, &options(2))));
    assert_eq!(output(&bytes, &int8(&[1, 1, 1, 1], &[6]), Tflm).unwrap(), int8(&[1, 1, 1, 2], &[3, 3]));
    assert_eq!(
        refusal(&model(&tensors, DEPTHWISE_CONV_2D, Some((2, &options(1)))), Tflm),
        "operator 0 (DEPTHWISE_CONV_2D): depth multiplier is 1: 1 channels do not give 2 outputs"
    );
}

#[test]
fn what_a_model_must_be() {
    let ends = [Tensor::int8(&[1, 2], 1.0, 0), Tensor::int8(&[1, 2], 1.0, 0)];
    let supported = "supported are ABS, ADD, ASSIGN_VARIABLE, AVERAGE_POOL_2D, CALL_ONCE, CONCATENATION, CONV_2D, \
                     DEPTHWISE_CONV_2D, DEQUANTIZE, EXPAND_DIMS, FULLY_CONNECTED, HARD_SWISH, LEAKY_RELU, LOGISTIC, \
                     LOG_SOFTMAX, MAXIMUM, MAX_POOL_2D, MEAN, MINIMUM, MUL, NEG, PACK, PAD, PADV2, PRELU, QUANTIZE, READ_VARIABLE, \
                     REDUCE_MAX, REDUCE_MIN, RELU, RELU6, RESHAPE, RESIZE_BILINEAR, RESIZE_NEAREST_NEIGHBOR, SHAPE, \
                     SLICE, SOFTMAX, SPLIT, SPLIT_V, SQUARED_DIFFERENCE, SQUEEZE, STRIDED_SLICE, SUB, SUM, TANH, \
                     TRANSPOSE, TRANSPOSE_CONV, UNPACK, VAR_HANDLE";
    assert_eq!(refusal(&model(&ends, 8, None), Tflm), format!("operator 0 is FLOOR: {supported}"));
    assert_eq!(refusal(&model(&ends, ADD, None), Tflm), "operator 0 (ADD): 1 inputs: input 1 is missing");
    let unwritten = [ends[0].clone(), ends[0].clone(), ends[0].clone()];
    assert_eq!(
        refusal(&model(&unwritten, ADD, None), Tflm),
        "operator 0 (ADD): reads tensor 1 before anything has written it"
    );
    let large = [ends[0].clone(), Tensor::int8(&[1 << 27], 1.0, 0)];
    assert_eq!(
        refusal(&model(&large, RESHAPE, None), Tflm),
        "operator 0 (RESHAPE): its output has 134217728 elements: at most 67108864 are computed"
    );
    let int32 = [Tensor { element: 2, ..ends[0].clone() }, ends[1].clone()];
    assert_eq!(
        refusal(&model(&int32, RESHAPE, None), Tflm),
        "model: its input is INT32: only INT8, UINT8, INT16 and FLOAT32 are supported"
    );
    let pool = model(&ends, MAX_POOL_2D, Some((5, &[])));
    assert_eq!(refusal(&pool, Tflm), "operator 0 (MAX_POOL_2D): stride is 0: must be in 1..=65536");
}

#[test]
fn inputs_that_are_not_the_models() {
    let bytes = model(&[Tensor::int8(&[2], 1.0, 0), Tensor::int8(&[2], 1.0, 0)], RESHAPE, None);
    let error = |input| output(&bytes, &input, Tflm).unwrap_err();
    assert_eq!(error(int8(&[1, 2], &[0, 0])), "input: INT8 of shape [1, 2], expected INT8 of shape [2]");
    assert_eq!(error(float(&[2], &[0.0, 0.0])), "input: FLOAT32 of shape [2], expected INT8 of shape [2]");
    assert_eq!(error(int8(&[2], &[0, 128])), "input: element 128, expected INT8 of shape [2]");
}

#[test]
fn names_of_runtimes() {
    for runtime in Runtime::ALL {
        assert_eq!(runtime.name().parse(), Ok(runtime));
    }
    assert_eq!(
        "tflite".parse::<Runtime>().unwrap_err().to_string(),
        "runtime: tflite is none of tflm, litert_reference, litert_builtin, xnnpack"
    );
}
