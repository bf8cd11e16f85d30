//! Damaged arrays, configurations, requests and images.

use std::fs;
use std::path::Path;

use qrtl_gen::blocks::catalogue;
use qrtl_gen::engine::interpreter::Interpreter;
use qrtl_gen::engine::{Options, compile};
use qrtl_gen::spec::Spec;
use qrtl_golden::import::npy::npz::Archive;
use qrtl_golden::import::npy::{Array, Element, Error};
use qrtl_golden::import::{Runtime, lower, tflite};
use qrtl_golden::request::{Request, answer, answer_line};
use qrtl_hdl::blocks::engine::EngineConfig;
use qrtl_hdl::blocks::engine::loader::Status;
use qrtl_random::Random;
use serde_json::Value;

use crate::chain::{bounded, checked};
use crate::corpus::files;
use crate::counting::memory_limit;
use crate::harness::{self, Outcome};
use crate::values::{damage, float, integer, text};

/// In CI, of each kind.
const INPUTS: u64 = 10_000;

fn pick<'a>(seeds: &'a [Vec<u8>], random: &mut Random) -> &'a [u8] {
    &seeds[random.size(0, seeds.len() - 1)]
}

/// A damaged seed: its text or any of its bytes.
fn mutated(seeds: &[Vec<u8>], random: &mut Random) -> Vec<u8> {
    let (mut bytes, other) = (pick(seeds, random).to_vec(), pick(seeds, random).to_vec());
    for _ in 0..random.pick(&[1, 1, 1, 2, 3, 5]) {
        if random.one_in(3) { damage(&mut bytes, &other, random) } else { bytes = text(&bytes, &other, random) }
    }
    bytes
}

#[test]
fn damaged_arrays() {
    let seeds = files("npy", 4_096);
    println!("{} .npy files", seeds.len());
    assert!(seeds.len() > 300);
    harness::run("npy", INPUTS, |random| {
        let bytes = mutated(&seeds, random);
        let limit = memory_limit(bytes.len());
        let read = [array::<i8>, array::<u8>, array::<i16>, array::<f32>].map(|read| read(&bytes, limit));
        let any = read.into_iter().collect::<Result<Vec<_>, _>>()?.contains(&true);
        Ok(if any { "read" } else { "not read" })
    });
}

fn array<T: Element>(bytes: &[u8], limit: usize) -> Result<bool, String> {
    let array: Result<Array<T>, Error> = bounded("reading", limit, || Array::from_bytes(bytes))?;
    Ok(checked(array.map_err(Into::into))?.is_some())
}

#[test]
fn damaged_archives() {
    let seeds = files("npz", 65_536);
    println!("{} .npz files", seeds.len());
    assert!(seeds.len() > 10);
    harness::run("npz", INPUTS, |random| {
        let bytes = mutated(&seeds, random);
        let limit = memory_limit(bytes.len());
        let archive = checked(bounded("reading", limit, || Archive::from_bytes(&bytes))?.map_err(Into::into))?;
        let Some(archive) = archive else { return Ok("not read") };
        for name in archive.names() {
            let array = bounded("an array", limit, || archive.array::<f32>(name))?;
            checked(array.map_err(Into::into))?;
        }
        Ok("read")
    });
}

/// The configuration of a block as TOML.
fn toml(word: &str, spec: &Spec) -> String {
    let Value::Object(keys) = serde_json::to_value(spec).unwrap() else { panic!("no object") };
    let lines = keys.iter().filter(|(key, _)| *key != "block").map(|(key, value)| format!("{key} = {value}\n"));
    format!("block = \"{word}\"\n{}", lines.collect::<String>())
}

#[test]
fn damaged_configurations() {
    let example = fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/gemm.toml")).unwrap();
    let mut seeds = vec![example];
    for (_, spec) in catalogue() {
        seeds.push(toml(spec.block(), &spec).into_bytes());
    }
    println!("{} configurations", seeds.len());
    harness::run("toml", INPUTS, |random| {
        let bytes = mutated(&seeds, random);
        let Ok(text) = std::str::from_utf8(&bytes) else { return Ok("no text") };
        let limit = memory_limit(bytes.len());
        match bounded("reading", limit, || Spec::from_toml(text, None))? {
            Ok(spec) => {
                bounded("the command", limit, || spec.command().map(drop))?.map_err(|e| format!("{e:#}"))?;
                Ok("read")
            }
            // TOML's errors show the line in question, with a mark under the place.
            Err(error) if error.to_string().lines().count() <= 10 => Ok("refused"),
            Err(error) => Err(format!("a message of many lines: {error:#}")),
        }
    });
}

/// Elements of the arrays of a request that is answered: the answer may have thousands of times as many.
const ANSWERED: usize = 1 << 30;

#[test]
fn damaged_requests() {
    let requests = Path::new(env!("CARGO_MANIFEST_DIR")).join("../conformance/requests");
    let mut seeds = Vec::new();
    for entry in fs::read_dir(requests).unwrap() {
        let lines = fs::read_to_string(entry.unwrap().path()).unwrap();
        seeds.extend(lines.lines().step_by(10).filter(|line| line.len() < 2_000).map(|line| line.as_bytes().to_vec()));
    }
    println!("{} requests", seeds.len());
    assert!(seeds.len() > 300);
    harness::run("requests", INPUTS, |random| {
        let line = String::from_utf8_lossy(&mutated(&seeds, random)).replace('\n', " ");
        if bounded("reading", memory_limit(line.len()), || Request::parse(&line))?.is_err() {
            return Ok("not read");
        }
        let golden = |request: &Request| answer(request).map_err(|e| e.to_string());
        let (text, refused) = bounded("answering", ANSWERED, || answer_line(&line, golden))?;
        match text.lines().count() {
            1 => Ok(if refused { "refused" } else { "answered" }),
            lines => Err(format!("an answer of {lines} lines")),
        }
    });
}

/// Words of an image in place of others, or wrong ones.
fn mutated_image(image: &[u64], random: &mut Random) -> Vec<u64> {
    let mut image = image.to_vec();
    for _ in 0..random.pick(&[1, 1, 2, 4]) {
        let at = random.size(0, image.len() - 1);
        match random.size(0, 4) {
            0 => image.truncate(at.max(1)),
            1 => image[at] ^= 1 << random.size(0, 63),
            2 => image[at] = integer(random) as u64,
            3 => image[at] = image[random.size(0, image.len() - 1)],
            // A header whose target, address or length is another one.
            _ => image[at] = u64::from(random.bits() as u32 & 0xf000_0fff | float(random).to_bits() & 0xff),
        }
    }
    image
}

#[test]
fn damaged_images() {
    let config = EngineConfig { weight_bytes: 1 << 15, program_words: 1 << 10, ..EngineConfig::default() };
    let model = Path::new(env!("CARGO_MANIFEST_DIR")).join("../models/digits/rescnn_int8.tflite");
    let graph = lower(&tflite::Model::read(model).unwrap(), Runtime::Tflm).unwrap();
    let image = compile(&graph, &config, &Options::default()).unwrap().image;
    let fresh = Interpreter::new(&config);
    harness::run("images", INPUTS, |random| -> Result<Outcome, String> {
        let image = mutated_image(&image, random);
        let mut engine = fresh.clone();
        match checked(engine.load(&image))? {
            Some(Status::Ok) => Ok("loaded"),
            Some(_) => Ok("refused by its status"),
            None => Ok("beyond a memory"),
        }
    });
}
