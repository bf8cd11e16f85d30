//! The area that `gen explore` estimates for engines, against what Yosys finds.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::process::Command;

use qrtl_gen::explore::{MODEL_ERROR, area};
use qrtl_gen::spec::Spec;
use qrtl_hdl::blocks::engine::EngineConfig;
use qrtl_hdl::targets::{Device, Family};
use qrtl_hdl::verilog::{Provenance, print};
use qrtl_sim::qor::cells::Statistics;
use qrtl_sim::workspace::Workspace;

fn check(device: Device, config: EngineConfig) {
    let design = Spec::Engine(config).build("engine").unwrap().design;
    let estimated = area(&design, device.family());
    let dir = tempfile::tempdir().unwrap();
    for file in print(&design, &Provenance { command: "test".to_owned() }) {
        std::fs::write(dir.path().join(format!("{}.v", file.name)), &file.text).unwrap();
    }
    let pass = if device.family() == Family::Ice40 { "synth_ice40" } else { "synth_ecp5" };
    let script = format!("read_verilog *.v; {pass} -top engine; tee -q -o stat.json stat -json");
    let mut yosys = Command::new(Workspace::compiled_in().unwrap().tool("yosys"));
    assert!(yosys.current_dir(dir.path()).args(["-q", "-p", &script]).status().unwrap().success());
    let found = Statistics::read(&dir.path().join("stat.json")).unwrap().area().unwrap();
    println!("{}: estimated {estimated:?}, found {found:?}", device.name());
    assert_eq!(
        (estimated.dsp, estimated.ram, estimated.spram),
        (found.dsp, found.ram, found.spram),
        "{}",
        device.name()
    );
    for (estimated, found) in [(estimated.lut, found.lut), (estimated.ff, found.ff)] {
        let error = estimated as f64 / found as f64 - 1.0;
        assert!(error.abs() <= MODEL_ERROR, "{}: {estimated} is {:+.1} % off {found}", device.name(), 100.0 * error);
    }
}

#[test]
fn the_area_of_engines_is_what_yosys_finds() {
    let of = |device| EngineConfig::for_device(device).unwrap();
    check(Device::Up5k, of(Device::Up5k));
    check(Device::Ecp5Small, of(Device::Ecp5Small));
    let small = of(Device::Ecp5Small);
    let taps = EngineConfig { rows: 2, taps: 3, requantizers: 1, lane_requantizers: 1, dsp_elements: None, ..small };
    check(Device::Ecp5Small, taps);
}

#[test]
#[ignore = "Yosys takes minutes"]
fn the_area_of_large_engines_is_what_yosys_finds() {
    let large = EngineConfig::for_device(Device::Ecp5Large).unwrap();
    let larger = EngineConfig { rows: 8, taps: 3, dsp_elements: Some(100), ..large.clone() };
    check(Device::Ecp5Large, large);
    check(Device::Ecp5Large, larger);
}
