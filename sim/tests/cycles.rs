//! The schedule says exactly how many clocks a product takes on the Verilated block, and how many beats wait.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use qrtl_gen::emit::Package;
use qrtl_gen::schedule::Schedule;
use qrtl_gen::spec::Spec;
use qrtl_hdl::blocks::gemm::{Forwarding, GemmConfig, ZeroPointStrategy};
use qrtl_hdl::parameter::ZeroPoint;
use qrtl_hdl::targets::Target;
use qrtl_sim::cycles::{Counted, count};
use qrtl_sim::workspace::Workspace;

/// Every size on a block: the counters are the schedule's.
#[track_caller]
fn agree(spec: GemmConfig, sizes: &[[usize; 3]]) {
    let workspace = Workspace::compiled_in().unwrap();
    let package = Package::new("gemm", Spec::Gemm(spec.clone()), "cycles").unwrap();
    for &size in sizes {
        let schedule = Schedule::new(&spec, size).unwrap();
        assert_eq!(count(workspace, &package, size, 1).unwrap(), Counted::from(&schedule), "{size:?} (m, n, k)");
    }
}

/// One to three tiles each way, whole and partial, with each K.
fn around(rows: usize, cols: usize, terms: &[usize]) -> Vec<[usize; 3]> {
    let each = |side: usize| [1, side - 1, side, side + 1, 2 * side, 3 * side - 1].map(|v| v.max(1));
    let shape = |m| each(cols).into_iter().flat_map(move |n| terms.iter().map(move |&k| [m, n, k]));
    each(rows).into_iter().flat_map(shape).collect()
}

#[test]
fn one_element() {
    let spec = GemmConfig { rows: 1, cols: 1, pipeline: 0, ..GemmConfig::default() };
    agree(spec, &[[1, 1, 1], [1, 1, 2], [3, 2, 1], [2, 5, 3]]);
}

#[test]
fn a_requantizer_for_each_column() {
    agree(GemmConfig { requantizers: Some(4), ..GemmConfig::default() }, &around(4, 4, &[1, 2, 5, 6, 7, 17]));
}

#[test]
fn groups_of_columns() {
    let spec = GemmConfig { rows: 3, cols: 4, requantizers: Some(1), pipeline: 7, ..GemmConfig::default() };
    agree(spec, &around(3, 4, &[1, 2, 3, 11, 12, 13]));
    let spec = GemmConfig { rows: 2, cols: 6, requantizers: Some(2), axis: true, ..GemmConfig::default() };
    agree(spec, &around(2, 6, &[1, 2, 5, 6, 7]));
}

#[test]
fn elements_with_more_ranks() {
    let luts = GemmConfig { rows: 2, cols: 3, requantizers: Some(1), dsp_elements: Some(2), ..GemmConfig::default() };
    agree(luts.clone(), &around(2, 3, &[1, 6, 9, 10, 11]));
    let ecp5 = GemmConfig { target: Target::Ecp5, pipeline: 12, ..luts.clone() };
    agree(ecp5, &around(2, 3, &[1, 6, 10, 11, 12]));
    agree(GemmConfig { target: Target::Ice40, ..luts }, &around(2, 3, &[1, 2, 10, 11, 12]));
}

#[test]
fn requantizers_in_passes() {
    let spec = GemmConfig { rows: 3, cols: 4, requantizers: Some(2), pipeline: 5, passes: 4, ..GemmConfig::default() };
    agree(spec, &around(3, 4, &[1, 2, 23, 24, 25, 30]));
    let spec = GemmConfig { rows: 2, cols: 3, requantizers: Some(1), target: Target::Ecp5, ..GemmConfig::default() };
    agree(GemmConfig { passes: 2, pipeline: 12, ..spec.clone() }, &around(2, 3, &[1, 15, 16, 17]));
    let four = GemmConfig { passes: 4, target: Target::Generic, ..spec };
    agree(four.clone(), &around(2, 3, &[1, 23, 24, 25]));
    agree(GemmConfig { forwarding: Forwarding::Systolic, ..four }, &around(2, 3, &[1, 26, 27, 28]));
}

#[test]
fn zero_points_corrected_by_sums() {
    let spec = GemmConfig {
        b_zero_point: ZeroPoint::Port,
        a_strategy: ZeroPointStrategy::Correct,
        b_strategy: ZeroPointStrategy::Correct,
        ..GemmConfig::default()
    };
    agree(spec, &[[1, 1, 1], [4, 4, 3], [9, 7, 2], [5, 12, 20]]);
}

#[test]
fn operands_from_element_to_element() {
    let systolic = |rows, cols, requantizers| GemmConfig {
        rows,
        cols,
        requantizers: Some(requantizers),
        forwarding: Forwarding::Systolic,
        ..GemmConfig::default()
    };
    agree(systolic(4, 4, 4), &around(4, 4, &[1, 2, 11, 12, 13]));
    let correct = ZeroPointStrategy::Correct;
    let sums =
        GemmConfig { b_zero_point: ZeroPoint::Port, a_strategy: correct, b_strategy: correct, ..systolic(3, 4, 1) };
    agree(sums, &around(3, 4, &[1, 3, 18, 19, 20]));
    let mixed = GemmConfig { dsp_elements: Some(2), target: Target::Ecp5, pipeline: 12, ..systolic(2, 3, 1) };
    agree(mixed, &around(2, 3, &[1, 6, 13, 14, 15]));
    agree(systolic(1, 3, 3), &[[1, 1, 1], [4, 7, 2], [3, 3, 5]]);
    agree(systolic(3, 1, 1), &[[1, 1, 1], [7, 4, 2], [3, 3, 6]]);
}

/// A short product, a long one, and layers of the digits networks and of a detector of persons.
#[test]
fn layers() {
    let spec = GemmConfig { rows: 8, cols: 8, requantizers: Some(8), ..GemmConfig::default() };
    agree(
        spec,
        &[[64, 16, 32], [64, 32, 16], [1797, 32, 64], [1797, 10, 32], [1, 10, 32], [144, 64, 32], [9, 256, 128]],
    );
}
