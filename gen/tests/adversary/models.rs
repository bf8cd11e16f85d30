//! Damaged model files, through all that a user does with a file.

use qrtl_random::Random;

use crate::chain::{Format, chain};
use crate::corpus::{Seed, Structure, corpus};
use crate::harness::Outcome;
use crate::{flat, harness, messages};

/// In CI. `make adversary` runs more.
const INPUTS: u64 = 100_000;

fn mutated<'a>(seeds: &'a [Seed], random: &mut Random) -> (Vec<u8>, Format) {
    let seed = &seeds[random.size(0, seeds.len() - 1)];
    let same = |other: &&'a Seed| {
        matches!(
            (&seed.structure, &other.structure),
            (Structure::Flat(_), Structure::Flat(_)) | (Structure::Message(_), Structure::Message(_))
        )
    };
    let others: Vec<&Seed> = seeds.iter().filter(same).collect();
    let other = others[random.size(0, others.len() - 1)];
    match (&seed.structure, &other.structure) {
        (Structure::Message(fields), Structure::Message(others)) => {
            (messages::mutate(fields, others, &other.bytes, random), Format::Onnx)
        }
        (Structure::Flat(sites), _) => (flat::mutate(&seed.bytes, sites, &other.bytes, random), Format::Tflite),
        _ => unreachable!("seeds of one format"),
    }
}

#[test]
fn damaged_models() {
    let seeds = corpus();
    let onnx = seeds.iter().filter(|seed| matches!(seed.structure, Structure::Message(_))).count();
    println!("{} .tflite files, {onnx} .onnx files", seeds.len() - onnx);
    assert!(onnx > 30 && seeds.len() - onnx > 100);
    harness::run("models", INPUTS, |random| {
        let (bytes, format) = mutated(&seeds, random);
        if let Ok(path) = std::env::var("QRTL_KEEP") {
            std::fs::write(path, &bytes).unwrap();
        }
        chain(&bytes, format, random)
    });
}

/// Undamaged files are read, so that damage is what refuses them. One of golden's cases is there to be refused.
#[test]
fn sound_models() {
    let mut random = Random::new(1);
    let outcome = |seed: Seed| {
        let format = if matches!(seed.structure, Structure::Flat(_)) { Format::Tflite } else { Format::Onnx };
        chain(&seed.bytes, format, &mut random).unwrap()
    };
    let outcomes: Vec<Outcome> = corpus().into_iter().map(outcome).collect();
    assert_eq!(outcomes.iter().filter(|outcome| **outcome == "not read").count(), 1);
    assert!(outcomes.iter().filter(|outcome| **outcome == "run and compiled").count() > 50, "{outcomes:?}");
}
