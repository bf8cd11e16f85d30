//! Scale and zero point: the lab's figure worked by hand, and what a usable pair adds.

use num_bigint::BigInt;
use num_rational::BigRational;
use qrtl_golden::quantization::parameters::{signed, unsigned};
use qrtl_golden::quantization::{Format, Parameters, Rounding, Symmetry, dequantize, quantize};
use qrtl_golden::{Bounds, Error};
use qrtl_random::Random;

use crate::exact::{integer, power};
use crate::seeded::seeded;

const SYMMETRIES: [Symmetry; 3] = [Symmetry::Asymmetric, Symmetry::Symmetric, Symmetry::SymmetricNarrow];

#[track_caller]
fn says<T: std::fmt::Debug>(result: Result<T, Error>, text: &str) {
    assert_eq!(result.unwrap_err().to_string(), text);
}

fn of(min: f32, max: f32, symmetry: Symmetry, integers: Bounds) -> (f32, i32, (i64, i64)) {
    let p = Parameters::from_range(min, max, Format { integers, symmetry }).unwrap();
    (p.scale(), p.zero_point(), (p.integers().min(), p.integers().max()))
}

fn exact(x: f32) -> BigRational {
    BigRational::from_float(x).unwrap()
}

/// -1..3, in each manner.
#[test]
fn symmetries() {
    use Symmetry::{Asymmetric, Symmetric, SymmetricNarrow};
    let (all, narrow) = ((-128, 127), (-127, 127));
    assert_eq!(of(-1.0, 3.0, Asymmetric, Bounds::INT8), ((4.0 / 255.0), -64, all));
    assert_eq!(of(-1.0, 3.0, Asymmetric, Bounds::UINT8), ((4.0 / 255.0), 64, (0, 255)));
    assert_eq!(of(-1.0, 3.0, Symmetric, Bounds::INT8), ((3.0 / 127.5), 0, all));
    assert_eq!(of(-1.0, 3.0, SymmetricNarrow, Bounds::INT8), ((3.0 / 127.0), 0, narrow));
    assert_eq!(of(-3.0, 1.0, SymmetricNarrow, Bounds::INT8), ((3.0 / 127.0), 0, narrow));
    assert_eq!(of(-1.0, 3.0, Symmetric, Bounds::UINT8), ((3.0 / 127.5), 128, (0, 255)));
    assert_eq!(of(-1.0, 3.0, SymmetricNarrow, Bounds::UINT8), ((3.0 / 127.0), 128, (1, 255)));
    assert_eq!(of(-1.0, 3.0, Asymmetric, Bounds::INT4), ((4.0 / 15.0), -4, (-8, 7)));
    assert_eq!(of(-1.0, 3.0, SymmetricNarrow, Bounds::INT4), ((3.0 / 7.0), 0, (-7, 7)));
    assert_eq!(of(-1.0, 3.0, SymmetricNarrow, signed(2).unwrap()), (3.0, 0, (-1, 1)));
    assert_eq!(of(-1.0, 3.0, SymmetricNarrow, Bounds::INT16), ((3.0 / 32767.0), 0, (-32767, 32767)));
    // Already without its least integer.
    assert_eq!(of(-1.0, 3.0, Symmetric, Bounds::new(-127, 127).unwrap()), ((3.0 / 127.0), 0, narrow));
}

/// A range without 0.0 is widened to it; a constant is a range from 0.0; zeros have none.
#[test]
fn ranges_on_one_side() {
    let int8 = |min, max| of(min, max, Symmetry::Asymmetric, Bounds::INT8);
    let all = (-128, 127);
    assert_eq!(int8(2.0, 6.0), (6.0 / 255.0, -128, all));
    assert_eq!(int8(-6.0, -2.0), (6.0 / 255.0, 127, all));
    assert_eq!(int8(5.0, 5.0), (5.0 / 255.0, -128, all));
    assert_eq!(int8(-5.0, -5.0), (5.0 / 255.0, 127, all));
    assert_eq!(int8(0.0, 0.0), (1.0, 0, all));
    assert_eq!(int8(-0.0, 0.0), (1.0, 0, all));
    assert_eq!(of(0.0, 0.0, Symmetry::Asymmetric, Bounds::new(5, 9).unwrap()), (1.0, 5, (5, 9)));
    assert_eq!(of(0.0, 0.0, Symmetry::Symmetric, Bounds::UINT8), (1.0, 128, (0, 255)));
    // Too small for a normal scale.
    assert_eq!(int8(0.0, 1e-44), (f32::MIN_POSITIVE, -128, all));
    assert_eq!(int8(f32::MIN, f32::MAX).2, all);
}

#[test]
fn words() {
    let from = |min, max, integers| Parameters::from_range(min, max, Format { integers, ..Format::INT8_ACTIVATION });
    says(from(f32::NAN, 1.0, Bounds::INT8), "fp_min: NaN is not finite");
    says(from(0.0, f32::NAN, Bounds::INT8), "fp_max: NaN is not finite");
    says(from(f32::NEG_INFINITY, 1.0, Bounds::INT8), "fp_min: -inf is not finite");
    says(from(1.0, -1.0, Bounds::INT8), "fp_min: 1.0 is not at most fp_max, -1.0");
    says(from(0.0, 1.0, Bounds::new(3, 3).unwrap()), "q_max: 3 is outside 4..=9223372036854775807");
    says(from(0.0, 1.0, Bounds::signed(48)), "q_min: -140737488355328 is outside -2147483648..=2147483647");
    says(from(f32::MIN, f32::MAX, Bounds::new(0, 1).unwrap()), "scale: inf is not a normal float32 above 0");
    let new = |scale, zero_point| Parameters::new(scale, zero_point, Bounds::INT8);
    says(new(0.0, 0), "scale: 0.0 is not a normal float32 above 0");
    says(new(-1.0, 0), "scale: -1.0 is not a normal float32 above 0");
    says(new(f32::NAN, 0), "scale: NaN is not a normal float32 above 0");
    says(new(f32::from_bits(1), 0), "scale: 1.401298464324817e-45 is not a normal float32 above 0");
    says(new(1.0, 128), "zero_point: 128 is outside -128..=127");
    says(signed(1), "bits: 1 is outside 2..=16");
    says(signed(17), "bits: 17 is outside 2..=16");
    says(unsigned(0), "bits: 0 is outside 2..=16");
}

#[test]
fn bit_widths() {
    assert_eq!([signed(4), signed(8), signed(16)], [Ok(Bounds::INT4), Ok(Bounds::INT8), Ok(Bounds::INT16)]);
    assert_eq!(unsigned(8), Ok(Bounds::UINT8));
    assert_eq!((signed(2), unsigned(2)), (Bounds::new(-2, 1), Bounds::new(0, 3)));
}

/// A range, its ends of any size, and a format.
fn random_case(random: &mut Random) -> (f32, f32, Format) {
    let end = |random: &mut Random| {
        let unit = random.between(-(1 << 24), 1 << 24) as f32 / (1 << 24) as f32;
        unit * 2f32.powi(random.between(-20, 20) as i32)
    };
    let (a, b) = (end(random), end(random));
    let bits = random.between(2, 16) as u32;
    let integers = if random.bits() & 1 == 0 { signed(bits) } else { unsigned(bits) }.unwrap();
    (a.min(b), a.max(b), Format { integers, symmetry: random.pick(&SYMMETRIES) })
}

/// 0.0 has an integer, which is 0.0 again. Padding and ReLU depend on it.
#[test]
fn zero_is_exact() {
    let mut random = seeded(2026);
    for _ in 0..20_000 {
        let (min, max, format) = random_case(&mut random);
        let p = Parameters::from_range(min, max, format).unwrap();
        for (rounding, zero) in Rounding::ALL.into_iter().flat_map(|r| [(r, 0.0), (r, -0.0)]) {
            let q = quantize(zero, &p, rounding).unwrap();
            assert_eq!((q, dequantize(q, &p)), (p.zero_point(), 0.0), "{min}..{max}, {format:?}");
        }
    }
}

/// Every number of the range comes back with an error of half a step at most.
///
/// Rounding to the nearest integer errs by 1/2. A number beyond the integers' ends is clamped: the zero point was
/// rounded by 1/2 at most, so that the ends moved by no more than half a step. Added to that are float32's own
/// roundings, each 2^-24 of at most the width of the range: the quotient (two, with a reciprocal), the scale (times
/// the steps), the product.
#[test]
fn half_a_step() {
    let mut random = seeded(2026);
    let mut closest = 0.0f64;
    for _ in 0..20_000 {
        let (min, max, format) = random_case(&mut random);
        let p = Parameters::from_range(min, max, format).unwrap();
        let at = random.between(0, 1000) as f32 / 1000.0;
        let x = (min + (max - min) * at).clamp(min, max);
        let rounding = random.pick(&Rounding::ALL);
        let y = dequantize(quantize(x, &p, rounding).unwrap(), &p);
        let step = exact(p.scale());
        let width = exact(max.max(0.0)) - exact(min.min(0.0)) + &step;
        let limit = &step / integer(2) + width * integer(5) * power(-24);
        let error = exact(x) - exact(y);
        assert!(error <= limit && -&error <= limit, "{x} in {min}..{max}, {format:?}, {rounding}: {y}");
        closest = closest.max((f64::from(x) - f64::from(y)).abs() / f64::from(p.scale()));
    }
    assert!(closest > 0.49, "no error comes near half a step: {closest}");
}

/// With a scale that is a power of two float32 rounds nothing, and half a step is the whole of it.
#[test]
fn half_a_step_exactly() {
    let mut random = seeded(2026);
    let mut ties = 0;
    for _ in 0..20_000 {
        let bits = random.between(2, 16) as u32;
        let integers = signed(bits).unwrap();
        let below = random.between(0, (1 << bits) - 1);
        let scale = 2f32.powi(random.between(-20, 20) as i32);
        let (min, max) = (-below as f32 * scale, ((1 << bits) - 1 - below) as f32 * scale);
        let p = Parameters::from_range(min, max, Format { integers, symmetry: Symmetry::Asymmetric }).unwrap();
        assert_eq!((p.scale(), i64::from(p.zero_point())), (scale, integers.min() + below));
        // 64 places within a step, so that one in 64 is a tie.
        let x = (random.between(-64 * below, 64 * ((1 << bits) - 1 - below)) as f32) / 64.0 * scale;
        let y = dequantize(quantize(x, &p, random.pick(&Rounding::ALL)).unwrap(), &p);
        let error = (exact(x) - exact(y)) / exact(scale) * integer(2);
        let one = BigRational::from_integer(BigInt::from(1));
        assert!(error <= one && -&error <= one, "{x} at {scale}: {y}");
        ties += usize::from(error == one || -error == one);
    }
    assert!(ties > 100, "{ties} ties");
}
