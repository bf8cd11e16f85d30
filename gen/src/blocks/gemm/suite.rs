//! The configurations of the GEMM block that are simulated.

use qrtl_golden::Rule;
use qrtl_hdl::blocks::gemm::{Forwarding, GemmConfig, ZeroPointStrategy};
use qrtl_hdl::parameter::{Dimension, HardwareRule, IntType, Source, ZeroPoint};
use qrtl_hdl::targets::Target;

/// Least number of results of each configuration.
const RESULTS: usize = 20_000;

/// Arrays of many shapes in both forwardings, on every target, with every type, strategy and source of channels.
pub(super) fn configurations() -> Vec<(GemmConfig, usize)> {
    use IntType::{Int4, Int16, Uint8};
    use ZeroPointStrategy::{Correct, Subtract};
    let up_to = |n| Dimension::UpTo(n);
    let base = GemmConfig { m: up_to(64), n: up_to(32), k: up_to(64), ..GemmConfig::default() };
    let zeros = |a_strategy, b_strategy| GemmConfig {
        a_zero_point: ZeroPoint::Port,
        b_zero_point: ZeroPoint::Port,
        a_strategy,
        b_strategy,
        ..base.clone()
    };
    let none = ZeroPoint::None;
    let ice40 = GemmConfig { target: Target::Ice40, a_zero_point: none, b_zero_point: none, ..base.clone() };
    let size = |rows, cols, requantizers, spec: GemmConfig| GemmConfig {
        rows,
        cols,
        requantizers: Some(requantizers),
        ..spec
    };
    let table = |v: [i64; 6]| Source::Table(v.into());
    let fixed = GemmConfig {
        n: Dimension::Fixed(6),
        bias: table([100, -100, 0, 7, -2000, 2000]),
        multiplier: table([1 << 30, 1_518_500_250, (1 << 31) - 1, 1_200_414_753, 1 << 30, 2_000_000_000]),
        shift: table([-8, -7, -9, -6, -10, -8]),
        ..base.clone()
    };
    let systolic = |spec: GemmConfig| GemmConfig { forwarding: Forwarding::Systolic, ..spec };
    let float = |spec: GemmConfig| GemmConfig { rule: HardwareRule::F32Even, ..spec };
    let scales = [0.001_953_125, 0.007_1, 0.000_488_281_25, 0.011, 1e-6, 0.003_906_25];
    let floats = float(GemmConfig {
        multiplier: Source::Table(scales.map(|scale: f32| scale.to_bits().into()).into()),
        shift: Source::Port,
        ..fixed.clone()
    });
    let one_float = float(GemmConfig {
        bias: Source::Constant(-5),
        multiplier: Source::Constant(0.002_5f32.to_bits().into()),
        zero_point: Source::Constant(-3),
        min: Source::Constant(-100),
        max: Source::Constant(120),
        ..base.clone()
    });
    let all = [
        base.clone(),
        zeros(Subtract, Subtract),
        size(4, 4, 4, systolic(zeros(Subtract, Subtract))),
        size(3, 5, 1, systolic(zeros(Correct, Correct))),
        size(5, 2, 2, systolic(GemmConfig { a: Uint8, b: Int4, pipeline: 10, ..zeros(Correct, Subtract) })),
        size(4, 4, 2, systolic(GemmConfig { target: Target::Ecp5, pipeline: 12, ..zeros(Subtract, Correct) })),
        size(3, 4, 2, systolic(GemmConfig { dsp_elements: Some(5), target: Target::Ecp5, ..base.clone() })),
        size(1, 4, 1, systolic(GemmConfig { dsp_elements: Some(2), ..base.clone() })),
        size(4, 1, 1, systolic(GemmConfig { axis: true, ..base.clone() })),
        size(2, 3, 3, zeros(Correct, Subtract)),
        size(3, 2, 1, zeros(Subtract, Correct)),
        size(4, 4, 2, GemmConfig { pipeline: 10, ..zeros(Correct, Correct) }),
        size(1, 1, 1, zeros(Subtract, Subtract)),
        size(3, 2, 1, GemmConfig { dsp_elements: Some(3), ..zeros(Subtract, Subtract) }),
        size(2, 2, 2, GemmConfig { dsp_elements: Some(0), a: Uint8, b: Int4, ..zeros(Correct, Subtract) }),
        size(3, 4, 2, GemmConfig { dsp_elements: Some(5), target: Target::Ecp5, ..base.clone() }),
        size(4, 4, 2, GemmConfig { pipeline: 11, ..ice40.clone() }),
        size(3, 3, 3, GemmConfig { dsp_elements: Some(5), a: Uint8, b: Int4, ..ice40.clone() }),
        size(2, 4, 1, GemmConfig { dsp_elements: Some(3), b: Uint8, axis: true, ..ice40.clone() }),
        size(2, 3, 1, GemmConfig { target: Target::Ice40, dsp_elements: Some(4), ..zeros(Subtract, Subtract) }),
        size(2, 2, 2, GemmConfig { a: Int16, output: IntType::Int16, ..ice40.clone() }),
        size(4, 4, 1, GemmConfig { target: Target::Ecp5, pipeline: 12, ..zeros(Subtract, Correct) }),
        size(3, 4, 2, GemmConfig { passes: 4, pipeline: 5, ..zeros(Subtract, Correct) }),
        size(4, 4, 1, GemmConfig { passes: 2, target: Target::Ecp5, pipeline: 12, axis: true, ..base.clone() }),
        size(5, 3, 1, GemmConfig { a: Uint8, b: Uint8, output: IntType::Uint8, ..zeros(Subtract, Subtract) }),
        size(
            2,
            2,
            2,
            GemmConfig { a: Int4, b: Int4, b_zero_point: ZeroPoint::Constant(-3), ..zeros(Subtract, Correct) },
        ),
        size(2, 4, 2, GemmConfig { a: Int16, output: IntType::Int16, ..base.clone() }),
        size(4, 4, 4, fixed.clone()),
        size(3, 4, 1, GemmConfig { rule: HardwareRule::Fixed(Rule::Single), pipeline: 1, ..fixed.clone() }),
        GemmConfig { k: Dimension::Fixed(1), m: Dimension::Fixed(7), ..fixed },
        float(zeros(Subtract, Subtract)),
        size(4, 4, 2, float(systolic(GemmConfig { target: Target::Ecp5, pipeline: 14, ..zeros(Subtract, Correct) }))),
        size(2, 4, 1, float(GemmConfig { pipeline: 14, axis: true, b: Uint8, ..ice40 })),
        size(3, 2, 1, float(GemmConfig { a: Uint8, b: Uint8, output: Uint8, ..base.clone() })),
        size(2, 3, 3, float(GemmConfig { a: Int16, output: Int16, pipeline: 0, ..base.clone() })),
        size(2, 2, 1, systolic(one_float)),
        size(4, 4, 4, floats),
        size(4, 4, 4, GemmConfig { axis: true, ..base.clone() }),
        size(2, 3, 3, GemmConfig { axis: true, a: Int16, b: Int4, output: IntType::Int16, ..base }),
    ];
    all.map(|config| (config, RESULTS)).into()
}
