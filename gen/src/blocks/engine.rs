//! The engine. Its vectors are random networks: their images, inputs, and what golden makes of each step.

use anyhow::{Context, Result, bail};
use qrtl_golden::graph::{Graph, Value};
use qrtl_hdl::blocks::engine::{Engine, EngineConfig};
use qrtl_hdl::interface::Streamed;
use qrtl_hdl::targets::Target;
use qrtl_random::Random;

use super::{Block, Subject, Summary};
use crate::engine::{Options, Output, Program, compile};
use crate::networks::draw;
use crate::script::Script;

impl Block for EngineConfig {
    fn hardware(&self) -> Result<Box<dyn Streamed>, String> {
        Ok(Box::new(Engine::new(self)?))
    }

    fn summary(&self) -> Summary {
        let EngineConfig { rows, cols, lanes, requantizers, lane_requantizers, .. } = self;
        Summary {
            parameters: format!("{rows} x {cols}, {lanes} lanes, {requantizers} + {lane_requantizers} requantizers"),
            latency: 0,
            throughput: format!("{} MAC/clock", rows * cols + lanes),
        }
    }

    fn vectors(&self, script: &mut Script, random: &mut Random, count: usize) -> Result<()> {
        while script.vectors < count {
            let network = draw(random.within(0, i128::from(u32::MAX)) as u64);
            let options = Options { taps: random.one_in(2), fuse: !random.one_in(4), ..Options::default() };
            let program = compile(&network.graph, self, &options).with_context(|| network.words.clone())?;
            load(script, &program);
            for input in &network.inputs {
                infer(script, &program, &network.graph, input).with_context(|| network.words.clone())?;
            }
        }
        Ok(())
    }

    fn target(&self) -> Target {
        self.target
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
        vec![(engine(4, 16, 8, 4, 4), 20_000), (small, 20_000), (engine(8, 16, 8, 4, 2), 20_000)]
    }

    fn subjects() -> Vec<Subject<EngineConfig>> {
        Vec::new()
    }

    fn catalogue() -> Vec<(&'static str, EngineConfig)> {
        vec![("engine", EngineConfig::default())]
    }
}

/// The beats of a packet, and the lanes that it has for each: data, last, dest.
pub fn send(script: &mut Script, lanes: usize, words: &[u64], image: bool) {
    for (i, word) in words.iter().enumerate() {
        let bytes = word.to_le_bytes();
        let mut beat: Vec<i128> = bytes[..lanes].iter().map(|&byte| byte.into()).collect();
        beat.extend([i128::from(i + 1 == words.len()), i128::from(image)]);
        script.beat(&beat);
    }
}

/// Expects a packet of these bytes; `None` where a byte does not matter.
fn expect(script: &mut Script, lanes: usize, bytes: &[Option<u8>], status: u8) {
    let beats = bytes.chunks(lanes);
    let count = beats.len();
    for (i, chunk) in beats.enumerate() {
        let data = (0..lanes).map(|l| chunk.get(l).copied().flatten().map(i128::from));
        let keep = (0..lanes).map(|l| Some(i128::from(l < chunk.len())));
        let rest = [Some(i128::from(i + 1 == count)), Some(status.into())];
        script.expect(&data.chain(keep).chain(rest).collect::<Vec<_>>());
    }
}

/// Loads the image of a program.
pub fn load(script: &mut Script, program: &Program) {
    send(script, program.lanes, &program.image, true);
    expect(script, program.lanes, &vec![None; program.lanes], 0);
    script.flush();
}

/// Runs an input through a program that is loaded, and expects what golden computes.
///
/// # Errors
/// If golden refuses the input.
pub fn infer(script: &mut Script, program: &Program, graph: &Graph, input: &Value) -> Result<()> {
    let Value::Integer(array) = input else { bail!("an input of floats") };
    let lanes = program.lanes;
    send(script, lanes, &program.input(array)?, false);
    let values = graph.run(input)?;
    let tensor = |tensor: usize| {
        let step = graph.steps.iter().rposition(|step| step.output == tensor);
        match step.map(|step| &values[step]) {
            Some(Value::Integer(array)) => Ok(array.data()),
            _ => bail!("tensor {tensor} is none of integers that a step writes"),
        }
    };
    for output in &program.outputs {
        let bytes: Vec<Option<u8>> = match output {
            Output::Clocks { clocks } => clocks.to_le_bytes()[..lanes].iter().map(|&byte| Some(byte)).collect(),
            Output::Restart => vec![None; lanes],
            Output::Tap(tap) => program.bytes(tap, tensor(tap.tensor)?),
            Output::Result { .. } => tensor(program.result)?.iter().map(|&y| Some(y as u8)).collect(),
        };
        expect(script, lanes, &bytes, 0);
    }
    script.flush();
    Ok(())
}
