//! Damaged models in the runner: never a panic, never a hang.
//!
//! Each case damages a valid model at one random place, prepares it for a runtime and runs what is accepted. The seed
//! is printed and can be set: `QRTL_SEED=7 cargo test -p qrtl-golden --test runner mutations`.

use std::sync::mpsc::channel;
use std::time::Duration;

use qrtl_golden::graph::{Element, Value};
use qrtl_golden::import::tflite::Model;
use qrtl_golden::import::{Runtime, lower};
use qrtl_golden::operators::Array;
use qrtl_random::Random;

use crate::models::digits;
use crate::seeded::seeded;

const CASES: usize = 3000;
const TIME_LIMIT: Duration = Duration::from_secs(5);

fn below(random: &mut Random, limit: usize) -> usize {
    random.within(0, limit as i128 - 1) as usize
}

/// Moves one byte a little, overwrites some, or copies an offset or number from elsewhere.
fn damage(bytes: &mut [u8], random: &mut Random) {
    let length = 1 + below(random, 4);
    let at = below(random, bytes.len() - length);
    match random.within(0, 3) {
        0 | 1 => bytes[at] = bytes[at].wrapping_add(random.within(-4, 4) as u8),
        2 => {
            let (from, to) = (below(random, bytes.len() / 4 - 1) * 4, below(random, bytes.len() / 4 - 1) * 4);
            bytes.copy_within(from..from + 4, to);
        }
        _ => bytes[at..at + length].fill_with(|| random.bits() as u8),
    }
}

/// Whether the model was run to its end.
fn try_to_run(bytes: &[u8], runtime: Runtime) -> Option<usize> {
    let model = Model::from_bytes(bytes).ok()?;
    let graph = lower(&model, runtime).ok()?;
    let input = &graph.tensors[graph.inputs[0]];
    // Inputs are the caller's: those of the damaged shape are made only if they are small.
    let elements = input.elements();
    if input.element != Element::INT8 || elements > 1 << 12 {
        return None;
    }
    let input = Array::new("input", input.shape.clone(), vec![17; elements]).ok()?;
    Some(graph.run(&Value::Integer(input)).ok()?.len())
}

#[test]
fn damaged_models_are_harmless() {
    let mut random = seeded(20_261_124);
    for model in ["cnn_int8", "rescnn_int8_per_tensor"] {
        let (valid, mut random) = (std::fs::read(digits(&format!("{model}.tflite"))).unwrap(), random.fork());
        let (done, results) = channel();
        let worker = std::thread::spawn(move || {
            for case in 0..CASES {
                let mut bytes = valid.clone();
                damage(&mut bytes, &mut random);
                if done.send(try_to_run(&bytes, Runtime::ALL[case % 4]).is_some()).is_err() {
                    return;
                }
            }
        });
        let mut ran = 0;
        for case in 0..CASES {
            let result = results.recv_timeout(TIME_LIMIT);
            ran += usize::from(result.unwrap_or_else(|e| panic!("{model}, case {case}: {e}")));
        }
        worker.join().unwrap();
        println!("{model}: {CASES} damaged files, {ran} of them ran");
        assert!(ran > CASES / 10);
    }
}
