//! Makes a program of a module and a bench with Verilator, once. The program is kept under a hash of everything that
//! went into it.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Result;
use qrtl_hdl::verilog::File;

mod prepare;
mod shared;
mod translate;

pub(crate) use shared::Verilator;
pub use translate::Build;

use crate::tools::run;
use crate::workspace::{Workspace, hash, put};
use prepare::prepare;
use shared::Shared;
use translate::translate;

/// The C++ around the Verilated module.
pub enum Around<'s> {
    /// the bench, with this `ports.h`
    Bench(&'s str),
    /// a program of its own, which has a `main` and knows the module as `Vdut`
    Own(&'s str),
}

/// Builds `files`, of which the last is the top, with the C++ around it, and returns the program.
///
/// # Errors
/// If Verilator or the compiler is missing, warns or fails; the error has its text.
pub fn build(workspace: &Workspace, files: &[File], top: &str, around: &Around, how: Build) -> Result<PathBuf> {
    let shared = workspace.verilator.shared(how.trace, || prepare(workspace, how.trace))?;
    let (text, bench) = match around {
        Around::Bench(ports) => (*ports, "bench"),
        Around::Own(main) => (*main, "own"),
    };
    let data = || files.iter().flat_map(|file| &file.data);
    let sources = files.iter().map(|f| (format!("{}.v", f.name), &f.text));
    let sources = sources.chain(data().map(|data| (data.name.clone(), &data.text)));
    let sources: String = sources.map(|(name, text)| format!("{name} {}\n{text}", text.len())).collect();
    let place = workspace.simulations().join(hash(&format!("{}{top} {how:?}{bench}{text}{sources}", shared.key())));
    let program = place.join("Vdut");
    if program.exists() {
        return Ok(program);
    }
    let staging = workspace.staging()?;
    let dir = staging.path();
    translate(workspace, dir, files, top, how)?;
    compile(&shared, dir, around, how)?;
    // Only the program is kept, and what it reads. The first build puts it there.
    let kept = dir.join("kept");
    fs::create_dir(&kept)?;
    data().try_for_each(|data| fs::write(kept.join(&data.name), &data.text))?;
    fs::rename(dir.join("obj/Vdut"), kept.join("Vdut"))?;
    put(&kept, &place)?;
    Ok(program)
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
