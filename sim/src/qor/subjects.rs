//! What is measured: blocks in the configurations that matter, and for each function the Verilog that a good engineer
//! writes by hand.

use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result};
use qrtl_gen::emit::Package;
use qrtl_gen::spec::{
    FixedPointMultiplierSpec, FormSpec, ForwardingSpec, GemmSpec, Parameter, RequantizerSpec, SaturatorSpec, Spec,
    TargetSpec, ZeroPointSpec,
};
use qrtl_hdl::interface::Interface;
use qrtl_hdl::verilog::File;

use super::device::{Device, Target};

/// Where the baselines are.
const BASELINES: &str = "bench/baselines";

/// A block to measure.
pub struct Subject {
    /// name of the subject and of its module
    pub name: &'static str,
    /// name of the baseline that it is compared with; a baseline has none
    pub baseline: Option<&'static str>,
    /// description in the table
    pub about: &'static str,
    /// its function
    pub spec: Spec,
    /// its ports
    pub interface: Interface,
    /// its Verilog, the top last
    pub files: Vec<File>,
    /// where it is measured
    pub targets: Vec<Target>,
}

impl Subject {
    /// It was written by hand.
    pub fn is_baseline(&self) -> bool {
        self.baseline.is_none()
    }
}

/// Small blocks fit everywhere.
const EVERYWHERE: [Device; 4] = [Device::Ecp5Small, Device::Up5k, Device::Hx8k, Device::Gates];

/// A multiplier of 32 bits takes HX8K minutes, and thousands of its LUTs.
const WITH_DSP: [Device; 3] = [Device::Ecp5Small, Device::Up5k, Device::Gates];

/// Blocks that are also synthesized for ECP5 without its wide multiplexers. Some become smaller and stay as fast.
const NARROW: [&str; 2] = ["requantizer_p4", "requantizer_p10"];

/// All subjects, baselines before the blocks that are compared with them.
///
/// # Errors
/// If a description is refused, or a baseline cannot be read.
pub fn subjects() -> Result<Vec<Subject>> {
    let mut all = Vec::new();
    saturators(&mut all)?;
    multipliers(&mut all)?;
    requantizers(&mut all)?;
    gemms(&mut all)?;
    Ok(all)
}

/// Blocks that files describe (TOML), each on one device and named after its file.
///
/// # Errors
/// If a file cannot be read, or describes no block.
pub fn described(files: &[PathBuf], device: Device) -> Result<Vec<Subject>> {
    let subject = |file: &PathBuf| {
        let text = fs::read_to_string(file)?;
        let name = file.file_stem().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
        single(&name, Spec::from_toml(&text, None)?, device)
    };
    files.iter().map(|file| subject(file).with_context(|| file.display().to_string())).collect()
}

/// A block on one device, without a baseline.
///
/// # Errors
/// If the name or the description is refused.
pub fn single(name: &str, spec: Spec, device: Device) -> Result<Subject> {
    let Package { name, spec, built, files, .. } = Package::new(name, spec, "sim qor")?;
    let (interface, targets) = (built.interface, suited(&spec, targets(&[device])));
    // Subjects live as long as the program.
    Ok(Subject { name: name.leak(), baseline: None, about: "", spec, interface, files, targets })
}

/// The targets. For a block that instantiates multipliers of iCE40, Yosys infers none.
fn suited(spec: &Spec, targets: Vec<Target>) -> Vec<Target> {
    let cells = match spec {
        Spec::Requantizer(spec) => spec.target,
        Spec::Gemm(spec) => spec.target,
        Spec::Saturator(_) | Spec::FixedPointMultiplier(_) => TargetSpec::Generic,
    };
    if cells == TargetSpec::Ice40 { targets.into_iter().map(Target::as_instantiated).collect() } else { targets }
}

fn targets(devices: &[Device]) -> Vec<Target> {
    devices.iter().map(|d| d.plain()).collect()
}

fn ours(
    name: &'static str,
    about: &'static str,
    baseline: &'static str,
    spec: Spec,
    targets: Vec<Target>,
) -> Result<Subject> {
    let Package { spec, built, files, .. } = Package::new(name, spec, "sim qor").with_context(|| name.to_owned())?;
    let targets = suited(&spec, targets);
    Ok(Subject { name, baseline: Some(baseline), about, spec, interface: built.interface, files, targets })
}

/// The file `bench/baselines/NAME.v`, which has the ports of `spec`; `parts` are the files that it needs.
fn by_hand(
    name: &'static str,
    parts: &[&str],
    about: &'static str,
    spec: Spec,
    targets: Vec<Target>,
) -> Result<Subject> {
    let read = |name: &&str| -> Result<File> {
        let path = format!("{BASELINES}/{name}.v");
        let text = fs::read_to_string(&path).with_context(|| path.clone())?;
        Ok(File { name: (*name).to_owned(), text })
    };
    let files = parts.iter().chain([&name]).map(read).collect::<Result<Vec<_>>>()?;
    let interface = spec.build(name)?.interface;
    Ok(Subject { name, baseline: None, about, spec, interface, files, targets })
}

fn saturators(all: &mut Vec<Subject>) -> Result<()> {
    let spec = |form| SaturatorSpec { form, ..SaturatorSpec::default() };
    let ports = SaturatorSpec { run_time_bounds: true, ..SaturatorSpec::default() };
    let to = || targets(&EVERYWHERE);
    let (fixed, run_time) = ("saturator_by_hand", "saturator_ports_by_hand");
    all.push(by_hand(fixed, &[], "32 -> 8 bits, 0..=255", Spec::Saturator(spec(FormSpec::Auto)), to())?);
    for (name, about, form) in [
        ("saturator_upper_bits", "32 -> 8 bits, 0..=255, from the upper bits", FormSpec::UpperBits),
        ("saturator_compare", "32 -> 8 bits, 0..=255, by comparators", FormSpec::Compare),
    ] {
        all.push(ours(name, about, fixed, Spec::Saturator(spec(form)), to())?);
    }
    all.push(by_hand(run_time, &[], "32 -> 8 bits, bounds are ports", Spec::Saturator(ports.clone()), to())?);
    all.push(ours("saturator_ports", "32 -> 8 bits, bounds are ports", run_time, Spec::Saturator(ports), to())?);
    Ok(())
}

fn multipliers(all: &mut Vec<Subject>) -> Result<()> {
    let spec = Spec::FixedPointMultiplier(FixedPointMultiplierSpec::default());
    let (hand, to) = ("fixed_point_multiplier_by_hand", || targets(&WITH_DSP));
    all.push(by_hand(hand, &[], "Q1.31 x Q1.31, rounded", spec.clone(), to())?);
    all.push(ours("fixed_point_multiplier", "Q1.31 x Q1.31, rounded", hand, spec, to())?);
    Ok(())
}

fn requantizers(all: &mut Vec<Subject>) -> Result<()> {
    let base = RequantizerSpec::default();
    let to = |narrow: bool| {
        let mut to = targets(&WITH_DSP);
        if narrow {
            to.insert(1, Device::Ecp5Small.plain().with("-nowidelut"));
        }
        to
    };
    let hand = "requantizer_by_hand";
    all.push(by_hand(hand, &[], "32 x 32 bits, all at run time, 5 ranks", Spec::Requantizer(base.clone()), to(true))?);
    let piped = |pipeline| RequantizerSpec { pipeline, ..base.clone() };
    let constant = |spec: RequantizerSpec| RequantizerSpec {
        multiplier: Parameter::Constant(1_518_500_250),
        shift: Parameter::Constant(-8),
        ..spec
    };
    let narrow = |spec: RequantizerSpec| RequantizerSpec { multiplier_width: 16, ..spec };
    for (name, about, spec) in [
        ("requantizer_p4", "32 x 32 bits, all at run time, 4 ranks (the default)", piped(4)),
        ("requantizer_p7", "32 x 32 bits, all at run time, 7 ranks", piped(7)),
        ("requantizer_p10", "32 x 32 bits, all at run time, 10 ranks", piped(10)),
        ("requantizer_16_p4", "32 x 16 bits, all at run time, 4 ranks", narrow(piped(4))),
        ("requantizer_16_p10", "32 x 16 bits, all at run time, 10 ranks", narrow(piped(10))),
        ("requantizer_constant_p4", "constant multiplier and shift, 4 ranks", constant(piped(4))),
        ("requantizer_constant_p10", "constant multiplier and shift, 10 ranks", constant(piped(10))),
    ] {
        all.push(ours(name, about, hand, Spec::Requantizer(spec), to(NARROW.contains(&name)))?);
    }
    let in_passes = RequantizerSpec { passes: 4, ..piped(10) };
    let to_small = targets(&[Device::Ecp5Small, Device::Up5k]);
    let about = "32 x 32 bits, 4 passes through one multiplier, 10 ranks";
    all.push(ours("requantizer_passes4", about, hand, Spec::Requantizer(in_passes), to_small)?);
    let ecp5 = |pipeline| RequantizerSpec { target: TargetSpec::Ecp5, ..piped(pipeline) };
    let free = |spec: RequantizerSpec| RequantizerSpec { no_backpressure: true, ..spec };
    let to_ecp5 = [Device::Ecp5Small.plain(), Device::Ecp5Small.plain().with("-nowidelut")];
    for (name, about, spec) in [
        ("requantizer_ecp5_p9", "32 x 32 bits, all at run time, 9 ranks, MULT18X18D", ecp5(9)),
        ("requantizer_ecp5_p12", "32 x 32 bits, all at run time, 12 ranks, MULT18X18D", ecp5(12)),
        (
            "requantizer_ecp5_passes4",
            "32 x 32 bits, 4 passes through one MULT18X18D, 11 ranks",
            RequantizerSpec { passes: 4, ..ecp5(11) },
        ),
        ("requantizer_ecp5_p9_free", "the same without backpressure, 9 ranks", free(ecp5(9))),
        ("requantizer_ecp5_p12_free", "the same without backpressure, 12 ranks", free(ecp5(12))),
        (
            "requantizer_ecp5_16_p12_free",
            "32 x 16 bits, MULT18X18D, without backpressure, 12 ranks",
            free(narrow(ecp5(12))),
        ),
    ] {
        all.push(ours(name, about, hand, Spec::Requantizer(spec), to_ecp5.to_vec())?);
    }
    let to_up5k = || targets(&[Device::Up5k]);
    for (name, about, pipeline) in [
        ("requantizer_p10_free", "32 x 32 bits, without backpressure, 10 ranks", 10),
        ("requantizer_p11_free", "32 x 32 bits, without backpressure, 11 ranks", 11),
    ] {
        all.push(ours(name, about, hand, Spec::Requantizer(free(piped(pipeline))), to_up5k())?);
    }
    let ice40 = |pipeline| RequantizerSpec { target: TargetSpec::Ice40, ..piped(pipeline) };
    for (name, about, spec) in [
        ("requantizer_ice40_p8", "32 x 32 bits, all at run time, 8 ranks, SB_MAC16", ice40(8)),
        ("requantizer_ice40_p11", "32 x 32 bits, all at run time, 11 ranks, SB_MAC16", ice40(11)),
        (
            "requantizer_ice40_passes4",
            "32 x 32 bits, 4 passes through one SB_MAC16, 11 ranks",
            RequantizerSpec { passes: 4, ..ice40(11) },
        ),
        ("requantizer_ice40_p8_free", "the same without backpressure, 8 ranks", free(ice40(8))),
        ("requantizer_ice40_p11_free", "the same without backpressure, 11 ranks", free(ice40(11))),
    ] {
        all.push(ours(name, about, hand, Spec::Requantizer(spec), to_up5k())?);
    }
    Ok(())
}

fn gemms(all: &mut Vec<Subject>) -> Result<()> {
    // 16 multipliers, and 4 for each requantizer: with four of them more than the 28 of ECP5-25.
    let (small, large) = (targets(&[Device::Ecp5Small]), targets(&[Device::Ecp5Large]));
    let base = GemmSpec { requantizers: Some(4), ..GemmSpec::default() };
    let one = GemmSpec { requantizers: Some(1), ..base.clone() };
    let deep = GemmSpec { target: TargetSpec::Ecp5, pipeline: 12, ..base.clone() };
    let eight = GemmSpec { rows: 8, cols: 8, requantizers: Some(2), ..deep.clone() };
    let cells = GemmSpec { requantizers: Some(1), axis: true, ..deep.clone() };
    // As many elements as fit: the requantizer leaves some multipliers to them, and the others are in LUTs.
    let mixed = |rows, cols, dsp, spec: GemmSpec| GemmSpec {
        rows,
        cols,
        requantizers: Some(1),
        dsp_elements: Some(dsp),
        ..spec
    };
    let on_ecp5 = mixed(10, 12, 24, deep);
    let zero = ZeroPointSpec::None;
    let ice40 = GemmSpec { target: TargetSpec::Ice40, pipeline: 11, a_zero_point: zero, ..base.clone() };
    let on_up5k = mixed(4, 8, 14, GemmSpec { passes: 4, ..ice40 });
    let up5k = targets(&[Device::Up5k]);
    let systolic = |spec: &GemmSpec| GemmSpec { forwarding: ForwardingSpec::Systolic, ..spec.clone() };
    let (cells_systolic, eight_systolic) = (systolic(&cells), systolic(&eight));
    let both = vec![Device::Ecp5Small.plain(), Device::Ecp5Small.plain().with("-nowidelut")];
    let (hand, about) = ("gemm_4x4_by_hand", "4 x 4, int8, 4 requantizers");
    all.push(by_hand(hand, &["requantizer_by_hand"], about, Spec::Gemm(base.clone()), large.clone())?);
    for (name, about, spec, targets) in [
        ("gemm_4x4_r1", "4 x 4, int8, 1 requantizer", one.clone(), &small),
        ("gemm_4x4_r1_ecp5_axis", "4 x 4, int8, 1 requantizer, MULT18X18D, 12 ranks, AXI4-Stream", cells, &both),
        ("gemm_4x4_r1_ecp5_axis_systolic", "the same, operands from element to element", cells_systolic, &small),
        ("gemm_4x4", about, base.clone(), &large),
        ("gemm_10x12_ecp5", "10 x 12, int8, 24 elements in DSP, 96 in LUTs, MULT18X18D, 12 ranks", on_ecp5, &small),
        ("gemm_4x8_up5k", "4 x 8, int8, 14 elements in 7 DSP, 18 in LUTs, requantizer in 4 passes", on_up5k, &up5k),
        ("gemm_8x8_r2_ecp5", "8 x 8, int8, 2 requantizers, MULT18X18D, 12 ranks", eight, &large),
        ("gemm_8x8_r2_ecp5_systolic", "the same, operands from element to element", eight_systolic, &large),
    ] {
        all.push(ours(name, about, hand, Spec::Gemm(spec), targets.clone())?);
    }
    Ok(())
}
