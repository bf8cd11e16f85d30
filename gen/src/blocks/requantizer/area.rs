//! Configurations of the requantizer whose area and clock are measured.

use qrtl_golden::MultiplierWidth;
use qrtl_hdl::blocks::requantizer::RequantizerConfig;
use qrtl_hdl::parameter::Source;
use qrtl_hdl::targets::{Device, Target};

use crate::blocks::{Subject, WITH_DSP};

const BY_HAND: &str = "requantizer_by_hand";

/// All configurations, the baseline first.
pub(super) fn subjects() -> Vec<Subject<RequantizerConfig>> {
    let about = "32 x 32 bits, all at run time, 5 ranks";
    let hand = Subject::by_hand(BY_HAND, &[], about, RequantizerConfig::default());
    let mut all = vec![also_narrow(hand)];
    all.extend(everywhere());
    all.extend(on_ecp5());
    all.extend(on_up5k());
    all
}

/// Adds a measurement for ECP5 without its wide multiplexers. Some blocks become smaller and stay as fast.
fn also_narrow(subject: Subject<RequantizerConfig>) -> Subject<RequantizerConfig> {
    let on_ecp5 = subject.on(&[Device::Ecp5Small]).with_flags(Device::Ecp5Small, "-nowidelut");
    on_ecp5.on(&[Device::Up5k]).in_gates()
}

fn compared(name: &'static str, about: &'static str, config: RequantizerConfig) -> Subject<RequantizerConfig> {
    Subject::compared(name, about, BY_HAND, config)
}

fn piped(pipeline: usize) -> RequantizerConfig {
    RequantizerConfig { pipeline, ..RequantizerConfig::default() }
}

fn narrow(config: RequantizerConfig) -> RequantizerConfig {
    RequantizerConfig { multiplier_width: MultiplierWidth::W16, ..config }
}

/// The configuration without backpressure.
fn free(config: RequantizerConfig) -> RequantizerConfig {
    RequantizerConfig { no_backpressure: true, ..config }
}

/// The configurations without cells of a device.
fn everywhere() -> Vec<Subject<RequantizerConfig>> {
    let constant = |config| RequantizerConfig {
        multiplier: Source::Constant(1_518_500_250),
        shift: Source::Constant(-8),
        ..config
    };
    let on = |subject: Subject<_>| subject.on(WITH_DSP).in_gates();
    let in_passes = RequantizerConfig { passes: 4, ..piped(10) };
    let about_passes = "32 x 32 bits, 4 passes through one multiplier, 10 ranks";
    vec![
        also_narrow(compared("requantizer_p4", "32 x 32 bits, all at run time, 4 ranks (the default)", piped(4))),
        on(compared("requantizer_p7", "32 x 32 bits, all at run time, 7 ranks", piped(7))),
        also_narrow(compared("requantizer_p10", "32 x 32 bits, all at run time, 10 ranks", piped(10))),
        on(compared("requantizer_16_p4", "32 x 16 bits, all at run time, 4 ranks", narrow(piped(4)))),
        on(compared("requantizer_16_p10", "32 x 16 bits, all at run time, 10 ranks", narrow(piped(10)))),
        on(compared("requantizer_constant_p4", "constant multiplier and shift, 4 ranks", constant(piped(4)))),
        on(compared("requantizer_constant_p10", "constant multiplier and shift, 10 ranks", constant(piped(10)))),
        compared("requantizer_passes4", about_passes, in_passes).on(&[Device::Ecp5Small, Device::Up5k]),
    ]
}

fn on_ecp5() -> Vec<Subject<RequantizerConfig>> {
    let ecp5 = |pipeline| RequantizerConfig { target: Target::Ecp5, ..piped(pipeline) };
    let in_passes = RequantizerConfig { passes: 4, ..ecp5(11) };
    let about_narrow = "32 x 16 bits, MULT18X18D, without backpressure, 12 ranks";
    let all = [
        compared("requantizer_ecp5_p9", "32 x 32 bits, all at run time, 9 ranks, MULT18X18D", ecp5(9)),
        compared("requantizer_ecp5_p12", "32 x 32 bits, all at run time, 12 ranks, MULT18X18D", ecp5(12)),
        compared("requantizer_ecp5_passes4", "32 x 32 bits, 4 passes through one MULT18X18D, 11 ranks", in_passes),
        compared("requantizer_ecp5_p9_free", "the same without backpressure, 9 ranks", free(ecp5(9))),
        compared("requantizer_ecp5_p12_free", "the same without backpressure, 12 ranks", free(ecp5(12))),
        compared("requantizer_ecp5_16_p12_free", about_narrow, free(narrow(ecp5(12)))),
    ];
    all.map(|subject| subject.on(&[Device::Ecp5Small]).with_flags(Device::Ecp5Small, "-nowidelut")).into()
}

fn on_up5k() -> Vec<Subject<RequantizerConfig>> {
    let ice40 = |pipeline| RequantizerConfig { target: Target::Ice40, ..piped(pipeline) };
    let in_passes = RequantizerConfig { passes: 4, ..ice40(11) };
    let all = [
        compared("requantizer_p10_free", "32 x 32 bits, without backpressure, 10 ranks", free(piped(10))),
        compared("requantizer_p11_free", "32 x 32 bits, without backpressure, 11 ranks", free(piped(11))),
        compared("requantizer_ice40_p8", "32 x 32 bits, all at run time, 8 ranks, SB_MAC16", ice40(8)),
        compared("requantizer_ice40_p11", "32 x 32 bits, all at run time, 11 ranks, SB_MAC16", ice40(11)),
        compared("requantizer_ice40_passes4", "32 x 32 bits, 4 passes through one SB_MAC16, 11 ranks", in_passes),
        compared("requantizer_ice40_p8_free", "the same without backpressure, 8 ranks", free(ice40(8))),
        compared("requantizer_ice40_p11_free", "the same without backpressure, 11 ranks", free(ice40(11))),
    ];
    all.map(|subject| subject.on(&[Device::Up5k])).into()
}
