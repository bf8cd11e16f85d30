//! Which configurations are simulated, and with how many vectors.

use qrtl_gen::spec::{
    DimensionSpec, FixedPointMultiplierSpec, FormSpec, ForwardingSpec, GemmSpec, OperandType, OutputSpec, Parameter,
    RequantizerSpec, SaturatorSpec, Spec, StrategySpec, TargetSpec, ZeroPointSpec,
};
use qrtl_golden::Rule;
use qrtl_hdl::blocks::gemm::Dimension;

use super::Job;

/// Vectors for each rounding rule with every parameter a port.
const PER_RULE: usize = 1_000_000;

/// Vectors of a configuration that differs from those in a detail.
const DETAIL: usize = 50_000;

/// Everything that `make sim` runs.
pub fn jobs() -> Vec<Job> {
    let of = |block, specs: Vec<(Spec, usize)>| specs.into_iter().map(move |(spec, count)| Job { block, spec, count });
    of("saturator", saturators())
        .chain(of("fixed_point_multiplier", multipliers()))
        .chain(of("requantizer", requantizers()))
        .chain(of("gemm", gemms()))
        .collect()
}

fn saturators() -> Vec<(Spec, usize)> {
    let base = SaturatorSpec::default();
    let bounds = |min, max| SaturatorSpec { min, max, ..base.clone() };
    [
        base.clone(),
        SaturatorSpec { form: FormSpec::Compare, ..base.clone() },
        bounds(-128, 127),
        SaturatorSpec { form: FormSpec::Compare, ..bounds(-128, 127) },
        // Exhaustive: every input of 8 to 20 bits.
        SaturatorSpec { in_width: 8, out_width: 4, ..bounds(0, 15) },
        SaturatorSpec { in_width: 8, out_width: 4, ..bounds(-8, 7) },
        SaturatorSpec { in_width: 8, ..bounds(-100, 90) },
        SaturatorSpec { in_width: 8, in_unsigned: true, ..bounds(3, 200) },
        SaturatorSpec { in_width: 20, ..base.clone() },
        SaturatorSpec { in_width: 20, form: FormSpec::Compare, ..bounds(-128, 127) },
        SaturatorSpec { in_width: 16, registered: true, ..bounds(-128, 127) },
        SaturatorSpec { in_width: 40, out_width: 33, run_time_bounds: true, ..base.clone() },
        SaturatorSpec { in_width: 64, out_width: 64, ..bounds(i64::MIN, i64::MAX) },
        SaturatorSpec { in_width: 64, out_width: 63, ..bounds(-5, 1 << 40) },
        SaturatorSpec { in_width: 64, in_unsigned: true, out_width: 64, ..bounds(1, i64::MAX) },
    ]
    .map(|s| (Spec::Saturator(s), DETAIL))
    .into()
}

fn multipliers() -> Vec<(Spec, usize)> {
    let signed = |width, acc_width, rounding| FixedPointMultiplierSpec { width, signed: true, acc_width, rounding };
    let unsigned = |width| FixedPointMultiplierSpec { width, ..FixedPointMultiplierSpec::default() };
    let all = [
        unsigned(16),
        unsigned(32),
        signed(16, 32, Rule::Truncate),
        signed(16, 32, Rule::Single),
        signed(32, 32, Rule::Truncate),
        signed(32, 32, Rule::Single),
        signed(32, 20, Rule::Single),
    ];
    all.map(|s| (Spec::FixedPointMultiplier(s), 4 * DETAIL)).into()
}

fn requantizers() -> Vec<(Spec, usize)> {
    let base = RequantizerSpec::default();
    let mut all: Vec<(RequantizerSpec, usize)> = Vec::new();
    for rule in Rule::ALL {
        let acc_width = if rule == Rule::Reduced16 { 48 } else { 32 };
        let run_time = RequantizerSpec { rule, acc_width, ..base.clone() };
        all.push((run_time.clone(), PER_RULE));
        for multiplier_width in [8, 16] {
            if rule != Rule::Reduced16 {
                all.push((RequantizerSpec { multiplier_width, ..run_time.clone() }, DETAIL));
            }
        }
        let tables = RequantizerSpec {
            multiplier: Parameter::Table(vec![1 << 30, (1 << 31) - 1, 0, 1_518_500_250, (1 << 30) + 1]),
            shift: Parameter::Table(vec![-1, 0, -31, -7, 2]),
            bias: Parameter::Table(vec![0, -1000, 5, 123_456, -7]),
            acc_width: 24,
            ..run_time
        };
        all.push((tables, DETAIL));
    }
    for output in [OutputSpec::Uint8, OutputSpec::Int16] {
        all.push((RequantizerSpec { output, bias: Parameter::Port, ..base.clone() }, DETAIL));
    }
    all.extend(
        (0..=11).filter(|p| *p != base.pipeline).map(|p| (RequantizerSpec { pipeline: p, ..base.clone() }, DETAIL)),
    );
    let ecp5 = RequantizerSpec { target: TargetSpec::Ecp5, ..base.clone() };
    all.extend((0..=12).map(|p| (RequantizerSpec { pipeline: p, ..ecp5.clone() }, DETAIL)));
    let ice40 = RequantizerSpec { target: TargetSpec::Ice40, ..base.clone() };
    all.extend((0..=12).map(|p| (RequantizerSpec { pipeline: p, ..ice40.clone() }, DETAIL)));
    for rule in Rule::ALL.into_iter().filter(|r| *r != base.rule) {
        let acc_width = if rule == Rule::Reduced16 { 48 } else { 32 };
        all.push((RequantizerSpec { rule, acc_width, pipeline: 11, ..ice40.clone() }, DETAIL));
    }
    all.extend(in_passes(&base).into_iter().map(|s| (s, DETAIL)));
    let free = |pipeline| RequantizerSpec { pipeline, no_backpressure: true, ..base.clone() };
    all.extend([0, 4, 10].map(|p| (free(p), DETAIL)));
    all.push((RequantizerSpec { target: TargetSpec::Ice40, ..free(11) }, DETAIL));
    for (multiplier, shift) in
        [(1_518_500_250, -7), (1 << 30, -1), (1 << 30, 1), (2_147_483_647, 0), (1_200_414_753, -20)]
    {
        let constant = RequantizerSpec {
            multiplier: Parameter::Constant(multiplier),
            shift: Parameter::Constant(shift),
            zero_point: Parameter::Constant(-3),
            min: Parameter::Constant(-128),
            max: Parameter::Constant(127),
            ..base.clone()
        };
        all.push((constant, DETAIL));
    }
    all.into_iter().map(|(s, n)| (Spec::Requantizer(s), n)).collect()
}

/// Products in 2 and 4 passes: every rule, every target, shallow and deep, and what has two products only.
fn in_passes(base: &RequantizerSpec) -> Vec<RequantizerSpec> {
    let passes = |passes, pipeline| RequantizerSpec { passes, pipeline, ..base.clone() };
    let on = |target, spec: RequantizerSpec| RequantizerSpec { target, ..spec };
    let (ecp5, ice40) = (TargetSpec::Ecp5, TargetSpec::Ice40);
    // An accumulator of 48 bits is not cut in two, a multiplier of 16 bits not at all.
    let mut all = vec![RequantizerSpec { rule: Rule::Reduced16, ..passes(2, 9) }];
    let rules = Rule::ALL.into_iter().filter(|r| *r != Rule::Reduced16);
    all.extend(rules.flat_map(|rule| [passes(2, 6), passes(4, 5)].map(|spec| RequantizerSpec { rule, ..spec })));
    all.extend([2, 12].into_iter().flat_map(|p| [passes(2, p), passes(4, p)]));
    all.extend([2, 7, 12].into_iter().flat_map(|p| [on(ecp5, passes(2, p)), on(ecp5, passes(4, p))]));
    all.extend([2, 7, 11].map(|p| on(ice40, passes(4, p))));
    let free = [passes(2, 8), passes(4, 4), on(ecp5, passes(2, 12)), on(ecp5, passes(4, 9)), on(ice40, passes(4, 11))];
    all.extend(free.map(|spec| RequantizerSpec { no_backpressure: true, ..spec }));
    let narrow = [passes(2, 5), on(ecp5, passes(2, 12)), on(ice40, passes(2, 8))];
    all.extend(narrow.map(|spec| RequantizerSpec { multiplier_width: 16, ..spec }));
    let wide = [passes(2, 7), on(ice40, passes(4, 9))];
    all.extend(wide.map(|spec| RequantizerSpec { output: OutputSpec::Int16, bias: Parameter::Port, ..spec }));
    let table = |values: [i64; 3]| Parameter::Table(values.into());
    all.extend([passes(4, 8), on(ice40, passes(4, 8))].map(|spec| RequantizerSpec {
        acc_width: 24,
        multiplier: table([1 << 30, (1 << 31) - 1, 1_518_500_250]),
        shift: table([-1, -31, 2]),
        ..spec
    }));
    all
}

fn gemms() -> Vec<(Spec, usize)> {
    use OperandType::{Int4, Int16, Uint8};
    use StrategySpec::{Correct, Subtract};
    let up_to = |n| DimensionSpec(Dimension::UpTo(n));
    let base = GemmSpec { m: up_to(64), n: up_to(32), k: up_to(64), ..GemmSpec::default() };
    let zeros = |a_strategy, b_strategy| GemmSpec {
        a_zero_point: ZeroPointSpec::Port,
        b_zero_point: ZeroPointSpec::Port,
        a_strategy,
        b_strategy,
        ..base.clone()
    };
    let none = ZeroPointSpec::None;
    let ice40 = GemmSpec { target: TargetSpec::Ice40, a_zero_point: none, b_zero_point: none, ..base.clone() };
    let size =
        |rows, cols, requantizers, spec: GemmSpec| GemmSpec { rows, cols, requantizers: Some(requantizers), ..spec };
    let table = |v: [i64; 6]| Parameter::Table(v.into());
    let fixed = GemmSpec {
        n: DimensionSpec(Dimension::Fixed(6)),
        bias: table([100, -100, 0, 7, -2000, 2000]),
        multiplier: table([1 << 30, 1_518_500_250, (1 << 31) - 1, 1_200_414_753, 1 << 30, 2_000_000_000]),
        shift: table([-8, -7, -9, -6, -10, -8]),
        ..base.clone()
    };
    let systolic = |spec: GemmSpec| GemmSpec { forwarding: ForwardingSpec::Systolic, ..spec };
    let all = [
        base.clone(),
        zeros(Subtract, Subtract),
        size(4, 4, 4, systolic(zeros(Subtract, Subtract))),
        size(3, 5, 1, systolic(zeros(Correct, Correct))),
        size(5, 2, 2, systolic(GemmSpec { a: Uint8, b: Int4, pipeline: 10, ..zeros(Correct, Subtract) })),
        size(4, 4, 2, systolic(GemmSpec { target: TargetSpec::Ecp5, pipeline: 12, ..zeros(Subtract, Correct) })),
        size(3, 4, 2, systolic(GemmSpec { dsp_elements: Some(5), target: TargetSpec::Ecp5, ..base.clone() })),
        size(1, 4, 1, systolic(GemmSpec { dsp_elements: Some(2), ..base.clone() })),
        size(4, 1, 1, systolic(GemmSpec { axis: true, ..base.clone() })),
        size(2, 3, 3, zeros(Correct, Subtract)),
        size(3, 2, 1, zeros(Subtract, Correct)),
        size(4, 4, 2, GemmSpec { pipeline: 10, ..zeros(Correct, Correct) }),
        size(1, 1, 1, zeros(Subtract, Subtract)),
        size(3, 2, 1, GemmSpec { dsp_elements: Some(3), ..zeros(Subtract, Subtract) }),
        size(2, 2, 2, GemmSpec { dsp_elements: Some(0), a: Uint8, b: Int4, ..zeros(Correct, Subtract) }),
        size(3, 4, 2, GemmSpec { dsp_elements: Some(5), target: TargetSpec::Ecp5, ..base.clone() }),
        size(4, 4, 2, GemmSpec { pipeline: 11, ..ice40.clone() }),
        size(3, 3, 3, GemmSpec { dsp_elements: Some(5), a: Uint8, b: Int4, ..ice40.clone() }),
        size(2, 4, 1, GemmSpec { dsp_elements: Some(3), b: Uint8, axis: true, ..ice40.clone() }),
        size(2, 3, 1, GemmSpec { target: TargetSpec::Ice40, dsp_elements: Some(4), ..zeros(Subtract, Subtract) }),
        size(2, 2, 2, GemmSpec { a: Int16, output: OutputSpec::Int16, ..ice40 }),
        size(4, 4, 1, GemmSpec { target: TargetSpec::Ecp5, pipeline: 12, ..zeros(Subtract, Correct) }),
        size(3, 4, 2, GemmSpec { passes: 4, pipeline: 5, ..zeros(Subtract, Correct) }),
        size(4, 4, 1, GemmSpec { passes: 2, target: TargetSpec::Ecp5, pipeline: 12, axis: true, ..base.clone() }),
        size(5, 3, 1, GemmSpec { a: Uint8, b: Uint8, output: OutputSpec::Uint8, ..zeros(Subtract, Subtract) }),
        size(
            2,
            2,
            2,
            GemmSpec { a: Int4, b: Int4, b_zero_point: ZeroPointSpec::Constant(-3), ..zeros(Subtract, Correct) },
        ),
        size(2, 4, 2, GemmSpec { a: Int16, output: OutputSpec::Int16, ..base.clone() }),
        size(4, 4, 4, fixed.clone()),
        size(3, 4, 1, GemmSpec { rule: Rule::Single, pipeline: 1, ..fixed.clone() }),
        GemmSpec { k: DimensionSpec(Dimension::Fixed(1)), m: DimensionSpec(Dimension::Fixed(7)), ..fixed },
        size(4, 4, 4, GemmSpec { axis: true, ..base.clone() }),
        size(2, 3, 3, GemmSpec { axis: true, a: Int16, b: Int4, output: OutputSpec::Int16, ..base }),
    ];
    all.map(|s| (Spec::Gemm(s), 20_000)).into()
}
