//! The parts of a build that are the same for all modules, as a build uses them: how to compile, and what to link.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, Mutex};

use anyhow::{Context, Result};

/// Verilator as this process found it: the shared parts of builds without and with traces.
#[derive(Default)]
pub struct Verilator {
    shared: Mutex<BTreeMap<bool, Arc<Shared>>>,
}

/// The shared parts of builds, in a directory.
pub struct Shared {
    dir: PathBuf,
    settings: Settings,
}

/// The way in which Verilator's own Makefiles compile and link.
pub(super) struct Settings {
    compiler: String,
    flags: Vec<String>,
    libraries: Vec<String>,
    /// objects of Verilator's library
    pub(super) objects: Vec<String>,
}

/// The compiler's flags for the language.
pub(super) const LANGUAGE: &str = "-std=c++17";

/// The levels of optimization: for many vectors, and for text that runs few. A higher level than the first gains
/// nothing that a million vectors could show.
pub(super) const LEVELS: [(&str, &str); 2] = [("-O1", "optimized"), ("-O0", "plain")];

impl Verilator {
    /// The shared parts of builds with traces or without. The first caller prepares them.
    pub(super) fn shared(&self, trace: bool, prepare: impl FnOnce() -> Result<Shared>) -> Result<Arc<Shared>> {
        // The lock is held while they are made, because others would only make the same.
        let mut known = self.shared.lock().unwrap_or_else(|e| e.into_inner());
        if let Some(shared) = known.get(&trace) {
            return Ok(shared.clone());
        }
        let shared = Arc::new(prepare()?);
        known.insert(trace, shared.clone());
        Ok(shared)
    }
}

impl Shared {
    /// The shared parts in a directory that is complete.
    pub(super) fn read(dir: PathBuf) -> Result<Shared> {
        let settings = Settings::parse(&fs::read_to_string(dir.join("settings"))?)?;
        Ok(Shared { dir, settings })
    }

    /// A name that changes whenever anything shared does.
    pub(super) fn key(&self) -> String {
        self.dir.file_name().unwrap_or_default().to_string_lossy().into_owned()
    }

    /// The compiler, with all headers read.
    pub(super) fn compiler(&self, optimized: bool) -> Command {
        let [fast, plain] = LEVELS;
        let (level, header) = if optimized { fast } else { plain };
        let mut command = self.settings.command(&self.dir);
        command.arg(level).arg("-include").arg(self.dir.join(format!("{header}.h")));
        command
    }

    /// Objects to link, with the bench or without.
    pub(super) fn objects(&self, bench: bool) -> Vec<PathBuf> {
        let own = if bench { vec!["bench.cpp.o"] } else { Vec::new() };
        own.into_iter()
            .chain(self.settings.objects.iter().map(String::as_str))
            .map(|name| self.dir.join(name))
            .collect()
    }

    /// The arguments that come last when a program is linked.
    pub(super) fn libraries(&self) -> &[String] {
        &self.settings.libraries
    }
}

impl Settings {
    pub(super) fn parse(text: &str) -> Result<Settings> {
        let mut lines = text.lines();
        let mut words = |what| {
            let line = lines.next().with_context(|| format!("Verilator's Makefile names no {what}"))?;
            Ok::<_, anyhow::Error>(line.split_whitespace().map(str::to_owned).collect::<Vec<_>>())
        };
        let compiler = words("compiler")?.join(" ");
        let flags = words("flags")?.into_iter().filter(|f| f != "-MMD").collect();
        Ok(Settings { compiler, flags, libraries: words("libraries")?, objects: words("objects")? })
    }

    /// The compiler, with the paths of Verilator's headers and of the headers in `dir`.
    pub(super) fn command(&self, dir: &Path) -> Command {
        let mut command = Command::new(&self.compiler);
        command.args(&self.flags).arg(LANGUAGE).arg("-I").arg(dir);
        command
    }
}
