//! A module with its bench, ready to run. It compares scripts with the results that they expect, counts clocks, and
//! answers one question after the other.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};
use qrtl_gen::bench::ports_header;
use qrtl_gen::emit::Package;
use qrtl_gen::script::Script;
use qrtl_hdl::interface::Interface;
use qrtl_hdl::verilog::File;

use crate::conversation::Conversation;
use crate::verilator::{Around, Build, build};
use crate::workspace::Workspace;

/// Stalls in the runs of a module with a clock, in percent of the cycles on either side.
pub const STALLS: [u32; 2] = [0, 30];

/// A built module.
#[derive(Debug)]
pub struct Simulation {
    program: PathBuf,
    interface: Interface,
    zeroed: bool,
}

/// The options of a run.
#[derive(Debug, Clone, Default)]
pub struct Run {
    /// percent of the cycles in which either side does nothing
    pub stall: u32,
    /// seed of the stalls and of the first contents of registers and memories
    pub seed: u64,
    /// file to write a trace to; the simulation must have been built for it
    pub trace: Option<PathBuf>,
}

/// Numbers of results that were compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Outcome {
    /// number of results that came, or should have come
    pub vectors: usize,
    /// number of wrong results
    pub mismatches: usize,
}

/// Clocks of a run, counted from 0 at the reset.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cycles {
    /// all
    pub all: u128,
    /// the cycle of the first beat that the module accepted
    pub first: u128,
    /// the cycle of the last result
    pub last: u128,
    /// cycles after the first beat in which a beat was offered and not accepted
    pub refused: u128,
}

/// The outcome of a run.
#[derive(Debug)]
pub enum Report {
    /// the script came to its end
    Compared {
        /// results that were compared
        outcome: Outcome,
        /// clocks that it took
        cycles: Cycles,
        /// the first mismatches, a line each
        words: String,
    },
    /// the module broke the protocol of its streams, or hung; the bench's message
    Broken(String),
}

impl std::ops::AddAssign for Outcome {
    fn add_assign(&mut self, other: Outcome) {
        self.vectors += other.vectors;
        self.mismatches += other.mismatches;
    }
}

impl Outcome {
    /// Whether results came and all are right.
    pub fn passed(self) -> bool {
        self.vectors > 0 && self.mismatches == 0
    }
}

impl Simulation {
    /// Builds a package, unless it has been built.
    ///
    /// # Errors
    /// If Verilator is missing, warns or fails.
    pub fn of(workspace: &Workspace, package: &Package, how: Build) -> Result<Simulation> {
        Simulation::build(workspace, &package.built.interface, &package.simulated(), how)
    }

    /// Builds Verilog with the ports of `interface`, the top last, unless it has been built.
    ///
    /// # Errors
    /// If Verilator is missing, warns or fails.
    pub fn build(workspace: &Workspace, interface: &Interface, files: &[File], how: Build) -> Result<Simulation> {
        let ports = ports_header(interface);
        let program = build(workspace, files, &interface.module, &Around::Bench(&ports), how)?;
        Ok(Simulation { program, interface: interface.clone(), zeroed: false })
    }

    /// Lets registers, memories and payload ports without a beat begin with 0 instead of random values. No result may
    /// depend on these values.
    #[must_use]
    pub fn zeroed(self) -> Simulation {
        Simulation { zeroed: true, ..self }
    }

    /// Removes the program and what it reads.
    ///
    /// # Errors
    /// If it cannot be removed.
    pub fn remove(self) -> Result<()> {
        let place = self.program.parent().unwrap_or(&self.program);
        fs::remove_dir_all(place).with_context(|| format!("{}: cannot remove", place.display()))
    }

    /// The program, which takes the options of the bench.
    pub fn program(&self) -> &Path {
        &self.program
    }

    /// Starts a simulation that answers one script after the other.
    ///
    /// # Errors
    /// If it cannot be started.
    pub fn converse(&self) -> Result<Conversation> {
        Conversation::start(self.command(), &self.interface)
    }

    /// The files of a script that is run once or more.
    ///
    /// # Errors
    /// If the script expects nothing, or the files cannot be written.
    pub fn with(&self, script: &Script) -> Result<Trial<'_>> {
        if script.vectors == 0 {
            bail!("{}: no vectors", self.interface.module);
        }
        let dir = tempfile::tempdir()?;
        fs::write(dir.path().join("in.txt"), &script.input)?;
        fs::write(dir.path().join("expected.txt"), &script.expected)?;
        Ok(Trial { simulation: self, dir })
    }

    /// Runs a script without stalls and, if the module has a clock, with stalls. Returns the sum of both runs and the
    /// bench's messages.
    ///
    /// # Errors
    /// If the module breaks the protocol, or the simulation does not come to its end.
    pub fn compare(&self, script: &Script, seed: u64) -> Result<(Outcome, String)> {
        self.compare_traced(script, seed, |_| None)
    }

    /// The same as [`Simulation::compare`]. If `trace` names a file for a stall, the run with this stall writes a
    /// trace.
    ///
    /// # Errors
    /// The errors of [`Simulation::compare`].
    pub fn compare_traced(
        &self,
        script: &Script,
        seed: u64,
        trace: impl Fn(u32) -> Option<PathBuf>,
    ) -> Result<(Outcome, String)> {
        let trial = self.with(script)?;
        let (mut sum, mut said) = (Outcome::default(), String::new());
        for stall in self.stalls() {
            match trial.run(&Run { stall, seed, trace: trace(stall) })? {
                Report::Compared { outcome, words, .. } => {
                    sum += outcome;
                    said += &explain(&words, &script.input);
                }
                Report::Broken(words) => bail!("stall {stall}: {words}"),
            }
        }
        Ok((sum, said))
    }

    /// The stalls that make sense for the module.
    pub fn stalls(&self) -> impl Iterator<Item = u32> {
        STALLS.into_iter().take(if self.interface.clocked { STALLS.len() } else { 1 })
    }

    /// The program, in its directory: there it finds what memories hold from the start.
    fn command(&self) -> Command {
        let mut command = Command::new(&self.program);
        command.current_dir(self.program.parent().unwrap_or(Path::new(".")));
        if self.zeroed {
            command.arg("--zeroed");
        }
        command
    }
}

/// A simulation with the files of a script.
pub struct Trial<'s> {
    simulation: &'s Simulation,
    dir: tempfile::TempDir,
}

impl Trial<'_> {
    /// Runs the script.
    ///
    /// # Errors
    /// If the program cannot be run, or refuses its input, or compares nothing.
    pub fn run(&self, how: &Run) -> Result<Report> {
        let mut command = self.command(how);
        let output = command.arg("--cycles").output().with_context(|| self.simulation.program.display().to_string())?;
        let (out, words) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        match output.status.code() {
            Some(0 | 1) => {
                let (counted, words): (Vec<&str>, Vec<&str>) = words.lines().partition(|l| l.starts_with("cycles "));
                let outcome = outcome(&out).with_context(|| format!("the bench says {out}{words:?}"))?;
                let cycles = counted.first().and_then(|line| cycles(line));
                let cycles = cycles.with_context(|| format!("the bench counts no cycles: {counted:?}"))?;
                let words = words.into_iter().map(|line| format!("{line}\n")).collect();
                Ok(Report::Compared { outcome, cycles, words })
            }
            Some(3) => Ok(Report::Broken(words.trim().to_owned())),
            _ => bail!("{}: {}, {}", self.simulation.interface.module, output.status, words.trim()),
        }
    }

    /// The bench's message about the first fault: a wrong result, or what [`Report::Broken`] says. The run ends there.
    /// `None` if the script comes to its end without a fault.
    ///
    /// # Errors
    /// If the program cannot be run, or refuses its input.
    pub fn fault(&self, how: &Run) -> Result<Option<String>> {
        let mut command = self.command(how);
        let program = || self.simulation.program.display().to_string();
        let child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn();
        let mut child = child.with_context(program)?;
        let mut line = String::new();
        if let Some(stderr) = child.stderr.take() {
            BufReader::new(stderr).read_line(&mut line)?;
        }
        if line.starts_with("vector ") {
            // A run that has ended by now needs no end.
            let _ = child.kill();
            child.wait()?;
            return Ok(Some(line));
        }
        match child.wait()?.code() {
            Some(0) => Ok(None),
            Some(3) => Ok(Some(line)),
            _ => bail!("{}: {}", program(), line.trim()),
        }
    }

    fn command(&self, how: &Run) -> Command {
        let mut command = self.simulation.command();
        for (option, file) in [("--vectors", "in.txt"), ("--expect", "expected.txt")] {
            command.arg(option).arg(self.dir.path().join(file));
        }
        command.args(["--stall", &how.stall.to_string(), "--seed", &how.seed.to_string()]);
        if let Some(path) = &how.trace {
            command.arg("--trace").arg(path);
        }
        command
    }
}

/// Reads `4 vectors, 0 mismatches`.
fn outcome(text: &str) -> Option<Outcome> {
    let numbers: Vec<usize> = text.split_whitespace().filter_map(|w| w.parse().ok()).collect();
    let &[vectors, mismatches] = numbers.as_slice() else { return None };
    (vectors > 0).then_some(Outcome { vectors, mismatches })
}

/// Reads `cycles 13 first 2 last 4 refused 0`.
fn cycles(line: &str) -> Option<Cycles> {
    let numbers: Vec<u128> = line.split_whitespace().skip(1).step_by(2).filter_map(|w| w.parse().ok()).collect();
    let &[all, first, last, refused] = numbers.as_slice() else { return None };
    Some(Cycles { all, first, last, refused })
}

/// The bench's mismatches, each with the inputs that led to it.
fn explain(words: &str, input: &str) -> String {
    if words.is_empty() {
        return String::new();
    }
    let beats: Vec<&str> = input.lines().filter(|l| l.starts_with('>')).collect();
    let line = |l: &str| {
        let index: Option<usize> = l.strip_prefix("vector ").and_then(|r| r.split(',').next()?.parse().ok());
        // The result is paired with the beat of the same number. For a GEMM, this beat is only near the cause.
        let inputs = index.and_then(|i| beats.get(i)).map(|b| format!(" (beat {b})")).unwrap_or_default();
        format!("{l}{inputs}\n")
    };
    words.lines().map(line).collect()
}
