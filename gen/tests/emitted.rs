//! `docs/verilog/` holds the default configuration of each block as `gen` emits it. So a change of the printer shows in a
//! diff, and a visitor can read the product. Where a change is meant, `make verilog` writes the files anew.

use std::path::Path;

use qrtl_gen::blocks::catalogue;
use qrtl_gen::emit::{Package, write_file};
use qrtl_gen::spec::Spec;

/// The modules of a default block in one text, the top last.
fn text(name: &str, spec: Spec) -> String {
    let package = Package::new(name, spec, &format!("gen emit {name}")).unwrap_or_else(|e| panic!("{name}: {e:#}"));
    package.files.iter().map(|file| file.text.as_str()).collect::<Vec<_>>().join("\n")
}

/// The blocks of the catalogue under their own names: an entry with another name repeats most of a block's text.
fn defaults() -> impl Iterator<Item = (&'static str, Spec)> {
    catalogue().into_iter().filter(|(name, spec)| *name == spec.block())
}

#[test]
fn the_default_blocks_are_as_they_were() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/verilog");
    let wanted = std::env::var_os("QRTL_WRITE").is_some();
    let mut differ = Vec::new();
    for (name, spec) in defaults() {
        let (file, emitted) = (folder.join(format!("{name}.v")), text(name, spec));
        if wanted {
            write_file(&file, |to| Ok(std::fs::write(to, &emitted)?)).unwrap_or_else(|e| panic!("{name}: {e:#}"));
        }
        if std::fs::read_to_string(&file).ok() != Some(emitted) {
            differ.push(name);
        }
    }
    assert!(
        differ.is_empty(),
        "{differ:?} differ from docs/verilog/: if that is meant, `make verilog` writes them anew"
    );
    let files = std::fs::read_dir(&folder).into_iter().flatten().count();
    assert_eq!(files, defaults().count(), "docs/verilog/ holds one file for each block");
}
