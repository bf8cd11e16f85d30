//! The GEMM block's description, evaluated in Rust, against golden: shapes with partial tiles, zero-point strategies,
//! stalls.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "../../golden/tests/support/seeded.rs"]
mod seeded;

use qrtl_golden::gemm::{Matrix, Operand, gemm};
use qrtl_golden::numerics::AnyRequantization;
use qrtl_golden::{Bounds, FixedMultiplier, MultiplierWidth, RealRequantization, RealRule, Requantization};
use qrtl_hdl::blocks::gemm::{Channels, Forwarding, Gemm, GemmConfig, ZeroPointStrategy};
use qrtl_hdl::exact::{FlatSim, Range, elaborate};
use qrtl_hdl::parameter::{Dimension, HardwareRule, Source, ZeroPoint};
use qrtl_hdl::targets::Target;
use qrtl_random::Random;

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
        let a = Matrix::new("a", m, k, (0..m * k).map(|_| pick(config.a.range())).collect()).unwrap();
        let b = Matrix::new("b", k, n, (0..k * n).map(|_| pick(config.b.range())).collect()).unwrap();
        let zeros = [pick(config.left().zero_point_range()), pick(config.right().zero_point_range())];
        let mut bias: Vec<i32> = (0..n).map(|_| pick(Range::signed(20))).collect();
        let mut scales: Vec<(i64, i64)> = (0..n)
            .map(|_| match config.rule {
                HardwareRule::Fixed(_) => {
                    ((1 << 30) + i64::from(pick(Range::unsigned(30))), i64::from(pick((-14..=-4).into())))
                }
                HardwareRule::F32Even => {
                    let scale = pick(Range::unsigned(24)) as f32 * (pick((-38..=-28).into()) as f32).exp2();
                    (scale.max(f32::MIN_POSITIVE).to_bits().into(), 0)
                }
            })
            .collect();
        if config.channels() == Channels::Same {
            let c = config.channel(0);
            (bias, scales) = (vec![c.bias as i32; n], vec![(c.multiplier, c.shift); n]);
        }
        let output = [pick(Range::signed(8)) as i64, -100, 110];
        let requantizations: Vec<AnyRequantization> =
            scales.iter().map(|&scale| requantization(config.rule, scale, output)).collect();
        let operand = |matrix, zero_point| Operand { matrix, zero_point };
        let expected = gemm(operand(&a, zeros[0]), operand(&b, zeros[1]), &bias, &requantizations).unwrap();
        Case { a, b, zeros, bias, scales, output, expected }
    }
}

fn requantization(
    rule: HardwareRule,
    (multiplier, shift): (i64, i64),
    [zero_point, min, max]: [i64; 3],
) -> AnyRequantization {
    let bounds = Bounds::new(min, max).unwrap();
    match rule {
        HardwareRule::Fixed(rule) => {
            let factor = FixedMultiplier::new(MultiplierWidth::W32, multiplier, shift).unwrap();
            AnyRequantization::Fixed(Requantization::new(rule, factor, zero_point, bounds).unwrap())
        }
        HardwareRule::F32Even => {
            let factor = f64::from(f32::from_bits(multiplier as u32));
            AnyRequantization::Real(RealRequantization::new(RealRule::F32Even, factor, zero_point, bounds).unwrap())
        }
    }
}

/// What one run showed.
#[derive(Debug, Default)]
struct Seen {
    /// results in the order in which they left
    results: Vec<i128>,
    /// clocks with a beat offered and not taken, after the first beat of a product and before its last
    waits: usize,
    /// clocks from the last beat of the first tile to its first result
    latency: usize,
}

/// Settings and channel parameters of a product.
fn set_up(sim: &mut FlatSim, config: &GemmConfig, case: &Case) {
    for (name, v) in [("m", case.a.rows()), ("n", case.b.cols()), ("k", case.a.cols())] {
        sim.set(name, v as i128);
    }
    for (name, zero_point, v) in
        [("a_zero_point", config.a_zero_point, case.zeros[0]), ("b_zero_point", config.b_zero_point, case.zeros[1])]
    {
        if zero_point == ZeroPoint::Port {
            sim.set(name, v.into());
        }
    }
    for (name, v) in ["zero_point", "min", "max"].into_iter().zip(case.output) {
        sim.set(name, v.into());
    }
    if config.channels() != Channels::Memory {
        return;
    }
    for (c, (&(multiplier, shift), &bias)) in case.scales.iter().zip(&case.bias).enumerate() {
        sim.set("cfg_valid", 1);
        sim.set("cfg_first", i128::from(c == 0));
        sim.set("cfg_bias", bias.into());
        sim.set("cfg_multiplier", multiplier.into());
        if config.has_shift() {
            sim.set("cfg_shift", shift.into());
        }
        sim.step().unwrap();
    }
    sim.set("cfg_valid", 0);
}

fn any_of(range: Range, random: &mut Random) -> i128 {
    random.within(range.lo(), range.hi())
}

/// Runs a product `times` times without a pause, offering operands and taking results with the given probability in
/// percent; with 0, operands at each clock, and results not for 64 clocks, then for 64.
fn run(sim: &mut FlatSim, config: &GemmConfig, case: &Case, times: usize, random: &mut Random, chance: i128) -> Seen {
    let (m, n, k) = (case.a.rows(), case.b.cols(), case.a.cols());
    set_up(sim, config, case);
    let tiles = (0..m).step_by(config.rows).flat_map(|r| (0..n).step_by(config.cols).map(move |c| (r, c)));
    let mut beats: Vec<(usize, usize, usize)> = tiles.flat_map(|(r, c)| (0..k).map(move |t| (r, c, t))).collect();
    let product = beats.len();
    beats = beats.repeat(times);
    beats.reverse();
    let mut seen = Seen::default();
    let (mut lasts, mut tile_end) = (0, None);
    for clock in 0..100_000 {
        let offered = beats.last().copied().filter(|_| chance == 0 || random.within(0, 99) < chance);
        if let Some((r, c, t)) = offered {
            for i in 0..config.rows {
                let v = if r + i < m { case.a.at(r + i, t).into() } else { any_of(config.a.range(), random) };
                sim.set_lane("a", i, v);
            }
            for j in 0..config.cols {
                let v = if c + j < n { case.b.at(t, c + j).into() } else { any_of(config.b.range(), random) };
                sim.set_lane("b", j, v);
            }
        }
        sim.set("in_valid", offered.is_some().into());
        let taking = if chance == 0 { clock / 64 % 2 == 1 } else { random.within(0, 99) < chance };
        sim.set("out_ready", taking.into());
        sim.settle();
        let at = beats.len() % product;
        if offered.is_some() && sim.get("in_ready") == 1 {
            beats.pop();
            tile_end = tile_end.or(offered.filter(|(.., t)| t + 1 == k).map(|_| clock));
        } else if offered.is_some() && at != 0 {
            seen.waits += 1;
        }
        if let Some(end) = tile_end.filter(|_| sim.get("out_valid") == 1 && seen.latency == 0) {
            seen.latency = clock - end;
        }
        if sim.get("out_valid") == 1 && taking {
            for lane in 0..config.requantizers() {
                if sim.get_lane("keep", lane) == 1 {
                    seen.results.push(sim.get_lane("y", lane));
                }
            }
            lasts += usize::from(sim.get("last") == 1);
        }
        sim.step().unwrap_or_else(|e| panic!("{e}"));
        if lasts == times {
            return seen;
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

/// A product of this shape, `times` times, is what golden makes of it.
fn compare(sim: &mut FlatSim, config: &GemmConfig, size: [usize; 3], times: usize, random: &mut Random, chance: i128) {
    let case = Case::draw(random, config, size);
    let expected = in_order(&case.expected, config.rows, config.cols).repeat(times);
    assert_eq!(run(sim, config, &case, times, random, chance).results, expected, "{config:?} {size:?} {chance}");
}

/// int8 by int8 with everything at run time, up to `max` in each dimension, and a requantizer for each column.
fn run_time(rows: usize, cols: usize, max: [usize; 3]) -> GemmConfig {
    let [m, n, k] = max.map(Dimension::UpTo);
    let requantizers = Some(cols);
    GemmConfig { rows, cols, requantizers, b_zero_point: ZeroPoint::Port, m, n, k, ..GemmConfig::default() }
}

/// A block after its reset.
fn simulator(config: &GemmConfig) -> FlatSim {
    let block = Gemm::new(config.clone()).unwrap();
    let design = elaborate(&block, "gemm").unwrap_or_else(|e| panic!("{e}"));
    let mut sim = FlatSim::new(&design);
    sim.set("rst_n", 0);
    sim.step().unwrap();
    sim.set("rst_n", 1);
    sim
}

#[test]
fn every_strategy_and_shape_equals_golden() {
    use ZeroPointStrategy::{Correct, Subtract};
    let mut random = seeded::seeded(7);
    let sizes = [(2, 3, 3), (4, 4, 2), (3, 4, 1), (1, 1, 1), (5, 2, 2)].map(|size| (size, Forwarding::Broadcast));
    let systolic = [(4, 4, 2), (3, 4, 1), (1, 1, 1), (5, 2, 2), (1, 3, 1)].map(|size| (size, Forwarding::Systolic));
    for ((rows, cols, requantizers), forwarding) in sizes.into_iter().chain(systolic) {
        for strategies in [[Subtract, Subtract], [Correct, Subtract], [Subtract, Correct], [Correct, Correct]] {
            let mut config = run_time(rows, cols, [9, 11, 6]);
            config.requantizers = Some(requantizers);
            config.forwarding = forwarding;
            [config.a_strategy, config.b_strategy] = strategies;
            config.pipeline = random.within(0, 5) as usize;
            let mut sim = simulator(&config);
            for shape in [[1, 1, 1], [2, 3, 6], [9, 11, 6], [4, 5, 2], [3, 8, 5], [7, 1, 3]] {
                for chance in [100, 60, 0] {
                    compare(&mut sim, &config, shape, 2, &mut random, chance);
                }
            }
        }
    }
}

#[test]
fn cells_of_devices_give_the_same() {
    let mut random = seeded::seeded(10);
    for (target, cols, dsp_elements, centred) in [
        (Target::Ecp5, 3, 4, true),
        (Target::Ice40, 3, 5, false),
        (Target::Ice40, 4, 8, false),
        (Target::Ice40, 3, 4, true),
        (Target::Ice40, 1, 0, true),
    ] {
        let mut config = run_time(2, cols, [9, 11, 6]);
        (config.requantizers, config.target, config.dsp_elements) = (Some(1), target, Some(dsp_elements));
        if !centred {
            (config.a_zero_point, config.b_zero_point) = (ZeroPoint::None, ZeroPoint::None);
        }
        let mut sim = simulator(&config);
        for shape in [[1, 1, 1], [2, 3, 6], [9, 11, 6], [3, 8, 1]] {
            for chance in [100, 60] {
                compare(&mut sim, &config, shape, 2, &mut random, chance);
            }
        }
    }
}

#[test]
fn a_float32_gives_what_golden_makes_of_it() {
    let mut random = seeded::seeded(11);
    for (pipeline, forwarding, same) in [
        (0, Forwarding::Broadcast, false),
        (14, Forwarding::Broadcast, true),
        (6, Forwarding::Systolic, false),
        (3, Forwarding::Systolic, true),
    ] {
        let mut config = run_time(2, 3, [9, 11, 6]);
        (config.rule, config.pipeline, config.forwarding) = (HardwareRule::F32Even, pipeline, forwarding);
        config.requantizers = Some(1);
        if same {
            config.bias = Source::Constant(-77);
            config.multiplier = Source::Constant(0.003f32.to_bits().into());
        }
        let mut sim = simulator(&config);
        for shape in [[1, 1, 1], [2, 3, 6], [9, 11, 6], [3, 8, 1]] {
            for chance in [100, 60, 0] {
                compare(&mut sim, &config, shape, 2, &mut random, chance);
            }
        }
    }
}

/// Without a memory to be filled, nothing lies between two products: dimensions change in the clock in which the first
/// beat is offered.
#[test]
fn dimensions_may_change_with_the_first_beat() {
    let mut random = seeded::seeded(8);
    for (rows, cols, requantizers) in [(2, 3, 3), (4, 4, 1), (1, 1, 1)] {
        let mut config = run_time(rows, cols, [9, 11, 6]);
        config.requantizers = Some(requantizers);
        config.bias = Source::Constant(-77);
        (config.multiplier, config.shift) = (Source::Constant(1_518_500_250), Source::Constant(-6));
        let mut sim = simulator(&config);
        for round in 0..40 {
            let shape = [9, 11, 6].map(|max| random.within(1, max) as usize);
            let times = random.within(1, 3) as usize;
            compare(&mut sim, &config, shape, times, &mut random, 100 * (round % 2));
        }
    }
}

/// The two figures that a block's head states.
#[test]
fn waits_and_latency_are_as_stated() {
    use Forwarding::{Broadcast, Systolic};
    use ZeroPointStrategy::{Correct, Subtract};
    let mut random = seeded::seeded(9);
    for (rows, cols, requantizers, pipeline, a_strategy, forwarding) in [
        (2, 4, 2, 0, Subtract, Broadcast),
        (4, 4, 1, 4, Subtract, Broadcast),
        (3, 2, 2, 10, Subtract, Broadcast),
        (4, 4, 2, 9, Correct, Broadcast),
        (4, 4, 4, 4, Subtract, Systolic),
        (3, 5, 1, 4, Correct, Systolic),
    ] {
        let base = run_time(rows, cols, [3 * rows, 3 * cols, 64]);
        let config = GemmConfig { requantizers: Some(requantizers), pipeline, forwarding, a_strategy, ..base };
        let mut sim = simulator(&config);
        for (terms, waits) in [(config.least_terms(), false), (config.least_terms() - 1, true)] {
            let case = Case::draw(&mut random, &config, [3 * rows, 3 * cols, terms]);
            let seen = run(&mut sim, &config, &case, 1, &mut random, 100);
            assert_eq!(seen.results, in_order(&case.expected, rows, cols));
            assert_eq!(seen.waits > 0, waits, "{config:?}: {} waits with {terms} terms", seen.waits);
            assert_eq!(seen.latency, config.latency(), "{config:?}");
        }
    }
}

#[test]
fn the_fewest_requantizers_keep_the_array_busy() {
    let with = |rows, cols, k| GemmConfig { k, requantizers: None, ..run_time(rows, cols, [64, 64, 1024]) };
    let default = with(4, 4, Dimension::UpTo(1024));
    assert_eq!((default.requantizers(), default.least_terms()), (1, 18));
    for (rows, cols, k, expected) in [
        (4, 4, Dimension::Fixed(18), 1),
        (4, 4, Dimension::Fixed(17), 2),
        (4, 4, Dimension::Fixed(1), 4),
        (4, 6, Dimension::Fixed(16), 2),
        (8, 8, Dimension::UpTo(1024), 2),
        (8, 8, Dimension::UpTo(20), 4),
        (16, 16, Dimension::UpTo(4096), 8),
    ] {
        assert_eq!(with(rows, cols, k).requantizers(), expected, "{rows} x {cols}, {k:?}");
    }
}
