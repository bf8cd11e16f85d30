//! Shapes and numbers that operators refuse, each with the one error that it gives.

use qrtl_golden::operators::{
    AddParameters, Array, Axis, Operand, SoftmaxParameters, Window, XnnpackAdd, add, average_pool, concatenation,
    conv2d, depthwise_conv2d, hard_swish_table, logistic_table, max_pool, mean_factor, pad, relu_table, reshape,
    tanh_table,
};
use qrtl_golden::{Bounds, Error, FixedMultiplier, MultiplierWidth, Requantization, Rule};

fn zeros(shape: &[usize]) -> Array {
    Array::new("test", shape.to_vec(), vec![0; shape.iter().product()]).unwrap()
}

fn operand(array: &Array) -> Operand<'_> {
    Operand { array, zero_point: 0 }
}

const PLAIN: Axis = Axis::valid(1, 1);
const WINDOW: Window = Window { rows: PLAIN, cols: PLAIN };

fn one() -> Requantization {
    let factor = FixedMultiplier::new(MultiplierWidth::W32, 1 << 30, 1).unwrap();
    Requantization::new(Rule::TfliteDouble, factor, 0, Bounds::INT8).unwrap()
}

fn message<T: std::fmt::Debug>(result: Result<T, Error>) -> String {
    result.unwrap_err().to_string()
}

#[test]
fn arrays() {
    let error = |shape: &[usize], n| message(Array::new("input", shape.to_vec(), vec![0; n]));
    assert_eq!(error(&[2, 3], 5), "input: shape [2, 3], expected that of its 5 elements, at least one");
    assert_eq!(error(&[2, 0], 0), "input: shape [2, 0], expected that of its 0 elements, at least one");
    assert_eq!(
        error(&[usize::MAX, 2], 2),
        format!("input: shape [{}, 2], expected that of its 2 elements, at least one", usize::MAX)
    );
    let input = zeros(&[2, 3]);
    assert_eq!(message(reshape(&input, &[4])), "shape: shape [4], expected that of its 6 elements, at least one");
    assert_eq!(message(pad(&input, &[[0, 0]], 0)), "padding: shape [1, 2], expected [2, 2]");
    assert_eq!(
        message(pad(&input, &[[0, 1 << 31], [0, 0]], 0)),
        "padding: shape [2147483650, 3], expected fewer than 2^31 elements"
    );
}

#[test]
fn convolutions() {
    let conv = |x: &[usize], w: &[usize], bias: usize, scales: usize| {
        let (x, w) = (zeros(x), zeros(w));
        message(conv2d(operand(&x), operand(&w), &vec![0; bias], &WINDOW, &vec![one(); scales]))
    };
    assert_eq!(
        conv(&[4, 4, 1], &[1, 1, 1, 1], 1, 1),
        "input: shape [4, 4, 1], expected [batch, height, width, channels]"
    );
    assert_eq!(
        conv(&[1, 4, 4, 1], &[1, 1], 1, 1),
        "weights: shape [1, 1], expected [outputs, height, width, channels]"
    );
    let groups = |c| format!("expected groups of equal size of the {c} channels of the input");
    assert_eq!(conv(&[1, 4, 4, 3], &[2, 1, 1, 2], 2, 1), format!("weights: shape [2, 1, 1, 2], {}", groups(3)));
    assert_eq!(conv(&[1, 4, 4, 1], &[2, 1, 1, 2], 2, 1), format!("weights: shape [2, 1, 1, 2], {}", groups(1)));
    assert_eq!(conv(&[1, 4, 4, 2], &[3, 1, 1, 1], 3, 1), format!("weights: shape [3, 1, 1, 1], {}", groups(2)));
    assert_eq!(conv(&[1, 4, 4, 1], &[3, 1, 1, 1], 2, 1), "bias: shape [2], expected [3]");
    assert_eq!(conv(&[1, 4, 4, 1], &[3, 1, 1, 1], 3, 2), "multiplier: shape [2], expected [1] or [3]");
    assert_eq!(conv(&[1, 4, 4, 1], &[1, 5, 1, 1], 1, 1), "window: shape [5], expected at most [4], the padded input");
    let (x, w) = (zeros(&[1, 4, 4, 2]), zeros(&[1, 1, 1, 3]));
    assert_eq!(
        message(depthwise_conv2d(operand(&x), operand(&w), &[0; 3], &WINDOW, &[one()])),
        "weights: shape [1, 1, 1, 3], expected [1, height, width, a multiple of the 2 channels of the input]"
    );
}

#[test]
fn windows() {
    let outputs = |axis: Axis| message(axis.outputs(4, 2));
    assert_eq!(outputs(Axis { stride: 0, ..PLAIN }), "stride: 0 is outside 1..=65536");
    assert_eq!(outputs(Axis { dilation: 0, ..PLAIN }), "dilation: 0 is outside 1..=65536");
    assert_eq!(outputs(Axis { after: usize::MAX, ..PLAIN }), format!("padding: {} is outside 0..=65536", i64::MAX));
    assert_eq!(outputs(Axis { dilation: 4, ..PLAIN }), "window: shape [5], expected at most [4], the padded input");
}

#[test]
fn a_sum_beyond_the_accumulator_is_named() {
    let x = Array::new("test", vec![1, 1, 2, 1], vec![0, i32::MAX]).unwrap();
    let w = Array::new("test", vec![1, 1, 1, 1], vec![2]).unwrap();
    assert_eq!(
        message(conv2d(operand(&x), operand(&w), &[0], &WINDOW, &[one()])),
        "element [0, 0, 1, 0]: acc: 4294967294 is outside -1073741824..=1073741823, where tflite_double is defined at \
         multiplier 1073741824, shift 1"
    );
}

#[test]
fn pools() {
    let x = zeros(&[1, 2, 2, 1]);
    assert_eq!(
        message(max_pool(&zeros(&[2, 2]), [1, 1], &WINDOW, Bounds::INT8)),
        "input: shape [2, 2], expected [batch, height, width, channels]"
    );
    assert_eq!(
        message(average_pool(&x, [0, 1], &WINDOW, Bounds::INT8)),
        "filter: shape [0, 1], expected at least [1, 1]"
    );
    let window = Window { rows: Axis { before: 1, ..PLAIN }, cols: PLAIN };
    assert_eq!(
        message(average_pool(&x, [1, 1], &window, Bounds::INT8)),
        "element [0, 0, 0, 0]: filter: shape [1, 1], expected a window that meets the image"
    );
}

#[test]
fn sums() {
    let p = AddParameters::new(20, [1.0; 3], 0, Bounds::INT8).unwrap();
    assert_eq!(
        message(add(operand(&zeros(&[2, 3])), operand(&zeros(&[2])), &p)),
        "b: shape [2], expected [2, 3], or sizes of 1"
    );
    let x = Array::new("test", vec![2], vec![0, 3000]).unwrap();
    assert_eq!(
        message(add(operand(&x), operand(&zeros(&[1])), &p)),
        "element [1]: acc: 3145728000 is outside -2147483648..=2147483647, where tflite_double is defined at multiplier \
         1073741824, shift 0"
    );
    let parameters = |left, scales| message(AddParameters::new(left, scales, 0, Bounds::INT8));
    assert_eq!(parameters(16, [1.0; 3]), "left_shift: 16 is none of 15, 20");
    assert_eq!(parameters(20, [1.0, 0.0, 1.0]), "real: 0.0 is not finite and above 0");
    assert_eq!(
        parameters(20, [1.0, 1.0, 1e-6]),
        "real: 1.9073486376280924 is not above 0 and below 1 once rounded to a multiplier"
    );
    let xnnpack = |scales| message(XnnpackAdd::new(scales, false, 0, Bounds::INT8));
    assert_eq!(xnnpack([1.0, 256.0, 1.0]), "real: 256.0 is not a ratio of scales in 2^-10..2^8");
}

#[test]
fn concatenations() {
    let error = |shapes: &[&[usize]], axis| {
        let inputs: Vec<Array> = shapes.iter().map(|shape| zeros(shape)).collect();
        message(concatenation(&inputs.iter().collect::<Vec<_>>(), axis))
    };
    assert_eq!(error(&[], 0), "input: shape [], expected at least 1 dimensions");
    assert_eq!(error(&[&[2, 3]], 2), "input: shape [2, 3], expected at least 3 dimensions");
    assert_eq!(error(&[&[2, 3], &[2, 4], &[3, 4]], 1), "input: shape [3, 4], expected [2, 3], but for dimension 1");
    assert_eq!(error(&[&[2, 3], &[2, 3, 1]], 1), "input: shape [2, 3, 1], expected [2, 3], but for dimension 1");
}

#[test]
fn scales_of_tables() {
    let radius = "is not a scale in 2^-28..2^35";
    assert_eq!(message(logistic_table(f32::MIN_POSITIVE, 0)), format!("real: 1.1754943508222875e-38 {radius}"));
    assert_eq!(message(tanh_table(34_359_738_368.0, 0)), format!("real: 34359738368.0 {radius}"));
    assert_eq!(
        message(hard_swish_table([128.0, 1.0], [0, 0])),
        "real: 1.0 is not below 1 once rounded to a multiplier"
    );
    assert_eq!(
        message(relu_table(f64::from(1 << 24), [0, 0], Bounds::INT8)),
        "acc: -128 is outside -64..=63, where tflite_double is defined at multiplier 1073741824, shift 25"
    );
    assert_eq!(message(mean_factor([1.0, 1.0], 0)), "input: shape [0], expected at least one element");
}

#[test]
fn softmax_scales() {
    let error = |beta, scale| message(SoftmaxParameters::new(beta, scale));
    assert_eq!(error(0.0, 1.0), "real: 0.0 is not beta * scale * 2^26 above 1");
    assert_eq!(error(f32::NAN, 1.0), "real: NaN is not beta * scale * 2^26 above 1");
}
