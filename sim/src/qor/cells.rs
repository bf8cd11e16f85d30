//! The cells of a synthesized block, as Yosys counts them.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result, ensure};
use qrtl_hdl::targets::Area;
use serde::Deserialize;

/// What is read of `stat -json`.
#[derive(Deserialize)]
pub struct Statistics {
    design: Cells,
}

#[derive(Deserialize)]
struct Cells {
    num_memory_bits: u64,
    num_cells_by_type: BTreeMap<String, u64>,
}

impl Statistics {
    /// Statistics in a file of Yosys.
    ///
    /// # Errors
    /// If the file is missing or has no statistics.
    pub fn read(path: &Path) -> Result<Statistics> {
        let shown = || path.display().to_string();
        serde_json::from_str(&fs::read_to_string(path).with_context(shown)?).with_context(shown)
    }

    /// The bits of all memories that are left.
    pub fn memory_bits(&self) -> u64 {
        self.design.num_memory_bits
    }

    /// The resources of the design.
    ///
    /// # Errors
    /// If no cell is counted.
    pub fn area(&self) -> Result<Area> {
        let area = count(&self.design.num_cells_by_type);
        ensure!(area != Area::default(), "no cells that are counted");
        Ok(area)
    }
}

/// Counts the cells of a synthesized block, given how many there are of each type.
fn count(cells: &BTreeMap<String, u64>) -> Area {
    let mut area = Area::default();
    for (cell, &n) in cells {
        match cell.as_str() {
            "LUT4" | "SB_LUT4" | "$lut" => area.lut += n,
            "CCU2C" => area.lut += 2 * n,
            "TRELLIS_DPR16X4" => area.lut += 4 * n,
            "MULT18X18D" | "SB_MAC16" => area.dsp += n,
            "DP16KD" | "PDPW16KD" => area.ram += n,
            c if c.starts_with("SB_RAM40") => area.ram += n,
            "SB_SPRAM256KA" => area.spram += n,
            c if c.starts_with("TRELLIS_FF") || c.starts_with("SB_DFF") || c.contains("DFF") => area.ff += n,
            c if c.starts_with("$_") => area.lut += n,
            _ => (),
        }
    }
    area
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_carry_cell_is_two_luts_and_a_memory_four() {
        let cells = [("LUT4", 10), ("CCU2C", 3), ("TRELLIS_DPR16X4", 2), ("TRELLIS_FF", 7), ("PFUMX", 5)];
        let cells = cells.into_iter().map(|(c, n)| (c.to_owned(), n)).collect();
        assert_eq!(count(&cells), Area { lut: 24, ff: 7, dsp: 0, ram: 0, spram: 0 });
    }

    #[test]
    fn gates_and_flip_flops_are_told_apart() {
        let cells = [("$_NAND_", 4), ("$_SDFFE_PN0P_", 3), ("$_DFFE_PP_", 2)];
        let cells = cells.into_iter().map(|(c, n)| (c.to_owned(), n)).collect();
        assert_eq!(count(&cells), Area { lut: 4, ff: 5, dsp: 0, ram: 0, spram: 0 });
    }
}
