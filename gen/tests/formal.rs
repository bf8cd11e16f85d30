//! The proofs that ship with blocks: what `prove.py` reads is there, and every block says what is proved of it.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use qrtl_gen::blocks::{catalogue, proved};
use qrtl_gen::emit::Package;
use qrtl_gen::spec::Spec;
use serde_json::Value;

/// All configurations that `make prove ALL=1` proves, by the names of their directories.
fn all() -> Vec<(String, Spec)> {
    catalogue().into_iter().map(|(name, spec)| (name.to_owned(), spec)).chain(proved()).collect()
}

/// Writes a block, and returns its list of proofs.
fn emitted(spec: &Spec, to: &Path) -> Value {
    let package = Package::new(spec.block(), spec.clone(), "a test").unwrap();
    let vectors = spec.script(&package.built.interface, 1, 1).unwrap();
    package.write(to, &vectors).unwrap();
    serde_json::from_str(&fs::read_to_string(to.join("formal/proofs.json")).unwrap()).unwrap()
}

fn words<'a>(value: &'a Value, key: &str) -> Vec<&'a str> {
    value[key].as_array().unwrap().iter().map(|word| word.as_str().unwrap()).collect()
}

#[test]
fn what_a_proof_reads_is_there() {
    let dir = tempfile::tempdir().unwrap();
    for (name, spec) in all() {
        let to = dir.path().join(&name);
        let stated = emitted(&spec, &to);
        let mut names = BTreeSet::new();
        for proof in stated["proofs"].as_array().unwrap() {
            let word = proof["name"].as_str().unwrap();
            assert!(names.insert(word), "{name}: two proofs are called {word}");
            let files = words(proof, "files");
            assert!(files.iter().all(|file| to.join(file).is_file()), "{name}: {files:?}");
            if let top @ [_, ..] = proof["top"].as_str().unwrap().as_bytes() {
                let head = format!("module {} (", String::from_utf8_lossy(top));
                let found = files.iter().filter(|file| fs::read_to_string(to.join(file)).unwrap().contains(&head));
                assert_eq!(found.count(), 1, "{name}: {head}");
            }
            let twins = proof["twins"].as_array().unwrap();
            assert!(!twins.is_empty(), "{name}: {word} has no twin");
            for twin in twins {
                let [file, find, replace] = ["file", "find", "replace"].map(|key| twin[key].as_str().unwrap());
                assert!(files.contains(&file), "{name}: {word} does not read {file}");
                let text = fs::read_to_string(to.join(file)).unwrap();
                assert_eq!(text.matches(find).count(), 1, "{name}: {file}: {find}");
                assert_ne!(find, replace, "{name}: {word}");
            }
        }
        let unproved = stated["unproved"].as_array().unwrap();
        assert!(!names.is_empty() || !unproved.is_empty(), "{name}: nothing is proved, and nothing says why");
    }
}

#[test]
fn names_are_different() {
    let names: Vec<String> = all().into_iter().map(|(name, _)| name).collect();
    assert_eq!(names.iter().collect::<BTreeSet<_>>().len(), names.len(), "{names:?}");
}

/// The manifest says what is proved, and not yet in how many seconds.
#[test]
fn the_manifest_has_the_claims() {
    let dir = tempfile::tempdir().unwrap();
    let to = dir.path().join("requantizer");
    let stated = emitted(&Spec::from_toml("", Some("requantizer")).unwrap(), &to);
    let manifest: Value = serde_json::from_str(&fs::read_to_string(to.join("manifest.json")).unwrap()).unwrap();
    let claims = manifest["proofs"].as_array().unwrap();
    assert!(!claims.is_empty());
    for (claim, proof) in claims.iter().zip(stated["proofs"].as_array().unwrap()) {
        assert_eq!([&claim[0], &claim[1]], [&proof["name"], &proof["claim"]]);
    }
    assert_eq!(manifest.get("proved"), None);
}

/// What a run of the proofs leaves behind is no foreign file.
#[test]
fn a_directory_whose_proofs_ran_is_written_again() {
    let dir = tempfile::tempdir().unwrap();
    let to = dir.path().join("saturator");
    let spec = Spec::from_toml("", Some("saturator")).unwrap();
    emitted(&spec, &to);
    fs::create_dir_all(to.join("formal/runs/value")).unwrap();
    fs::write(to.join("formal/result.json"), "{}").unwrap();
    emitted(&spec, &to);
    assert!(!to.join("formal/runs").exists() && !to.join("formal/result.json").exists());
}
