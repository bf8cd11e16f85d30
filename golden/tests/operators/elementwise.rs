//! Sums, differences and products against their formulas, written out in i128.

use qrtl_golden::numerics::multiplier::quantize_multiplier;
use qrtl_golden::operators::{AddParameters, Array, Operand, XnnpackAdd, add, add_by_tables, mul, sub, xnnpack_add};
use qrtl_golden::{Bounds, MultiplierWidth, Requantization, Rule};
use qrtl_random::Random;

use crate::seeded::seeded;

fn vector(data: Vec<i32>) -> Array {
    Array::new("test", vec![data.len()], data).unwrap()
}

fn operand(array: &Array, zero_point: i32) -> Operand<'_> {
    Operand { array, zero_point }
}

/// Half up at 2^31, then half away from zero at 2^-shift.
fn tflite_double(x: i128, real: f64) -> i128 {
    let s = quantize_multiplier(real, MultiplierWidth::W32).unwrap();
    let high = ((x << s.left()) * i128::from(s.multiplier()) + (1 << 30)) >> 31;
    let half = (1 << s.right()) >> 1;
    high.signum() * ((high.abs() + half) >> s.right())
}

/// One pair, by the formula of TFLite.
fn expected(x: [i32; 2], z: [i32; 3], s: [f32; 3], left: u32, sign: i128, bounds: Bounds) -> i32 {
    let [sa, sb, so] = s.map(f64::from);
    let twice = 2.0 * sa.max(sb);
    let term = |i: usize, s: f64| tflite_double(i128::from(x[i] - z[i]) << left, s / twice);
    let sum = term(0, sa) + sign * term(1, sb);
    let y = tflite_double(sum, twice / ((1u64 << left) as f64 * so)) + i128::from(z[2]);
    y.clamp(bounds.min().into(), bounds.max().into()) as i32
}

/// A scale of 2^-8 to 2^-2.
fn scale(random: &mut Random) -> f32 {
    random.within(1 << 12, 1 << 18) as f32 / (1 << 20) as f32
}

#[test]
fn sums_and_differences_of_8_and_16_bits() {
    let mut random = seeded(6);
    for (left, bounds) in [(20, Bounds::INT8), (20, Bounds::UINT8), (15, Bounds::INT16)] {
        let (lo, hi) = (bounds.min().into(), bounds.max().into());
        for _ in 0..3000 {
            let s = [(); 3].map(|()| scale(&mut random));
            // Of int16 the zero point is 0.
            let z = [(); 3].map(|()| if left == 15 { 0 } else { random.corner(lo, hi) as i32 });
            let [a, b] = [(); 2].map(|()| (0..40).map(|_| random.corner(lo, hi) as i32).collect::<Vec<_>>());
            let p = AddParameters::new(left, s, z[2].into(), bounds).unwrap();
            let (x, y) = (vector(a.clone()), vector(b.clone()));
            let got = add(operand(&x, z[0]), operand(&y, z[1]), &p).unwrap();
            let diff = sub(operand(&x, z[0]), operand(&y, z[1]), &p).unwrap();
            for i in 0..40 {
                assert_eq!(got.data()[i], expected([a[i], b[i]], z, s, left, 1, bounds), "{s:?} {z:?}");
                assert_eq!(diff.data()[i], expected([a[i], b[i]], z, s, left, -1, bounds), "{s:?} {z:?}");
            }
        }
    }
}

/// The terms of a sum, for each element of either operand.
#[test]
fn terms_of_a_sum() {
    let scales = [0.1f32, 0.04, 0.3];
    let p = AddParameters::new(20, scales, 0, Bounds::INT8).unwrap();
    let twice = 2.0 * f64::from(scales[0]);
    for x in -255..=255 {
        let term = |s: f32| tflite_double(i128::from(x) << 20, f64::from(s) / twice) as i32;
        assert_eq!(p.scaled([x, x]).unwrap(), [term(scales[0]), term(scales[1])], "{x}");
    }
}

/// The terms of all operands in tables give the same sums.
#[test]
fn sums_by_tables() {
    let mut random = seeded(12);
    let all: Vec<i32> = (-128..=127).collect();
    for _ in 0..200 {
        let z = [(); 3].map(|()| random.corner(-128, 127) as i32);
        let p = AddParameters::new(20, [(); 3].map(|()| scale(&mut random)), z[2].into(), Bounds::INT8).unwrap();
        let terms = |of: usize| std::array::from_fn(|i| p.scaled([i as i64 - 128 - i64::from(z[of]); 2]).unwrap()[of]);
        let (a, b) = (vector(all.clone()), vector(all.iter().map(|_| random.corner(-128, 127) as i32).collect()));
        let by_tables = |subtract| add_by_tables([&a, &b], [&terms(0), &terms(1)], &p.output(), subtract).unwrap();
        assert_eq!(by_tables(false), add(operand(&a, z[0]), operand(&b, z[1]), &p).unwrap());
        assert_eq!(by_tables(true), sub(operand(&a, z[0]), operand(&b, z[1]), &p).unwrap());
    }
    let (beyond, terms) = (vector(vec![0, 128]), [0; 256]);
    let p = AddParameters::new(20, [1.0; 3], 0, Bounds::INT8).unwrap();
    let error = add_by_tables([&beyond, &beyond], [&terms; 2], &p.output(), false).unwrap_err();
    assert_eq!(error.to_string(), "element [1]: operand: 128 is outside -128..=127");
}

/// -2.5 becomes -3 in TFLite, -2 in XNNPACK.
#[test]
fn a_tie() {
    let (a, b) = (vector(vec![-3]), vector(vec![-2]));
    let tflite = AddParameters::new(20, [1.0, 1.0, 2.0], 0, Bounds::INT8).unwrap();
    assert_eq!(add(operand(&a, 0), operand(&b, 0), &tflite).unwrap().data(), [-3]);
    let xnnpack = XnnpackAdd::new([1.0, 1.0, 2.0], false, 0, Bounds::INT8).unwrap();
    assert_eq!(xnnpack_add(operand(&a, 0), operand(&b, 0), &xnnpack).unwrap().data(), [-2]);
}

#[test]
fn xnnpack_sums() {
    let mut random = seeded(7);
    for _ in 0..20_000 {
        let s = [(); 3].map(|()| scale(&mut random));
        let [x, y, za, zb, zo] = [(); 5].map(|()| random.corner(-128, 127) as i32);
        let subtract = random.one_in(2);
        let (ra, rb) = (s[0] / s[2], s[1] / s[2]);
        // log2 by counting, not by bits.
        let shift = (0..40).find(|&n| f64::from(ra.max(rb)) * f64::from(1u32 << n) >= f64::from(1 << 20)).unwrap();
        let factor = |r: f32| (f64::from(r) * f64::from(1u32 << shift)).round_ties_even() as i128;
        let sign = if subtract { -1 } else { 1 };
        let sum = i128::from(x - za) * factor(ra) + sign * i128::from(y - zb) * factor(rb);
        let exact = (2 * sum + (1 << shift)).div_euclid(2 << shift) + i128::from(zo);
        let p = XnnpackAdd::new(s, subtract, zo, Bounds::INT8).unwrap();
        let got = xnnpack_add(operand(&vector(vec![x]), za), operand(&vector(vec![y]), zb), &p).unwrap();
        assert_eq!(i128::from(got.data()[0]), exact.clamp(-128, 127), "{s:?}");
    }
}

#[test]
fn products() {
    let mut random = seeded(8);
    for _ in 0..20_000 {
        let s = [(); 3].map(|()| f64::from(scale(&mut random)));
        let [x, y, za, zb, zo] = [(); 5].map(|()| random.corner(-128, 127) as i32);
        let real = s[0] * s[1] / s[2];
        let factor = quantize_multiplier(real, MultiplierWidth::W32).unwrap();
        let r = Requantization::new(Rule::TfliteDouble, factor, zo.into(), Bounds::INT8).unwrap();
        let got = mul(operand(&vector(vec![x]), za), operand(&vector(vec![y]), zb), &r).unwrap();
        let exact = tflite_double(i128::from(x - za) * i128::from(y - zb), real) + i128::from(zo);
        assert_eq!(i128::from(got.data()[0]), exact.clamp(-128, 127), "{s:?}");
    }
}

/// Which elements meet, in all shapes of up to 3 dimensions of which some repeat.
#[test]
fn shapes_that_repeat() {
    let mut random = seeded(9);
    // Factors of 1/2, 1/2 and 2: the sum of small integers comes out exact.
    let p = AddParameters::new(15, [1.0, 1.0, 1.0], 0, Bounds::INT16).unwrap();
    for _ in 0..2000 {
        let full: Vec<usize> = (0..3).map(|_| random.within(1, 4) as usize).collect();
        let mut shape = || -> Vec<usize> {
            let own = full.iter().map(|&n| if random.one_in(3) { 1 } else { n }).collect::<Vec<_>>();
            own[random.within(0, 2) as usize..].to_vec()
        };
        let (sa, sb) = (shape(), shape());
        let fill = |shape: &[usize], by: i32| {
            let data = (0..shape.iter().product::<usize>() as i32).map(|i| i * by).collect();
            Array::new("test", shape.to_vec(), data).unwrap()
        };
        let (a, b) = (fill(&sa, 1), fill(&sb, 100));
        let got = add(operand(&a, 0), operand(&b, 0), &p).unwrap();
        let rank = sa.len().max(sb.len());
        let size = |s: &[usize], i: usize| (i + s.len()).checked_sub(rank).map_or(1, |i| s[i]);
        let out: Vec<usize> = (0..rank).map(|i| size(&sa, i).max(size(&sb, i))).collect();
        assert_eq!(got.shape(), out);
        for (flat, &y) in got.data().iter().enumerate() {
            let index = |i: usize| flat / out[i + 1..].iter().product::<usize>() % out[i];
            let own = |s: &[usize]| (0..rank).fold(0, |f, i| f * size(s, i) + index(i) % size(s, i)) as i32;
            assert_eq!(y, own(&sa) + 100 * own(&sb), "{sa:?} {sb:?}");
        }
    }
}
