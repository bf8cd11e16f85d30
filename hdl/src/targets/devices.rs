//! The devices for blocks and their resources: one table for sweeps, measurements and reports.

use clap::ValueEnum;

/// A device.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, ValueEnum)]
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
}

impl Device {
    /// The row of the device in the table: name, family, and resources.
    const fn row(self) -> (&'static str, Family, Area) {
        match self {
            Device::Up5k => ("UP5K", Family::Ice40, Area { lut: 5280, ff: 5280, dsp: 8, ram: 30 }),
            Device::Hx8k => ("HX8K", Family::Ice40, Area { lut: 7680, ff: 7680, dsp: 0, ram: 32 }),
            Device::Ecp5Small => ("ECP5-25", Family::Ecp5, Area { lut: 24_288, ff: 24_288, dsp: 28, ram: 56 }),
            Device::Ecp5Large => ("ECP5-85", Family::Ecp5, Area { lut: 83_640, ff: 83_640, dsp: 156, ram: 208 }),
        }
    }

    /// The name of the device in tables.
    pub const fn name(self) -> &'static str {
        self.row().0
    }

    /// The family of the device.
    pub const fn family(self) -> Family {
        self.row().1
    }

    /// The resources of the device.
    pub const fn capacity(self) -> Area {
        self.row().2
    }
}
