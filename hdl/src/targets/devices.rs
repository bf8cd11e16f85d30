//! The devices for blocks and their resources: one table for sweeps, measurements and reports.

use clap::ValueEnum;
use clap::builder::PossibleValue;

/// A device.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Device {
    /// Lattice iCE40 UltraPlus 5K
    Up5k,
    /// Lattice iCE40 HX8K, which has no multipliers
    Hx8k,
    /// Lattice ECP5, 24k LUTs
    Ecp5Small,
    /// Lattice ECP5, 84k LUTs
    Ecp5Large,
}

impl ValueEnum for Device {
    fn value_variants<'a>() -> &'a [Device] {
        &[Device::Up5k, Device::Hx8k, Device::Ecp5Small, Device::Ecp5Large]
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        Some(PossibleValue::new(self.word()).help(self.row().about))
    }
}

/// A family of devices, which synthesis and placement treat alike.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Family {
    /// Lattice iCE40
    Ice40,
    /// Lattice ECP5
    Ecp5,
}

/// The resources that a block takes, or a device has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Area {
    /// LUTs of four inputs; on iCE40, logic cells with a LUT and a flip-flop each
    pub lut: u64,
    /// flip-flops
    pub ff: u64,
    /// multipliers
    pub dsp: u64,
    /// block memories
    pub ram: u64,
    /// large memories behind one port, as iCE40 UltraPlus has
    pub spram: u64,
}

/// What the table says of a device.
struct Row {
    word: &'static str,
    name: &'static str,
    about: &'static str,
    family: Family,
    has: Area,
}

impl Device {
    const fn row(self) -> Row {
        match self {
            Device::Up5k => Row {
                word: "up5k",
                name: "UP5K",
                about: "Lattice iCE40 UltraPlus 5K",
                family: Family::Ice40,
                has: Area { lut: 5280, ff: 5280, dsp: 8, ram: 30, spram: 4 },
            },
            Device::Hx8k => Row {
                word: "hx8k",
                name: "HX8K",
                about: "Lattice iCE40 HX8K, which has no multipliers",
                family: Family::Ice40,
                has: Area { lut: 7680, ff: 7680, dsp: 0, ram: 32, spram: 0 },
            },
            Device::Ecp5Small => Row {
                word: "ecp5-25",
                name: "ECP5-25",
                about: "Lattice ECP5, 24k LUTs",
                family: Family::Ecp5,
                has: Area { lut: 24_288, ff: 24_288, dsp: 28, ram: 56, spram: 0 },
            },
            Device::Ecp5Large => Row {
                word: "ecp5-85",
                name: "ECP5-85",
                about: "Lattice ECP5, 84k LUTs",
                family: Family::Ecp5,
                has: Area { lut: 83_640, ff: 83_640, dsp: 156, ram: 208, spram: 0 },
            },
        }
    }

    /// The word for the device on the command line.
    pub const fn word(self) -> &'static str {
        self.row().word
    }

    /// The name of the device in tables.
    pub const fn name(self) -> &'static str {
        self.row().name
    }

    /// The family of the device.
    pub const fn family(self) -> Family {
        self.row().family
    }

    /// The resources of the device.
    pub const fn capacity(self) -> Area {
        self.row().has
    }
}
