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
    /// the text is a netlist of a synthesizer: its warnings are not ours
    pub netlist: bool,
}

/// Builds `files`, of which the last is the top; gives the executable.
///
/// Registers and memories begin with random values, so that nothing can depend on them.
///
/// # Errors
/// If Verilator is missing, warns or fails; the error has its text.
pub fn build(files: &[File], interface: &Interface, how: Build) -> Result<PathBuf> {
    let version = version()?;
    let header = ports_header(interface);
    let warnings = if how.netlist { "-Wno-lint" } else { "-Wall" };
    let mut flags = vec!["--cc", "--exe", "--build", warnings, "--x-assign", "unique", "--x-initial", "unique"];
    flags.extend(["--prefix", "Vdut", "--top-module", &interface.module, "-O3"]);
    let mut cflags = "-std=c++17 -O2 -I.".to_owned();
    if how.trace {
        flags.push("--trace");
        cflags += " -DTRACE";
    }
    let mut everything = format!("{version}\n{flags:?}\n{cflags}\n{BENCH}\n{header}");
    files.iter().for_each(|f| everything += &f.text);
    let place = Path::new(CACHE).join(hash(&everything));
    let executable = place.join("Vdut");
    if executable.exists() {
        return Ok(executable);
    }
    fs::create_dir_all(CACHE).with_context(|| format!("{CACHE}: cannot create"))?;
    let staging = tempfile::Builder::new().prefix(".build-").tempdir_in(CACHE)?;
    let dir = staging.path();
    for file in files {
        fs::write(dir.join(format!("{}.v", file.name)), &file.text)?;
    }
    fs::write(dir.join("bench.cpp"), BENCH)?;
    fs::write(dir.join("ports.h"), &header)?;
    let cflags = cflags.replace("-I.", &format!("-I{}", dir.canonicalize()?.display()));
    let output = Command::new(tool("verilator"))
        .current_dir(dir)
        .args(&flags)
        .args(["--Mdir", "obj", "-CFLAGS", &cflags])
        .args(files.iter().map(|f| format!("{}.v", f.name)))
        .arg("bench.cpp")
        .output()
        .map_err(missing)?;
    let text = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    if !output.status.success() || text.contains("%Warning") {
        bail!("{}: Verilator does not accept it:\n{text}", interface.module);
    }
    // Only the executable is kept; whoever comes first puts it there.
    let kept = dir.join("kept");
    fs::create_dir(&kept)?;
    fs::rename(dir.join("obj/Vdut"), kept.join("Vdut"))?;
    if fs::rename(&kept, &place).is_err() && !executable.exists() {
        bail!("{}: cannot write", place.display());
    }
    Ok(executable)
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
fn hash(text: &str) -> String {
    let step = |h: u128, b: u8| (h ^ u128::from(b)).wrapping_mul(0x0000_0000_0100_0000_0000_0000_0000_013b);
    format!("{:032x}", text.bytes().fold(0x6c62_272e_07bb_0142_62b8_2175_6295_c58d, step))
}
