//! The requantizer's description, evaluated in Rust, against golden: a quick look before the Verilog is built.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "../../golden/tests/support/seeded.rs"]
mod seeded;

use qrtl_golden::requantizer::requantize;
use qrtl_golden::{Bounds, MultiplierWidth, Requantization, Rule, Scale};
use qrtl_hdl::blocks::requantizer::{OUTPUTS, Requantizer, RequantizerConfig};
use qrtl_hdl::exact::{FlatSim, elaborate};
use qrtl_hdl::targets::Target;
use qrtl_random::Random;

#[test]
fn every_rule_equals_golden() {
    let mut random = seeded::seeded(1);
    for rule in Rule::ALL {
        for width in MultiplierWidth::ALL {
            for output in OUTPUTS {
                if !rule.widths().contains(&width) {
                    continue;
                }
                let config = RequantizerConfig { multiplier_width: width, output, ..combinational(rule) };
                compare(config, &mut random);
            }
        }
    }
}

#[test]
fn every_rule_in_chained_multipliers_equals_golden() {
    let mut random = seeded::seeded(2);
    for rule in Rule::ALL {
        compare(RequantizerConfig { target: Target::Ice40, ..combinational(rule) }, &mut random);
    }
}

/// Without registers, for the widest accumulator of a rule.
fn combinational(rule: Rule) -> RequantizerConfig {
    let acc_width = rule.accumulator_bits();
    RequantizerConfig { rule, acc_width, pipeline: 0, ..RequantizerConfig::default() }
}

fn compare(config: RequantizerConfig, random: &mut Random) {
    let (rule, width, output, acc) = (config.rule, config.multiplier_width, config.output.range(), config.acc());
    let block = Requantizer::new(config.clone()).unwrap();
    let mut sim = FlatSim::new(&elaborate(&block, "requantizer").unwrap_or_else(|e| panic!("{e}")));
    let mut defined = 0;
    for _ in 0..3000 {
        let x = random.corner(acc.lo(), acc.hi());
        let m = random.corner(0, width.max().into());
        let s = random.within((*rule.shift_range().start()).into(), (*rule.shift_range().end()).into());
        let [z, p, q] = [0; 3].map(|_| random.corner(output.lo(), output.hi()));
        let bounds = Bounds::new(p.min(q) as i64, p.max(q) as i64).unwrap();
        let scale = Scale::new(width, m as i64, s as i64).unwrap();
        let r = Requantization::new(rule, scale, z as i64, bounds).unwrap();
        let Ok(expected) = requantize(x as i64, &r) else { continue };
        defined += 1;
        let inputs = [("acc", x), ("multiplier", m), ("shift", s), ("zero_point", z)];
        for (name, v) in inputs.into_iter().chain([("min", bounds.min().into()), ("max", bounds.max().into())]) {
            sim.set(name, v);
        }
        sim.settle();
        assert_eq!(sim.get("y"), i128::from(expected), "{config:?} {inputs:?} {bounds:?}");
    }
    assert!(defined > 1000, "only {defined} cases are within the contract");
}
