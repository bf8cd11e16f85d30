//! The targets that blocks are made for. A target is a folder (or, without cells, a file) with its cells and its
//! answers to the questions of blocks ([`Traits`]).
//!
//! Cells are instantiated where synthesis does not infer them, or does not infer them well. Each cell is a block with a
//! behaviour in Rust, for simulation in Rust, and has a model in Verilog, for simulation and lint of the text that
//! instantiates it.

mod devices;
pub mod ecp5;
mod generic;
pub mod ice40;
mod places;
mod traits;

pub use devices::{Area, Device, Family};
pub use places::{Place, Registered};
pub use traits::{GemmRanks, Memory, Multiplier, RequantizerRanks, Traits};

use clap::ValueEnum;
use serde::{Deserialize, Serialize};

use crate::display_word;
use crate::exact::Design;
use crate::verilog::File;

/// The device that a block is made for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Target {
    /// no cells: any device
    Generic,
    /// Lattice ECP5: `MULT18X18D`, `DP16KD` and `PDPW16KD` with their registers
    Ecp5,
    /// Lattice iCE40 UltraPlus: `SB_MAC16` with its adder and registers, or two products in one, and `SB_SPRAM256KA`
    Ice40,
}

display_word!(Target);

impl Target {
    /// The answers of the target to the questions of blocks.
    pub const fn traits(self) -> &'static Traits {
        match self {
            Target::Generic => &generic::TRAITS,
            Target::Ecp5 => &ecp5::TRAITS,
            Target::Ice40 => &ice40::TRAITS,
        }
    }

    /// Whether a memory of so many bits lies in LUTs: it would fill less than a quarter of a block memory, which has no
    /// fast way out unless its output register is used.
    pub fn in_luts(self, bits: usize) -> bool {
        self.traits().memory == Memory::Ebr && bits <= ecp5::EBR_BITS / 4
    }
}

/// The Verilog models of the cells that a design instantiates, each once.
pub fn models(design: &Design) -> Vec<File> {
    let mut models: Vec<File> = Vec::new();
    for cell in design.modules.iter().filter_map(|m| m.header.cell.as_ref()) {
        if models.iter().all(|m| m.name != cell.name) {
            models.push(File::new(cell.name, cell.model.to_owned()));
        }
    }
    models
}
