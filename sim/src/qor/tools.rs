//! The programs that measure: Yosys and nextpnr, as packages of WebAssembly.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, anyhow};

use crate::workspace::Workspace;

/// The tools and their versions.
pub struct Tools {
    /// the version that each tool prints
    pub versions: Vec<String>,
    programs: PathBuf,
    /// directory of the measurements
    pub measurements: PathBuf,
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
