//! The devices that a sweep knows, their resources, and the area of parts of a GEMM block on them.

use std::fmt::Write;

use anyhow::{Context, Result, ensure};
use clap::ValueEnum;
use qrtl_hdl::targets::{Area, Device, Family, Target};

/// The word of a device in [`PARTS`]: devices of one kind of fabric share their parts.
fn parts_of(device: Device) -> &'static str {
    match device {
        Device::Up5k => "UP5K",
        Device::Hx8k => "HX8K",
        Device::Ecp5Small | Device::Ecp5Large => "ECP5",
    }
}

/// Share of the flip-flops of a block that take the cell of a LUT for themselves. A LUT of iCE40 and the flip-flop
/// behind it are one cell, and most flip-flops of a block have no LUT before them. The share of 2x2_q1_p4 is 71 % on
/// UP5K and 69 % on HX8K. The shares of 1x2_q1_p7 and 1x2_q1_p10 are 77 % and 76 %.
fn alone(family: Family) -> f64 {
    match family {
        Family::Ice40 => 0.75,
        Family::Ecp5 => 0.0,
    }
}

/// Measured parts of GEMM blocks. The last field is the origin of the figures.
const PARTS: &str = include_str!("parts.csv");

/// LUT, FF, DSP and RAM of a part. Some are fractions, because they are differences of blocks.
type Figures = [f64; 4];

/// Area and clock of a requantizer of some depth.
#[derive(Debug, Clone, Copy)]
struct Requantizer {
    ranks: usize,
    figures: Figures,
    /// clock of a block with this requantizer
    mhz: f64,
}

/// Area of the parts of a GEMM block for a target.
#[derive(Debug)]
struct Kit {
    target: Target,
    /// an element with a multiplier; `None` for a device without multipliers
    element: Option<Figures>,
    /// an element with its product in LUTs
    luts: Figures,
    /// clock of a block with such elements
    luts_mhz: f64,
    rest: Figures,
    /// requantizers by their depths
    requantizers: Vec<Requantizer>,
}

/// Area of the parts of a GEMM block on a device.
#[derive(Debug)]
pub struct Parts {
    /// name of the device
    pub name: &'static str,
    has: Area,
    /// share of the flip-flops that take the cell of a LUT for themselves
    alone: f64,
    kits: Vec<Kit>,
    sources: Vec<[String; 3]>,
}

/// The estimate for a block.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Block {
    /// area
    pub area: Area,
    /// clock
    pub mhz: f64,
    /// number of elements with a multiplier, if the device has not enough for all
    pub dsp_elements: Option<usize>,
}

impl Parts {
    /// The parts of a device.
    ///
    /// # Errors
    /// If the table is broken.
    pub fn of(device: Device) -> Result<Parts> {
        let (family, alone) = (parts_of(device), alone(device.family()));
        let (name, has) = (device.name(), device.capacity());
        let mut parts = Parts { name, has, alone, kits: Vec::new(), sources: Vec::new() };
        for line in PARTS.lines().skip(1).filter(|l| l.split(',').next() == Some(family)) {
            parts.add(line).with_context(|| format!("parts.csv: {line}"))?;
        }
        for kit in &mut parts.kits {
            ensure!(!kit.requantizers.is_empty(), "parts.csv: no requantizer for {family}, {:?}", kit.target);
            kit.requantizers.sort_by_key(|r| r.ranks);
        }
        Ok(parts)
    }

    fn add(&mut self, line: &str) -> Result<()> {
        let fields: Vec<&str> = line.splitn(9, ',').collect();
        let [_, name, part, lut, ff, dsp, ram, mhz, from] = fields[..] else { anyhow::bail!("not nine fields") };
        let figures = [lut.parse()?, ff.parse()?, dsp.parse()?, ram.parse()?];
        let target = Target::from_str(name, false).map_err(anyhow::Error::msg)?;
        self.sources.push([name, part, from].map(str::to_owned));
        if self.kits.last().is_none_or(|kit| kit.target != target) {
            let (rest, luts, requantizers) = ([0.0; 4], [0.0; 4], Vec::new());
            self.kits.push(Kit { target, element: None, luts, luts_mhz: 0.0, rest, requantizers });
        }
        let kit = self.kits.last_mut().context("a kit was added")?;
        match (part, part.strip_prefix("requantizer_p")) {
            ("element", _) => kit.element = Some(figures),
            ("element_luts", _) => (kit.luts, kit.luts_mhz) = (figures, mhz.parse()?),
            ("rest", _) => kit.rest = figures,
            (_, Some(ranks)) => {
                let requantizer = Requantizer { ranks: ranks.parse()?, figures, mhz: mhz.parse()? };
                kit.requantizers.push(requantizer);
            }
            _ => anyhow::bail!("{part} is no part"),
        }
        Ok(())
    }

    /// The targets whose parts were measured, each with the measured depths of requantizers.
    pub fn depths(&self) -> Vec<(Target, Vec<usize>)> {
        self.kits.iter().map(|kit| (kit.target, kit.requantizers.iter().map(|r| r.ranks).collect())).collect()
    }

    /// Area and clock of a block: its parts, and the clock of a small block with requantizers of this depth. Elements for
    /// which the device has no multiplier make their products in LUTs.
    ///
    /// # Errors
    /// If nothing was measured for the target, or the depth lies outside the measured depths.
    pub fn block(&self, target: Target, elements: usize, requantizers: usize, ranks: usize) -> Result<Block> {
        let kit = self.kits.iter().find(|kit| kit.target == target);
        let kit = kit.with_context(|| format!("target: nothing was measured of {} with {target:?}", self.name))?;
        let (requantizer, mhz) = kit.requantizer(ranks)?;
        let left = (self.has.dsp as f64 - requantizer[2] * requantizers as f64).max(0.0);
        let with_dsp = kit.element.map_or(0, |of| (left / of[2]) as usize).min(elements);
        let [cells, luts] = [with_dsp, elements - with_dsp].map(|n| n as f64);
        let of = |i: usize| {
            let elements = kit.element.map_or(0.0, |of| of[i] * cells) + kit.luts[i] * luts;
            (elements + requantizer[i] * requantizers as f64 + kit.rest[i]).round().max(0.0) as u64
        };
        let area = Area { lut: of(0), ff: of(1), dsp: of(2), ram: of(3), spram: 0 };
        let mixed = with_dsp < elements;
        let mhz = if mixed { mhz.min(kit.luts_mhz) } else { mhz };
        Ok(Block { area, mhz, dsp_elements: mixed.then_some(with_dsp) })
    }

    /// The share that a block takes of the device's scarcest resource.
    pub fn share(&self, area: Area) -> f64 {
        let of = |taken: u64, has: u64| if taken == 0 { 0.0 } else { taken as f64 / has as f64 };
        let cells = area.lut + (self.alone * area.ff as f64).round() as u64;
        let shares =
            [(cells, self.has.lut), (area.ff, self.has.ff), (area.dsp, self.has.dsp), (area.ram, self.has.ram)];
        shares.into_iter().map(|(taken, has)| of(taken, has)).fold(0.0, f64::max)
    }

    /// The origin of the figures, a line for each part.
    pub fn sources(&self) -> String {
        let mut text = format!(
            "\nArea on {} is the sum of parts, MHz what a small block reached. They come from blocks that `sim qor` measured;\n\
             4x4_q1_p7 has 4 x 4 elements and 1 requantizer of 7 ranks:\n",
            self.name
        );
        for [target, part, from] in &self.sources {
            let _ = writeln!(text, "- {target} {part}: {from}");
        }
        text
    }
}

impl Kit {
    /// The figures for a depth, interpolated between two measured depths.
    fn requantizer(&self, ranks: usize) -> Result<(Figures, f64)> {
        let [first, last] = [0, self.requantizers.len() - 1].map(|i| self.requantizers[i]);
        let bounds = (first.ranks, last.ranks);
        ensure!((bounds.0..=bounds.1).contains(&ranks), "pipeline: {ranks} is outside {}..={}", bounds.0, bounds.1);
        let below = self.requantizers.iter().rev().find(|r| r.ranks <= ranks).unwrap_or(&first);
        let above = self.requantizers.iter().find(|r| r.ranks >= ranks).unwrap_or(&last);
        let way = (ranks - below.ranks) as f64 / (above.ranks - below.ranks).max(1) as f64;
        let between = |a: f64, b: f64| a + way * (b - a);
        let figures = std::array::from_fn(|i| between(below.figures[i], above.figures[i]));
        Ok((figures, between(below.mhz, above.mhz)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_device_has_its_parts() {
        for &device in Device::value_variants() {
            let parts = Parts::of(device).unwrap();
            for (target, depths) in parts.depths() {
                let area =
                    |elements, requantizers| parts.block(target, elements, requantizers, depths[0]).unwrap().area;
                let (small, large) = (area(4, 1), area(64, 8));
                let grows = small.lut > 100 && small.lut < large.lut && small.ff < large.ff;
                assert!(grows, "{device:?}: {small:?}, {large:?}");
                let kit = parts.kits.iter().find(|kit| kit.target == target).unwrap();
                assert!(kit.luts[0] > 100.0 && kit.luts_mhz > 1.0 && kit.rest[1] > 0.0, "{device:?}");
            }
        }
    }

    #[test]
    fn between_two_depths_in_proportion() {
        let parts = Parts::of(Device::Ecp5Small).unwrap();
        let kit = parts.kits.iter().find(|kit| kit.target == Target::Ecp5).unwrap();
        let [a, between, b] = [9, 10, 12].map(|ranks| kit.requantizer(ranks).unwrap().1);
        assert!((between - (a + (b - a) / 3.0)).abs() < 1e-9, "{a} {between} {b}");
        assert_eq!(kit.requantizer(3).unwrap_err().to_string(), "pipeline: 3 is outside 9..=12");
    }

    #[test]
    fn what_the_device_lacks_does_not_fit() {
        let parts = Parts::of(Device::Hx8k).unwrap();
        assert!(parts.share(Area { lut: 1, ff: 1, dsp: 1, ram: 0, spram: 0 }) > 1.0);
        assert!(parts.share(Area { lut: 765, ff: 4, dsp: 0, ram: 0, spram: 0 }) == 0.1);
    }
}
