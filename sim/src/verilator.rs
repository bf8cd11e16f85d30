//! Builds a module and the generic bench with Verilator, once: the result is kept under a hash of all that went into it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use anyhow::{Context, Result, anyhow, bail};
use qrtl_gen::bench::{BENCH, ports_header};
use qrtl_hdl::interface::Interface;
use qrtl_hdl::verilog::File;

/// Where builds are kept.
pub const CACHE: &str = "build/sim-cache";

/// How a module is built.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Build {
    /// the bench can write a trace
    pub trace: bool,
    /// registers and memories begin with 0 instead of random values
    pub zeroed: bool,
    /// the text is a netlist of a synthesizer: its warnings are not ours
    pub netlist: bool,
}

/// Builds `files`, of which the last is the top; gives the executable.
///
/// Registers and memories begin with random values, so that nothing can depend on them, unless `how` says otherwise.
///
/// # Errors
/// If Verilator is missing, warns or fails; the error has its text.
pub fn build(files: &[File], interface: &Interface, how: Build) -> Result<PathBuf> {
    compile(files, &interface.module, &[("bench.cpp", BENCH), ("ports.h", &ports_header(interface))], how)
}

/// [`build`] of the module `top`, with a bench of its own: `sources` in C++, each with its name, `main` in the first.
///
/// # Errors
/// As [`build`] has them.
pub fn compile(files: &[File], top: &str, sources: &[(&str, &str)], how: Build) -> Result<PathBuf> {
    let recipe = Recipe::new(top, how)?;
    let names: String = files.iter().map(|f| format!("{}.v {}\n", f.name, f.text.len())).collect();
    let texts: String = files.iter().map(|f| f.text.as_str()).collect();
    let place = Path::new(CACHE).join(hash(&format!("{recipe:?}{sources:?}{names}{texts}")));
    let executable = place.join("Vdut");
    if executable.exists() {
        return Ok(executable);
    }
    let staging = staging()?;
    let dir = staging.path();
    recipe.build(dir, files, sources, &recipe.runtime())?;
    recipe.keep_runtime(&dir.join("obj"))?;
    // Only the executable is kept; whoever comes first puts it there.
    let kept = dir.join("kept");
    fs::create_dir(&kept)?;
    fs::rename(dir.join("obj/Vdut"), kept.join("Vdut"))?;
    put(&kept, &place)?;
    Ok(executable)
}

/// [`build`] in a directory of its own, from nothing.
///
/// # Errors
/// As [`build`] has them.
pub fn build_anew(files: &[File], interface: &Interface, dir: &Path) -> Result<PathBuf> {
    let sources = [("bench.cpp", BENCH), ("ports.h", &ports_header(interface))];
    Recipe::new(&interface.module, Build::default())?.build(dir, files, &sources, &dir.join("no-runtime"))?;
    Ok(dir.join("obj/Vdut"))
}

/// What Makefiles of Verilator take for `OPT_FAST` by default, `-Os`, comes after all other flags.
const OPTIMIZATION: &str = "OPT_FAST=-O2";

/// For netlists, which are long and run few vectors.
const NETLIST_OPTIMIZATION: &str = "OPT_FAST=-O0";

/// How Verilator is called, but for the files.
#[derive(Debug)]
struct Recipe {
    version: &'static str,
    flags: Vec<String>,
    cflags: String,
    optimization: &'static str,
}

impl Recipe {
    fn new(top: &str, how: Build) -> Result<Recipe> {
        // Verilator 5.006 at -O3 computes wrong values for registers that a netlist assigns bit by bit; at -O0 it does not.
        let (warnings, level) = if how.netlist { ("-Wno-lint", "-O0") } else { ("-Wall", "-O3") };
        let mut flags =
            vec!["--cc", "--exe", "--build", warnings, level, "--x-assign", "unique", "--x-initial", "unique"];
        flags.extend(["--prefix", "Vdut", "--top-module", top]);
        if how.netlist {
            // A netlist that assigns a memory bit by bit only seems to have loops: Yosys' `check -assert` finds none.
            flags.push("-Wno-UNOPTFLAT");
        }
        if how.trace {
            flags.push("--trace");
        }
        let zeroed = if how.zeroed { " -DZEROED" } else { "" };
        let flags = flags.into_iter().map(str::to_owned).collect();
        let optimization = if how.netlist { NETLIST_OPTIMIZATION } else { OPTIMIZATION };
        Ok(Recipe { version: version()?, flags, cflags: format!("-std=c++17 -I..{zeroed}"), optimization })
    }

    /// Builds `files` in a directory, with the objects of Verilator's library from `runtime`, if there are any.
    fn build(&self, dir: &Path, files: &[File], sources: &[(&str, &str)], runtime: &Path) -> Result<()> {
        fs::create_dir(dir.join("obj"))?;
        for file in files {
            fs::write(dir.join(format!("{}.v", file.name)), &file.text)?;
        }
        for (name, text) in sources {
            fs::write(dir.join(name), text)?;
        }
        let output = Command::new(tool("verilator"))
            .current_dir(dir)
            .args(&self.flags)
            .args(["--Mdir", "obj", "-CFLAGS", &self.cflags, "-MAKEFLAGS"])
            .arg(format!("{} {}", self.optimization, reuse_runtime(runtime, &dir.join("obj"))?))
            .args(files.iter().map(|f| format!("{}.v", f.name)))
            .args(sources.first().map(|(main, _)| format!("../{main}")))
            .output()
            .map_err(missing)?;
        let text = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        if !output.status.success() || text.contains("%Warning") {
            bail!("Verilator does not accept it:\n{text}");
        }
        Ok(())
    }

    /// Where the objects of Verilator's own library are kept: to compile them takes half of a small build's time.
    fn runtime(&self) -> PathBuf {
        let trace = self.flags.iter().any(|f| f == "--trace");
        Path::new(CACHE).join(format!("runtime-{}", hash(&format!("{}{trace}", self.version))))
    }

    /// Keeps the library's objects of a finished build, if none are kept yet.
    fn keep_runtime(&self, obj: &Path) -> Result<()> {
        if self.runtime().exists() {
            return Ok(());
        }
        let staging = staging()?;
        let kept = staging.path().join("kept");
        fs::create_dir(&kept)?;
        for object in objects(obj) {
            fs::copy(obj.join(&object), kept.join(&object))?;
        }
        put(&kept, &self.runtime())
    }
}

/// Puts the library's objects from `runtime`, if there are any yet, into a build; gives the flags that make `make` take them.
fn reuse_runtime(runtime: &Path, obj: &Path) -> Result<String> {
    let mut flags = String::new();
    for object in objects(runtime) {
        fs::copy(runtime.join(&object), obj.join(&object))?;
        flags += &format!(" --old-file={object}");
    }
    Ok(flags)
}

/// Names of the objects of Verilator's library in a directory; none if there is no such directory.
fn objects(dir: &Path) -> Vec<String> {
    let entries = fs::read_dir(dir).into_iter().flatten().flatten();
    let names = entries.filter_map(|e| e.file_name().into_string().ok());
    names.filter(|n| n.starts_with("verilated") && n.ends_with(".o")).collect()
}

/// A directory in the cache that goes away unless it is renamed.
/// A temporary directory below the cache: tools that run in a sandbox do not see the system's.
///
/// # Errors
/// If it cannot be made.
pub fn staging() -> Result<tempfile::TempDir> {
    fs::create_dir_all(CACHE).with_context(|| format!("{CACHE}: cannot create"))?;
    tempfile::Builder::new().prefix(".build-").tempdir_in(CACHE).with_context(|| format!("{CACHE}: cannot write"))
}

/// Renames a finished directory to its place, unless another build was there first.
fn put(from: &Path, place: &Path) -> Result<()> {
    match fs::rename(from, place) {
        Err(error) if !place.exists() => Err(error).with_context(|| format!("{}: cannot write", place.display())),
        _ => Ok(()),
    }
}

/// A tool from `.tools/bin`, where `make setup` puts what the system does not have, or from the path.
pub fn tool(name: &str) -> PathBuf {
    let local = Path::new(".tools/bin").join(name);
    local.canonicalize().unwrap_or_else(|_| PathBuf::from(name))
}

fn missing(error: std::io::Error) -> anyhow::Error {
    anyhow!("verilator: {error}; install it with `make setup` or `apt-get install verilator make g++`")
}

/// What Verilator says of its version; asked once.
fn version() -> Result<&'static str> {
    static VERSION: OnceLock<String> = OnceLock::new();
    if let Some(known) = VERSION.get() {
        return Ok(known);
    }
    let output = Command::new(tool("verilator")).arg("--version").output().map_err(missing)?;
    if !output.status.success() {
        bail!("verilator --version fails: {}", String::from_utf8_lossy(&output.stderr));
    }
    Ok(VERSION.get_or_init(|| String::from_utf8_lossy(&output.stdout).trim().to_owned()))
}

/// FNV-1a of 128 bits, in hex: names builds, guards nothing.
pub(crate) fn hash(text: &str) -> String {
    let step = |h: u128, b: u8| (h ^ u128::from(b)).wrapping_mul(0x0000_0000_0100_0000_0000_0000_0000_013b);
    format!("{:032x}", text.bytes().fold(0x6c62_272e_07bb_0142_62b8_2175_6295_c58d, step))
}
