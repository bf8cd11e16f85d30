//! Random networks through Verilated engines, with everything that goes wrong around them: 8 networks for each
//! configuration of the suite. `make verify` runs 75 for each.

use qrtl_gen::blocks::suite;
use qrtl_gen::emit::Package;
use qrtl_gen::spec::Spec;
use qrtl_sim::simulation::Simulation;
use qrtl_sim::verilator::Build;
use qrtl_sim::workspace::Workspace;

const NETWORKS: usize = 8;

#[test]
fn networks_of_each_engine_are_computed_as_golden_computes_them() {
    let engines: Vec<(Spec, usize)> = suite().into_iter().filter(|(spec, _)| spec.block() == "engine").collect();
    assert_eq!(engines.len(), 7);
    assert!(engines.iter().map(|(_, networks)| networks).sum::<usize>() >= 300, "make verify runs too few");
    for (seed, (spec, _)) in engines.into_iter().enumerate() {
        let package = Package::new("engine", spec, "a test").unwrap();
        let script = package.spec.script(&package.built.interface, 100 + seed as u64, NETWORKS).unwrap();
        assert_eq!(script.networks, NETWORKS);
        let simulation = Simulation::of(Workspace::compiled_in().unwrap(), &package, Build::default()).unwrap();
        let (outcome, mismatches) = simulation.compare(&script, 1).unwrap();
        println!("{:?}: {outcome:?}", package.spec);
        assert!(outcome.passed(), "{mismatches}");
    }
}
