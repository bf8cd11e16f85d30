//! Quantize and dequantize, against exact rationals: every rounding where it was made to meet ties, and float32's own.

use Rounding::{HalfAway, HalfEven, ReciprocalHalfEven};
use num_bigint::BigInt;
use num_rational::BigRational;
use num_traits::{Signed, ToPrimitive, Zero};
use qrtl_golden::quantization::{Parameters, Rounding, dequantize, quantize};
use qrtl_golden::{Bounds, Error};

use crate::exact::{integer, power, quantized};
use crate::seeded::seeded;

fn exact(x: f32) -> BigRational {
    BigRational::from_float(x).unwrap()
}

/// Nearest integer, and whether two were.
fn nearest(q: &BigRational, even: bool) -> (BigInt, bool) {
    let (below, above) = (q.floor().to_integer(), q.ceil().to_integer());
    let twice = (q - q.floor()) * integer(2);
    if twice != integer(1) {
        return (if twice < integer(1) { below } else { above }, false);
    }
    let two = BigInt::from(2);
    let chosen = match even {
        true if (&below % &two).is_zero() => below,
        true => above,
        false if q.is_negative() => below,
        false => above,
    };
    (chosen, true)
}

/// The normal float32 nearest to `q`: 24 bits, ties to even.
fn float32(q: &BigRational) -> BigRational {
    if q.is_zero() {
        return q.clone();
    }
    let mut e = q.numer().bits() as i32 - q.denom().bits() as i32;
    if q.abs() < power(e) {
        e -= 1;
    }
    assert!(power(e) <= q.abs() && q.abs() < power(e + 1) && e >= -126, "{q}");
    BigRational::from_integer(nearest(&(q * power(23 - e)), true).0) * power(e - 23)
}

/// The definition, and whether it met a tie.
fn oracle(x: f32, p: &Parameters, rounding: Rounding) -> (i64, bool) {
    let (x, scale) = (exact(x), exact(p.scale()));
    let quotient = match rounding {
        HalfEven | HalfAway => float32(&(x / scale)),
        ReciprocalHalfEven => float32(&(x * float32(&scale.recip()))),
    };
    let (steps, tie) = nearest(&quotient, rounding != HalfAway);
    (quantized(&steps, p.zero_point().into(), p.integers()), tie)
}

#[track_caller]
fn says<T: std::fmt::Debug>(result: Result<T, Error>, text: &str) {
    assert_eq!(result.unwrap_err().to_string(), text);
}

/// By hand: ties, the clamp, and where dividing and multiplying by the reciprocal part.
#[test]
fn by_hand() {
    let p = |scale, zero_point, integers| Parameters::new(scale, zero_point, integers).unwrap();
    let all = |x, p: &Parameters| Rounding::ALL.map(|rounding| quantize(x, p, rounding).unwrap());
    let unit = p(1.0, 0, Bounds::INT8);
    assert_eq!(all(0.5, &unit), [0, 1, 0]);
    assert_eq!(all(-2.5, &unit), [-2, -3, -2]);
    assert_eq!(all(1.5, &p(1.0, 1, Bounds::INT8)), [3; 3]);
    assert_eq!(all(0.5, &p(1.0, 1, Bounds::INT8)), [1, 2, 1]);
    assert_eq!(all(300.0, &unit), [127; 3]);
    assert_eq!(all(-300.0, &unit), [-128; 3]);
    assert_eq!(all(f32::INFINITY, &unit), [127; 3]);
    assert_eq!(all(f32::NEG_INFINITY, &p(1.0, 5, Bounds::UINT8)), [0; 3]);
    assert_eq!(all(f32::MAX, &p(f32::MIN_POSITIVE, -128, Bounds::INT8)), [127; 3]);
    for (rounding, sign) in Rounding::ALL.into_iter().flat_map(|r| [(r, 1.0f32), (r, -1.0)]) {
        says(quantize(f32::NAN.copysign(sign), &unit, rounding), "x: NaN is not a number");
    }
    assert_eq!(dequantize(-128, &p(0.5, 127, Bounds::INT8)), -127.5);
    assert_eq!(dequantize(i32::MIN, &p(0.5, 0, Bounds::INT32)), -(2f32.powi(30)));
}

/// `x` is an odd number of half steps: the quotient is a tie, and exact, as it has few bits.
#[test]
fn ties() {
    let mut random = seeded(2026);
    let mut met = [0; 3];
    for _ in 0..40_000 {
        let scale = (random.between(0, 127) * 2 + 1) as f32 * 2f32.powi(random.between(-24, 8) as i32);
        let x = (random.between(-300, 300) * 2 + 1) as f32 / 2.0 * scale;
        let p = Parameters::new(scale, random.between(-128, 127), Bounds::INT8).unwrap();
        for (count, rounding) in met.iter_mut().zip(Rounding::ALL) {
            let (expected, tie) = oracle(x, &p, rounding);
            assert_eq!(i64::from(quantize(x, &p, rounding).unwrap()), expected, "{x} / {scale}, {rounding}");
            *count += usize::from(tie);
        }
    }
    assert_eq!(met[..2], [40_000; 2]);
    // The reciprocal of an odd number is rounded: some of the ties are gone.
    assert!((5_000..35_000).contains(&met[2]), "{met:?}");
}

/// Any scale, and numbers near ties, where float32's quotient is rounded onto them.
#[test]
fn any_scale() {
    let mut random = seeded(2026);
    let (mut parted, mut ties) = (0, 0);
    for _ in 0..40_000 {
        let scale = random.between(1 << 23, (1 << 24) - 1) as f32 * 2f32.powi(random.between(-40, -10) as i32);
        let half = (random.between(-300, 300) * 2 + 1) as f32 / 2.0;
        let near = half * scale;
        let x = f32::from_bits((near.to_bits() as i64 + random.between(-2, 2)) as u32);
        let p = Parameters::new(scale, random.between(-128, 127), Bounds::INT8).unwrap();
        let got = Rounding::ALL.map(|rounding| {
            let (expected, tie) = oracle(x, &p, rounding);
            let got = quantize(x, &p, rounding).unwrap();
            assert_eq!(i64::from(got), expected, "{x} / {scale}, {rounding}");
            ties += usize::from(tie);
            got
        });
        parted += usize::from(got[0] != got[2]);
    }
    assert!(ties > 10_000 && parted > 500, "{ties} ties, division and reciprocal part {parted} times");
}

/// `float32(q - zero_point) * scale`, every rounding of it.
#[test]
fn back() {
    let mut random = seeded(2026);
    for _ in 0..40_000 {
        let scale = random.between(1 << 23, (1 << 24) - 1) as f32 * 2f32.powi(random.between(-40, 0) as i32);
        let integers = random.pick(&[Bounds::INT4, Bounds::INT8, Bounds::UINT8, Bounds::INT16, Bounds::INT32]);
        let mut any = || random.between(integers.min(), integers.max());
        let (q, p) = (any() as i32, Parameters::new(scale, any(), integers).unwrap());
        let steps = float32(&(integer(q.into()) - integer(p.zero_point().into())));
        let expected = float32(&(steps * exact(scale)));
        assert_eq!(exact(dequantize(q, &p)), expected, "{q}, {p:?}, {}", expected.to_f64().unwrap());
    }
}

/// Requests use the same names.
#[test]
fn names() {
    assert_eq!(Rounding::ALL.map(|r| r.to_string()), ["half_even", "half_away", "reciprocal_half_even"]);
    for rounding in Rounding::ALL {
        assert_eq!(rounding.to_string().parse(), Ok(rounding));
        assert_eq!(serde_json::to_value(rounding).unwrap(), rounding.name());
        assert_eq!(serde_json::from_value::<Rounding>(rounding.name().into()).unwrap(), rounding);
    }
    says("round".parse::<Rounding>(), "rounding: round is none of half_even, half_away, reciprocal_half_even");
}
