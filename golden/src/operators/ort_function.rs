//! Functions of one float between two quantizations, as ONNX Runtime computes them.

use super::ort_add::clamped;
use crate::Bounds;
use crate::graph::Quantized;

/// A function of one `f32`. Each operation is rounded to an `f32`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Function {
    /// `max(x, 0)`
    Relu,
    /// `min(max(x, least), greatest)`
    Clip {
        /// the lower bound
        least: f32,
        /// the upper bound
        greatest: f32,
    },
    /// `x` where it is not negative, else its product by this slope
    LeakyRelu(f32),
    /// the logistic function by a rational polynomial
    Sigmoid,
}

impl Function {
    /// Its value.
    pub fn apply(self, x: f32) -> f32 {
        match self {
            Function::Relu => x.max(0.0),
            Function::Clip { least, greatest } => x.max(least).min(greatest),
            Function::LeakyRelu(slope) => {
                if x >= 0.0 {
                    x
                } else {
                    x * slope
                }
            }
            Function::Sigmoid => ort_sigmoid(x),
        }
    }
}

/// `1 / (1 + exp(-x))` by MLAS's rational polynomial (ONNX Runtime 1.32.0, mlas `logistic.cpp`): `x P(x^2) / Q(x^2) + 1/2`
/// for `x` within -18..18. Each step of Horner's scheme is a fused multiplication and addition.
pub fn ort_sigmoid(x: f32) -> f32 {
    /// The highest power first, with the digits of the source.
    #[expect(clippy::excessive_precision, reason = "the literals of the source")]
    const NUMERATOR: [f32; 5] =
        [4.37031012579801e-11, 1.15627324459942e-07, 6.08574864600143e-05, 8.51377133304701e-03, 2.48287947061529e-01];
    #[expect(clippy::excessive_precision, reason = "the literals of the source")]
    const DENOMINATOR: [f32; 6] = [
        6.10247389755681e-13,
        5.76102136993427e-09,
        6.29106785017040e-06,
        1.70198817374094e-03,
        1.16817656904453e-01,
        9.93151921023180e-01,
    ];
    let x = x.clamp(-18.0, 18.0);
    let square = x * x;
    let polynomial = |coefficients: &[f32]| coefficients.iter().fold(0.0, |sum: f32, &c| sum.mul_add(square, c));
    x * polynomial(&NUMERATOR) / polynomial(&DENOMINATOR) + 0.5
}

/// `clamp(rne(x / s) + z)`, the quotient in `f32`.
pub fn ort_quantize(x: f32, q: Quantized, bounds: Bounds) -> i32 {
    let steps = i64::from(clamped(x / q.scale, Bounds::INT32));
    // Bounds of an output are i32.
    (steps + i64::from(q.zero_point)).clamp(bounds.min(), bounds.max()) as i32
}

/// The output of each 8-bit input from `least` on, of functions between the quantizations of input and output.
pub fn ort_table(least: i32, input: Quantized, functions: &[Function], output: Quantized, bounds: Bounds) -> Vec<i32> {
    let entry = |x: i32| {
        let real = (x - input.zero_point) as f32 * input.scale;
        ort_quantize(functions.iter().fold(real, |x, f| f.apply(x)), output, bounds)
    };
    (least..least + 256).map(entry).collect()
}
