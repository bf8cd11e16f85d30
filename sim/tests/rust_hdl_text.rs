//! The text of RustHDL's own generator for our blocks computes what ours does: both through Verilator, same vectors.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::path::Path;

use qrtl_gen::emit::Package;
use qrtl_gen::spec::{FixedPointMultiplierSpec, GemmSpec, RequantizerSpec, SaturatorSpec, Spec};
use qrtl_gen::vectors::script;
use qrtl_golden::{MultiplierWidth, Rule};
use qrtl_hdl::blocks::fixed_point_multiplier::{FixedPointMultiplier, FixedPointMultiplierConfig, Product};
use qrtl_hdl::blocks::gemm::Gemm;
use qrtl_hdl::blocks::requantizer::Requantizer;
use qrtl_hdl::blocks::saturator::{Saturator, SaturatorConfig, SaturatorForm};
use qrtl_hdl::exact::Range;
use qrtl_hdl::verilog::File;
use qrtl_sim::suite::{check, check_files};
use qrtl_sim::verilator::Build;
use rust_hdl::prelude::*;

fn compare<B: Block>(spec: Spec, block: &mut B, vectors: usize) {
    // Tests run in the folder of their package; the build cache is the workspace's.
    std::env::set_current_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("..")).unwrap();
    // RustHDL calls every top `top`.
    let package = Package::new("top", spec, "a test").unwrap();
    let script = script(&package.spec, &package.built.interface, 5, vectors).unwrap();
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
    let (input, bounds) = (Range::signed(32), Range::unsigned(8));
    let form = SaturatorForm::UpperBits;
    let config = SaturatorConfig { input, output: bounds, bounds, run_time_bounds: false, form, registered: false };
    compare(Spec::Saturator(SaturatorSpec::default()), &mut Saturator::new(config), 5000);
}

#[test]
fn fixed_point_multiplier() {
    let config = FixedPointMultiplierConfig { width: MultiplierWidth::W32, product: Product::Unsigned };
    let spec = Spec::FixedPointMultiplier(FixedPointMultiplierSpec::default());
    compare(spec, &mut FixedPointMultiplier::new(config), 5000);
}

#[test]
fn requantizer() {
    let spec = RequantizerSpec { rule: Rule::TfliteDouble, ..RequantizerSpec::default() };
    let mut block = Requantizer::new(spec.config().unwrap()).unwrap();
    compare(Spec::Requantizer(spec), &mut block, 20_000);
}

#[test]
fn gemm() {
    let spec = GemmSpec { rows: 2, cols: 2, ..GemmSpec::default() };
    let mut block = Gemm::new(spec.config().unwrap()).unwrap();
    compare(Spec::Gemm(spec), &mut block, 2000);
}
