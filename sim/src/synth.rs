//! `sim synth`: what the emitted blocks take for three targets, by Yosys, before placement.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};
use qrtl_gen::progress::Progress;
use qrtl_gen::table::{Column, Table};
use qrtl_hdl::targets::Area;
use rayon::prelude::*;
use serde::Deserialize;

use crate::qor::cells::Statistics;
use crate::tools::run as run_tool;
use crate::workspace::Workspace;

/// The targets, and what Yosys is told; `TOP` stands for the module.
const TARGETS: [(&str, &str); 3] = [
    // `synth -lut 4` but for its memory_map, which makes every bit of a memory a flip-flop.
    (
        "generic",
        "synth -flatten -lut 4 -top TOP -run begin:fine; opt -fast -full; opt -full; techmap; opt -fast; abc -fast -lut 4; \
         opt -fast; clean",
    ),
    ("ice40", "synth_ice40 -dsp -top TOP"),
    ("ecp5", "synth_ecp5 -top TOP"),
];

/// What is read of the manifest of an emitted directory.
#[derive(Deserialize)]
struct Manifest {
    module: String,
    spec: Described,
    files: Vec<String>,
}

/// The block of an emitted directory.
#[derive(Deserialize)]
struct Described {
    block: String,
}

struct Row {
    block: String,
    target: &'static str,
    area: Area,
    /// bits of the memories in the source
    bits: u64,
}

const COLUMNS: [Column<Row>; 7] = [
    Column::words("block", |r| r.block.clone()),
    Column::words("target", |r| r.target.to_owned()),
    Column::numbers("LUT", |r| r.area.lut.to_string()),
    Column::numbers("FF", |r| r.area.ff.to_string()),
    Column::numbers("DSP", |r| r.area.dsp.to_string()),
    Column::numbers("bits", |r| r.bits.to_string()),
    Column::numbers("RAM", |r| r.area.ram.to_string()),
];

/// Synthesizes all emitted blocks for all targets, and prints a table: estimates before placement. *bits* counts the bits of
/// the memories in the source, *RAM* the block memories that hold them. The generic target leaves memories as they are.
///
/// # Errors
/// If nothing was emitted, or Yosys is missing or does not accept a block.
pub fn run(workspace: &Workspace) -> Result<()> {
    // An engine has more memory than small devices, and is measured for its own device (`sim qor`).
    let mut blocks = Vec::new();
    for dir in emitted(workspace)? {
        if read(&dir)?.spec.block != "engine" {
            blocks.push(dir);
        }
    }
    let jobs: Vec<_> = blocks.iter().flat_map(|dir| TARGETS.map(|target| (dir, target))).collect();
    let progress = Progress::new(jobs.len());
    let one = |&(dir, (target, pass)): &(&PathBuf, (&'static str, &str))| {
        let block = dir.strip_prefix(workspace.emitted()).unwrap_or(dir).display().to_string();
        let (area, bits) = synthesize(workspace, dir, pass).with_context(|| format!("{block} for {target}"))?;
        progress.step(|| format!("{block} for {target}"));
        Ok(Row { block, target, area, bits })
    };
    let rows: Vec<Row> = jobs.par_iter().with_max_len(1).map(one).collect::<Result<_>>()?;
    print!("{}", run_tool(Command::new(workspace.tool("yosys")).arg("-V"))?);
    print!("{}", Table::new(&COLUMNS, &rows).text());
    Ok(())
}

/// Directories that `gen` wrote, in order.
fn emitted(workspace: &Workspace) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    // A block, or a model with a directory for each layer.
    let mut open = vec![(workspace.emitted(), 2)];
    while let Some((dir, deeper)) = open.pop() {
        if dir.join("rtl").is_dir() && dir.join("manifest.json").is_file() {
            found.push(dir);
        } else if deeper > 0 {
            let entries = fs::read_dir(&dir).into_iter().flatten().flatten().map(|entry| entry.path());
            open.extend(entries.filter(|path| path.is_dir()).map(|path| (path, deeper - 1)));
        }
    }
    ensure!(!found.is_empty(), "{}: holds no emitted block; run `make gen` first", workspace.emitted().display());
    found.sort();
    Ok(found)
}

fn read(dir: &Path) -> Result<Manifest> {
    let manifest = dir.join("manifest.json");
    let shown = || manifest.display().to_string();
    serde_json::from_str(&fs::read_to_string(&manifest).with_context(shown)?).with_context(shown)
}

/// What a block takes, and the bits of its memories.
fn synthesize(workspace: &Workspace, dir: &Path, pass: &str) -> Result<(Area, u64)> {
    let Manifest { module, files, .. } = read(dir)?;
    let work = workspace.staging()?;
    let mut reads = String::new();
    for (i, file) in files.iter().enumerate() {
        // Yosys from PyPI does not see other directories.
        fs::copy(dir.join(file), work.path().join(format!("{i}.v"))).with_context(|| file.clone())?;
        reads += &format!("read_verilog {i}.v; ");
    }
    let script = format!(
        "{reads}hierarchy -check -top {module}; design -save source; proc; flatten; tee -q -o source.json stat -json; \
         design -load source; {}; check -assert; tee -q -o synthesized.json stat -json",
        pass.replace("TOP", &module)
    );
    let mut yosys = Command::new(workspace.tool("yosys"));
    run_tool(yosys.current_dir(work.path()).args(["-q", "-p", &script]))?;
    let source = Statistics::read(&work.path().join("source.json"))?;
    Ok((Statistics::read(&work.path().join("synthesized.json"))?.area()?, source.memory_bits()))
}
