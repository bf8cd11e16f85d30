//! Damaged models: never a panic, never a hang, never memory out of proportion to the file.
//!
//! Each case damages a valid model at one random place, or cuts it off, reads it, lowers it, and runs what is accepted and
//! small. The seed is printed and can be set: `QRTL_SEED=7 cargo test -p qrtl-golden --test onnx mutations`.

use std::sync::mpsc::channel;
use std::time::Duration;

use qrtl_golden::graph::{Element, Graph, Value};
use qrtl_golden::import::onnx::{Ends, Error, Import, Model, Runtime, lower};
use qrtl_golden::operators::Array;
use qrtl_random::Random;

use crate::counting::{memory_limit, peak_of};
use crate::models::onnx;
use crate::seeded::seeded;

/// For each of the models.
const CASES: usize = 2500;
const MODELS: [&str; 4] = ["cnn_fakequant_u8s8_pc", "rescnn_qop_s8s8_pc", "rescnn_qcdq_u6w4_pc", "mlp_qdq_u8int4_pc"];
const TIME_LIMIT: Duration = Duration::from_secs(5);

fn below(random: &mut Random, limit: usize) -> usize {
    random.within(0, limit as i128 - 1) as usize
}

/// Moves one byte a little, overwrites some, copies some from elsewhere, or cuts the file off.
fn damage(bytes: &mut Vec<u8>, random: &mut Random) {
    let length = 1 + below(random, 8);
    let at = below(random, bytes.len() - length);
    match below(random, 8) {
        0 => bytes.truncate(at),
        // Lengths, numbers of fields and sizes that are merely somewhat wrong get deeper than noise.
        1..=4 => bytes[at] = bytes[at].wrapping_add(below(random, 9) as u8).wrapping_sub(4),
        5 => {
            let from = below(random, bytes.len() - length);
            bytes.copy_within(from..from + length, at);
        }
        6 => bytes[at..at + length].fill([0, 0x7f, 0x80, 0xff][below(random, 4)]),
        _ => bytes[at..at + length].fill_with(|| random.bits() as u8),
    }
}

/// Reads and lowers the model in `bytes`, and the greatest number of bytes alive on the way.
pub fn peak_of_reading(bytes: &[u8], runtime: Runtime) -> (usize, Result<Import, Error>) {
    peak_of(|| lower(&Model::from_bytes(bytes)?, runtime, Ends::Model))
}

/// Runs a graph once, if it is small.
fn try_to_run(graph: &Graph) -> Option<usize> {
    let input = &graph.tensors[graph.inputs[0]];
    let elements: usize = graph.tensors.iter().map(|tensor| tensor.elements()).sum();
    if elements > 1 << 16 || graph.macs() > 1 << 22 {
        return None;
    }
    let count = input.elements();
    let value = match input.element {
        Element::Float32 => Value::Float(Array::new("input", input.shape.clone(), vec![0.6; count]).ok()?),
        Element::Integer(_) => Value::Integer(Array::new("input", input.shape.clone(), vec![17; count]).ok()?),
    };
    Some(graph.run(&value).ok()?.len())
}

#[test]
fn damaged_models_are_harmless() {
    let mut random = seeded(20_261_130);
    for model in MODELS {
        let (valid, mut random) = (std::fs::read(onnx(&format!("{model}.onnx"))).unwrap(), random.fork());
        let limit = memory_limit(valid.len());
        let (done, results) = channel();
        let worker = std::thread::spawn(move || {
            for case in 0..CASES {
                let mut bytes = valid.clone();
                damage(&mut bytes, &mut random);
                let (peak, import) = peak_of_reading(&bytes, Runtime::ALL[case % 2]);
                let ran = import.as_ref().is_ok_and(|import| try_to_run(&import.graph).is_some());
                if done.send((peak, ran)).is_err() {
                    return;
                }
            }
        });
        let (mut highest, mut ran) = (0, 0);
        for case in 0..CASES {
            let result = results.recv_timeout(TIME_LIMIT);
            let (peak, runs) = result.unwrap_or_else(|e| panic!("{model}, case {case}: {e}"));
            assert!(peak <= limit, "{model}, case {case}: {peak} bytes alive, limit {limit}");
            highest = highest.max(peak);
            ran += usize::from(runs);
        }
        worker.join().unwrap();
        println!("{model}: {CASES} damaged files, {ran} of them ran, at most {highest} bytes alive");
        assert!(ran > CASES / 10);
    }
}
