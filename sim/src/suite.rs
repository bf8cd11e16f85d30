//! Blocks in many configurations, each through Verilator with vectors from golden.

use anyhow::{Context, Result};
use qrtl_gen::blocks;
use qrtl_gen::emit::Package;
use qrtl_gen::spec::Spec;

use crate::checks::{Check, Done};
use crate::simulation::Simulation;
use crate::verilator::Build;
use crate::workspace::Workspace;

/// Options of the simulation of configurations.
#[derive(Debug, Clone, Copy)]
pub struct Settings {
    /// seed of vectors and of stalls
    pub seed: u64,
    /// whether traces are written to `build/`
    pub waves: bool,
}

/// The default configurations of all blocks.
pub fn defaults(workspace: &Workspace, how: Settings) -> Vec<Check<'_>> {
    let check = |(name, spec): (&str, Spec)| {
        let vectors = spec.quick();
        check(workspace, how, name.to_owned(), spec, vectors)
    };
    blocks::catalogue().into_iter().map(check).collect()
}

/// All configurations of all blocks, or of one.
pub fn all<'w>(workspace: &'w Workspace, block: Option<&str>, how: Settings) -> Vec<Check<'w>> {
    let wanted = |spec: &Spec| block.is_none_or(|word| spec.block() == word);
    let suite = blocks::suite().into_iter().enumerate().filter(|(_, (spec, _))| wanted(spec));
    let check = |(i, (spec, vectors)): (usize, (Spec, usize))| {
        check(workspace, how, format!("{}_{i}", spec.block()), spec, vectors)
    };
    suite.map(check).collect()
}

/// The check of a configuration. `name` distinguishes its traces from the traces of other configurations.
fn check(workspace: &Workspace, how: Settings, name: String, spec: Spec, vectors: usize) -> Check<'_> {
    Check {
        group: spec.block().to_owned(),
        words: spec.summary().parameters,
        again: format!("block {} --seed {}", spec.block(), how.seed),
        run: Box::new(move || run(workspace, &name, &spec, vectors, how).with_context(|| format!("{spec:?}"))),
    }
}

fn run(workspace: &Workspace, name: &str, spec: &Spec, vectors: usize, how: Settings) -> Result<Done> {
    let package = Package::new(spec.block(), spec.clone(), "sim")?;
    let script = spec.script(&package.built.interface, how.seed, vectors)?;
    let simulation = Simulation::of(workspace, &package, Build { trace: how.waves, lenient: false })?;
    let trace = |stall| how.waves.then(|| workspace.trace(name, stall));
    let (outcome, mut mismatches) = simulation.compare_traced(&script, how.seed, trace)?;
    if outcome.mismatches > 0 {
        mismatches.insert_str(0, &format!("{spec:?}\n"));
    }
    let networks = script.networks;
    let remark = if networks > 0 { format!("{networks} networks a configuration") } else { String::new() };
    Ok(Done { outcome, mismatches, remark })
}
