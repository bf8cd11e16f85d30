//! Writes the directory of a block: Verilog, bench, vectors, and what others need to use it. Nothing is left half
//! written: a directory is put together beside its place, and then renamed.

use std::collections::BTreeSet;
use std::fmt::Write;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result, anyhow};
use qrtl_hdl::blocks::engine::model::Model;
use qrtl_hdl::blocks::engine::{Engine, EngineConfig};
use qrtl_hdl::exact::{Design, Role};
use qrtl_hdl::interface::{Built, Interface, build};
use qrtl_hdl::targets::models;
use qrtl_hdl::verilog::{File, Provenance, print};
use serde::{Deserialize, Serialize};

use crate::GENERATOR;
use crate::bench::{BENCH, ports_header};
use crate::engine::Program;
use crate::script::Script;
use crate::spec::Spec;

/// Seed of the shipped vectors.
const SHIPPED_SEED: u64 = 1;

/// A block that is ready to be written.
pub struct Package {
    /// name of the module
    pub name: String,
    /// its description
    pub spec: Spec,
    /// netlist and bench ports
    pub built: Built,
    /// its Verilog, the top last
    pub files: Vec<File>,
    /// models of the cells that it instantiates, for simulation and lint
    pub models: Vec<File>,
}

impl Package {
    /// Elaborates and prints a block. `command` is the origin that its files state.
    ///
    /// # Errors
    /// If a parameter is out of range.
    pub fn new(name: &str, spec: Spec, command: &str) -> Result<Package> {
        check_name(name)?;
        let built = spec.build(name)?;
        Package::of(name, spec, built, command)
    }

    /// The package of an engine whose memories hold a program from the start.
    ///
    /// # Errors
    /// If a parameter is out of range, or a memory cannot hold its part of the program.
    pub fn holding(name: &str, config: &EngineConfig, program: &Program, command: &str) -> Result<Package> {
        check_name(name)?;
        let engine = Model::new(program.sections.clone()).and_then(|model| Engine::holding(config, &model));
        let engine = engine.map_err(|why| anyhow!("image rom: {why}"))?;
        let built = build(&engine, name).map_err(|faults| anyhow!("{faults}"))?;
        Package::of(name, Spec::Engine(config.clone()), built, command)
    }

    fn of(name: &str, spec: Spec, built: Built, command: &str) -> Result<Package> {
        let files = print(&built.design, &Provenance { command: command.to_owned() });
        let models = models(&built.design);
        let same = models.iter().chain(&files).filter(|file| file.name == name).count();
        anyhow::ensure!(same == 1, "name: {name} is the name of a module inside the block");
        Ok(Package { name: name.to_owned(), spec, built, files, models })
    }

    /// The files that a simulator needs, the top last.
    pub fn simulated(&self) -> Vec<File> {
        self.models.iter().chain(&self.files).cloned().collect()
    }

    /// The vectors that are shipped.
    ///
    /// # Errors
    /// If golden refuses the parameters.
    pub fn vectors(&self) -> Result<Script> {
        self.spec.script(&self.built.interface, SHIPPED_SEED, self.spec.shipped())
    }

    /// Writes the directory `to`, and replaces files that qrtl wrote there before.
    ///
    /// # Errors
    /// If `to` cannot be written, or holds something that is not qrtl's.
    pub fn write(&self, to: &Path, vectors: &Script) -> Result<()> {
        write_directory(to, |dir| self.write_files(dir, vectors))
    }

    pub(crate) fn write_files(&self, dir: &Path, vectors: &Script) -> Result<()> {
        for sub in ["rtl", "tb", "vectors"] {
            fs::create_dir(dir.join(sub))?;
        }
        for file in &self.files {
            file.write(&dir.join("rtl"))?;
        }
        if !self.models.is_empty() {
            fs::create_dir(dir.join("cells"))?;
        }
        for model in &self.models {
            model.write(&dir.join("cells"))?;
        }
        for (name, text) in BENCH {
            fs::write(dir.join("tb").join(name), text)?;
        }
        fs::write(dir.join("tb/ports.h"), ports_header(&self.built.interface))?;
        fs::write(dir.join("vectors/in.txt"), &vectors.input)?;
        fs::write(dir.join("vectors/expected.txt"), &vectors.expected)?;
        fs::write(dir.join("Makefile"), include_str!("templates/Makefile").replace("@TOP@", &self.name))?;
        fs::write(dir.join("manifest.json"), self.manifest()?)?;
        fs::write(dir.join(format!("{}.core", self.name)), self.core())?;
        fs::write(dir.join(format!("{}_inst.v", self.name)), instantiation(&self.built.design))?;
        Ok(())
    }

    /// Names of the files that modules read.
    fn data(&self) -> BTreeSet<&str> {
        self.files.iter().flat_map(|file| &file.data).map(|data| &*data.name).collect()
    }

    fn manifest(&self) -> Result<String> {
        let summary = self.spec.summary();
        let header = &self.built.design.top().header;
        let manifest = Manifest {
            generator: GENERATOR,
            module: &self.name,
            spec: &self.spec,
            computes: header.summary.join(" "),
            facts: header.facts.iter().map(|(k, v)| [k.as_str(), v.as_str()]).collect(),
            latency: summary.latency.to_string(),
            throughput: summary.throughput,
            files: self.files.iter().map(|f| format!("rtl/{}.v", f.name)).collect(),
            models: self.models.iter().map(|f| format!("cells/{}.v", f.name)).collect(),
            data: self.data().iter().map(|name| format!("rtl/{name}")).collect(),
            interface: &self.built.interface,
        };
        Ok(serde_json::to_string_pretty(&manifest)? + "\n")
    }

    /// The description for FuseSoC, with its flow API.
    fn core(&self) -> String {
        let (name, version) = (&self.name, env!("CARGO_PKG_VERSION"));
        let set = |name: &str, files: &[File]| {
            let list: String = files.iter().map(|f| format!("      - {name}/{}.v\n", f.name)).collect();
            format!("  {name}:\n    files:\n{list}    file_type: verilogSource-2005\n")
        };
        let (cells, linted) = match self.models.is_empty() {
            true => (String::new(), "[rtl]"),
            false => (set("cells", &self.models), "[cells, rtl]"),
        };
        // A tool that runs elsewhere finds the words of memories where it runs.
        let word_file = |name: &str| format!("      - rtl/{name}: {{file_type: user, copyto: {name}}}\n");
        let (words, filesets) = match self.data() {
            none if none.is_empty() => (String::new(), "[rtl]"),
            data => {
                let list: String = data.into_iter().map(word_file).collect();
                (format!("  words:\n    files:\n{list}"), "[rtl, words]")
            }
        };
        format!(
            "CAPI=2:\n\nname: qrtl::{name}:{version}\ndescription: {name}, generated by qrtl\n\nfilesets:\n{}{cells}{words}\ntargets:\n  \
             default:\n    filesets: {filesets}\n    toplevel: {name}\n  lint:\n    default_tool: verilator\n    flow: lint\n    \
             flow_options:\n      tool: verilator\n      verilator_options: [-Wall]\n    filesets: {linted}\n    \
             toplevel: {name}\n",
            set("rtl", &self.files)
        )
    }
}

/// The manifest, with everything that a program needs to know about an emitted block.
#[derive(Serialize)]
struct Manifest<'a> {
    generator: &'static str,
    module: &'a str,
    spec: &'a Spec,
    computes: String,
    facts: Vec<[&'a str; 2]>,
    latency: String,
    throughput: String,
    files: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    models: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    data: Vec<String>,
    interface: &'a Interface,
}

/// Checks that a module's name is an identifier that Verilog and file systems accept.
fn check_name(name: &str) -> Result<()> {
    let mut chars = name.chars();
    let legal = chars.next().is_some_and(|c| c.is_ascii_alphabetic() || c == '_')
        && chars.all(|c| c.is_ascii_alphanumeric() || c == '_')
        && name.len() <= 128
        && !qrtl_hdl::names::is_keyword(name);
    anyhow::ensure!(legal, "name: {name:?} is no identifier of up to 128 letters, digits and _ (and no keyword)");
    Ok(())
}

/// The text with which somebody instantiates the module.
fn instantiation(design: &Design) -> String {
    let ports = &design.top().ports;
    let width = ports.iter().map(|(n, _)| n.len()).max().unwrap_or(0);
    let mut text = format!("// Copy, and connect.\n{0} {0}_0 (\n", design.name);
    for (i, (name, info)) in ports.iter().enumerate() {
        let comma = if i + 1 == ports.len() { ' ' } else { ',' };
        let bits = info.range.width() as usize * info.lanes.unwrap_or(1);
        let direction = if info.role == Role::Output { "output" } else { "input" };
        let _ = writeln!(
            text,
            "    .{name:width$} (){comma} // {direction}, {bits} bit{}",
            if bits == 1 { "" } else { "s" }
        );
    }
    text + ");\n"
}

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
    let staging = staging.with_context(|| format!("{}: cannot write", parent.display()))?;
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
    let staging = staging.with_context(|| format!("{}: cannot write", parent.display()))?;
    let made = staging.path().join("made");
    fs::create_dir(&made).with_context(|| format!("{shown}: cannot write"))?;
    fill(&made).with_context(|| format!("{shown}: cannot write"))?;
    check_ours(to)?;
    if to.exists() {
        if let Some(foreign) = foreign_entry(to, &made) {
            anyhow::bail!("{shown}: holds {foreign}, which was not written by qrtl");
        }
        fs::rename(to, staging.path().join("old")).with_context(|| format!("{shown}: cannot replace"))?;
    }
    fs::rename(&made, to).with_context(|| format!("{shown}: cannot write"))
}
