//! What nextpnr reports: clock and critical path, in words.

use std::collections::BTreeMap;

use anyhow::{Context, Result};
use serde::Deserialize;

use super::harness::{CHAIN, Harness, INSTANCE};
use super::mac16::{Pieces, Registers, owner};
use super::source::Sources;

/// nextpnr's `--report`.
#[derive(Debug, Deserialize)]
pub struct Report {
    critical_paths: Vec<Path>,
    utilization: BTreeMap<String, Used>,
}

#[derive(Debug, Deserialize)]
struct Used {
    used: u64,
}

#[derive(Debug, Deserialize)]
struct Path {
    from: String,
    to: String,
    path: Vec<Hop>,
}

#[derive(Debug, Deserialize)]
struct Hop {
    delay: f64,
    from: Pin,
    to: Pin,
    net: Option<String>,
    #[serde(default)]
    sources: Vec<String>,
    #[serde(rename = "type")]
    kind: String,
}

#[derive(Debug, Deserialize)]
struct Pin {
    cell: String,
    port: String,
}

/// The clock of a placed block, and what bounds it.
#[derive(Debug, Clone, PartialEq)]
pub struct Timing {
    /// clock by nextpnr
    pub mhz: f64,
    /// clock with the delay of SB_MAC16 counted; the true clock is at least as fast
    pub mhz_with_dsp: f64,
    /// the critical path goes through cells of the block
    pub in_block: bool,
    /// the critical path
    pub words: String,
}

impl Report {
    /// Reads a report.
    ///
    /// # Errors
    /// If the text is no report of nextpnr.
    pub fn parse(text: &str) -> Result<Report> {
        serde_json::from_str(text).context("the report of nextpnr")
    }

    /// Number of cells of a type that are used.
    pub fn used(&self, cell: &str) -> u64 {
        self.utilization.get(cell).map_or(0, |u| u.used)
    }

    /// The clock and its critical path, as nextpnr has them.
    ///
    /// # Errors
    /// If the design has no path from clock to clock.
    pub fn timing(&self, harness: &Harness, sources: &Sources) -> Result<Timing> {
        let path = self.critical_paths.iter().find(|p| is_clock(&p.from) && is_clock(&p.to));
        let path = path.context("the report of nextpnr has no path from clock to clock")?;
        let mhz = 1000.0 / path.delay();
        Ok(Timing::along(&[path], harness, sources, mhz, mhz))
    }

    /// The longest path of each kind between the clock and the multipliers of these names.
    fn pieces(&self, names: &[&str]) -> Pieces {
        let mut pieces = Pieces { into: vec![0.0; names.len()], between: Vec::new(), out: vec![0.0; names.len()] };
        for path in &self.critical_paths {
            match (index(&path.from, names), index(&path.to, names)) {
                (Some(from), Some(to)) => pieces.between.push((from, to, path.delay())),
                (None, Some(to)) if is_clock(&path.from) => pieces.into[to] = path.delay(),
                (Some(from), None) if is_clock(&path.to) => pieces.out[from] = path.delay(),
                _ => (),
            }
        }
        pieces
    }
}

/// Position of the multiplier to which this clock belongs.
fn index(event: &str, names: &[&str]) -> Option<usize> {
    owner(event).and_then(|name| names.iter().position(|n| *n == name))
}

impl Timing {
    /// The clock with the delay of the SB_MAC16 in `multipliers` counted. `self` is the timing of the design as it is;
    /// `all` and `beyond` report on its two copies, in which each multiplier has a clock of its own. In `beyond` pins
    /// with a register are open. The slower clock counts.
    pub fn with_multipliers(
        self,
        [all, beyond]: &[Report; 2],
        multipliers: &BTreeMap<String, Registers>,
        harness: &Harness,
        sources: &Sources,
    ) -> Timing {
        let names: Vec<&str> = multipliers.keys().map(String::as_str).collect();
        let registers: Vec<Registers> = multipliers.values().copied().collect();
        let (nanoseconds, last) = all.pieces(&names).longest(&beyond.pieces(&names), &registers);
        let mhz = 1000.0 / nanoseconds;
        if mhz >= self.mhz {
            return self;
        }
        // The longest path to the last multiplier, and the longest path from it.
        let longest = |end: fn(&Path) -> &str| {
            let paths = all.critical_paths.iter().filter(|p| index(end(p), &names) == Some(last));
            paths.max_by(|a, b| a.delay().total_cmp(&b.delay()))
        };
        let paths: Vec<&Path> = [longest(|p| &p.to), longest(|p| &p.from)].into_iter().flatten().collect();
        Timing::along(&paths, harness, sources, self.mhz, mhz)
    }

    fn along(paths: &[&Path], harness: &Harness, sources: &Sources, mhz: f64, mhz_with_dsp: f64) -> Timing {
        Timing {
            mhz,
            mhz_with_dsp,
            in_block: paths.iter().any(|p| p.in_block()),
            words: paths.iter().map(|p| p.words(harness, sources)).collect::<Vec<_>>().join("; "),
        }
    }
}

/// An edge of the block's clock.
fn is_clock(event: &str) -> bool {
    event.contains("clk$")
}

impl Path {
    fn delay(&self) -> f64 {
        self.path.iter().map(|h| h.delay).sum()
    }

    fn of(&self, kinds: &[&str]) -> f64 {
        self.path.iter().filter(|h| kinds.contains(&h.kind.as_str())).map(|h| h.delay).sum()
    }

    fn in_block(&self) -> bool {
        let inside = |h: &Hop| h.from.cell.starts_with(INSTANCE) && (h.kind == "logic" || h.kind == "clk-to-q");
        self.path.iter().any(inside)
    }

    /// The words for a path: its beginning, the nets and cells on it, its end.
    fn words(&self, harness: &Harness, sources: &Sources) -> String {
        let (Some(first), Some(last)) = (self.path.first(), self.path.last()) else { return String::new() };
        let from = self.input(harness).unwrap_or_else(|| register(&first.from.cell));
        let to = if last.to.cell.starts_with(INSTANCE) { register(&last.to.cell) } else { "an output".to_owned() };
        let nets = sources.nets(self.path.iter().flat_map(|h| &h.sources));
        let through = if nets.is_empty() { String::new() } else { format!(", by way of {}", nets.join(", ")) };
        let (logic, routing) = (self.of(&["logic", "clk-to-q", "setup"]), self.of(&["routing"]));
        format!("{from} to {to}{through}: {} ({logic:.1} ns cells, {routing:.1} ns routing)", self.cells())
    }

    /// The input that the path begins at, if an element of the chain drives it.
    fn input(&self, harness: &Harness) -> Option<String> {
        let net = self.path.iter().find_map(|h| h.net.as_deref())?;
        let element = net.strip_prefix(CHAIN)?.strip_prefix('[')?.strip_suffix(']')?;
        harness.input_of(element.parse().ok()?)
    }

    /// The words for the cells on a path: the number of LUTs, and each carry chain with its length.
    fn cells(&self) -> String {
        let mut list: Vec<(&str, usize)> = Vec::new();
        for hop in self.path.iter().filter(|h| h.kind == "logic") {
            match list.last_mut() {
                // A carry chain ends where the path leaves it by a sum.
                Some((last, n))
                    if *last == hop.cell()
                        && (*last != "carry" || hop.from.port.ends_with("CI") || hop.from.port == "CIN") =>
                {
                    *n += 1
                }
                _ => list.push((hop.cell(), 1)),
            }
        }
        if list.is_empty() {
            return "no logic".to_owned();
        }
        let text = |&(cell, n): &(&str, usize)| if n == 1 { cell.to_owned() } else { format!("{cell} x {n}") };
        list.iter().map(text).collect::<Vec<_>>().join(", ")
    }
}

impl Hop {
    /// The word for a kind of cell.
    fn cell(&self) -> &'static str {
        let name = &self.from.cell;
        let carries = |p: &str| p.ends_with("FCO") || p.ends_with("FCI") || p == "COUT" || p == "CIN";
        if name.contains("MULT18X18D") && !name.contains("COMB") {
            "MULT18X18D"
        } else if name.ends_with("_DSP") {
            "SB_MAC16"
        } else if name.contains("DP16KD") || name.ends_with("_RAM") {
            "memory"
        } else if carries(&self.from.port) || carries(&self.to.port) {
            "carry"
        } else if self.to.port.starts_with("OFX") {
            "wide mux"
        } else {
            "LUT"
        }
    }
}

/// The name of the register from which Yosys named a flip-flop.
fn register(cell: &str) -> String {
    let name = cell.strip_prefix(INSTANCE).and_then(|n| n.strip_prefix('.')).unwrap_or(cell);
    let ends = [
        "_TRELLIS_FF",
        "_SB_DFF",
        "_SB_MAC16",
        "_MULT18X18D",
        "_SB_LUT4",
        "_DP16KD",
        "_LUT4",
        "_CCU2C",
        "_L6MUX",
        "_PFUMX",
    ];
    let end = ends.iter().filter_map(|e| name.find(e)).min().unwrap_or(name.len());
    name[..end].to_owned()
}
