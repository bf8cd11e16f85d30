//! What is measured: blocks in the configurations that matter, and for each function the Verilog that a good engineer
//! writes by hand. Which they are, the blocks themselves say ([`qrtl_gen::blocks::subjects`]).

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use qrtl_gen::blocks;
use qrtl_gen::blocks::Role;
use qrtl_gen::emit::Package;
use qrtl_gen::spec::Spec;
use qrtl_hdl::interface::Interface;
use qrtl_hdl::targets::Device;
use qrtl_hdl::targets::Multiplier;
use qrtl_hdl::verilog::File;

use super::device::Target;

/// A block to measure.
pub struct Subject {
    /// its name, and the name of its module
    pub name: String,
    /// what it is measured for
    pub role: Role,
    /// what the table says of it
    pub about: &'static str,
    /// its function
    pub spec: Spec,
    /// its ports
    pub interface: Interface,
    /// its Verilog, the top last
    pub files: Vec<File>,
    /// where it is measured
    pub targets: Vec<Target>,
}

impl Subject {
    /// The baseline that it is compared with, by name.
    pub fn baseline(&self) -> Option<&'static str> {
        if let Role::ComparedWith(name) = self.role { Some(name) } else { None }
    }

    /// It was written by hand.
    pub fn is_by_hand(&self) -> bool {
        matches!(self.role, Role::Baseline { .. })
    }
}

/// Everything, the baselines (whose files are in a directory) before what is compared with them.
///
/// # Errors
/// If a description is refused, or a baseline cannot be read.
pub fn subjects(baselines: &Path) -> Result<Vec<Subject>> {
    blocks::subjects().into_iter().map(|of| subject(of, baselines)).collect()
}

fn subject(of: blocks::Subject<Spec>, baselines: &Path) -> Result<Subject> {
    let blocks::Subject { name, about, role, config: spec, places } = of;
    let (interface, files) = match role {
        Role::Baseline { parts } => (spec.build(name)?.interface, by_hand(baselines, parts, name)?),
        Role::ComparedWith(_) | Role::Alone => {
            let package = Package::new(name, spec.clone(), "sim qor").with_context(|| name.to_owned())?;
            (package.built.interface, package.files)
        }
    };
    let targets = places.iter().map(|place| Target::plain(place.device).with(place.flags)).collect();
    Ok(Subject { name: name.to_owned(), role, about, targets: suited(&spec, targets), spec, interface, files })
}

/// The baseline's file, after the files that it needs.
fn by_hand(baselines: &Path, parts: &[&str], name: &str) -> Result<Vec<File>> {
    let read = |name: &&str| -> Result<File> {
        let path = baselines.join(format!("{name}.v"));
        let text = fs::read_to_string(&path).with_context(|| path.display().to_string())?;
        Ok(File::new(name, text))
    };
    parts.iter().chain([&name]).map(read).collect()
}

/// Blocks that files describe (TOML), each on one device; their names are those of the files.
///
/// # Errors
/// If a file cannot be read, or describes no block.
pub fn described(files: &[PathBuf], device: Device) -> Result<Vec<Subject>> {
    let subject = |file: &PathBuf| {
        let text = fs::read_to_string(file)?;
        let name = file.file_stem().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
        single(&name, Spec::from_toml(&text, None)?, device)
    };
    files.iter().map(|file| subject(file).with_context(|| file.display().to_string())).collect()
}

/// A block on one device that nothing is compared with.
///
/// # Errors
/// If the name or the description is refused.
pub fn single(name: &str, spec: Spec, device: Device) -> Result<Subject> {
    let Package { name, spec, built, files, .. } = Package::new(name, spec, "sim qor")?;
    let (interface, targets) = (built.interface, suited(&spec, vec![Target::plain(Some(device))]));
    Ok(Subject { name, role: Role::Alone, about: "", spec, interface, files, targets })
}

/// The targets, without inference of multipliers for a block that instantiates those of iCE40.
fn suited(spec: &Spec, targets: Vec<Target>) -> Vec<Target> {
    match spec.target().traits().multiplier {
        Multiplier::SbMac16 => targets.into_iter().map(Target::as_instantiated).collect(),
        Multiplier::Inferred | Multiplier::Mult18x18d => targets,
    }
}
