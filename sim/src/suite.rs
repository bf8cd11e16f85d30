//! Blocks in many configurations, each through Verilator with vectors from golden.

use anyhow::{Context, Result};
use qrtl_gen::blocks;
use qrtl_gen::blocks::engine::holding;
use qrtl_gen::emit::Package;
use qrtl_gen::script::Script;
use qrtl_gen::spec::Spec;
use qrtl_hdl::blocks::engine::EngineConfig;
use qrtl_hdl::targets::Target;

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
    let holding = holding_engines().into_iter().filter(|_| block.is_none_or(|word| word == "engine"));
    suite.map(check).chain(holding.map(|(config, seed)| holding_check(workspace, config, seed, how))).collect()
}

/// Engines whose memories hold a network from the start, each with a seed for its network: in memories that synthesis
/// infers, in banks of these, and in block memories of each shape of ECP5.
pub fn holding_engines() -> Vec<(EngineConfig, u64)> {
    let small = EngineConfig {
        rows: 2,
        cols: 4,
        lanes: 4,
        requantizers: 1,
        lane_requantizers: 1,
        activation_bytes: 16_384,
        weight_bytes: 8_192,
        lane_weight_bytes: 8_192,
        channels: 512,
        lane_channels: 1_024,
        program_words: 4_096,
        ..EngineConfig::default()
    };
    let banks = EngineConfig { cols: 8, lanes: 8, requantizers: 2, taps: 3, ..small.clone() };
    let on_ecp5 = EngineConfig { target: Target::Ecp5, pipeline: 12, weight_bytes: 131_072, ..small.clone() };
    let few = EngineConfig { channels: 1_024, lane_channels: 2_048, ..on_ecp5.clone() };
    let engines = [small, banks, on_ecp5, few];
    engines.into_iter().flat_map(|config| (0..2).map(move |seed| (config.clone(), seed))).collect()
}

/// The check of an engine that holds a network drawn from a seed.
fn holding_check(workspace: &Workspace, config: EngineConfig, network: u64, how: Settings) -> Check<'_> {
    Check {
        group: "engine that holds a model".to_owned(),
        words: Spec::from(config.clone()).summary().parameters,
        again: format!("block engine --seed {}", how.seed),
        run: Box::new(move || {
            let (package, script) = holding(&config, how.seed + network)?;
            compared(workspace, &format!("engine_holding_{network}"), &package, &script, how)
                .with_context(|| format!("{config:?}, network {network}"))
        }),
    }
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
    compared(workspace, name, &package, &script, how)
}

/// Runs a script through a package.
fn compared(workspace: &Workspace, name: &str, package: &Package, script: &Script, how: Settings) -> Result<Done> {
    let spec = &package.spec;
    let simulation = Simulation::of(workspace, package, Build { trace: how.waves, lenient: false })?;
    let trace = |stall| how.waves.then(|| workspace.trace(name, stall));
    let (outcome, mut mismatches) = simulation.compare_traced(script, how.seed, trace)?;
    if outcome.mismatches > 0 {
        mismatches.insert_str(0, &format!("{spec:?}\n"));
    }
    let networks = script.networks;
    let remark = if networks > 0 { format!("{networks} networks a configuration") } else { String::new() };
    Ok(Done { outcome, mismatches, remark })
}
