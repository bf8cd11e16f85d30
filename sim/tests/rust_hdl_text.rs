//! The text of RustHDL's own generator for our blocks computes what ours does: both through Verilator, same vectors.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use qrtl_gen::emit::Package;
use qrtl_gen::spec::Spec;
use qrtl_hdl::blocks::fixed_point_multiplier::{FixedPointMultiplier, FixedPointMultiplierConfig};
use qrtl_hdl::blocks::gemm::{Gemm, GemmConfig};
use qrtl_hdl::blocks::requantizer::{Requantizer, RequantizerConfig};
use qrtl_hdl::blocks::saturator::{Saturator, SaturatorConfig};
use qrtl_hdl::verilog::File;
use qrtl_sim::simulation::Simulation;
use qrtl_sim::verilator::Build;
use qrtl_sim::workspace::Workspace;
use rust_hdl::prelude::*;

fn compare<B: Block>(spec: Spec, block: &mut B, vectors: usize) {
    let workspace = Workspace::compiled_in().unwrap();
    // RustHDL calls every top `top`.
    let package = Package::new("top", spec, "a test").unwrap();
    let script = package.spec.script(&package.built.interface, 5, vectors).unwrap();
    block.connect_all();
    let theirs = File::new("top", generate_verilog(block));
    let foreign = Build { lenient: true, ..Build::default() };
    let interface = &package.built.interface;
    for (files, how) in [(package.simulated(), Build::default()), (vec![theirs], foreign)] {
        let simulation = Simulation::build(workspace, interface, &files, how).unwrap();
        let (outcome, words) = simulation.compare(&script, 5).unwrap();
        assert!(outcome.vectors >= vectors && outcome.passed(), "{words}: {:?}", package.spec);
    }
}

#[test]
fn saturator() {
    let config = SaturatorConfig::default();
    compare(config.clone().into(), &mut Saturator::new(config).unwrap(), 5000);
}

#[test]
fn fixed_point_multiplier() {
    let config = FixedPointMultiplierConfig::default();
    compare(config.clone().into(), &mut FixedPointMultiplier::new(config).unwrap(), 5000);
}

#[test]
fn requantizer() {
    let config = RequantizerConfig::default();
    compare(config.clone().into(), &mut Requantizer::new(config).unwrap(), 20_000);
}

#[test]
fn gemm() {
    let config = GemmConfig { rows: 2, cols: 2, ..GemmConfig::default() };
    compare(config.clone().into(), &mut Gemm::new(config).unwrap(), 2000);
}
