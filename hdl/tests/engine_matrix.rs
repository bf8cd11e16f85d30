//! The matrix unit against products computed by their definition: the words that it writes, and the clock of every beat,
//! release and end.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "../../golden/tests/support/seeded.rs"]
mod seeded;

#[path = "engine_matrix/bench.rs"]
mod bench;
#[path = "engine_matrix/step.rs"]
mod step;

use bench::{Bench, Pauses};
use qrtl_hdl::blocks::engine::EngineConfig;
use qrtl_hdl::blocks::engine::instruction::Kind;
use qrtl_hdl::blocks::engine::matrix::Matrix;
use qrtl_hdl::targets::Target;
use qrtl_random::Random;
use step::{Shape, Step};

fn config([rows, cols, lanes, requantizers]: [usize; 4], split: bool, target: Target, passes: usize) -> EngineConfig {
    EngineConfig {
        rows,
        cols,
        lanes,
        requantizers,
        split,
        target,
        passes,
        terms: 64,
        channels: 128,
        weight_bytes: 32_768,
        activation_bytes: 4096,
        ..EngineConfig::default()
    }
}

/// Engines that differ in every property that the unit depends on.
fn configs() -> Vec<EngineConfig> {
    let mut configs = vec![
        config([2, 4, 4, 1], true, Target::Ice40, 4),
        config([2, 4, 4, 2], false, Target::Generic, 4),
        config([4, 4, 4, 4], true, Target::Generic, 1),
        config([2, 4, 4, 4], true, Target::Generic, 1),
        config([4, 8, 8, 4], true, Target::Ecp5, 1),
        config([8, 8, 4, 2], false, Target::Ecp5, 1),
        config([8, 16, 8, 2], true, Target::Ecp5, 2),
        config([4, 16, 8, 1], true, Target::Generic, 1),
        config([2, 32, 8, 8], true, Target::Ice40, 1),
    ];
    configs[0].dsp_elements = Some(3);
    configs[2].dsp_elements = Some(0);
    configs[5].dsp_elements = Some(20);
    configs[4].pipeline = 12;
    configs[0].pipeline = 11;
    configs
}

#[test]
fn steps_give_the_words_and_take_the_clocks_that_the_configuration_says() {
    let mut random = seeded::seeded(41);
    for config in configs() {
        let mut bench = Bench::new(&config);
        let (mut back_to_back, mut waits) = (0, 0);
        for n in 0..12 {
            let shape = Shape::draw(&mut random, &config);
            let step = Step::draw(&mut random, &config, shape);
            let pauses = if n % 2 == 0 { Pauses::None } else { Pauses::UpTo(400) };
            let starts = bench.run(&step, &mut random, pauses);
            let pairs = starts.windows(2).map(|pair| pair[1] - pair[0] == shape.block());
            let together = pairs.filter(|together| *together).count();
            back_to_back += together;
            waits += starts.len() - 1 - together;
        }
        assert!(back_to_back > 0 && waits > 0, "{config:?}: {back_to_back} blocks without a pause, {waits} with one");
    }
}

/// A block follows without a pause if its half is full in time, and else begins as soon as it is, wherever in the block
/// before it, or behind it, that is.
#[test]
fn a_block_begins_as_soon_as_it_can() {
    let mut random = seeded::seeded(45);
    let config = config([2, 4, 4, 4], false, Target::Generic, 1);
    for terms in [1, 2, 5] {
        let shape =
            Shape { split: false, pixels: 4, terms, idle: 2_usize.saturating_sub(terms), tiles: 2, last_words: 1 };
        let step = Step::draw(&mut random, &config, shape);
        let mut bench = Bench::new(&config);
        let waits: Vec<usize> =
            (0..20).map(|pause| bench.run(&step, &mut random, Pauses::After(pause))).map(|s| s[1] - s[0]).collect();
        assert!(waits.contains(&shape.block()) && waits.is_sorted() && waits[19] > shape.block(), "{waits:?}");
    }
}

#[test]
fn there_are_no_more_multipliers_than_elements() {
    let mut config = config([2, 4, 4, 2], true, Target::Generic, 1);
    config.dsp_elements = Some(8);
    assert!(Matrix::new(&config).is_ok());
    config.dsp_elements = Some(9);
    let refused = Matrix::new(&config).err();
    assert_eq!(refused.as_deref(), Some("dsp_elements: 9 is more than 8, the elements of the array"));
}

/// The greatest sum that the configuration allows fits, in a split step too.
#[test]
fn the_greatest_sums_do_not_overflow() {
    let mut random = seeded::seeded(42);
    for config in configs() {
        let mut bench = Bench::new(&config);
        for split in [false, config.split] {
            let shape = Shape { split, ..Shape::greatest(&config) };
            for weight in [-128, 127] {
                let mut step = Step::draw(&mut random, &config, shape);
                step.activations.iter_mut().flatten().for_each(|x| *x = -128);
                step.weights.iter_mut().flatten().for_each(|w| *w = weight);
                bench.run(&step, &mut random, Pauses::None);
            }
        }
    }
}

/// A step of another kind leaves the unit at rest.
#[test]
fn the_unit_acts_only_in_its_own_steps() {
    let mut random = seeded::seeded(43);
    let config = config([2, 4, 4, 2], true, Target::Generic, 1);
    for kind in
        [Kind::End, Kind::Matrix, Kind::Lanes, Kind::Fused, Kind::Softmax, Kind::Output, Kind::Tables, Kind::Report]
    {
        let mut bench = Bench::new(&config);
        let mut step = Step::draw(&mut random, &config, Shape::greatest(&config));
        step.instruction.kind = kind as i64;
        if matches!(kind, Kind::Matrix | Kind::Fused) {
            bench.run(&step, &mut random, Pauses::None);
        } else {
            bench.rests(&step, &mut random);
        }
    }
}

/// A reset in the middle of a step ends the step, and the next is as if it were the first.
#[test]
fn a_reset_ends_a_step() {
    let mut random: Random = seeded::seeded(44);
    for config in configs() {
        let mut bench = Bench::new(&config);
        for clocks in [40, 70, 100] {
            let shape = Shape::draw(&mut random, &config);
            let step = Step::draw(&mut random, &config, shape);
            bench.interrupt(&step, &mut random, clocks);
            let shape = Shape::draw(&mut random, &config);
            let step = Step::draw(&mut random, &config, shape);
            bench.run(&step, &mut random, Pauses::None);
        }
    }
}
