//! nextpnr, called on a block in its harness.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use qrtl_hdl::targets::{Device, Family};
use qrtl_hdl::verilog::File;
use rayon::prelude::*;

use super::device::{Placer, Target};
use super::harness::{Harness, TOP};
use super::mac16::{multipliers, with_own_clocks};
use super::source::Sources;
use super::timing::{Report, Timing};
use super::tools::{Ended, Tools};

/// Seeds of placement. Their number is odd, so that one of them has the median clock.
pub const SEEDS: [u32; 3] = [1, 2, 3];

/// Name of the netlist and of nextpnr's report on the design as it is.
const AS_IT_IS: &str = "placed";

/// Name of the copy in which each SB_MAC16 has a clock of its own ([`with_own_clocks`]).
const OWN_CLOCKS: &str = "own_clocks";

/// Name of the copy in which pins with a register behind them are open, too.
const BEYOND: &str = "beyond";

/// Name of the file with nextpnr's refusal.
const REFUSED: &str = "refused";

/// A block between flip-flops.
#[derive(Debug, Clone)]
pub enum Placed {
    /// gates are not placed
    No,
    /// the block does not fit, or cannot be routed; nextpnr's message
    Refused(String),
    /// the block was placed
    Yes {
        /// logic cells of an iCE40, without the cells of the harness
        cells: Option<u64>,
        /// nextpnr's clocks in MHz, one for each seed
        clocks: Vec<f64>,
        /// clock and critical path of the seed with the median clock, with the multipliers' delay
        timing: Timing,
    },
}

/// The device has SB_MAC16, whose delay nextpnr leaves out.
pub fn has_mac16(device: Device) -> bool {
    device.family() == Family::Ice40 && device.capacity().dsp > 0
}

/// What nextpnr is told of a design whose memories and multipliers have places. By its default of 10 it draws logic towards
/// these, and lets a path of three LUTs cross the device twice.
pub const OF_LARGE: [&str; 2] = ["--placer-heap-timingweight", "100"];

/// Everything but the netlist that a placement depends on. It is part of the name of a measurement.
pub fn recipe(target: Target) -> String {
    let also = if target.device.is_some_and(has_mac16) {
        "and with own clocks of multipliers, controls and registered pins open"
    } else {
        ""
    };
    let placer = target.device.map(Placer::of).map(|p| (p.program, p.arguments()));
    format!("{placer:?}{OF_LARGE:?}{SEEDS:?}{also}")
}

/// Places `placed.json` in `dir` with every seed; of a `large` design the memories and multipliers have places. If nextpnr
/// breaks off, returns its last words, and the next run tries again.
///
/// # Errors
/// If nextpnr is missing.
pub fn place(tools: &Tools, dir: &Path, target: Target, large: bool) -> Result<Option<String>> {
    let Some(device) = target.device else { return Ok(None) };
    let (program, arguments) = (Placer::of(device).program, Placer::of(device).arguments());
    let again = has_mac16(device) && !multipliers(&read(dir, &netlist(AS_IT_IS))?, TOP)?.is_empty();
    let run = |&seed: &u32| -> Result<Ended> {
        let (from, seed_text, to) = (netlist(AS_IT_IS), seed.to_string(), report(AS_IT_IS, seed));
        let weight: &[&str] = if large { &OF_LARGE } else { &[] };
        let all = [&arguments[..], weight, &["-q", "--timing-allow-fail", "--seed", &seed_text]].concat();
        let routed = netlist(&format!("routed-{seed}"));
        let write: &[&str] = if again { &["--write", &routed] } else { &[] };
        let mut ended = tools.run(dir, program, &[&all, write, &["--json", &from, "--report", &to]].concat(), &to)?;
        if !again || !matches!(ended, Ended::Well) {
            return Ok(ended);
        }
        for copy in [OWN_CLOCKS, BEYOND] {
            let (from, to) = (netlist(&format!("{copy}-of-{seed}")), report(copy, seed));
            fs::write(dir.join(&from), with_own_clocks(&read(dir, &routed)?, copy == BEYOND)?)?;
            let only = ["--no-pack", "--no-place", "--json", &from, "--report", &to];
            ended = tools.run(dir, program, &[&all, &only[..]].concat(), &to)?;
            // This file has megabytes and can be made again.
            fs::remove_file(dir.join(from))?;
            if !matches!(ended, Ended::Well) {
                break;
            }
        }
        fs::remove_file(dir.join(routed))?;
        Ok(ended)
    };
    // A block that does not fit with one seed fits with no other, so the first seed runs alone.
    let (first, others) = SEEDS.split_at(1);
    for jobs in [first, others] {
        for ended in jobs.par_iter().map(run).collect::<Vec<_>>() {
            match ended? {
                Ended::Well => (),
                Ended::Refused(why) => {
                    fs::write(dir.join(REFUSED), why)?;
                    return Ok(None);
                }
                Ended::Broken(words) => return Ok(Some(words)),
            }
        }
    }
    Ok(None)
}

/// Reads the result of [`place`].
///
/// # Errors
/// If the reports cannot be read.
pub fn collect(dir: &Path, files: &[File], harness: &Harness, target: Target) -> Result<Placed> {
    let Some(device) = target.device else { return Ok(Placed::No) };
    if let Ok(why) = fs::read_to_string(dir.join(REFUSED)) {
        return Ok(Placed::Refused(why));
    }
    let multipliers = match has_mac16(device) {
        true => multipliers(&read(dir, &netlist(AS_IT_IS))?, TOP)?,
        false => BTreeMap::new(),
    };
    let sources = Sources::new(files);
    let open = |name: &str, seed: u32| Report::parse(&read(dir, &report(name, seed))?);
    let mut seeds = Vec::new();
    for seed in SEEDS {
        let clocked = open(AS_IT_IS, seed)?;
        let mut timing = clocked.timing(harness, &sources)?;
        if !multipliers.is_empty() {
            let reports = [open(OWN_CLOCKS, seed)?, open(BEYOND, seed)?];
            timing = timing.with_multipliers(&reports, &multipliers, harness, &sources);
        }
        seeds.push((timing, clocked.used("ICESTORM_LC")));
    }
    let clocks = seeds.iter().map(|(t, _)| t.mhz).collect();
    seeds.sort_by(|(a, _), (b, _)| a.mhz_with_dsp.total_cmp(&b.mhz_with_dsp));
    let (timing, used) = seeds.swap_remove(SEEDS.len() / 2);
    let (ins, outs) = harness.bits();
    // Two flip-flops for each output; the first may share its cell with the LUT that drives it.
    let cells = (used > 0).then(|| used.saturating_sub((ins + 2 * outs) as u64));
    Ok(Placed::Yes { cells, clocks, timing })
}

fn read(dir: &Path, name: &str) -> Result<String> {
    fs::read_to_string(dir.join(name)).with_context(|| name.to_owned())
}

fn netlist(name: &str) -> String {
    format!("{name}.json")
}

fn report(name: &str, seed: u32) -> String {
    format!("{name}-{seed}.json")
}
