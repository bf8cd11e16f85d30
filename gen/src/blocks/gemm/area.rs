//! Configurations of the GEMM block whose area and clock are measured.

use qrtl_hdl::blocks::gemm::{Forwarding, GemmConfig};
use qrtl_hdl::parameter::ZeroPoint;
use qrtl_hdl::targets::{Device, Target};

use crate::blocks::Subject;

/// All configurations, the baseline first.
pub(super) fn subjects() -> Vec<Subject<GemmConfig>> {
    let base = GemmConfig { requantizers: Some(4), ..GemmConfig::default() };
    let one = GemmConfig { requantizers: Some(1), ..base.clone() };
    let deep = GemmConfig { target: Target::Ecp5, pipeline: 12, ..base.clone() };
    let eight = GemmConfig { rows: 8, cols: 8, requantizers: Some(2), ..deep.clone() };
    let cells = GemmConfig { requantizers: Some(1), axis: true, ..deep.clone() };
    // As many elements as fit: the requantizer leaves some multipliers to them, and the others are in LUTs.
    let mixed = |rows, cols, dsp, config: GemmConfig| GemmConfig {
        rows,
        cols,
        requantizers: Some(1),
        dsp_elements: Some(dsp),
        ..config
    };
    let on_ecp5 = mixed(10, 12, 24, deep);
    let ice40 = GemmConfig { target: Target::Ice40, pipeline: 11, a_zero_point: ZeroPoint::None, ..base.clone() };
    let on_up5k = mixed(4, 8, 14, GemmConfig { passes: 4, ..ice40 });
    let systolic = |config: &GemmConfig| GemmConfig { forwarding: Forwarding::Systolic, ..config.clone() };
    let (cells_systolic, eight_systolic) = (systolic(&cells), systolic(&eight));
    let (hand, about) = ("gemm_4x4_by_hand", "4 x 4, int8, 4 requantizers");
    let compared = |name, about, config, devices: &[Device]| Subject::compared(name, about, hand, config).on(devices);
    // 16 multipliers, and 4 for each requantizer: with four of them more than the 28 of ECP5-25.
    let (small, large) = (&[Device::Ecp5Small], &[Device::Ecp5Large]);
    let axis = "4 x 4, int8, 1 requantizer, MULT18X18D, 12 ranks, AXI4-Stream";
    let in_luts = "10 x 12, int8, 24 elements in DSP, 96 in LUTs, MULT18X18D, 12 ranks";
    let in_pairs = "4 x 8, int8, 14 elements in 7 DSP, 18 in LUTs, requantizer in 4 passes";
    let element = "the same, operands from element to element";
    let large_array = "8 x 8, int8, 2 requantizers, MULT18X18D, 12 ranks";
    vec![
        Subject::by_hand(hand, &["requantizer_by_hand"], about, base.clone()).on(large),
        compared("gemm_4x4_r1", "4 x 4, int8, 1 requantizer", one, small),
        compared("gemm_4x4_r1_ecp5_axis", axis, cells, small).with_flags(Device::Ecp5Small, "-nowidelut"),
        compared("gemm_4x4_r1_ecp5_axis_systolic", element, cells_systolic, small),
        compared("gemm_4x4", about, base, large),
        compared("gemm_10x12_ecp5", in_luts, on_ecp5, small),
        compared("gemm_4x8_up5k", in_pairs, on_up5k, &[Device::Up5k]),
        compared("gemm_8x8_r2_ecp5", large_array, eight, large),
        compared("gemm_8x8_r2_ecp5_systolic", element, eight_systolic, large),
    ]
}
