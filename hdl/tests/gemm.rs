//! The GEMM block's description, evaluated in Rust, against golden: shapes with partial tiles, zero-point strategies,
//! stalls.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use qrtl_golden::gemm::{Matrix, Operand, gemm};
use qrtl_golden::random::Random;
use qrtl_golden::{Bounds, MultiplierWidth, Requantization, Scale};
use qrtl_hdl::blocks::gemm::{Gemm, GemmConfig, ZeroPointConfig, ZeroPointStrategy};
use qrtl_hdl::exact::{FlatSim, Range, elaborate};

/// A product and what golden makes of it.
struct Case {
    a: Matrix,
    b: Matrix,
    zeros: [i32; 2],
    bias: Vec<i32>,
    scales: Vec<(i64, i64)>,
    output: [i64; 3],
    expected: Matrix,
}

impl Case {
    fn draw(random: &mut Random, config: &GemmConfig, [m, n, k]: [usize; 3]) -> Case {
        let mut pick = |r: Range| random.corner(r.lo(), r.hi()) as i32;
        let a = Matrix::new("a", m, k, (0..m * k).map(|_| pick(config.a.range)).collect()).unwrap();
        let b = Matrix::new("b", k, n, (0..k * n).map(|_| pick(config.b.range)).collect()).unwrap();
        let zeros = [pick(config.a.zero_point_range()), pick(config.b.zero_point_range())];
        let bias: Vec<i32> = (0..n).map(|_| pick(Range::signed(20))).collect();
        let scales: Vec<(i64, i64)> = (0..n)
            .map(|_| ((1 << 30) + i64::from(pick(Range::unsigned(30))), i64::from(pick((-14..=-4).into()))))
            .collect();
        let output = [pick(Range::signed(8)) as i64, -100, 110];
        let requantizations: Vec<Requantization> = (scales.iter())
            .map(|&(multiplier, s)| {
                let scale = Scale::new(MultiplierWidth::W32, multiplier, s).unwrap();
                Requantization::new(config.rule, scale, output[0], Bounds::new(output[1], output[2]).unwrap()).unwrap()
            })
            .collect();
        let operand = |matrix, zero_point| Operand { matrix, zero_point };
        let expected = gemm(operand(&a, zeros[0]), operand(&b, zeros[1]), &bias, &requantizations).unwrap();
        Case { a, b, zeros, bias, scales, output, expected }
    }
}

/// Runs one product, offering operands and taking results with the given probabilities in percent.
fn run(sim: &mut FlatSim, config: &GemmConfig, case: &Case, random: &mut Random, chance: i128) -> Vec<i128> {
    let (m, n, k) = (case.a.rows(), case.b.cols(), case.a.cols());
    for (name, v) in [("m", m), ("n", n), ("k", k)] {
        sim.set(name, v as i128);
    }
    for (name, v) in [("a_zero_point", case.zeros[0]), ("b_zero_point", case.zeros[1])] {
        sim.set(name, v.into());
    }
    for (name, v) in ["zero_point", "min", "max"].into_iter().zip(case.output) {
        sim.set(name, v.into());
    }
    for (c, (&(multiplier, shift), &bias)) in case.scales.iter().zip(&case.bias).enumerate() {
        sim.set("cfg_valid", 1);
        sim.set("cfg_first", i128::from(c == 0));
        sim.set("cfg_bias", bias.into());
        sim.set("cfg_multiplier", multiplier.into());
        sim.set("cfg_shift", shift.into());
        sim.step().unwrap();
    }
    sim.set("cfg_valid", 0);
    let tiles = (0..m).step_by(config.rows).flat_map(|r| (0..n).step_by(config.cols).map(move |c| (r, c)));
    let mut beats: Vec<(usize, usize, usize)> = tiles.flat_map(|(r, c)| (0..k).map(move |t| (r, c, t))).collect();
    beats.reverse();
    let mut got = Vec::new();
    for _ in 0..100_000 {
        let offered = beats.last().copied().filter(|_| random.within(0, 99) < chance);
        if let Some((r, c, t)) = offered {
            for i in 0..config.rows {
                let v = if r + i < m {
                    case.a.at(r + i, t).into()
                } else {
                    random.within(config.a.range.lo(), config.a.range.hi())
                };
                sim.set_lane("a", i, v);
            }
            for j in 0..config.cols {
                let v = if c + j < n {
                    case.b.at(t, c + j).into()
                } else {
                    random.within(config.b.range.lo(), config.b.range.hi())
                };
                sim.set_lane("b", j, v);
            }
        }
        sim.set("in_valid", offered.is_some().into());
        let taking = random.within(0, 99) < chance;
        sim.set("out_ready", taking.into());
        sim.settle();
        if offered.is_some() && sim.get("in_ready") == 1 {
            beats.pop();
        }
        let mut last = false;
        if sim.get("out_valid") == 1 && taking {
            for lane in 0..config.requantizers {
                if sim.get_lane("keep", lane) == 1 {
                    got.push(sim.get_lane("y", lane));
                }
            }
            last = sim.get("last") == 1;
        }
        sim.step().unwrap_or_else(|e| panic!("{e}"));
        if last {
            return got;
        }
    }
    panic!("no last result")
}

/// Elements of C in the order in which they leave.
fn in_order(c: &Matrix, rows: usize, cols: usize) -> Vec<i128> {
    let mut out = Vec::new();
    for r in (0..c.rows()).step_by(rows) {
        for col in (0..c.cols()).step_by(cols) {
            for i in r..(r + rows).min(c.rows()) {
                out.extend((col..(col + cols).min(c.cols())).map(|j| i128::from(c.at(i, j))));
            }
        }
    }
    out
}

#[test]
fn every_strategy_and_shape_equals_golden() {
    use ZeroPointStrategy::{Correct, Subtract};
    let mut random = Random::from_env(7);
    for (rows, cols, requantizers) in [(2, 3, 3), (4, 4, 2), (3, 4, 1), (1, 1, 1), (5, 2, 2)] {
        for strategies in [[Subtract, Subtract], [Correct, Subtract], [Subtract, Correct], [Correct, Correct]] {
            let mut config = GemmConfig::run_time(rows, cols, [9, 11, 6]);
            config.requantizers = requantizers;
            let zero = |strategy| Some(ZeroPointConfig { value: None, strategy });
            config.a.zero_point = zero(strategies[0]);
            config.b.zero_point = zero(strategies[1]);
            config.pipeline = random.within(0, 5) as usize;
            let block = Gemm::new(config.clone()).unwrap();
            let design = elaborate(&block, "gemm").unwrap_or_else(|e| panic!("{e}"));
            let mut sim = FlatSim::new(&design);
            sim.set("rst_n", 0);
            sim.step().unwrap();
            sim.set("rst_n", 1);
            for shape in [[1, 1, 1], [2, 3, 6], [9, 11, 6], [4, 5, 2], [3, 8, 5], [7, 1, 3]] {
                for chance in [100, 60] {
                    let case = Case::draw(&mut random, &config, shape);
                    let got = run(&mut sim, &config, &case, &mut random, chance);
                    assert_eq!(got, in_order(&case.expected, rows, cols), "{config:?} {shape:?} {chance}");
                }
            }
        }
    }
}
