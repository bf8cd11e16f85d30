//! Products, saturation and matrix products against exact integers.

use num_bigint::BigInt;
use num_traits::ToPrimitive;
use qrtl_golden::gemm::{Matrix, Operand, fully_connected, gemm};
use qrtl_golden::numerics::fixed_point_multiplier::{signed, unsigned};
use qrtl_golden::numerics::saturator::saturate;
use qrtl_golden::{
    Bounds, Error, FixedMultiplier, MultiplierWidth, RealRequantization, RealRule, Requantization, Rule,
};
use qrtl_random::Random;

use crate::exact::{integer, power, quantized};
use crate::real_rules;
use crate::rules::{Ties, accepted, nearest, scaled};
use crate::seeded::seeded;

/// Bit `B-1` of the fraction and above, as the lab's Figure 4 draws it: of a product of `2B` bits, bits `B-1` to `2B-2`
/// are kept.
fn kept(a: u64, b: u64, bits: usize) -> u64 {
    let product = BigInt::from(a) * BigInt::from(b);
    (0..bits).map(|i| u64::from(product.bit((bits - 1 + i) as u64)) << i).sum()
}

#[test]
fn unsigned_products() {
    let mut random = seeded(2026);
    for width in MultiplierWidth::ALL {
        let (bits, top) = (width.bits() as usize, (1u64 << width.bits()) - 1);
        let check = |a, b| assert_eq!(unsigned(a, b, width), Ok(kept(a, b, bits)), "{a} * {b}, {bits} bits");
        let powers = (0..bits).map(|e| 1u64 << e);
        let corners: Vec<u64> =
            powers.flat_map(|p| [p - 1, p, p + 1]).filter(|&v| v <= top).chain([top, top - 1]).collect();
        for &a in &corners {
            corners.iter().for_each(|&b| check(a, b));
        }
        for _ in 0..100_000 {
            check(random.bits() & top, random.bits() & top);
        }
        for beyond in [top + 1, u64::MAX] {
            assert!(matches!(unsigned(beyond, 1, width), Err(Error::OutOfRange { what: "a", .. })));
            assert!(matches!(unsigned(1, beyond, width), Err(Error::OutOfRange { what: "b", .. })));
        }
    }
    // Exhaustive: all of 8 bits.
    for a in 0..256 {
        (0..256).for_each(|b| assert_eq!(unsigned(a, b, MultiplierWidth::W8), Ok(kept(a, b, 8))));
    }
    // The lab's example of wrapping: 1.5 * 1.5 = 2.25 keeps 0.25.
    assert_eq!(unsigned(0xc000, 0xc000, MultiplierWidth::W16), Ok(0x2000));
}

#[test]
fn signed_products() {
    let mut random = seeded(2026);
    for width in MultiplierWidth::ALL {
        let fraction = width.bits() as i32 - 1;
        for n in 0..50_000 {
            let odd = random.between(-(1 << 20), 1 << 20) | 1;
            let (acc, m) = match n % 3 {
                0 => (random.between(i32::MIN.into(), i32::MAX.into()), random.between(0, width.max())),
                1 => (random.magnitude(31) * random.sign(), random.pick(&[0, 1, width.max() / 2 + 1, width.max()])),
                _ => (odd, (width.max() + 1) / 2),
            };
            let exact = integer(acc) * integer(m) * power(-fraction);
            let expected = [exact.floor(), nearest(&exact, Ties::Up).0].map(|q| q.to_integer().to_i64().unwrap());
            for (rule, expected) in [Rule::Truncate, Rule::Single].into_iter().zip(expected) {
                assert_eq!(signed(acc, m, width, rule), Ok(expected), "{acc} * {m}, {width:?}, {rule}");
            }
        }
        let (low, high) = (i64::from(i32::MIN), i64::from(i32::MAX));
        for (acc, m) in [(low - 1, 1), (high + 1, 1), (1, -1), (1, width.max() + 1)] {
            assert!(matches!(signed(acc, m, width, Rule::Single), Err(Error::OutOfRange { .. })), "{acc} * {m}");
        }
        for rule in Rule::ALL.into_iter().filter(|r| ![Rule::Truncate, Rule::Single].contains(r)) {
            assert!(signed(1, 1, width, rule).is_err(), "{rule}");
        }
    }
}

#[test]
fn saturation() {
    let mut random = seeded(2026);
    let ends = [i64::MIN, i64::MAX, i64::from(i32::MIN), i64::from(i32::MAX), -129, -128, -1, 0, 1, 127, 128];
    for _ in 0..100_000 {
        let mut any = || if random.bits() & 1 == 0 { random.pick(&ends) } else { random.between(-300, 300) };
        let mut sorted = [any(), any(), any()];
        let x = sorted[random.between(0, 2) as usize];
        let (a, b) = (sorted[0].min(sorted[1]), sorted[0].max(sorted[1]));
        // The middle one of the three is the value clamped.
        sorted = [a, b, x];
        sorted.sort_unstable();
        assert_eq!(saturate(x, Bounds::new(a, b).unwrap()), sorted[1], "{x} in {a}..={b}");
    }
    assert_eq!(Bounds::new(1, 0), Err(Error::EmptyBounds { min: 1, max: 0 }));
}

fn matrix(rows: i64, cols: i64, low: i64, high: i64, random: &mut Random) -> Matrix {
    let data = (0..rows * cols).map(|_| random.between(low, high) as i32).collect();
    Matrix::new("random", rows as usize, cols as usize, data).unwrap()
}

/// Element by element in big integers; the weights are transposed for `fully_connected`.
#[test]
fn matrix_products() {
    let mut random = seeded(2026);
    let mut elements = 0;
    for n in 0..3000 {
        let [rows, terms, cols] = [(); 3].map(|()| random.between(1, 6));
        let (low, high) = random.pick(&[(-128, 127), (0, 255), (-8, 7)]);
        let (a, b) = (matrix(rows, terms, low, high, &mut random), matrix(terms, cols, low, high, &mut random));
        let [za, zb] = [(); 2].map(|()| random.between(low, high) as i32);
        let bias: Vec<i32> = (0..cols).map(|_| random.between(-20_000, 20_000) as i32).collect();
        let rule = random.pick(&Rule::ALL);
        let channels = if n % 2 == 0 { 1 } else { cols };
        let output = random.pick(&[Bounds::INT8, Bounds::INT16, Bounds::INT32]);
        let requantizations = (0..channels).map(|_| {
            let factor =
                FixedMultiplier::new(MultiplierWidth::W32, random.between(0, i32::MAX.into()), random.between(-10, 2));
            Requantization::new(rule, factor.unwrap(), random.between(-128, 127), output).unwrap()
        });
        let requantizations: Vec<_> = requantizations.collect();
        let (x, y) = (Operand { matrix: &a, zero_point: za }, Operand { matrix: &b, zero_point: zb });
        let product = gemm(x, y, &bias, &requantizations).unwrap();
        let transposed = b.transposed();
        let w = Operand { matrix: &transposed, zero_point: zb };
        assert_eq!(fully_connected(x, w, &bias, &requantizations).as_ref(), Ok(&product));
        for (r, c) in (0..rows as usize).flat_map(|r| (0..cols as usize).map(move |c| (r, c))) {
            let s = &requantizations[c % channels as usize];
            let exact = scaled(rule, sum([x, y], bias[c], [r, c]), s.factor()).0;
            let expected = quantized(&exact, s.zero_point(), s.output());
            assert_eq!(i64::from(product.at(r, c)), expected, "[{r}, {c}] of {a:?} * {b:?}");
            elements += 1;
        }
    }
    println!("{elements} elements");
    assert!(elements > 20_000);
}

/// The sum of an element and its bias.
fn sum([a, b]: [Operand<'_>; 2], bias: i32, [row, col]: [usize; 2]) -> i64 {
    let term = |k| {
        let left = BigInt::from(a.matrix.at(row, k)) - a.zero_point;
        left * (BigInt::from(b.matrix.at(k, col)) - b.zero_point)
    };
    let terms: BigInt = (0..a.matrix.cols()).map(term).sum();
    (terms + bias).to_i64().unwrap()
}

/// The same with float32 factors of the columns. A bias beyond 2^24 makes sums that a float32 rounds.
#[test]
fn matrix_products_by_floats() {
    let mut random = seeded(2027);
    let (mut elements, mut ties) = (0, 0);
    for _ in 0..3000 {
        let [rows, terms, cols] = [(); 3].map(|()| random.between(1, 6));
        let (low, high) = random.pick(&[(-128, 127), (0, 255), (-8, 7)]);
        let (a, b) = (matrix(rows, terms, low, high, &mut random), matrix(terms, cols, low, high, &mut random));
        let [za, zb] = [(); 2].map(|()| random.between(low, high) as i32);
        let widest = random.pick(&[1i64 << 14, 1 << 26]);
        let bias: Vec<i32> = (0..cols).map(|_| random.between(-widest, widest) as i32).collect();
        let output = random.pick(&[Bounds::INT8, Bounds::INT16]);
        // Few bits make ties.
        let factor = |random: &mut Random| random.between(1, 15) as f64 * 0.5f64.powi(random.between(2, 20) as i32);
        let requantizations: Vec<_> = (0..cols)
            .map(|_| {
                RealRequantization::new(RealRule::F32Even, factor(&mut random), random.between(-128, 127), output)
                    .unwrap()
            })
            .collect();
        let (x, y) = (Operand { matrix: &a, zero_point: za }, Operand { matrix: &b, zero_point: zb });
        let product = gemm(x, y, &bias, &requantizations).unwrap();
        for (r, c) in (0..rows as usize).flat_map(|r| (0..cols as usize).map(move |c| (r, c))) {
            let s = &requantizations[c];
            let factor = real_rules::held(RealRule::F32Even, s.factor()).unwrap();
            let (scaled, tie) = real_rules::scaled(RealRule::F32Even, sum([x, y], bias[c], [r, c]), &factor);
            let expected = quantized(&scaled, s.zero_point(), output);
            assert_eq!(i64::from(product.at(r, c)), expected, "[{r}, {c}] of {a:?} * {b:?}");
            (elements, ties) = (elements + 1, ties + usize::from(tie));
        }
    }
    println!("{elements} elements, {ties} ties");
    assert!(elements > 20_000 && ties > 1000);
}

/// A sum beyond the accumulator is an error that names the element, even where it is beyond 64 bits too.
#[test]
fn sums_that_overflow() {
    let factor = FixedMultiplier::new(MultiplierWidth::W32, 1 << 30, -8).unwrap();
    let r = Requantization::new(Rule::Single, factor, 0, Bounds::INT8).unwrap();
    for (value, terms, fits) in [(46_340, 1, true), (46_341, 1, false), (46_340, 2, false), (i32::MAX, 9, false)] {
        assert_eq!(accepted(Rule::Single, (i64::from(value).pow(2)).saturating_mul(terms as i64), factor), fits);
        let row = Matrix::new("a", 1, terms, vec![value; terms]).unwrap();
        let zeros = Matrix::new("b", terms, 1, vec![0; terms]).unwrap();
        let column = Matrix::new("b", terms, 2, [vec![0], vec![value]].concat().repeat(terms)).unwrap();
        let x = Operand { matrix: &row, zero_point: 0 };
        assert!(gemm(x, Operand { matrix: &zeros, zero_point: 0 }, &[0], &[r]).is_ok());
        match gemm(x, Operand { matrix: &column, zero_point: 0 }, &[0, 0], &[r]) {
            Ok(_) => assert!(fits, "{value}, {terms} terms"),
            Err(e) => assert!(!fits && e.to_string().starts_with("element [0, 1]: acc: "), "{e}"),
        }
    }
}
