//! Devices as users name them.

use clap::ValueEnum;
use qrtl_hdl::targets::Target;
use serde::{Deserialize, Serialize};

/// Whose cells a block instantiates.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TargetSpec {
    /// no cells: any device
    Generic,
    /// Lattice ECP5: MULT18X18D
    Ecp5,
    /// Lattice iCE40 UltraPlus: SB_MAC16
    Ice40,
}

impl TargetSpec {
    /// Its name in descriptions and on the command line.
    pub fn name(self) -> &'static str {
        match self {
            TargetSpec::Generic => "generic",
            TargetSpec::Ecp5 => "ecp5",
            TargetSpec::Ice40 => "ice40",
        }
    }

    /// As the hardware takes it.
    pub fn target(self) -> Target {
        match self {
            TargetSpec::Generic => Target::Generic,
            TargetSpec::Ecp5 => Target::Ecp5,
            TargetSpec::Ice40 => Target::Ice40,
        }
    }
}
