//! The devices that a sweep knows: what they have, and what parts of a GEMM block take on them.

use std::fmt::Write;

use anyhow::{Context, Result, ensure};
use clap::ValueEnum;

use crate::spec::TargetSpec;

/// A device.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Device {
    /// Lattice iCE40 UltraPlus 5K
    Up5k,
    /// Lattice iCE40 HX8K, which has no multipliers
    Hx8k,
    /// Lattice ECP5, 24k LUTs
    #[value(name = "ecp5-25")]
    Ecp5Small,
    /// Lattice ECP5, 84k LUTs
    #[value(name = "ecp5-85")]
    Ecp5Large,
}

/// What a block takes, or a device has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Area {
    /// LUTs of four inputs
    pub lut: u64,
    /// flip-flops
    pub ff: u64,
    /// multipliers
    pub dsp: u64,
    /// block memories
    pub ram: u64,
}

impl Device {
    /// Whose cells a block for it instantiates.
    pub(super) fn target(self) -> TargetSpec {
        match self {
            Device::Up5k | Device::Hx8k => TargetSpec::Generic,
            Device::Ecp5Small | Device::Ecp5Large => TargetSpec::Ecp5,
        }
    }

    /// The name in [`PARTS`], that of the device, and what it has.
    fn known(self) -> (&'static str, &'static str, Area) {
        match self {
            Device::Up5k => ("UP5K", "UP5K", Area { lut: 5280, ff: 5280, dsp: 8, ram: 30 }),
            Device::Hx8k => ("HX8K", "HX8K", Area { lut: 7680, ff: 7680, dsp: 0, ram: 32 }),
            Device::Ecp5Small => ("ECP5", "ECP5-25", Area { lut: 24_288, ff: 24_288, dsp: 28, ram: 56 }),
            Device::Ecp5Large => ("ECP5", "ECP5-85", Area { lut: 83_640, ff: 83_640, dsp: 156, ram: 208 }),
        }
    }
}

/// Measured parts of GEMM blocks; the last field says where the figures come from.
const PARTS: &str = include_str!("parts.csv");

/// A LUT of iCE40 and the flip-flop behind it are one cell; most flip-flops of a block have no LUT before them. Of
/// 2x2_q1_p4 it is 71 % on UP5K and 69 % on HX8K, of 1x2_q1_p7 and 1x2_q1_p10 77 % and 76 %.
const ALONE_ON_ICE40: f64 = 0.75;

/// LUT, FF, DSP and RAM of a part: of some a fraction, as they are differences of blocks.
type Figures = [f64; 4];

/// The requantizer of a depth.
#[derive(Debug, Clone, Copy)]
struct Requantizer {
    ranks: usize,
    figures: Figures,
    /// clock of a block with it
    mhz: f64,
}

/// What the parts of a GEMM block take on a device.
#[derive(Debug)]
pub struct Parts {
    /// name of the device
    pub name: &'static str,
    /// whose cells a block instantiates
    pub target: TargetSpec,
    has: Area,
    /// of the flip-flops, how many take the cell of a LUT for themselves
    alone: f64,
    element: Figures,
    rest: Figures,
    /// by their depths
    requantizers: Vec<Requantizer>,
    sources: Vec<[String; 2]>,
}

impl Parts {
    /// Those of a device.
    ///
    /// # Errors
    /// If the table is broken.
    pub fn of(device: Device) -> Result<Parts> {
        let (family, name, has) = device.known();
        let alone = if family == "ECP5" { 0.0 } else { ALONE_ON_ICE40 };
        let (requantizers, sources) = (Vec::new(), Vec::new());
        let target = device.target();
        let mut parts = Parts { name, target, has, alone, element: [0.0; 4], rest: [0.0; 4], requantizers, sources };
        for line in PARTS.lines().skip(1).filter(|l| l.split(',').next() == Some(family)) {
            parts.add(line).with_context(|| format!("parts.csv: {line}"))?;
        }
        ensure!(!parts.requantizers.is_empty(), "parts.csv: no requantizer for {family}");
        parts.requantizers.sort_by_key(|r| r.ranks);
        Ok(parts)
    }

    fn add(&mut self, line: &str) -> Result<()> {
        let fields: Vec<&str> = line.splitn(8, ',').collect();
        let [_, part, lut, ff, dsp, ram, mhz, from] = fields[..] else { anyhow::bail!("not eight fields") };
        let figures = [lut.parse()?, ff.parse()?, dsp.parse()?, ram.parse()?];
        match (part, part.strip_prefix("requantizer_p")) {
            ("element", _) => self.element = figures,
            ("rest", _) => self.rest = figures,
            (_, Some(ranks)) => {
                let requantizer = Requantizer { ranks: ranks.parse()?, figures, mhz: mhz.parse()? };
                self.requantizers.push(requantizer);
            }
            _ => anyhow::bail!("{part} is no part"),
        }
        self.sources.push([part, from].map(str::to_owned));
        Ok(())
    }

    /// The depths of requantizers that were measured.
    pub fn ranks(&self) -> Vec<usize> {
        self.requantizers.iter().map(|r| r.ranks).collect()
    }

    /// Area and clock of a block: its parts, and the clock of a small block with requantizers of this depth.
    ///
    /// # Errors
    /// If the depth lies outside those that were measured.
    pub fn block(&self, elements: usize, requantizers: usize, ranks: usize) -> Result<(Area, f64)> {
        let (requantizer, mhz) = self.requantizer(ranks)?;
        let of = |i: usize| {
            let parts = self.element[i] * elements as f64 + requantizer[i] * requantizers as f64 + self.rest[i];
            parts.round().max(0.0) as u64
        };
        Ok((Area { lut: of(0), ff: of(1), dsp: of(2), ram: of(3) }, mhz))
    }

    /// Between two depths that were measured, in proportion.
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

    /// What a block takes of the device's scarcest resource.
    pub fn share(&self, area: Area) -> f64 {
        let of = |taken: u64, has: u64| if taken == 0 { 0.0 } else { taken as f64 / has as f64 };
        let cells = area.lut + (self.alone * area.ff as f64).round() as u64;
        let shares =
            [(cells, self.has.lut), (area.ff, self.has.ff), (area.dsp, self.has.dsp), (area.ram, self.has.ram)];
        shares.into_iter().map(|(taken, has)| of(taken, has)).fold(0.0, f64::max)
    }

    /// Where the figures come from, a line for each part.
    pub fn sources(&self) -> String {
        let mut text = format!(
            "\nArea on {} is the sum of parts, MHz what a small block reached. They come from blocks that `sim qor` measured;\n\
             4x4_q1_p7 has 4 x 4 elements and 1 requantizer of 7 ranks:\n",
            self.name
        );
        for [part, from] in &self.sources {
            let _ = writeln!(text, "- {part}: {from}");
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_device_has_its_parts() {
        for &device in Device::value_variants() {
            let parts = Parts::of(device).unwrap();
            let [small, large] = [(16, 1), (64, 8)].map(|(e, r)| parts.block(e, r, parts.ranks()[0]).unwrap().0);
            assert!(
                small.lut > 100 && small.lut < large.lut && small.ff < large.ff,
                "{device:?}: {small:?}, {large:?}"
            );
            assert!(parts.element.iter().any(|&f| f > 0.0) && parts.rest[1] > 0.0, "{device:?}");
        }
    }

    #[test]
    fn between_two_depths_in_proportion() {
        let parts = Parts::of(Device::Ecp5Small).unwrap();
        let [a, between, b] = [9, 10, 12].map(|ranks| parts.requantizer(ranks).unwrap().1);
        assert!((between - (a + (b - a) / 3.0)).abs() < 1e-9, "{a} {between} {b}");
        assert_eq!(parts.requantizer(3).unwrap_err().to_string(), "pipeline: 3 is outside 9..=12");
    }

    #[test]
    fn what_the_device_lacks_does_not_fit() {
        let parts = Parts::of(Device::Hx8k).unwrap();
        assert!(parts.share(Area { lut: 1, ff: 1, dsp: 1, ram: 0 }) > 1.0);
        assert!(parts.share(Area { lut: 765, ff: 4, dsp: 0, ram: 0 }) == 0.1);
    }
}
