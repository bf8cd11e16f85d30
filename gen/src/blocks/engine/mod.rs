//! The engine. Its vectors are random networks: their images, inputs, and what golden makes of each step. Around them
//! come packets that are refused, and resets.

mod holding;
mod packets;
mod troubles;

use anyhow::{Context, Result};
use qrtl_golden::RealRule;
use qrtl_hdl::blocks::engine::{Engine, EngineConfig, EngineRule};
use qrtl_hdl::interface::{Built, Streamed};
use qrtl_hdl::targets::{Device, Target};
use qrtl_random::Random;

use super::{Block, Subject, Summary};
use crate::engine::{Options, Program, compile};
use crate::formal::{Formal, Inside};
use crate::networks::{Network, draw, draw_picture};
use crate::script::Script;

pub use holding::holding;
pub use packets::{infer, load, send};
use troubles::{AFTER, BEFORE, Trial};

/// Networks of each configuration of the suite.
const NETWORKS: usize = 75;

/// Networks of a configuration that differs in a detail.
const FEWER: usize = 25;

/// Networks that are drawn before one is found for which an engine has room.
const DRAWS: usize = 1_000;

impl Block for EngineConfig {
    const SHIPPED: usize = 100;
    const QUICK: usize = 12;

    fn hardware(&self) -> Result<Box<dyn Streamed>, String> {
        Ok(Box::new(Engine::new(self)?))
    }

    fn summary(&self) -> Summary {
        let EngineConfig { rows, cols, lanes, requantizers, lane_requantizers, .. } = self;
        Summary {
            parameters: format!("{rows} x {cols}, {lanes} lanes, {requantizers} + {lane_requantizers} requantizers"),
            latency: 0,
            throughput: format!("{} MAC/clock", self.multipliers()),
        }
    }

    /// `count` is the number of networks. They come one after the other without a reset between them, unless a trouble is
    /// one. There are eight ways to compile a network; convolutions are left apart in one network of four. One of five is for pictures.
    fn vectors(&self, script: &mut Script, random: &mut Random, count: usize) -> Result<()> {
        for n in 0..count {
            let options = Options { taps: n % 2 == 0, keep_constant: n / 2 % 2 == 1, fuse: n / 4 % 4 != 3 };
            let drawn = if n % 5 == 4 { draw_picture } else { draw };
            let (network, program) = fitting(self, random, &options, drawn)?;
            let mut trial = Trial { script, random, config: self, options, network: &network, program: &program };
            let run = |trial: &mut Trial<'_>| {
                BEFORE[n % BEFORE.len()](trial)?;
                load(trial.script, &program);
                AFTER[n % AFTER.len()](trial)?;
                network.inputs.iter().try_for_each(|input| infer(trial.script, &program, &network.graph, input))
            };
            run(&mut trial).with_context(|| network.words.clone())?;
            script.flush();
            script.networks += 1;
        }
        Ok(())
    }

    fn target(&self) -> Target {
        self.target
    }

    fn formal(&self, built: &Built) -> Formal {
        // Whether words hold does not depend on them, nor on when they come.
        let cuts =
            Inside::new(&built.design).cut("outlet", &["put", "put_word", "put_bytes_1", "put_last", "put_status"]);
        Formal { cuts, ..Formal::none("its results", "the proof is not written yet", "the shipped vectors") }
    }

    fn suite() -> Vec<(EngineConfig, usize)> {
        let engine = |rows, cols, lanes, requantizers, lane_requantizers| EngineConfig {
            rows,
            cols,
            lanes,
            requantizers,
            lane_requantizers,
            // Convolutions of many groups have many steps.
            program_words: 16_384,
            ..EngineConfig::default()
        };
        let small = EngineConfig { split: false, passes: 4, pipeline: 11, ..engine(2, 4, 4, 1, 1) };
        // Its memories have one port, and each step brings its parameters.
        let limits = EngineConfig { row_bytes: 4_096, heights: 512, ..small.clone() };
        let one_port = EngineConfig { weight_bytes: 65_536, resident: false, target: Target::Ice40, ..limits };
        let wide = EngineConfig { taps: 3, ..engine(8, 16, 8, 4, 2) };
        let narrow = EngineConfig { taps: 3, ..engine(2, 4, 4, 4, 2) };
        let float = EngineConfig { rule: EngineRule::F32Even, pipeline: 6, ..engine(4, 16, 8, 4, 2) };
        let single =
            EngineConfig { rule: EngineRule::Single, passes: 2, pipeline: 12, target: Target::Ecp5, ..small.clone() };
        let all = [engine(4, 16, 8, 4, 4), small, one_port, wide, narrow, float];
        all.into_iter().map(|config| (config, NETWORKS)).chain([(single, FEWER)]).collect()
    }

    fn subjects() -> Vec<Subject<EngineConfig>> {
        // Eight logic cells of iCE40 share an enable: nextpnr finds no place for flip-flops with many different ones.
        let few_enables = "-dffe_min_ce_use 9";
        let of = |name, about, device, flags, change: fn(EngineConfig) -> EngineConfig| {
            let config = EngineConfig::for_device(device).map(change).into_iter();
            config.map(move |config| Subject::alone(name, about, config).with_flags(device, flags))
        };
        let [smallest, small, large] = [Device::Up5k, Device::Ecp5Small, Device::Ecp5Large];
        of("engine_2x4_up5k", "2 x 4 and 4 lanes, holds kws and vww of MLPerf Tiny", smallest, few_enables, |config| {
            config
        })
        .chain(of("engine_4x8_ecp5", "4 x 8 and 8 lanes, holds kws and vww of MLPerf Tiny", small, "", |config| config))
        .chain(of("engine_4x16_ecp5", "4 x 16 and 8 lanes, holds kws, vww and ic", large, "", |config| config))
        .chain(of("engine_8x16_ecp5", "8 x 16 and 8 lanes of 3 taps, holds kws, vww and ic", large, "", |config| {
            EngineConfig { rows: 8, taps: 3, dsp_elements: Some(84), ..config }
        }))
        .collect()
    }

    fn catalogue() -> Vec<(&'static str, EngineConfig)> {
        vec![("engine", EngineConfig::default())]
    }
}

/// A network of `draw` for which an engine has room, and its program.
///
/// # Errors
/// The compiler's last error, if there is room for none.
fn fitting(
    config: &EngineConfig,
    random: &mut Random,
    options: &Options,
    draw: fn(u64) -> Network,
) -> Result<(Network, Program)> {
    let mut last = None;
    for _ in 0..DRAWS {
        let network = draw(random.within(0, i128::from(u32::MAX)) as u64);
        let network = match config.rule {
            EngineRule::TfliteDouble => network,
            EngineRule::Single => network.by_real(RealRule::F64Away),
            EngineRule::F32Even => network.by_real(RealRule::F32Even),
        };
        match compile(&network.graph, config, options) {
            Ok(program) => return Ok((network, program)),
            Err(error) => last = Some(error.context(network.words)),
        }
    }
    Err(last.context("no network was drawn")?)
}
