//! Damaged models: never a panic, never a hang, never memory out of proportion to the file.
//!
//! Each case damages a valid model at one random place, or cuts it off, and reads it. The seed is printed and can be
//! set: `QRTL_SEED=7 cargo test -p qrtl-golden --test tflite mutations`.

use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::Duration;

use qrtl_golden::graph::Graph;
use qrtl_golden::import::lower::Error;
use qrtl_golden::import::tflite::Model;
use qrtl_golden::import::{Runtime, lower};
use qrtl_random::Random;

use crate::counting::{memory_limit, peak_of};
use crate::patch::model_bytes;
use crate::seeded::seeded;

const CASES: usize = 10_000;
const TIME_LIMIT: Duration = Duration::from_secs(1);

fn below(random: &mut Random, limit: usize) -> usize {
    random.between(0, limit as i64 - 1) as usize
}

/// Reads and lowers the model in `bytes`, and the greatest number of bytes alive on the way.
pub fn peak_of_reading(bytes: &[u8]) -> (usize, Result<Graph, Error>) {
    peak_of(|| Model::from_bytes(bytes).map_err(Error::from).and_then(|model| lower(&model, Runtime::Tflm)))
}

/// Overwrites 1 to 8 bytes, or cuts the file off.
fn damage(bytes: &mut Vec<u8>, random: &mut Random) {
    let length = 1 + below(random, 8);
    let at = below(random, bytes.len() - length);
    match below(random, 8) {
        0 => bytes.truncate(at),
        // Offsets and counts that are merely somewhat wrong get deeper than noise.
        1..=3 => bytes[at] = bytes[at].wrapping_add(below(random, 9) as u8).wrapping_sub(4),
        // An offset, a length or a description from elsewhere: shared tables, cycles, fields of another type.
        4 | 5 => {
            let from = below(random, bytes.len() / 4 - 2) * 4;
            let to = below(random, bytes.len() / 4 - 2) * 4;
            bytes.copy_within(from..from + 4, to);
        }
        6 => bytes[at..at + length].fill([0, 0x7f, 0x80, 0xff][below(random, 4)]),
        _ => bytes[at..at + length].fill_with(|| random.bits() as u8),
    }
}

#[test]
fn damaged_models_are_harmless() {
    let mut random = seeded(20_251_219);
    for model in ["mlp_int8", "mlp_int8_per_tensor", "cnn_int8"] {
        let (valid, mut random) = (model_bytes(model), random.fork());
        let limit = memory_limit(valid.len());
        let (done, results) = channel();
        let worker = std::thread::spawn(move || {
            for _ in 0..CASES {
                let mut bytes = valid.clone();
                damage(&mut bytes, &mut random);
                let (peak, graph) = peak_of_reading(&bytes);
                if done.send((peak, graph.is_ok())).is_err() {
                    return;
                }
            }
        });
        let (mut highest, mut accepted) = (0, 0);
        for case in 0..CASES {
            match results.recv_timeout(TIME_LIMIT) {
                Ok((peak, accept)) => {
                    assert!(peak <= limit, "{model}, case {case}: {peak} bytes alive, limit {limit}");
                    highest = highest.max(peak);
                    accepted += usize::from(accept);
                }
                Err(RecvTimeoutError::Timeout) => {
                    panic!("{model}, case {case}: no answer in {TIME_LIMIT:?}")
                }
                Err(RecvTimeoutError::Disconnected) => {
                    panic!("{model}, case {case}: the reader panicked")
                }
            }
        }
        worker.join().unwrap();
        println!("{model}: {CASES} damaged files, {accepted} still networks, at most {highest} bytes alive");
    }
}
