//! Writes the directory of a block: Verilog, bench, vectors, and what others need to use it. Nothing is left half
//! written: a directory is put together beside its place, and then renamed.

mod directory;

use std::collections::BTreeSet;
use std::fmt::Write;
use std::fs;
use std::path::Path;

use anyhow::{Result, anyhow};
use qrtl_hdl::blocks::engine::model::Model;
use qrtl_hdl::blocks::engine::{Engine, EngineConfig};
use qrtl_hdl::exact::{Design, Role};
use qrtl_hdl::interface::{Built, Interface, build};
use qrtl_hdl::targets::models;
use qrtl_hdl::verilog::{File, Provenance, print};
use serde::Serialize;

use crate::GENERATOR;
use crate::bench::{BENCH, ports_header};
use crate::engine::Program;
use crate::formal::Formal;
use crate::script::Script;
use crate::spec::Spec;

pub use directory::{check_ours, write_directory, write_file};

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
    /// what is proved of it
    pub formal: Formal,
    /// the origin that its files state
    pub command: String,
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
        let formal = spec.formal(&built);
        Ok(Package { name: name.to_owned(), spec, built, files, models, formal, command: command.to_owned() })
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
        self.formal.write(dir, [self.spec.block(), &self.name, &self.command], &self.read_by_proofs())?;
        fs::write(dir.join("manifest.json"), self.manifest()?)?;
        fs::write(dir.join(format!("{}.core", self.name)), self.core())?;
        fs::write(dir.join(format!("{}_inst.v", self.name)), instantiation(&self.built.design))?;
        Ok(())
    }

    /// Names of the files that modules read.
    fn data(&self) -> BTreeSet<&str> {
        self.files.iter().flat_map(|file| &file.data).map(|data| &*data.name).collect()
    }

    /// The files of the design, from the directory.
    fn read_by_proofs(&self) -> Vec<String> {
        let verilog = |folder, files: &[File]| files.iter().map(|f| format!("{folder}/{}.v", f.name)).collect();
        let [mut all, rtl]: [Vec<String>; 2] = [verilog("cells", &self.models), verilog("rtl", &self.files)];
        all.extend(rtl);
        all.extend(self.data().iter().map(|name| format!("rtl/{name}")));
        all
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
            proofs: self.formal.claims(),
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
    /// name and claim of each proof; a run of `make prove` adds `proved`, with the result
    proofs: Vec<[&'a str; 2]>,
}

/// Greatest length of a name in emitted text.
const LONGEST_NAME: usize = 128;

/// The name of a file, without its folder, for emitted text: as it is if it is a word of letters, digits, '.', '_' and '-';
/// else FILE. So the same file gives the same bytes wherever it is, and no name can end a comment.
pub fn file_word(file: &Path) -> String {
    let base = file.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let plain = base.chars().all(|c| c.is_ascii_alphanumeric() || "._-".contains(c));
    if plain && base.len() <= LONGEST_NAME { base } else { "FILE".to_owned() }
}

/// Checks that a module's name is an identifier that Verilog and file systems accept.
fn check_name(name: &str) -> Result<()> {
    let mut chars = name.chars();
    let legal = chars.next().is_some_and(|c| c.is_ascii_alphabetic() || c == '_')
        && chars.all(|c| c.is_ascii_alphanumeric() || c == '_')
        && name.len() <= LONGEST_NAME
        && !qrtl_hdl::names::is_keyword(name);
    let shown: String = name.chars().take(LONGEST_NAME).collect();
    anyhow::ensure!(
        legal,
        "name: {shown:?} is no identifier of up to {LONGEST_NAME} letters, digits and _ (and no keyword)"
    );
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
