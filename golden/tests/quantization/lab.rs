//! The formulas of the lab report from which this project grew, as it prints them, beside what golden makes of them. They
//! round and clamp nothing but where they say so, and their zero points need not be integers.

use qrtl_golden::Bounds;
use qrtl_golden::quantization::linear::linear;
use qrtl_golden::quantization::{FloatMatrix, Format, Parameters, Rounding, Symmetry, dequantize, quantize};

use crate::seeded::seeded;

/// `scale = (fp_max - fp_min) / (q_max - q_min)`, `zero_point = q_min - fp_min / scale`.
fn scale_zero_point([fp_min, fp_max]: [f64; 2], [q_min, q_max]: [f64; 2]) -> (f64, f64) {
    let scale = (fp_max - fp_min) / (q_max - q_min);
    (scale, q_min - fp_min / scale)
}

/// -1..3 over 255 steps: 4/255, and 1 is 63.75 of them above the least integer. golden rounds the zero point.
#[test]
fn scale_and_zero_point() {
    assert_eq!(scale_zero_point([-1.0, 3.0], [-128.0, 127.0]), (4.0 / 255.0, -64.25));
    assert_eq!(scale_zero_point([-1.0, 3.0], [0.0, 255.0]), (4.0 / 255.0, 63.75));
    for (integers, zero_point) in [(Bounds::INT8, -64), (Bounds::UINT8, 64)] {
        let format = Format { integers, symmetry: Symmetry::Asymmetric };
        let golden = Parameters::from_range(-1.0, 3.0, format).unwrap();
        assert_eq!((golden.scale(), golden.zero_point()), (4.0 / 255.0, zero_point));
    }
    // Without 0.0 in the range its integer lies outside, which golden does not allow: the range becomes 0..4.
    assert_eq!(scale_zero_point([2.0, 4.0], [-8.0, 7.0]), (2.0 / 15.0, -23.0));
    let format = Format { integers: Bounds::INT4, symmetry: Symmetry::Asymmetric };
    let golden = Parameters::from_range(2.0, 4.0, format).unwrap();
    assert_eq!((golden.scale(), golden.zero_point()), (4.0 / 15.0, -8));
}

/// `torch.round(x / scale) + zero_point`, in float32.
fn torch_quantize(x: f32, scale: f32, zero_point: f32) -> f32 {
    (x / scale).round_ties_even() + zero_point
}

/// What torch.round gave (torch 2.6.0) is golden's `half_even`, but for the clamp.
#[test]
fn quantized() {
    let int8 = Parameters::new(1.0, 0, Bounds::INT8).unwrap();
    let halves = [-2.5, -1.5, -0.5, 0.5, 1.5, 2.5];
    assert_eq!(halves.map(|x| torch_quantize(x, 1.0, 0.0)), [-2.0, -2.0, -0.0, 0.0, 2.0, 2.0]);
    assert_eq!(halves.map(|x| quantize(x, &int8, Rounding::HalfEven).unwrap()), [-2, -2, 0, 0, 2, 2]);
    assert_eq!(torch_quantize(300.0, 1.0, 0.0), 300.0);
    assert_eq!(quantize(300.0, &int8, Rounding::HalfEven), Ok(127));
    // The zero point is added after the rounding: within it, 1.5 would give 2.
    assert_eq!(torch_quantize(0.5, 1.0, 1.0), 1.0);
    let one = Parameters::new(1.0, 1, Bounds::INT8).unwrap();
    assert_eq!(quantize(0.5, &one, Rounding::HalfEven), Ok(1));
}

/// Zero points and multiplier of a layer; the multiplier is `scale_x * scale_w / scale_out`.
struct Layer {
    zero_x: f64,
    zero_w: f64,
    zero_out: f64,
    multiplier: f64,
}

impl Layer {
    /// `linear(x - zero_x, w - zero_w) * multiplier + zero_out` of quantized values, `x` batch x K and `w` N x K; for each
    /// of the batch, N values before rounding.
    fn outputs(&self, x: &FloatMatrix, w: &FloatMatrix) -> Vec<f64> {
        let output = |m: usize, n: usize| {
            let terms = x.row(m).iter().zip(w.row(n));
            let sum: f64 = terms.map(|(x, w)| (f64::from(*x) - self.zero_x) * (f64::from(*w) - self.zero_w)).sum();
            sum * self.multiplier + self.zero_out
        };
        (0..x.rows() * w.rows()).map(|i| output(i / w.rows(), i % w.rows())).collect()
    }
}

/// ((10 - 2)(3 - 1) + (20 - 2)(4 - 1)) / 2 + 7 = 42; with a zero point of 1.5,
/// ((10 - 2) 1.5 + (20 - 2) 2.5) / 2 + 7.
#[test]
fn layer_by_hand() {
    let row = |data: [f32; 2]| FloatMatrix::new("m", 1, 2, data.to_vec()).unwrap();
    let (x, w) = (row([10.0, 20.0]), row([3.0, 4.0]));
    let layer = Layer { zero_x: 2.0, zero_w: 1.0, zero_out: 7.0, multiplier: 0.5 };
    assert_eq!(layer.outputs(&x, &w), [42.0]);
    assert_eq!(Layer { zero_w: 1.5, ..layer }.outputs(&x, &w), [35.5]);
}

/// The lab's layer stands for golden's float layer of what its integers stand for:
/// `so (y - zo) = sum sx (x - zx) sw (w - zw)`.
#[test]
fn layer_of_floats() {
    let mut random = seeded(2026);
    let parameters = |scale, zero| Parameters::new(scale, zero, Bounds::UINT8).unwrap();
    let (px, pw, scale_out, zero_out) = (parameters(0.03, 117), parameters(0.007, 140), 0.11, 131.0);
    let mut integers = |rows| {
        let data: Vec<f32> = (0..rows * 50).map(|_| random.between(0, 255) as f32).collect();
        FloatMatrix::new("q", rows, 50, data).unwrap()
    };
    let (x, w) = (integers(4), integers(3));
    let real = |q: &FloatMatrix, p| {
        let data = q.data().iter().map(|q| dequantize(*q as i32, p)).collect();
        FloatMatrix::new("real", q.rows(), q.cols(), data).unwrap()
    };
    let multiplier = f64::from(px.scale()) * f64::from(pw.scale()) / scale_out;
    let lab = Layer { zero_x: 117.0, zero_w: 140.0, zero_out, multiplier }.outputs(&x, &w);
    let float = linear(&real(&x, &px), &real(&w, &pw), &[0.0; 3]).unwrap();
    assert_eq!(lab.len(), float.data().len());
    for (lab, float) in lab.iter().zip(float.data()) {
        let stands_for = scale_out * (lab - zero_out);
        // 50 terms of less than 5.5 each, rounded to float32 two at a time; and the result.
        assert!((stands_for - f64::from(*float)).abs() < 50.0 * 5.5 * 3.0 * 2f64.powi(-24), "{stands_for}, {float}");
    }
}
