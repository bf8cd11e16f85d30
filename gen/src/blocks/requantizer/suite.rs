//! The configurations of the requantizer that are simulated.

use qrtl_golden::{MultiplierWidth, Rule};
use qrtl_hdl::blocks::requantizer::RequantizerConfig;
use qrtl_hdl::parameter::{IntType, Source};
use qrtl_hdl::targets::Target;

/// Number of vectors for each rounding rule, with every parameter a port.
const PER_RULE: usize = 1_000_000;

/// Number of vectors of a configuration that differs in a detail.
const DETAIL: usize = 50_000;

/// Every rule with all parameters at run time; each depth, target, number of passes and type; and configurations with
/// tables and constants.
pub(super) fn configurations() -> Vec<(RequantizerConfig, usize)> {
    let base = RequantizerConfig::default();
    let mut all: Vec<(RequantizerConfig, usize)> = Vec::new();
    for rule in Rule::ALL {
        let run_time = RequantizerConfig { rule, acc_width: rule.accumulator_bits(), ..base.clone() };
        all.push((run_time.clone(), PER_RULE));
        for multiplier_width in [MultiplierWidth::W8, MultiplierWidth::W16] {
            if rule.widths().contains(&multiplier_width) {
                all.push((RequantizerConfig { multiplier_width, ..run_time.clone() }, DETAIL));
            }
        }
        let tables = RequantizerConfig {
            multiplier: Source::Table(vec![1 << 30, (1 << 31) - 1, 0, 1_518_500_250, (1 << 30) + 1]),
            shift: Source::Table(vec![-1, 0, -31, -7, 2]),
            bias: Source::Table(vec![0, -1000, 5, 123_456, -7]),
            acc_width: 24,
            ..run_time
        };
        all.push((tables, DETAIL));
    }
    for output in [IntType::Uint8, IntType::Int16] {
        all.push((RequantizerConfig { output, bias: Source::Port, ..base.clone() }, DETAIL));
    }
    all.extend(
        (0..=11).filter(|p| *p != base.pipeline).map(|p| (RequantizerConfig { pipeline: p, ..base.clone() }, DETAIL)),
    );
    let ecp5 = RequantizerConfig { target: Target::Ecp5, ..base.clone() };
    all.extend((0..=12).map(|p| (RequantizerConfig { pipeline: p, ..ecp5.clone() }, DETAIL)));
    let ice40 = RequantizerConfig { target: Target::Ice40, ..base.clone() };
    all.extend((0..=12).map(|p| (RequantizerConfig { pipeline: p, ..ice40.clone() }, DETAIL)));
    for rule in Rule::ALL.into_iter().filter(|r| *r != base.rule) {
        all.push((
            RequantizerConfig { rule, acc_width: rule.accumulator_bits(), pipeline: 11, ..ice40.clone() },
            DETAIL,
        ));
    }
    // An accumulator that is not cut leaves its sign to the low product.
    let narrow = [(Target::Generic, 9), (Target::Generic, 11), (Target::Ecp5, 12), (Target::Ice40, 12)];
    let narrow = narrow.map(|(target, pipeline)| RequantizerConfig { acc_width: 14, target, pipeline, ..base.clone() });
    all.extend(narrow.into_iter().map(|config| (config, DETAIL)));
    all.extend(in_passes(&base).into_iter().map(|s| (s, DETAIL)));
    let free = |pipeline| RequantizerConfig { pipeline, no_backpressure: true, ..base.clone() };
    all.extend([0, 4, 10].map(|p| (free(p), DETAIL)));
    all.push((RequantizerConfig { target: Target::Ice40, ..free(11) }, DETAIL));
    for (multiplier, shift) in
        [(1_518_500_250, -7), (1 << 30, -1), (1 << 30, 1), (2_147_483_647, 0), (1_200_414_753, -20)]
    {
        let constant = RequantizerConfig {
            multiplier: Source::Constant(multiplier),
            shift: Source::Constant(shift),
            zero_point: Source::Constant(-3),
            min: Source::Constant(-128),
            max: Source::Constant(127),
            ..base.clone()
        };
        all.push((constant, DETAIL));
    }
    all
}

/// Products in 2 and 4 passes: every rule and target, shallow and deep, and products with only two multipliers.
fn in_passes(base: &RequantizerConfig) -> Vec<RequantizerConfig> {
    let passes = |passes, pipeline| RequantizerConfig { passes, pipeline, ..base.clone() };
    let on = |target, spec: RequantizerConfig| RequantizerConfig { target, ..spec };
    let (ecp5, ice40) = (Target::Ecp5, Target::Ice40);
    // An accumulator of 48 bits cannot be cut in two, and a multiplier of 16 bits need not be cut.
    let mut all = vec![RequantizerConfig { rule: Rule::Reduced16, ..passes(2, 9) }];
    let rules = Rule::ALL.into_iter().filter(|r| *r != Rule::Reduced16);
    all.extend(rules.flat_map(|rule| [passes(2, 6), passes(4, 5)].map(|spec| RequantizerConfig { rule, ..spec })));
    all.extend([2, 12].into_iter().flat_map(|p| [passes(2, p), passes(4, p)]));
    all.extend([2, 7, 12].into_iter().flat_map(|p| [on(ecp5, passes(2, p)), on(ecp5, passes(4, p))]));
    all.extend([2, 7, 11].map(|p| on(ice40, passes(4, p))));
    let free = [passes(2, 8), passes(4, 4), on(ecp5, passes(2, 12)), on(ecp5, passes(4, 9)), on(ice40, passes(4, 11))];
    all.extend(free.map(|spec| RequantizerConfig { no_backpressure: true, ..spec }));
    let narrow = [passes(2, 5), on(ecp5, passes(2, 12)), on(ice40, passes(2, 8))];
    all.extend(narrow.map(|spec| RequantizerConfig { multiplier_width: MultiplierWidth::W16, ..spec }));
    let wide = [passes(2, 7), on(ice40, passes(4, 9))];
    all.extend(wide.map(|spec| RequantizerConfig { output: IntType::Int16, bias: Source::Port, ..spec }));
    let table = |values: [i64; 3]| Source::Table(values.into());
    all.extend([passes(4, 8), on(ice40, passes(4, 8))].map(|spec| RequantizerConfig {
        acc_width: 24,
        multiplier: table([1 << 30, (1 << 31) - 1, 1_518_500_250]),
        shift: table([-1, -31, 2]),
        ..spec
    }));
    all
}
