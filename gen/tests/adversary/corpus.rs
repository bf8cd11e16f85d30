//! The models of the repository, from which damaged ones are made.

use std::fs;
use std::path::{Path, PathBuf};

use crate::flat;
use crate::messages::{self, Message};

/// A model of the repository.
pub struct Seed {
    pub bytes: Vec<u8>,
    pub structure: Structure,
}

/// What is known of the places in a file.
pub enum Structure {
    /// the numbers of a `.tflite` file
    Flat(Vec<flat::Site>),
    /// the fields of an `.onnx` file
    Message(Message),
}

/// All models of `models/` and of golden's cases.
pub fn corpus() -> Vec<Seed> {
    let is_model = |file: &&PathBuf| file.extension().is_some_and(|of| of == "tflite" || of == "onnx");
    all().iter().filter(is_model).map(|file| seed(file)).collect()
}

/// The files of golden's cases and of `models/` that have this ending and are not too long.
pub fn files(ending: &str, longest: u64) -> Vec<Vec<u8>> {
    let all = all().into_iter().filter(|file| file.extension().is_some_and(|of| of == ending));
    all.filter(|file| fs::metadata(file).unwrap().len() <= longest).map(|file| fs::read(file).unwrap()).collect()
}

fn all() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let mut files = Vec::new();
    for place in ["models/digits", "models/onnx", "golden/tests/cases"] {
        find(&root.join(place), &mut files);
    }
    files.sort();
    files
}

fn find(directory: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(directory).unwrap_or_else(|e| panic!("{}: {e}", directory.display())) {
        let path = entry.unwrap().path();
        if path.is_dir() {
            find(&path, files);
        } else {
            files.push(path);
        }
    }
}

fn seed(file: &Path) -> Seed {
    let bytes = fs::read(file).unwrap();
    let structure = match file.extension().is_some_and(|extension| extension == "onnx") {
        true => Structure::Message(messages::parse(&bytes)),
        false => Structure::Flat(flat::sites(&bytes)),
    };
    Seed { bytes, structure }
}
