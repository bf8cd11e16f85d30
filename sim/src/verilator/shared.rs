//! The parts of a build that are the same for all modules: Verilator's library and the bench, compiled once, and their
//! headers, read once.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, Mutex};

use anyhow::{Context, Result};
use qrtl_gen::bench::{BENCH, MODULE};
use qrtl_hdl::verilog::File;

use super::{Build, hash, put, verilate};
use crate::tools::run;
use crate::workspace::Workspace;

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
struct Settings {
    compiler: String,
    flags: Vec<String>,
    libraries: Vec<String>,
    /// objects of Verilator's library
    objects: Vec<String>,
}

/// Headers of a Verilated module and of `module.cpp`.
const HEADERS: &str =
    "#include <memory>\n#include <string>\n#include <vector>\n#include \"verilated.h\"\n#include \"text.h\"\n";

/// The compiler's flags for the language.
const LANGUAGE: &str = "-std=c++17";

/// The levels of optimization: for many vectors, and for text that runs few. A higher level than the first gains
/// nothing that a million vectors could show.
const LEVELS: [(&str, &str); 2] = [("-O1", "optimized"), ("-O0", "plain")];

/// An empty module, which serves to get Verilator's Makefiles.
const EMPTY: &str = "module empty (input wire x, output wire y);\n    assign y = x;\nendmodule\n";

/// The rules by which make prints its variables, a line each.
const ASK: &str =
    "ask: ; @printf '%s\\n' '$(CXX)' '$(CXXFLAGS) $(CPPFLAGS)' '$(LDFLAGS) $(LDLIBS) $(LIBS)' '$(VK_GLOBAL_OBJS)'";

impl Verilator {
    /// The shared parts of builds. They are made if they are the first of their kind in the cache.
    pub(super) fn shared(&self, workspace: &Workspace, trace: bool) -> Result<Arc<Shared>> {
        // The lock is held while they are made, because others would only make the same.
        let mut known = self.shared.lock().unwrap_or_else(|e| e.into_inner());
        if let Some(shared) = known.get(&trace) {
            return Ok(shared.clone());
        }
        let shared = Arc::new(Shared::find(workspace, trace)?);
        known.insert(trace, shared.clone());
        Ok(shared)
    }
}

impl Shared {
    fn find(workspace: &Workspace, trace: bool) -> Result<Shared> {
        let version = run(Command::new(workspace.tool("verilator")).arg("--version"))?;
        let recipe = format!("{version}{trace}{BENCH:?}{HEADERS}{LANGUAGE}{LEVELS:?}{ASK}");
        let dir = workspace.simulations().join(format!("shared-{}", hash(&recipe)));
        if !dir.exists() {
            let staging = workspace.staging()?;
            Shared::make(workspace, staging.path(), trace)?;
            put(&staging.path().join("obj"), &dir)?;
        }
        let settings = Settings::parse(&fs::read_to_string(dir.join("settings"))?)?;
        Ok(Shared { dir, settings })
    }

    fn make(workspace: &Workspace, dir: &Path, trace: bool) -> Result<()> {
        let file = File { name: "empty".to_owned(), text: EMPTY.to_owned() };
        verilate(workspace, dir, &[file], "empty", Build { trace, lenient: false })?;
        let obj = dir.join("obj");
        for (name, text) in BENCH {
            fs::write(obj.join(name), text)?;
        }
        let make = || {
            let mut command = Command::new("make");
            command.current_dir(&obj).args(["-s", "-f", "Vdut.mk"]);
            command
        };
        let text = run(make().arg(format!("--eval={ASK}")).arg("ask"))?;
        fs::write(obj.join("settings"), &text)?;
        let settings = Settings::parse(&text)?;
        run(make().arg("OPT_GLOBAL=-O2").args(&settings.objects))?;
        let compile = |arguments: &[&str]| run(settings.command(&obj).current_dir(&obj).args(arguments));
        let independent = BENCH.iter().map(|(name, _)| *name).filter(|n| n.ends_with(".cpp") && !MODULE.contains(n));
        for name in independent {
            compile(&["-O2", "-c", name, "-o", &format!("{name}.o")])?;
        }
        for (level, name) in LEVELS {
            let header = format!("{name}.h");
            fs::write(obj.join(&header), HEADERS)?;
            compile(&[level, "-x", "c++-header", &header, "-o", &format!("{header}.gch")])?;
        }
        Ok(())
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
    fn parse(text: &str) -> Result<Settings> {
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
    fn command(&self, dir: &Path) -> Command {
        let mut command = Command::new(&self.compiler);
        command.args(&self.flags).arg(LANGUAGE).arg("-I").arg(dir);
        command
    }
}
