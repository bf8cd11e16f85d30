//! The fast paths against the obvious ones: the same results, and the same errors.

use qrtl_golden::gemm::{Matrix, Operand, gemm, gemm_fast};
use qrtl_golden::numerics::requantizer::{AddAndShift, requantize};
use qrtl_golden::operators::{self, Array, Axis, Window, conv2d, conv2d_fast};
use qrtl_golden::{Bounds, FixedMultiplier, MultiplierWidth, Requantization, Rule};
use qrtl_random::Random;

use crate::seeded::seeded;

fn requantization(rule: Rule, random: &mut Random) -> Requantization {
    let width = if rule != Rule::Reduced16 && random.one_in(8) { MultiplierWidth::W16 } else { MultiplierWidth::W32 };
    let shifts = rule.shift_range();
    let shift = random.corner((*shifts.start()).into(), (*shifts.end()).into()) as i64;
    let factor = FixedMultiplier::new(width, random.corner(0, width.max().into()) as i64, shift).unwrap();
    let ends = [random.corner(-70_000, 70_000) as i64, random.corner(-70_000, 70_000) as i64];
    let output = Bounds::new(ends[0].min(ends[1]), ends[0].max(ends[1])).unwrap();
    Requantization::new(rule, factor, random.corner(-40_000, 40_000) as i64, output).unwrap()
}

/// Every rule and shift, with ties: powers of two as multipliers.
#[test]
fn one_addition_and_one_shift() {
    let mut random = seeded(1);
    let mut compared = 0;
    for n in 0..2_000_000 {
        let r = requantization(Rule::ALL[n % Rule::ALL.len()], &mut random);
        let Some(fast) = AddAndShift::new(&r) else { continue };
        let range = r.accumulator();
        let acc = random.corner(range.min().into(), range.max().into()) as i64;
        assert_eq!(Ok(i64::from(fast.requantize(acc))), requantize(acc, &r), "{r:?}, acc {acc}");
        for outside in [range.min() - 1, range.max() + 1] {
            assert!(!fast.takes(outside) && r.check_accumulator(outside).is_err(), "{r:?}");
        }
        assert!(fast.takes(acc));
        compared += 1;
    }
    assert!(compared > 1_200_000, "{compared}");
}

#[test]
fn products() {
    let mut random = seeded(2);
    let (mut answered, mut refused) = (0, 0);
    for n in 0..4000 {
        let rule = Rule::ALL[n % Rule::ALL.len()];
        let mut size = || random.within(1, 13) as usize;
        let (rows, terms, cols) = (size(), size() * size(), size());
        // Mostly 8 bits; some that leave 16, or whose sums may leave 32.
        let bits = *[8, 8, 8, 8, 16, 20].get(random.within(0, 5) as usize).unwrap();
        let mut matrix = |rows: usize, cols: usize| {
            let data = (0..rows * cols).map(|_| random.corner(-(1 << (bits - 1)), (1 << (bits - 1)) - 1) as i32);
            Matrix::new("matrix", rows, cols, data.collect()).unwrap()
        };
        let (a, b) = (matrix(rows, terms), matrix(terms, cols));
        let bias: Vec<i32> = (0..cols).map(|_| random.corner(i32::MIN.into(), i32::MAX.into()) as i32 >> 4).collect();
        let channels = if random.one_in(2) { 1 } else { cols };
        let requantizations: Vec<Requantization> = (0..channels).map(|_| requantization(rule, &mut random)).collect();
        let mut zero_point = || random.within(-128, 255) as i32;
        let (a, b) =
            (Operand { matrix: &a, zero_point: zero_point() }, Operand { matrix: &b, zero_point: zero_point() });
        let expected = gemm(a, b, &bias, &requantizations);
        assert_eq!(gemm_fast(a, b, &bias, &requantizations), expected, "case {n}");
        answered += usize::from(expected.is_ok());
        refused += usize::from(expected.is_err());
    }
    assert!(answered > 500 && refused > 100, "{answered} answered, {refused} refused");
    // One element each: a sum that leaves 32 bits, and one that would fit again if it were cut; operands beyond 16 bits.
    let open = Requantization::new(
        Rule::Single,
        FixedMultiplier::new(MultiplierWidth::W32, 1 << 30, 1).unwrap(),
        0,
        Bounds::INT32,
    );
    let requantizations = [open.unwrap()];
    for (a, za, b, zb) in [
        (vec![32767; 3], 0, vec![32767; 3], 0),
        (vec![-32768; 4], 0, vec![-32768; 4], 0),
        (vec![65_537], 0, vec![1], 0),
        (vec![1], -65_536, vec![1], 0),
        (vec![1], 0, vec![-40_000], 1),
        (vec![32767], -1, vec![1], 0),
        (vec![-32768], 0, vec![32767], 0),
        (vec![i32::MAX], i32::MIN, vec![0], 0),
    ] {
        let k = a.len();
        let (a, b) = (Matrix::new("a", 1, k, a).unwrap(), Matrix::new("b", k, 1, b).unwrap());
        let (a, b) = (Operand { matrix: &a, zero_point: za }, Operand { matrix: &b, zero_point: zb });
        assert_eq!(gemm_fast(a, b, &[0], &requantizations), gemm(a, b, &[0], &requantizations), "{a:?} {b:?}");
    }
    let short = Matrix::new("a", 1, 2, vec![1, 2]).unwrap();
    let x = Operand { matrix: &short, zero_point: 0 };
    let requantizations = [requantization(Rule::Single, &mut random)];
    assert_eq!(gemm_fast(x, x, &[0; 2], &requantizations), gemm(x, x, &[0; 2], &requantizations));
    assert!(gemm_fast(x, x, &[0; 2], &requantizations).is_err());
}

#[test]
fn convolutions() {
    let mut random = seeded(3);
    let (mut answered, mut refused) = (0, 0);
    for n in 0..3000 {
        let mut size = |lo, hi| random.within(lo, hi) as usize;
        let (batch, depth, groups, outputs) = (size(1, 2), size(1, 4), size(1, 8).saturating_sub(6).max(1), size(1, 4));
        let (filter, image) = ([size(1, 3), size(1, 3)], [size(1, 7), size(1, 7)]);
        let mut axis = || Axis { stride: size(1, 3), dilation: size(1, 2), before: size(0, 2), after: size(0, 2) };
        let window = Window { rows: axis(), cols: axis() };
        let mut array = |shape: [usize; 4]| {
            let data = (0..shape.iter().product()).map(|_| random.corner(-128, 127) as i32).collect();
            Array::new("array", shape.to_vec(), data).unwrap()
        };
        let input = array([batch, image[0], image[1], depth * groups]);
        let weights = array([outputs * groups, filter[0], filter[1], depth]);
        let rule = Rule::ALL[n % Rule::ALL.len()];
        let channels = if random.one_in(2) { 1 } else { outputs * groups };
        let requantizations: Vec<Requantization> = (0..channels).map(|_| requantization(rule, &mut random)).collect();
        let bias: Vec<i32> = (0..outputs * groups).map(|_| random.within(-50_000, 50_000) as i32).collect();
        let mut operand = |array| operators::Operand { array, zero_point: random.within(-128, 127) as i32 };
        let (x, w) = (operand(&input), operand(&weights));
        let expected = conv2d(x, w, &bias, &window, &requantizations);
        assert_eq!(conv2d_fast(x, w, &bias, &window, &requantizations), expected, "case {n}");
        answered += usize::from(expected.is_ok());
        refused += usize::from(expected.is_err());
    }
    assert!(answered > 1000 && refused > 300, "{answered} answered, {refused} refused");
}
