//! Makes a program of a module and a bench with Verilator, once. The program is kept under a hash of everything that
//! went into it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};
use qrtl_hdl::verilog::File;

mod shared;

pub(crate) use shared::Verilator;

use crate::tools::run;
use crate::workspace::Workspace;
use shared::Shared;

/// Options of a build.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Build {
    /// whether the program can write a trace
    pub trace: bool,
    /// whether warnings of Verilator pass and nothing is optimized: for text that qrtl's printer did not write, such as
    /// a netlist, which is long and runs few vectors
    pub lenient: bool,
}

/// The C++ around the Verilated module.
pub enum Around<'s> {
    /// the bench, with this `ports.h`
    Bench(&'s str),
    /// a program of its own, which has a `main` and knows the module as `Vdut`
    Own(&'s str),
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

/// Builds `files`, of which the last is the top, with the C++ around it, and returns the program.
///
/// # Errors
/// If Verilator or the compiler is missing, warns or fails; the error has its text.
pub fn build(workspace: &Workspace, files: &[File], top: &str, around: &Around, how: Build) -> Result<PathBuf> {
    let shared = workspace.verilator.shared(workspace, how.trace)?;
    let (text, bench) = match around {
        Around::Bench(ports) => (*ports, "bench"),
        Around::Own(main) => (*main, "own"),
    };
    let sources: String = files.iter().map(|f| format!("{}.v {}\n{}", f.name, f.text.len(), f.text)).collect();
    let place = workspace.simulations().join(hash(&format!("{}{top} {how:?}{bench}{text}{sources}", shared.key())));
    let program = place.join("Vdut");
    if program.exists() {
        return Ok(program);
    }
    let staging = workspace.staging()?;
    let dir = staging.path();
    verilate(workspace, dir, files, top, how)?;
    compile(&shared, dir, around, how)?;
    // Only the program is kept. The first build puts it there.
    let kept = dir.join("kept");
    fs::create_dir(&kept)?;
    fs::rename(dir.join("obj/Vdut"), kept.join("Vdut"))?;
    put(&kept, &place)?;
    Ok(program)
}

/// Translates Verilog to C++, in `dir`/obj.
fn verilate(workspace: &Workspace, dir: &Path, files: &[File], top: &str, how: Build) -> Result<()> {
    for file in files {
        fs::write(dir.join(format!("{}.v", file.name)), &file.text)?;
    }
    let mut command = Command::new(workspace.tool("verilator"));
    command.current_dir(dir).args(how.flags()).args(["--top-module", top]);
    let text = run(command.args(files.iter().map(|f| format!("{}.v", f.name))))?;
    ensure!(!text.contains("%Warning"), "Verilator does not accept it:\n{text}");
    Ok(())
}

/// Compiles all C++ of a module as one translation unit, and links it with objects that all modules share. Most of a
/// small module's time goes into headers.
fn compile(shared: &Shared, dir: &Path, around: &Around, how: Build) -> Result<()> {
    let obj = dir.join("obj");
    let mut sources = Vec::new();
    for entry in fs::read_dir(&obj)? {
        let name = entry?.file_name().to_string_lossy().into_owned();
        if name.ends_with(".cpp") {
            sources.push(name);
        }
    }
    sources.sort();
    match around {
        Around::Bench(ports) => {
            fs::write(obj.join("ports.h"), ports)?;
            sources.push("module.cpp".to_owned());
        }
        Around::Own(main) => {
            fs::write(obj.join("main.cpp"), main)?;
            sources.push("main.cpp".to_owned());
        }
    }
    let unit: String = sources.iter().map(|name| format!("#include \"{name}\"\n")).collect();
    fs::write(obj.join("unit.cc"), unit)?;
    let mut command = shared.compiler(!how.lenient);
    command.current_dir(&obj).args(["unit.cc", "-o", "Vdut"]);
    run(command.args(shared.objects(matches!(around, Around::Bench(_)))).args(shared.libraries()))?;
    Ok(())
}

/// Puts a finished directory into its place, unless another build was there first.
fn put(from: &Path, place: &Path) -> Result<()> {
    match fs::rename(from, place) {
        Err(error) if !place.exists() => Err(error).with_context(|| format!("{}: cannot write", place.display())),
        _ => Ok(()),
    }
}

/// FNV-1a of 128 bits, in hex: names builds, guards nothing.
pub(crate) fn hash(text: &str) -> String {
    let step = |h: u128, b: u8| (h ^ u128::from(b)).wrapping_mul(0x0000_0000_0100_0000_0000_0000_0000_013b);
    format!("{:032x}", text.bytes().fold(0x6c62_272e_07bb_0142_62b8_2175_6295_c58d, step))
}
