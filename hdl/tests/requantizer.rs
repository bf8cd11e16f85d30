//! The requantizer's description, evaluated in Rust, against golden: a quick look before the Verilog is built.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "../../golden/tests/support/seeded.rs"]
mod seeded;

use qrtl_golden::numerics::requantizer::requantize;
use qrtl_golden::{Bounds, Contract, FixedMultiplier, MultiplierWidth, Requantization, Rule};
use qrtl_hdl::blocks::requantizer::{OUTPUTS, Requantizer, RequantizerConfig};
use qrtl_hdl::exact::{FlatSim, elaborate};
use qrtl_hdl::parameter::{IntType, Source};
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

/// A multiplier whose halves are 0 needs fewer multipliers of a device than its width says.
#[test]
fn every_constant_multiplier_elaborates() {
    for target in [Target::Generic, Target::Ecp5, Target::Ice40] {
        for multiplier in [0, 1, 1 << 16, 1 << 17, (1 << 17) + 1, 1 << 30, (1 << 31) - 1] {
            let pipelines = RequantizerConfig { target, ..RequantizerConfig::default() }.pipelines();
            for pipeline in pipelines {
                let multiplier = Source::Constant(multiplier);
                let config = RequantizerConfig { target, multiplier, pipeline, ..RequantizerConfig::default() };
                let block = Requantizer::new(config.clone()).unwrap();
                assert!(elaborate(&block, "requantizer").is_ok(), "{config:?}");
            }
        }
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
        let factor = FixedMultiplier::new(width, m as i64, s as i64).unwrap();
        let r = Requantization::new(rule, factor, z as i64, bounds).unwrap();
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

/// `x m / 2^(31 - s)` of a multiplier of 32 bits, rounded once by the definition of the rule; nothing for rules that round
/// twice.
fn rounded_once(rule: Rule, x: i128, m: i128, s: i128) -> Option<i128> {
    let half_up = |n: i128, k: i128| (2 * n + (1 << k)) >> (k + 1);
    let (p, k) = (x * m, 31 - s);
    match rule {
        Rule::Truncate => Some(p >> k),
        Rule::Single => Some(half_up(p, k)),
        Rule::ShiftAway => Some(if p < 0 { -half_up(-p, k) } else { half_up(p, k) }),
        // Where rounding up and rounding down from a half differ, there is a tie, and one of the two is even.
        Rule::HalfEven => [half_up(p, k), -half_up(-p, k)].into_iter().min_by_key(|y| y & 1),
        Rule::Reduced16 => Some(half_up(x * half_up(m, 16).min(0x7fff), 15 - s)),
        Rule::TfliteDouble | Rule::HalfUpTwice => None,
    }
}

/// Accumulators that, shifted left, leave their type: a rule that shifts the product alone is defined for them.
#[test]
fn a_rule_that_shifts_once_takes_every_accumulator() {
    let mut random = seeded::seeded(3);
    for rule in Rule::ALL {
        assert_eq!(rounded_once(rule, 0, 0, 0).is_some(), rule.contract() == Contract::Result, "{rule}");
        if rule.contract() == Contract::ShiftedAccumulator {
            continue;
        }
        let config = RequantizerConfig { output: IntType::Int16, ..combinational(rule) };
        let (acc, y) = (config.acc(), config.output.range());
        let block = Requantizer::new(config).unwrap();
        let mut sim = FlatSim::new(&elaborate(&block, "requantizer").unwrap_or_else(|e| panic!("{e}")));
        let mut result = |x, m, s| {
            let inputs = [("acc", x), ("multiplier", m), ("shift", s), ("zero_point", 0)];
            inputs.into_iter().chain([("min", y.lo()), ("max", y.hi())]).for_each(|(name, v)| sim.set(name, v));
            sim.settle();
            sim.get("y")
        };
        if rule == Rule::Single {
            assert_eq!(result(-2_147_483_647, 3, 1), -6);
        }
        let mut beyond = 0;
        for _ in 0..4000 {
            let s = random.within(1, (*rule.shift_range().end()).into());
            let bits = random.within(1, 18);
            let (x, m) = (random.corner(acc.lo(), acc.hi()), random.corner(0, 1 << bits));
            let expected = rounded_once(rule, x, m, s).unwrap();
            assert_eq!(result(x, m, s), expected.clamp(y.lo(), y.hi()), "{rule}: {x}, {m}, {s}");
            beyond += usize::from(!acc.contains(x << s) && y.contains(expected));
        }
        assert!(beyond > 100, "{rule}: only {beyond} accumulators leave their type");
    }
}
