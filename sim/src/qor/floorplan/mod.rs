//! Where the memories and multipliers of a large design go on ECP5.
//!
//! nextpnr puts memories and multipliers where its analytical placement leaves room, one after the other. Where a design
//! takes most of them they land all over the device, and the wires between them are what limits its clock. Here they are
//! placed first, by how closely they are connected through logic (`affinity`), and nextpnr gets their places as
//! attributes.

mod affinity;
mod anneal;

use anyhow::{Context, Result};
use qrtl_hdl::targets::Device;
use serde_json::Value;

use affinity::Affinities;

/// A kind of cell that has places of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Memory,
    Multiplier,
}

/// A place for a cell.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Site {
    kind: Kind,
    x: i32,
    y: i32,
    /// nextpnr's name for it
    name: String,
}

/// Columns at which groups of four memories or four multipliers begin, and the rows of both, by Project Trellis'
/// `tilegrid.json`.
struct Grid {
    columns: &'static [i32],
    memory_rows: &'static [i32],
    multiplier_rows: &'static [i32],
}

/// A group's memories: the columns from its first, each with its name.
const MEMORIES: [(i32, &str); 4] = [(0, "EBR0"), (2, "EBR1"), (4, "EBR2"), (6, "EBR3")];

/// A group's multipliers.
const MULTIPLIERS: [(i32, &str); 4] = [(0, "MULT18_0"), (1, "MULT18_1"), (4, "MULT18_4"), (5, "MULT18_5")];

/// The grid of a device, and `None` for a device of another family.
fn grid(device: Device) -> Option<Grid> {
    match device {
        Device::Ecp5Small => {
            Some(Grid { columns: &[4, 13, 22, 33, 42, 51, 60], memory_rows: &[25, 37], multiplier_rows: &[13] })
        }
        Device::Ecp5Large => Some(Grid {
            columns: &[4, 13, 22, 31, 40, 49, 58, 69, 78, 87, 96, 105, 114],
            memory_rows: &[22, 46, 70, 82],
            multiplier_rows: &[10, 34, 58],
        }),
        Device::Up5k | Device::Hx8k => None,
    }
}

impl Grid {
    fn sites(&self) -> Vec<Site> {
        let mut sites = Vec::new();
        for (kind, rows, group) in
            [(Kind::Memory, self.memory_rows, MEMORIES), (Kind::Multiplier, self.multiplier_rows, MULTIPLIERS)]
        {
            for (&y, &first) in rows.iter().flat_map(|y| self.columns.iter().map(move |x| (y, x))) {
                let site = |(offset, name)| {
                    let x = first + offset;
                    Site { kind, x, y, name: format!("X{x}/Y{y}/{name}") }
                };
                sites.extend(group.map(site));
            }
        }
        sites
    }
}

/// The kind of a cell of Yosys' netlist.
fn kind(cell: &str) -> Option<Kind> {
    match cell {
        "DP16KD" | "PDPW16KD" => Some(Kind::Memory),
        "MULT18X18D" => Some(Kind::Multiplier),
        _ => None,
    }
}

/// The netlist with a place for each memory and multiplier. `None` if the design takes fewer than half of those that the
/// device has, so that nextpnr finds places by itself, or more than there are.
///
/// # Errors
/// If the text is no netlist of Yosys with a module `top`.
pub fn fix(netlist: &str, top: &str, device: Device) -> Result<Option<String>> {
    let Some(grid) = grid(device) else { return Ok(None) };
    let sites = grid.sites();
    let mut json: Value = serde_json::from_str(netlist).context("the netlist")?;
    let cells = json["modules"][top]["cells"].as_object_mut().context("the netlist has no cells")?;
    let affinities = Affinities::of(cells)?;
    let count = |kind| affinities.cells.iter().filter(|cell| cell.kind == kind).count();
    let room = |kind| sites.iter().filter(|site| site.kind == kind).count();
    let fits = [Kind::Memory, Kind::Multiplier].iter().all(|&kind| count(kind) <= room(kind));
    if affinities.cells.len() * 2 < sites.len() || !fits {
        return Ok(None);
    }
    for (cell, site) in affinities.cells.iter().zip(anneal::places(&affinities, &sites)) {
        cells[&cell.name]["attributes"]["BEL"] = Value::from(sites[site].name.clone());
    }
    Ok(Some(json.to_string()))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_device_has_as_many_sites_as_memories_and_multipliers() {
        for device in [Device::Ecp5Small, Device::Ecp5Large] {
            let (sites, has) = (grid(device).unwrap().sites(), device.capacity());
            let count = |kind| sites.iter().filter(|site| site.kind == kind).count() as u64;
            assert_eq!((count(Kind::Memory), count(Kind::Multiplier)), (has.ram, has.dsp), "{device:?}");
        }
    }

    /// A netlist of pairs of a memory and a multiplier, which a LUT connects.
    fn pairs(count: i64) -> String {
        let mut cells = serde_json::Map::new();
        for i in 0..count {
            let pins = |pin: &str, net: i64| json!({ pin: [net] });
            let cell = |kind: &str, connections| json!({ "type": kind, "attributes": {}, "connections": connections });
            cells.insert(format!("memory_{i}"), cell("DP16KD", pins("DOA0", 2 * i)));
            cells.insert(format!("lut_{i}"), cell("LUT4", json!({ "A": [2 * i], "Z": [2 * i + 1] })));
            cells.insert(format!("product_{i}"), cell("MULT18X18D", pins("A0", 2 * i + 1)));
        }
        json!({ "modules": { "top": { "cells": cells } } }).to_string()
    }

    #[test]
    fn cells_that_are_connected_are_near_each_other() {
        let fixed = fix(&pairs(28), "top", Device::Ecp5Small).unwrap().expect("56 of 84 sites are many");
        let json: Value = serde_json::from_str(&fixed).unwrap();
        let place = |name: String| {
            let bel = json["modules"]["top"]["cells"][&name]["attributes"]["BEL"].as_str().unwrap().to_owned();
            let mut parts = bel.split('/').map(|part| part[1..].parse::<i32>());
            [parts.next().unwrap().unwrap(), parts.next().unwrap().unwrap()]
        };
        let mut taken: Vec<[i32; 2]> = Vec::new();
        for i in 0..28 {
            let [memory, product] = [place(format!("memory_{i}")), place(format!("product_{i}"))];
            let distance: i32 = memory.iter().zip(product).map(|(a, b)| (a - b).abs()).sum();
            assert!(distance <= 24, "pair {i}: {memory:?} and {product:?}");
            assert!(!taken.contains(&memory) && !taken.contains(&product));
            taken.extend([memory, product]);
        }
    }

    #[test]
    fn a_small_design_and_one_that_does_not_fit_are_left_to_nextpnr() {
        for (count, device) in [(20, Device::Ecp5Small), (29, Device::Ecp5Small), (28, Device::Up5k)] {
            assert_eq!(fix(&pairs(count), "top", device).unwrap(), None, "{count} on {device:?}");
        }
    }
}
