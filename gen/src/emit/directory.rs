//! Directories and files that take the place of older ones, whole.

use std::fs;
use std::io;
use std::path::Path;

use anyhow::{Context, Result};
use serde::Deserialize;

/// A file in `old` that neither we nor its Makefile made: it is not in `new` either, and is no block of its own.
fn foreign_entry(old: &Path, new: &Path) -> Option<String> {
    let known = |name: &str| {
        let of_any_block = name == "cells" || name.ends_with(".core") || name.ends_with("_inst.v");
        let built = ["obj", "obj_waves", "waves.vcd"].contains(&name);
        built || of_any_block || new.join(name).exists() || is_ours(&old.join(name))
    };
    let names = fs::read_dir(old).ok()?.filter_map(|e| Some(e.ok()?.file_name().to_string_lossy().into_owned()));
    let mut foreign: Vec<String> = names.filter(|n| !known(n)).collect();
    foreign.sort();
    foreign.into_iter().next()
}

/// Whether a directory has a manifest that qrtl wrote, of this version or another.
fn is_ours(directory: &Path) -> bool {
    #[derive(Deserialize)]
    struct Generated {
        generator: String,
    }
    let text = fs::read_to_string(directory.join("manifest.json")).unwrap_or_default();
    serde_json::from_str(&text).is_ok_and(|manifest: Generated| manifest.generator.starts_with("qrtl "))
}

/// Checks that there is nothing at `to`, or an empty directory, or one that qrtl wrote. Callers check before a long
/// computation.
///
/// # Errors
/// If there is anything else at `to`.
pub fn check_ours(to: &Path) -> Result<()> {
    let parent = parent(to);
    fs::create_dir_all(parent).with_context(|| format!("{}: cannot create", parent.display()))?;
    let ours = !to.exists() || is_ours(to);
    let empty = || fs::read_dir(to).is_ok_and(|mut d| d.next().is_none());
    anyhow::ensure!(ours || empty(), "{}: exists, and was not written by qrtl", to.display());
    Ok(())
}

/// Writes a file beside `to`, then puts it in the place of `to`.
///
/// # Errors
/// If `to` cannot be written.
pub fn write_file(to: &Path, write: impl FnOnce(&Path) -> Result<()>) -> Result<()> {
    let parent = parent(to);
    let staging = tempfile::Builder::new().prefix(".qrtl-").tempdir_in(parent);
    let staging = staging.with_context(|| format!("{}: cannot write", to.display()))?;
    let made = staging.path().join("made");
    write(&made).with_context(|| format!("{}: cannot write", to.display()))?;
    fs::rename(&made, to).with_context(|| format!("{}: cannot write", to.display()))
}

fn parent(to: &Path) -> &Path {
    match to.parent() {
        Some(p) if !p.as_os_str().is_empty() => p,
        _ => Path::new("."),
    }
}

/// Fills a directory beside `to`, then puts it in the place of `to`.
///
/// # Errors
/// If `to` cannot be written, or is something other than an empty directory or one that qrtl wrote.
pub fn write_directory(to: &Path, fill: impl FnOnce(&Path) -> Result<()>) -> Result<()> {
    let shown = to.display();
    let parent = parent(to);
    fs::create_dir_all(parent).with_context(|| format!("{}: cannot create", parent.display()))?;
    let staging = tempfile::Builder::new().prefix(".qrtl-").tempdir_in(parent);
    let staging = staging.with_context(|| format!("{}: cannot write", to.display()))?;
    let made = staging.path().join("made");
    fs::create_dir(&made).with_context(|| format!("{shown}: cannot write"))?;
    fill(&made).with_context(|| format!("{shown}: cannot write"))?;
    check_ours(to)?;
    if let Some(foreign) = foreign_entry(to, &made) {
        anyhow::bail!("{shown}: holds {foreign}, which was not written by qrtl");
    }
    put(&made, to, &staging.path().join("old")).with_context(|| format!("{shown}: cannot write"))
}

/// Puts a directory in the place of another one, or of none. At any moment one of the two is there, whole, where the system
/// can exchange them; elsewhere there is none for a moment. The other one then stands in the place of `made`, or at `old`.
fn put(made: &Path, to: &Path, old: &Path) -> io::Result<()> {
    match fs::rename(made, to) {
        // There is nothing, or an empty directory.
        Ok(()) => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::DirectoryNotEmpty => match exchange(made, to) {
            Err(error) if matches!(error.kind(), io::ErrorKind::Unsupported | io::ErrorKind::InvalidInput) => {
                fs::rename(to, old)?;
                fs::rename(made, to)
            }
            exchanged => exchanged,
        },
        Err(error) => Err(error),
    }
}

#[cfg(target_os = "linux")]
fn exchange(a: &Path, b: &Path) -> io::Result<()> {
    use rustix::fs::{CWD, RenameFlags, renameat_with};
    Ok(renameat_with(CWD, a, CWD, b, RenameFlags::EXCHANGE)?)
}

#[cfg(not(target_os = "linux"))]
fn exchange(_: &Path, _: &Path) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}
