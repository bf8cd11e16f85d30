//! Packets of the engine's streams, and their answers, in scripts.

use anyhow::{Result, bail};
use qrtl_golden::graph::{Graph, Value};
use qrtl_hdl::blocks::engine::loader::Status;

use crate::engine::{Output, Program};
use crate::script::Script;

/// The beats of a packet, from words of which each has `lanes` bytes.
pub fn send(script: &mut Script, lanes: usize, words: &[u64], image: bool) {
    for (i, &word) in words.iter().enumerate() {
        beat(script, lanes, word, i + 1 == words.len(), image);
    }
}

/// The beats of a packet whose end does not come.
pub(super) fn begin(script: &mut Script, lanes: usize, words: &[u64], image: bool) {
    words.iter().for_each(|&word| beat(script, lanes, word, false, image));
}

fn beat(script: &mut Script, lanes: usize, word: u64, last: bool, image: bool) {
    let bytes = word.to_le_bytes();
    let mut beat: Vec<i128> = bytes[..lanes].iter().map(|&byte| byte.into()).collect();
    beat.extend([i128::from(last), i128::from(image)]);
    script.beat(&beat);
}

/// Expects a packet of these bytes; `None` where a byte does not matter.
fn expect(script: &mut Script, lanes: usize, bytes: &[Option<u8>], status: Status) {
    let beats = bytes.chunks(lanes);
    let count = beats.len();
    for (i, chunk) in beats.enumerate() {
        let data = (0..lanes).map(|l| chunk.get(l).copied().flatten().map(i128::from));
        let keep = (0..lanes).map(|l| Some(i128::from(l < chunk.len())));
        let rest = [Some(i128::from(i + 1 == count)), Some(status as i128)];
        script.expect(&data.chain(keep).chain(rest).collect::<Vec<_>>());
    }
}

/// Loads the image of a program.
pub fn load(script: &mut Script, program: &Program) {
    send(script, program.lanes, &program.image, true);
    answer(script, program.lanes, Status::Ok);
}

/// Expects the beat that answers a packet by a status alone.
pub(super) fn answer(script: &mut Script, lanes: usize, status: Status) {
    expect(script, lanes, &vec![None; lanes], status);
}

/// Runs an input through a program that is loaded, and expects what golden computes.
///
/// # Errors
/// If golden refuses the input.
pub fn infer(script: &mut Script, program: &Program, graph: &Graph, input: &Value) -> Result<()> {
    let Value::Integer(array) = input else { bail!("an input of floats") };
    let lanes = program.lanes;
    send(script, lanes, &program.input(array)?, false);
    let values = program.golden(graph, input)?;
    let tensor = |tensor: usize| match values.get(&tensor) {
        Some(Value::Integer(array)) => Ok(array.data()),
        _ => bail!("tensor {tensor} is none of integers that a step writes"),
    };
    for output in &program.outputs {
        let bytes: Vec<Option<u8>> = match output {
            Output::Clocks { clocks } => clocks.to_le_bytes()[..lanes].iter().map(|&byte| Some(byte)).collect(),
            Output::Restart => vec![None; lanes],
            Output::Tap(tap) => program.bytes(tap, tensor(tap.tensor)?),
            Output::Result { .. } => tensor(program.result)?.iter().map(|&y| Some(y as u8)).collect(),
        };
        expect(script, lanes, &bytes, Status::Ok);
    }
    Ok(())
}
