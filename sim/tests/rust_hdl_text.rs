//! The text of RustHDL's own generator for our blocks computes what ours does: both through Verilator, same vectors.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::path::Path;

use qrtl_gen::emit::Package;
use qrtl_gen::spec::Spec;
use qrtl_hdl::blocks::fixed_point_multiplier::{FixedPointMultiplier, FixedPointMultiplierConfig};
use qrtl_hdl::blocks::gemm::{Gemm, GemmConfig};
use qrtl_hdl::blocks::requantizer::{Requantizer, RequantizerConfig};
use qrtl_hdl::blocks::saturator::{Saturator, SaturatorConfig};
use qrtl_hdl::verilog::File;
use qrtl_sim::suite::{check, check_files};
use qrtl_sim::verilator::Build;
use rust_hdl::prelude::*;

fn compare<B: Block>(spec: Spec, block: &mut B, vectors: usize) {
    // Tests run in the folder of their package; the build cache is the workspace's.
    std::env::set_current_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("..")).unwrap();
    // RustHDL calls every top `top`.
    let package = Package::new("top", spec, "a test").unwrap();
    let script = package.spec.script(&package.built.interface, 5, vectors).unwrap();
    block.connect_all();
    let theirs = File { name: "top".to_owned(), text: generate_verilog(block) };
    let foreign = Build { netlist: true, ..Build::default() };
    for outcome in [
        check(&package, &script, 5, Build::default()).unwrap(),
        check_files(&package, &[theirs], &script, 5, foreign).unwrap(),
    ] {
        assert!(outcome.vectors >= vectors && outcome.mismatches == 0, "{outcome:?} of {:?}", package.spec);
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
