//! From Verilog to C++: the call of Verilator.

use std::path::Path;
use std::process::Command;

use anyhow::{Result, ensure};
use qrtl_hdl::verilog::File;

use crate::tools::run;
use crate::workspace::Workspace;

/// Options of a build.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Build {
    /// whether the program can write a trace
    pub trace: bool,
    /// whether warnings of Verilator pass and nothing is optimized: for text that qrtl's printer did not write, such as
    /// a netlist, which is long and runs few vectors
    pub lenient: bool,
}

impl Build {
    /// Flags of Verilator. Registers and memories begin with values that the program chooses as it starts.
    fn flags(self) -> Vec<&'static str> {
        let mut flags =
            vec!["--cc", "--x-assign", "unique", "--x-initial", "unique", "--prefix", "Vdut", "--Mdir", "obj"];
        if self.lenient {
            // Verilator 5.006 at -O3 computes wrong values for registers that a netlist assigns bit by bit; at -O0 it does
            // not. A netlist that assigns a memory bit by bit only seems to have loops: Yosys' `check -assert` finds none.
            flags.extend(["-Wno-lint", "-Wno-UNOPTFLAT", "-O0"]);
        } else {
            flags.extend(["-Wall", "-O3"]);
        }
        if self.trace {
            flags.push("--trace");
        }
        flags
    }
}

/// Translates Verilog to C++, in `dir`/obj.
pub(super) fn translate(workspace: &Workspace, dir: &Path, files: &[File], top: &str, how: Build) -> Result<()> {
    for file in files {
        file.write(dir)?;
    }
    let mut command = Command::new(workspace.tool("verilator"));
    command.current_dir(dir).args(how.flags()).args(["--top-module", top]);
    let text = run(command.args(files.iter().map(|f| format!("{}.v", f.name))))?;
    ensure!(!text.contains("%Warning"), "Verilator does not accept it:\n{text}");
    Ok(())
}
