//! Damaged models: never a panic, never a hang, never memory out of proportion to the file.
//!
//! Each case damages a valid model at one random place, or cuts it off, and reads it. The seed is printed and can be
//! set: `QRTL_SEED=7 cargo test -p qrtl-golden --test tflite_mutations`.

// A global allocator is an unsafe trait; this one counts and hands everything on to the system's.
#![allow(unsafe_code)]
#![allow(clippy::unwrap_used)] // helpers of tests

#[path = "tflite_patch/counting.rs"]
mod counting;
mod tflite_patch;

use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::Duration;

use counting::{memory_limit, peak_of_reading};
use tflite_patch::model_bytes;

const CASES: usize = 10_000;
const TIME_LIMIT: Duration = Duration::from_secs(1);

/// SplitMix64.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, limit: usize) -> usize {
        (self.next() % limit as u64) as usize
    }
}

/// Overwrites 1 to 8 bytes, or cuts the file off.
fn damage(bytes: &mut Vec<u8>, random: &mut Random) {
    let length = 1 + random.below(8);
    let at = random.below(bytes.len() - length);
    match random.below(8) {
        0 => bytes.truncate(at),
        // Offsets and counts that are merely somewhat wrong get deeper than noise.
        1..=3 => bytes[at] = bytes[at].wrapping_add(random.below(9) as u8).wrapping_sub(4),
        // An offset, a length or a description from elsewhere: shared tables, cycles, fields of another type.
        4 | 5 => {
            let from = random.below(bytes.len() / 4 - 2) * 4;
            let to = random.below(bytes.len() / 4 - 2) * 4;
            bytes.copy_within(from..from + 4, to);
        }
        6 => bytes[at..at + length].fill([0, 0x7f, 0x80, 0xff][random.below(4)]),
        _ => bytes[at..at + length].fill_with(|| random.next() as u8),
    }
}

#[test]
fn damaged_models_are_harmless() {
    let seed = std::env::var("QRTL_SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or(20_251_219);
    println!("QRTL_SEED={seed}");
    for model in ["mlp_int8", "mlp_int8_per_tensor", "cnn_int8"] {
        let valid = model_bytes(model);
        let limit = memory_limit(valid.len());
        let (done, results) = channel();
        let worker = std::thread::spawn(move || {
            let mut random = Random(seed);
            for _ in 0..CASES {
                let mut bytes = valid.clone();
                damage(&mut bytes, &mut random);
                let (peak, layers) = peak_of_reading(&bytes);
                if done.send((peak, layers.is_ok())).is_err() {
                    return;
                }
            }
        });
        let (mut highest, mut accepted) = (0, 0);
        for case in 0..CASES {
            match results.recv_timeout(TIME_LIMIT) {
                Ok((peak, accept)) => {
                    assert!(peak <= limit, "{model}, case {case}, seed {seed}: {peak} bytes alive, limit {limit}");
                    highest = highest.max(peak);
                    accepted += usize::from(accept);
                }
                Err(RecvTimeoutError::Timeout) => {
                    panic!("{model}, case {case}, seed {seed}: no answer in {TIME_LIMIT:?}")
                }
                Err(RecvTimeoutError::Disconnected) => {
                    panic!("{model}, case {case}, seed {seed}: the reader panicked")
                }
            }
        }
        worker.join().unwrap();
        println!("{model}: {CASES} damaged files, {accepted} still networks, at most {highest} bytes alive");
    }
}
