//! Every block has all of its parts, and its parameters are the same on the command line, in files and in manifests.

use std::collections::BTreeSet;
use std::path::Path;

use clap::Parser;
use qrtl_gen::blocks::{Role, catalogue, subjects, suite};
use qrtl_gen::spec::Spec;

/// `emit BLOCK --flags`, as `gen` parses it.
#[derive(Parser)]
struct Emit {
    #[command(subcommand)]
    spec: Spec,
}

#[test]
fn every_block_has_all_parts() {
    let (suite, subjects, catalogue) = (suite(), subjects(), catalogue());
    for &word in Spec::WORDS {
        let default = Spec::from_toml("", Some(word)).unwrap();
        assert_eq!(default.block(), word);
        assert_eq!(serde_json::to_value(&default).unwrap()["block"], word);
        assert_eq!(Emit::try_parse_from(["emit", word]).unwrap().spec, default);
        let simulated = suite.iter().any(|(spec, count)| spec.block() == word && *count > 0);
        assert!(simulated, "{word}: no configuration is simulated");
        assert!(subjects.iter().any(|s| s.config.block() == word), "{word}: nothing is measured");
        assert!(catalogue.iter().any(|(_, spec)| *spec == default), "{word}: the default is not in the catalogue");
    }
}

#[test]
fn every_subject_has_its_baseline() {
    let subjects = subjects();
    let names: BTreeSet<&str> = subjects.iter().map(|s| s.name).collect();
    assert_eq!(names.len(), subjects.len(), "two subjects have the same name");
    let baselines = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../bench/baselines"));
    for (i, subject) in subjects.iter().enumerate() {
        assert!(!subject.places.is_empty(), "{}: measured nowhere", subject.name);
        match subject.role {
            Role::Baseline { parts } => {
                for file in parts.iter().chain([&subject.name]) {
                    assert!(baselines.join(format!("{file}.v")).exists(), "{}: no {file}.v", subject.name);
                }
            }
            Role::ComparedWith(name) => {
                let before = subjects[..i].iter().find(|s| s.name == name);
                let role = before.map(|s| s.role);
                assert!(matches!(role, Some(Role::Baseline { .. })), "{}: no baseline {name} before it", subject.name);
            }
            Role::Alone => {}
        }
    }
}

#[test]
fn every_configuration_is_the_same_from_flags_and_from_its_manifest() {
    let measured = subjects().into_iter().map(|s| s.config);
    let all: Vec<Spec> = suite().into_iter().map(|(spec, _)| spec).chain(measured).collect();
    assert!(all.len() > 150);
    for spec in all {
        let command = spec.command().unwrap();
        let parsed = Emit::try_parse_from(command.split(' ')).unwrap_or_else(|e| panic!("{command}: {e}"));
        assert_eq!(parsed.spec, spec, "{command}");
        let json = serde_json::to_string(&spec).unwrap();
        assert_eq!(serde_json::from_str::<Spec>(&json).unwrap(), spec, "{json}");
    }
}
