//! Makes the parts of a build that are the same for all modules: Verilator's library and the bench, compiled once, and
//! their headers, read once.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::Result;
use qrtl_gen::bench::{BENCH, MODULE};
use qrtl_hdl::verilog::File;

use super::shared::{LANGUAGE, LEVELS, Settings, Shared};
use super::translate::{Build, translate};
use crate::tools::run;
use crate::workspace::{Workspace, hash, put};

/// Headers of a Verilated module and of `module.cpp`.
const HEADERS: &str =
    "#include <memory>\n#include <string>\n#include <vector>\n#include \"verilated.h\"\n#include \"text.h\"\n";

/// An empty module, which serves to get Verilator's Makefiles.
const EMPTY: &str = "module empty (input wire x, output wire y);\n    assign y = x;\nendmodule\n";

/// The rules by which make prints its variables, a line each.
const ASK: &str =
    "ask: ; @printf '%s\\n' '$(CXX)' '$(CXXFLAGS) $(CPPFLAGS)' '$(LDFLAGS) $(LDLIBS) $(LIBS)' '$(VK_GLOBAL_OBJS)'";

/// The shared parts of builds. They are made if they are the first of their kind in the cache.
pub(super) fn prepare(workspace: &Workspace, trace: bool) -> Result<Shared> {
    let version = run(Command::new(workspace.tool("verilator")).arg("--version"))?;
    let recipe = format!("{version}{trace}{BENCH:?}{HEADERS}{LANGUAGE}{LEVELS:?}{ASK}");
    let dir = workspace.simulations().join(format!("shared-{}", hash(&recipe)));
    if !dir.exists() {
        let staging = workspace.staging()?;
        fill(workspace, staging.path(), trace)?;
        put(&staging.path().join("obj"), &dir)?;
    }
    Shared::read(dir)
}

fn fill(workspace: &Workspace, dir: &Path, trace: bool) -> Result<()> {
    let file = File::new("empty", EMPTY.to_owned());
    translate(workspace, dir, &[file], "empty", Build { trace, lenient: false })?;
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
