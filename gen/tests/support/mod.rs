//! What tests of emitted directories share.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// The files of a directory, with their bytes.
pub type Files = BTreeMap<PathBuf, Vec<u8>>;

/// Every file below `dir`.
pub fn files(dir: &Path) -> Files {
    let mut all = Files::new();
    let mut open = vec![dir.to_owned()];
    while let Some(next) = open.pop() {
        for entry in fs::read_dir(next).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                open.push(path);
            } else {
                all.insert(path.strip_prefix(dir).unwrap().to_owned(), fs::read(path).unwrap());
            }
        }
    }
    all
}
