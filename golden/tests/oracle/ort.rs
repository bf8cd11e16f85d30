//! ONNX Runtime's formulas in floats against exact rationals, in which IEEE 754's roundings are done by the definition.
//! `QRTL_SEED=7` sets the seed.

use num_bigint::BigInt;
use num_rational::BigRational;
use num_traits::ToPrimitive;
use qrtl_golden::Bounds;
use qrtl_golden::gemm::Matrix;
use qrtl_golden::graph::Quantized;
use qrtl_golden::operators::{
    Array, Axis, InPairs, Innermost, Operand, OrtAdd, OrtAveragePool, OrtMul, ToFloat, Window, ort_average_pool,
    ort_quantize, ort_sigmoid,
};
use qrtl_random::Random;

use crate::exact::{integer, quantized};
use crate::real_rules::{F32, float};
use crate::rules::{Ties, nearest};
use crate::seeded::seeded;

const CASES: usize = 20_000;

fn exact(x: f32) -> BigRational {
    BigRational::from_float(x).unwrap()
}

/// The nearest `f32`.
fn f32(q: BigRational) -> BigRational {
    float(&q, F32)
}

/// `a b + c`, rounded once.
fn fma(a: &BigRational, b: &BigRational, c: &BigRational) -> BigRational {
    f32(a * b + c)
}

/// `rne(x)`, clamped; and whether there was a tie.
fn clipped(x: &BigRational, bounds: Bounds) -> (i64, bool) {
    let (steps, tie) = nearest(x, Ties::Even);
    (quantized(&steps.to_integer(), 0, bounds), tie)
}

/// A scale of any magnitude, a power of two three times in four so that ties occur.
fn scale(random: &mut Random) -> f32 {
    let bits = if random.bits().is_multiple_of(4) { 23 } else { 0 };
    let significand = random.between(1 << bits, (2 << bits) - 1) as f32;
    significand * 2.0f32.powi(random.between(-8, 2) as i32 - bits)
}

/// A type of 8 bits with one of its integers as zero point.
fn output(random: &mut Random) -> (Bounds, i32) {
    let bounds = if random.bits() & 1 == 0 { Bounds::INT8 } else { Bounds::UINT8 };
    (bounds, element(random, bounds))
}

fn element(random: &mut Random, bounds: Bounds) -> i32 {
    random.between(bounds.min(), bounds.max()) as i32
}

#[test]
fn sums() {
    let mut random = seeded(2101);
    let (mut ties, mut orders) = (0, 0);
    for _ in 0..CASES {
        let (scales, (bounds, zo)) = ([(); 3].map(|()| scale(&mut random)), output(&mut random));
        let [a, b, za, zb] = [(); 4].map(|()| element(&mut random, bounds));
        let [sa, sb, so] = scales.map(exact);
        let (ra, rb) = (f32(&sa / &so), f32(&sb / &so));
        let [x, y, zx, zy, zo_exact] = [a, b, za, zb, zo].map(|v| integer(v.into()));
        let k = f32(&zo_exact - fma(&ra, &zx, &f32(&rb * &zy)));
        let expected = [
            (Innermost::Pairs, fma(&x, &ra, &fma(&y, &rb, &k))),
            (Innermost::OneOfB, fma(&x, &ra, &f32(&k + f32(&y * &rb)))),
            (Innermost::OneOfA, fma(&y, &rb, &f32(&k + f32(&x * &ra)))),
        ]
        .map(|(innermost, sum)| {
            let (value, tie) = clipped(&sum, bounds);
            let add = OrtAdd::new(scales, [za, zb, zo], innermost, bounds).unwrap();
            let case = || format!("{innermost:?} {scales:?} {a} {b} {za} {zb} {zo} {bounds:?}");
            assert_eq!(i64::from(add.apply(a, b)), value, "{}", case());
            ties += usize::from(tie);
            value
        });
        orders += usize::from(expected.iter().any(|value| *value != expected[0]));
    }
    println!("{ties} ties, {orders} cases in which the three kernels differ");
    assert!(ties > CASES / 20, "{ties}");
}

#[test]
fn products() {
    let mut random = seeded(2102);
    let mut ties = 0;
    for _ in 0..CASES {
        let (scales, (bounds, zo)) = ([(); 3].map(|()| scale(&mut random)), output(&mut random));
        let [a, b, za, zb] = [(); 4].map(|()| element(&mut random, bounds));
        let [sa, sb, so] = scales.map(exact);
        let factor = f32(f32(sa * sb) / so);
        let product = f32(integer(i64::from(a - za) * i64::from(b - zb)));
        let (value, tie) = clipped(&f32(f32(product * factor) + integer(zo.into())), bounds);
        let mul = OrtMul::new(scales, [za, zb, zo], bounds).unwrap();
        assert_eq!(i64::from(mul.apply(a, b)), value, "{scales:?} {a} {b} {za} {zb} {zo} {bounds:?}");
        ties += usize::from(tie);
    }
    assert!(ties > CASES / 50, "{ties}");
}

#[test]
fn means() {
    let mut random = seeded(2103);
    let mut ties = 0;
    for _ in 0..CASES / 4 {
        let (scales, (bounds, zo)) = ([(); 2].map(|()| scale(&mut random)), output(&mut random));
        // Two times in three the count is a power of two.
        let count =
            if random.bits().is_multiple_of(3) { random.between(1, 9) } else { 1 << random.between(0, 3) } as usize;
        let padding = random.between(0, 2) as usize;
        let zx = element(&mut random, bounds);
        let xs: Vec<i32> = (0..count).map(|_| element(&mut random, bounds)).collect();
        let counts = random.bits() & 1 == 0;
        let [sx, sy] = scales.map(exact);
        let sum = xs.iter().fold(integer(0), |sum, &x| f32(sum + f32(&sx * integer((x - zx).into()))));
        let divisor = if counts { count + padding } else { count };
        let mean = f32(sum / integer(divisor as i64));
        let (value, tie) = clipped(&f32(f32(mean / sy) + integer(zo.into())), bounds);
        let axis = |after| Axis { stride: 1, dilation: 1, before: 0, after };
        let window = Window { rows: axis(0), cols: axis(padding) };
        let input = Array::new("input", vec![1, 1, count, 1], xs.clone()).unwrap();
        let parameters = OrtAveragePool::new(scales, zo, bounds, counts).unwrap();
        let operand = Operand { array: &input, zero_point: zx };
        let got = ort_average_pool(operand, [1, count + padding], &window, &parameters).unwrap();
        assert_eq!(i64::from(got.data()[0]), value, "{scales:?} {xs:?} {zx} {zo} {bounds:?} {counts}");
        ties += usize::from(tie);
    }
    assert!(ties > CASES / 200, "{ties}");
}

#[test]
fn quotients() {
    let mut random = seeded(2104);
    let mut ties = 0;
    for n in 0..CASES {
        let (s, (bounds, zero_point)) = (scale(&mut random), output(&mut random));
        let x = match n % 2 {
            0 => s * (random.between(-600, 600) as f32 / 2.0),
            _ => scale(&mut random) * random.sign() as f32,
        };
        let (steps, tie) = nearest(&f32(exact(x) / exact(s)), Ties::Even);
        let expected = quantized(&steps.to_integer(), zero_point.into(), bounds);
        assert_eq!(i64::from(ort_quantize(x, Quantized { scale: s, zero_point }, bounds)), expected, "{x} / {s}");
        ties += usize::from(tie);
    }
    assert!(ties > CASES / 8, "{ties}");
    let q = Quantized { scale: 1e-38, zero_point: 3 };
    assert_eq!([f32::MAX, f32::MIN].map(|x| ort_quantize(x, q, Bounds::UINT8)), [255, 0]);
}

/// Each step of the polynomials is one fused operation.
#[test]
fn sigmoids() {
    let mut random = seeded(2105);
    #[expect(clippy::excessive_precision, reason = "the literals of the source")]
    let [numerator, denominator]: [Vec<f32>; 2] = [
        vec![
            4.37031012579801e-11,
            1.15627324459942e-07,
            6.08574864600143e-05,
            8.51377133304701e-03,
            2.48287947061529e-01,
        ],
        vec![
            6.10247389755681e-13,
            5.76102136993427e-09,
            6.29106785017040e-06,
            1.70198817374094e-03,
            1.16817656904453e-01,
            9.93151921023180e-01,
        ],
    ];
    for _ in 0..CASES / 10 {
        let x = scale(&mut random) * 2.0 * random.sign() as f32;
        let clamped = exact(x.clamp(-18.0, 18.0));
        let square = f32(&clamped * &clamped);
        let horner = |coefficients: &[f32]| {
            let first = exact(coefficients[0]);
            coefficients[1..].iter().fold(first, |sum, &c| fma(&sum, &square, &exact(c)))
        };
        let quotient = f32(f32(&clamped * horner(&numerator)) / horner(&denominator));
        let half = BigRational::new(BigInt::from(1), BigInt::from(2));
        assert_eq!(ort_sigmoid(x), f32(quotient + half).to_f32().unwrap(), "{x}");
    }
}

#[test]
fn products_of_matrices_to_floats() {
    let mut random = seeded(2106);
    for _ in 0..CASES / 10 {
        let terms = random.between(1, 5) as usize;
        let xs: Vec<i32> = (0..terms).map(|_| random.between(0, 255) as i32).collect();
        let ws: Vec<i32> = (0..terms).map(|_| random.between(-255, 255) as i32).collect();
        let (zx, bias) = (random.between(0, 255) as i32, random.between(-(1 << 30), 1 << 30) as i32);
        let (factor, addend) = (scale(&mut random), scale(&mut random) * random.sign() as f32);
        let sum: i64 = xs.iter().zip(&ws).map(|(x, w)| i64::from((x - zx) * w)).sum::<i64>() + i64::from(bias);
        let expected = f32(f32(f32(integer(sum)) * exact(factor)) + exact(addend));
        let product = ToFloat {
            weights: Matrix::new("weights", 1, terms, ws).unwrap(),
            bias: vec![bias],
            input_zero_point: zx,
            factors: vec![factor],
            addends: vec![addend],
            pairs: None,
        };
        let got = product.run(&Matrix::new("input", 1, terms, xs).unwrap()).unwrap();
        assert_eq!(got, [expected.to_f32().unwrap()]);
    }
}

/// Where no pair saturates, sums in pairs are the exact ones; where one does, they differ by what is cut off.
#[test]
fn sums_in_pairs() {
    let mut random = seeded(2107);
    let mut saturated = 0;
    for _ in 0..CASES {
        let (zero_point, weight_zero_point) = (random.between(0, 255) as i32, random.between(-128, 127) as i32);
        let pairs: Vec<[i32; 4]> = (0..random.between(1, 3))
            .map(|_| [0, 1].map(|_| [random.between(0, 255), random.between(-128, 127)]).concat())
            .map(|v| [v[0], v[1], v[2], v[3]].map(|v| v as i32))
            .collect();
        let xs: Vec<i32> = pairs.iter().flat_map(|p| [p[0], p[2]]).collect();
        let ws: Vec<i32> = pairs.iter().flat_map(|p| [p[1] - weight_zero_point, p[3] - weight_zero_point]).collect();
        let exact: i128 = xs.iter().zip(&ws).map(|(x, w)| i128::from((x - zero_point) * w)).sum();
        let cut = |sum: i32| i128::from(sum - sum.clamp(i16::MIN.into(), i16::MAX.into()));
        let cut: i128 = pairs.iter().map(|[x0, w0, x1, w1]| cut(x0 * w0 + x1 * w1)).sum();
        assert_eq!(InPairs { weight_zero_point }.sum(&xs, zero_point, &ws), exact - cut);
        saturated += usize::from(cut != 0);
    }
    assert!(saturated > CASES / 20, "{saturated}");
}
