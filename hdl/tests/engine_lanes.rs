//! The lanes of the engine against the definition of a step: words, their places and their clocks.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "../../golden/tests/support/seeded.rs"]
mod seeded;

#[path = "engine_lanes/bench.rs"]
mod bench;

use bench::{Bench, Shape};
use qrtl_hdl::blocks::engine::EngineConfig;
use qrtl_hdl::blocks::engine::instruction::{Instruction, Kind};
use qrtl_hdl::blocks::engine::lanes::TABLE_ENTRIES;
use qrtl_hdl::targets::Target;
use qrtl_random::Random;

/// An instruction for a step of this shape, within the memories of `config`.
fn draw(random: &mut Random, config: &EngineConfig, shape: Shape) -> Instruction {
    let advance = random.within(0, 1);
    let entries = (config.lane_channels / config.lane_requantizers) as i128;
    let used = (if advance == 1 { shape.groups } else { 1 } * config.lanes / config.lane_requantizers) as i128;
    let bounds = [random.corner(-128, 127), random.corner(-128, 127)];
    let pitch = random.within(shape.groups as i128, shape.groups as i128 + 3);
    let words = pitch * (shape.pixels as i128 - 1) + shape.groups as i128;
    Instruction {
        kind: random.pick(&[Kind::Lanes, Kind::Fused]) as i64,
        parameters_advance: advance as i64,
        lane_parameters: random.within(0, entries - used) as i64,
        lane_zero_point: random.corner(-128, 127) as i64,
        lane_min: bounds[0].min(bounds[1]) as i64,
        lane_max: bounds[0].max(bounds[1]) as i64,
        out: random.within(0, config.activation_words() as i128 - words) as i64,
        out_pitch: pitch as i64,
        ..Instruction::default()
    }
}

/// Steps of all forms, one after the other.
fn check(random: &mut Random, config: EngineConfig, steps: usize) {
    let tables = config.tables;
    let mut bench = Bench::new(config, random);
    for _ in 0..steps {
        if tables && random.one_in(3) {
            let entries = random.pick(&[256, TABLE_ENTRIES]);
            bench.fill_tables(random, entries, false);
            bench.fill_tables(random, 256, true);
        }
        let form = random.within(0, if tables { 2 } else { 1 });
        let mut shape = Shape {
            pixels: random.within(1, 11) as usize,
            groups: random.within(1, 4) as usize,
            taps: random.within(1, if form == 2 { 2 } else { 10 }) as usize,
            gap: random.pick(&[0, 0, 1, 5]),
        };
        let triple = bench.config.taps > 1 && form < 2 && !random.one_in(3);
        if form < 2 && random.one_in(10) {
            shape = Shape { pixels: 1, taps: if triple { 1_024 / 3 } else { 1_024 }, ..shape };
        }
        let instruction = draw(random, &bench.config, shape);
        let instruction = Instruction {
            triple: triple.into(),
            maximum: (form == 1).into(),
            table: (form == 2).into(),
            ..instruction
        };
        bench.run(random, &instruction, shape);
    }
}

/// A small engine.
fn config(target: Target, lanes: usize, lane_requantizers: usize, passes: usize) -> EngineConfig {
    EngineConfig {
        rows: 2,
        cols: 8,
        lanes,
        requantizers: 1,
        lane_requantizers,
        passes,
        activation_bytes: 1_024,
        channels: 64,
        lane_channels: 64,
        terms: 64,
        target,
        ..EngineConfig::default()
    }
}

#[test]
fn every_configuration_follows_the_definition_of_a_step() {
    let mut random = seeded::seeded(30);
    for target in [Target::Generic, Target::Ecp5, Target::Ice40] {
        for (lanes, requantizers, passes) in
            [(4, 1, 1), (4, 1, 4), (4, 4, 1), (8, 1, 1), (8, 2, 4), (8, 4, 1), (8, 8, 1)]
        {
            for tables in [false, true] {
                let rows = random.pick(&[2, 4]);
                let pipeline = random.within(2, 11) as usize;
                let taps = random.pick(&[1, 3]);
                let config =
                    EngineConfig { tables, rows, pipeline, taps, ..config(target, lanes, requantizers, passes) };
                check(&mut random, config, 8);
            }
        }
    }
}
