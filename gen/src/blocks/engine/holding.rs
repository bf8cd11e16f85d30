//! An engine that holds a random network from the start. No image comes, and none is taken.

use anyhow::{Context, Result};
use qrtl_golden::graph::Value;
use qrtl_hdl::blocks::engine::EngineConfig;
use qrtl_hdl::blocks::engine::loader::Status;
use qrtl_hdl::blocks::engine::model::Model;
use qrtl_random::Random;

use super::packets::{begin, infer};
use super::troubles::Trial;
use super::{DRAWS, fitting};
use crate::emit::Package;
use crate::engine::{Options, Program};
use crate::networks::{Network, draw};
use crate::script::Script;

/// An engine of this configuration with a network drawn from `seed`, and vectors: inferences, of which the first begins
/// behind the reset at once, and between them packets that are refused and resets.
///
/// # Errors
/// If no network is found for which the engine has room.
pub fn holding(config: &EngineConfig, seed: u64) -> Result<(Package, Script)> {
    let mut random = Random::new(seed);
    let options = Options { taps: true, keep_constant: seed % 2 == 1, fuse: true };
    let (network, program) = holdable(config, &mut random, &options)?;
    let package = Package::holding("engine", config, &program, "sim").with_context(|| network.words.clone())?;
    let mut script = Script::new(&package.built.interface);
    let (script_, random) = (&mut script, &mut random);
    let mut trial = Trial { script: script_, random, config, options, network: &network, program: &program };
    for input in &network.inputs {
        infer(trial.script, &program, &network.graph, input)?;
    }
    for trouble in [refused_images, refused_inputs, reset_in_input, reset_in_inference] {
        trouble(&mut trial)?;
        infer(trial.script, &program, &network.graph, &network.inputs[0])?;
    }
    script.flush();
    script.networks = 1;
    Ok((package, script))
}

/// A network that memories can hold from the start.
fn holdable(config: &EngineConfig, random: &mut Random, options: &Options) -> Result<(Network, Program)> {
    for _ in 0..DRAWS {
        let (network, program) = fitting(config, random, options, draw)?;
        if Model::new(program.sections.clone()).is_ok() {
            return Ok((network, program));
        }
    }
    anyhow::bail!("each network has constants among its activations")
}

/// An image of the very model, parts of it, and something else.
fn refused_images(trial: &mut Trial<'_>) -> Result<()> {
    let image = &trial.program.image;
    let part = trial.random.size(1, image.len() - 1);
    for words in [&image[..], &image[..1], &image[..2], &image[..part], &trial.words(40)] {
        trial.refused(words, true, Status::HoldsModel);
    }
    Ok(())
}

fn refused_inputs(trial: &mut Trial<'_>) -> Result<()> {
    let input = trial.input()?;
    let longer = [&input[..], &trial.words(40)].concat();
    trial.refused(&longer, false, Status::WrongLength);
    if input.len() > 1 {
        let length = trial.random.size(1, input.len() - 1);
        trial.refused(&input[..length], false, Status::WrongLength);
    }
    Ok(())
}

/// The next input may come at once.
fn reset_in_input(trial: &mut Trial<'_>) -> Result<()> {
    // A reset would drop the answers to the packets before.
    trial.script.flush();
    let input = trial.input()?;
    let length = trial.random.size(0, input.len() - 1);
    begin(trial.script, trial.program.lanes, &input[..length], false);
    trial.script.reset();
    Ok(())
}

fn reset_in_inference(trial: &mut Trial<'_>) -> Result<()> {
    let input: &Value = &trial.network.inputs[0];
    for _ in 0..3 {
        // As above.
        trial.script.flush();
        infer(trial.script, trial.program, &trial.network.graph, input)?;
        trial.script.idle(trial.random.between(0, trial.program.clocks() as i64) as u64);
        trial.script.reset();
    }
    Ok(())
}
